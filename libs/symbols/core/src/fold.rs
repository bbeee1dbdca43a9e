//! What of a name is compared: letters without case, accents and separators, and where its words begin.
//!
//! Units are those of UTF-16, so that places are the ones that editors and JavaScript use.

use unicode_normalization::char::decompose_canonical;

/// Units of a name that are searched; what is behind them is found by the exact name alone.
pub(crate) const WINDOW: usize = 255;

/// A unit of a name as it is compared, in the lower half, with what is known of it in the upper half.
pub(crate) type Letter = u32;

/// The unit begins a word.
pub(crate) const HUMP: Letter = 1 << 16;
/// The unit was written in upper case.
pub(crate) const UPPER: Letter = 1 << 17;
/// The unit is a Latin vowel.
pub(crate) const VOWEL: Letter = 1 << 18;

/// The unit of a letter.
pub(crate) fn unit(letter: Letter) -> u16 {
    (letter & 0xffff) as u16
}

/// Whether two letters are the same unit.
pub(crate) fn is_same(one: Letter, other: Letter) -> bool {
    (one ^ other) & 0xffff == 0
}

/// Whether `whole` starts with the units of `part`.
pub(crate) fn starts_with(whole: &[Letter], part: &[Letter]) -> bool {
    whole.len() >= part.len()
        && whole
            .iter()
            .zip(part)
            .all(|(&one, &other)| is_same(one, other))
}

/// Whether `whole` has the units of `part` in their order.
pub(crate) fn is_subsequence(part: &[Letter], whole: &[Letter]) -> bool {
    let mut rest = whole.iter();
    part.iter()
        .all(|&letter| rest.any(|&other| is_same(letter, other)))
}

/// A name as it is compared.
#[derive(Clone, Debug, Default)]
pub(crate) struct Folded {
    /// Lower case, decomposed, without separators and accents.
    pub(crate) letters: Vec<Letter>,
    /// Where the character of each letter starts in the name, and its length, in UTF-16 units.
    pub(crate) origins: Vec<(u32, u8)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
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
        if self.letters.is_empty() {
            self.fill(name, false);
        }
    }

    fn fill(&mut self, name: &str, squeeze: bool) {
        self.letters.clear();
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
                if self.letters.len() == WINDOW {
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
                self.letters.push(Letter::from(unit) | flags);
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
                if self.letters.len() >= WINDOW {
                    self.letters.truncate(WINDOW);
                    self.origins.truncate(WINDOW);
                    return;
                }
            }
            before = class;
        }
    }

    fn push(&mut self, part: char, flags: &mut Letter, origin: (u32, u8)) {
        if is_accent(part) {
            return;
        }
        // The last sigma of a word is written in another way.
        let part = if part == 'ς' { 'σ' } else { part };
        for &unit in &*part.encode_utf16(&mut [0; 2]) {
            let vowel = matches!(part, 'a' | 'e' | 'i' | 'o' | 'u');
            let vowel = if vowel { VOWEL } else { 0 };
            self.letters.push(Letter::from(unit) | *flags | vowel);
            self.origins.push(origin);
            *flags &= !HUMP;
        }
    }
}

/// The class of an ASCII character; separators are signs where they are all that there is.
pub(crate) fn ascii_class(byte: u8, squeeze: bool) -> Class {
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

/// [`HUMP`] where a word begins at a character of this class, behind one of the other.
pub(crate) fn hump(before: Class, class: Class, next_is_lower: bool) -> Letter {
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
pub(crate) fn mask(letters: &[Letter]) -> u64 {
    let mut mask = 0_u64;
    for &letter in letters {
        let bit = 1_u64 << place(letter);
        if mask & bit != 0 {
            mask |= doubled(letter);
        }
        mask |= bit;
    }
    mask
}

/// The set of the units that begin words, in bits 0 to 39; the length in bits 40 to 47; the first unit above.
pub(crate) fn head(letters: &[Letter]) -> u64 {
    let mut head = 0_u64;
    for &letter in letters {
        if letter & HUMP != 0 {
            head |= 1 << place(letter);
        }
    }
    let first = letters.first().map_or(0, |&letter| unit(letter));
    head | (letters.len().min(WINDOW) as u64) << 40 | u64::from(first) << 48
}

/// The bits of a mask that tell which units occur, without those of what occurs twice.
pub(crate) const ONCE: u64 = (1 << 40) - 1;

/// The length that a [`head`] tells.
pub(crate) fn length_of(head: u64) -> usize {
    (head >> 40 & 0xff) as usize
}

/// The bit of a unit in sets.
pub(crate) const fn place(letter: Letter) -> u32 {
    match letter & 0xffff {
        letter @ 0x61..=0x7a => letter - 0x61,
        digit @ 0x30..=0x39 => digit - 0x30 + 26,
        other => 36 + (other & 3),
    }
}

/// The bit of a unit that occurs twice.
pub(crate) const fn doubled(letter: Letter) -> u64 {
    let letter = (letter & 0xffff).wrapping_sub(0x61);
    match letter {
        0..=15 => 1 << (DOUBLED_FROM + letter),
        17..=24 => 1 << (DOUBLED_FROM + letter - 1),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::{Folded, HUMP, mask, unit};

    /// Words between bars.
    fn words(name: &str) -> String {
        let folded = Folded::of(name);
        let mut text = String::new();
        for &letter in &folded.letters {
            if letter & HUMP != 0 && !text.is_empty() {
                text.push('|');
            }
            text.push(char::from_u32(u32::from(unit(letter))).unwrap_or('?'));
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
        assert_eq!(composed.letters, decomposed.letters);
    }

    #[test]
    fn a_name_of_separators_is_itself() {
        assert_eq!(Folded::of("_").letters, [0x5f | HUMP]);
        assert_eq!(Folded::of("").letters, []);
    }

    #[test]
    fn places_are_those_of_the_name() {
        let folded = Folded::of("a_😀b");
        assert_eq!(folded.origins, [(0, 1), (2, 2), (2, 2), (4, 1)]);
    }

    #[test]
    fn a_set_holds_the_sets_of_its_parts() {
        let all = mask(&Folded::of("assessment_of_zzz_qqq").letters);
        for part in ["asses", "ss", "zz", "qq", "mt"] {
            let part = mask(&Folded::of(part).letters);
            assert_eq!(part & !all, 0);
        }
    }
}
