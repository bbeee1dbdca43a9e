//! The commands of one client.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fishplate_sandbox::{Command, Execution, Output, Sandbox, Stdin, Supervisor};
use serde::{Deserialize, Serialize};

use crate::fault::{Fault, INVALID_PARAMS};
use crate::input::InputRoom;
use crate::message::from_base64;
use crate::outgoing::Outgoing;
use crate::pump::Pump;

/// Commands of one client at once.
pub const MOST_RUNS: usize = 256;

/// What a result keeps of each stream, unless the call says otherwise, in bytes.
const KEPT_BYTES: usize = 8 << 20;

/// Parameters of `start`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct StartParams {
    /// In which sandbox.
    pub sandbox: u64,
    run: u64,
    command: String,
    #[serde(default)]
    args: Vec<String>,
    #[serde(default)]
    cwd: Option<String>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    #[serde(default)]
    stdin: Option<String>,
    #[serde(default)]
    is_open: bool,
    #[serde(default)]
    timeout_ms: Option<u64>,
    #[serde(default)]
    max_output_bytes: Option<u64>,
    #[serde(default)]
    is_listening: bool,
}

/// Parameters of `input`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct InputParams {
    run: u64,
    #[serde(default)]
    data: String,
    #[serde(default)]
    is_last: bool,
}

/// What `input` answers.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Room {
    has_room: bool,
}

/// The commands that run, by the client's numbers.
#[derive(Debug)]
pub struct Runs {
    outgoing: Arc<Outgoing>,
    running: Arc<Table>,
}

#[derive(Debug, Default)]
struct Table {
    runs: Mutex<HashMap<u64, Run>>,
    changed: Condvar,
}

#[derive(Debug)]
struct Run {
    sandbox: u64,
    /// None while it is being started.
    execution: Option<Execution>,
    room: Arc<InputRoom>,
}

impl Runs {
    /// No commands.
    pub fn new(outgoing: Arc<Outgoing>) -> Self {
        Self {
            outgoing,
            running: Arc::default(),
        }
    }

    /// Starts a command; its output and its end are notifications.
    ///
    /// # Errors
    ///
    /// A [`Fault`], for what is known at once. Then nothing is told of it.
    pub fn start(
        &self,
        supervisor: &Supervisor,
        sandbox: &Sandbox,
        params: StartParams,
    ) -> Result<(), Fault> {
        let run = params.run;
        if params.is_open && params.stdin.is_some() {
            let message = "params of start: stdin comes whole, or isOpen by `input`, not both";
            return Err(Fault::of_request(INVALID_PARAMS, message.to_owned()));
        }
        let room = Arc::<InputRoom>::default();
        let kept_bytes = params.max_output_bytes.map_or(KEPT_BYTES, |most| {
            usize::try_from(most).unwrap_or(usize::MAX)
        });
        let outgoing = Arc::clone(&self.outgoing);
        let pump = Pump::new(
            run,
            outgoing,
            kept_bytes,
            params.is_listening,
            Arc::clone(&room),
        );
        let pump = Arc::new(pump);
        self.enter(run, params.sandbox, room)?;
        let command = match params.try_into() {
            Ok(command) => command,
            Err(fault) => {
                self.running.remove(run);
                return Err(fault);
            }
        };
        let (running, ending) = (Arc::clone(&self.running), Arc::clone(&pump));
        let on_end = move |finished| {
            // Before it is told, so that the number is free for whoever hears of it.
            running.remove(run);
            ending.end(finished);
        };
        let on_output = move |output: Output<'_>| pump.take(output);
        match sandbox.start(supervisor, command, on_output, on_end) {
            Ok(execution) => {
                // Where it has ended already, it is not there any more.
                if let Some(run) = self.running.lock().get_mut(&run) {
                    run.execution = Some(execution);
                }
                Ok(())
            }
            Err(error) => {
                self.running.remove(run);
                Err(error.into())
            }
        }
    }

    /// Gives a command bytes to read. One that has ended takes them all: its end may be on the way.
    ///
    /// # Errors
    ///
    /// A [`Fault`] where the bytes are none, or were sent though there was no room.
    pub fn input(&self, params: &InputParams) -> Result<Room, Fault> {
        let bytes = from_base64(&params.data, "data")?;
        let runs = self.running.lock();
        let Some(run) = runs.get(&params.run) else {
            return Ok(Room { has_room: true });
        };
        if run.room.is_full() {
            let message = format!(
                "params of input: run {} has no room: wait for `drained`",
                params.run
            );
            return Err(Fault::of_request(INVALID_PARAMS, message));
        }
        let Some(execution) = &run.execution else {
            return Ok(Room { has_room: true });
        };
        let has_room = bytes.is_empty() || run.room.write(|| execution.write_stdin(bytes));
        if params.is_last {
            execution.close_stdin();
        }
        Ok(Room { has_room })
    }

    /// Asks a command to end, and ends it after half a second. One that has ended is no error: its end may be on the way.
    pub fn kill(&self, run: u64) {
        if let Some(execution) = self
            .running
            .lock()
            .get(&run)
            .and_then(|run| run.execution.as_ref())
        {
            execution.kill();
        }
    }

    /// The same for all commands of a sandbox.
    pub fn kill_of(&self, sandbox: u64) {
        for run in self.running.lock().values() {
            if run.sandbox == sandbox
                && let Some(execution) = &run.execution
            {
                execution.kill();
            }
        }
    }

    /// Ends all commands, and waits until they are gone, but not for longer than `most`.
    pub fn end_all(&self, most: Duration) {
        let end = Instant::now() + most;
        let mut runs = self.running.lock();
        for execution in runs.values().filter_map(|run| run.execution.as_ref()) {
            execution.kill_now();
        }
        while !runs.is_empty() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            runs = match self.running.changed.wait_timeout(runs, left) {
                Ok((runs, _)) => runs,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }

    fn enter(&self, run: u64, sandbox: u64, room: Arc<InputRoom>) -> Result<(), Fault> {
        let mut running = self.running.lock();
        if running.contains_key(&run) {
            let message = format!("params of start: run {run} has not ended yet");
            return Err(Fault::of_request(INVALID_PARAMS, message));
        }
        if running.len() >= MOST_RUNS {
            let message = format!("{MOST_RUNS} commands of this client run: wait for one to end");
            return Err(Fault::failed("START_FAILED", message));
        }
        running.insert(
            run,
            Run {
                sandbox,
                execution: None,
                room,
            },
        );
        Ok(())
    }
}

impl TryFrom<StartParams> for Command {
    type Error = Fault;

    fn try_from(params: StartParams) -> Result<Self, Fault> {
        let stdin = match params.stdin {
            None if params.is_open => Stdin::Open,
            None => Stdin::Null,
            Some(text) => Stdin::Bytes(from_base64(&text, "stdin")?),
        };
        if let Some(name) = params
            .env
            .keys()
            .find(|name| name.is_empty() || name.contains('='))
        {
            let message = format!("params of start: env has the name {name:?}");
            return Err(Fault::of_request(INVALID_PARAMS, message));
        }
        let env = params.env.into_iter();
        Ok(Self {
            program: params.command.into(),
            args: params.args.into_iter().map(OsString::from).collect(),
            cwd: params.cwd.map(Into::into),
            env: env
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            // The client has chosen.
            host_env: Vec::new(),
            stdin,
            wall_ms: params.timeout_ms,
            // It is kept by the client.
            kept_bytes: 0,
        })
    }
}

impl Table {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Run>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remove(&self, run: u64) {
        self.lock().remove(&run);
        self.changed.notify_all();
    }
}
