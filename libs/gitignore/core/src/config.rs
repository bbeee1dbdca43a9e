//! What git's configuration says about ignoring.

use std::fs;
use std::path::{Path, PathBuf};

use gix_config::file::{Metadata, includes, init};
use gix_config::path::interpolate;
use gix_config::{File as Config, Source};

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
    /// Whether objects are named by SHA-256: `extensions.objectFormat`.
    pub is_sha256: bool,
}

impl Settings {
    /// Reads the configuration files that git would, with what they include: those of a repository too, whose own
    /// directory is `git_dir` and the one that its working trees share `common_dir`.
    pub fn read(repository: Option<(&Path, &Path)>) -> Self {
        let Some(config) = configuration(repository) else {
            return Self {
                excludes_file: usual_excludes_file(),
                ..Self::default()
            };
        };
        let excludes_file = match config.path("core.excludesFile") {
            Some(path) if path.is_empty() => None,
            Some(path) => interpolated(path),
            None => usual_excludes_file(),
        };
        let working_tree = repository.and_then(|(git_dir, _)| {
            let named = interpolated(config.path("core.worktree")?)?;
            fs::canonicalize(git_dir.join(named)).ok()
        });
        let format = config.string("extensions.objectFormat");
        Self {
            ignore_case: matches!(config.boolean("core.ignoreCase"), Ok(Some(true))),
            excludes_file,
            working_tree,
            is_sha256: format.is_some_and(|name| name.eq_ignore_ascii_case(b"sha256")),
        }
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

/// All files of configuration, later ones stronger. None where they cannot be read as such.
fn configuration(repository: Option<(&Path, &Path)>) -> Option<Config> {
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
    if let Some((_, common_dir)) = repository {
        files.push((common_dir.join("config"), Source::Local));
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
            git_dir: repository.map(|(git_dir, _)| git_dir),
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
    match repository.map(|(git_dir, _)| git_dir.join("config.worktree")) {
        Some(file) if own && file.is_file() => {
            files.push((file, Source::Worktree));
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
