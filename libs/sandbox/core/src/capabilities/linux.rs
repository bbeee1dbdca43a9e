//! Linux: probes of the helper, and what each means leaves open.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::{Backend, Capabilities, Cgroup, Enforcement, weakness};
use crate::policy::{Network, NetworkMode, Policy, Rules};
use crate::supervisor::linux::sockets::HostSockets;
use crate::supervisor::linux::{cgroup, paths, plan, probe};
use crate::supervisor::{Means, StartError};

type Known = Mutex<HashMap<PathBuf, Capabilities>>;

pub(super) fn capabilities(helper: &Path) -> Result<Capabilities, StartError> {
    static KNOWN: OnceLock<Known> = OnceLock::new();
    let known = KNOWN.get_or_init(Known::default);
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = known.get(helper) {
        return Ok(found.clone());
    }
    let found = find_out(helper)?;
    known.insert(helper.to_path_buf(), found.clone());
    Ok(found)
}

fn find_out(helper: &Path) -> Result<Capabilities, StartError> {
    let landlock = landlock_version();
    let mut found = Capabilities {
        means: None,
        enforcement: Enforcement::none("nothing that confines works here"),
        unavailable: Vec::new(),
        bounds_processes: false,
    };
    for means in [
        Means::UserNamespaces,
        Means::PrivilegedNamespaces,
        Means::LandlockOnly,
    ] {
        let mut bounds = means != Means::LandlockOnly;
        let mut outcome = probe::run(helper, means, landlock, bounds);
        if bounds && outcome.is_err() {
            bounds = false;
            outcome = probe::run(helper, means, landlock, bounds);
        }
        match outcome {
            Ok(()) => {
                found.means = Some(means);
                found.bounds_processes = bounds;
                break;
            }
            Err(error @ StartError::Helper { .. }) => return Err(error),
            Err(error) => found.unavailable.push((means, error.to_string())),
        }
    }
    if let Some(means) = found.means {
        let rules = Rules::of_nothing(Policy::default());
        found.enforcement.landlock = (landlock > 0).then_some(landlock);
        found.enforcement = enforcement(&rules, means, &found);
        found.enforcement.cgroup = cgroup::available();
    }
    Ok(found)
}

/// The version of Landlock; 0 where there is none.
fn landlock_version() -> u32 {
    const VERSION: libc::c_int = 1;
    // SAFETY: with this flag the call takes no attributes and only answers a number.
    let version = unsafe {
        libc::syscall(
            libc::SYS_landlock_create_ruleset,
            std::ptr::null::<libc::c_void>(),
            0usize,
            VERSION,
        )
    };
    // Later versions add rights, and are asked for as the latest that is known here.
    u32::try_from(version).unwrap_or(0).min(7)
}

pub(super) fn enforcement(rules: &Rules, means: Means, found: &Capabilities) -> Enforcement {
    let sockets = plan::host_sockets(rules, means);
    enforcement_beside(rules, means, found, sockets.as_ref())
}

/// The same beside these sockets of the host.
pub(crate) fn enforcement_beside(
    rules: &Rules,
    means: Means,
    found: &Capabilities,
    sockets: Option<&HostSockets>,
) -> Enforcement {
    let landlock = found.enforcement.landlock;
    let mut held = Enforcement {
        backend: Backend::Linux,
        landlock,
        namespaces: namespaces(rules, means),
        seccomp: true,
        cgroup: None,
        weaker: Vec::new(),
    };
    let limits = &rules.policy.limits;
    let groups = if means == Means::LandlockOnly {
        Vec::new()
    } else {
        cgroup::controllers_for(limits, found.bounds_processes)
    };
    if let Some(first) = groups.first() {
        held.cgroup = Some(Cgroup {
            version: first.version,
            controllers: groups
                .iter()
                .map(|group| group.controller.clone())
                .collect(),
        });
    }
    let counts = |name: &str| groups.iter().any(|group| group.controller == name);
    let mut weaker = Vec::new();
    if limits.memory_bytes.is_some() && !counts("memory") {
        weaker.push(weakness(
            "limits.memoryBytes",
            "no control group can be made here: what processes hold is looked at every 15 ms, so it can be exceeded for \
             that long, and files in memory that nothing maps are not counted",
        ));
    }
    let root = rustix::process::geteuid().is_root();
    if limits.processes.is_some() && !counts("pids") && !found.bounds_processes && root {
        weaker.push(weakness(
            "limits.processes",
            "neither this kernel nor a control group bounds the processes of root: they are counted every 15 ms",
        ));
    }
    if let Some(path) = paths::denied_with_other_names(rules) {
        weaker.push(weakness(
            "readDeny",
            format!(
                "{} has further hard links, by which it can be read",
                path.display()
            ),
        ));
    }
    if means != Means::LandlockOnly {
        let unheld = paths::unheld(rules).into_iter();
        weaker.extend(unheld.map(|reason| weakness("protectedPaths", reason)));
    }
    if means == Means::LandlockOnly {
        without_namespaces(rules, landlock.unwrap_or(0), &mut weaker);
    } else if rules.policy.network == Network::Mode(NetworkMode::Full) && landlock.unwrap_or(0) < 6
    {
        weaker.push(weakness(
            "hostSockets",
            "with the host's network, and Landlock before version 6, abstract sockets can be reached",
        ));
    }
    let unplaced = sockets.map_or(0, |sockets| sockets.unplaced);
    if unplaced > 0 {
        weaker.push(weakness(
            "hostSockets",
            format!(
                "{unplaced} sockets of the host have names that are not known here: where they lie outside of what is \
                 hidden, they can be reached",
            ),
        ));
    }
    held.weaker = weaker;
    held
}

fn without_namespaces(rules: &Rules, landlock: u32, weaker: &mut Vec<super::Weakness>) {
    let mut open = |clause: &str, reason: &str| weaker.push(weakness(clause, reason));
    if landlock == 0 {
        open(
            "all",
            "neither namespaces nor Landlock: files are not held at all",
        );
    } else if landlock < 3 {
        open(
            "writableRoots",
            "this version of Landlock does not hold truncation outside the roots",
        );
    }
    open(
        "metadata",
        "modes, owners, times and attributes of files outside the roots are not held",
    );
    open(
        "hostProcesses",
        "processes of the host can be seen, by name and arguments, and be bound to some of the processors",
    );
    open(
        "treeKill",
        "processes are found by their ancestry; if the helper itself is killed, some can be left",
    );
    if landlock < 6 {
        open(
            "signals",
            "this version of Landlock does not hold signals to other processes",
        );
    }
    if paths::denied_in_a_root(rules).is_some() {
        open(
            "readDeny",
            "what is denied in a writable root can be read: without a view of its own, a root is open as a whole",
        );
    }
    if !rules.protected.is_empty() {
        open(
            "protectedPaths",
            "what lies in a writable root can be written",
        );
    }
    if rules.policy.has_private_tmp() {
        open(
            "privateTmp",
            "/tmp, /var/tmp and /dev/shm are the host's and read-only; TMPDIR names a directory of its own",
        );
    }
    match rules.policy.network {
        Network::Domains(_) => open(
            "network",
            "TCP to the proxy's port number is allowed, whatever the host",
        ),
        Network::Mode(NetworkMode::Full) => open(
            "hostSockets",
            "services of the host can be reached by their sockets",
        ),
        Network::Mode(NetworkMode::None) => {}
    }
}

fn namespaces(rules: &Rules, means: Means) -> Vec<String> {
    if means == Means::LandlockOnly {
        return Vec::new();
    }
    let mut names = Vec::new();
    if means == Means::UserNamespaces {
        names.push("user");
    }
    names.extend(["mount", "pid", "ipc", "uts", "cgroup"]);
    if rules.policy.network != Network::Mode(NetworkMode::Full) {
        names.push("network");
    }
    names.into_iter().map(str::to_owned).collect()
}
