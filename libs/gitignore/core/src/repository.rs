//! The repository around a directory, as far as ignoring goes: where its ignore files are, and what it tracks.

use std::fs;
use std::path::{Path, PathBuf};

use crate::bytes::{path_bytes, path_from};
use crate::config::Settings;
use crate::disk::read_regular;
use crate::index::IndexFile;
use crate::scope::OpenError;

/// A repository with a working tree.
#[derive(Debug)]
pub struct Repository {
    /// Top of the working tree, free of symbolic links.
    pub top: PathBuf,
    /// The directory asked about, below the top: empty, or with a slash at its end.
    pub prefix: Vec<u8>,
    /// What its configuration says.
    pub settings: Settings,
    /// What belongs to this working tree: index, HEAD.
    git_dir: PathBuf,
    /// What its working trees share: configuration, info.
    common_dir: PathBuf,
}

/// A problem that ends reading.
#[derive(Debug, thiserror::Error)]
pub enum RepositoryError {
    /// The index is there, and cannot be read.
    #[error("the index {} cannot be read: {reason}", path.display())]
    Index {
        /// Where it is.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A file of the configuration that counts is damaged, so nobody knows what it says about ignoring.
    #[error("the configuration {} cannot be read: {reason}", path.display())]
    Config {
        /// Where it is.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
}

impl Repository {
    /// Looks for the repository that `directory` lies in, upwards, within its file system as git does.
    ///
    /// `directory` must be free of symbolic links.
    ///
    /// # Errors
    ///
    /// [`OpenError::GitDirectory`] where it is no place of a working tree, [`OpenError::Repository`].
    pub fn discover(directory: &Path) -> Result<Option<Self>, OpenError> {
        let refused = || OpenError::GitDirectory {
            path: directory.to_path_buf(),
        };
        let device = device_of(directory);
        for top in directory.ancestors() {
            if device_of(top) != device {
                return Ok(None);
            }
            if let Some(git_dir) = git_dir_at(top) {
                let found = Self::at(directory, top, git_dir)?;
                if found.settings.is_bare {
                    return Err(refused());
                }
                let mut components = found.prefix.split(|&byte| byte == b'/');
                if components.any(|name| name == b".git") {
                    return Err(refused());
                }
                return Ok(Some(found));
            }
            if is_git_dir(top) {
                return Err(refused());
            }
        }
        Ok(None)
    }

    /// The repository of `git_dir`, found at `top`; its working tree may be elsewhere by `core.worktree`, which counts where
    /// `directory` lies in that.
    fn at(directory: &Path, top: &Path, git_dir: PathBuf) -> Result<Self, RepositoryError> {
        let common_dir = common_dir_of(&git_dir);
        let settings = Settings::read(Some((&git_dir, &common_dir)))?;
        let elsewhere = settings.working_tree.clone();
        let mut repository = Self {
            top: elsewhere
                .filter(|tree| directory.starts_with(tree))
                .unwrap_or_else(|| top.to_path_buf()),
            prefix: Vec::new(),
            settings,
            git_dir,
            common_dir,
        };
        let below = directory.strip_prefix(&repository.top);
        repository.prefix = path_bytes(below.unwrap_or(Path::new(""))).into_owned();
        if !repository.prefix.is_empty() {
            repository.prefix.push(b'/');
        }
        Ok(repository)
    }

    /// The ignore file that belongs to this clone alone.
    pub fn info_exclude(&self) -> PathBuf {
        self.common_dir.join("info/exclude")
    }

    /// `info/exclude` as git names it: from the top of the working tree where that leads there.
    pub fn shown_info_exclude(&self) -> Vec<u8> {
        let file = self.info_exclude();
        path_bytes(file.strip_prefix(&self.top).unwrap_or(&file)).into_owned()
    }

    /// What belongs to this working tree.
    pub fn git_dir(&self) -> &Path {
        &self.git_dir
    }

    /// Where the index is, and how to read it.
    pub fn index(&self) -> IndexFile {
        IndexFile {
            path: self.git_dir.join("index"),
            is_sha256: self.settings.is_sha256,
            ignore_case: self.settings.ignore_case,
        }
    }
}

/// The git directory of a working tree with its top at `top`: `.git`, or where a `.git` file points.
pub fn git_dir_at(top: &Path) -> Option<PathBuf> {
    let entry = top.join(".git");
    let stats = fs::metadata(&entry).ok()?;
    if stats.is_dir() {
        return is_git_dir(&entry).then_some(entry);
    }
    let target = pointed_to(&entry)?;
    is_git_dir(&target).then_some(target)
}

/// Where a `.git` file points.
fn pointed_to(file: &Path) -> Option<PathBuf> {
    let content = read_small(file)?;
    let line = content.strip_prefix(b"gitdir: ")?;
    let end = line
        .iter()
        .rposition(|byte| !matches!(byte, b'\n' | b'\r'))?
        + 1;
    let target = file.parent()?.join(path_from(&line[..end]));
    Some(fs::canonicalize(&target).unwrap_or(target))
}

/// Whether a directory holds a repository: a `HEAD` that says where it points, objects and refs.
fn is_git_dir(directory: &Path) -> bool {
    let common = common_dir_of(directory);
    is_head(&directory.join("HEAD"))
        && common.join("objects").is_dir()
        && common.join("refs").is_dir()
}

fn is_head(file: &Path) -> bool {
    if let Ok(target) = fs::read_link(file) {
        return path_bytes(&target).starts_with(b"refs/");
    }
    let Some(content) = read_small(file) else {
        return false;
    };
    if let Some(rest) = content.strip_prefix(b"ref:") {
        let start = rest.iter().position(|byte| !byte.is_ascii_whitespace());
        return start.is_some_and(|start| rest[start..].starts_with(b"refs/"));
    }
    content.len() >= 40 && content[..40].iter().all(u8::is_ascii_hexdigit)
}

fn common_dir_of(git_dir: &Path) -> PathBuf {
    let Some(content) = read_small(&git_dir.join("commondir")) else {
        return git_dir.to_path_buf();
    };
    let end = content
        .iter()
        .rposition(|byte| !byte.is_ascii_whitespace())
        .map_or(0, |last| last + 1);
    let target = git_dir.join(path_from(&content[..end]));
    fs::canonicalize(&target).unwrap_or(target)
}

/// Content of a file that can only be small; none where it is no regular one.
fn read_small(path: &Path) -> Option<Vec<u8>> {
    read_regular(path, true, 64 << 10).ok()
}

#[cfg(unix)]
fn device_of(path: &Path) -> Option<u64> {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).ok().map(|stats| stats.dev())
}

#[cfg(not(unix))]
fn device_of(_: &Path) -> Option<u64> {
    None
}
