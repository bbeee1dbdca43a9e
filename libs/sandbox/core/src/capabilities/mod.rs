//! What a machine can hold, and what held for one command.

use std::path::Path;

use serde::Serialize;

use crate::policy::{Require, Rules};
use crate::supervisor::{Means, StartError};

#[cfg(target_os = "linux")]
pub(crate) mod linux;
#[cfg(target_os = "linux")]
use linux as platform;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "macos")]
use macos as platform;
#[cfg(windows)]
mod windows;
#[cfg(windows)]
use windows as platform;
#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
mod unsupported;
#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
use unsupported as platform;

/// By which operating system's means a command is confined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// Namespaces, Landlock, seccomp.
    Linux,
    /// A Seatbelt profile of macOS.
    Seatbelt,
    /// An `AppContainer` of Windows, in a job object.
    AppContainer,
    /// None: nothing is confined here.
    None,
}

/// A control group that counts a command's resources.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cgroup {
    /// 1 or 2.
    pub version: u8,
    /// Which resources.
    pub controllers: Vec<String>,
}

/// A clause of the policy that is held less well than it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Weakness {
    /// Its name, as in `protectedPaths`.
    pub clause: String,
    /// What is not held, and why.
    pub reason: String,
}

/// What holds a command to its policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Enforcement {
    /// By whose means.
    pub backend: Backend,
    /// The version of Landlock; none where the kernel has none.
    pub landlock: Option<u32>,
    /// Which namespaces are its own.
    pub namespaces: Vec<String>,
    /// Whether system calls are filtered.
    pub seccomp: bool,
    /// The control group, where one counts.
    pub cgroup: Option<Cgroup>,
    /// What is held less well.
    pub weaker: Vec<Weakness>,
}

impl Enforcement {
    /// Nothing is held.
    pub fn none(reason: &str) -> Self {
        Self {
            backend: Backend::None,
            landlock: None,
            namespaces: Vec::new(),
            seccomp: false,
            cgroup: None,
            weaker: vec![weakness("all", reason)],
        }
    }

    /// The strongest requirement that this meets.
    pub fn meets(&self) -> Require {
        if self.weaker.is_empty() {
            return Require::Full;
        }
        let lost = |clauses: &[&str]| {
            let mut names = self.weaker.iter().map(|weakness| weakness.clause.as_str());
            names.any(|name| clauses.contains(&name))
        };
        let kernel = match self.backend {
            // Writes and the network are the kernel's matter in a view of one's own, or under Landlock from the version on that
            // knows of truncation.
            Backend::Linux => {
                let own_view = self.namespaces.iter().any(|name| name == "mount");
                let by_landlock = self.landlock.is_some_and(|version| version >= 3);
                let network = !lost(&["network", "all"])
                    || by_landlock && self.landlock.is_some_and(|version| version >= 4);
                self.seccomp && network && (own_view || by_landlock)
            }
            Backend::Seatbelt | Backend::AppContainer => {
                !lost(&["network", "writableRoots", "all"])
            }
            Backend::None => false,
        };
        if kernel {
            Require::Kernel
        } else {
            Require::None
        }
    }
}

/// What this machine can hold, found out by trying.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Capabilities {
    /// The strongest means that work.
    pub means: Option<Means>,
    /// What they would hold of an empty policy.
    pub enforcement: Enforcement,
    /// Means that do not work here, and what the system said.
    pub unavailable: Vec<(Means, String)>,
    /// Whether the kernel bounds the number of processes for each namespace.
    pub bounds_processes: bool,
}

/// Finds out what this machine can hold, by running probes of the helper; the answer is kept for the life of the process.
///
/// # Errors
///
/// [`StartError::Helper`] where the helper cannot be run, [`StartError::Unsupported`] on systems that are not supported yet.
pub fn capabilities(helper: &Path) -> Result<Capabilities, StartError> {
    platform::capabilities(helper)
}

/// What would hold a command under these rules by these means.
pub(crate) fn enforcement(rules: &Rules, means: Means, found: &Capabilities) -> Enforcement {
    platform::enforcement(rules, means, found)
}

pub(crate) fn weakness(clause: &str, reason: impl Into<String>) -> Weakness {
    Weakness {
        clause: clause.to_owned(),
        reason: reason.into(),
    }
}
