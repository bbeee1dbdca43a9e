//! Windows: each command in an `AppContainer` of its policy and a job object of its own.
//!
//! Compiled for its target, and not yet run on it.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::windows::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use fishplate_sandbox_helper::Usage;

use super::threads::{self, Begun, Commands, Ending, Told, Tree};
use super::{Handler, Launch, LimitHit, StartError, Stdin, environment};
use crate::capabilities::{capabilities, enforcement};
use crate::paths;
use crate::policy::{Limits, Mode, Network, NetworkMode, Rules};

mod access;
mod command_line;
mod container;
mod find;
mod job;
mod journal;
mod spawn;
mod variables;

pub(super) use super::threads::Running;
use command_line::{batch_line, command_line};
use container::Container;
use find::{Found, find};
use job::Job;
use spawn::{Confined, Process, Start};

/// How often limits are looked at, in milliseconds.
const LOOK_MS: u32 = 15;
/// How long processes that were ended may take to be gone.
const PATIENCE: Duration = Duration::from_secs(5);
/// The number of SIGKILL, as Node tells of an end by force here too.
const KILLED: i32 = 9;

#[derive(Debug, Default)]
pub(super) struct Supervisor {
    commands: Commands,
}

impl Supervisor {
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self::default())
    }

    pub(super) fn start(&self, launch: Launch, handler: Handler) -> Result<Running, StartError> {
        let started = Instant::now();
        let found = capabilities(&launch.helper)?;
        let mut rules = (*launch.rules).clone();
        rules.policy.limits = rules.policy.limits.lower(launch.limits);
        let held = match found.means {
            Some(means) => enforcement(&rules, means, &found),
            None => found.enforcement,
        };
        // A container has no way to be given all that its user has.
        let is_open = rules.policy.mode == Mode::FullAccess;
        if found.means.is_none() || is_open || held.meets() < rules.policy.require {
            return Err(StartError::too_weak(rules.policy.require, &held));
        }
        let begun = begin(&launch, &rules)?;
        let told = Told {
            stdin: launch.stdin,
            limits: rules.policy.limits,
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

/// Writes a file in a container that may, and does not where it may not: whether all of the way works here.
pub(crate) fn probe() -> Result<(), StartError> {
    let folder = std::env::temp_dir().join(format!("fishplate-probe-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let probed = std::fs::canonicalize(&folder)
        .map_err(StartError::System)
        .and_then(|workspace| probe_in(&workspace));
    let _ = std::fs::remove_dir_all(&folder);
    probed
}

fn probe_in(workspace: &Path) -> Result<(), StartError> {
    let inside = workspace.join("inside");
    std::fs::create_dir_all(&inside)?;
    let mut rules = Rules::of_nothing(crate::policy::Policy::default());
    rules.workspace.clone_from(&inside);
    rules.writable_roots = vec![inside.clone()];
    let script = "echo x> here & echo x> ..\\outside & exit 0";
    let shell = OsString::from(shell());
    let launch = Launch::new(Path::new(""), Arc::new(rules), shell).args(["/d", "/c", script]);
    let begun = begin(&launch, &launch.rules)?;
    let ending = begun.tree.wait()?;
    let fault = if !inside.join("here").exists() {
        format!(
            "a program in an AppContainer cannot write where it may (exit code {:?})",
            ending.exit_code
        )
    } else if workspace.join("outside").exists() {
        "a program in an AppContainer writes where it may not".to_owned()
    } else {
        return Ok(());
    };
    Err(StartError::System(io::Error::other(fault)))
}

fn begin(launch: &Launch, rules: &Rules) -> Result<Begun, StartError> {
    let cwd = working_directory(launch)?;
    let container = Container::of(rules).map_err(|error| StartError::Confine {
        step: "container".to_owned(),
        detail: "making it, or giving it its rights on the roots".to_owned(),
        error,
    })?;
    let mut variables = environment::of_policy(&rules.policy.env, &launch.host_env);
    if rules.policy.has_private_tmp() {
        for name in ["TMPDIR", "TMP", "TEMP"] {
            variables.insert(name.into(), container.scratch.clone().into());
        }
    }
    variables.extend(launch.env.clone());
    let mut all: Vec<(OsString, OsString)> = variables.into_iter().collect();
    let has = |wanted: &str, all: &[(OsString, OsString)]| {
        all.iter()
            .any(|(name, _)| name.eq_ignore_ascii_case(wanted))
    };
    if !has("SystemRoot", &all) {
        // No program loads its libraries without it.
        all.extend(std::env::var_os("SystemRoot").map(|root| ("SystemRoot".into(), root)));
    }
    let (program, mut line) = line(launch, &all, &cwd)?;
    line.push(0);
    let block = all.iter().map(|(name, value)| (units(name), units(value)));
    let block = variables::block(block).map_err(|error| StartError::Argument {
        field: "env",
        problem: error.to_string(),
    })?;
    let job = Job::new(&rules.policy.limits)?;
    let start = Start {
        program: &wide(plain(&program).as_os_str()),
        line,
        variables: &block,
        cwd: &wide(plain(&cwd).as_os_str()),
        confined: Confined::By {
            container: container.sid(),
            has_network: rules.policy.network == Network::Mode(NetworkMode::Full),
        },
        has_input: launch.stdin != Stdin::Null,
    };
    let started = spawn::start(start, &job).map_err(|error| StartError::NotExecutable {
        command: launch.command.clone(),
        error,
    })?;
    Ok(begun(started, job, rules.policy.limits, Some(container)))
}

fn begun(
    started: spawn::Started,
    job: Job,
    limits: Limits,
    container: Option<Arc<Container>>,
) -> Begun {
    Begun {
        stdin: started.stdin.map(|pipe| Box::new(pipe) as _),
        stdout: Box::new(started.stdout),
        stderr: Box::new(started.stderr),
        tree: Arc::new(InJob {
            job,
            process: started.process,
            limits,
            _container: container,
        }),
    }
}

fn working_directory(launch: &Launch) -> Result<PathBuf, StartError> {
    let workspace = &launch.rules.workspace;
    let cwd = launch
        .cwd
        .as_ref()
        .map_or_else(|| workspace.clone(), |cwd| workspace.join(cwd));
    let unusable = |error| StartError::Cwd {
        path: cwd.clone(),
        error,
    };
    paths::check(&cwd)
        .map_err(|error| unusable(io::Error::new(io::ErrorKind::InvalidInput, error)))?;
    let found = std::fs::metadata(&cwd).map_err(unusable)?;
    if !found.is_dir() {
        return Err(unusable(io::ErrorKind::NotADirectory.into()));
    }
    Ok(cwd)
}

/// The program that is started, and its command line.
fn line(
    launch: &Launch,
    variables: &[(OsString, OsString)],
    cwd: &Path,
) -> Result<(PathBuf, Vec<u16>), StartError> {
    let mut named = variables.iter().rev();
    let search = named.find(|(name, _)| name.eq_ignore_ascii_case("PATH"));
    let search = search.map_or(OsStr::new(""), |(_, value)| value);
    let args: Vec<_> = launch.args.iter().map(|argument| units(argument)).collect();
    let (program, line) = match find(&launch.command, search, cwd)? {
        Found::Program(program) => {
            let line = command_line(&units(plain(&program).as_os_str()), &args);
            (program, line)
        }
        Found::Batch(batch) => {
            let shell = shell();
            let batch = units(plain(&batch).as_os_str());
            let line = batch_line(&units(shell.as_os_str()), &batch, &args);
            (shell, line)
        }
    };
    let line = line.map_err(|error| StartError::Argument {
        field: "args",
        problem: error.to_string(),
    })?;
    Ok((program, line))
}

/// The system's own, whatever `ComSpec` says.
fn shell() -> PathBuf {
    std::env::var_os("SystemRoot")
        .map_or_else(|| PathBuf::from(r"C:\Windows"), PathBuf::from)
        .join("System32")
        .join("cmd.exe")
}

/// All processes of a command.
struct InJob {
    // First, so that its end, which is that of all in it, comes before the container's.
    job: Job,
    process: Process,
    limits: Limits,
    _container: Option<Arc<Container>>,
}

impl InJob {
    fn exceeded(&self) -> Option<LimitHit> {
        if let Some(limit) = self.job.limit(LOOK_MS) {
            return Some(limit);
        }
        let used = self.job.used();
        let cpu_ms = (used.user_us + used.system_us) / 1000;
        if self.limits.cpu_ms.is_some_and(|most| cpu_ms > most) {
            return Some(LimitHit::CpuMs);
        }
        let is_over = |most| used.written_bytes > most;
        self.limits
            .file_bytes
            .is_some_and(is_over)
            .then_some(LimitHit::FileBytes)
    }
}

impl Tree for InJob {
    /// There is no way to ask a process without a window or a console that is shared.
    fn terminate(&self) {
        self.job.end();
    }

    fn kill(&self) {
        self.job.end();
    }

    fn abandon(&self) {
        self.job.end();
    }

    fn wait(&self) -> Result<Ending, StartError> {
        let mut limit = None;
        while !self.process.has_ended() {
            if let Some(hit) = self.exceeded() {
                limit.get_or_insert(hit);
                self.job.end();
            }
        }
        let until = Instant::now() + PATIENCE;
        let mut used = self.job.used();
        while used.processes > 0 && Instant::now() < until {
            self.job.end();
            thread::sleep(Duration::from_millis(1));
            used = self.job.used();
        }
        // A limit that ended it may have been told of only now.
        while let Some(hit) = self.job.limit(0) {
            limit.get_or_insert(hit);
        }
        let exit_code = self.process.exit_code();
        Ok(Ending {
            exit_code,
            signal: exit_code.is_none().then_some(KILLED),
            limit,
            usage: Usage {
                user_us: used.user_us,
                system_us: used.system_us,
                max_rss_bytes: used.peak_bytes,
            },
        })
    }
}

/// UTF-16 with a NUL at the end.
fn wide(text: &OsStr) -> Vec<u16> {
    text.encode_wide().chain([0]).collect()
}

fn units(text: &OsStr) -> Vec<u16> {
    text.encode_wide().collect()
}

/// Without the `\\?\` of a drive, which not every call takes; long paths need it.
fn plain(path: &Path) -> PathBuf {
    const LONG: usize = 240;
    match path.to_str().and_then(|text| text.strip_prefix(r"\\?\")) {
        Some(text) if text.len() < LONG && text.as_bytes().get(1) == Some(&b':') => text.into(),
        _ => path.to_path_buf(),
    }
}

#[cfg(test)]
mod tests;
