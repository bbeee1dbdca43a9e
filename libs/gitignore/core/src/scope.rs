//! What decides about the paths below a directory: the chain of files of patterns, and the repository around it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::bytes::path_from;
use crate::config::Settings;
use crate::disk::read_patterns;
use crate::repository::{Repository, read_rules};
use crate::rules::{Pattern, Rules};

/// The patterns of one file, and those that it overrules.
#[derive(Debug)]
pub struct Level {
    rules: Rules,
    /// Length of the path of its directory, from the top, with its slash.
    base: usize,
    source: Vec<u8>,
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
    /// The repository around the root.
    pub repository: Option<Repository>,
    /// Files of patterns in each directory, weakest first.
    pub file_names: Vec<Vec<u8>>,
    /// `info/exclude` and `core.excludesFile`.
    pub outermost: Chain,
}

impl Scope {
    /// Opens `directory`. `extra` names files of patterns beside `.gitignore`, which overrule it.
    ///
    /// # Errors
    ///
    /// Those of the system, where the directory cannot be found or is none.
    pub fn open(directory: &Path, extra: &[Vec<u8>]) -> io::Result<Self> {
        let root = fs::canonicalize(directory)?;
        if !fs::metadata(&root)?.is_dir() {
            return Err(io::Error::from(io::ErrorKind::NotADirectory));
        }
        let repository = Repository::discover(&root);
        let settings = repository.as_ref().map_or_else(
            || Settings::read(None),
            |repository| repository.settings.clone(),
        );
        let ignore_case = settings.ignore_case;
        let top = repository
            .as_ref()
            .map_or(&root, |repository| &repository.top);
        let mut outermost = user_patterns(&settings, top);
        if let Some(repository) = &repository {
            let rules = read_rules(&repository.info_exclude(), ignore_case);
            outermost = stacked(rules, 0, repository.shown_info_exclude(), outermost);
        }
        let (top, prefix) = match &repository {
            Some(repository) => (repository.top.clone(), repository.prefix.clone()),
            None => (root.clone(), Vec::new()),
        };
        let mut file_names = vec![b".gitignore".to_vec()];
        file_names.extend_from_slice(extra);
        Ok(Self {
            root,
            top,
            prefix,
            ignore_case,
            repository,
            file_names,
            outermost,
        })
    }

    /// Leaves the repository around aside: what is above the root counts for nothing, but the user's own patterns do.
    pub fn forget_repository(&mut self) {
        if self.repository.take().is_some() {
            self.top.clone_from(&self.root);
            self.prefix.clear();
            self.ignore_case = false;
            self.outermost = user_patterns(&Settings::read(None), &self.root);
        }
    }

    /// The absolute path of one from the top.
    pub fn absolute(&self, path: &[u8]) -> PathBuf {
        self.top.join(path_from(path))
    }

    /// The chain within a directory: `outer`, and the files of patterns that `has` says are there.
    ///
    /// `directory` is from the top, empty or with a slash at its end; `absolute` is its path.
    pub fn enter(
        &self,
        outer: &Chain,
        directory: &[u8],
        absolute: &Path,
        has: impl Fn(&[u8]) -> bool,
    ) -> Chain {
        let mut chain = outer.clone();
        for name in self.file_names.iter().filter(|name| has(name)) {
            let rules = read_patterns(&absolute.join(path_from(name)));
            let source = [directory, name].concat();
            chain = stacked(
                rules.map(|content| Rules::parse(&content, self.ignore_case)),
                directory.len(),
                source,
                chain,
            );
        }
        chain
    }
}

/// The patterns of `core.excludesFile`.
fn user_patterns(settings: &Settings, top: &Path) -> Chain {
    let path = top.join(settings.excludes_file.as_ref()?);
    let rules = read_rules(&path, settings.ignore_case);
    stacked(rules, 0, crate::bytes::path_bytes(&path).into_owned(), None)
}

fn stacked(rules: Option<Rules>, base: usize, source: Vec<u8>, outer: Chain) -> Chain {
    match rules {
        Some(rules) if !rules.is_empty() => Some(Arc::new(Level {
            rules,
            base,
            source,
            outer,
        })),
        _ => outer,
    }
}
