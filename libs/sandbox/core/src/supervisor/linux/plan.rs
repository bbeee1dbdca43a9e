//! From rules and a launch to the helper's plan.

use std::collections::BTreeMap;
use std::ffi::{CString, OsStr, OsString};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use fishplate_sandbox_helper::{LimitPlan, NetworkPlan, Plan};

use super::sockets::{self, HostSockets};
use super::{cgroup, paths, probe};
use crate::capabilities::Capabilities;
use crate::policy::{Limits, Mode, Network, NetworkMode, Rules};
use crate::proxy::AllowList;
use crate::supervisor::{
    DEFAULT_PROCESSES, DEFAULT_TMP_BYTES, Launch, Means, StartError, environment,
};

/// Where the proxy is reached in a network of its own, in which every port is free.
const PROXY_PORT: u16 = 3128;

/// Above a limit of processes: what the kernel allows more, so that the watch sees the excess; and what its counter skips.
const PROCESS_SLACK: u32 = 32;

/// The least that the kernel takes for the largest process number.
const LEAST_PID_MAX: u32 = 301;

/// Kernel files that tell of the machine or of other users' keys.
const MASKS: [&str; 12] = [
    "/proc/kcore",
    "/proc/keys",
    "/proc/key-users",
    "/proc/timer_list",
    "/proc/sched_debug",
    "/proc/kpagecount",
    "/proc/kpageflags",
    "/proc/kpagecgroup",
    "/proc/vmcore",
    "/sys/firmware",
    "/sys/kernel/debug",
    "/sys/kernel/tracing",
];

/// Kernel files that a process of root could write.
const READ_ONLY: [&str; 7] = [
    "/proc/sys",
    "/proc/sysrq-trigger",
    "/proc/irq",
    "/proc/bus",
    "/proc/fs",
    "/proc/acpi",
    "/proc/scsi",
];

/// What stays of `/run`: links through which programs are found on systems that keep them there.
const RUN_LINKS: [&str; 3] = [
    "/run/current-system",
    "/run/booted-system",
    "/run/opengl-driver",
];

pub(super) struct Prepared {
    pub(super) plan: Plan,
    pub(super) limits: Limits,
    /// Without a network of its own, the proxy's socket is made out here.
    pub(super) listener: Option<TcpListener>,
}

pub(super) fn prepare(
    launch: &Launch,
    means: Means,
    found: &Capabilities,
    sockets: Option<&HostSockets>,
) -> Result<Prepared, StartError> {
    let rules = &*launch.rules;
    let limits = rules.policy.limits.lower(launch.limits);
    let plain = means == Means::LandlockOnly;
    let mut variables = environment::of_policy(&rules.policy.env, &launch.host_env);
    let mut listener = None;
    let network = match &rules.policy.network {
        Network::Mode(NetworkMode::None) => NetworkPlan::None,
        Network::Mode(NetworkMode::Full) => NetworkPlan::Full,
        Network::Domains(_) if plain => {
            let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            let port = socket.local_addr()?.port();
            listener = Some(socket);
            NetworkPlan::Proxy(port)
        }
        Network::Domains(_) => NetworkPlan::Proxy(PROXY_PORT),
    };
    if let NetworkPlan::Proxy(port) = network {
        environment::set_proxy(&mut variables, port, &named(&rules.policy.network));
    }
    let private_tmp = rules.policy.has_private_tmp();
    let scratch = if plain && private_tmp {
        let scratch = scratch_name();
        for name in ["TMPDIR", "TMP", "TEMP"] {
            variables.insert(name.into(), scratch.clone().into());
        }
        text("TMPDIR", scratch.as_os_str())?
    } else {
        CString::default()
    };
    variables.extend(launch.env.clone());
    let cwd = launch
        .cwd
        .as_ref()
        .map_or_else(|| rules.workspace.clone(), |cwd| rules.workspace.join(cwd));
    let full_access = rules.policy.mode == Mode::FullAccess;
    let roots = if full_access {
        Vec::new()
    } else {
        paths::outer_first(&rules.writable_roots)
    };
    let hidden = if plain { Vec::new() } else { hidden(rules) };
    let deny = paths::denied(rules, &hidden, sockets)?;
    let plan = Plan {
        strategy: probe::strategy(means),
        probe: false,
        network,
        landlock: found.enforcement.landlock.unwrap_or(0),
        private_tmp,
        full_access,
        limits: limit_plan(&limits, found, plain),
        program: text("command", &launch.command)?,
        args: arguments(launch)?,
        env: assignments(&variables)?,
        cwd: text("cwd", cwd.as_os_str())?,
        protected: if plain {
            Vec::new()
        } else {
            paths::protected(rules, &deny)
        },
        unborn: if plain {
            Vec::new()
        } else {
            texts(&paths::unborn(rules))
        },
        keep: texts(&kept(rules, &hidden, network)),
        links: run_links(&hidden),
        readable: if plain {
            texts(&paths::readable(&deny))
        } else {
            Vec::new()
        },
        deny: texts(&deny),
        roots: texts(&roots),
        hidden: hidden
            .iter()
            .filter_map(|(path, writable)| Some((path_text(path)?, *writable)))
            .collect(),
        masks: if plain { Vec::new() } else { masks() },
        read_only: if plain { Vec::new() } else { read_only() },
        scratch,
        cgroups: if plain {
            Vec::new()
        } else {
            cgroup::plans(&limits, found.bounds_processes)
        },
    };
    Ok(Prepared {
        plan,
        limits,
        listener,
    })
}

fn limit_plan(limits: &Limits, found: &Capabilities, plain: bool) -> LimitPlan {
    let processes = limits.processes.unwrap_or(DEFAULT_PROCESSES);
    let bound = processes
        .saturating_add(PROCESS_SLACK)
        .clamp(LEAST_PID_MAX, 4_194_304);
    let tmp_bytes = [limits.file_bytes, limits.memory_bytes]
        .into_iter()
        .flatten()
        .fold(DEFAULT_TMP_BYTES, u64::min);
    LimitPlan {
        cpu_ms: limits.cpu_ms.unwrap_or(0),
        memory_bytes: limits.memory_bytes.unwrap_or(0),
        processes,
        file_bytes: limits.file_bytes.unwrap_or(0),
        pid_max: if found.bounds_processes && !plain {
            bound
        } else {
            0
        },
        // The kernel takes 0 for no limit, and counts in pages.
        tmp_bytes: tmp_bytes.max(4096),
    }
}

/// The hosts of a policy. A list that cannot be read has been refused, and allows nothing.
fn named(network: &Network) -> AllowList {
    match network {
        Network::Domains(named) => AllowList::parse(&named.allow_domains).unwrap_or_default(),
        Network::Mode(_) => AllowList::default(),
    }
}

/// The sockets of the host that a command under these rules must not reach; `None` where it may.
pub(crate) fn host_sockets(rules: &Rules, means: Means) -> Option<HostSockets> {
    if means == Means::LandlockOnly || !hides_sockets(rules) {
        return None;
    }
    let hidden = hidden(rules).into_iter().map(|(path, _)| path);
    let hidden: Vec<PathBuf> = hidden.chain([PathBuf::from("/dev")]).collect();
    let mut seen = rules.writable_roots.clone();
    seen.push(rules.workspace.clone());
    Some(sockets::host_sockets(&hidden, &seen))
}

fn hides_sockets(rules: &Rules) -> bool {
    rules.policy.mode != Mode::FullAccess
        || rules.policy.network != Network::Mode(NetworkMode::Full)
}

/// What is replaced by an empty directory, and whether that can be written.
fn hidden(rules: &Rules) -> Vec<(PathBuf, bool)> {
    let [tmp, var_tmp, run, var_run] = real_places();
    let mut places = Vec::new();
    if rules.policy.has_private_tmp() {
        places.extend([(tmp, true), (var_tmp, true)]);
    }
    // The host's services listen there, and a read-only mount does not keep anyone from connecting.
    if hides_sockets(rules) {
        places.extend([(run, false), (var_run, false)]);
    }
    let mut hidden: Vec<(PathBuf, bool)> = Vec::new();
    for (place, writable) in places {
        if let Some(place) = place
            && !hidden.iter().any(|(path, _)| path == place)
        {
            hidden.push((place.clone(), writable));
        }
    }
    hidden
}

/// What stays visible below what is hidden.
fn kept(rules: &Rules, hidden: &[(PathBuf, bool)], network: NetworkPlan) -> Vec<PathBuf> {
    let is_hidden = |path: &Path| hidden.iter().any(|(above, _)| path.starts_with(above));
    let mut kept = Vec::new();
    let is_root = |path: &Path| {
        rules
            .writable_roots
            .iter()
            .any(|root| path.starts_with(root))
    };
    if rules.policy.mode == Mode::FullAccess || !is_root(&rules.workspace) {
        kept.push(rules.workspace.clone());
    }
    if network == NetworkPlan::Full {
        kept.extend(std::fs::canonicalize("/etc/resolv.conf"));
    }
    kept.retain(|path| is_hidden(path));
    kept
}

fn run_links(hidden: &[(PathBuf, bool)]) -> Vec<(CString, CString)> {
    RUN_LINKS
        .iter()
        .map(Path::new)
        .filter(|link| hidden.iter().any(|(above, _)| link.starts_with(above)))
        .filter_map(|link| {
            let target = std::fs::read_link(link).ok()?;
            Some((path_text(link)?, path_text(&target)?))
        })
        .collect()
}

/// Which kernel files there are does not change while a kernel runs.
fn masks() -> Vec<CString> {
    static THERE: OnceLock<Vec<CString>> = OnceLock::new();
    THERE.get_or_init(|| kernel_files(&MASKS)).clone()
}

fn read_only() -> Vec<CString> {
    static THERE: OnceLock<Vec<CString>> = OnceLock::new();
    THERE.get_or_init(|| kernel_files(&READ_ONLY)).clone()
}

fn kernel_files(names: &[&str]) -> Vec<CString> {
    let names = names.iter().filter(|name| Path::new(name).exists());
    names.filter_map(|name| CString::new(*name).ok()).collect()
}

/// The real places of the directories that are hidden: links such as `/var/run` are a system's for good.
fn real_places() -> &'static [Option<PathBuf>; 4] {
    static REAL: OnceLock<[Option<PathBuf>; 4]> = OnceLock::new();
    let real = |path: &str| {
        std::fs::canonicalize(path)
            .ok()
            .filter(|path| path.is_dir())
    };
    REAL.get_or_init(|| ["/tmp", "/var/tmp", "/run", "/var/run"].map(real))
}

fn scratch_name() -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("fishplate-{}-{number}", std::process::id());
    std::env::temp_dir().join(name)
}

fn arguments(launch: &Launch) -> Result<Vec<CString>, StartError> {
    let own_name = std::iter::once(&launch.command);
    own_name
        .chain(&launch.args)
        .map(|argument| text("args", argument))
        .collect()
}

fn assignments(variables: &BTreeMap<OsString, OsString>) -> Result<Vec<CString>, StartError> {
    let assign = |(name, value): (&OsString, &OsString)| {
        let (name, value) = (name.as_encoded_bytes(), value.as_encoded_bytes());
        if name.is_empty() || name.contains(&b'=') {
            return Err(StartError::Argument {
                field: "env",
                problem: "has a name that is empty or holds =".to_owned(),
            });
        }
        CString::new([name, b"=", value].concat()).map_err(|_| has_nul("env"))
    };
    variables.iter().map(assign).collect()
}

fn text(field: &'static str, value: &OsStr) -> Result<CString, StartError> {
    CString::new(value.as_encoded_bytes()).map_err(|_| has_nul(field))
}

fn has_nul(field: &'static str) -> StartError {
    StartError::Argument {
        field,
        problem: "holds a NUL".to_owned(),
    }
}

/// Paths of rules hold no NUL: they were resolved, or checked.
fn texts(paths: &[PathBuf]) -> Vec<CString> {
    paths.iter().filter_map(|path| path_text(path)).collect()
}

pub(super) fn path_text(path: &Path) -> Option<CString> {
    CString::new(path.as_os_str().as_encoded_bytes()).ok()
}
