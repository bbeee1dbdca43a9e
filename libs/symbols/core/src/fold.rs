//! What of a name is compared: letters without case, accents and separators, and where its words begin.
//!
//! Units are those of UTF-16, so that places are the ones that editors and JavaScript use.

use unicode_normalization::char::decompose_canonical;

/// Units of a name that are searched; what is behind them is found by the exact name alone.
pub(crate) const WINDOW: usize = 255;

/// The unit begins a word.
pub(crate) const HUMP: u8 = 1;
/// The unit was written in upper case.
pub(crate) const UPPER: u8 = 2;
/// The unit is a Latin vowel.
pub(crate) const VOWEL: u8 = 4;

/// A name as it is compared.
#[derive(Clone, Debug, Default)]
pub(crate) struct Folded {
    /// Lower case, decomposed, without separators and accents.
    pub(crate) units: Vec<u16>,
    /// [`HUMP`], [`UPPER`] and [`VOWEL`] of each unit.
    pub(crate) flags: Vec<u8>,
    /// Where the character of each unit starts in the name, and its length, in UTF-16 units.
    pub(crate) origins: Vec<(u32, u8)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Nothing is before.
    Start,
    Separator,
    Sign,
    Digit,
    Upper,
    Lower,
}

impl Folded {
    /// A name, folded.
    pub(crate) fn of(name: &str) -> Self {
        let mut folded = Self::default();
        folded.fold(name);
        folded
    }

    /// Becomes another name, keeping its memory.
    pub(crate) fn fold(&mut self, name: &str) {
        self.fill(name, true);
        if self.units.is_empty() {
            self.fill(name, false);
        }
    }

    fn fill(&mut self, name: &str, squeeze: bool) {
        self.units.clear();
        self.flags.clear();
        self.origins.clear();
        if name.is_ascii() {
            self.fill_ascii(name.as_bytes(), squeeze);
        } else {
            self.fill_any(name, squeeze);
        }
    }

    fn fill_ascii(&mut self, bytes: &[u8], squeeze: bool) {
        let mut before = Class::Start;
        for (at, &byte) in bytes.iter().enumerate() {
            let class = ascii_class(byte, squeeze);
            if class != Class::Separator {
                if self.units.len() == WINDOW {
                    return;
                }
                let next_is_lower = bytes
                    .get(at + 1)
                    .is_some_and(|&next| ascii_class(next, squeeze) == Class::Lower);
                let unit = byte.to_ascii_lowercase();
                let mut flags = hump(before, class, next_is_lower);
                if class == Class::Upper {
                    flags |= UPPER;
                }
                if matches!(unit, b'a' | b'e' | b'i' | b'o' | b'u') {
                    flags |= VOWEL;
                }
                self.units.push(u16::from(unit));
                self.flags.push(flags);
                // The window bounds the units, and not the separators between them.
                self.origins
                    .push((u32::try_from(at).unwrap_or(u32::MAX), 1));
            }
            before = class;
        }
    }

    fn fill_any(&mut self, name: &str, squeeze: bool) {
        let mut before = Class::Start;
        let mut at = 0;
        let mut rest = name.chars();
        while let Some(letter) = rest.next() {
            let width = letter.len_utf16();
            let start = at;
            at += width;
            if is_accent(letter) {
                continue;
            }
            let class = class(letter, squeeze);
            if class != Class::Separator {
                let next = rest.clone().find(|&next| !is_accent(next));
                let next_is_lower =
                    next.is_some_and(|next| self::class(next, squeeze) == Class::Lower);
                let mut flags = hump(before, class, next_is_lower);
                if class == Class::Upper {
                    flags |= UPPER;
                }
                let origin = (
                    u32::try_from(start).unwrap_or(u32::MAX),
                    u8::from(width > 1) + 1,
                );
                for lower in letter.to_lowercase() {
                    decompose_canonical(lower, |part| self.push(part, &mut flags, origin));
                }
                if self.units.len() >= WINDOW {
                    self.units.truncate(WINDOW);
                    self.flags.truncate(WINDOW);
                    self.origins.truncate(WINDOW);
                    return;
                }
            }
            before = class;
        }
    }

    fn push(&mut self, part: char, flags: &mut u8, origin: (u32, u8)) {
        if is_accent(part) {
            return;
        }
        // The last sigma of a word is written in another way.
        let part = if part == 'ς' { 'σ' } else { part };
        for &unit in &*part.encode_utf16(&mut [0; 2]) {
            let vowel = matches!(part, 'a' | 'e' | 'i' | 'o' | 'u');
            self.units.push(unit);
            self.flags.push(*flags | if vowel { VOWEL } else { 0 });
            self.origins.push(origin);
            *flags &= !HUMP;
        }
    }
}

fn ascii_class(byte: u8, squeeze: bool) -> Class {
    match byte {
        b'a'..=b'z' => Class::Lower,
        b'A'..=b'Z' => Class::Upper,
        b'0'..=b'9' => Class::Digit,
        b'_' | b'-' | b'$' | b' ' if squeeze => Class::Separator,
        _ => Class::Sign,
    }
}

fn class(letter: char, squeeze: bool) -> Class {
    match u8::try_from(letter) {
        Ok(byte) if byte.is_ascii() => ascii_class(byte, squeeze),
        _ if is_upper(letter) => Class::Upper,
        _ => Class::Lower,
    }
}

fn is_upper(letter: char) -> bool {
    let mut lower = letter.to_lowercase();
    lower.next() != Some(letter) || lower.next().is_some()
}

/// Accents of Latin, Greek and Cyrillic letters.
fn is_accent(letter: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&letter)
}

fn hump(before: Class, class: Class, next_is_lower: bool) -> u8 {
    let begins = match (before, class) {
        (Class::Start | Class::Separator, _) => true,
        (Class::Sign, Class::Sign) => false,
        (Class::Sign, _) | (_, Class::Sign) => true,
        (Class::Upper, Class::Upper) => next_is_lower,
        (Class::Lower | Class::Digit, Class::Upper) | (Class::Digit, Class::Lower) => true,
        (before, Class::Digit) => before != Class::Digit,
        _ => false,
    };
    if begins { HUMP } else { 0 }
}

/// Letters of English names by how often they occur, but for the two rarest.
const DOUBLED_FROM: u32 = 40;

/// Which units occur, as a set that may have others too: letters, digits, four bits for all others; and which of the
/// letters a to y (but q) occur twice. Whatever has all units of a query has all its bits.
pub(crate) fn mask(units: &[u16]) -> u64 {
    let mut mask = 0_u64;
    for &unit in units {
        let bit = 1_u64 << place(unit);
        if mask & bit != 0 {
            mask |= doubled(unit);
        }
        mask |= bit;
    }
    mask
}

/// The set of the units that begin words, in bits 0 to 39; the length in bits 40 to 47; the first unit above.
pub(crate) fn head(folded: &Folded) -> u64 {
    let mut head = 0_u64;
    for (&unit, &flags) in folded.units.iter().zip(&folded.flags) {
        if flags & HUMP != 0 {
            head |= 1 << place(unit);
        }
    }
    let first = folded.units.first().copied().unwrap_or(0);
    head | (folded.units.len().min(WINDOW) as u64) << 40 | u64::from(first) << 48
}

fn place(unit: u16) -> u32 {
    match u32::from(unit) {
        letter @ 0x61..=0x7a => letter - 0x61,
        digit @ 0x30..=0x39 => digit - 0x30 + 26,
        other => 36 + (other & 3),
    }
}

fn doubled(unit: u16) -> u64 {
    let letter = u32::from(unit).wrapping_sub(0x61);
    match letter {
        0..=15 => 1 << (DOUBLED_FROM + letter),
        17..=24 => 1 << (DOUBLED_FROM + letter - 1),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::{Folded, HUMP, mask};

    /// Words between bars.
    fn words(name: &str) -> String {
        let folded = Folded::of(name);
        let mut text = String::new();
        for (unit, flags) in folded.units.iter().zip(&folded.flags) {
            if flags & HUMP != 0 && !text.is_empty() {
                text.push('|');
            }
            text.push(char::from_u32(u32::from(*unit)).unwrap_or('?'));
        }
        text
    }

    #[test]
    fn words_begin_at_capitals_digits_and_separators() {
        for (name, expected) in [
            ("HTTPServer", "http|server"),
            ("getUserName", "get|user|name"),
            ("get_user_name", "get|user|name"),
            ("MAX_SIZE", "max|size"),
            ("utf8Decode", "utf|8|decode"),
            ("base64", "base|64"),
            ("__init__", "init"),
            ("$el", "el"),
            ("operator==", "operator|=="),
            ("ÉcoleNormale", "ecole|normale"),
            ("Ελλάς", "ελλασ"),
            ("名前を取得", "名前を取得"),
        ] {
            assert_eq!(words(name), expected, "{name}");
        }
    }

    #[test]
    fn both_normal_forms_are_one() {
        let composed = Folded::of("caféÅngström한글");
        let decomposed = Folded::of(
            "cafe\u{301}A\u{30a}ngstro\u{308}m\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}",
        );
        assert_eq!(composed.units, decomposed.units);
    }

    #[test]
    fn a_name_of_separators_is_itself() {
        assert_eq!(Folded::of("_").units, [0x5f]);
        assert_eq!(Folded::of("").units, []);
    }

    #[test]
    fn places_are_those_of_the_name() {
        let folded = Folded::of("a_😀b");
        assert_eq!(folded.origins, [(0, 1), (2, 2), (2, 2), (4, 1)]);
    }

    #[test]
    fn a_set_holds_the_sets_of_its_parts() {
        let all = mask(&Folded::of("assessment_of_zzz_qqq").units);
        for part in ["asses", "ss", "zz", "qq", "mt"] {
            let part = mask(&Folded::of(part).units);
            assert_eq!(part & !all, 0);
        }
    }
}
