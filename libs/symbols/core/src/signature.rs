//! Signatures as an index holds them: without the name of the symbol, so that those of many symbols are one text.

/// What stands for the name.
const NAME: char = '\0';

/// A signature with its name taken out where that stands first; none where it is held as it is.
pub(crate) fn without_name<'text>(
    signature: &str,
    name: &str,
    held: &'text mut String,
) -> Option<&'text str> {
    if name.is_empty() || signature.contains(NAME) {
        return None;
    }
    let (before, after) = signature.split_once(name)?;
    held.clear();
    held.push_str(before);
    held.push(NAME);
    held.push_str(after);
    Some(held)
}

/// A signature whose name was taken out.
pub(crate) fn with_name(held: &str, name: &str) -> String {
    held.replacen(NAME, name, 1)
}

#[cfg(test)]
mod tests {
    use super::{with_name, without_name};

    #[test]
    fn a_signature_comes_back_with_its_name() {
        let mut held = String::new();
        for (signature, name, expected) in [
            ("fn get(get: u8)", "get", Some("fn \0(get: u8)")),
            ("const größe = 1", "größe", Some("const \0 = 1")),
            ("get", "get", Some("\0")),
            ("fn put()", "get", None),
            ("fn \0 get()", "get", None),
            ("fn get()", "", None),
            ("", "", None),
        ] {
            let found = without_name(signature, name, &mut held);
            assert_eq!(found, expected, "{signature}");
            if let Some(held) = found {
                assert_eq!(with_name(held, name), signature);
            }
        }
    }
}
