//! Bytes as an index: docs/formats/symbols.md.

use crate::error::{Result, SymbolsError};
use crate::format::{END_COLUMN, END_LINE, EXPORTED, FORMAT, HEADER, MAGIC, TRAILER};
use crate::ids::Ids;
use crate::index::SymbolIndex;
use crate::names::{NONE, Names};
use crate::records::Record;
use crate::symbol::SymbolKind;
use crate::texts::Texts;

/// Texts of a file by their numbers.
struct Numbered<'bytes> {
    /// Ids of names.
    names: Vec<u32>,
    signatures: Signatures<'bytes>,
}

enum Signatures<'bytes> {
    /// As they were given: version 1.
    Whole(Vec<&'bytes str>),
    /// As they are held, so many of them: the numbers are ids.
    Held(u32),
}

impl SymbolIndex {
    /// The index that [`SymbolIndex::to_bytes`] made bytes of.
    ///
    /// # Errors
    ///
    /// Bytes that are not whole or not what was written, and those of a newer format.
    ///
    /// ```
    /// use fishplate_symbols::{Symbol, SymbolIndex, SymbolKind};
    ///
    /// let mut index = SymbolIndex::new();
    /// index.update_file("a.rs", &[Symbol::new("main", SymbolKind::Function, 0, 3)], &[])?;
    /// let mut bytes = index.to_bytes();
    /// assert_eq!(SymbolIndex::from_bytes(&bytes)?.symbols("a.rs"), index.symbols("a.rs"));
    /// bytes[30] ^= 1;
    /// assert!(SymbolIndex::from_bytes(&bytes).is_err());
    /// # Ok::<(), fishplate_symbols::SymbolsError>(())
    /// ```
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let (format, body) = body(bytes)?;
        let mut reader = Reader::new(body);
        let mut index = Self::new();
        let (texts, symbols) = if format == 1 {
            (index.read_texts_of_version_1(&mut reader)?, None)
        } else {
            let texts = index.read_texts(&mut reader)?;
            (texts, Some(reader.count()?))
        };
        index.records.reserve(symbols.unwrap_or(0) as usize);
        let mut before = "";
        for _ in 0..reader.count()? {
            let path = reader.text()?;
            if path <= before {
                return Err(reader.damaged("paths are not in their order"));
            }
            before = path;
            index.read_file(path, &mut reader, &texts)?;
        }
        if !reader.rest.is_empty() {
            return Err(reader.damaged("bytes follow the last file"));
        }
        if symbols.is_some_and(|symbols| symbols as usize != index.records.len()) {
            return Err(reader.damaged("it has not as many symbols as it tells"));
        }
        // Each was held once to be here.
        for &id in &texts.names {
            index.names.release(id);
        }
        if let Signatures::Held(count) = texts.signatures {
            for id in 0..count {
                index.signatures.release(id);
            }
        }
        index.names.trim();
        index.signatures.trim();
        Ok(index)
    }

    fn read_texts<'bytes>(&mut self, reader: &mut Reader<'bytes>) -> Result<Numbered<'bytes>> {
        self.names = Names::of(reader.texts()?)?;
        self.signatures = reader.texts()?;
        let ids = |slots: usize| u32::try_from(slots).unwrap_or(NONE);
        Ok(Numbered {
            names: (0..ids(self.names.slots())).collect(),
            signatures: Signatures::Held(ids(self.signatures.slots())),
        })
    }

    fn read_texts_of_version_1<'bytes>(
        &mut self,
        reader: &mut Reader<'bytes>,
    ) -> Result<Numbered<'bytes>> {
        let mut names = Vec::new();
        for _ in 0..reader.count()? {
            names.push(self.names.hold(reader.text()?)?);
        }
        let mut signatures = Vec::new();
        for _ in 0..reader.count()? {
            signatures.push(reader.text()?);
        }
        Ok(Numbered {
            names,
            signatures: Signatures::Whole(signatures),
        })
    }

    fn read_file(
        &mut self,
        path: &str,
        reader: &mut Reader<'_>,
        texts: &Numbered<'_>,
    ) -> Result<()> {
        let file = self.files.add(path)?;
        let count = reader.count()?;
        let mut symbols = Vec::with_capacity(count as usize);
        let mut line = 0;
        for _ in 0..count {
            let mut record = read_record(reader, line, &texts.names)?;
            line = record.line;
            record.file = file;
            self.names.hold_again(record.name);
            self.names.hold_again(record.container);
            (record.signature, record.named) = self.read_signature(record.name, reader, texts)?;
            symbols.push(self.put_record(record)?);
        }
        let count = reader.count()?;
        let mut references = Vec::with_capacity(count as usize);
        for _ in 0..count {
            let name = reader.id(&texts.names)?;
            let count = reader.value()?;
            self.names.hold_again(name);
            references.push((name, count));
        }
        references.sort_unstable();
        if references
            .windows(2)
            .any(|pair| matches!(pair, [(a, _), (b, _)] if a == b))
        {
            return Err(reader.damaged("a file has two counts for one name"));
        }
        self.files.fill(file, Ids::new(symbols), references.into());
        Ok(())
    }

    /// The signature of a symbol by its name, held once more, and whether the name was taken out of it.
    fn read_signature(
        &mut self,
        name: u32,
        reader: &mut Reader<'_>,
        texts: &Numbered<'_>,
    ) -> Result<(u32, bool)> {
        let Some(number) = reader.value()?.checked_sub(1) else {
            return Ok((NONE, false));
        };
        match &texts.signatures {
            Signatures::Whole(texts) => {
                let text = texts.get(number as usize).ok_or_else(|| reader.no_text())?;
                let name = self.names.get(name).to_owned();
                self.hold_signature(text, &name)
            }
            Signatures::Held(count) => {
                let id = number / 2;
                if id >= *count {
                    return Err(reader.no_text());
                }
                self.signatures.hold_again(id);
                Ok((id, number % 2 == 1))
            }
        }
    }
}

/// A record but for its file and its signature, which follows.
fn read_record(reader: &mut Reader<'_>, line: u32, names: &[u32]) -> Result<Record> {
    let name = reader.id(names)?;
    let head = reader.byte()?;
    let Some(kind) = SymbolKind::from_number(head & (EXPORTED - 1)) else {
        return Err(reader.damaged("a kind is unknown"));
    };
    let line = reader.difference(line)?;
    Ok(Record {
        name,
        file: NONE,
        line,
        column: reader.value()?,
        end_line: match head & END_LINE {
            0 => NONE,
            _ => reader.difference(line)?,
        },
        end_column: match head & END_COLUMN {
            0 => NONE,
            _ => reader.value()?,
        },
        container: reader.option(names)?,
        signature: NONE,
        next: NONE,
        named: false,
        kind,
        exported: head & EXPORTED != 0,
    })
}

/// The format and the body of a file whose checksums are right.
fn body(bytes: &[u8]) -> Result<(u32, &[u8])> {
    let damaged = |offset: usize, reason: &str| Err(SymbolsError::damaged(offset, reason));
    let Some((header, rest)) = bytes.split_at_checked(HEADER) else {
        return damaged(bytes.len(), "it ends within its header");
    };
    if !header.starts_with(MAGIC) {
        return damaged(0, "it does not start as an index file does");
    }
    let u32_at = |bytes: &[u8], at: usize| {
        let word = bytes.get(at..at + 4).and_then(|word| word.try_into().ok());
        u32::from_le_bytes(word.unwrap_or_default())
    };
    if u32_at(header, 12) != crc32fast::hash(header.get(..12).unwrap_or_default()) {
        return damaged(8, "the checksum of its header is wrong");
    }
    let format = u32_at(header, 8);
    if format > FORMAT {
        return Err(SymbolsError::FormatNewer {
            found: format,
            supported: FORMAT,
        });
    }
    if format == 0 {
        return damaged(8, "there is no format 0");
    }
    let length = u64::from(u32_at(header, 16)) | u64::from(u32_at(header, 20)) << 32;
    if (rest.len() as u64).checked_sub(TRAILER as u64) != Some(length) {
        return damaged(bytes.len(), "it has not the length that its header tells");
    }
    let (body, trailer) = rest.split_at(rest.len() - TRAILER);
    let whole = bytes.get(..HEADER + body.len()).unwrap_or_default();
    if u32_at(trailer, 0) != crc32fast::hash(whole) {
        return damaged(HEADER, "its checksum is wrong");
    }
    Ok((format, body))
}

struct Reader<'bytes> {
    rest: &'bytes [u8],
    length: usize,
}

impl<'bytes> Reader<'bytes> {
    fn new(rest: &'bytes [u8]) -> Self {
        Self {
            length: rest.len(),
            rest,
        }
    }

    fn damaged(&self, reason: &str) -> SymbolsError {
        SymbolsError::damaged(HEADER + self.length - self.rest.len(), reason)
    }

    fn byte(&mut self) -> Result<u8> {
        let Some((&byte, rest)) = self.rest.split_first() else {
            return Err(self.damaged("it ends within a file"));
        };
        self.rest = rest;
        Ok(byte)
    }

    fn number(&mut self) -> Result<u64> {
        if let Some((&byte, rest)) = self.rest.split_first()
            && byte < 0x80
        {
            self.rest = rest;
            return Ok(byte.into());
        }
        let mut value = 0;
        for shift in (0..35).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(self.damaged("a number is too large"))
    }

    /// A number that a symbol can have.
    fn value(&mut self) -> Result<u32> {
        let value = self.number()?;
        self.small(value)
    }

    fn small(&self, value: u64) -> Result<u32> {
        match u32::try_from(value) {
            Ok(value) if value != NONE => Ok(value),
            _ => Err(self.damaged("a number is too large")),
        }
    }

    fn difference(&mut self, from: u32) -> Result<u32> {
        let coded = self.number()?;
        let half = coded.div_ceil(2);
        let value = match coded % 2 {
            0 => u64::from(from).checked_add(half),
            _ => u64::from(from).checked_sub(half),
        };
        self.small(value.unwrap_or(u64::MAX))
    }

    /// How many things follow, each of which takes a byte at least.
    fn count(&mut self) -> Result<u32> {
        let count = self.value()?;
        if count as usize > self.rest.len() {
            return Err(self.damaged("it tells of more than there is"));
        }
        Ok(count)
    }

    fn text(&mut self) -> Result<&'bytes str> {
        let length = self.count()? as usize;
        self.str(length)
    }

    fn str(&mut self, length: usize) -> Result<&'bytes str> {
        let Some((bytes, rest)) = self.rest.split_at_checked(length) else {
            return Err(self.damaged("it ends within a text"));
        };
        let text = std::str::from_utf8(bytes).map_err(|_| self.damaged("a text is not UTF-8"))?;
        self.rest = rest;
        Ok(text)
    }

    fn id(&mut self, ids: &[u32]) -> Result<u32> {
        let number = self.value()?;
        let id = ids.get(number as usize).copied();
        id.ok_or_else(|| self.no_text())
    }

    fn option(&mut self, ids: &[u32]) -> Result<u32> {
        let Some(number) = self.value()?.checked_sub(1) else {
            return Ok(NONE);
        };
        let id = ids.get(number as usize).copied();
        id.ok_or_else(|| self.no_text())
    }

    /// Texts of version 2: their lengths, and all of them.
    fn texts(&mut self) -> Result<Texts> {
        let count = self.count()?;
        let mut lengths = Vec::with_capacity(count as usize);
        let mut all = 0_usize;
        for _ in 0..count {
            let length = self.value()?;
            lengths.push(length);
            all = all.saturating_add(length as usize);
        }
        let text = self.str(all)?;
        Texts::of(text, &lengths)
            .ok_or_else(|| self.damaged("a text is there twice, or cut within a character"))
    }

    fn no_text(&self) -> SymbolsError {
        self.damaged("there is no text of that number")
    }
}
