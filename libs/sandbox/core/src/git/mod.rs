//! What git would later run or trust, for the person outside, beyond the names that are always the same: in directories that
//! a `.git` file, a worktree or a submodule leads to, and what a configuration names.
//!
//! It is looked at when a sandbox is opened, and again for each command. All of it is bounded, and what cannot be read names
//! nothing.

mod config;

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use fishplate_sandbox_helper::StandIn;

use crate::policy::absolute;
use config::{Setting, settings};

/// Directories that are looked at, and files that are read, for one root.
const MOST_DIRECTORIES: usize = 512;
const MOST_FILES: usize = 64;
/// A configuration of more bytes is read to here.
const MOST_BYTES: u64 = 1 << 20;

/// In a directory of git, what decides over what it runs, and what stands for it where it is missing: a common directory that
/// is itself, and settings that are none, change nothing.
const NAMES: [(&str, StandIn); 5] = [
    ("hooks", StandIn::Socket),
    ("config", StandIn::Socket),
    ("commondir", StandIn::Itself),
    ("config.worktree", StandIn::Empty),
    ("modules", StandIn::Directory),
];

/// A path that is not to be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GitPath {
    pub path: PathBuf,
    /// What stands for it where it is missing.
    pub stand_in: StandIn,
    /// What names it, for the clause: `core.hooksPath`, `submodule`.
    pub why: String,
}

/// All that is found below some roots.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct GitPaths {
    pub held: Vec<GitPath>,
    /// Directories below those that stay writable: of submodules that are there.
    pub open: Vec<PathBuf>,
    /// Directories in which nothing can stand for a missing `commondir`: git would forget `core.worktree`.
    pub without_common: Vec<PathBuf>,
}

/// What stands for a protected path where it is missing.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
pub(crate) fn stand_in(path: &Path) -> StandIn {
    let is_in_git = path.parent().and_then(Path::file_name) == Some(".git".as_ref());
    let known = |(name, _): &&(&str, StandIn)| path.file_name() == Some(name.as_ref());
    match NAMES.iter().find(known) {
        Some((_, stand_in)) if is_in_git => *stand_in,
        _ => StandIn::Socket,
    }
}

/// Looks at each of `roots`; answers what lies below one of `within`.
pub(crate) fn look(roots: &[PathBuf], within: &[PathBuf], home: Option<&Path>) -> GitPaths {
    let mut all = GitPaths::default();
    for root in roots {
        let mut look = Look {
            home,
            found: GitPaths::default(),
            directories: 0,
            seen: BTreeSet::new(),
        };
        look.root(root);
        all.held.extend(look.found.held);
        all.open.extend(look.found.open);
        all.without_common.extend(look.found.without_common);
    }
    let is_below = |path: &Path| {
        let mut above = within.iter();
        above.any(|above| path.starts_with(above) && path != above)
    };
    all.held.retain(|held| is_below(&held.path));
    all.open.retain(|path| is_below(path));
    all
}

/// Whether git would take a directory for a repository: without a look at what `HEAD` holds, which can change.
pub(crate) fn is_repository(directory: &Path) -> bool {
    let there = |name: &str| directory.join(name).symlink_metadata().is_ok();
    there("HEAD") && (there("commondir") || there("objects") && there("refs"))
}

struct Look<'a> {
    home: Option<&'a Path>,
    found: GitPaths,
    directories: usize,
    /// Configuration files that were read.
    seen: BTreeSet<PathBuf>,
}

impl Look<'_> {
    fn root(&mut self, root: &Path) {
        if is_repository(root) {
            let top = match root.parent() {
                Some(above) if root.file_name() == Some(".git".as_ref()) => above,
                _ => root,
            };
            self.repository(root, top, "repository");
        }
        let named = root.join(".git");
        let why = if named.is_file() {
            ".git"
        } else {
            "repository"
        };
        if let Some(directory) = directory_of(&named) {
            self.repository(&directory, root, why);
        }
    }

    /// A repository whose files lie in `top`.
    fn repository(&mut self, directory: &Path, top: &Path, why: &str) {
        let common = common_of(directory);
        self.names(directory, why);
        if common != directory {
            self.names(&common, why);
        }
        for worktree in self.children(&common.join("worktrees")) {
            let common = worktree.join("commondir");
            if common.symlink_metadata().is_ok() {
                self.hold(common, StandIn::Socket, "worktree");
                let config = worktree.join("config.worktree");
                self.hold(config, StandIn::Empty, "worktree");
            }
        }
        self.modules(&common.join("modules"), 0);
        if self.configuration(&common.join("config"), top) {
            self.found.without_common.push(common.clone());
        }
        self.configuration(&common.join("config.worktree"), top);
        self.configuration(&directory.join("config.worktree"), top);
        if let Some(home) = self.home {
            self.configuration(&home.join(".gitconfig"), top);
            self.configuration(&home.join(".config/git/config"), top);
        }
        self.configuration(Path::new("/etc/gitconfig"), top);
    }

    fn names(&mut self, directory: &Path, why: &str) {
        for (name, stand_in) in NAMES {
            self.hold(directory.join(name), stand_in, why);
        }
    }

    /// Submodules, also those in directories and those of submodules.
    fn modules(&mut self, directory: &Path, depth: u32) {
        if depth > 16 {
            return;
        }
        for child in self.children(directory) {
            if child.join("HEAD").symlink_metadata().is_err() {
                self.modules(&child, depth + 1);
                continue;
            }
            self.found.open.push(child.clone());
            self.names(&child, "submodule");
            let config = child.join("config");
            let read = read(&config)
                .map(|text| settings(&text))
                .unwrap_or_default();
            let named = read
                .iter()
                .rfind(|setting| setting.section == "core" && setting.name == "worktree");
            if let Some(value) = named.and_then(|setting| setting.value.as_deref()) {
                let top = absolute(&path_of(value), &child, None);
                self.hold(top.join(".git"), StandIn::Socket, "submodule");
                self.configuration(&config, &top);
            }
            self.modules(&child.join("modules"), depth + 1);
        }
    }

    /// Directories in a directory, by name.
    fn children(&mut self, directory: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        let mut found: Vec<PathBuf> = entries
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
            .map(|entry| entry.path())
            .collect();
        found.sort();
        found.truncate(MOST_DIRECTORIES.saturating_sub(self.directories));
        self.directories += found.len();
        found
    }

    /// What a file names, and the files that it includes. Answers whether it sets `core.worktree`.
    fn configuration(&mut self, file: &Path, top: &Path) -> bool {
        if self.seen.len() >= MOST_FILES || !self.seen.insert(file.to_path_buf()) {
            return false;
        }
        let Some(text) = read(file) else {
            return false;
        };
        let mut has_worktree = false;
        for setting in settings(&text) {
            has_worktree |= setting.section == "core" && setting.name == "worktree";
            self.setting(&setting, file, top);
        }
        has_worktree
    }

    fn setting(&mut self, setting: &Setting, file: &Path, top: &Path) {
        let Some(value) = setting.value.as_deref().filter(|value| !value.is_empty()) else {
            return;
        };
        let key = (setting.section.as_str(), setting.name.as_str());
        match key {
            ("include" | "includeif", "path") => {
                let base = file.parent().unwrap_or(top);
                let path = absolute(&path_of(value), base, self.home);
                self.hold(path.clone(), StandIn::Empty, "include.path");
                self.configuration(&path, top);
            }
            ("core", "hookspath") => {
                let path = absolute(&path_of(value), top, self.home);
                self.hold(path, StandIn::Socket, "core.hooksPath");
            }
            _ if is_command(key) => self.command(value, top, &format!("{}.{}", key.0, key.1)),
            _ => {}
        }
    }

    /// The files that a command line names: the program where it is a path, and what is there.
    fn command(&mut self, line: &[u8], top: &Path, why: &str) {
        let words = line
            .split(|byte| {
                byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b';' | b'&' | b'|')
            })
            .map(|word| word.strip_prefix(b"!").unwrap_or(word))
            .filter(|word| !word.is_empty());
        for (index, word) in words.enumerate() {
            if !word.contains(&b'/') {
                continue;
            }
            let path = absolute(&path_of(word), top, self.home);
            if index == 0 || path.is_file() {
                self.hold(path, StandIn::Socket, why);
            }
        }
    }

    fn hold(&mut self, path: PathBuf, stand_in: StandIn, why: &str) {
        if self.found.held.iter().all(|held| held.path != path) {
            self.found.held.push(GitPath {
                path,
                stand_in,
                why: why.to_owned(),
            });
        }
    }
}

/// Settings that git runs without being told to.
fn is_command(key: (&str, &str)) -> bool {
    match key {
        ("core", name) => matches!(
            name,
            "fsmonitor" | "sshcommand" | "editor" | "pager" | "askpass" | "gitproxy"
        ),
        ("sequence", "editor") | ("gpg", "program") | ("credential", "helper") => true,
        ("diff", name) => matches!(name, "external" | "command" | "textconv"),
        ("filter", name) => matches!(name, "clean" | "smudge" | "process"),
        ("merge", "driver") | ("interactive", "difffilter") => true,
        ("pager", _) => true,
        _ => false,
    }
}

/// The directory of git that a `.git` is, or names.
fn directory_of(named: &Path) -> Option<PathBuf> {
    let found = fs::metadata(named).ok()?;
    if found.is_dir() {
        return fs::canonicalize(named).ok();
    }
    let text = read(named)?;
    let target = text.strip_prefix(b"gitdir:")?;
    fs::canonicalize(named.parent()?.join(path_of(target.trim_ascii()))).ok()
}

/// Where a directory of git has what it shares with others.
fn common_of(directory: &Path) -> PathBuf {
    let named =
        read(&directory.join("commondir")).map(|text| directory.join(path_of(text.trim_ascii())));
    named
        .and_then(|path| fs::canonicalize(path).ok())
        .unwrap_or_else(|| directory.to_path_buf())
}

/// The beginning of a regular file.
fn read(path: &Path) -> Option<Vec<u8>> {
    if !fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let mut text = Vec::new();
    let mut options = fs::File::options();
    // Looked at above, and maybe a pipe by now, which would be waited for.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
    let file = options.read(true).open(path).ok()?;
    file.take(MOST_BYTES).read_to_end(&mut text).ok()?;
    Some(text)
}

#[cfg(unix)]
fn path_of(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    std::ffi::OsStr::from_bytes(bytes).into()
}

#[cfg(not(unix))]
fn path_of(bytes: &[u8]) -> PathBuf {
    String::from_utf8_lossy(bytes).into_owned().into()
}
