//! The policy as a host writes it, and the rules that it comes to for one workspace.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::resolve::settle;
use crate::{conflicts, git};

/// What a command may do. Plain data: fields that are not known are refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Policy {
    /// Where it may write.
    pub mode: Mode,
    /// Directories beside the workspace that are writable in `workspace-write`.
    pub writable_roots: Vec<PathBuf>,
    /// Files and directories that nobody may read. Where it is not given, [`DEFAULT_READ_DENY`].
    pub read_deny: Option<Vec<PathBuf>>,
    /// Paths below each writable root that stay as they are, also those that are not there yet; beside
    /// [`DEFAULT_PROTECTED`].
    pub protected_paths: Vec<PathBuf>,
    /// Whether [`DEFAULT_PROTECTED`] counts; yes where it is not given.
    pub protect_defaults: Option<bool>,
    /// What can be reached.
    pub network: Network,
    /// Which variables are passed on.
    pub env: EnvPolicy,
    /// What ends a command.
    pub limits: Limits,
    /// A `/tmp`, `/var/tmp` and `/dev/shm` of its own; yes where it is not given.
    pub private_tmp: Option<bool>,
    /// The weakest enforcement accepted.
    pub require: Require,
}

/// Where a command may write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Nowhere but in its private temporary directories.
    ReadOnly,
    /// In the workspace and the writable roots.
    #[default]
    WorkspaceWrite,
    /// Everywhere that its user may.
    FullAccess,
}

/// What can be reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Network {
    /// All or nothing.
    Mode(NetworkMode),
    /// Named hosts, through a proxy.
    Domains(AllowDomains),
}

impl Default for Network {
    fn default() -> Self {
        Self::Mode(NetworkMode::None)
    }
}

/// All or nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NetworkMode {
    /// No route to anywhere, not even to this machine.
    None,
    /// As without a sandbox.
    Full,
}

/// Named hosts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AllowDomains {
    /// `host`, `*.host`, either with `:port`; addresses where they are named exactly.
    pub allow_domains: Vec<String>,
}

/// Which variables of the environment are passed on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct EnvPolicy {
    /// Which to begin with.
    pub inherit: Inherit,
    /// Names that are passed on beside those.
    pub pass: Vec<String>,
    /// Variables with their values; stronger than what is passed on.
    pub set: BTreeMap<String, String>,
}

/// Which variables to begin with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Inherit {
    /// `PATH`, `HOME`, `USER`, `LOGNAME`, `SHELL`, `LANG`, `LC_*`, `TERM`, `TZ`; on Windows also what programs need to start.
    #[default]
    Core,
    /// None.
    None,
}

/// What ends a command. A limit that is not given does not count, but for processes: [`crate::DEFAULT_PROCESSES`] then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Limits {
    /// Time on the clock, in milliseconds.
    pub wall_ms: Option<u64>,
    /// Processor time of all its processes together, in milliseconds.
    pub cpu_ms: Option<u64>,
    /// Resident memory of all its processes together, in bytes.
    pub memory_bytes: Option<u64>,
    /// Processes and threads at once.
    pub processes: Option<u32>,
    /// Bytes of one file that it writes, and of all that its processes write to disk together.
    pub file_bytes: Option<u64>,
    /// Bytes of its output, both streams together.
    pub output_bytes: Option<u64>,
}

/// The weakest enforcement accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Require {
    /// Any, also none.
    None,
    /// The kernel refuses writes outside the roots and the network; metadata, other processes and missing protected paths may
    /// be held less well.
    #[default]
    Kernel,
    /// Every clause of the policy.
    Full,
}

/// Below each writable root: what other programs would later run, or trust.
pub const DEFAULT_PROTECTED: &[&str] = &[
    ".git/hooks",
    ".git/config",
    ".git/commondir",
    ".git/config.worktree",
    ".git/modules",
    ".fishplate",
    ".bashrc",
    ".bash_profile",
    ".bash_login",
    ".bash_logout",
    ".profile",
    ".zshrc",
    ".zshenv",
    ".zprofile",
    ".zlogin",
    ".zlogout",
    ".config/fish",
    ".vscode/tasks.json",
    ".vscode/launch.json",
    ".vscode/settings.json",
    ".idea/runConfigurations",
    ".idea/workspace.xml",
];

/// Secrets that agents have no business with, where a policy says nothing else. `~` is the home directory.
pub const DEFAULT_READ_DENY: &[&str] = &[
    "~/.ssh",
    "~/.gnupg",
    "~/.aws",
    "~/.azure",
    "~/.config/gcloud",
    "~/.config/gh",
    "~/.kube",
    "~/.docker/config.json",
    "~/.netrc",
    "~/.git-credentials",
    "~/.pgpass",
    "~/.pypirc",
    "~/.cargo/credentials.toml",
];

/// Why a policy is none.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// It is no JSON, or not of a policy's shape.
    #[error("the policy cannot be read: {0}")]
    Shape(#[from] serde_json::Error),
    /// A field has a value that it cannot have.
    #[error("{field} {problem}")]
    Field {
        /// Its name, as in `limits.wallMs`.
        field: String,
        /// What is wrong with the value, and what it may be.
        problem: String,
    },
    /// The workspace cannot be used.
    #[error("the workspace {} cannot be used: {error}", path.display())]
    Workspace {
        /// Where it should be.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
}

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

impl Policy {
    /// Reads a policy of JSON.
    ///
    /// # Errors
    ///
    /// [`PolicyError::Shape`].
    pub fn from_json(text: &str) -> Result<Self, PolicyError> {
        Ok(serde_json::from_str(text)?)
    }

    /// Whether there is a temporary directory of its own.
    pub fn has_private_tmp(&self) -> bool {
        self.private_tmp.unwrap_or(true)
    }

    /// Whether what is protected unless a policy says otherwise counts.
    pub(crate) fn protects_defaults(&self) -> bool {
        self.protect_defaults.unwrap_or(true)
    }
}

impl Limits {
    /// Of each limit the lower one.
    #[must_use]
    pub(crate) fn lower(self, other: Self) -> Self {
        fn least<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
            one.into_iter().chain(other).min()
        }
        Self {
            wall_ms: least(self.wall_ms, other.wall_ms),
            cpu_ms: least(self.cpu_ms, other.cpu_ms),
            memory_bytes: least(self.memory_bytes, other.memory_bytes),
            processes: least(self.processes, other.processes),
            file_bytes: least(self.file_bytes, other.file_bytes),
            output_bytes: least(self.output_bytes, other.output_bytes),
        }
    }
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

/// A directory, free of links.
fn directory(path: &Path) -> std::io::Result<PathBuf> {
    let path = std::fs::canonicalize(path)?;
    if path.is_dir() {
        return Ok(path);
    }
    Err(std::io::ErrorKind::NotADirectory.into())
}

fn named_denials(policy: &Policy) -> Vec<(PathBuf, String)> {
    match &policy.read_deny {
        Some(paths) => numbered(paths, "policy.readDeny"),
        None => DEFAULT_READ_DENY
            .iter()
            .map(|name| (PathBuf::from(name), format!("default readDeny {name}")))
            .collect(),
    }
}

fn named_protections(policy: &Policy) -> Vec<(PathBuf, String)> {
    let defaults = if policy.protects_defaults() {
        DEFAULT_PROTECTED
    } else {
        &[]
    };
    let mut named: Vec<_> = defaults
        .iter()
        .map(|name| {
            (
                PathBuf::from(name),
                format!("default protected path {name}"),
            )
        })
        .collect();
    named.extend(numbered(&policy.protected_paths, "policy.protectedPaths"));
    named
}

fn numbered(paths: &[PathBuf], list: &str) -> Vec<(PathBuf, String)> {
    paths
        .iter()
        .enumerate()
        .map(|(index, path)| (path.clone(), format!("{list}[{index}]")))
        .collect()
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

fn check(policy: &Policy) -> Result<(), PolicyError> {
    let limits = &policy.limits;
    let counts = [
        ("limits.wallMs", limits.wall_ms),
        ("limits.cpuMs", limits.cpu_ms),
        ("limits.memoryBytes", limits.memory_bytes),
        ("limits.processes", limits.processes.map(u64::from)),
        ("limits.fileBytes", limits.file_bytes),
        ("limits.outputBytes", limits.output_bytes),
    ];
    for (name, value) in counts {
        if value == Some(0) {
            return Err(field(name, "must be at least 1; leave it out for no limit"));
        }
    }
    let lists = [
        ("writableRoots", policy.writable_roots.as_slice()),
        ("readDeny", policy.read_deny.as_deref().unwrap_or_default()),
        ("protectedPaths", policy.protected_paths.as_slice()),
    ];
    for (name, paths) in lists {
        for (index, path) in paths.iter().enumerate() {
            let bytes = path.as_os_str().as_encoded_bytes();
            if bytes.is_empty() || bytes.contains(&0) {
                return Err(field(
                    &format!("{name}[{index}]"),
                    "must be a path, without a NUL",
                ));
            }
        }
    }
    let env = &policy.env;
    for name in env.pass.iter().chain(env.set.keys()) {
        if name.is_empty() || name.contains(['=', '\0']) {
            return Err(field(
                "env",
                format!("has the name {name:?}; a name is not empty and holds no = and no NUL"),
            ));
        }
    }
    for (name, value) in &env.set {
        if value.contains('\0') {
            return Err(field(&format!("env.set.{name}"), "holds a NUL"));
        }
    }
    Ok(())
}

pub(crate) fn field(name: &str, problem: impl Into<String>) -> PolicyError {
    PolicyError::Field {
        field: name.to_owned(),
        problem: problem.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Mode, Network, NetworkMode, Policy, Require};

    #[test]
    fn an_empty_policy_has_the_defaults() {
        let policy = Policy::from_json("{}").expect("a policy");
        assert_eq!(policy.mode, Mode::WorkspaceWrite);
        assert_eq!(policy.network, Network::Mode(NetworkMode::None));
        assert_eq!(policy.require, Require::Kernel);
        assert!(policy.has_private_tmp());
    }

    #[test]
    fn fields_that_are_not_known_are_refused() {
        for text in [
            r#"{"mood":"read-only"}"#,
            r#"{"limits":{"wallSeconds":1}}"#,
            r#"{"network":{"allowDomains":[],"deny":[]}}"#,
            r#"{"network":"some"}"#,
            r#"{"mode":"write"}"#,
        ] {
            assert!(Policy::from_json(text).is_err(), "{text}");
        }
    }
}
