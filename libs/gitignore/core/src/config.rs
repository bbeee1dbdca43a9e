//! What git's configuration says about ignoring.

use std::fs;
use std::path::{Path, PathBuf};

use gix_config::file::{Metadata, includes, init};
use gix_config::path::interpolate;
use gix_config::{File as Config, Source};

use crate::disk::read_regular;
use crate::repository::RepositoryError;
use crate::rules::MAX_BYTES;

/// What configuration says that matters here.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// `core.ignoreCase`.
    pub ignore_case: bool,
    /// `core.excludesFile`, or where it is without that. A relative one begins at the top of the working tree.
    pub excludes_file: Option<PathBuf>,
    /// `core.worktree`, where it is there.
    pub working_tree: Option<PathBuf>,
    /// Whether it has no working tree: `core.bare`.
    pub is_bare: bool,
    /// Whether objects are named by SHA-256: `extensions.objectFormat`.
    pub is_sha256: bool,
}

impl Settings {
    /// Reads the configuration files that git would, with what they include: those of a repository too, whose own
    /// directory is `git_dir` and the one that its working trees share `common_dir`.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Config`] where one is damaged: git stops there too.
    pub fn read(repository: Option<(&Path, &Path)>) -> Result<Self, RepositoryError> {
        let own = repository.map(|(git_dir, common_dir)| Own::read(git_dir, common_dir));
        let own = own.transpose()?.unwrap_or_default();
        let config = configuration(repository, own.has_worktree_file)?;
        let excludes_file = match config.path("core.excludesFile") {
            Some(path) if path.is_empty() => None,
            Some(path) => interpolated(path),
            None => usual_excludes_file(),
        };
        let ignore_case =
            config
                .boolean("core.ignoreCase")
                .map_err(|error| RepositoryError::Config {
                    path: repository.map_or_else(PathBuf::new, |(_, common)| common.join("config")),
                    reason: format!("core.ignoreCase: {error}"),
                })?;
        Ok(Self {
            ignore_case: ignore_case.unwrap_or_default(),
            excludes_file,
            is_bare: own.is_bare && own.working_tree.is_none(),
            working_tree: own.working_tree,
            is_sha256: own.is_sha256,
        })
    }
}

/// What git takes from the repository's own files alone, and not from what they include.
#[derive(Debug, Default)]
struct Own {
    working_tree: Option<PathBuf>,
    is_bare: bool,
    is_sha256: bool,
    /// Whether `config.worktree` counts: `extensions.worktreeConfig`.
    has_worktree_file: bool,
}

impl Own {
    fn read(git_dir: &Path, common_dir: &Path) -> Result<Self, RepositoryError> {
        let mut files = vec![(common_dir.join("config"), Source::Local)];
        let options = init::Options {
            lossy: true,
            ..Default::default()
        };
        let mut config = read_files(&files, options)?;
        let has_worktree_file =
            matches!(config.boolean("extensions.worktreeConfig"), Ok(Some(true)));
        if has_worktree_file {
            files.push((git_dir.join("config.worktree"), Source::Worktree));
            config = read_files(&files, options)?;
        }
        // Linked working trees have their own place, and share the rest.
        let is_linked = git_dir != common_dir && !has_worktree_file;
        let named = config.path("core.worktree").filter(|_| !is_linked);
        let working_tree = match named.and_then(interpolated) {
            None => None,
            Some(named) => match fs::canonicalize(git_dir.join(&named)) {
                Ok(tree) => Some(tree),
                Err(error) => {
                    return Err(RepositoryError::Config {
                        path: common_dir.join("config"),
                        reason: format!("core.worktree names {}: {error}", named.display()),
                    });
                }
            },
        };
        let format = config.string("extensions.objectFormat");
        Ok(Self {
            working_tree,
            is_bare: !is_linked && matches!(config.boolean("core.bare"), Ok(Some(true))),
            is_sha256: format.is_some_and(|name| name.eq_ignore_ascii_case(b"sha256")),
            has_worktree_file,
        })
    }
}

fn interpolated(path: gix_config::Path) -> Option<PathBuf> {
    let home = home();
    let context = interpolate::Context {
        home_dir: home.as_deref(),
        ..Default::default()
    };
    path.interpolate(context).ok()
}

fn usual_excludes_file() -> Option<PathBuf> {
    config_home(home().as_deref()).map(|folder| folder.join("git/ignore"))
}

/// All files of configuration with what they include, later ones stronger.
fn configuration(
    repository: Option<(&Path, &Path)>,
    has_worktree_file: bool,
) -> Result<Config, RepositoryError> {
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
    if let Some((git_dir, common_dir)) = repository {
        files.push((common_dir.join("config"), Source::Local));
        if has_worktree_file {
            files.push((git_dir.join("config.worktree"), Source::Worktree));
        }
    }
    let context = interpolate::Context {
        home_dir: home.as_deref(),
        ..Default::default()
    };
    let branch = repository.and_then(|(git_dir, _)| branch_of(git_dir));
    let conditional = includes::conditional::Context {
        git_dir: repository.map(|(git_dir, _)| git_dir),
        branch_name: branch.as_ref().map(AsRef::as_ref),
    };
    let options = init::Options {
        includes: includes::Options::follow(context, conditional),
        lossy: true,
        ignore_io_errors: true,
    };
    read_files(&files, options)
}

/// The files that are there, later ones stronger.
fn read_files(
    files: &[(PathBuf, Source)],
    options: init::Options<'_>,
) -> Result<Config, RepositoryError> {
    // Reading a pipe or a device would not end.
    let there: Vec<&(PathBuf, Source)> = files
        .iter()
        .filter(|(path, _)| {
            fs::metadata(path).is_ok_and(|stats| stats.is_file() && stats.len() <= MAX_BYTES)
        })
        .collect();
    let read = |files: &[&(PathBuf, Source)]| {
        let mut sources = files
            .iter()
            .map(|(path, source)| Metadata::from(*source).at(path.clone()));
        Config::from_paths_metadata_buf(&mut sources, &mut Vec::new(), false, options)
    };
    let error = match read(&there) {
        Ok(config) => return Ok(config.unwrap_or_default()),
        Err(error) => error,
    };
    // Which of them it is, the error does not tell.
    let damaged = there.iter().find(|file| read(&[file]).is_err());
    Err(RepositoryError::Config {
        path: damaged.map_or_else(PathBuf::new, |(path, _)| path.clone()),
        reason: sources_of(&error),
    })
}

/// What an error says, and what those below it say.
fn sources_of(error: &dyn std::error::Error) -> String {
    let mut said = error.to_string();
    let mut below = error.source();
    while let Some(error) = below {
        said = format!("{said}: {error}");
        below = error.source();
    }
    said
}

/// The branch that is checked out, for `includeIf.onbranch`.
fn branch_of(git_dir: &Path) -> Option<gix_ref::FullName> {
    let head = read_regular(&git_dir.join("HEAD"), true, 64 << 10).ok()?;
    let named = head.strip_prefix(b"ref:")?.trim_ascii();
    gix_ref::FullName::try_from(std::str::from_utf8(named).ok()?).ok()
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
