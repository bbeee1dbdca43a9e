//! Windows: a probe of a container, and what it leaves open.

use std::path::Path;
use std::sync::OnceLock;

use super::{Backend, Capabilities, Enforcement, weakness};
use crate::names::{Disk, is_below};
use crate::policy::{Mode, Network, NetworkMode, Policy, Rules};
use crate::supervisor::windows::probe;
use crate::supervisor::{Means, StartError};

/// There is no helper here.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(super) fn capabilities(_: &Path) -> Result<Capabilities, StartError> {
    static FOUND: OnceLock<Capabilities> = OnceLock::new();
    Ok(FOUND.get_or_init(find_out).clone())
}

fn find_out() -> Capabilities {
    let mut found = Capabilities {
        means: None,
        enforcement: Enforcement::none(
            "no program can be confined in an AppContainer here; use docker, or WSL, where the means of Linux hold",
        ),
        unavailable: Vec::new(),
        bounds_processes: true,
    };
    match probe() {
        Ok(()) => {
            found.means = Some(Means::AppContainer);
            let rules = Rules::of_nothing(Policy::default());
            found.enforcement = enforcement(&rules, Means::AppContainer, &found);
        }
        Err(error) => found
            .unavailable
            .push((Means::AppContainer, error.to_string())),
    }
    found
}

pub(super) fn enforcement(rules: &Rules, _: Means, _: &Capabilities) -> Enforcement {
    let mut weaker = vec![weakness(
        "hostProcesses",
        "processes of the host can be listed; they cannot be opened",
    )];
    let mut open = |clause: &str, reason: &str| weaker.push(weakness(clause, reason));
    if rules.policy.mode == Mode::FullAccess {
        open(
            "all",
            "an AppContainer cannot be given all that its user has; use mode process where that is meant",
        );
    }
    let is_missing =
        |clause: &crate::policy::Clause| std::fs::symlink_metadata(&clause.path).is_err();
    if rules.policy.mode != Mode::ReadOnly && rules.guarded.iter().any(is_missing) {
        open(
            "protectedPaths",
            "what is not there yet can be made; what is there is held",
        );
    }
    let is_opened = |path: &Path| {
        let mut opened = std::iter::once(&rules.workspace).chain(&rules.writable_roots);
        opened.any(|root| is_below(path, root, Disk::HERE))
    };
    if rules
        .denied
        .iter()
        .any(|clause| is_opened(&clause.path) && is_missing(clause))
    {
        open(
            "readDeny",
            "what is denied in a root and made later can be read",
        );
    }
    match rules.policy.network {
        Network::Domains(_) => open(
            "network",
            "a container reaches no port of this machine, so no proxy: no host is reached at all; use docker or WSL",
        ),
        Network::Mode(NetworkMode::Full | NetworkMode::None) => {}
    }
    if rules.policy.limits.file_bytes.is_some() {
        open(
            "limits.fileBytes",
            "all that is written counts together, what goes into pipes too; looked at every 15 ms",
        );
    }
    if rules.policy.limits.cpu_ms.is_some() {
        open(
            "limits.cpuMs",
            "time in the kernel is looked at every 15 ms, so that it can be exceeded for that long",
        );
    }
    Enforcement {
        backend: Backend::AppContainer,
        landlock: None,
        namespaces: Vec::new(),
        seccomp: false,
        cgroup: None,
        weaker,
    }
}
