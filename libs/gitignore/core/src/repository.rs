//! The repository around a directory, as far as ignoring goes: where its files of patterns are, and what it tracks.

use std::borrow::Cow;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use gix_config::file::{Metadata, includes, init};
use gix_config::path::interpolate;
use gix_config::{File as Config, Source};

use hashbrown::{HashMap, HashSet};

use crate::bytes::{path_bytes, path_from};
use crate::rules::{MAX_BYTES, Rules};

/// A repository with a working tree.
#[derive(Debug)]
pub struct Repository {
    /// Top of the working tree, free of symbolic links.
    pub top: PathBuf,
    /// The directory asked about, below the top: empty, or with a slash at its end.
    pub prefix: Vec<u8>,
    git_dir: PathBuf,
    common_dir: PathBuf,
}

/// What configuration says about ignoring.
#[derive(Debug, Default)]
pub struct Settings {
    /// `core.ignoreCase`.
    pub ignore_case: bool,
    /// `core.excludesFile`, or where it is without that.
    pub excludes_file: Option<PathBuf>,
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
}

impl Repository {
    /// Looks for the repository that `directory` lies in, upwards, within its file system as git does.
    ///
    /// `directory` must be free of symbolic links.
    pub fn discover(directory: &Path) -> Option<Self> {
        let device = device_of(directory);
        for top in directory.ancestors() {
            if device_of(top) != device {
                return None;
            }
            if let Some(git_dir) = git_dir_at(top) {
                let common_dir = common_dir_of(&git_dir);
                let below = directory.strip_prefix(top).unwrap_or(Path::new(""));
                let mut prefix = path_bytes(below).into_owned();
                if !prefix.is_empty() {
                    prefix.push(b'/');
                }
                return Some(Self {
                    top: top.to_path_buf(),
                    prefix,
                    git_dir,
                    common_dir,
                });
            }
        }
        None
    }

    /// The file of patterns that belongs to this clone alone.
    pub fn info_exclude(&self) -> PathBuf {
        self.common_dir.join("info/exclude")
    }

    /// `info/exclude` as git names it: from the top of the working tree where that leads there.
    pub fn shown_info_exclude(&self) -> Vec<u8> {
        let file = self.info_exclude();
        path_bytes(file.strip_prefix(&self.top).unwrap_or(&file)).into_owned()
    }

    /// Reads the configuration files that git would, with what they include.
    pub fn settings(&self) -> Settings {
        settings(Some(self))
    }

    /// Reads the index.
    pub fn tracked(&self, ignore_case: bool) -> Result<Tracked, RepositoryError> {
        let path = self.git_dir.join("index");
        match fs::metadata(&path) {
            Ok(stats) if stats.is_file() => {}
            // A pipe would be waited for.
            Ok(_) => {
                return Err(RepositoryError::Index {
                    path,
                    reason: "it is no regular file".to_owned(),
                });
            }
            Err(_) => return Ok(Tracked::default()),
        }
        let options = gix_index::decode::Options {
            alloc_limit_bytes: Some(4 << 30),
            ..Default::default()
        };
        let hash = match self
            .config()
            .and_then(|config| config.string("extensions.objectFormat"))
        {
            Some(name) if name.eq_ignore_ascii_case(b"sha256") => gix_index::hash::Kind::Sha256,
            _ => gix_index::hash::Kind::Sha1,
        };
        match gix_index::File::at(&path, hash, true, options) {
            Ok(file) => Ok(Tracked::new(&file, ignore_case)),
            Err(error) => Err(RepositoryError::Index {
                path,
                reason: error.to_string(),
            }),
        }
    }

    fn config(&self) -> Option<Config> {
        configuration(Some(self))
    }
}

/// What configuration says outside any repository.
pub fn global_settings() -> Settings {
    settings(None)
}

fn settings(repository: Option<&Repository>) -> Settings {
    let config = configuration(repository);
    let home = home();
    let named = config
        .as_ref()
        .and_then(|config| config.path("core.excludesFile"));
    let excludes_file = match named {
        Some(path) if path.is_empty() => None,
        Some(path) => {
            let context = interpolate::Context {
                home_dir: home.as_deref(),
                ..Default::default()
            };
            path.interpolate(context).ok().map(|path| match repository {
                Some(repository) if path.is_relative() => repository.top.join(path),
                _ => path,
            })
        }
        None => config_home(home.as_deref()).map(|folder| folder.join("git/ignore")),
    };
    Settings {
        ignore_case: config
            .and_then(|config| config.boolean("core.ignoreCase").ok().flatten())
            .unwrap_or(false),
        excludes_file,
    }
}

/// All files of configuration, later ones stronger. None where they cannot be read as such.
fn configuration(repository: Option<&Repository>) -> Option<Config> {
    let home = home();
    let mut files: Vec<(PathBuf, Source)> = Vec::new();
    let is_off = std::env::var_os("GIT_CONFIG_NOSYSTEM")
        .is_some_and(|value| value != "0" && !value.is_empty());
    if !is_off {
        let system = std::env::var_os("GIT_CONFIG_SYSTEM")
            .map_or_else(|| "/etc/gitconfig".into(), PathBuf::from);
        files.push((system, Source::System));
    }
    if let Some(global) = std::env::var_os("GIT_CONFIG_GLOBAL") {
        files.push((global.into(), Source::User));
    } else {
        if let Some(folder) = config_home(home.as_deref()) {
            files.push((folder.join("git/config"), Source::Git));
        }
        if let Some(home) = &home {
            files.push((home.join(".gitconfig"), Source::User));
        }
    }
    if let Some(repository) = repository {
        files.push((repository.common_dir.join("config"), Source::Local));
    }
    // Reading a pipe or a device would not end.
    files.retain(|(path, _)| {
        fs::metadata(path).is_ok_and(|stats| stats.is_file() && stats.len() <= MAX_BYTES)
    });
    let read = |files: &[(PathBuf, Source)]| {
        let context = interpolate::Context {
            home_dir: home.as_deref(),
            ..Default::default()
        };
        let conditional = includes::conditional::Context {
            git_dir: repository.map(|repository| repository.git_dir.as_path()),
            branch_name: None,
        };
        let options = init::Options {
            includes: includes::Options::follow(context, conditional),
            lossy: true,
            ignore_io_errors: true,
        };
        let mut sources = files
            .iter()
            .map(|(path, source)| Metadata::from(*source).at(path.clone()));
        Config::from_paths_metadata_buf(&mut sources, &mut Vec::new(), false, options)
            .ok()
            .flatten()
    };
    let config = read(&files);
    let own = config.as_ref().is_some_and(|config| {
        matches!(config.boolean("extensions.worktreeConfig"), Ok(Some(true)))
    });
    match repository {
        Some(repository) if own && repository.git_dir.join("config.worktree").is_file() => {
            files.push((repository.git_dir.join("config.worktree"), Source::Worktree));
            read(&files)
        }
        _ => config,
    }
}

fn home() -> Option<PathBuf> {
    std::env::var_os(if cfg!(windows) { "USERPROFILE" } else { "HOME" })
        .filter(|home| !home.is_empty())
        .map(PathBuf::from)
}

fn config_home(home: Option<&Path>) -> Option<PathBuf> {
    std::env::var_os("XDG_CONFIG_HOME")
        .filter(|folder| !folder.is_empty())
        .map(PathBuf::from)
        .or_else(|| home.map(|home| home.join(".config")))
}

/// The git directory of a working tree with its top at `top`: `.git`, or where a `.git` file points.
fn git_dir_at(top: &Path) -> Option<PathBuf> {
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
    if !fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let mut content = Vec::new();
    fs::File::open(path)
        .ok()?
        .take(64 << 10)
        .read_to_end(&mut content)
        .ok()?;
    Some(content)
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

/// Whether an untracked directory is a repository of its own, of which git shows the name alone.
pub fn is_nested_repository(directory: &Path) -> bool {
    git_dir_at(directory).is_some()
}

/// Reads a file of patterns that may be a link. None where it is none, or cannot be read.
pub fn read_rules(path: &Path, ignore_case: bool) -> Option<Rules> {
    let stats = fs::metadata(path).ok()?;
    if !stats.is_file() || stats.len() > MAX_BYTES {
        return None;
    }
    let mut content = Vec::new();
    fs::File::open(path)
        .ok()?
        .take(MAX_BYTES)
        .read_to_end(&mut content)
        .ok()?;
    Some(Rules::parse(&content, ignore_case))
}

/// What the index holds.
#[derive(Debug, Default)]
pub struct Tracked {
    /// All paths after each other, each once, in order; `ends` says where each ends.
    names: Vec<u8>,
    ends: Vec<usize>,
    /// As indexes into `ends`, by path; folded where case is ignored.
    files: HashSet<Vec<u8>>,
    directories: HashMap<Vec<u8>, IndexDirectory>,
    links: HashSet<Vec<u8>>,
    ignore_case: bool,
}

/// What a directory is to the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexDirectory {
    /// There are tracked files in it.
    HasFiles,
    /// A submodule.
    Submodule,
}

impl Tracked {
    fn new(index: &gix_index::File, ignore_case: bool) -> Self {
        let mut tracked = Self {
            ignore_case,
            ..Self::default()
        };
        let fold = |path: &[u8]| crate::rules::folded(path, ignore_case);
        let mut last: &[u8] = b"";
        for entry in index.entries() {
            let path: &[u8] = entry.path(index);
            if path == last && !last.is_empty() {
                // Another stage of a path in conflict.
                continue;
            }
            for (slash, _) in path.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
                if !last.starts_with(&path[..=slash]) {
                    tracked
                        .directories
                        .insert(fold(&path[..slash]), IndexDirectory::HasFiles);
                }
            }
            if entry.mode == gix_index::entry::Mode::COMMIT {
                tracked
                    .directories
                    .insert(fold(path), IndexDirectory::Submodule);
            }
            if entry.mode == gix_index::entry::Mode::SYMLINK {
                tracked.links.insert(fold(path));
            }
            tracked.names.extend_from_slice(path);
            tracked.ends.push(tracked.names.len());
            tracked.files.insert(fold(path));
            last = path;
        }
        tracked
    }

    /// The paths, in order of their bytes.
    pub fn paths(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts
            .zip(&self.ends)
            .map(|(start, end)| &self.names[start..*end])
    }

    fn key<'a>(&self, path: &'a [u8]) -> Cow<'a, [u8]> {
        if self.ignore_case {
            Cow::Owned(path.to_ascii_lowercase())
        } else {
            Cow::Borrowed(path)
        }
    }

    /// Whether a file is tracked.
    pub fn has(&self, path: &[u8]) -> bool {
        self.files.contains(self.key(path).as_ref())
    }

    /// Whether a symbolic link is tracked.
    pub fn is_link(&self, path: &[u8]) -> bool {
        self.links.contains(self.key(path).as_ref())
    }

    /// What a directory, without its slash, is to the index.
    pub fn directory(&self, path: &[u8]) -> Option<IndexDirectory> {
        self.directories.get(self.key(path).as_ref()).copied()
    }
}
