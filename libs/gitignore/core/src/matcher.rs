//! Answers about single paths, with everything read kept for the next one.

use std::fs;
use std::io;
use std::path::Path;

use hashbrown::HashMap;

use crate::index::Tracked;
use crate::scope::{Chain, Decision, Scope, decision, is_ignored};

/// What is known of a directory.
#[derive(Clone, Debug)]
struct Known {
    /// Files of patterns that count in it.
    chain: Chain,
    /// The decision that leaves it out as a whole, and all that is in it.
    excluded: Option<Decision>,
}

/// Tells of paths whether they are ignored, as `git check-ignore --no-index` does.
#[derive(Debug)]
pub struct Matcher {
    scope: Scope,
    /// By path from the top, empty or with a slash at its end.
    directories: HashMap<Vec<u8>, Known>,
    extra: Vec<Vec<u8>>,
    /// Read when it is first asked for.
    tracked: Option<Tracked>,
}

impl Matcher {
    /// A matcher for the paths below `root`; `extra` names files of patterns beside `.gitignore`, which overrule it.
    ///
    /// # Errors
    ///
    /// Those of the system, where the root cannot be found or is no directory.
    pub fn open(root: &Path, extra: &[Vec<u8>]) -> io::Result<Self> {
        Ok(Self {
            scope: Scope::open(root, extra)?,
            directories: HashMap::new(),
            extra: extra.to_vec(),
            tracked: None,
        })
    }

    /// Where and how it looks.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Whether a path is ignored. It is relative to the root, with `/` between its components and none at the end.
    ///
    /// `is_directory` is looked up on the disk where it is not given and matters.
    pub fn is_ignored(&mut self, path: &[u8], is_directory: Option<bool>) -> bool {
        let full = [&self.scope.prefix, path].concat();
        let known = self.directory_of(&full);
        if known.excluded.is_some() {
            return true;
        }
        let chain = known.chain.clone();
        match is_directory {
            Some(is_directory) => is_ignored(&chain, &full, is_directory),
            None => {
                let mut look = || self.looks_like_directory(&full);
                decision(&chain, &full, &mut look).is_some_and(|decision| !decision.negated)
            }
        }
    }

    /// The pattern that decides about a path, as `git check-ignore --no-index -v` names it.
    pub fn explain(&mut self, path: &[u8], is_directory: Option<bool>) -> Option<Decision> {
        let full = [&self.scope.prefix, path].concat();
        let known = self.directory_of(&full);
        if known.excluded.is_some() {
            return known.excluded.clone();
        }
        let chain = known.chain.clone();
        let mut look = || is_directory.unwrap_or_else(|| self.looks_like_directory(&full));
        decision(&chain, &full, &mut look)
    }

    /// Whether the index has a file, or a submodule, at a path. An index that cannot be read has none.
    pub fn is_tracked(&mut self, path: &[u8]) -> bool {
        let full = [&self.scope.prefix, path].concat();
        let Scope {
            repository,
            ignore_case,
            ..
        } = &self.scope;
        let tracked = self.tracked.get_or_insert_with(|| match repository {
            Some(repository) => repository.tracked(*ignore_case).unwrap_or_default(),
            None => Tracked::default(),
        });
        tracked.has(&full)
    }

    fn looks_like_directory(&self, full: &[u8]) -> bool {
        fs::symlink_metadata(self.scope.absolute(full)).is_ok_and(|stats| stats.is_dir())
    }

    /// What is known of the directory that a path (from the top) lies in.
    fn directory_of(&mut self, full: &[u8]) -> &Known {
        let end = full
            .iter()
            .rposition(|&byte| byte == b'/')
            .map_or(0, |slash| slash + 1);
        if !self.directories.contains_key(&full[..end]) {
            self.learn(&full[..end]);
        }
        &self.directories[&full[..end]]
    }

    /// Learns of a directory and those above it.
    fn learn(&mut self, directory: &[u8]) {
        let mut known = Known {
            chain: self.scope.outermost.clone(),
            excluded: None,
        };
        let ends = directory
            .iter()
            .enumerate()
            .filter(|(_, byte)| **byte == b'/')
            .map(|(at, _)| at + 1);
        for end in std::iter::once(0).chain(ends) {
            let path = &directory[..end];
            if let Some(found) = self.directories.get(path) {
                known = found.clone();
                continue;
            }
            if end > 0 && known.excluded.is_none() {
                let decided = decision(&known.chain, &path[..end - 1], &mut || true);
                known.excluded = decided.filter(|decision| !decision.negated);
            }
            if known.excluded.is_none() {
                let absolute = self.scope.absolute(path);
                // What lies behind a link is not the tree's.
                if fs::symlink_metadata(&absolute).is_ok_and(|stats| stats.is_dir()) {
                    known.chain = self.scope.enter(&known.chain, path, &absolute, |_| true);
                }
            }
            self.directories.insert(path.to_vec(), known.clone());
        }
    }

    /// Forgets what changed paths (relative to the root) may have made untrue: files of patterns, and directories.
    ///
    /// A path outside the root, or in `.git`, has everything read again. Returns whether a file of patterns was among them.
    ///
    /// # Errors
    ///
    /// Those of the system, where the root is gone.
    pub fn refresh(&mut self, paths: &[Vec<u8>]) -> io::Result<bool> {
        let mut has_patterns = false;
        for path in paths {
            let full = [&self.scope.prefix, path.as_slice()].concat();
            let name = full.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
            let is_git = path
                .split(|&byte| byte == b'/')
                .any(|component| matches!(component, b".git" | b".."));
            if is_git || path.first() == Some(&b'/') {
                self.scope = Scope::open(&self.scope.root, &self.extra)?;
                self.directories.clear();
                self.tracked = None;
                return Ok(true);
            }
            let is_patterns = self.scope.file_names.iter().any(|known| known == name);
            has_patterns |= is_patterns;
            let changed = if is_patterns {
                full[..full.len() - name.len()].to_vec()
            } else {
                [&full, b"/".as_slice()].concat()
            };
            // Nothing is known below a directory that is not known.
            if self.directories.contains_key(&changed) {
                self.directories
                    .retain(|known, _| !known.starts_with(&changed));
            }
        }
        Ok(has_patterns)
    }
}
