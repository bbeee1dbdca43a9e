//! Files with their symbols, as one text and one array of numbers.
//!
//! For each file: length of its path, number of symbols, number of references. For each symbol: length of its name,
//! kind and flags, line, column, and behind them what the flags say. For each reference: length of the name, count. All
//! lengths are in UTF-16 units, and the texts stand in the same order.

use fishplate_symbols::{FileSymbols, Reference, Symbol, SymbolKind};
use napi::{Error, Result};

const EXPORTED: u32 = 1 << 8;
const END_LINE: u32 = 1 << 9;
const END_COLUMN: u32 = 1 << 10;
const CONTAINER: u32 = 1 << 11;
const SIGNATURE: u32 = 1 << 12;

pub fn unpack(text: &[u16], layout: &[u32]) -> Result<Vec<FileSymbols>> {
    let mut reader = Reader { text, layout };
    let mut files = Vec::new();
    while !reader.layout.is_empty() {
        let path = reader.text()?;
        let (symbols, references) = (reader.number()?, reader.number()?);
        files.push(FileSymbols {
            path,
            symbols: (0..symbols)
                .map(|_| reader.symbol())
                .collect::<Result<_>>()?,
            references: (0..references)
                .map(|_| reader.reference())
                .collect::<Result<_>>()?,
        });
    }
    Ok(files)
}

struct Reader<'batch> {
    text: &'batch [u16],
    layout: &'batch [u32],
}

impl Reader<'_> {
    fn number(&mut self) -> Result<u32> {
        let (&number, rest) = self.layout.split_first().ok_or_else(cut_short)?;
        self.layout = rest;
        Ok(number)
    }

    fn text(&mut self) -> Result<String> {
        let length = self.number()? as usize;
        let (text, rest) = self.text.split_at_checked(length).ok_or_else(cut_short)?;
        self.text = rest;
        Ok(String::from_utf16_lossy(text))
    }

    fn option<Value>(
        &mut self,
        flag: u32,
        read: impl FnOnce(&mut Self) -> Result<Value>,
    ) -> Result<Option<Value>> {
        if flag == 0 {
            Ok(None)
        } else {
            read(self).map(Some)
        }
    }

    fn symbol(&mut self) -> Result<Symbol> {
        let name = self.text()?;
        let head = self.number()?;
        let kind = u8::try_from(head & 0xff)
            .ok()
            .and_then(SymbolKind::from_number);
        Ok(Symbol {
            name,
            kind: kind.ok_or_else(cut_short)?,
            line: self.number()?,
            column: self.number()?,
            end_line: self.option(head & END_LINE, Self::number)?,
            end_column: self.option(head & END_COLUMN, Self::number)?,
            container: self.option(head & CONTAINER, Self::text)?,
            signature: self.option(head & SIGNATURE, Self::text)?,
            exported: head & EXPORTED != 0,
        })
    }

    fn reference(&mut self) -> Result<Reference> {
        Ok(Reference {
            name: self.text()?,
            count: self.number()?,
        })
    }
}

fn cut_short() -> Error {
    Error::from_reason("ENGINE_FAULT: a batch of symbols does not have the layout it should have")
}
