//! Text as a host has it.

/// Appends UTF-16 as UTF-8, a lone surrogate as U+FFFD.
pub fn utf8_from_utf16(mut units: &[u16], text: &mut Vec<u8>) {
    text.reserve(units.len());
    loop {
        let (narrow, rest) = split(units, ascii_prefix(units));
        #[expect(clippy::cast_possible_truncation, reason = "all units are below 128")]
        text.extend(narrow.iter().map(|&unit| unit as u8));
        if rest.is_empty() {
            return;
        }
        // Other text up to where vectors pay again; what follows it is ASCII, so that no pair is cut.
        let (wide, left) = split(rest, wide_prefix(rest));
        push_wide(wide, text);
        units = left;
    }
}

/// By hand where it is most of the text: three bytes for a unit.
fn push_wide(units: &[u16], text: &mut Vec<u8>) {
    text.reserve(3 * units.len());
    let mut rest = units;
    while let [unit, others @ ..] = rest {
        let unit = u32::from(*unit);
        if unit >= 0x800 && !(0xd800..0xe000).contains(&unit) {
            let bytes = [
                0xe0 | unit >> 12,
                0x80 | unit >> 6 & 0x3f,
                0x80 | unit & 0x3f,
            ];
            text.extend_from_slice(&bytes.map(|byte| byte.to_le_bytes()[0]));
            rest = others;
            continue;
        }
        let Some(char) = char::decode_utf16(rest.iter().copied()).next() else {
            return;
        };
        let char = char.unwrap_or('\u{fffd}');
        text.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
        let (_, left) = split(rest, char.len_utf16());
        rest = left;
    }
}

/// Units below 128 at the start, by blocks that the compiler makes vectors of.
fn ascii_prefix(units: &[u16]) -> usize {
    let (blocks, _) = units.as_chunks::<32>();
    let whole = blocks
        .iter()
        .take_while(|block| block.iter().fold(0, |union, unit| union | unit) < 0x80)
        .count();
    let (_, rest) = split(units, 32 * whole);
    32 * whole + rest.iter().take_while(|&&unit| unit < 0x80).count()
}

/// Units up to the first eight in a row that are below 128.
fn wide_prefix(units: &[u16]) -> usize {
    let mut run = 0;
    for (at, &unit) in units.iter().enumerate() {
        run = if unit < 0x80 { run + 1 } else { 0 };
        if run == 8 {
            return at - 7;
        }
    }
    units.len()
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
