//! The policy as a host writes it, and the rules that it comes to for one workspace.

mod check;
mod defaults;
mod rules;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use defaults::{DEFAULT_PROTECTED, DEFAULT_READ_DENY};
pub use rules::Rules;
pub(crate) use rules::{Clause, absolute};

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
