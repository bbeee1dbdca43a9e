//! Strings of JavaScript as bytes: UTF-8, with a lone surrogate as the three bytes that its number would have.

/// The UTF-16 code units of WTF-8.
///
/// ```
/// let units: Vec<u16> = fishplate_json::utf16("a\u{1f600}".as_bytes()).collect();
/// assert_eq!(units, [0x61, 0xd83d, 0xde00]);
/// ```
pub fn utf16(text: &[u8]) -> impl Iterator<Item = u16> {
    Units::from(text, 0)
}

/// UTF-16 as WTF-8.
///
/// ```
/// assert_eq!(fishplate_json::wtf8(&[0x61, 0xd83d, 0xde00]), "a\u{1f600}".as_bytes());
/// assert_eq!(fishplate_json::wtf8(&[0xd83d]), [0xed, 0xa0, 0xbd]);
/// ```
#[must_use]
pub fn wtf8(units: &[u16]) -> Vec<u8> {
    let mut text = Vec::with_capacity(units.len() + units.len() / 2);
    let mut rest = units;
    loop {
        let plain = ascii_prefix(rest);
        let (narrow, wide) = rest.split_at_checked(plain).unwrap_or((rest, &[]));
        #[expect(clippy::cast_possible_truncation, reason = "all units are below 128")]
        text.extend(narrow.iter().map(|&unit| unit as u8));
        let Some(decoded) = char::decode_utf16(wide.iter().copied()).next() else {
            return text;
        };
        let taken = match decoded {
            Ok(scalar) => {
                text.extend_from_slice(scalar.encode_utf8(&mut [0; 4]).as_bytes());
                scalar.len_utf16()
            }
            Err(lone) => {
                let [high, low] = lone.unpaired_surrogate().to_be_bytes();
                text.extend([
                    0xe0 | high >> 4,
                    0x80 | (high & 0x0f) << 2 | low >> 6,
                    0x80 | low & 0x3f,
                ]);
                1
            }
        };
        rest = wide.get(taken..).unwrap_or_default();
    }
}

/// Units below 128 at the start, by blocks that the compiler makes vectors of.
fn ascii_prefix(units: &[u16]) -> usize {
    let (blocks, _) = units.as_chunks::<32>();
    let whole = blocks
        .iter()
        .take_while(|block| block.iter().fold(0, |union, unit| union | unit) < 0x80)
        .count();
    let rest = units.get(32 * whole..).unwrap_or_default();
    32 * whole + rest.iter().take_while(|&&unit| unit < 0x80).count()
}

/// The code units of WTF-8 from a place on.
pub(crate) struct Units<'a> {
    text: &'a [u8],
    at: usize,
    low: Option<u16>,
}

impl<'a> Units<'a> {
    pub(crate) fn from(text: &'a [u8], at: usize) -> Self {
        Self {
            text,
            at,
            low: None,
        }
    }

    fn bits(&self, index: usize) -> u32 {
        u32::from(self.text.get(self.at + index).copied().unwrap_or_default() & 0x3f)
    }
}

impl Iterator for Units<'_> {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        if let Some(low) = self.low.take() {
            return Some(low);
        }
        let lead = u32::from(*self.text.get(self.at)?);
        let (unit, length) = match lead {
            0..0x80 => (lead, 1),
            0x80..0xe0 => ((lead & 0x1f) << 6 | self.bits(1), 2),
            0xe0..0xf0 => ((lead & 0xf) << 12 | self.bits(1) << 6 | self.bits(2), 3),
            _ => {
                let point =
                    (lead & 7) << 18 | self.bits(1) << 12 | self.bits(2) << 6 | self.bits(3);
                let above = point.saturating_sub(0x10000);
                self.low = Some(narrow(0xdc00 | above & 0x3ff));
                (0xd800 | above >> 10 & 0x3ff, 4)
            }
        };
        self.at += length;
        Some(narrow(unit))
    }
}

fn narrow(unit: u32) -> u16 {
    u16::try_from(unit).unwrap_or(0xfffd)
}
