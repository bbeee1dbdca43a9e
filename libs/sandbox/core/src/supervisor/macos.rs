//! macOS: `sandbox-exec` with a profile of the policy, below a helper for each command that watches and cleans up.
//!
//! Compiled for its target, and not yet run on it.

use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use fishplate_sandbox_helper::{LimitPlan, NetworkPlan, Plan, Strategy};

use super::threads::{self, Commands, Told};
use super::{DEFAULT_PROCESSES, Event, Handler, Launch, StartError, Stdin, environment};
use crate::capabilities::{capabilities, enforcement};
use crate::policy::{Limits, Network, NetworkMode, Rules};
use crate::proxy::AllowList;

mod profile;
mod spawn;

pub(super) use super::threads::Running;
use profile::{Reach, profile};

/// What confines.
pub(crate) const SANDBOX_EXEC: &str = "/usr/bin/sandbox-exec";

/// Bytes of arguments and variables that the system starts a program with.
const MOST_ARGUMENTS: usize = 1 << 20;

#[derive(Debug, Default)]
pub(super) struct Supervisor {
    commands: Commands,
}

impl Supervisor {
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self::default())
    }

    pub(super) fn start(
        &self,
        launch: Launch,
        mut handler: Handler,
    ) -> Result<Running, StartError> {
        let started = Instant::now();
        let found = capabilities(&launch.helper)?;
        let limits = launch.rules.policy.limits.lower(launch.limits);
        let mut rules = (*launch.rules).clone();
        rules.policy.limits = limits;
        let held = match found.means {
            Some(means) => enforcement(&rules, means, &found),
            None => found.enforcement,
        };
        if found.means.is_none() || held.meets() < rules.policy.require {
            return Err(StartError::too_weak(rules.policy.require, &held));
        }
        let (plan, listener) = plan(&launch, &rules)?;
        if let Some(listener) = listener {
            handler(Event::Listener(listener));
        }
        let cwd = working_directory(&launch);
        let begun = spawn::spawn(
            &launch.helper,
            &plan,
            launch.stdin != Stdin::Null,
            launch.command,
            cwd,
        )?;
        let told = Told {
            stdin: launch.stdin,
            limits,
            grace: launch.grace,
            enforcement: held,
            started,
        };
        Ok(self.commands.lead(begun, told, handler)?)
    }

    pub(super) fn start_soon(&self, launch: Launch, handler: Handler) -> Running {
        threads::start_soon(handler, |handler| self.start(launch, handler))
    }
}

/// Runs `/usr/bin/true` under the profile of a policy that allows nothing: whether all of the way works here.
pub(crate) fn probe(helper: &Path, rules: Rules) -> Result<(), StartError> {
    let launch = Launch {
        host_env: Vec::new(),
        ..Launch::new(helper, Arc::new(rules), "/usr/bin/true")
    };
    let (plan, _) = plan(&launch, &launch.rules)?;
    let begun = spawn::spawn(
        helper,
        &plan,
        false,
        launch.command.clone(),
        PathBuf::from("/"),
    )?;
    let ending = begun.tree.wait()?;
    match ending.exit_code {
        Some(0) => Ok(()),
        code => Err(StartError::System(io::Error::other(format!(
            "a program in a sandbox ended with {code:?}, signal {:?}",
            ending.signal
        )))),
    }
}

fn working_directory(launch: &Launch) -> PathBuf {
    let workspace = &launch.rules.workspace;
    launch
        .cwd
        .as_ref()
        .map_or_else(|| workspace.clone(), |cwd| workspace.join(cwd))
}

/// What the helper is told, and the socket of the proxy where there is one.
fn plan(launch: &Launch, rules: &Rules) -> Result<(Plan, Option<TcpListener>), StartError> {
    let mut variables = environment::of_policy(&rules.policy.env, &launch.host_env);
    let mut listener = None;
    let reach = match &rules.policy.network {
        Network::Mode(NetworkMode::None) => Reach::Nothing,
        Network::Mode(NetworkMode::Full) => Reach::Everything,
        Network::Domains(named) => {
            let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            let port = socket.local_addr()?.port();
            listener = Some(socket);
            // It was read when the sandbox was opened; were it none, the proxy would let nothing through.
            let hosts = AllowList::parse(&named.allow_domains).unwrap_or_default();
            environment::set_proxy(&mut variables, port, &hosts);
            Reach::Proxy(port)
        }
    };
    let scratch = rules.policy.has_private_tmp().then(scratch).transpose()?;
    if let Some(scratch) = &scratch {
        for name in ["TMPDIR", "TMP", "TEMP"] {
            variables.insert(name.into(), scratch.clone().into());
        }
    }
    variables.extend(launch.env.clone());
    let variables = variables.into_iter().map(|(name, value)| {
        let mut variable = name;
        variable.push("=");
        variable.push(value);
        text("env", &variable)
    });
    let args = arguments(launch, rules, reach, scratch.as_deref())?;
    let env = variables.collect::<Result<Vec<_>, _>>()?;
    let bytes: usize = args
        .iter()
        .chain(&env)
        .map(|text| text.as_bytes().len() + 9)
        .sum();
    if bytes >= MOST_ARGUMENTS {
        return Err(StartError::Argument {
            field: "args",
            problem: format!(
                "with variables and the profile of the policy are {bytes} bytes long; the system takes less than \
                 {MOST_ARGUMENTS}"
            ),
        });
    }
    let plan = Plan {
        strategy: Strategy::Plain,
        probe: false,
        // All of what follows is in the profile.
        network: NetworkPlan::None,
        landlock: 0,
        private_tmp: false,
        full_access: false,
        limits: limit_plan(&rules.policy.limits),
        program: text("command", OsStr::new(SANDBOX_EXEC))?,
        args,
        env,
        cwd: text("cwd", working_directory(launch).as_os_str())?,
        roots: Vec::new(),
        protected: Vec::new(),
        deny: Vec::new(),
        hidden: Vec::new(),
        unborn: Vec::new(),
        keep: Vec::new(),
        links: Vec::new(),
        masks: Vec::new(),
        read_only: Vec::new(),
        readable: Vec::new(),
        scratch: text("TMPDIR", scratch.unwrap_or_default().as_os_str())?,
        cgroups: Vec::new(),
    };
    Ok((plan, listener))
}

/// `sandbox-exec` with the profile, the helper inside of it, and the command.
fn arguments(
    launch: &Launch,
    rules: &Rules,
    reach: Reach,
    scratch: Option<&Path>,
) -> Result<Vec<CString>, StartError> {
    let profile = profile(rules, reach, scratch);
    let mut arguments: Vec<OsString> = vec![SANDBOX_EXEC.into(), "-p".into(), profile.text.into()];
    for parameter in profile.parameters {
        arguments.extend(["-D".into(), parameter]);
    }
    arguments.extend([launch.helper.clone().into(), "--inside".into()]);
    arguments.push(launch.command.clone());
    arguments.extend(launch.args.iter().cloned());
    arguments
        .iter()
        .map(|argument| text("args", argument))
        .collect()
}

fn limit_plan(limits: &Limits) -> LimitPlan {
    LimitPlan {
        cpu_ms: limits.cpu_ms.unwrap_or(0),
        memory_bytes: limits.memory_bytes.unwrap_or(0),
        processes: limits.processes.unwrap_or(DEFAULT_PROCESSES),
        file_bytes: limits.file_bytes.unwrap_or(0),
        pid_max: 0,
        tmp_bytes: 0,
    }
}

/// A name for a directory that the helper makes and removes, below the real place of the temporary directory: profiles know
/// no links.
fn scratch() -> io::Result<PathBuf> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("fishplate-{}-{number}", std::process::id());
    Ok(std::fs::canonicalize(std::env::temp_dir())?.join(name))
}

fn text(field: &'static str, value: &OsStr) -> Result<CString, StartError> {
    CString::new(value.as_bytes()).map_err(|_| StartError::Argument {
        field,
        problem: "holds a NUL".to_owned(),
    })
}
