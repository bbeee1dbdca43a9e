//! The files below a directory that git sees: a walk that never enters what is left out, over several threads.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::bytes::path_from;
use crate::crew::Crew;
use crate::disk::{Entries, Kind};
use crate::found::{Batch, FileKind, Problem, Stats};
use crate::index::{IndexDirectory, Tracked};
use crate::repository::{RepositoryError, is_nested_repository};
use crate::request::{Control, Request};
use crate::rules::Rules;
use crate::scope::{Chain, Scope, is_ignored};

/// Why a walk gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum WalkError {
    /// The root cannot be found, or is no directory.
    #[error("{} cannot be listed: {error}", path.display())]
    Root {
        /// The root.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// There is no repository around the root, and one was asked for.
    #[error("{} lies in no git repository", path.display())]
    NoRepository {
        /// The root.
        path: PathBuf,
    },
    /// The repository cannot be read.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// It was told to end.
    #[error("the walk was cancelled")]
    Cancelled,
}

/// A directory to read.
struct Job {
    /// From the top: empty, or with a slash at its end.
    path: Vec<u8>,
    absolute: PathBuf,
    chain: Chain,
    /// Components below the root.
    depth: usize,
    /// Whether tracked files are in it.
    has_tracked: bool,
    /// The directories that it lies in, where links are followed: one that comes again is a loop.
    ancestors: Option<Arc<Ancestor>>,
    is_linked: bool,
}

struct Ancestor {
    canonical: PathBuf,
    outer: Option<Arc<Ancestor>>,
}

struct Walk<'request> {
    request: &'request Request,
    scope: Scope,
    tracked: Tracked,
    globs: Rules,
    /// Whether a path must match a pattern of `globs`.
    wants_match: bool,
    control: &'request Control,
    problems: Mutex<Vec<Problem>>,
    take: &'request (dyn Fn(Batch) + Sync),
}

/// Walks the directory at `root` and gives what it finds to `take`, from several threads and in no order. Answers what
/// could not be read: a directory that vanished meanwhile is no problem, one that is closed is.
///
/// # Errors
///
/// [`WalkError`].
pub fn walk(
    root: &Path,
    request: &Request,
    control: &Control,
    take: &(dyn Fn(Batch) + Sync),
) -> Result<Vec<Problem>, WalkError> {
    let open = |error| WalkError::Root {
        path: root.to_path_buf(),
        error,
    };
    let mut scope = Scope::open(root, &request.extra_files).map_err(open)?;
    if request.no_repository {
        scope.forget_repository();
    }
    let repository = scope.repository.as_ref();
    if request.require_repository && repository.is_none() {
        return Err(WalkError::NoRepository {
            path: root.to_path_buf(),
        });
    }
    let tracked = match repository {
        Some(repository) if request.tracked => repository.tracked(scope.ignore_case)?,
        _ => Tracked::default(),
    };
    let globs = request.globs.join(&b'\n');
    let available = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(8);
    let walk = Walk {
        request,
        tracked,
        globs: Rules::parse(&globs, scope.ignore_case),
        wants_match: request.globs.iter().any(|glob| glob.first() != Some(&b'!')),
        scope,
        control,
        problems: Mutex::new(Vec::new()),
        take,
    };
    let threads = request.threads.unwrap_or(available).clamp(1, 64);
    walk.run(&Crew::new(threads, walk.first_job()));
    if control.cancelled.load(Ordering::Relaxed) {
        return Err(WalkError::Cancelled);
    }
    Ok(walk
        .problems
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner))
}

impl Walk<'_> {
    fn run(&self, crew: &Crew<Job>) {
        let is_index_taken = AtomicBool::new(self.tracked.is_empty());
        crew.run(|| {
            if !is_index_taken.swap(true, Ordering::Relaxed) {
                self.list_tracked();
            }
            self.work(crew);
        });
    }

    fn first_job(&self) -> Option<Job> {
        Some(Job {
            path: self.scope.prefix.clone(),
            absolute: self.scope.root.clone(),
            chain: self.chain_at_root()?,
            depth: 0,
            has_tracked: true,
            ancestors: self.request.follow_links.then(|| {
                Arc::new(Ancestor {
                    canonical: self.scope.root.clone(),
                    outer: None,
                })
            }),
            is_linked: false,
        })
    }

    /// The files of patterns above the root; none where the repository leaves the root out as a whole.
    fn chain_at_root(&self) -> Option<Chain> {
        let mut chain = self.scope.outermost.clone();
        let prefix = &self.scope.prefix;
        let mut start = 0;
        for end in prefix
            .iter()
            .enumerate()
            .filter(|(_, byte)| **byte == b'/')
            .map(|(at, _)| at + 1)
        {
            let directory = &prefix[..start];
            chain = self
                .scope
                .enter(&chain, directory, &self.scope.absolute(directory), |_| true);
            if is_ignored(&chain, &prefix[..end - 1], true) {
                return None;
            }
            start = end;
        }
        Some(chain)
    }

    /// Reads directories until there are none.
    fn work(&self, crew: &Crew<Job>) {
        let mut entries = Entries::default();
        let mut batch = Batch::default();
        let mut own = Vec::new();
        while let Some(job) = crew.next(&mut own) {
            if self.control.cancelled.load(Ordering::Relaxed) {
                own.clear();
                continue;
            }
            let before = batch.ends.len();
            self.read(&job, &mut entries, &mut batch, &mut own);
            self.count(batch.ends.len() - before);
            self.flush(&mut batch, self.request.batch);
        }
        self.flush(&mut batch, 1);
    }

    /// Tells of files, those of a directory at once: a number that all threads change is dear.
    fn count(&self, files: usize) {
        self.control.found.fetch_add(files, Ordering::Relaxed);
    }

    fn flush(&self, batch: &mut Batch, least: usize) {
        if !batch.ends.is_empty() && batch.ends.len() >= least {
            (self.take)(std::mem::take(batch));
        }
    }

    /// Reads one directory: its files go to `batch`, its directories to `found`.
    fn read(&self, job: &Job, entries: &mut Entries, batch: &mut Batch, found: &mut Vec<Job>) {
        if let Err(error) = entries.read(&job.absolute, job.is_linked || job.depth == 0) {
            self.report(&job.path, error);
            return;
        }
        let has = |wanted: &[u8]| {
            entries
                .iter()
                .any(|(name, kind)| name == wanted && kind == Kind::File)
        };
        if job.depth > 0 && !job.has_tracked {
            let has_git = entries.iter().any(|(name, _)| name == b".git");
            if has_git && is_nested_repository(&job.absolute) {
                self.emit(batch, &job.path, FileKind::Repository, None);
                return;
            }
        }
        let chain = self.scope.enter(&job.chain, &job.path, &job.absolute, has);
        let mut path = job.path.clone();
        for (name, kind) in entries.iter() {
            if self.is_passed_over(name) {
                continue;
            }
            path.truncate(job.path.len());
            path.extend_from_slice(name);
            let mut is_linked = false;
            let kind = match kind {
                Kind::Link if self.request.follow_links => {
                    let target = fs::metadata(job.absolute.join(path_from(name)));
                    is_linked = true;
                    target.map_or(Kind::Link, |stats| stats.file_type().into())
                }
                kind => kind,
            };
            match kind {
                Kind::Other => {}
                Kind::Directory => {
                    found.extend(self.directory(job, &chain, &path, name, is_linked));
                }
                Kind::File | Kind::Link => {
                    let is_ours = self.tracked.has(&path) && !is_linked;
                    if !is_ours && !is_ignored(&chain, &path, false) && self.is_wanted(&path) {
                        let kind = if kind == Kind::Link {
                            FileKind::Link
                        } else {
                            FileKind::File
                        };
                        self.emit(
                            batch,
                            &path,
                            kind,
                            Some(&job.absolute.join(path_from(name))),
                        );
                    }
                }
            }
        }
    }

    /// The job of a directory, unless it is left out.
    fn directory(
        &self,
        job: &Job,
        chain: &Chain,
        path: &[u8],
        name: &[u8],
        is_linked: bool,
    ) -> Option<Job> {
        let known = self.tracked.directory(path);
        let is_deep = self
            .request
            .max_depth
            .is_some_and(|most| job.depth + 1 >= most);
        if is_deep || known == Some(IndexDirectory::Submodule) || is_ignored(chain, path, true) {
            return None;
        }
        let relative = &path[self.scope.prefix.len()..];
        if self
            .globs
            .decide(relative, &mut || true)
            .is_some_and(|glob| glob.negated)
        {
            return None;
        }
        let absolute = job.absolute.join(path_from(name));
        let mut ancestors = job.ancestors.clone();
        if is_linked || ancestors.is_some() {
            let canonical = fs::canonicalize(&absolute).ok()?;
            let mut above = ancestors.as_deref();
            while let Some(ancestor) = above {
                if ancestor.canonical == canonical {
                    return None;
                }
                above = ancestor.outer.as_deref();
            }
            ancestors = Some(Arc::new(Ancestor {
                canonical,
                outer: ancestors,
            }));
        }
        Some(Job {
            path: [path, b"/"].concat(),
            absolute,
            chain: chain.clone(),
            depth: job.depth + 1,
            has_tracked: known == Some(IndexDirectory::HasFiles),
            ancestors,
            is_linked,
        })
    }

    /// Names that no listing has.
    fn is_passed_over(&self, name: &[u8]) -> bool {
        let is_git = if self.scope.ignore_case {
            name.eq_ignore_ascii_case(b".git")
        } else {
            name == b".git"
        };
        is_git || (!self.request.hidden && name.first() == Some(&b'.'))
    }

    /// Whether the globs let a file through.
    fn is_wanted(&self, path: &[u8]) -> bool {
        let relative = &path[self.scope.prefix.len()..];
        match self.globs.decide(relative, &mut || false) {
            Some(glob) => !glob.negated,
            None => !self.wants_match,
        }
    }

    /// Puts a file in the batch, unless it is too large or gone; `absolute` is none for what has no size.
    fn emit(&self, batch: &mut Batch, path: &[u8], kind: FileKind, absolute: Option<&Path>) {
        let relative = &path[self.scope.prefix.len()..];
        let needs_stats = self.request.stat || self.request.max_file_size.is_some();
        let mut stats = None;
        if let Some(absolute) = absolute.filter(|_| needs_stats) {
            let read = if self.request.follow_links {
                fs::metadata(absolute)
            } else {
                fs::symlink_metadata(absolute)
            };
            match read {
                Ok(read) => stats = Some(Stats::from(&read)),
                Err(error) => {
                    self.report(path, error);
                    return;
                }
            }
        }
        let is_small = |stats: Stats| {
            self.request
                .max_file_size
                .is_none_or(|most| stats.size <= most)
        };
        if !stats.is_none_or(is_small) {
            return;
        }
        let stats = self.request.stat.then(|| stats.unwrap_or_default());
        batch.push(relative, kind, stats);
    }

    /// Lists what the index holds below the root, files that are gone included, as git does.
    fn list_tracked(&self) {
        let prefix = self.scope.prefix.as_slice();
        let mut batch = Batch::default();
        let needs_kind = self.request.follow_links;
        let needs_stats = self.request.stat || self.request.max_file_size.is_some();
        for path in self.tracked.paths().filter(|path| path.starts_with(prefix)) {
            if self.control.cancelled.load(Ordering::Relaxed) {
                return;
            }
            let relative = &path[prefix.len()..];
            let depth = relative.iter().filter(|byte| **byte == b'/').count() + 1;
            let is_hidden = || {
                relative
                    .split(|&byte| byte == b'/')
                    .any(|name| name.first() == Some(&b'.'))
            };
            if (!self.request.hidden && is_hidden())
                || self.request.max_depth.is_some_and(|most| depth > most)
                || !self.is_wanted_whole(path)
            {
                continue;
            }
            let is_submodule = self.tracked.directory(path) == Some(IndexDirectory::Submodule);
            let absolute = (needs_kind || needs_stats).then(|| self.scope.absolute(path));
            if let Some(absolute) = absolute.as_deref().filter(|_| needs_kind) {
                // What the link leads to is listed in its place.
                let is_link = fs::symlink_metadata(absolute).is_ok_and(|stats| stats.is_symlink());
                if is_link && fs::metadata(absolute).is_ok() {
                    continue;
                }
            }
            let kind = match (is_submodule, self.tracked.is_link(path)) {
                (true, _) => FileKind::Repository,
                (false, true) => FileKind::Link,
                (false, false) => FileKind::File,
            };
            let before = batch.ends.len();
            self.emit(
                &mut batch,
                path,
                kind,
                absolute.as_deref().filter(|_| !is_submodule),
            );
            self.count(batch.ends.len() - before);
            self.flush(&mut batch, self.request.batch);
        }
        self.flush(&mut batch, 1);
    }

    /// Whether the globs let a file and all its directories through.
    fn is_wanted_whole(&self, path: &[u8]) -> bool {
        if self.globs.is_empty() {
            return true;
        }
        let relative = &path[self.scope.prefix.len()..];
        let mut ends = relative
            .iter()
            .enumerate()
            .filter(|(_, byte)| **byte == b'/')
            .map(|(at, _)| at);
        let is_closed = |end: usize| {
            let decided = self.globs.decide(&relative[..end], &mut || true);
            decided.is_some_and(|glob| glob.negated)
        };
        !ends.any(is_closed) && self.is_wanted(path)
    }

    fn report(&self, path: &[u8], error: io::Error) {
        // What is gone by now was not there.
        let is_gone = matches!(
            error.kind(),
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
        );
        if !is_gone {
            let path = path[self.scope.prefix.len()..].to_vec();
            lock(&self.problems).push(Problem { path, error });
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
