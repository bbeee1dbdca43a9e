//! macOS: a probe of Seatbelt, and what it leaves open.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::{Backend, Capabilities, Enforcement, weakness};
use crate::policy::{Limits, Network, NetworkMode, Policy, Rules};
use crate::supervisor::macos::{SANDBOX_EXEC, probe};
use crate::supervisor::{Means, StartError};

pub(super) fn capabilities(helper: &Path) -> Result<Capabilities, StartError> {
    static KNOWN: Mutex<Vec<(PathBuf, Capabilities)>> = Mutex::new(Vec::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, found)) = known.iter().find(|(path, _)| path == helper) {
        return Ok(found.clone());
    }
    let found = find_out(helper)?;
    known.push((helper.to_path_buf(), found.clone()));
    Ok(found)
}

fn find_out(helper: &Path) -> Result<Capabilities, StartError> {
    let mut found = Capabilities {
        means: None,
        enforcement: Enforcement::none("Seatbelt does not work here"),
        unavailable: Vec::new(),
        bounds_processes: false,
    };
    let rules = Rules::of_nothing(Policy::default());
    let probed = match std::fs::metadata(SANDBOX_EXEC) {
        Ok(_) => probe(helper, rules.clone()),
        Err(error) => Err(StartError::System(error)),
    };
    match probed {
        Ok(()) => {
            found.means = Some(Means::Seatbelt);
            found.enforcement = enforcement(&rules, Means::Seatbelt, &found);
        }
        Err(error @ StartError::Helper { .. }) => return Err(error),
        Err(error) => found.unavailable.push((Means::Seatbelt, error.to_string())),
    }
    Ok(found)
}

pub(super) fn enforcement(rules: &Rules, _: Means, _: &Capabilities) -> Enforcement {
    let mut weaker = vec![
        weakness(
            "treeKill",
            "there is no namespace of processes: one that forks twice and leaves its group between two looks, 15 ms apart, \
             is not found; and if the helper itself is killed, all are left",
        ),
        weakness(
            "hostServices",
            "named semaphores of the host can be opened, and the few services that every program asks",
        ),
    ];
    let mut open = |clause: &str, reason: &str| weaker.push(weakness(clause, reason));
    if rules.policy.has_private_tmp() {
        open(
            "privateTmp",
            "/tmp and /var/folders are the host's: they can be read, and not written; TMPDIR names a directory of its own",
        );
    }
    let looked_at = "looked at every 15 ms, so that it can be exceeded for that long";
    let Limits {
        cpu_ms,
        memory_bytes,
        processes,
        file_bytes,
        ..
    } = rules.policy.limits;
    let limits = [
        (cpu_ms.is_some(), "limits.cpuMs", looked_at),
        (memory_bytes.is_some(), "limits.memoryBytes", looked_at),
        (processes.is_some(), "limits.processes", looked_at),
        (
            file_bytes.is_some(),
            "limits.fileBytes",
            "all files together are counted when they reach the disk, which is later than they are written",
        ),
    ];
    for (is_set, clause, reason) in limits {
        if is_set {
            open(clause, reason);
        }
    }
    if rules.policy.network == Network::Mode(NetworkMode::Full) {
        open(
            "hostSockets",
            "services of the host that listen on loopback can be reached",
        );
    }
    Enforcement {
        backend: Backend::Seatbelt,
        landlock: None,
        namespaces: Vec::new(),
        seccomp: false,
        cgroup: None,
        weaker,
    }
}
