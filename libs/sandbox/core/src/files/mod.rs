//! Files under the policy, free of races.
//!
//! Each action resolves its path, asks [`crate::evaluate`] about the place that it leads to, and then opens exactly that
//! place from a directory that is held open since the start, with the kernel told to follow no link at all. A link put in
//! the way in between is an error, never a way out. What was opened is compared once more, by device and inode, with what
//! the policy names. All that changes names works on one entry of a directory that is held open.
//!
//! | system | how |
//! | --- | --- |
//! | Linux | `openat2` with `RESOLVE_BENEATH`, `RESOLVE_NO_SYMLINKS`, `RESOLVE_NO_MAGICLINKS`; where it is missing, as below |
//! | other Unix | one `openat` with `O_NOFOLLOW` for each part |
//! | Windows | each part looked at before the call, and again after opening: a race can be won against changes of names |
//!
//! Not seen: a second name (hard link) that somebody outside the sandbox gave to a file *inside* a denied directory, and a
//! mount of a directory below a denied one elsewhere. A command in the sandbox can make neither.

mod change;
mod entries;
mod error;
#[cfg(any(not(unix), test))]
#[cfg_attr(all(unix, test), expect(dead_code))]
mod portable;
mod read;
mod tree;
#[cfg(all(test, unix))]
pub(crate) mod trial;
#[cfg(unix)]
mod unix;
mod write;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

pub use change::{Change, ChangeError, Changed, NewFile};
use entries::Stats;
pub use entries::{DirEntry, Listing, Metadata};
pub use error::FileError;
#[cfg(not(unix))]
use portable::Directory;
#[cfg(unix)]
use unix::Directory;
pub use write::WriteOptions;

use crate::clauses::Known;
use crate::decision::{Decision, Intent, Verdict, consider, evaluate};
use crate::grants::Grants;
use crate::names::NameError;
use crate::policy::Rules;
use crate::resolve::{End, FileKind, Identity, Nowhere, Resolved};

/// Files under a policy. Made once for a workspace, before anything runs in it; usable from all threads.
///
/// ```
/// use fishplate_sandbox::{Files, Policy, Rules, WriteOptions};
/// use std::path::Path;
///
/// # let workspace = std::env::temp_dir().join(format!("fishplate-doc-files-{}", std::process::id()));
/// # std::fs::create_dir_all(&workspace)?;
/// let files = Files::open(&Rules::new(Policy::default(), &workspace, None)?)?;
/// files.write_file(Path::new("notes.txt"), b"kept", WriteOptions::default())?;
/// assert_eq!(files.read_file(Path::new("notes.txt"), 1 << 20)?, b"kept");
/// let refused = files.delete(Path::new("notes.txt")).expect_err("nobody has granted it");
/// assert_eq!(refused.code(), "ACCESS_DENIED");
/// # std::fs::remove_dir_all(&workspace)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Files {
    rules: Rules,
    grants: RwLock<Arc<Grants>>,
    /// Directories that are held open: the workspace, the other roots, and what everything lies in.
    anchors: Vec<Anchor>,
}

#[derive(Debug)]
struct Anchor {
    path: PathBuf,
    directory: Directory,
    identity: Option<Identity>,
}

/// One entry of a directory that is held open.
#[derive(Debug)]
struct Place<'a> {
    directory: Directory,
    name: OsString,
    path: PathBuf,
    known: Known<'a>,
}

impl Files {
    /// Opens the roots of the policy.
    ///
    /// # Errors
    ///
    /// [`FileError`] where a root cannot be opened.
    pub fn open(rules: &Rules) -> Result<Self, FileError> {
        let mut anchors: Vec<Anchor> = Vec::new();
        let top = rules.workspace.ancestors().last();
        let roots = std::iter::once(rules.workspace.as_path())
            .chain(rules.writable_roots.iter().map(PathBuf::as_path))
            .chain(top);
        for path in roots {
            if anchors.iter().any(|anchor| anchor.path == path) {
                continue;
            }
            let failed = |error| FileError::from_io(path, error);
            let directory = Directory::open(path).map_err(failed)?;
            let identity = directory.identity().map_err(failed)?;
            anchors.push(Anchor {
                path: path.to_path_buf(),
                directory,
                identity,
            });
        }
        Ok(Self {
            rules: rules.clone(),
            grants: RwLock::default(),
            anchors,
        })
    }

    /// Replaces all grants.
    pub fn update_grants(&self, grants: Grants) {
        *self.grants.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(grants);
    }

    /// What the policy and the grants say about an action.
    ///
    /// # Errors
    ///
    /// [`NameError`].
    pub fn evaluate(&self, path: &Path, intent: Intent) -> Result<Decision, NameError> {
        evaluate(&self.rules, &self.grants(), path, intent)
    }

    /// The rules that it was opened with.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    fn grants(&self) -> Arc<Grants> {
        Arc::clone(&self.grants.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Where a path leads, if the action is allowed there.
    fn allowed(&self, path: &Path, intent: Intent) -> Result<Resolved, FileError> {
        self.allowed_at(path, intent, intent.follows_last_link())
    }

    fn allowed_at(&self, path: &Path, intent: Intent, follow: bool) -> Result<Resolved, FileError> {
        let (decision, resolved) = consider(&self.rules, &self.grants(), path, intent, follow)?;
        let Some(resolved) = resolved.filter(|_| decision.decision == Verdict::Allow) else {
            return Err(FileError::AccessDenied(Box::new(decision)));
        };
        let path = || path.to_path_buf();
        match resolved.end {
            End::Nowhere(Nowhere::BelowFile) => Err(FileError::NotADirectory { path: path() }),
            End::Nowhere(Nowhere::BehindMissing) => Err(FileError::Missing { path: path() }),
            _ => Ok(resolved),
        }
    }

    /// The directory at a path that is resolved; what it lies in is compared with the policy.
    fn directory(&self, path: &Path, intent: Intent) -> Result<(Directory, Known<'_>), FileError> {
        let failed = |error| FileError::from_io(path, error);
        let anchor = self
            .anchors
            .iter()
            .filter(|anchor| path.starts_with(&anchor.path))
            .max_by_key(|anchor| anchor.path.as_os_str().len());
        let Some((anchor, below)) =
            anchor.and_then(|anchor| Some((anchor, path.strip_prefix(&anchor.path).ok()?)))
        else {
            // Another drive of Windows: no root that is held open leads there.
            return Err(FileError::NotADirectory {
                path: path.to_path_buf(),
            });
        };
        let directory = anchor.directory.below(below).map_err(failed)?;
        let identities = directory.identities(anchor.identity).map_err(failed)?;
        let known = Known::look(&self.rules, intent);
        compare(&known, &identities, path)?;
        Ok((directory, known))
    }

    /// The entry at a path that is resolved.
    fn place(&self, path: &Path, intent: Intent) -> Result<Place<'_>, FileError> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(FileError::NotAFile {
                path: path.to_path_buf(),
                kind: FileKind::Directory,
            });
        };
        let (directory, known) = self.directory(parent, intent)?;
        Ok(Place {
            directory,
            name: name.to_owned(),
            path: path.to_path_buf(),
            known,
        })
    }
}

/// What is really there against what the policy names.
fn compare(known: &Known<'_>, opened: &[Identity], path: &Path) -> Result<(), FileError> {
    match known.against(opened, path) {
        Some(decision) => Err(FileError::AccessDenied(Box::new(decision))),
        None => Ok(()),
    }
}

impl Place<'_> {
    /// What stands here, compared with the policy; a link is itself.
    fn stat(&self) -> Result<Stats, FileError> {
        let stats = self
            .directory
            .stat(&self.name)
            .map_err(|error| self.failed(error))?;
        compare(&self.known, stats.identity.as_slice(), &self.path)?;
        Ok(stats)
    }

    fn failed(&self, error: std::io::Error) -> FileError {
        FileError::from_io(&self.path, error)
    }

    fn name(&self) -> &OsStr {
        &self.name
    }
}
