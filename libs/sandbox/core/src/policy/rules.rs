//! What a policy comes to for one workspace.

use std::path::{Component, Path, PathBuf};

use super::check::check;
use super::defaults::{named_denials, named_protections};
use super::{Mode, Policy, PolicyError, field};
use crate::resolve::settle;
use crate::{conflicts, git};

/// What a policy comes to for one workspace: every path absolute and free of `.` and `..`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The policy as given.
    pub policy: Policy,
    /// The workspace, free of symbolic links.
    pub workspace: PathBuf,
    /// Directories that may be written, free of symbolic links: the workspace first; none in `read-only`, `/` in
    /// `full-access`.
    pub writable_roots: Vec<PathBuf>,
    /// What nobody may read: as named and, where a link leads elsewhere, also the target.
    pub read_deny: Vec<PathBuf>,
    /// What nobody may change below the writable roots; not all of them are there.
    pub protected: Vec<PathBuf>,
    /// The home directory, whose git configuration counts too.
    pub(crate) home: Option<PathBuf>,
    /// [`Self::read_deny`] with the clause that each path comes from.
    pub(crate) denied: Vec<Clause>,
    /// [`Self::protected`] with clauses and targets of links; in `read-only`, that of the workspace, which no grant opens.
    pub(crate) guarded: Vec<Clause>,
}

/// A path and the clause of the policy that names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Clause {
    /// Absolute, free of `.` and `..`.
    pub path: PathBuf,
    /// The root that it protects, where it does.
    pub root: Option<PathBuf>,
    /// As in `policy.readDeny[2]`.
    pub name: String,
}

impl Rules {
    /// Of a policy without any path, to ask what a machine holds.
    #[cfg_attr(not(any(unix, windows)), expect(dead_code))]
    pub(crate) fn of_nothing(policy: Policy) -> Self {
        Self {
            policy,
            workspace: PathBuf::from("/"),
            writable_roots: Vec::new(),
            read_deny: Vec::new(),
            protected: Vec::new(),
            home: None,
            denied: Vec::new(),
            guarded: Vec::new(),
        }
    }

    /// Checks a policy and resolves its paths: `~` is `home`, relative paths lie below the workspace.
    ///
    /// # Errors
    ///
    /// [`PolicyError::Field`], [`PolicyError::Workspace`].
    pub fn new(policy: Policy, workspace: &Path, home: Option<&Path>) -> Result<Self, PolicyError> {
        check(&policy)?;
        let workspace = directory(workspace).map_err(|error| PolicyError::Workspace {
            path: workspace.to_path_buf(),
            error,
        })?;
        let place = |path: &Path| absolute(path, &workspace, home);
        let writable_roots = match policy.mode {
            Mode::ReadOnly => Vec::new(),
            Mode::FullAccess => vec![PathBuf::from("/")],
            Mode::WorkspaceWrite => {
                let mut roots = vec![workspace.clone()];
                for (index, root) in policy.writable_roots.iter().enumerate() {
                    let resolved = directory(&place(root)).map_err(|error| {
                        field(
                            &format!("writableRoots[{index}]"),
                            format!("cannot be used: {error}"),
                        )
                    })?;
                    if !roots.contains(&resolved) {
                        roots.push(resolved);
                    }
                }
                roots
            }
        };
        let mut denied = Vec::new();
        for (path, name) in named_denials(&policy) {
            if path.starts_with("~") && home.is_none() {
                continue;
            }
            let path = place(&path);
            let target = settle(&path);
            push_clause(&mut denied, path, None, &name);
            target
                .into_iter()
                .for_each(|target| push_clause(&mut denied, target, None, &name));
        }
        let read_deny = denied.iter().map(|clause| clause.path.clone()).collect();
        let mut protected = Vec::new();
        let mut guarded = Vec::new();
        let below = if policy.mode == Mode::WorkspaceWrite {
            writable_roots.as_slice()
        } else {
            std::slice::from_ref(&workspace)
        };
        conflicts::roots(policy.mode, &workspace, &writable_roots)?;
        conflicts::denials(&denied, below)?;
        let within = if policy.mode == Mode::ReadOnly {
            below
        } else {
            writable_roots.as_slice()
        };
        let mut guard = |path: PathBuf, root: Option<&PathBuf>, name: &str, is_own: bool| {
            // A link that is there by chance, and leads to a root or above it, is held itself; its target cannot be.
            let target =
                settle(&path).filter(|target| is_own || !conflicts::covers_one(target, within));
            if policy.mode != Mode::ReadOnly {
                push_new(&mut protected, path.clone());
            }
            push_clause(&mut guarded, path, root, name);
            if let Some(target) = target {
                push_clause(&mut guarded, target, root, name);
            }
        };
        for root in below {
            for (path, name) in named_protections(&policy) {
                let is_own = name.starts_with("policy.");
                guard(absolute(&path, root, home), Some(root), &name, is_own);
            }
        }
        if policy.protects_defaults() {
            for git in git::look(below, within, home).held {
                let name = format!("default protected path of git: {}", git.why);
                let root = below.iter().find(|root| git.path.starts_with(root));
                guard(git.path, root, &name, false);
            }
        }
        conflicts::protections(policy.mode, &guarded, &writable_roots)?;
        Ok(Self {
            policy,
            workspace,
            writable_roots,
            read_deny,
            protected,
            home: home.map(Path::to_path_buf),
            denied,
            guarded,
        })
    }

    /// The directories that protected paths lie in: the writable roots, and in the other modes the workspace.
    #[cfg_attr(not(target_os = "linux"), allow(dead_code))]
    pub(crate) fn guarded_roots(&self) -> &[PathBuf] {
        match self.policy.mode {
            Mode::WorkspaceWrite => &self.writable_roots,
            Mode::ReadOnly | Mode::FullAccess => std::slice::from_ref(&self.workspace),
        }
    }
}

/// The path below `base`, with `~` as the home directory, and without `.` and `..` (by name: links are not looked at).
pub(crate) fn absolute(path: &Path, base: &Path, home: Option<&Path>) -> PathBuf {
    let joined = match (path.strip_prefix("~"), home) {
        (Ok(below), Some(home)) => home.join(below),
        _ => base.join(path),
    };
    let mut plain = PathBuf::new();
    for component in joined.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

/// A directory, free of links.
fn directory(path: &Path) -> std::io::Result<PathBuf> {
    let path = std::fs::canonicalize(path)?;
    if path.is_dir() {
        return Ok(path);
    }
    Err(std::io::ErrorKind::NotADirectory.into())
}

fn push_clause(clauses: &mut Vec<Clause>, path: PathBuf, root: Option<&PathBuf>, name: &str) {
    if clauses.iter().all(|clause| clause.path != path) {
        clauses.push(Clause {
            path,
            root: root.cloned(),
            name: name.to_owned(),
        });
    }
}

fn push_new(paths: &mut Vec<PathBuf>, path: PathBuf) {
    if !paths.contains(&path) {
        paths.push(path);
    }
}
