//! Places in a text as editors count them.

/// A place in a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// From 0; lines end with a newline, before which a carriage return may stand.
    pub line: u32,
    /// From 0, in UTF-16 units.
    pub column: u32,
}

/// Bytes between two counts that are kept.
const BLOCK: usize = 1024;

/// Turns offsets into positions, at a cost that does not grow with the length of lines.
pub(super) struct Positions<'source> {
    source: &'source [u8],
    line_starts: Vec<usize>,
    /// UTF-16 units before each block; empty where every byte is one.
    units: Vec<usize>,
}

impl<'source> Positions<'source> {
    pub fn new(source: &'source str) -> Self {
        let bytes = source.as_bytes();
        let newlines = memchr::memchr_iter(b'\n', bytes);
        let mut units = Vec::new();
        if !source.is_ascii() {
            let mut total = 0;
            for block in bytes.chunks(BLOCK) {
                units.push(total);
                total += utf16_units(block);
            }
            units.push(total);
        }
        Self {
            source: bytes,
            line_starts: std::iter::once(0)
                .chain(newlines.map(|at| at + 1))
                .collect(),
            units,
        }
    }

    /// The position of a byte, which begins a character.
    pub fn at(&self, offset: usize) -> Position {
        let line = self.line_of(offset);
        let start = self.line_starts.get(line).copied().unwrap_or_default();
        let column = self.units_before(offset) - self.units_before(start);
        Position {
            line: number(line),
            column: number(column),
        }
    }

    fn line_of(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= offset) - 1
    }

    fn units_before(&self, offset: usize) -> usize {
        let Some(before) = self.units.get(offset / BLOCK) else {
            return offset;
        };
        let rest = self.source.get(offset / BLOCK * BLOCK..offset);
        before + utf16_units(rest.unwrap_or_default())
    }
}

/// Of a character, its first byte counts.
fn utf16_units(bytes: &[u8]) -> usize {
    let units = |byte: &u8| match *byte {
        0x80..=0xbf => 0,
        0xf0.. => 2,
        _ => 1,
    };
    bytes.iter().map(units).sum()
}

/// Texts are under 4 GiB.
fn number(value: usize) -> u32 {
    value.try_into().unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Positions;

    proptest! {
        #[test]
        fn columns_are_those_of_utf16_strings(source in "[a\u{e9}\u{20ac}\u{1f600}\r\n]{0,3000}") {
            let positions = Positions::new(&source);
            for (offset, _) in source.char_indices() {
                let before = &source[..offset];
                let line = before.rsplit('\n').next().unwrap_or_default();
                let found = positions.at(offset);
                prop_assert_eq!(found.line as usize, before.matches('\n').count());
                prop_assert_eq!(found.column as usize, line.encode_utf16().count());
            }
        }
    }
}
