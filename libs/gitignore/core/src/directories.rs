//! What is known about ignoring in each directory, kept for the next question.

use std::fs;
use std::sync::Arc;

use hashbrown::HashMap;

use crate::bytes::slashes;
use crate::scope::{Chain, Decision, Scope, decision, is_ignored, is_ignored_by_extra};

/// Bytes of paths of directories that are not there and are remembered all the same, at most: a caller may name any number
/// of them.
const MAX_ABSENT: usize = 1 << 18;

/// What is known of a directory.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// Ignore files that count in it.
    pub chain: Chain,
    /// The decision that leaves it out as a whole, and all that is in it.
    pub excluded: Option<Arc<Decision>>,
    /// Whether that holds for tracked files too.
    pub hides_tracked: bool,
}

impl Known {
    /// Whether a tracked file in it is left out: by ignore files that git does not know, unless git's take it back in.
    pub fn hides(&self, file: &[u8]) -> bool {
        self.hides_tracked
            || ((self.excluded.is_some() || is_ignored(&self.chain, file, false))
                && is_ignored_by_extra(&self.chain, file, false))
    }
}

/// Directories by their path from the top: empty, or with a slash at its end.
#[derive(Debug, Default)]
pub(crate) struct Directories {
    there: HashMap<Vec<u8>, Known>,
    absent: HashMap<Vec<u8>, Known>,
    /// Bytes of the paths in `absent`.
    absent_bytes: usize,
}

impl Directories {
    /// What is known of the directory that a path (from the top) lies in.
    pub fn around(&mut self, scope: &Scope, path: &[u8]) -> Known {
        let end = path.iter().rposition(|&byte| byte == b'/');
        let directory = &path[..end.map_or(0, |slash| slash + 1)];
        match self.get(directory) {
            Some(known) => known.clone(),
            None => self.learn(scope, directory),
        }
    }

    /// Forgets a directory and all below it.
    pub fn forget(&mut self, directory: &[u8]) {
        self.absent.clear();
        self.absent_bytes = 0;
        // Nothing is known below a directory that is not known.
        if self.there.contains_key(directory) {
            self.there.retain(|known, _| !known.starts_with(directory));
        }
    }

    /// How many are remembered.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.there.len() + self.absent.len()
    }

    fn get(&self, directory: &[u8]) -> Option<&Known> {
        self.there
            .get(directory)
            .or_else(|| self.absent.get(directory))
    }

    /// Learns of a directory and those above it.
    fn learn(&mut self, scope: &Scope, directory: &[u8]) -> Known {
        let mut known = Known {
            chain: scope.outermost.clone(),
            excluded: None,
            hides_tracked: false,
        };
        for end in std::iter::once(0).chain(slashes(directory).map(|slash| slash + 1)) {
            let path = &directory[..end];
            if let Some(found) = self.get(path) {
                known = found.clone();
                continue;
            }
            if let Some(bare) = path.strip_suffix(b"/") {
                known.enter(scope, bare);
            }
            let absolute = scope.absolute(path);
            let stats = fs::symlink_metadata(&absolute);
            // What lies behind a link is not the tree's.
            let is_open = stats.as_ref().is_ok_and(fs::Metadata::is_dir);
            let counts = known.excluded.is_none() || (scope.has_extra() && !known.hides_tracked);
            if counts && is_open {
                known.chain = scope.enter(&known.chain, path, &absolute, |_| true, &mut |_, _| {});
            }
            if stats.is_ok() {
                self.there.insert(path.to_vec(), known.clone());
            } else {
                if self.absent_bytes >= MAX_ABSENT {
                    self.absent.clear();
                    self.absent_bytes = 0;
                }
                self.absent_bytes += path.len();
                self.absent.insert(path.to_vec(), known.clone());
            }
        }
        known
    }
}

impl Known {
    /// What its patterns say of a directory (without its slash) in it.
    fn enter(&mut self, scope: &Scope, directory: &[u8]) {
        let decided = decision(&self.chain, directory, &mut || true);
        let ignores = self.excluded.is_some() || decided.as_ref().is_some_and(|it| !it.negated);
        if scope.has_extra() && ignores && is_ignored_by_extra(&self.chain, directory, true) {
            self.hides_tracked = true;
        }
        if self.excluded.is_none() {
            self.excluded = decided.filter(|decision| !decision.negated).map(Arc::new);
        }
    }
}
