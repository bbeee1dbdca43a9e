//! Names as an index holds them: a byte a letter, where all letters are ASCII.
//!
//! A byte is a letter as it was written, and its highest bit tells whether a word begins there. What else is known of a
//! letter follows from these. A name with other letters takes four bytes for each, behind a byte that no other name
//! begins with.

use crate::fold::{
    Class, Folded, HUMP, Letter, UPPER, VOWEL, WINDOW, ascii_class, head, hump, mask,
};

/// A word begins at the letter.
pub(crate) const BEGINS: u8 = 0x80;

/// What the bytes of a name with letters that are not ASCII begin with: others begin with a word.
const WIDE: u8 = 0;

/// What is known of a packed letter.
static LETTERS: [Letter; 256] = {
    let mut letters = [0; 256];
    let mut at = 0;
    while at < letters.len() {
        let byte = at as u8 & !BEGINS;
        let unit = byte.to_ascii_lowercase();
        let mut letter = unit as Letter;
        if unit != byte {
            letter |= UPPER;
        }
        if matches!(unit, b'a' | b'e' | b'i' | b'o' | b'u') {
            letter |= VOWEL;
        }
        if at as u8 & BEGINS != 0 {
            letter |= HUMP;
        }
        letters[at] = letter;
        at += 1;
    }
    letters
};

/// The letter of a packed byte.
pub(crate) fn letter(byte: u8) -> Letter {
    LETTERS.get(usize::from(byte)).copied().unwrap_or(0)
}

/// Whether a name takes a byte a letter.
pub(crate) fn is_narrow(packed: &[u8]) -> bool {
    packed.first().is_none_or(|&first| first != WIDE)
}

/// Letters of a packed name.
pub(crate) fn unpack(packed: &[u8], letters: &mut Vec<Letter>) {
    letters.clear();
    if is_narrow(packed) {
        letters.extend(packed.iter().map(|&byte| letter(byte)));
    } else {
        let (wide, _) = packed.get(1..).unwrap_or_default().as_chunks();
        letters.extend(wide.iter().map(|&bytes| Letter::from_le_bytes(bytes)));
    }
}

/// What a search looks at before it looks at letters.
#[derive(Clone, Copy, Default)]
pub(crate) struct Columns {
    /// See [`mask`].
    pub(crate) mask: u64,
    /// See [`head`].
    pub(crate) head: u64,
}

/// Packs names.
#[derive(Default)]
pub(crate) struct Packer {
    folded: Folded,
}

impl Packer {
    /// Adds a name to `bytes`.
    pub(crate) fn pack(&mut self, name: &str, bytes: &mut Vec<u8>) -> Columns {
        if name.is_ascii()
            && let Some(columns) = pack_ascii(name.as_bytes(), bytes)
        {
            return columns;
        }
        self.folded.fold(name);
        let letters = &self.folded.letters;
        let start = bytes.len();
        bytes.extend(letters.iter().map(|&letter| narrow(letter)));
        let packed = bytes.get(start..).unwrap_or_default();
        let same = |(&byte, &own): (&u8, &Letter)| letter(byte) == own;
        if !is_narrow(packed) || !packed.iter().zip(letters).all(same) {
            bytes.truncate(start);
            bytes.push(WIDE);
            bytes.extend(letters.iter().flat_map(|letter| letter.to_le_bytes()));
        }
        Columns {
            mask: mask(letters),
            head: head(letters),
        }
    }
}

/// A letter as a byte; of one that is not ASCII another one.
fn narrow(letter: Letter) -> u8 {
    let byte = letter as u8 & !BEGINS;
    let byte = if letter & UPPER != 0 {
        byte.to_ascii_uppercase()
    } else {
        byte
    };
    byte | if letter & HUMP != 0 { BEGINS } else { 0 }
}

/// The same as folding and packing, in one pass; none for a name of separators alone.
fn pack_ascii(name: &[u8], bytes: &mut Vec<u8>) -> Option<Columns> {
    let start = bytes.len();
    let (mut once, mut again, mut humps) = (0_u64, 0_u64, 0_u64);
    let mut before = Class::Start;
    for (at, &byte) in name.iter().enumerate() {
        let class = ascii_class(byte, true);
        if class != Class::Separator {
            if bytes.len() - start == WINDOW {
                break;
            }
            let next_is_lower = name.get(at + 1).is_some_and(u8::is_ascii_lowercase);
            let begins = hump(before, class, next_is_lower) != 0;
            let (bit, doubled) = sets(byte);
            again |= if once & bit != 0 { doubled } else { 0 };
            once |= bit;
            humps |= if begins { bit } else { 0 };
            bytes.push(byte | if begins { BEGINS } else { 0 });
        }
        before = class;
    }
    let first = bytes
        .get(start)
        .map(|&first| (first & !BEGINS).to_ascii_lowercase())?;
    let length = (bytes.len() - start) as u64;
    Some(Columns {
        mask: once | again,
        head: humps | length << 40 | u64::from(first) << 48,
    })
}

/// The bits of an ASCII letter in a set: where it occurs, and where it occurs twice.
fn sets(byte: u8) -> (u64, u64) {
    SETS.get(usize::from(byte)).copied().unwrap_or((0, 0))
}

static SETS: [(u64, u64); 128] = {
    let mut sets = [(0, 0); 128];
    let mut at = 0;
    while at < sets.len() {
        let unit = (at as u8).to_ascii_lowercase() as Letter;
        sets[at] = (1 << crate::fold::place(unit), crate::fold::doubled(unit));
        at += 1;
    }
    sets
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Packer, unpack};
    use crate::fold::{Folded, head, mask};

    proptest! {
        #[test]
        fn what_is_packed_is_what_was_folded(name in "[a-cA-C0-2_$.éÉßΣς😀-]{0,12}|[ -~]{0,300}|\\PC{0,8}") {
            let mut bytes = vec![7];
            let columns = Packer::default().pack(&name, &mut bytes);
            let mut letters = Vec::new();
            unpack(&bytes[1..], &mut letters);
            let folded = Folded::of(&name).letters;
            prop_assert_eq!(&letters, &folded);
            prop_assert_eq!(columns.mask, mask(&folded));
            prop_assert_eq!(columns.head, head(&folded));
        }
    }
}
