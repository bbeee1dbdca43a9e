//! Which paths a plan names: what is denied, by all its names; what is protected; what may be read without a view of its own.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use fishplate_sandbox_helper::Protected;

use super::plan::path_text;
use super::sockets::host_sockets;
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

/// What nobody may read, as far as it is there: also where it is mounted a second time, and the sockets of the host that
/// lie outside of what is hidden.
///
/// # Errors
///
/// [`StartError::Confine`] where there are more sockets than can be covered.
pub(super) fn denied(
    rules: &Rules,
    hidden: &[(PathBuf, bool)],
) -> Result<Vec<PathBuf>, StartError> {
    let mut denied: BTreeSet<PathBuf> = rules
        .read_deny
        .iter()
        .filter(|path| path.symlink_metadata().is_ok())
        .cloned()
        .collect();
    if !denied.is_empty() {
        let mounts = Mounts::read();
        let twins: Vec<_> = denied.iter().flat_map(|path| mounts.twins(path)).collect();
        denied.extend(twins);
    }
    if !hidden.is_empty() {
        let is_hidden = |path: &Path| hidden.iter().any(|(above, _)| path.starts_with(above));
        let is_root = |path: &Path| {
            rules
                .writable_roots
                .iter()
                .any(|root| path.starts_with(root))
        };
        let sockets = host_sockets().paths.into_iter();
        let seen: Vec<_> = sockets
            .filter(|path| !is_hidden(path) || is_root(path))
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
    let mut found: Vec<(PathBuf, PathBuf, bool)> = Vec::new();
    let mut add = |path: &Path, root: &Path, place_only: bool| {
        if let Ok(below) = path.strip_prefix(root)
            && !below.as_os_str().is_empty()
        {
            found.push((root.to_path_buf(), below.to_path_buf(), place_only));
        }
    };
    for inner in &roots {
        let outer = roots.iter().filter(|outer| *outer != inner);
        for outer in outer.filter(|outer| inner.starts_with(outer)) {
            add(inner, outer, true);
        }
    }
    for path in &rules.protected {
        let Some(root) = innermost(path) else {
            continue;
        };
        add(path, root, false);
        if let Some(real) = through_links(root, path)
            && let Some(root) = innermost(&real)
        {
            add(&real, root, false);
        }
    }
    // What is denied is covered itself, and so stays where it is; sockets among it come and go.
    for parent in denied.iter().filter_map(|path| path.parent()) {
        let real = innermost(parent).and_then(|root| through_links(root, parent));
        for parent in std::iter::once(parent).chain(real.as_deref()) {
            if let Some(root) = innermost(parent) {
                add(parent, root, true);
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
    let pair = |(root, below, place_only): (PathBuf, PathBuf, bool)| {
        Some(Protected {
            root: path_text(&root)?,
            below: path_text(&below)?,
            place_only,
        })
    };
    found.into_iter().filter_map(pair).collect()
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
    device: String,
    /// Which directory of its file system is mounted.
    root: PathBuf,
    place: PathBuf,
}

impl Mounts {
    fn read() -> Self {
        let text = std::fs::read("/proc/self/mountinfo").unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let parse = |line: &str| {
            let mut words = line.split(' ').skip(2);
            Some(Mount {
                device: words.next()?.to_owned(),
                root: unescape(words.next()?),
                place: unescape(words.next()?),
            })
        };
        Self(text.lines().filter_map(parse).collect())
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
fn unescape(text: &str) -> PathBuf {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escaped) = rest.split_at(at);
        out.push_str(before);
        let octal = escaped
            .get(1..4)
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match octal {
            Some(byte) => {
                out.push(char::from(byte));
                rest = escaped.get(4..).unwrap_or_default();
            }
            None => {
                out.push('\\');
                rest = escaped.get(1..).unwrap_or_default();
            }
        }
    }
    out.push_str(rest);
    PathBuf::from(out)
}

#[cfg(test)]
mod tests {
    use super::{Mount, Mounts, readable, unescape};
    use std::path::{Path, PathBuf};

    #[test]
    fn mountinfo_paths_are_unescaped() {
        assert_eq!(unescape("/a\\040b\\134c"), Path::new("/a b\\c"));
    }

    #[test]
    fn a_bind_of_a_part_of_the_disk_is_another_path_to_what_lies_there() {
        let mount = |root: &str, place: &str| Mount {
            device: "8:1".to_owned(),
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
