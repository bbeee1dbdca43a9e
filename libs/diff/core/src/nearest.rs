//! The place in a text that comes closest to lines that were looked for in vain.
//!
//! Meant for error messages: a good guess at bounded cost, never a reason to apply anything.

use std::collections::HashMap;

/// The best place for lines that are not there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Nearest {
    /// First line (1-based) of the place.
    pub line: usize,
    /// How alike the lines are, 0 to 1; below 1.
    pub similarity: f64,
}

/// Occurrences beyond which a line says too little about a place.
const MAX_OCCURRENCES: usize = 64;
/// Places that are compared in full.
const MAX_PLACES: usize = 8;
/// Bytes of a line that are compared.
const MAX_LINE: usize = 512;
/// Wanted lines that are compared in full.
const MAX_WANTED: usize = 400;
/// Text lines that are compared one by one when no wanted line is in the text.
const MAX_SCANNED: usize = 20_000;

/// Finds the place in `text` where most of the `wanted` lines stand, or nearly stand.
///
/// Lines are compared without their white space at both ends first: equal lines vote for a place. `None`
/// when nothing is alike.
pub(crate) fn nearest(text: &[&[u8]], wanted: &[&[u8]]) -> Option<Nearest> {
    if text.is_empty() || wanted.is_empty() {
        return None;
    }
    let wanted = &wanted[..wanted.len().min(MAX_WANTED)];
    let mut places = places_by_votes(text, wanted);
    if places.is_empty() {
        places = places_by_likeness(text, wanted);
    }
    let score = |&place: &usize| (similarity(&text[place..], wanted), place);
    let (similarity, place) = places
        .iter()
        .map(score)
        .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)))
        .filter(|&(similarity, _)| similarity > 0.0)?;
    Some(Nearest {
        line: place + 1,
        similarity: similarity.min(0.99),
    })
}

fn places_by_votes(text: &[&[u8]], wanted: &[&[u8]]) -> Vec<usize> {
    let mut index: HashMap<&[u8], Vec<usize>> = HashMap::new();
    for line in wanted {
        index.entry(line.trim_ascii()).or_default();
    }
    for (at, line) in text.iter().enumerate() {
        if let Some(found) = index.get_mut(line.trim_ascii())
            && found.len() <= MAX_OCCURRENCES
        {
            found.push(at);
        }
    }
    let mut votes: HashMap<usize, usize> = HashMap::new();
    for (i, line) in wanted.iter().enumerate() {
        let line = line.trim_ascii();
        let found = &index[line];
        if found.len() > MAX_OCCURRENCES || line.is_empty() {
            continue;
        }
        for &at in found {
            *votes.entry(at.saturating_sub(i)).or_default() += 1;
        }
    }
    let mut ranked: Vec<(usize, usize)> = votes.into_iter().collect();
    ranked.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    ranked
        .into_iter()
        .take(MAX_PLACES)
        .map(|(place, _)| place)
        .collect()
}

/// The lines most like the first wanted line that has text.
fn places_by_likeness(text: &[&[u8]], wanted: &[&[u8]]) -> Vec<usize> {
    let Some((i, line)) = wanted
        .iter()
        .enumerate()
        .find(|(_, l)| !l.trim_ascii().is_empty())
    else {
        return Vec::new();
    };
    let mut ranked: Vec<(f64, usize)> = text
        .iter()
        .take(MAX_SCANNED)
        .enumerate()
        .map(|(at, other)| (likeness(line, other), at.saturating_sub(i)))
        .filter(|&(likeness, _)| likeness > 0.3)
        .collect();
    ranked.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    ranked
        .into_iter()
        .take(MAX_PLACES)
        .map(|(_, place)| place)
        .collect()
}

/// Mean likeness of lines side by side, by their length.
fn similarity(text: &[&[u8]], wanted: &[&[u8]]) -> f64 {
    let weight = |line: &[u8]| 1.0 + line.len().min(MAX_LINE) as f64;
    let total: f64 = wanted.iter().map(|line| weight(line)).sum();
    let alike: f64 = wanted
        .iter()
        .zip(text)
        .map(|(a, b)| weight(a) * if a == b { 1.0 } else { likeness(a, b) })
        .sum();
    alike / total
}

/// How alike two lines are: shared pairs of neighbouring bytes over all of them (Dice), without white space
/// at both ends; lines that differ only there are 0.95.
fn likeness(a: &[u8], b: &[u8]) -> f64 {
    let (a, b) = (a.trim_ascii(), b.trim_ascii());
    if a == b {
        return 0.95;
    }
    let (a, b) = (&a[..a.len().min(MAX_LINE)], &b[..b.len().min(MAX_LINE)]);
    if a.len() < 2 || b.len() < 2 {
        return 0.0;
    }
    let pairs = |line: &[u8]| {
        let mut pairs: Vec<[u8; 2]> = line.windows(2).map(|w| [w[0], w[1]]).collect();
        pairs.sort_unstable();
        pairs
    };
    let (a, b) = (pairs(a), pairs(b));
    let (mut i, mut j, mut shared) = (0, 0, 0);
    while i < a.len() && j < b.len() {
        match a[i].cmp(&b[j]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                shared += 1;
                i += 1;
                j += 1;
            }
        }
    }
    0.95 * 2.0 * f64::from(shared) / (a.len() + b.len()) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(text: &str, wanted: &str) -> Option<Nearest> {
        let lines = |s: &'static str| s.as_bytes().split(|&b| b == b'\n').collect::<Vec<_>>();
        nearest(
            &lines(Box::leak(text.into())),
            &lines(Box::leak(wanted.into())),
        )
    }

    #[test]
    fn most_shared_lines_win() {
        let found = find("a\nx\nfoo\nbar\nb\nfoo\nbar\nbaz", "foo\nbar\nbax").expect("alike");
        assert_eq!(found.line, 6);
        assert!(found.similarity > 0.7 && found.similarity < 1.0);
    }

    #[test]
    fn a_changed_word_is_found_without_equal_lines() {
        let found = find("one\nlet total = a + b;\nthree", "let total = a - b;").expect("alike");
        assert_eq!(found.line, 2);
    }

    #[test]
    fn nothing_alike_is_nothing() {
        assert_eq!(find("one\ntwo", "%%%%%"), None);
        assert_eq!(find("", "a"), None);
    }
}
