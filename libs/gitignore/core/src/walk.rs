//! The files below a directory that git sees: a walk that never enters what is left out, over several threads.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use hashbrown::HashSet;

use crate::bytes::path_from;
use crate::crew::{Crew, Panicked};
use crate::directories::Directories;
use crate::disk::{Entries, Identity, Kind, identity_of};
use crate::found::{Batch, Collector, FileKind, Problem, Stats};
use crate::globs::Globs;
use crate::index::{IndexDirectory, Tracked};
use crate::repository::RepositoryError;
use crate::request::{Control, Request};
use crate::scope::{Chain, OpenError, Scope, is_ignored, is_ignored_by_extra};
use crate::unseen::list_unseen;

/// Why a walk gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum WalkError {
    /// The root cannot be walked.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// There is no repository around the root, and one was asked for.
    #[error("{} lies in no git repository", path.display())]
    NoRepository {
        /// The root.
        path: PathBuf,
    },
    /// The index cannot be read.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// It was told to end.
    #[error("the walk was cancelled")]
    Cancelled,
    /// A thread panicked: a defect of the walk, or of what takes its batches.
    #[error("the walk failed: {0}")]
    Fault(String),
}

impl From<Panicked> for WalkError {
    fn from(Panicked(said): Panicked) -> Self {
        Self::Fault(said)
    }
}

/// Entries of a directory between two looks at whether the walk is to end.
const PATIENCE: usize = 1024;

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
    /// Whether a glob took the whole of it.
    is_selected: bool,
    /// Whether it is a link, or lies behind one.
    is_linked: bool,
}

/// A walk that goes on.
pub(crate) struct Walk<'request> {
    pub request: &'request Request,
    pub scope: Scope,
    pub tracked: Tracked,
    pub globs: Globs,
    pub types: Globs,
    pub threads: usize,
    pub control: &'request Control,
    /// By number of tracked path: whether it was found on the disk.
    pub seen: Vec<AtomicBool>,
    problems: Mutex<Vec<Problem>>,
    /// What kept the root from being read.
    closed: Mutex<Option<io::Error>>,
    /// Directories that were entered, where links are followed: each is entered once.
    entered: Mutex<HashSet<Identity>>,
    /// Links to directories, which wait for all directories that are no links.
    links: Mutex<Vec<Job>>,
    take: &'request (dyn Fn(Batch) + Sync),
}

/// Walks the directory at `root` and gives what it finds to `take`, from several threads and in no order. Answers what
/// could not be read: a directory that vanished meanwhile is no problem, one that is closed is.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::atomic::{AtomicUsize, Ordering};
/// use fishplate_gitignore::{Control, Request, walk};
///
/// let root = std::env::temp_dir().join(format!("fishplate-walk-{}", std::process::id()));
/// std::fs::create_dir_all(root.join("src"))?;
/// std::fs::write(root.join("src/a.rs"), "")?;
/// let files = AtomicUsize::new(0);
/// let count = |batch: fishplate_gitignore::Batch| {
///     files.fetch_add(batch.ends.len(), Ordering::Relaxed);
/// };
/// let problems = walk(&root, &Request::default(), &Control::default(), &count)?;
/// assert_eq!((files.into_inner(), problems.len()), (1, 0));
/// # std::fs::remove_dir_all(&root)?;
/// # Ok(())
/// # }
/// ```
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
    let scope = Scope::open(root, &request.extra_files, !request.no_repository)?;
    let repository = scope.repository.as_ref();
    if request.require_repository && repository.is_none() {
        return Err(WalkError::NoRepository {
            path: root.to_path_buf(),
        });
    }
    let tracked = match repository {
        Some(repository) if request.tracked => repository.index().read()?,
        _ => Tracked::default(),
    };
    let available = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(8);
    let walk = Walk {
        request,
        seen: std::iter::repeat_with(AtomicBool::default)
            .take(tracked.len())
            .collect(),
        tracked,
        globs: Globs::new(&request.globs, scope.ignore_case),
        types: Globs::new(&request.types, scope.ignore_case),
        scope,
        threads: request.threads.unwrap_or(available).clamp(1, 64),
        control,
        problems: Mutex::default(),
        closed: Mutex::default(),
        entered: Mutex::default(),
        links: Mutex::default(),
        take,
    };
    walk.run()?;
    if let Some(error) = lock(&walk.closed).take() {
        let path = root.to_path_buf();
        return Err(OpenError::Root { path, error }.into());
    }
    if walk.is_cancelled() {
        return Err(WalkError::Cancelled);
    }
    Ok(walk
        .problems
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner))
}

impl Walk<'_> {
    fn run(&self) -> Result<(), Panicked> {
        self.run_jobs(self.first_job().into_iter().collect())?;
        // One link after the other, in order, so that the same tree gives the same paths each time.
        loop {
            let mut links = std::mem::take(&mut *lock(&self.links));
            if links.is_empty() {
                break;
            }
            links.sort_by(|one, other| one.path.cmp(&other.path));
            for link in links {
                self.run_jobs(vec![link])?;
            }
        }
        list_unseen(self)
    }

    fn run_jobs(&self, jobs: Vec<Job>) -> Result<(), Panicked> {
        let crew = Crew::new(self.threads, jobs);
        crew.run(|| self.work(&crew))
    }

    /// None where the repository leaves the root out as a whole.
    fn first_job(&self) -> Option<Job> {
        let mut chain = self.scope.outermost.clone();
        if let Some(root) = self.scope.prefix.strip_suffix(b"/") {
            let known = Directories::default().around(&self.scope, root);
            if known.excluded.is_some() || is_ignored(&known.chain, root, true) {
                return None;
            }
            chain = known.chain;
        }
        Some(Job {
            path: self.scope.prefix.clone(),
            absolute: self.scope.root.clone(),
            chain,
            depth: 0,
            has_tracked: true,
            is_selected: false,
            is_linked: false,
        })
    }

    pub fn is_cancelled(&self) -> bool {
        self.control.cancelled.load(Ordering::Relaxed)
    }

    /// Takes what one thread finds.
    pub fn collector(&self) -> Collector<'_> {
        Collector::new(self.request.batch, &self.control.found, self.take)
    }

    /// Reads directories until there are none.
    fn work(&self, crew: &Crew<Job>) {
        let mut entries = Entries::default();
        let mut found = self.collector();
        let mut own = Vec::new();
        while let Some(job) = crew.next(&mut own) {
            if self.is_cancelled() {
                own.clear();
                continue;
            }
            self.read(&job, &mut entries, &mut found, &mut own);
            found.tell();
        }
        found.flush();
    }

    /// Reads one directory: its files go to `found`, its directories to `jobs`.
    fn read(
        &self,
        job: &Job,
        entries: &mut Entries,
        found: &mut Collector<'_>,
        jobs: &mut Vec<Job>,
    ) {
        if self.request.follow_links
            && let Ok(identity) = identity_of(&job.absolute)
            && !lock(&self.entered).insert(identity)
        {
            return;
        }
        if let Err(error) = entries.read(&job.absolute, job.is_linked || job.depth == 0) {
            if job.depth == 0 {
                *lock(&self.closed) = Some(error);
            } else {
                self.report(&job.path, error);
            }
            return;
        }
        if job.depth > 0 && !job.has_tracked {
            let has_git = entries.iter().any(|(name, _)| name == b".git");
            if has_git && self.scope.has_repository_at(&job.absolute) {
                self.push_repository(&job.path, job.is_selected, found);
                return;
            }
        }
        let has = |wanted: &[u8]| {
            entries
                .iter()
                .any(|(name, kind)| name == wanted && kind == Kind::File)
        };
        let mut report = |path: &[u8], error| self.report(path, error);
        let chain = self
            .scope
            .enter(&job.chain, &job.path, &job.absolute, has, &mut report);
        let mut path = job.path.clone();
        for (number, (name, kind)) in entries.iter().enumerate() {
            if number % PATIENCE == PATIENCE - 1 && self.is_cancelled() {
                return;
            }
            if self.is_passed_over(name) {
                continue;
            }
            path.truncate(job.path.len());
            path.extend_from_slice(name);
            let follows = kind == Kind::Link && self.request.follow_links;
            let kind = if follows {
                // A link that leads nowhere is listed as one.
                fs::metadata(job.absolute.join(path_from(name)))
                    .map_or(Kind::Link, |stats| stats.file_type().into())
            } else {
                kind
            };
            match kind {
                Kind::Other => {}
                Kind::File => self.file(job, &chain, &path, name, FileKind::File, found),
                Kind::Link => self.file(job, &chain, &path, name, FileKind::Link, found),
                Kind::Directory => {
                    let Some(inside) = self.directory(job, &chain, &path, name, follows, found)
                    else {
                        continue;
                    };
                    if follows {
                        self.see(&path);
                        lock(&self.links).push(inside);
                    } else {
                        jobs.push(inside);
                    }
                }
            }
        }
    }

    /// Marks a tracked path as found.
    fn see(&self, path: &[u8]) {
        if let Some(number) = self.tracked.find(path) {
            self.seen[number].store(true, Ordering::Relaxed);
        }
    }

    fn file(
        &self,
        job: &Job,
        chain: &Chain,
        path: &[u8],
        name: &[u8],
        kind: FileKind,
        found: &mut Collector<'_>,
    ) {
        let number = self.tracked.find(path);
        if let Some(number) = number {
            if self.request.deleted && self.tracked.path(number) != path {
                // The index has it in other letters, and git lists those.
                return;
            }
            self.seen[number].store(true, Ordering::Relaxed);
            let is_hidden = self.scope.has_extra()
                && is_ignored(chain, path, false)
                && is_ignored_by_extra(chain, path, false);
            if is_hidden {
                return;
            }
        } else if is_ignored(chain, path, false) {
            return;
        }
        let relative = self.relative(path);
        if self.globs.wants(relative, job.is_selected) && self.types.wants(relative, false) {
            let absolute = || job.absolute.join(path_from(name));
            self.push(path, kind, absolute, number.is_some(), found);
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
        found: &mut Collector<'_>,
    ) -> Option<Job> {
        let known = self.tracked.directory(path);
        if known == Some(IndexDirectory::Submodule) || is_ignored(chain, path, true) {
            return None;
        }
        let is_selected = match self.globs.of_directory(self.relative(path)) {
            Some(false) => return None,
            Some(true) => true,
            None => job.is_selected,
        };
        let absolute = job.absolute.join(path_from(name));
        let has_tracked = known == Some(IndexDirectory::HasFiles);
        let path = [path, b"/"].concat();
        let depth = job.depth + 1;
        if self.request.max_depth.is_some_and(|most| depth >= most) {
            // A repository is not entered anyway, and its own path is short enough.
            if !has_tracked && self.scope.has_repository_at(&absolute) {
                self.push_repository(&path, is_selected, found);
            }
            return None;
        }
        Some(Job {
            path,
            absolute,
            chain: chain.clone(),
            depth,
            has_tracked,
            is_selected,
            is_linked: is_linked || job.is_linked,
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

    /// A path from the top as one from the root.
    pub fn relative<'path>(&self, path: &'path [u8]) -> &'path [u8] {
        &path[self.scope.prefix.len()..]
    }

    fn push_repository(&self, path: &[u8], is_selected: bool, found: &mut Collector<'_>) {
        let bare = path.strip_suffix(b"/").unwrap_or(path);
        if self.request.deleted && self.tracked.has(bare) {
            // It was a file, and is tracked as one: git names that alone.
            return;
        }
        if self.types.is_empty() && self.globs.wants_directory(is_selected) {
            let stats = self.request.stat.then_some(None);
            found.push(self.relative(path), FileKind::Repository, stats);
        }
    }

    /// Lists a file, unless it is too large, or gone and not tracked.
    pub fn push(
        &self,
        path: &[u8],
        kind: FileKind,
        absolute: impl Fn() -> PathBuf,
        is_tracked: bool,
        found: &mut Collector<'_>,
    ) {
        let Request {
            stat,
            max_file_size,
            follow_links,
            deleted,
            ..
        } = *self.request;
        let mut stats = None;
        if stat || max_file_size.is_some() {
            let absolute = absolute();
            let followed = follow_links.then(|| fs::metadata(&absolute).ok()).flatten();
            match followed.map_or_else(|| fs::symlink_metadata(&absolute), Ok) {
                Ok(read) => stats = Some(Stats::from(&read)),
                Err(error) => {
                    self.report(path, error);
                    if !is_tracked || !deleted {
                        return;
                    }
                }
            }
        }
        let is_large = |stats: &Stats| max_file_size.is_some_and(|most| stats.size > most);
        if !stats.as_ref().is_some_and(is_large) {
            found.push(self.relative(path), kind, stat.then_some(stats));
        }
    }

    pub fn report(&self, path: &[u8], error: io::Error) {
        // What is gone by now was not there.
        let is_gone = matches!(
            error.kind(),
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
        );
        if !is_gone {
            let path = self.relative(path).to_vec();
            lock(&self.problems).push(Problem { path, error });
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
