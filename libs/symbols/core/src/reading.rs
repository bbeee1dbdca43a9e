//! What a query may mean: a name, or a name with words before it that say where it is.

use crate::error::{Result, SymbolsError};
use crate::fold::WINDOW;
use crate::matcher::Needle;
use crate::qualifier::{MAX_WORDS, Qualifier};

/// Longest query, in bytes.
pub const MAX_QUERY: usize = 4096;

/// One meaning of a query.
pub(crate) struct Reading {
    pub(crate) needle: Needle,
    pub(crate) qualifier: Option<Qualifier>,
}

/// The meanings of a query: all of it as a name, and its last part as a name in what is before.
pub(crate) fn readings(text: &str) -> Result<Vec<Reading>> {
    if text.len() > MAX_QUERY {
        return Err(SymbolsError::TooLarge {
            what: "a query",
            size: format!("{} bytes", text.len()),
            limit: MAX_QUERY as u64,
        });
    }
    let text = text.trim_matches(is_space);
    let mut readings = Vec::new();
    let mut add = |name: &str, qualifier: Option<Qualifier>| {
        let needle = Needle::new(name);
        if needle.len() > 0 && needle.len() <= WINDOW {
            readings.push(Reading { needle, qualifier });
        }
    };
    add(text, None);
    if let Some((parts, name)) = split(text) {
        let skip = parts.len().saturating_sub(MAX_WORDS);
        add(name, Some(Qualifier::new(parts.into_iter().skip(skip))));
    }
    Ok(readings)
}

/// Words that say where, and the name behind them.
fn split(text: &str) -> Option<(Vec<&str>, &str)> {
    let words: Vec<&str> = text
        .split(is_space)
        .filter(|word| !word.is_empty())
        .collect();
    // A word with a slash in it is a path, wherever it stands.
    let last = words.len().checked_sub(1)?;
    let at = words
        .iter()
        .rposition(|word| !word.contains(is_slash))
        .unwrap_or(last);
    let mut parts: Vec<&str> = Vec::new();
    for (_, word) in words.iter().enumerate().filter(|(other, _)| *other != at) {
        parts.extend(word.split(is_slash));
    }
    let mut steps: Vec<&str> = words.get(at)?.split(is_slash).collect();
    let end = steps.pop()?;
    parts.extend(steps);
    // `file.ts:name`, `module::name`, `Class#method`.
    let mut scopes: Vec<&str> = end.split([':', '#']).collect();
    let end = scopes.pop()?;
    parts.extend(scopes);
    let mut owners: Vec<&str> = end.split('.').collect();
    let name = owners.pop()?;
    parts.extend(owners);
    parts.retain(|part| !part.is_empty() && *part != ".");
    (!parts.is_empty() && !name.is_empty()).then_some((parts, name))
}

fn is_slash(letter: char) -> bool {
    letter == '/' || letter == '\\'
}

fn is_space(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\n' | '\r')
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn paths_classes_and_modules_stand_before_a_name() {
        for (text, parts, name) in [
            ("src/user getName", &["src", "user"][..], "getName"),
            ("getName src/user", &["src", "user"], "getName"),
            ("User.getName", &["User"], "getName"),
            ("User#getName", &["User"], "getName"),
            ("std::fs::read", &["std", "fs"], "read"),
            ("src/user.ts:getName", &["src", "user.ts"], "getName"),
            ("user.ts getName", &["user.ts"], "getName"),
            ("src/user/getName", &["src", "user"], "getName"),
            ("a/b c/d", &["a", "b", "c"], "d"),
        ] {
            assert_eq!(split(text), Some((parts.to_vec(), name)), "{text}");
        }
        for text in ["getName", "User.", "", "/", "..."] {
            assert_eq!(split(text), None, "{text}");
        }
    }
}
