//! An index as bytes: docs/formats/symbols.md.

use crate::error::{Result, SymbolsError};
use crate::files::File;
use crate::index::SymbolIndex;
use crate::names::NONE;
use crate::records::Record;
use crate::symbol::SymbolKind;

/// What every index file starts with.
const MAGIC: &[u8; 8] = b"FPSYMBOL";

/// The format that is written, and the newest that is read.
pub const FORMAT: u32 = 1;

/// Magic, format, checksum of both, length of the body.
const HEADER: usize = 24;

/// Checksum of all before it.
const TRAILER: usize = 4;

const EXPORTED: u8 = 1 << 5;
const END_LINE: u8 = 1 << 6;
const END_COLUMN: u8 = 1 << 7;

impl SymbolIndex {
    /// The index as bytes. Equal indexes give equal bytes, however they came about.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut files: Vec<&File> = self.files.iter().map(|(_, file)| file).collect();
        files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        let mut names = Numbers::new(self.names.slots());
        let mut signatures = Numbers::new(self.signatures.slots());
        let mut body = Vec::new();
        number(&mut body, files.len() as u64);
        for file in files {
            self.write_file(file, &mut names, &mut signatures, &mut body);
        }
        let mut texts = Vec::new();
        number(&mut texts, names.order.len() as u64);
        for &id in &names.order {
            text(&mut texts, self.names.get(id));
        }
        number(&mut texts, signatures.order.len() as u64);
        for &id in &signatures.order {
            text(&mut texts, self.signatures.get(id));
        }
        let length = texts.len() + body.len();
        let mut bytes = Vec::with_capacity(HEADER + length + TRAILER);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&FORMAT.to_le_bytes());
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        bytes.extend_from_slice(&(length as u64).to_le_bytes());
        bytes.append(&mut texts);
        bytes.append(&mut body);
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        bytes
    }

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
        let mut reader = Reader::new(body(bytes)?);
        let mut index = Self::new();
        let mut names = Vec::new();
        let count = reader.count()?;
        // Each text takes a byte at least, so that no count makes much room without bytes behind it.
        index.names.reserve(count as usize);
        for _ in 0..count {
            names.push(index.names.hold(reader.text()?)?);
        }
        let mut signatures = Vec::new();
        let count = reader.count()?;
        index.signatures.reserve(count as usize);
        for _ in 0..count {
            signatures.push(index.signatures.hold(reader.text()?)?.0);
        }
        let mut before = "";
        for _ in 0..reader.count()? {
            let path = reader.text()?;
            if path <= before {
                return Err(reader.damaged("paths are not in their order"));
            }
            before = path;
            index.read_file(path, &mut reader, &names, &signatures)?;
        }
        if !reader.rest.is_empty() {
            return Err(reader.damaged("bytes follow the last file"));
        }
        // Each was held once to be here.
        for id in names {
            index.names.release(id);
        }
        for id in signatures {
            index.signatures.release(id);
        }
        Ok(index)
    }

    fn write_file(
        &self,
        file: &File,
        names: &mut Numbers,
        signatures: &mut Numbers,
        body: &mut Vec<u8>,
    ) {
        text(body, &file.path);
        number(body, file.symbols.len() as u64);
        let mut line = 0;
        for record in file.symbols.iter().filter_map(|&id| self.records.get(id)) {
            write_record(record, line, names, signatures, body);
            line = record.line;
        }
        let mut references: Vec<(u32, u32)> = file.references.to_vec();
        references.sort_unstable_by_key(|&(name, _)| self.names.get(name));
        number(body, references.len() as u64);
        for (name, count) in references {
            number(body, names.of(name));
            number(body, u64::from(count));
        }
    }

    fn read_file(
        &mut self,
        path: &str,
        reader: &mut Reader<'_>,
        names: &[u32],
        signatures: &[u32],
    ) -> Result<()> {
        let file = self.files.add(path)?;
        let mut symbols = Vec::new();
        let mut line = 0;
        for ordinal in 0..reader.count()? {
            let mut record = read_record(reader, line, names, signatures)?;
            line = record.line;
            record.file = file;
            record.ordinal = ordinal;
            self.names.hold_again(record.name);
            self.names.hold_again(record.container);
            self.signatures.hold_again(record.signature);
            symbols.push(self.put_record(record)?);
        }
        let mut references = Vec::new();
        for _ in 0..reader.count()? {
            let name = reader.id(names)?;
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
        self.files.fill(file, symbols.into(), references.into());
        Ok(())
    }
}

/// Numbers for ids, in the order of their first use.
struct Numbers {
    numbers: Vec<u32>,
    order: Vec<u32>,
}

impl Numbers {
    fn new(slots: usize) -> Self {
        Self {
            numbers: vec![NONE; slots],
            order: Vec::new(),
        }
    }

    fn of(&mut self, id: u32) -> u64 {
        let Some(number) = self.numbers.get_mut(id as usize) else {
            return 0;
        };
        if *number == NONE {
            // There are no more of them than ids.
            *number = u32::try_from(self.order.len()).unwrap_or(0);
            self.order.push(id);
        }
        u64::from(*number)
    }

    /// 0 for none, else one more than the number.
    fn of_option(&mut self, id: u32) -> u64 {
        if id == NONE { 0 } else { self.of(id) + 1 }
    }
}

fn write_record(
    record: &Record,
    line: u32,
    names: &mut Numbers,
    signatures: &mut Numbers,
    body: &mut Vec<u8>,
) {
    number(body, names.of(record.name));
    let mut head = record.kind as u8;
    if record.exported {
        head |= EXPORTED;
    }
    if record.end_line != NONE {
        head |= END_LINE;
    }
    if record.end_column != NONE {
        head |= END_COLUMN;
    }
    body.push(head);
    difference(body, line, record.line);
    number(body, u64::from(record.column));
    if record.end_line != NONE {
        difference(body, record.line, record.end_line);
    }
    if record.end_column != NONE {
        number(body, u64::from(record.end_column));
    }
    number(body, names.of_option(record.container));
    number(body, signatures.of_option(record.signature));
}

fn read_record(
    reader: &mut Reader<'_>,
    line: u32,
    names: &[u32],
    signatures: &[u32],
) -> Result<Record> {
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
        signature: reader.option(signatures)?,
        previous: NONE,
        next: NONE,
        ordinal: 0,
        kind,
        exported: head & EXPORTED != 0,
    })
}

/// Seven bits a byte, the lowest first; the highest bit of a byte tells that more follow.
fn number(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// Twice the difference, and one less where it is negative.
fn difference(bytes: &mut Vec<u8>, from: u32, to: u32) {
    let distance = u64::from(from.abs_diff(to)) * 2;
    number(bytes, if to < from { distance - 1 } else { distance });
}

fn text(bytes: &mut Vec<u8>, text: &str) {
    number(bytes, text.len() as u64);
    bytes.extend_from_slice(text.as_bytes());
}

/// The body of a file whose checksums are right.
fn body(bytes: &[u8]) -> Result<&[u8]> {
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
    Ok(body)
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
        id.ok_or_else(|| self.damaged("there is no text of that number"))
    }

    fn option(&mut self, ids: &[u32]) -> Result<u32> {
        let Some(number) = self.value()?.checked_sub(1) else {
            return Ok(NONE);
        };
        let id = ids.get(number as usize).copied();
        id.ok_or_else(|| self.damaged("there is no text of that number"))
    }
}
