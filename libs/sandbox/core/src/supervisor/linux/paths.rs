//! Which paths a plan names: what is denied, by all its names; what is protected; what may be read without a view of its own.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use fishplate_sandbox_helper::{Guard, Protected, StandIn};

use super::plan::path_text;
use super::sockets::HostSockets;
use crate::git::{self, GitPaths};
use crate::policy::{Mode, Rules};
use crate::supervisor::StartError;

/// Host sockets that are covered one by one, each by a mount: where there are more, nothing is started.
const MOST_SOCKETS: usize = 512;

/// Outer directories before those in them.
pub(super) fn outer_first(paths: &[PathBuf]) -> Vec<PathBuf> {
    let mut sorted = paths.to_vec();
    sorted.sort_by_key(|path| path.components().count());
    sorted
}

/// What nobody may read, also what is not there yet: it may come while a command runs. Also where it is mounted a second time, and the sockets of the host that
/// lie outside of what is hidden.
///
/// # Errors
///
/// [`StartError::Confine`] where there are more sockets than can be covered.
pub(super) fn denied(
    rules: &Rules,
    hidden: &[(PathBuf, bool)],
    sockets: Option<&HostSockets>,
) -> Result<Vec<PathBuf>, StartError> {
    let mut denied: BTreeSet<PathBuf> = rules.read_deny.iter().cloned().collect();
    if !denied.is_empty() {
        let mounts = Mounts::read();
        let twins: Vec<_> = denied.iter().flat_map(|path| mounts.twins(path)).collect();
        denied.extend(twins);
    }
    if let Some(sockets) = sockets {
        let is_hidden = |path: &Path| hidden.iter().any(|(above, _)| path.starts_with(above));
        let is_root = |path: &Path| {
            rules
                .writable_roots
                .iter()
                .any(|root| path.starts_with(root))
        };
        let seen: Vec<_> = sockets
            .paths
            .iter()
            .filter(|path| !is_hidden(path) || is_root(path))
            .cloned()
            .collect();
        if seen.len() > MOST_SOCKETS {
            return Err(StartError::Confine {
                step: "hostSockets".to_owned(),
                detail: format!(
                    "{} sockets of the host are in sight of the command, and {MOST_SOCKETS} can be covered",
                    seen.len()
                ),
                error: std::io::ErrorKind::QuotaExceeded.into(),
            });
        }
        denied.extend(seen);
    }
    Ok(denied.into_iter().collect())
}

/// A denied file that has other names on its disk, which nothing that goes by paths can find.
pub(crate) fn denied_with_other_names(rules: &Rules) -> Option<&PathBuf> {
    let has_more = |path: &&PathBuf| {
        std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.nlink() > 1)
    };
    rules.read_deny.iter().find(has_more)
}

/// Why protected paths can be changed though each is held in its place.
pub(crate) fn unheld(rules: &Rules) -> Vec<String> {
    let has_more = |path: &Path| {
        std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.nlink() > 1)
    };
    let git = git_paths(rules);
    let lately = git.held.iter().map(|git| &git.path);
    let linked = rules
        .protected
        .iter()
        .chain(lately)
        .find(|path| has_more(path));
    let lost = git
        .without_common
        .iter()
        .map(|common| common.join("commondir"));
    let lost = lost.filter(|path| path.symlink_metadata().is_err());
    let linked = linked.map(|path| {
        format!(
            "{} has further hard links, by which it can be written",
            path.display()
        )
    });
    let lost = lost.map(|path| {
        format!(
            "{} can be made, since git would forget core.worktree for what stands for it",
            path.display()
        )
    });
    linked.into_iter().chain(lost).collect()
}

/// What git would run below the roots, as it is now: what lies in a repository changes between commands.
fn git_paths(rules: &Rules) -> GitPaths {
    if rules.policy.mode == Mode::ReadOnly || !rules.policy.protects_defaults() {
        return GitPaths::default();
    }
    git::look(
        rules.guarded_roots(),
        &rules.writable_roots,
        rules.home.as_deref(),
    )
}

/// A denied path below a writable root.
pub(crate) fn denied_in_a_root(rules: &Rules) -> Option<&PathBuf> {
    let is_below = |path: &&PathBuf| {
        let mut roots = rules.writable_roots.iter();
        roots.any(|root| path.starts_with(root)) || rules.policy.mode == Mode::FullAccess
    };
    rules.read_deny.iter().find(is_below)
}

/// What stays as it is below the writable roots: protected paths, what links on the way lead to, the way to roots that lie in
/// other roots, and the way to what is denied: moved with a directory above it, it would be found by no later command's plan.
pub(super) fn protected(rules: &Rules, denied: &[PathBuf]) -> Vec<Protected> {
    let roots: Vec<PathBuf> = match rules.policy.mode {
        Mode::ReadOnly => return Vec::new(),
        Mode::FullAccess => vec![PathBuf::from("/")],
        Mode::WorkspaceWrite => outer_first(&rules.writable_roots),
    };
    let innermost = |path: &Path| {
        let above = roots.iter().filter(|root| path.starts_with(root));
        above.max_by_key(|root| root.components().count())
    };
    let mut found: Vec<(PathBuf, PathBuf, Guard)> = Vec::new();
    let mut add = |path: &Path, root: &Path, guard: Guard| {
        if let Ok(below) = path.strip_prefix(root)
            && !below.as_os_str().is_empty()
        {
            found.push((root.to_path_buf(), below.to_path_buf(), guard));
        }
    };
    for inner in &roots {
        let outer = roots.iter().filter(|outer| *outer != inner);
        for outer in outer.filter(|outer| inner.starts_with(outer)) {
            add(inner, outer, Guard::Place);
        }
    }
    let git = git_paths(rules);
    let lately = git.held.iter().map(|git| (&git.path, git.stand_in));
    let named = rules
        .protected
        .iter()
        .filter(|path| git.held.iter().all(|git| git.path != **path))
        .map(|path| (path, git::stand_in(path)));
    for (path, stand_in) in named.chain(lately) {
        let Some(root) = innermost(path) else {
            continue;
        };
        let is_lost = |common: &PathBuf| path.parent() == Some(common);
        let stand_in = if stand_in == StandIn::Itself && git.without_common.iter().any(is_lost) {
            StandIn::Nothing
        } else {
            stand_in
        };
        add(path, root, Guard::All(stand_in));
        if let Some(real) = through_links(root, path)
            && let Some(root) = innermost(&real)
        {
            add(&real, root, Guard::All(stand_in));
        }
    }
    for path in &git.open {
        if let Some(root) = innermost(path) {
            add(path, root, Guard::Open);
        }
    }
    // What is denied is covered itself, and so stays where it is; sockets among it come and go.
    for parent in denied.iter().filter_map(|path| path.parent()) {
        let real = innermost(parent).and_then(|root| through_links(root, parent));
        for parent in std::iter::once(parent).chain(real.as_deref()) {
            if let Some(root) = innermost(parent) {
                add(parent, root, Guard::Place);
            }
        }
    }
    // Outer ones first: what is mounted on a directory covers what was mounted below it before.
    found.sort_by_key(|(root, below, _)| {
        (
            root.components().count(),
            root.clone(),
            below.components().count(),
        )
    });
    found.dedup();
    let pair = |(root, below, guard): (PathBuf, PathBuf, Guard)| {
        Some(Protected {
            root: path_text(&root)?,
            below: path_text(&below)?,
            guard,
        })
    };
    found.into_iter().filter_map(pair).collect()
}

/// Roots that are no repositories of git, and must not become any: git would run what is laid out in them.
pub(super) fn unborn(rules: &Rules) -> Vec<PathBuf> {
    if rules.policy.mode != Mode::WorkspaceWrite || !rules.policy.protects_defaults() {
        return Vec::new();
    }
    let roots = rules.writable_roots.iter();
    roots
        .filter(|root| !git::is_repository(root))
        .cloned()
        .collect()
}

/// The same place without links on the way below a root, where there are any. Roots have none themselves.
fn through_links(root: &Path, path: &Path) -> Option<PathBuf> {
    let below = path.strip_prefix(root).ok()?;
    let mut known = root.to_path_buf();
    let mut parts = below.components();
    while let Some(part) = parts.next() {
        known.push(part);
        let found = known.symlink_metadata().ok()?;
        if found.is_symlink() {
            let real = std::fs::canonicalize(&known).ok()?.join(parts.as_path());
            // What a link leads to may have links itself; the kernel follows no more than forty.
            return Some(std::fs::canonicalize(&real).unwrap_or(real));
        }
    }
    None
}

/// Without a view of its own: the least directories and files that make up everything but what is denied. Landlock allows with
/// all that is below, so on the way to a denied path its neighbours are allowed one by one.
pub(super) fn readable(denied: &[PathBuf]) -> Vec<PathBuf> {
    // Devices are allowed by name: of root, disks and the machine's memory could be read.
    let kernel = [
        "/dev",
        "/sys/kernel/debug",
        "/sys/kernel/tracing",
        "/sys/firmware",
    ];
    let denied: Vec<PathBuf> = kernel
        .into_iter()
        .map(PathBuf::from)
        .chain(denied.iter().cloned())
        .filter_map(|path| std::fs::canonicalize(path).ok())
        .collect();
    let mut found = vec![PathBuf::from("/dev/shm")];
    let mut open = vec![PathBuf::from("/")];
    while let Some(directory) = open.pop() {
        if denied.contains(&directory) {
            continue;
        }
        if !denied.iter().any(|path| path.starts_with(&directory)) {
            found.push(directory);
            continue;
        }
        let Ok(entries) = std::fs::read_dir(&directory) else {
            continue;
        };
        for entry in entries.flatten() {
            // A link is no place of its own: what it leads to is allowed where it lies.
            if entry.file_type().is_ok_and(|kind| !kind.is_symlink()) {
                open.push(entry.path());
            }
        }
    }
    found
}

/// The mounts of this process.
struct Mounts(Vec<Mount>);

struct Mount {
    device: Vec<u8>,
    /// Which directory of its file system is mounted.
    root: PathBuf,
    place: PathBuf,
}

impl Mounts {
    fn read() -> Self {
        let text = std::fs::read("/proc/self/mountinfo").unwrap_or_default();
        let parse = |line: &[u8]| {
            let mut words = line.split(|byte| *byte == b' ').skip(2);
            Some(Mount {
                device: words.next()?.to_vec(),
                root: unescape(words.next()?),
                place: unescape(words.next()?),
            })
        };
        let lines = text.split(|byte| *byte == b'\n');
        Self(lines.filter_map(parse).collect())
    }

    /// Other paths to the same file or directory, by mounts of the same file system elsewhere.
    fn twins(&self, path: &Path) -> Vec<PathBuf> {
        let Ok(path) = std::fs::canonicalize(path) else {
            return Vec::new();
        };
        // The last of the longest is on top.
        let own = self
            .0
            .iter()
            .filter(|mount| path.starts_with(&mount.place))
            .max_by_key(|mount| mount.place.components().count());
        let Some(own) = own else {
            return Vec::new();
        };
        let Ok(below) = path.strip_prefix(&own.place) else {
            return Vec::new();
        };
        let inside = own.root.join(below);
        let others = self
            .0
            .iter()
            .filter(|mount| mount.device == own.device && mount.place != own.place);
        others
            .filter_map(|mount| match inside.strip_prefix(&mount.root) {
                Ok(rest) => Some(plain_join(&mount.place, rest)),
                // A part of what is denied, mounted elsewhere.
                Err(_) => mount.root.starts_with(&inside).then(|| mount.place.clone()),
            })
            .filter(|twin| *twin != path && twin.symlink_metadata().is_ok())
            .collect()
    }
}

fn plain_join(place: &Path, rest: &Path) -> PathBuf {
    rest.components()
        .filter(|part| matches!(part, Component::Normal(_)))
        .fold(place.to_path_buf(), |path, part| path.join(part))
}

/// A path of mountinfo, where space, tab, newline and backslash are octal.
fn unescape(text: &[u8]) -> PathBuf {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        let octal = (*byte == b'\\')
            .then(|| after.split_at_checked(3))
            .flatten()
            .and_then(|(digits, after)| {
                let digits = std::str::from_utf8(digits).ok()?;
                Some((u8::from_str_radix(digits, 8).ok()?, after))
            });
        let (byte, after) = octal.unwrap_or((*byte, after));
        out.push(byte);
        rest = after;
    }
    PathBuf::from(OsString::from_vec(out))
}

#[cfg(test)]
mod tests {
    use super::{Mount, Mounts, readable, unescape};
    use std::os::unix::ffi::OsStrExt;
    use std::path::{Path, PathBuf};

    #[test]
    fn mountinfo_paths_are_unescaped() {
        assert_eq!(unescape(b"/a\\040b\\134c\\012\\"), Path::new("/a b\\c\n\\"));
        assert_eq!(
            unescape(b"/\xff"),
            Path::new(std::ffi::OsStr::from_bytes(b"/\xff"))
        );
    }

    #[test]
    fn a_bind_of_a_part_of_the_disk_is_another_path_to_what_lies_there() {
        let mount = |root: &str, place: &str| Mount {
            device: b"8:1".to_vec(),
            root: PathBuf::from(root),
            place: PathBuf::from(place),
        };
        let mounts = Mounts(vec![mount("/", "/"), mount("/", "/proc/self/root")]);
        let twins = mounts.twins(Path::new("/etc"));
        assert_eq!(twins, [Path::new("/proc/self/root/etc")]);
    }

    #[test]
    fn what_is_readable_leaves_out_what_is_denied_and_nothing_else() {
        let base = std::env::temp_dir().join(format!("fp-readable-{}", std::process::id()));
        std::fs::create_dir_all(base.join("secret")).expect("a directory");
        std::fs::create_dir_all(base.join("open")).expect("a directory");
        let base = base.canonicalize().expect("it is there");
        let found = readable(&[base.join("secret")]);
        assert!(found.contains(&base.join("open")));
        assert!(
            !found
                .iter()
                .any(|path| base.join("secret").starts_with(path))
        );
        std::fs::remove_dir_all(&base).expect("removed");
    }
}
