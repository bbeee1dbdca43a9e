//! An index as bytes: docs/formats/symbols.md.

use crate::files::File;
use crate::index::SymbolIndex;
use crate::names::NONE;
use crate::records::Record;

/// What every index file starts with.
pub(crate) const MAGIC: &[u8; 8] = b"FPSYMBOL";

/// The format that is written, and the newest that is read.
pub const FORMAT: u32 = 2;

/// Magic, format, checksum of both, length of the body.
pub(crate) const HEADER: usize = 24;

/// Checksum of all before it.
pub(crate) const TRAILER: usize = 4;

pub(crate) const EXPORTED: u8 = 1 << 5;
pub(crate) const END_LINE: u8 = 1 << 6;
pub(crate) const END_COLUMN: u8 = 1 << 7;

impl SymbolIndex {
    /// The index as bytes. Equal indexes give equal bytes, however they came about.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut files: Vec<&File> = self.files.iter().map(|(_, file)| file).collect();
        files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        let mut names = Numbers::new(self.names.slots());
        let mut signatures = Numbers::new(self.signatures.slots());
        let mut body = Vec::new();
        number(&mut body, self.records.len() as u64);
        number(&mut body, files.len() as u64);
        for file in files {
            self.write_file(file, &mut names, &mut signatures, &mut body);
        }
        let mut texts = Vec::new();
        write_texts(&names.order, |id| self.names.get(id), &mut texts);
        write_texts(&signatures.order, |id| self.signatures.get(id), &mut texts);
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
        for record in file.symbols.iter().filter_map(|id| self.records.get(id)) {
            write_record(&record, line, names, signatures, body);
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
    let signature = match record.signature {
        NONE => 0,
        id => signatures.of(id) * 2 + 1 + u64::from(record.named),
    };
    number(body, signature);
}

/// How many, their lengths, and all of them one behind the other.
fn write_texts<'index>(ids: &[u32], get: impl Fn(u32) -> &'index str, bytes: &mut Vec<u8>) {
    number(bytes, ids.len() as u64);
    for &id in ids {
        number(bytes, get(id).len() as u64);
    }
    for &id in ids {
        bytes.extend_from_slice(get(id).as_bytes());
    }
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
