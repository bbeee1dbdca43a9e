//! The variables of a process as Windows takes them: one block, sorted, each name once whatever its letter case.
//!
//! Pure, over UTF-16: Linux builds it for its tests.

use std::collections::BTreeMap;

/// Why variables are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum VariableError {
    #[error("has a name that is empty or holds =")]
    Name,
    #[error("holds a NUL")]
    Nul,
}

/// The block of variables, `NAME=value` each with a NUL and one more at the end. Of names that differ in letter case
/// only, the last one counts.
pub(crate) fn block(
    variables: impl IntoIterator<Item = (Vec<u16>, Vec<u16>)>,
) -> Result<Vec<u16>, VariableError> {
    const EQUALS: u16 = b'=' as u16;
    let mut sorted = BTreeMap::new();
    for (name, value) in variables {
        if name.is_empty() || name.contains(&EQUALS) {
            return Err(VariableError::Name);
        }
        if name.contains(&0) || value.contains(&0) {
            return Err(VariableError::Nul);
        }
        sorted.insert(upper(&name), (name, value));
    }
    let mut block = Vec::new();
    for (name, value) in sorted.into_values() {
        block.extend(name);
        block.push(EQUALS);
        block.extend(value);
        block.push(0);
    }
    if block.is_empty() {
        block.push(0);
    }
    block.push(0);
    Ok(block)
}

/// In capitals, unit by unit, as the system compares names.
pub(crate) fn upper(name: &[u16]) -> Vec<u16> {
    let capital = |unit: u16| {
        let mut letters = char::from_u32(u32::from(unit))
            .into_iter()
            .flat_map(char::to_uppercase);
        match (letters.next(), letters.next()) {
            (Some(letter), None) => u16::try_from(u32::from(letter)).unwrap_or(unit),
            _ => unit,
        }
    };
    name.iter().copied().map(capital).collect()
}

#[cfg(test)]
mod tests {
    use super::{VariableError, block};

    fn made(variables: &[(&str, &str)]) -> Result<String, VariableError> {
        let wide = |text: &str| text.encode_utf16().collect();
        let variables = variables
            .iter()
            .map(|(name, value)| (wide(name), wide(value)));
        block(variables).map(|block| String::from_utf16(&block).expect("text"))
    }

    #[test]
    fn names_are_sorted_and_twins_are_one() {
        assert_eq!(
            made(&[
                ("b", "1"),
                ("Path", "old"),
                ("A", "2"),
                ("PATH", "new"),
                ("\u{e9}", "3")
            ]),
            Ok("A=2\0b=1\0PATH=new\0\u{e9}=3\0\0".to_owned())
        );
        assert_eq!(made(&[]), Ok("\0\0".to_owned()));
    }

    #[test]
    fn what_would_be_read_as_another_variable_is_refused() {
        assert_eq!(made(&[("A", "1\0B=2")]), Err(VariableError::Nul));
        assert_eq!(made(&[("A\0B", "1")]), Err(VariableError::Nul));
        assert_eq!(made(&[("A=B", "1")]), Err(VariableError::Name));
        assert_eq!(made(&[("", "1")]), Err(VariableError::Name));
    }
}
