//! Where a name is said to be: words that stand for directories, files and containers, in their order.

use hashbrown::HashMap;

use crate::fold::{Folded, HUMP, Letter, is_same, is_subsequence, mask, starts_with, unit};
use crate::weights::QUALIFIED;

/// The whole part is the word.
const SAME: i32 = 100;

/// Words before a name.
pub(crate) struct Qualifier {
    words: Vec<Vec<Letter>>,
    mask: u64,
}

/// How well the first words fit a path, by their number; none where they do not.
pub(crate) type Fits = [Option<i32>; MAX_WORDS + 1];

/// Most words that say where a name is; those nearest to it count.
pub(crate) const MAX_WORDS: usize = 8;

/// What was found out of paths, by the id of the file.
pub(crate) type PathFits = HashMap<u32, Fits>;

impl Qualifier {
    pub(crate) fn new<'text>(words: impl Iterator<Item = &'text str>) -> Self {
        let words: Vec<Vec<Letter>> = words.map(|word| Folded::of(word).letters).collect();
        let all = words.concat();
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
        let mut fits: Fits = [None; MAX_WORDS + 1];
        if let Some(none) = fits.first_mut() {
            *none = Some(0);
        }
        for part in path.split(['/', '\\']) {
            self.fit_part(part, &mut fits);
        }
        fits
    }

    /// What all words are worth in the path and the container behind it; none where one fits nowhere.
    pub(crate) fn worth(&self, mut fits: Fits, container: &str) -> Option<i32> {
        if !container.is_empty() {
            for part in container.split(['.', ':', '#', '/']) {
                self.fit_part(part, &mut fits);
            }
        }
        let sum = fits.get(self.words.len()).copied().flatten()?;
        let most = SAME * i32::try_from(self.words.len()).unwrap_or(1).max(1);
        Some(sum * QUALIFIED / most)
    }

    fn fit_part(&self, part: &str, fits: &mut Fits) {
        // Most parts have none of the words, which is seen without folding them.
        if part.is_ascii() && !self.words.iter().any(|word| is_written(word, part)) {
            return;
        }
        let part = Folded::of(part).letters;
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

/// Whether the letters of a word are in a part in their order, whatever is between them.
fn is_written(word: &[Letter], part: &str) -> bool {
    let mut rest = part.bytes();
    word.iter().all(|&letter| {
        let wanted = unit(letter);
        rest.any(|byte| u16::from(byte.to_ascii_lowercase()) == wanted)
    })
}

/// How close a word is to a part of a path or container; none where it is not in it.
fn closeness(word: &[Letter], part: &[Letter]) -> Option<i32> {
    if word.is_empty() || word.len() > part.len() {
        return None;
    }
    if starts_with(part, word) {
        return Some(match part.get(word.len()) {
            None => SAME,
            Some(&letter) if unit(letter) == u16::from(b'.') => SAME - 5,
            Some(_) => 70,
        });
    }
    let mut inside = None;
    for piece in part.windows(word.len()) {
        if starts_with(piece, word) {
            if piece.first().is_some_and(|letter| letter & HUMP != 0) {
                return Some(55);
            }
            inside = Some(40);
        }
    }
    if inside.is_some() || word.len() < 2 {
        return inside;
    }
    let same_first = matches!((word, part), ([a, ..], [b, ..]) if is_same(*a, *b));
    (same_first && is_subsequence(word, part)).then_some(25)
}
