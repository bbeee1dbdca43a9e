//! Commands that run under a policy: one thread of the process serves all of them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use fishplate_sandbox_helper::Usage;
use serde::Serialize;

use crate::capabilities::Enforcement;
use crate::policy::{Limits, Require, Rules};
use crate::sandbox::Violation;

mod environment;
#[cfg(target_os = "linux")]
pub(crate) mod linux;
#[cfg(target_os = "linux")]
use linux as platform;
#[cfg(target_os = "macos")]
pub(crate) mod macos;
#[cfg(target_os = "macos")]
use macos as platform;
/// Elsewhere its pure parts, for their tests.
#[cfg(all(test, not(target_os = "macos")))]
mod macos {
    mod profile;
}
#[cfg(any(target_os = "macos", windows, all(test, unix)))]
pub(crate) mod threads;
#[cfg(windows)]
pub(crate) mod windows;
#[cfg(windows)]
use windows as platform;
/// Elsewhere its pure parts, for their tests.
#[cfg(all(test, not(windows)))]
mod windows {
    mod command_line;
    mod variables;
}
#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
mod unsupported;
#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
use unsupported as platform;

/// Processes and threads at once, where a policy names no limit: the end of a fork bomb, far from what programs need.
pub const DEFAULT_PROCESSES: u32 = 4096;

/// The most that the private temporary directories hold together, where no limit of files or memory is smaller.
pub const DEFAULT_TMP_BYTES: u64 = 1 << 30;

/// By which means a command is confined, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Means {
    /// Namespaces, one of users among them; Landlock, seccomp, limits.
    UserNamespaces,
    /// The same without a namespace of users, which needs a caller with `CAP_SYS_ADMIN`.
    PrivilegedNamespaces,
    /// Landlock, seccomp and limits alone.
    LandlockOnly,
    /// macOS: a Seatbelt profile, a watch over processes.
    Seatbelt,
    /// Windows: an `AppContainer` in a job object.
    AppContainer,
}

/// What a command reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Stdin {
    /// Nothing: `/dev/null`.
    #[default]
    Null,
    /// These bytes, and then the end.
    Bytes(Vec<u8>),
    /// What [`Running::write_stdin`] gives, until [`Running::close_stdin`].
    Open,
}

/// A command to start.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The helper's executable.
    pub helper: PathBuf,
    /// What it may do.
    pub rules: Arc<Rules>,
    /// A path, or a name that is looked for in the command's `PATH`.
    pub command: OsString,
    /// Its arguments, without its own name.
    pub args: Vec<OsString>,
    /// Its working directory; the workspace where it is not given.
    pub cwd: Option<PathBuf>,
    /// Variables beside those of the policy, and stronger.
    pub env: BTreeMap<OsString, OsString>,
    /// The variables that the policy chooses from.
    pub host_env: Vec<(OsString, OsString)>,
    /// What it reads.
    pub stdin: Stdin,
    /// Limits beside those of the policy: of each the lower one counts.
    pub limits: Limits,
    /// How long after SIGTERM all is ended.
    pub grace: Duration,
    /// The strongest means that may be used. For tests of weaker ones: what they do not hold is reported, and
    /// `policy.require` is checked, as on a machine that has no stronger ones.
    pub strongest: Means,
}

impl Launch {
    /// A command with nothing but what it must have.
    pub fn new(helper: &Path, rules: Arc<Rules>, command: impl Into<OsString>) -> Self {
        Self {
            helper: helper.to_path_buf(),
            rules,
            command: command.into(),
            args: Vec::new(),
            cwd: None,
            env: BTreeMap::new(),
            host_env: std::env::vars_os().collect(),
            stdin: Stdin::Null,
            limits: Limits::default(),
            grace: Duration::from_millis(500),
            strongest: Means::UserNamespaces,
        }
    }

    /// The same with arguments.
    #[must_use]
    pub fn args(mut self, args: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }
}

/// A limit that ended a command, by its name in a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum LimitHit {
    /// `limits.wallMs`.
    WallMs,
    /// `limits.cpuMs`.
    CpuMs,
    /// `limits.memoryBytes`.
    MemoryBytes,
    /// `limits.processes`.
    Processes,
    /// `limits.fileBytes`.
    FileBytes,
    /// `limits.outputBytes`.
    OutputBytes,
}

impl LimitHit {
    /// Its name in `policy.limits`.
    pub fn name(self) -> &'static str {
        match self {
            Self::WallMs => "wallMs",
            Self::CpuMs => "cpuMs",
            Self::MemoryBytes => "memoryBytes",
            Self::Processes => "processes",
            Self::FileBytes => "fileBytes",
            Self::OutputBytes => "outputBytes",
        }
    }
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Its exit code, where it exited.
    pub exit_code: Option<i32>,
    /// The signal's number, where a signal ended it.
    pub signal: Option<i32>,
    /// From the start to the end of its last process.
    pub duration: Duration,
    /// Whether the time on the clock ended it.
    pub timed_out: bool,
    /// Whether output is missing, for there was more than the limit.
    pub truncated: bool,
    /// The limit that ended it.
    pub limit_hit: Option<LimitHit>,
    /// What its processes used, as far as they were waited for.
    pub usage: Usage,
    /// What was undone, or ended it, beside limits.
    pub violations: Vec<Violation>,
    /// What held.
    pub enforcement: Enforcement,
}

/// Why a command could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The helper cannot be run.
    #[error("the sandbox helper {} cannot be run: {error}", path.display())]
    Helper {
        /// Where it should be.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A text has a NUL, or a path cannot be used.
    #[error("{field} {problem}")]
    Argument {
        /// Which.
        field: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The command is not there.
    #[error("the command {} was not found", command.display())]
    NotFound {
        /// As given.
        command: OsString,
    },
    /// The command is there, and no program that may be run.
    #[error("the command {} cannot be run: {error}", command.display())]
    NotExecutable {
        /// As given.
        command: OsString,
        /// What the system said.
        error: io::Error,
    },
    /// The command is there, and what should run it is not.
    #[error("the command {} is there ({}), but its interpreter {interpreter} is not to be found in the sandbox{}",
        command.display(), program.display(), return_hint(*has_return))]
    NoInterpreter {
        /// As given.
        command: OsString,
        /// The file.
        program: PathBuf,
        /// What its first line, or its header, names.
        interpreter: String,
        /// Whether a carriage return stands behind that name.
        has_return: bool,
    },
    /// The working directory cannot be entered.
    #[error("the working directory {} cannot be used: {error}", path.display())]
    Cwd {
        /// As given.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// What the policy requires cannot be held here.
    #[error("the policy requires {required:?}, and here {held:?} is held; open are: {open}")]
    TooWeak {
        /// What the policy requires.
        required: Require,
        /// What is held.
        held: Require,
        /// The clauses that are not, or less well.
        open: String,
    },
    /// A step of confining did not succeed, so nothing was run.
    #[error("confining failed at {step} ({detail}): {error}")]
    Confine {
        /// Which.
        step: String,
        /// More about where.
        detail: String,
        /// What the system said.
        error: io::Error,
    },
    /// Pipes, sockets or processes cannot be had.
    #[error("the system refused what is needed to run a command: {0}")]
    System(#[from] io::Error),
    /// The supervisor has been stopped.
    #[error("the supervisor has been stopped")]
    Stopped,
    /// Nothing confines on this system.
    #[error("commands cannot be confined on this system; use docker, or WSL on Windows")]
    Unsupported,
}

fn return_hint(has_return: bool) -> &'static str {
    if has_return {
        "; its first line ends in a carriage return, which is taken for a part of the name: save it with line feeds alone"
    } else {
        ""
    }
}

impl StartError {
    /// What is held does not meet what is required.
    pub(crate) fn too_weak(required: Require, held: &Enforcement) -> Self {
        let clauses: Vec<_> = held
            .weaker
            .iter()
            .map(|weakness| format!("{} ({})", weakness.clause, weakness.reason))
            .collect();
        Self::TooWeak {
            required,
            held: held.meets(),
            open: clauses.join("; "),
        }
    }

    /// Its code, as docs/errors.md has it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Helper { .. } | Self::TooWeak { .. } | Self::Unsupported => {
                "ENFORCEMENT_UNAVAILABLE"
            }
            Self::Argument { .. } => "INPUT_INVALID",
            Self::NotFound { .. } => "COMMAND_NOT_FOUND",
            Self::NotExecutable { .. } | Self::NoInterpreter { .. } => "COMMAND_NOT_EXECUTABLE",
            Self::Cwd { .. } => "CWD_INVALID",
            Self::Confine { .. } | Self::System(_) => "START_FAILED",
            Self::Stopped => "SANDBOX_CLOSED",
        }
    }
}

/// What happens to a command. The last one is [`Event::End`].
#[derive(Debug)]
pub enum Event<'a> {
    /// Bytes that it wrote.
    Stdout(&'a [u8]),
    /// Bytes that it wrote to its second stream.
    Stderr(&'a [u8]),
    /// All that was given to [`Running::write_stdin`] has been taken.
    StdinDrained,
    /// For a network of named hosts: the socket that its proxy variables name. Whoever accepts on it, outside, is the proxy.
    Listener(TcpListener),
    /// It ended, or could not be started.
    End(Result<Outcome, StartError>),
}

/// Takes the events, on a thread of the supervisor: it must not wait, for all commands do so long.
pub type Handler = Box<dyn FnMut(Event<'_>) + Send>;

/// Runs commands. Dropping it ends all of them.
#[derive(Debug)]
pub struct Supervisor {
    inner: platform::Supervisor,
}

/// A command that was started. Dropping it changes nothing for the command.
#[derive(Clone, Debug)]
pub struct Running {
    inner: platform::Running,
}

impl Supervisor {
    /// A supervisor with its thread.
    ///
    /// # Errors
    ///
    /// Where the thread or its descriptors cannot be had.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            inner: platform::Supervisor::new()?,
        })
    }

    /// Starts a command.
    ///
    /// What can be known at once is an error here; what the helper finds out (no such command, say) is the handler's
    /// [`Event::End`].
    ///
    /// # Errors
    ///
    /// [`StartError`].
    pub fn start(&self, launch: Launch, handler: Handler) -> Result<Running, StartError> {
        let inner = self.inner.start(launch, handler)?;
        Ok(Running { inner })
    }

    /// Starts a command on another thread, so that this one goes on at once. Whatever keeps it from starting is the handler's
    /// [`Event::End`]; what is ordered before it has started is done then.
    pub fn start_soon(&self, launch: Launch, handler: Handler) -> Running {
        let inner = self.inner.start_soon(launch, handler);
        Running { inner }
    }

    /// Starts a command and waits for its end. For tests and simple programs.
    ///
    /// # Errors
    ///
    /// [`StartError`].
    pub fn run(&self, launch: Launch) -> Result<Captured, StartError> {
        let (sender, receiver) = mpsc::channel();
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let handler = move |event: Event<'_>| match event {
            Event::Stdout(bytes) => stdout.extend_from_slice(bytes),
            Event::Stderr(bytes) => stderr.extend_from_slice(bytes),
            Event::StdinDrained | Event::Listener(_) => {}
            Event::End(outcome) => {
                let captured = outcome.map(|outcome| Captured {
                    outcome,
                    stdout: std::mem::take(&mut stdout),
                    stderr: std::mem::take(&mut stderr),
                });
                let _ = sender.send(captured);
            }
        };
        self.start(launch, Box::new(handler))?;
        receiver.recv().unwrap_or(Err(StartError::Stopped))
    }
}

/// A command's end with all of its output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captured {
    /// How it ended.
    pub outcome: Outcome,
    /// What it wrote.
    pub stdout: Vec<u8>,
    /// What it wrote to its second stream.
    pub stderr: Vec<u8>,
}

impl Running {
    /// Asks all of its processes to end, and ends them after the grace.
    pub fn kill(&self) {
        self.inner.kill();
    }

    /// Ends all of its processes at once.
    pub fn kill_now(&self) {
        self.inner.kill_now();
    }

    /// Gives it bytes to read. `false`: more than a mebibyte is waiting to be taken, so wait for [`Event::StdinDrained`].
    /// After its end, or without [`Stdin::Open`], bytes go nowhere.
    pub fn write_stdin(&self, bytes: Vec<u8>) -> bool {
        self.inner.write_stdin(bytes)
    }

    /// Reads its output no more, so that it waits once its pipes are full: until [`Running::resume_output`], or its end. What was
    /// read before is told of still.
    pub fn pause_output(&self) {
        self.inner.pause_output();
    }

    /// Reads its output again.
    pub fn resume_output(&self) {
        self.inner.resume_output();
    }

    /// There is no more to read for it.
    pub fn close_stdin(&self) {
        self.inner.close_stdin();
    }
}
