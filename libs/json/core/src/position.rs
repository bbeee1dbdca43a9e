//! Places of a text, as people and JavaScript count them.

/// A place of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// UTF-16 code units before it.
    pub units: usize,
    /// Its line, from 1; lines end with a newline.
    pub line: usize,
    /// UTF-16 code units before it in its line, plus 1.
    pub column: usize,
}

/// Where a byte of a text stands. Takes time linear in `offset`.
///
/// ```
/// use fishplate_json::position;
///
/// let place = position("[\n\"\u{1f600}\" x]".as_bytes(), 9);
/// assert_eq!((place.units, place.line, place.column), (7, 2, 6));
/// ```
#[must_use]
pub fn position(text: &[u8], offset: usize) -> Position {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
    let (lines, line) = before.split_at_checked(line_start).unwrap_or((before, &[]));
    let column = units(line);
    Position {
        units: units(lines) + column,
        line: 1 + memchr::memchr_iter(b'\n', lines).count(),
        column: column + 1,
    }
}

/// UTF-16 code units of a text: one for each byte that begins a character, and one more beyond the basic plane.
pub(crate) fn units(text: &[u8]) -> usize {
    text.iter()
        .map(|&byte| usize::from(byte & 0xc0 != 0x80) + usize::from(byte >= 0xf0))
        .sum()
}
