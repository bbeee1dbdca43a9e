//! Every place where a run of lines stands in a text, in linear time (D. E. Knuth, J. H. Morris and V. R.
//! Pratt, *Fast pattern matching in strings*, 1977).

/// Indices of `text` from which on its items match `pattern`, ascending; they may overlap.
///
/// `matches` must hold for the same items of `text` for any two equal items of `pattern`. Empty for an empty
/// pattern.
pub(crate) fn occurrences<'t, P: PartialEq, T>(
    pattern: &'t [P],
    text: &'t [T],
    matches: impl Fn(&P, &T) -> bool + 't,
) -> impl Iterator<Item = usize> + 't {
    let mut borders = vec![0; pattern.len()];
    let mut length = 0;
    for i in 1..pattern.len() {
        while length > 0 && pattern[i] != pattern[length] {
            length = borders[length - 1];
        }
        length += usize::from(pattern[i] == pattern[length]);
        borders[i] = length;
    }
    let mut length = 0;
    let text = if pattern.is_empty() { &text[..0] } else { text };
    text.iter().enumerate().filter_map(move |(i, item)| {
        if length == pattern.len() {
            length = borders[length - 1];
        }
        while length > 0 && !matches(&pattern[length], item) {
            length = borders[length - 1];
        }
        length += usize::from(matches(&pattern[length], item));
        (length == pattern.len()).then(|| i + 1 - pattern.len())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_overlapping_runs() {
        let find = |pattern: &str, text: &str| {
            occurrences(pattern.as_bytes(), text.as_bytes(), u8::eq).collect::<Vec<_>>()
        };
        assert_eq!(find("aa", "aaaba"), [0, 1]);
        assert_eq!(find("abab", "ababab"), [0, 2]);
        assert_eq!(find("aab", "aaab"), [1]);
        assert_eq!(find("", "ab"), []);
        assert_eq!(find("abc", "ab"), []);
    }
}
