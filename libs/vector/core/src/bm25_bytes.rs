//! A text index as bytes and back. docs/formats/hybrid.md says what each byte means.

use crate::bm25::{TextIndex, Weights};
use crate::encoding::{Reader, write_metadata};
use crate::error::VectorError;
use crate::shape::LONGEST_KEY;

const MAGIC: &[u8; 8] = b"FISHTEXT";
const VERSION: u32 = 1;
const WHAT: &str = "the text index";

impl TextIndex {
    /// The index as bytes, with a checksum. Both engines write and read them.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Weights { k1, b } = self.weights();
        let documents = self.in_order();
        // Terms get numbers in the order in which they are met, so that the same history gives the same bytes.
        let mut numbers = hashbrown::HashMap::new();
        let mut terms = Vec::new();
        let mut texts = Vec::new();
        for document in &documents {
            write_text(&document.key, &mut texts);
            write_number(document.length, &mut texts);
            write_metadata(document.metadata.as_ref(), &mut texts);
            let mut counts: Vec<(&str, u32)> = document
                .occurrences
                .iter()
                .map(|&occurrence| (self.term_text(occurrence.term), self.count(occurrence)))
                .collect();
            counts.sort_unstable();
            write_number(count_of(&counts), &mut texts);
            for (term, count) in counts {
                let next = count_of(&terms);
                let number = *numbers.entry(term).or_insert_with(|| {
                    terms.push(term);
                    next
                });
                write_number(number, &mut texts);
                write_number(count, &mut texts);
            }
        }
        let mut bytes = Vec::with_capacity(texts.len() + 64);
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(k1.to_le_bytes());
        bytes.extend(b.to_le_bytes());
        bytes.extend(count_of(&terms).to_le_bytes());
        bytes.extend(count_of(&documents).to_le_bytes());
        for term in terms {
            write_text(term, &mut bytes);
        }
        bytes.extend(texts);
        let checksum = crc32fast::hash(&bytes);
        bytes.extend(checksum.to_le_bytes());
        bytes
    }

    /// The index of bytes that [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    ///
    /// [`VectorError::Encoding`] where they are anything else; [`VectorError::Option`] where weights are out of range.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, VectorError> {
        let mut reader = Reader::new(WHAT, bytes);
        if reader.take(MAGIC.len())? != MAGIC {
            return Err(reader.error("it does not begin as one does"));
        }
        if reader.u32()? != VERSION {
            return Err(reader.error("it is of a newer format"));
        }
        let body = &bytes[..bytes.len() - 4];
        if crc32fast::hash(body).to_le_bytes() != bytes[bytes.len() - 4..] {
            return Err(reader.error("its checksum is another one"));
        }
        let k1 = f64::from_bits(reader.u64()?);
        let b = f64::from_bits(reader.u64()?);
        let mut index = Self::new(Weights { k1, b })?;
        let (term_count, document_count) = (reader.u32()?, reader.u32()?);
        let mut terms = Vec::new();
        for _ in 0..term_count {
            let length = reader.u16()?;
            let text = reader.text(length.into())?;
            if text.is_empty() {
                return Err(reader.error("a term is empty"));
            }
            let number = index.term(text);
            if number as usize != terms.len() {
                return Err(reader.error("a term is there twice"));
            }
            terms.push(0_u32);
        }
        let mut counts = Vec::new();
        for document in 1..=document_count {
            let length = reader.u16()?;
            let key = reader.text(length.into())?;
            if key.is_empty() || key.len() > LONGEST_KEY || index.contains(key) {
                return Err(reader.error("a key is empty or there twice"));
            }
            let length = read_number(&mut reader)?;
            let metadata = reader.metadata()?;
            for _ in 0..read_number(&mut reader)? {
                let (term, count) = (read_number(&mut reader)?, read_number(&mut reader)?);
                // Each slot remembers the last text that had the term.
                match terms.get_mut(term as usize) {
                    Some(last) if *last != document && count > 0 => *last = document,
                    _ => {
                        return Err(
                            reader.error("a term has no such number, or a text has it twice")
                        );
                    }
                }
                counts.push((term, count));
            }
            index.put(key, length, std::mem::take(&mut counts), metadata);
        }
        if terms.contains(&0) {
            return Err(reader.error("a term is of no text"));
        }
        reader.take(4)?;
        reader.end()?;
        Ok(index)
    }
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    // Keys are checked when they come, and terms are short.
    out.extend(u16::try_from(text.len()).unwrap_or(u16::MAX).to_le_bytes());
    out.extend(text.as_bytes());
}

/// In groups of 7 bits, lowest first; all but the last have their highest bit set (LEB128).
fn write_number(mut number: u32, out: &mut Vec<u8>) {
    while let rest @ 1.. = number >> 7 {
        out.push(number as u8 | 0x80);
        number = rest;
    }
    out.push(number as u8);
}

fn read_number(reader: &mut Reader<'_>) -> Result<u32, VectorError> {
    let mut number = 0_u32;
    for shift in [0, 7, 14, 21, 28] {
        let byte = reader.u8()?;
        let group = u32::from(byte & 0x7f);
        if shift == 28 && group > 15 {
            break;
        }
        number |= group << shift;
        if byte < 0x80 {
            return Ok(number);
        }
    }
    Err(reader.error("a number has more than 32 bits"))
}

fn count_of<Item>(items: &[Item]) -> u32 {
    u32::try_from(items.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use crate::bm25::{TextIndex, Weights};
    use crate::scalar::{Metadata, Scalar};

    fn bytes() -> Vec<u8> {
        let mut index = TextIndex::new(Weights { k1: 0.9, b: 0.4 }).unwrap();
        let metadata = Metadata::new(vec![("n".into(), Scalar::Number(1.0))]);
        index
            .add("a", "some words, some more", Some(metadata))
            .unwrap();
        index.add("b", &"word ".repeat(300), None).unwrap();
        index.add("empty", "", None).unwrap();
        index.to_bytes()
    }

    #[test]
    fn what_was_written_is_read() {
        let index = TextIndex::from_bytes(&bytes()).unwrap();
        assert_eq!(index.weights(), Weights { k1: 0.9, b: 0.4 });
        assert_eq!(index.len(), 3);
        assert_eq!(index.term_count(), 4);
        assert_eq!(index.search("word", 9, None)[0].key, "b");
        assert!(index.metadata("a").is_some());
    }

    #[test]
    fn a_cut_or_changed_file_is_refused() {
        let whole = bytes();
        for length in 0..whole.len() {
            assert!(TextIndex::from_bytes(&whole[..length]).is_err(), "{length}");
        }
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 0x20;
            assert!(TextIndex::from_bytes(&changed).is_err(), "{at}");
        }
        assert!(TextIndex::from_bytes(&[&whole[..], b"x"].concat()).is_err());
    }

    #[test]
    fn changes_under_a_right_checksum_are_read_or_refused() {
        let whole = bytes();
        let body = whole.len() - 4;
        for at in 0..body {
            for value in [0, 1, 0x7f, 0xff] {
                let mut changed = whole.clone();
                changed[at] = value;
                let checksum = crc32fast::hash(&changed[..body]).to_le_bytes();
                changed[body..].copy_from_slice(&checksum);
                if let Ok(mut index) = TextIndex::from_bytes(&changed) {
                    index.search("some words", 9, None);
                    index.remove("a");
                }
            }
        }
    }
}
