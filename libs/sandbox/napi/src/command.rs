//! Commands: started here, told about from the supervisor's thread.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fishplate_sandbox::{
    Command, Execution, Finished, Flow, Output, StartError, Stdin, shared_supervisor,
};
use napi::Result;
use napi::bindgen_prelude::{Buffer, Function};
use napi::threadsafe_function::{ThreadsafeCallContext, ThreadsafeFunctionCallMode};
use napi_derive::napi;

use crate::fault::{fault, json};
use crate::policy::NativeSandbox;

#[napi(object, object_to_js = false)]
pub struct NativeCommand {
    pub program: String,
    pub args: Vec<String>,
    pub cwd: String,
    pub env: HashMap<String, String>,
    /// Nothing is read where there is none.
    pub stdin: Option<Buffer>,
    /// Whether input comes by `writeStdin`, in the place of `stdin`.
    pub is_open: bool,
    pub wall_ms: Option<f64>,
    /// Of each stream; where output is told of while it comes, the caller keeps it, and this is only what `truncated` is about.
    pub kept_bytes: f64,
    /// Whether output is told of while it comes.
    pub is_listening: bool,
}

/// Output, or the end: the last one.
#[napi(object, object_from_js = false)]
pub struct NativeEvent {
    pub stdout: Option<Buffer>,
    pub stderr: Option<Buffer>,
    /// All input has been taken.
    pub is_drained: bool,
    pub end: Option<NativeEnd>,
}

#[napi(object, object_from_js = false)]
pub struct NativeEnd {
    /// `CODE: message` where it could not be started; then nothing else is there.
    pub fault: Option<String>,
    pub exit_code: Option<i32>,
    pub signal: Option<i32>,
    pub limit_hit: Option<String>,
    pub duration_ms: f64,
    pub stdout: Option<Buffer>,
    pub stderr: Option<Buffer>,
    pub truncated: bool,
    /// JSON.
    pub violations: String,
}

/// A command that runs. Where nobody holds it any more, as when its worker thread ends, the command is ended.
#[napi]
pub struct NativeRun {
    execution: Execution,
    has_ended: Arc<AtomicBool>,
}

#[napi]
impl NativeRun {
    /// Asks all of its processes to end, and ends them after half a second.
    #[napi]
    pub fn kill(&self) {
        self.execution.kill();
    }

    /// `false`: wait for `isDrained` before there is more.
    #[napi]
    pub fn write_stdin(&self, bytes: Buffer) -> bool {
        self.execution.write_stdin(bytes.to_vec())
    }

    #[napi]
    pub fn close_stdin(&self) {
        self.execution.close_stdin();
    }
}

impl Drop for NativeRun {
    fn drop(&mut self) {
        if !self.has_ended.load(Ordering::Relaxed) {
            self.execution.kill_now();
        }
    }
}

#[napi]
impl NativeSandbox {
    #[napi]
    pub fn start(
        &self,
        command: NativeCommand,
        on_event: Function<'_, NativeEvent, ()>,
    ) -> Result<NativeRun> {
        let supervisor = shared_supervisor().map_err(|error| fault("START_FAILED", error))?;
        // What waits for a slow listener is bounded: the command waits with it.
        let flow = Arc::new(Flow::default());
        let (taking, telling) = (Arc::clone(&flow), Arc::clone(&flow));
        let tell = Arc::new(
            on_event
                .build_threadsafe_function()
                .callee_handled::<false>()
                .build_callback(move |told: ThreadsafeCallContext<NativeEvent>| {
                    taking.taken(told.value.bytes());
                    Ok(told.value)
                })?,
        );
        let has_ended = Arc::new(AtomicBool::new(false));
        let is_listening = command.is_listening;
        let (told, ended) = (Arc::clone(&tell), Arc::clone(&has_ended));
        let most = command.kept_bytes;
        let is_cut = Arc::new(AtomicBool::new(false));
        let cut = Arc::clone(&is_cut);
        let mut written = [0.0; 2];
        let on_output = move |output: Output<'_>| {
            if is_listening || matches!(output, Output::StdinDrained) {
                let event = output_event(output);
                for (written, bytes) in written.iter_mut().zip([&event.stdout, &event.stderr]) {
                    *written += bytes.as_ref().map_or(0.0, |bytes| bytes.len() as f64);
                    if *written > most {
                        cut.store(true, Ordering::Relaxed);
                    }
                }
                telling.told(event.bytes());
                told.call(event, ThreadsafeFunctionCallMode::NonBlocking);
            }
        };
        let on_end = move |mut finished: std::result::Result<Finished, StartError>| {
            ended.store(true, Ordering::Relaxed);
            if let (true, Ok(finished)) = (is_listening, &mut finished) {
                finished.truncated = finished.outcome.truncated || is_cut.load(Ordering::Relaxed);
            }
            tell.call(end_event(finished), ThreadsafeFunctionCallMode::NonBlocking);
        };
        let execution = self
            .sandbox
            .start_soon(&supervisor, command.into(), on_output, on_end);
        flow.of(&execution);
        Ok(NativeRun {
            execution,
            has_ended,
        })
    }
}

impl NativeEvent {
    /// Bytes of output in it that wait to be taken.
    fn bytes(&self) -> usize {
        let streams = [&self.stdout, &self.stderr].into_iter().flatten();
        streams.map(|bytes| bytes.len()).sum()
    }
}

impl From<NativeCommand> for Command {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the caller has checked that they are counts"
    )]
    fn from(command: NativeCommand) -> Self {
        let env = command.env.into_iter();
        Self {
            program: command.program.into(),
            args: command.args.into_iter().map(Into::into).collect(),
            cwd: Some(command.cwd.into()),
            env: env
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            // The variables are final: the policy has been applied to them.
            host_env: Vec::new(),
            stdin: match command.stdin {
                _ if command.is_open => Stdin::Open,
                Some(bytes) => Stdin::Bytes(bytes.to_vec()),
                None => Stdin::Null,
            },
            wall_ms: command.wall_ms.map(|ms| ms as u64),
            kept_bytes: if command.is_listening {
                0
            } else {
                command.kept_bytes as usize
            },
        }
    }
}

fn output_event(output: Output<'_>) -> NativeEvent {
    let mut event = NativeEvent {
        stdout: None,
        stderr: None,
        is_drained: false,
        end: None,
    };
    match output {
        Output::Stdout(bytes) => event.stdout = Some(bytes.to_vec().into()),
        Output::Stderr(bytes) => event.stderr = Some(bytes.to_vec().into()),
        Output::StdinDrained => event.is_drained = true,
    }
    event
}

fn end_event(finished: std::result::Result<Finished, StartError>) -> NativeEvent {
    let end = match finished {
        Ok(finished) => NativeEnd {
            fault: None,
            exit_code: finished.outcome.exit_code,
            signal: finished.outcome.signal,
            limit_hit: finished
                .outcome
                .limit_hit
                .map(|limit| limit.name().to_owned()),
            duration_ms: finished.outcome.duration.as_secs_f64() * 1e3,
            stdout: Some(finished.stdout.into()),
            stderr: Some(finished.stderr.into()),
            truncated: finished.truncated,
            violations: json(&finished.violations).unwrap_or_else(|_| "[]".to_owned()),
        },
        Err(error) => NativeEnd {
            fault: Some(format!("{}: {error}", error.code())),
            exit_code: None,
            signal: None,
            limit_hit: None,
            duration_ms: 0.0,
            stdout: None,
            stderr: None,
            truncated: false,
            violations: "[]".to_owned(),
        },
    };
    NativeEvent {
        stdout: None,
        stderr: None,
        is_drained: false,
        end: Some(end),
    }
}
