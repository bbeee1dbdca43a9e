//! Where a name is said to be: words that stand for directories, files and containers, in their order.

use std::collections::HashMap;

use crate::fold::{Folded, HUMP, mask};
use crate::weights::QUALIFIED;

/// The whole part is the word.
const SAME: i32 = 100;

/// Words before a name.
pub(crate) struct Qualifier {
    words: Vec<Folded>,
    mask: u64,
}

/// How well the first words fit a path, by their number; none where they do not.
pub(crate) type Fits = Vec<Option<i32>>;

/// What was found out of paths, by the id of the file.
pub(crate) type PathFits = HashMap<u32, Fits>;

impl Qualifier {
    pub(crate) fn new<'text>(words: impl Iterator<Item = &'text str>) -> Self {
        let words: Vec<Folded> = words.map(Folded::of).collect();
        let all: Vec<u16> = words.iter().flat_map(|word| word.units.clone()).collect();
        Self {
            mask: mask(&all),
            words,
        }
    }

    /// Whether letters of the words are missing from both a path and a container.
    pub(crate) fn is_excluded(&self, path: u64, container: u64) -> bool {
        // Letters that occur twice may be one in each.
        let once = (1_u64 << 40) - 1;
        self.mask & once & !(path | container) != 0
    }

    /// How well words fit the parts of a path.
    pub(crate) fn fit_path(&self, path: &str) -> Fits {
        let mut fits: Fits = vec![None; self.words.len() + 1];
        if let Some(none) = fits.first_mut() {
            *none = Some(0);
        }
        for part in path.split(['/', '\\']) {
            self.fit_part(part, &mut fits);
        }
        fits
    }

    /// What all words are worth in the path and the container behind it; none where one fits nowhere.
    pub(crate) fn worth(&self, path: &Fits, container: &str) -> Option<i32> {
        let mut fits = path.clone();
        if !container.is_empty() {
            for part in container.split(['.', ':', '#', '/']) {
                self.fit_part(part, &mut fits);
            }
        }
        let sum = fits.last().copied().flatten()?;
        let most = SAME * i32::try_from(self.words.len()).unwrap_or(1).max(1);
        Some(sum * QUALIFIED / most)
    }

    fn fit_part(&self, part: &str, fits: &mut Fits) {
        let part = Folded::of(part);
        for (at, word) in self.words.iter().enumerate().rev() {
            let before = fits.get(at).copied().flatten();
            let Some(sum) = before.and_then(|before| Some(before + closeness(word, &part)?)) else {
                continue;
            };
            if let Some(fit) = fits.get_mut(at + 1)
                && fit.is_none_or(|fit| sum > fit)
            {
                *fit = Some(sum);
            }
        }
    }
}

/// How close a word is to a part of a path or container; none where it is not in it.
fn closeness(word: &Folded, part: &Folded) -> Option<i32> {
    let (word, units) = (&word.units[..], &part.units[..]);
    if word.is_empty() || word.len() > units.len() {
        return None;
    }
    if word == units {
        return Some(SAME);
    }
    if units.starts_with(word) {
        let is_stem = units.get(word.len()) == Some(&u16::from(b'.'));
        return Some(if is_stem { SAME - 5 } else { 70 });
    }
    let mut inside = None;
    for (at, piece) in units.windows(word.len()).enumerate() {
        if piece == word {
            if part.flags.get(at).is_some_and(|flags| flags & HUMP != 0) {
                return Some(55);
            }
            inside = Some(40);
        }
    }
    if inside.is_some() || word.len() < 2 {
        return inside;
    }
    let mut rest = units.iter();
    let in_order = word.iter().all(|unit| rest.any(|other| other == unit));
    (in_order && word.first() == units.first()).then_some(25)
}
