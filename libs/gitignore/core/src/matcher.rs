//! Answers about single paths, with everything read kept for the next one.

use std::fs;
use std::path::Path;

use hashbrown::HashMap;

use crate::bytes::{name_of, slashes};
use crate::directories::Directories;
use crate::index::{IndexDirectory, IndexFile, Tracked};
use crate::repository::RepositoryError;
use crate::scope::{Decision, OpenError, Scope, decision, is_ignored};

/// Tells of paths whether they are ignored, as `git check-ignore --no-index` does.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use fishplate_gitignore::Matcher;
///
/// let root = std::env::temp_dir().join(format!("fishplate-matcher-{}", std::process::id()));
/// std::fs::create_dir_all(&root)?;
/// std::fs::write(root.join(".gitignore"), "*.log\n!keep.log\n")?;
/// let mut matcher = Matcher::open(&root, &[])?;
/// assert!(matcher.is_ignored(b"logs/a.log", None));
/// assert!(!matcher.is_ignored(b"keep.log", None));
/// let decision = matcher.explain(b"keep.log", None).ok_or("a pattern matches")?;
/// assert_eq!((decision.line, decision.negated), (2, true));
/// # std::fs::remove_dir_all(&root)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Matcher {
    scope: Scope,
    directories: Directories,
    extra: Vec<Vec<u8>>,
    /// Read when it is first asked for.
    tracked: Option<Tracked>,
    /// By directory without its slash: whether a walk of the root enters it.
    reached: HashMap<Vec<u8>, bool>,
    /// How often everything was forgotten: an index read before counts no longer.
    generation: u64,
}

impl Matcher {
    /// A matcher for the paths below `root`; `extra` names ignore files beside `.gitignore`, which overrule it.
    ///
    /// # Errors
    ///
    /// [`OpenError`].
    pub fn open(root: &Path, extra: &[Vec<u8>]) -> Result<Self, OpenError> {
        Ok(Self {
            scope: Scope::open(root, extra, true)?,
            directories: Directories::default(),
            extra: extra.to_vec(),
            tracked: None,
            reached: HashMap::new(),
            generation: 0,
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
        let known = self.directories.around(&self.scope, &full);
        if known.excluded.is_some() {
            return true;
        }
        match is_directory {
            Some(is_directory) => is_ignored(&known.chain, &full, is_directory),
            None => {
                let mut look = || self.looks_like_directory(&full);
                decision(&known.chain, &full, &mut look).is_some_and(|decision| !decision.negated)
            }
        }
    }

    /// The pattern that decides about a path, as `git check-ignore --no-index -v` names it.
    pub fn explain(&mut self, path: &[u8], is_directory: Option<bool>) -> Option<Decision> {
        let full = [&self.scope.prefix, path].concat();
        let known = self.directories.around(&self.scope, &full);
        if let Some(excluded) = known.excluded {
            return Some((*excluded).clone());
        }
        let mut look = || is_directory.unwrap_or_else(|| self.looks_like_directory(&full));
        decision(&known.chain, &full, &mut look)
    }

    /// Whether a file or link would be listed by a walk of the root with its usual request: it is tracked, or it is not
    /// ignored and a walk gets to it. `path` is relative to the root, with a slash at its end where it is a repository that
    /// is not tracked; whether it is there is not asked.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Index`], where the index was not read before.
    pub fn is_listed(&mut self, path: &[u8]) -> Result<bool, RepositoryError> {
        let bare = path.strip_suffix(b"/");
        let is_directory = bare.is_some();
        let path = bare.unwrap_or(path);
        let full = [&self.scope.prefix, path].concat();
        let tracked = self.tracked()?;
        if let Some(number) = tracked.find(&full) {
            // Where the index has it in other letters, or as a file, that is what is listed.
            let is_it = !is_directory && tracked.path(number) == full;
            return Ok(is_it && !self.directories.around(&self.scope, &full).hides(&full));
        }
        let parent = path.len() - name_of(path).len();
        Ok(self.is_reached(&path[..parent.saturating_sub(1)])?
            && !self.is_ignored(path, Some(is_directory)))
    }

    /// Whether a path stays listed though it is gone from the disk: it is tracked, and no ignore file that git does not
    /// know hides it.
    ///
    /// # Errors
    ///
    /// As [`Self::is_listed`].
    pub fn is_tracked(&mut self, path: &[u8]) -> Result<bool, RepositoryError> {
        let full = [&self.scope.prefix, path].concat();
        Ok(self.tracked()?.has(&full) && self.is_listed(path)?)
    }

    /// Whether a walk of the root gets into a directory (relative to the root, without a slash at its end), as far as its
    /// kind goes: neither it nor one that it lies in is a link, a submodule or a repository of its own.
    ///
    /// # Errors
    ///
    /// As [`Self::is_listed`].
    pub fn is_reached(&mut self, directory: &[u8]) -> Result<bool, RepositoryError> {
        if directory.is_empty() {
            return Ok(true);
        }
        self.tracked()?;
        let ends: Vec<usize> = slashes(directory).chain([directory.len()]).collect();
        Ok(ends
            .into_iter()
            .all(|end| self.is_entered(&directory[..end])))
    }

    fn is_entered(&mut self, directory: &[u8]) -> bool {
        if let Some(&known) = self.reached.get(directory) {
            return known;
        }
        let full = [&self.scope.prefix, directory].concat();
        let absolute = self.scope.absolute(&full);
        let known = self.tracked.as_ref().and_then(|it| it.directory(&full));
        let is_entered = fs::symlink_metadata(&absolute).is_ok_and(|stats| stats.is_dir())
            && match known {
                Some(IndexDirectory::HasFiles) => true,
                Some(IndexDirectory::Submodule) => false,
                None => !self.scope.has_repository_at(&absolute),
            };
        self.reached.insert(directory.to_vec(), is_entered);
        is_entered
    }

    /// The index, where it is still to be read, and what [`Self::use_index`] wants beside its content: so it can be read on
    /// another thread.
    pub fn unread_index(&self) -> Option<(IndexFile, u64)> {
        let repository = self.scope.repository.as_ref()?;
        let is_read = self.tracked.is_some();
        (!is_read).then(|| (repository.index(), self.generation))
    }

    /// Takes over an index that was read for it, unless it has been told meanwhile that the index changed.
    pub fn use_index(&mut self, tracked: Tracked, generation: u64) {
        if generation == self.generation {
            self.tracked = Some(tracked);
        }
    }

    fn tracked(&mut self) -> Result<&Tracked, RepositoryError> {
        let tracked = match (self.tracked.take(), &self.scope.repository) {
            (Some(tracked), _) => tracked,
            (None, Some(repository)) => repository.index().read()?,
            (None, None) => Tracked::default(),
        };
        Ok(self.tracked.insert(tracked))
    }

    fn looks_like_directory(&self, full: &[u8]) -> bool {
        fs::symlink_metadata(self.scope.absolute(full)).is_ok_and(|stats| stats.is_dir())
    }

    /// Forgets everything: repository, configuration, index, ignore files.
    ///
    /// # Errors
    ///
    /// [`OpenError`], as where the root is gone; then what was known stays.
    pub fn refresh_all(&mut self) -> Result<(), OpenError> {
        self.scope = Scope::open(&self.scope.root, &self.extra, true)?;
        self.directories = Directories::default();
        self.reached.clear();
        self.tracked = None;
        self.generation += 1;
        Ok(())
    }

    /// Forgets what changed paths (relative to the root) may have made untrue: ignore files, and directories.
    ///
    /// A path outside the root, in `.git`, or of the user's own patterns has everything read again. Returns whether more
    /// than the paths themselves may be listed otherwise than before.
    ///
    /// # Errors
    ///
    /// [`OpenError`], as where the root is gone.
    pub fn refresh(&mut self, paths: &[Vec<u8>]) -> Result<bool, OpenError> {
        let mut has_patterns = false;
        self.reached.clear();
        for path in paths {
            let full = [&self.scope.prefix, path.as_slice()].concat();
            let is_git = path
                .split(|&byte| byte == b'/')
                .any(|name| name == b".." || name.eq_ignore_ascii_case(b".git"));
            if is_git || path.first() == Some(&b'/') || self.scope.is_excludes_file(&full) {
                self.refresh_all()?;
                return Ok(true);
            }
            let name = name_of(&full);
            let is_patterns = self.scope.file_names.iter().any(|known| known == name);
            has_patterns |= is_patterns;
            let changed = if is_patterns {
                full[..full.len() - name.len()].to_vec()
            } else {
                [&full, b"/".as_slice()].concat()
            };
            self.directories.forget(&changed);
        }
        Ok(has_patterns)
    }
}

#[cfg(test)]
mod tests {
    use super::Matcher;

    #[test]
    fn directories_that_are_not_there_take_no_room() {
        let root = std::env::temp_dir().join(format!("fishplate-absent-{}", std::process::id()));
        std::fs::create_dir_all(&root).expect("it is made");
        std::fs::write(root.join(".gitignore"), "*.log\n").expect("it is written");
        let mut matcher = Matcher::open(&root, &[]).expect("it opens");
        for number in 0..200_000 {
            assert!(matcher.is_ignored(format!("no-{number}/a.log").as_bytes(), Some(false)));
        }
        assert!(matcher.directories.len() < 1 << 18 >> 2);
        std::fs::remove_dir_all(&root).expect("it is removed");
    }
}
