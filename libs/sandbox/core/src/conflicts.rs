//! Paths of a policy that make no sense together, or that no command could be held to: they are refused when a sandbox is opened,
//! in words that say which and why.

use std::path::{Path, PathBuf};

use crate::names::{Disk, is_below};
use crate::policy::{Clause, Mode, PolicyError, field};

/// File systems of the kernel, which a command has of its own.
const KERNEL: [&str; 3] = ["/proc", "/sys", "/dev"];
/// What of them holds files.
const SHARED_MEMORY: &str = "/dev/shm";

/// Whether the roots can be given to a command.
pub(crate) fn roots(mode: Mode, workspace: &Path, writable: &[PathBuf]) -> Result<(), PolicyError> {
    let named = |root: &Path| {
        if root == workspace {
            "workspace".to_owned()
        } else {
            format!("writableRoots ({})", root.display())
        }
    };
    if mode == Mode::FullAccess {
        return Ok(());
    }
    for root in writable {
        if root.parent().is_none() {
            return Err(field(
                &named(root),
                "is the whole machine; use mode full-access to write everywhere",
            ));
        }
        if let Some(kernel) = of_kernel(root) {
            return Err(field(
                &named(root),
                format!("lies in {kernel}, which is the kernel's: a command has one of its own"),
            ));
        }
    }
    Ok(())
}

fn of_kernel(root: &Path) -> Option<&'static str> {
    if cfg!(not(any(target_os = "linux", target_os = "android")))
        || is_below(root, Path::new(SHARED_MEMORY), Disk::HERE)
    {
        return None;
    }
    KERNEL
        .into_iter()
        .find(|kernel| is_below(root, Path::new(kernel), Disk::HERE))
}

/// Whether something is left to be read.
pub(crate) fn denials(denied: &[Clause], roots: &[PathBuf]) -> Result<(), PolicyError> {
    for clause in denied {
        if let Some(root) = roots
            .iter()
            .find(|root| is_below(root, &clause.path, Disk::HERE))
        {
            return Err(covers(
                &clause.name,
                root,
                "which nobody could read then, so no command could run there",
            ));
        }
    }
    Ok(())
}

/// Whether something is left to be written.
pub(crate) fn protections(
    mode: Mode,
    guarded: &[Clause],
    writable: &[PathBuf],
) -> Result<(), PolicyError> {
    if mode == Mode::ReadOnly {
        return Ok(());
    }
    for clause in guarded {
        if let Some(root) = writable
            .iter()
            .find(|root| is_below(root, &clause.path, Disk::HERE))
        {
            return Err(covers(
                &clause.name,
                root,
                "which nobody could write then; leave the root out, or use mode read-only",
            ));
        }
    }
    Ok(())
}

/// Whether a path is one of the roots, or lies above one.
pub(crate) fn covers_one(path: &Path, roots: &[PathBuf]) -> bool {
    roots.iter().any(|root| is_below(root, path, Disk::HERE))
}

fn covers(clause: &str, root: &Path, what: &str) -> PolicyError {
    let name = clause.strip_prefix("policy.").unwrap_or(clause);
    field(name, format!("covers the root {}, {what}", root.display()))
}
