//! Text as a host has it.

/// Units that are looked at together.
const BLOCK: usize = 16;

/// Appends UTF-16 as UTF-8, a lone surrogate as U+FFFD.
pub fn utf8_from_utf16(units: &[u16], text: &mut Vec<u8>) {
    text.reserve(units.len());
    let mut rest = units;
    loop {
        // Blocks, which the compiler makes vectors of; the rest unit by unit.
        rest = push_ascii(rest, text);
        if rest.is_empty() {
            return;
        }
        rest = push_others(rest, text);
    }
}

/// Whole blocks of ASCII.
fn push_ascii<'u>(units: &'u [u16], text: &mut Vec<u8>) -> &'u [u16] {
    let (blocks, _) = units.as_chunks::<BLOCK>();
    let whole = blocks
        .iter()
        .take_while(|block| block.iter().fold(0, |union, unit| union | unit) < 0x80)
        .count();
    let (narrow, rest) = split(units, BLOCK * whole);
    #[expect(clippy::cast_possible_truncation, reason = "all units are below 128")]
    text.extend(narrow.iter().map(|&unit| unit as u8));
    rest
}

/// What is no whole block of ASCII, up to where one may begin.
fn push_others<'u>(units: &'u [u16], text: &mut Vec<u8>) -> &'u [u16] {
    text.reserve(3 * units.len().min(1 << 16));
    let mut rest = units;
    loop {
        while let Some((block, others)) = rest.split_first_chunk::<8>()
            && block.iter().all(|&unit| is_three_bytes(unit))
        {
            let mut bytes = [0; 24];
            for (three, &unit) in bytes.as_chunks_mut().0.iter_mut().zip(block) {
                *three = three_bytes(unit);
            }
            text.extend_from_slice(&bytes);
            rest = others;
        }
        let (ascii, others) = push_few(rest, text);
        rest = others;
        // No pair is cut here: what follows ASCII begins a character.
        if ascii || rest.is_empty() {
            return rest;
        }
    }
}

/// Eight units, or nine where a pair stands across; says whether all were ASCII.
fn push_few<'u>(units: &'u [u16], text: &mut Vec<u8>) -> (bool, &'u [u16]) {
    let mut bytes = [0; 32];
    let (mut length, mut taken, mut all) = (0, 0, 0);
    while taken < 8
        && let Some(&unit) = units.get(taken)
        && let Some(place) = bytes.get_mut(length..).and_then(<[u8]>::first_chunk_mut)
    {
        all |= unit;
        let written: [u8; 4];
        (written, length) = match unit {
            0..0x80 => ([unit.to_le_bytes()[0], 0, 0, 0], length + 1),
            0x80..0x800 => {
                let [one, two] = [0xc0 | unit >> 6, 0x80 | unit & 0x3f].map(low_byte);
                ([one, two, 0, 0], length + 2)
            }
            _ => match units.get(taken + 1) {
                Some(&low) if unit & 0xfc00 == 0xd800 && low & 0xfc00 == 0xdc00 => {
                    taken += 1;
                    (pair(unit, low), length + 4)
                }
                _ => {
                    let known = if is_three_bytes(unit) { unit } else { 0xfffd };
                    let [one, two, three] = three_bytes(known);
                    ([one, two, three, 0], length + 3)
                }
            },
        };
        *place = written;
        taken += 1;
    }
    text.extend_from_slice(bytes.get(..length).unwrap_or_default());
    (all < 0x80, split(units, taken).1)
}

fn is_three_bytes(unit: u16) -> bool {
    unit >= 0x800 && unit & 0xf800 != 0xd800
}

fn three_bytes(unit: u16) -> [u8; 3] {
    [
        0xe0 | unit >> 12,
        0x80 | unit >> 6 & 0x3f,
        0x80 | unit & 0x3f,
    ]
    .map(low_byte)
}

fn pair(high: u16, low: u16) -> [u8; 4] {
    let point = 0x1_0000 + (u32::from(high & 0x3ff) << 10 | u32::from(low & 0x3ff));
    [
        0xf0 | point >> 18,
        0x80 | point >> 12 & 0x3f,
        0x80 | point >> 6 & 0x3f,
        0x80 | point & 0x3f,
    ]
    .map(|part| part.to_le_bytes()[0])
}

fn low_byte(unit: u16) -> u8 {
    unit.to_le_bytes()[0]
}

fn split(units: &[u16], at: usize) -> (&[u16], &[u16]) {
    units.split_at_checked(at).unwrap_or((units, &[]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::utf8_from_utf16;

    proptest! {
        #[test]
        fn is_what_the_standard_library_makes_of_it(
            units in prop::collection::vec(prop_oneof![0..0x100_u16, any::<u16>(), 0xd7f0..0xe010_u16], 0..200),
            ascii in "[ -~]{0,80}",
        ) {
            let mut all: Vec<u16> = ascii.encode_utf16().collect();
            all.extend(&units);
            all.extend(ascii.encode_utf16());
            let mut text = Vec::new();
            utf8_from_utf16(&all, &mut text);
            prop_assert_eq!(text, String::from_utf16_lossy(&all).into_bytes());
        }
    }
}
