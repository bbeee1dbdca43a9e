//! What decides about the paths below a directory: the chain of ignore files, and the repository around it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::bytes::path_from;
use crate::config::Settings;
use crate::disk::read_regular;
use crate::repository::{Repository, RepositoryError, git_dir_at};
use crate::rules::{MAX_BYTES, Pattern, Rules};

/// The patterns of one file, and those that it overrules.
#[derive(Debug)]
pub struct Level {
    rules: Rules,
    /// Length of the path of its directory, from the top, with its slash.
    base: usize,
    source: Vec<u8>,
    /// Whether it is one of the files that git does not know.
    is_extra: bool,
    outer: Chain,
}

/// The innermost level, or none.
pub type Chain = Option<Arc<Level>>;

/// Why a path is ignored, or is not though another pattern says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The file of the deciding pattern, from the top of the working tree where it lies in there.
    pub source: Vec<u8>,
    /// Its line, from 1.
    pub line: usize,
    /// The pattern as written.
    pub pattern: Vec<u8>,
    /// True where it takes the path back in.
    pub negated: bool,
}

impl Decision {
    fn new(level: &Level, pattern: &Pattern) -> Self {
        Self {
            source: level.source.clone(),
            line: pattern.line,
            pattern: pattern.written(),
            negated: pattern.negated,
        }
    }
}

/// The pattern that decides about `path` (from the top): the last one of the innermost file that has a matching one.
pub fn deciding<'chain>(
    chain: &'chain Chain,
    path: &[u8],
    is_directory: &mut dyn FnMut() -> bool,
) -> Option<(&'chain Level, &'chain Pattern)> {
    let mut level = chain.as_deref();
    while let Some(at) = level {
        if let Some(pattern) = at.rules.decide(&path[at.base..], is_directory) {
            return Some((at, pattern));
        }
        level = at.outer.as_deref();
    }
    None
}

/// Whether `path` is ignored, its directories aside.
pub fn is_ignored(chain: &Chain, path: &[u8], is_directory: bool) -> bool {
    deciding(chain, path, &mut || is_directory).is_some_and(|(_, pattern)| !pattern.negated)
}

/// Whether the files that git does not know ignore `path` by themselves: only then is a tracked file left out.
pub fn is_ignored_by_extra(chain: &Chain, path: &[u8], is_directory: bool) -> bool {
    let mut level = chain.as_deref();
    while let Some(at) = level {
        if at.is_extra
            && let Some(pattern) = at.rules.decide(&path[at.base..], &mut || is_directory)
        {
            return !pattern.negated;
        }
        level = at.outer.as_deref();
    }
    false
}

/// The decision about `path`, its directories aside.
pub fn decision(
    chain: &Chain,
    path: &[u8],
    is_directory: &mut dyn FnMut() -> bool,
) -> Option<Decision> {
    deciding(chain, path, is_directory).map(|(level, pattern)| Decision::new(level, pattern))
}

/// A directory, and what is known about ignoring in it.
#[derive(Debug)]
pub struct Scope {
    /// The directory asked about, free of symbolic links.
    pub root: PathBuf,
    /// Top of the working tree; the root where there is no repository.
    pub top: PathBuf,
    /// The root below the top: empty, or with a slash at its end.
    pub prefix: Vec<u8>,
    /// Whether case is ignored.
    pub ignore_case: bool,
    /// `core.excludesFile`, or where it is without that.
    excludes_file: Option<PathBuf>,
    /// The repository around the root.
    pub repository: Option<Repository>,
    /// Ignore files in each directory, weakest first.
    pub file_names: Vec<Vec<u8>>,
    /// `info/exclude` and `core.excludesFile`.
    pub outermost: Chain,
}

/// Why a directory cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It cannot be found or read, or is no directory.
    #[error("{} cannot be read as a directory: {error}", path.display())]
    Root {
        /// As it was given.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// It is, or lies in, the directory that git keeps a repository in; git refuses too.
    #[error("{} lies in a git directory and not in a working tree", path.display())]
    GitDirectory {
        /// Free of symbolic links.
        path: PathBuf,
    },
    /// The repository around it cannot be read.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

impl Scope {
    /// Opens `directory`. `extra` names ignore files beside `.gitignore`, which overrule it. Without `uses_repository`
    /// the repository around is left aside: what is above counts for nothing, but the user's own patterns do.
    ///
    /// # Errors
    ///
    /// [`OpenError`].
    pub fn open(
        directory: &Path,
        extra: &[Vec<u8>],
        uses_repository: bool,
    ) -> Result<Self, OpenError> {
        let root = canonical_directory(directory).map_err(|error| OpenError::Root {
            path: directory.to_path_buf(),
            error,
        })?;
        let repository = if uses_repository {
            Repository::discover(&root)?
        } else {
            None
        };
        let settings = match &repository {
            Some(repository) => repository.settings.clone(),
            None => Settings::read(None)?,
        };
        let (top, prefix) = match &repository {
            Some(repository) => (repository.top.clone(), repository.prefix.clone()),
            None => (root.clone(), Vec::new()),
        };
        let mut outermost = user_patterns(&settings, &top);
        if let Some(repository) = &repository {
            let rules = read_rules(&repository.info_exclude(), settings.ignore_case);
            let source = repository.shown_info_exclude();
            outermost = stacked(rules, 0, source, false, outermost);
        }
        let mut file_names = vec![b".gitignore".to_vec()];
        file_names.extend_from_slice(extra);
        Ok(Self {
            root,
            top,
            prefix,
            ignore_case: settings.ignore_case,
            excludes_file: settings.excludes_file,
            repository,
            file_names,
            outermost,
        })
    }

    /// Whether a path from the top is that of the user's own ignore file.
    pub fn is_excludes_file(&self, path: &[u8]) -> bool {
        let file = self.excludes_file.as_ref().map(|file| self.top.join(file));
        file.is_some_and(|file| file == self.absolute(path))
    }

    /// Whether a directory without tracked files is the top of a repository of its own, of which git shows the name alone.
    pub fn has_repository_at(&self, directory: &Path) -> bool {
        let own = self.repository.as_ref().map(Repository::git_dir);
        git_dir_at(directory).is_some_and(|found| {
            own.is_none_or(|own| fs::canonicalize(found).ok() != fs::canonicalize(own).ok())
        })
    }

    /// Whether there are ignore files that git does not know.
    pub fn has_extra(&self) -> bool {
        self.file_names.len() > 1
    }

    /// The absolute path of one from the top.
    pub fn absolute(&self, path: &[u8]) -> PathBuf {
        self.top.join(path_from(path))
    }

    /// The chain within a directory: `outer`, and the ignore files that `has` says are there.
    ///
    /// `directory` is from the top, empty or with a slash at its end; `absolute` is its path. `report` is told of files that
    /// are closed or too large.
    pub fn enter(
        &self,
        outer: &Chain,
        directory: &[u8],
        absolute: &Path,
        has: impl Fn(&[u8]) -> bool,
        report: &mut dyn FnMut(&[u8], io::Error),
    ) -> Chain {
        let mut chain = outer.clone();
        for name in self.file_names.iter().filter(|name| has(name)) {
            let source = [directory, name].concat();
            let rules = match read_regular(&absolute.join(path_from(name)), false, MAX_BYTES) {
                Ok(content) => Some(Rules::parse(&content, self.ignore_case)),
                Err(error) => {
                    use io::ErrorKind::{FileTooLarge, PermissionDenied};
                    if matches!(error.kind(), FileTooLarge | PermissionDenied) {
                        report(&source, error);
                    }
                    None
                }
            };
            chain = stacked(rules, directory.len(), source, name != b".gitignore", chain);
        }
        chain
    }
}

fn canonical_directory(directory: &Path) -> io::Result<PathBuf> {
    let root = fs::canonicalize(directory)?;
    if !fs::metadata(&root)?.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    Ok(root)
}

/// The patterns of `core.excludesFile`, which git names as the configuration does.
fn user_patterns(settings: &Settings, top: &Path) -> Chain {
    let path = settings.excludes_file.as_ref()?;
    let rules = read_rules(&top.join(path), settings.ignore_case);
    let source = crate::bytes::path_bytes(path).into_owned();
    stacked(rules, 0, source, false, None)
}

/// Reads an ignore file, which may be a link. None where it cannot be read: git too goes on.
fn read_rules(path: &Path, ignore_case: bool) -> Option<Rules> {
    let content = read_regular(path, true, MAX_BYTES).ok()?;
    Some(Rules::parse(&content, ignore_case))
}

fn stacked(
    rules: Option<Rules>,
    base: usize,
    source: Vec<u8>,
    is_extra: bool,
    outer: Chain,
) -> Chain {
    match rules {
        Some(rules) if !rules.is_empty() => Some(Arc::new(Level {
            rules,
            base,
            source,
            is_extra,
            outer,
        })),
        _ => outer,
    }
}
