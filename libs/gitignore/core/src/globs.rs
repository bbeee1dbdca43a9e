//! Patterns of what a caller wants to see, in the syntax of `.gitignore`.

use crate::bytes::slashes;
use crate::rules::Rules;

/// What to list: all where there is no pattern.
#[derive(Debug)]
pub(crate) struct Globs {
    rules: Rules,
    /// Whether a path must be matched: all patterns with `!` leave out of everything.
    wants_match: bool,
}

impl Globs {
    /// Of patterns without line ends.
    pub fn new(patterns: &[Vec<u8>], ignore_case: bool) -> Self {
        Self {
            rules: Rules::parse(&patterns.join(&b'\n'), ignore_case),
            wants_match: patterns.iter().any(|glob| glob.first() != Some(&b'!')),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// What they say of a directory: that all in it is wanted, or nothing; none where they do not say. What is said of a
    /// path in it is stronger, but nothing is in what is not wanted.
    pub fn of_directory(&self, path: &[u8]) -> Option<bool> {
        self.rules
            .decide(path, &mut || true)
            .map(|glob| !glob.negated)
    }

    /// Whether a file is wanted; `is_selected` says that all in a directory around it is.
    pub fn wants(&self, path: &[u8], is_selected: bool) -> bool {
        match self.rules.decide(path, &mut || false) {
            Some(glob) => !glob.negated,
            None => is_selected || !self.wants_match,
        }
    }

    /// Whether a directory is wanted itself, by what [`Self::of_directory`] said of it or of one around it.
    pub fn wants_directory(&self, is_selected: bool) -> bool {
        is_selected || !self.wants_match
    }

    /// Whether a file, or a directory, is wanted, asking all directories around it.
    pub fn wants_whole(&self, path: &[u8], is_directory: bool) -> bool {
        if self.is_empty() {
            return true;
        }
        let mut is_selected = false;
        let own = is_directory.then_some(path.len());
        for end in slashes(path).chain(own) {
            match self.of_directory(&path[..end]) {
                Some(false) => return false,
                Some(true) => is_selected = true,
                None => {}
            }
        }
        if is_directory {
            self.wants_directory(is_selected)
        } else {
            self.wants(path, is_selected)
        }
    }
}
