//! Which paths a plan names: what is denied, by all its names; what is protected; what may be read without a view of its own.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use fishplate_sandbox_helper::{Guard, Protected, StandIn};

use super::mounts::Mounts;
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

#[cfg(test)]
mod tests {
    use super::readable;

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
