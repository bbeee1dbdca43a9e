//! One workspace under one policy: decisions, files, commands with their proxy. What a host holds in its hands.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use crate::capabilities::{Enforcement, capabilities, enforcement};
use crate::files::{FileError, Files};
use crate::grants::{GrantError, Grants};
use crate::policy::{Limits, Network, Policy, PolicyError, Rules};
use crate::proxy::{AllowList, AllowListError, Denial, Options, Proxy};
use crate::supervisor::{Event, Handler, Launch, Outcome, Running, StartError, Stdin, Supervisor};

/// A workspace under a policy.
#[derive(Debug)]
pub struct Sandbox {
    rules: Arc<Rules>,
    files: Files,
    helper: PathBuf,
    hosts: Option<AllowList>,
}

/// Why a sandbox cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The policy is none, or does not fit the workspace.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// `network.allowDomains` holds what is no host.
    #[error("network.{0}")]
    Hosts(#[from] AllowListError),
    /// The grants are none.
    #[error(transparent)]
    Grants(#[from] GrantError),
    /// A root cannot be opened.
    #[error(transparent)]
    Files(#[from] FileError),
}

impl OpenError {
    /// Its code, as docs/errors.md has it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Policy(PolicyError::Workspace { .. }) => "WORKSPACE_INVALID",
            Self::Policy(_) | Self::Hosts(_) => "POLICY_INVALID",
            Self::Grants(error) => error.code(),
            Self::Files(error) => error.code(),
        }
    }
}

/// A command to run in a sandbox.
#[derive(Clone, Debug, Default)]
pub struct Command {
    /// A path, or a name that is looked for in the command's `PATH`.
    pub program: OsString,
    /// Its arguments, without its own name.
    pub args: Vec<OsString>,
    /// Its working directory; the workspace where it is not given.
    pub cwd: Option<PathBuf>,
    /// Variables beside those of the policy, and stronger.
    pub env: BTreeMap<OsString, OsString>,
    /// The variables that the policy chooses from; none where the caller has chosen already.
    pub host_env: Vec<(OsString, OsString)>,
    /// What it reads.
    pub stdin: Stdin,
    /// Time on the clock after which it is ended, in milliseconds; the lower one of this and the policy's counts.
    pub wall_ms: Option<u64>,
    /// Bytes of each stream that are kept; what is more is read and dropped.
    pub kept_bytes: usize,
}

/// Something that a command tried, and was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Violation {
    /// `network`, `limit` or `protectedPaths`.
    pub kind: &'static str,
    /// `host:port`, the name of the limit, or a path.
    pub target: String,
    /// In words.
    pub reason: String,
}

/// A command's end, with the beginning of what it wrote.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub outcome: Outcome,
    /// The beginning of its output.
    pub stdout: Vec<u8>,
    /// The beginning of its second stream.
    pub stderr: Vec<u8>,
    /// Whether output was dropped.
    pub truncated: bool,
    /// What it was refused.
    pub violations: Vec<Violation>,
}

/// A piece of output, while the command runs.
#[derive(Clone, Copy, Debug)]
pub enum Output<'bytes> {
    /// Of its output.
    Stdout(&'bytes [u8]),
    /// Of its second stream.
    Stderr(&'bytes [u8]),
    /// All that was given to [`Execution::write_stdin`] has been taken.
    StdinDrained,
}

/// A command that was started. Dropping it changes nothing for the command.
#[derive(Clone, Debug)]
pub struct Execution {
    running: Running,
}

impl Execution {
    /// Asks all of its processes to end, and ends them after half a second.
    pub fn kill(&self) {
        self.running.kill();
    }

    /// Ends all of its processes at once.
    pub fn kill_now(&self) {
        self.running.kill_now();
    }

    /// Gives it bytes to read, where it was started with [`Stdin::Open`]. `false`: more than a mebibyte is waiting to be
    /// taken, so wait for [`Output::StdinDrained`].
    pub fn write_stdin(&self, bytes: Vec<u8>) -> bool {
        self.running.write_stdin(bytes)
    }

    /// There is no more to read for it.
    pub fn close_stdin(&self) {
        self.running.close_stdin();
    }

    /// Reads its output no more, so that it waits once its pipes are full: until [`Execution::resume_output`].
    pub fn pause_output(&self) {
        self.running.pause_output();
    }

    /// Reads its output again.
    pub fn resume_output(&self) {
        self.running.resume_output();
    }
}

impl Sandbox {
    /// Opens a workspace under a policy of JSON. `helper` is the path of the helper's executable.
    ///
    /// # Errors
    ///
    /// [`OpenError`].
    pub fn open(
        workspace: &Path,
        policy: &str,
        home: Option<&Path>,
        helper: &Path,
    ) -> Result<Self, OpenError> {
        let rules = Rules::new(Policy::from_json(policy)?, workspace, home)?;
        let hosts = match &rules.policy.network {
            Network::Domains(named) => Some(AllowList::parse(&named.allow_domains)?),
            Network::Mode(_) => None,
        };
        Ok(Self {
            files: Files::open(&rules)?,
            rules: Arc::new(rules),
            helper: helper.to_path_buf(),
            hosts,
        })
    }

    /// What the policy comes to.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Files and decisions under the policy.
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// Replaces all grants by those of JSON; where they are none, those before stay.
    ///
    /// # Errors
    ///
    /// [`GrantError`].
    pub fn update_grants(&self, grants: &str) -> Result<(), GrantError> {
        let grants = Grants::from_json(grants, &self.rules)?;
        self.files.update_grants(grants);
        Ok(())
    }

    /// What will hold the commands.
    ///
    /// # Errors
    ///
    /// [`StartError::TooWeak`] where that is less than the policy requires; [`StartError`] where nothing can be found out.
    pub fn enforcement(&self) -> Result<Enforcement, StartError> {
        let found = capabilities(&self.helper)?;
        let held = match found.means {
            Some(means) => enforcement(&self.rules, means, &found),
            None => found.enforcement,
        };
        let required = self.rules.policy.require;
        if held.meets() < required {
            return Err(StartError::too_weak(required, &held));
        }
        Ok(held)
    }

    /// Starts a command. `on_output` is given what it writes, and `on_end` how it ended: on the supervisor's thread, which
    /// serves all commands, so neither may wait.
    ///
    /// # Errors
    ///
    /// [`StartError`], for what is known at once.
    pub fn start(
        &self,
        supervisor: &Supervisor,
        command: Command,
        on_output: impl FnMut(Output<'_>) + Send + 'static,
        on_end: impl FnOnce(Result<Finished, StartError>) + Send + 'static,
    ) -> Result<Execution, StartError> {
        let (launch, handler) = self.prepare(command, on_output, on_end);
        let running = supervisor.start(launch, handler)?;
        Ok(Execution { running })
    }

    /// The same on another thread, so that this one goes on at once: `on_end` is told all that keeps the command from starting.
    pub fn start_soon(
        &self,
        supervisor: &Supervisor,
        command: Command,
        on_output: impl FnMut(Output<'_>) + Send + 'static,
        on_end: impl FnOnce(Result<Finished, StartError>) + Send + 'static,
    ) -> Execution {
        let (launch, handler) = self.prepare(command, on_output, on_end);
        let running = supervisor.start_soon(launch, handler);
        Execution { running }
    }

    fn prepare(
        &self,
        command: Command,
        mut on_output: impl FnMut(Output<'_>) + Send + 'static,
        on_end: impl FnOnce(Result<Finished, StartError>) + Send + 'static,
    ) -> (Launch, Handler) {
        let kept_bytes = command.kept_bytes;
        let mut launch = Launch::new(&self.helper, Arc::clone(&self.rules), command.program);
        launch.args = command.args;
        launch.cwd = command.cwd;
        launch.env = command.env;
        launch.host_env = command.host_env;
        launch.stdin = command.stdin;
        launch.limits = Limits {
            wall_ms: command.wall_ms,
            ..Limits::default()
        };
        let mut hosts = self.hosts.clone();
        let mut network = Reached::Unasked;
        let mut kept = [Kept::default(), Kept::default()];
        let mut on_end = Some(on_end);
        let handler = move |event: Event<'_>| match event {
            Event::Stdout(bytes) => {
                kept[0].take(bytes, kept_bytes);
                on_output(Output::Stdout(bytes));
            }
            Event::Stderr(bytes) => {
                kept[1].take(bytes, kept_bytes);
                on_output(Output::Stderr(bytes));
            }
            Event::StdinDrained => on_output(Output::StdinDrained),
            Event::Listener(listener) => {
                if let Some(list) = hosts.take() {
                    network = match Proxy::start(listener, list, Options::default()) {
                        Ok(proxy) => Reached::Through(proxy),
                        // Nobody answers then: what is not reached is told at the end.
                        Err(error) => Reached::Failed(error),
                    };
                }
            }
            Event::End(ended) => {
                let [stdout, stderr] = std::mem::take(&mut kept);
                let mut violations = std::mem::replace(&mut network, Reached::Unasked).violations();
                if let Some(on_end) = on_end.take() {
                    on_end(ended.map(|outcome| {
                        violations.extend(outcome.violations.iter().cloned());
                        violations.extend(limit_violation(&outcome));
                        Finished {
                            truncated: outcome.truncated || stdout.is_cut || stderr.is_cut,
                            outcome,
                            stdout: stdout.bytes,
                            stderr: stderr.bytes,
                            violations,
                        }
                    }));
                }
            }
        };
        (launch, Box::new(handler))
    }
}

/// The supervisor of this process: one thread for all sandboxes in it.
///
/// # Errors
///
/// Where the thread or its descriptors cannot be had; the next call tries again.
pub fn shared_supervisor() -> io::Result<Arc<Supervisor>> {
    static SHARED: Mutex<Option<Arc<Supervisor>>> = Mutex::new(None);
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(supervisor) = shared.as_ref() {
        return Ok(Arc::clone(supervisor));
    }
    let supervisor = Arc::new(Supervisor::new()?);
    *shared = Some(Arc::clone(&supervisor));
    Ok(supervisor)
}

/// The beginning of a stream.
#[derive(Debug, Default)]
struct Kept {
    bytes: Vec<u8>,
    is_cut: bool,
}

impl Kept {
    fn take(&mut self, bytes: &[u8], most: usize) {
        let room = most.saturating_sub(self.bytes.len()).min(bytes.len());
        self.bytes.extend_from_slice(&bytes[..room]);
        self.is_cut |= room < bytes.len();
    }
}

/// What became of the named hosts.
enum Reached {
    Unasked,
    Through(Proxy),
    Failed(io::Error),
}

impl Reached {
    fn violations(self) -> Vec<Violation> {
        match self {
            Self::Unasked => Vec::new(),
            Self::Through(proxy) => {
                let denials = proxy.violations();
                // Waiting for the proxy's thread would hold up all commands; where there is no other thread, it must.
                let _ = std::thread::Builder::new().spawn(move || proxy.shutdown());
                denials.iter().map(network_violation).collect()
            }
            Self::Failed(error) => vec![Violation {
                kind: "network",
                target: "allowDomains".to_owned(),
                reason: format!("the proxy could not be started, and nothing was reached: {error}"),
            }],
        }
    }
}

fn network_violation(denial: &Denial) -> Violation {
    Violation {
        kind: "network",
        target: format!("{}:{}", denial.host, denial.port),
        reason: denial.to_string(),
    }
}

fn limit_violation(outcome: &Outcome) -> Option<Violation> {
    let limit = outcome.limit_hit?;
    Some(Violation {
        kind: "limit",
        target: limit.name().to_owned(),
        reason: format!("limits.{} ended the command", limit.name()),
    })
}
