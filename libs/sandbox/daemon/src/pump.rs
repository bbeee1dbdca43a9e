//! What a command writes, and how it ended, as notifications.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use fishplate_sandbox::{Finished, LimitHit, Output, StartError, Violation};
use serde::Serialize;

use crate::fault::Fault;
use crate::input::InputRoom;
use crate::message::notification;
use crate::outgoing::{Outgoing, StreamName};

/// Brings what a command writes to the queue.
#[derive(Debug)]
pub struct Pump {
    run: u64,
    outgoing: Arc<Outgoing>,
    kept_bytes: usize,
    is_listening: bool,
    /// Bytes of each stream that were looked at, up to those that are kept.
    taken: [AtomicUsize; 2],
    is_truncated: AtomicBool,
    room: Arc<InputRoom>,
}

impl Pump {
    /// For a command of that number, of whose streams so many bytes are always told.
    pub fn new(
        run: u64,
        outgoing: Arc<Outgoing>,
        kept_bytes: usize,
        is_listening: bool,
        room: Arc<InputRoom>,
    ) -> Self {
        Self {
            run,
            outgoing,
            kept_bytes,
            is_listening,
            taken: [AtomicUsize::new(0), AtomicUsize::new(0)],
            is_truncated: AtomicBool::new(false),
            room,
        }
    }

    /// Output of it.
    pub fn take(&self, output: Output<'_>) {
        let (stream, bytes) = match output {
            Output::Stdout(bytes) => (StreamName::Stdout, bytes),
            Output::Stderr(bytes) => (StreamName::Stderr, bytes),
            Output::StdinDrained => return self.drained(),
        };
        let [stdout, stderr] = &self.taken;
        let taken = match stream {
            StreamName::Stdout => stdout,
            StreamName::Stderr => stderr,
        };
        // One thread writes it.
        let before = taken.load(Ordering::Relaxed);
        let (kept, beyond) =
            bytes.split_at(self.kept_bytes.saturating_sub(before).min(bytes.len()));
        taken.store(before + kept.len(), Ordering::Relaxed);
        let is_taken = (kept.is_empty() || self.outgoing.output(self.run, stream, kept, true))
            && (beyond.is_empty()
                || self.is_listening && self.outgoing.output(self.run, stream, beyond, false));
        if !is_taken {
            self.is_truncated.store(true, Ordering::Relaxed);
        }
    }

    fn drained(&self) {
        if self.room.taken() {
            let told = notification("drained", &Drained { run: self.run });
            self.outgoing.send(told.unwrap_or_default());
        }
    }

    /// Its end.
    pub fn end(&self, finished: Result<Finished, StartError>) {
        let told = match finished {
            Ok(finished) => notification("ended", &self.ended(&finished)),
            Err(error) => {
                let (run, error) = (self.run, Fault::from(error));
                notification("ended", &Unstarted { run, error })
            }
        };
        let body = told.or_else(|error| {
            let (run, error) = (self.run, Fault::failed("ENGINE_FAULT", error.to_string()));
            notification("ended", &Unstarted { run, error })
        });
        self.outgoing.send(body.unwrap_or_default());
    }

    fn ended<'finished>(&self, finished: &'finished Finished) -> Ended<'finished> {
        let outcome = &finished.outcome;
        Ended {
            run: self.run,
            exit_code: outcome.exit_code,
            signal: outcome.signal,
            limit_hit: outcome.limit_hit.map(LimitHit::name),
            duration_ms: outcome.duration.as_secs_f64() * 1e3,
            truncated: outcome.truncated || self.is_truncated.load(Ordering::Relaxed),
            violations: &finished.violations,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ended<'finished> {
    run: u64,
    exit_code: Option<i32>,
    signal: Option<i32>,
    limit_hit: Option<&'static str>,
    duration_ms: f64,
    truncated: bool,
    violations: &'finished [Violation],
}

#[derive(Serialize)]
struct Drained {
    run: u64,
}

#[derive(Serialize)]
struct Unstarted {
    run: u64,
    error: Fault,
}
