//! The tokens of a vocabulary, from its table: the bytes first, then each token as the two that merge into it.

use std::error::Error;

/// Both halves of a number that is no token; bytes have them too.
pub const NONE: u32 = u32::MAX;

const HOLE: u32 = 0x3ffff;
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

pub struct Merges {
    /// By number; empty where the number is no token.
    pub tokens: Vec<Vec<u8>>,
    pub halves: Vec<[u32; 2]>,
}

pub fn parse(text: &str) -> Result<Merges, Box<dyn Error>> {
    let (bytes, merged) = text.split_at_checked(512).ok_or("too short")?;
    let mut tokens = Vec::new();
    for at in (0..512).step_by(2) {
        tokens.push(vec![u8::from_str_radix(&bytes[at..at + 2], 16)?]);
    }
    let mut halves = vec![[NONE; 2]; 256];
    let mut values = [u32::MAX; 256];
    for (value, digit) in (0..).zip(DIGITS) {
        values[usize::from(*digit)] = value;
    }
    for pair in merged.as_bytes().chunks_exact(6) {
        let half = |digits: &[u8]| {
            digits
                .iter()
                .fold(0, |number, &digit| number << 6 | values[usize::from(digit)])
        };
        let (left, right) = (half(&pair[..3]), half(&pair[3..]));
        if left == HOLE {
            tokens.push(Vec::new());
            halves.push([NONE; 2]);
            continue;
        }
        let mut token = tokens.get(left as usize).ok_or("a half to come")?.clone();
        token.extend(tokens.get(right as usize).ok_or("a half to come")?);
        tokens.push(token);
        halves.push([left, right]);
    }
    Ok(Merges { tokens, halves })
}
