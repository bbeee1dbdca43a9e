//! Over a value to its end, without reading it: brackets are counted, and what is in strings is not.

use crate::blocks::{BLOCK, Masks};
use crate::error::{JsonError, Problem};
use crate::walk::string_end;

/// The end of the value that begins at `at`. What is inside of a container is not checked.
#[inline]
pub(crate) fn value_end(text: &[u8], at: usize) -> Result<usize, JsonError> {
    match text.get(at) {
        Some(b'"') => string_end(text, at).map(|(end, _)| end),
        Some(b'{' | b'[') => container_end(text, at),
        Some(b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => Ok(atom_end(text, at)),
        Some(_) => Err(JsonError::invalid(at, Problem::Value)),
        None => Err(JsonError::invalid(at, Problem::End)),
    }
}

fn atom_end(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let ends = |byte: &u8| {
        matches!(
            byte,
            b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t' | b':' | b'"'
        )
    };
    at + rest.iter().position(ends).unwrap_or(rest.len())
}

/// Counts brackets by blocks, the quotes of each giving the bits that are in strings.
fn container_end(text: &[u8], start: usize) -> Result<usize, JsonError> {
    let mut at = start;
    let mut depth = 0_u64;
    let mut in_string = 0_u64;
    let mut escapes = false;
    while at < text.len() {
        let rest = text.get(at..).unwrap_or_default();
        let mut padded = [b' '; BLOCK];
        let block = rest.first_chunk::<BLOCK>().unwrap_or_else(|| {
            for (to, from) in padded.iter_mut().zip(rest) {
                *to = *from;
            }
            &padded
        });
        let masks = Masks::of(block);
        let quotes = masks.quotes & !escaped(masks.backslashes, &mut escapes);
        let strings = within(quotes) ^ in_string;
        // All ones where the block ends in a string.
        in_string = 0_u64.wrapping_sub(strings >> 63);
        let opens = masks.opens & !strings;
        let mut closes = masks.closes & !strings;
        let closing = u64::from(closes.count_ones());
        if closing < depth || closing == 0 {
            depth = depth + u64::from(opens.count_ones()) - closing;
        } else {
            // The container may end in this block.
            for index in 1..=closing {
                let bit = closes.trailing_zeros();
                let before = opens & ((1_u64 << bit) - 1);
                if depth + u64::from(before.count_ones()) == index {
                    return Ok(at + bit as usize + 1);
                }
                closes &= closes - 1;
            }
            depth = depth + u64::from(opens.count_ones()) - closing;
        }
        at += BLOCK;
    }
    Err(JsonError::invalid(text.len(), Problem::End))
}

/// Bits of characters that a backslash escapes; `carry` says whether the first one of a block is.
#[inline]
fn escaped(backslashes: u64, carry: &mut bool) -> u64 {
    if backslashes == 0 {
        return u64::from(std::mem::take(carry));
    }
    let mut escaped = u64::from(std::mem::take(carry));
    let mut left = backslashes & !escaped;
    while left != 0 {
        let bit = left.trailing_zeros();
        let next = 1_u64.checked_shl(bit + 1);
        match next {
            Some(next) => escaped |= next,
            None => *carry = true,
        }
        // The one at hand is done, and one that it escapes escapes nothing.
        left &= left - 1;
        left &= !next.unwrap_or_default();
    }
    escaped
}

/// Bits from each odd quote up to the next even one: the exclusive or of all quotes up to a bit.
#[inline]
fn within(mut quotes: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        quotes ^= quotes << shift;
    }
    quotes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::value_end;

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i32>().prop_map(Value::from),
            "[a\\\\\"{}\\[\\]é]{0,90}".prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 60, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
                prop::collection::vec(("[a\\\\\"{}]{0,9}", inner), 0..8)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_value_ends_where_its_text_does(value in value(), before in 0..70_usize, rest in "[\\]}{\" ,]{0,5}") {
            let text = value.to_string();
            let whole = format!("{}{text},{rest}", " ".repeat(before));
            prop_assert_eq!(value_end(whole.as_bytes(), before), Ok(before + text.len()));
        }
    }
}
