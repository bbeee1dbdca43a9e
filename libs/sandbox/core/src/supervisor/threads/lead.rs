//! The thread that leads one command: clocks, the count of its output, its end, and telling of all that.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::streams::{Gate, Input, Stream};
use super::{Ending, Told, Tree};
use crate::capabilities::Enforcement;
use crate::supervisor::{Event, Handler, LimitHit, Outcome, StartError};

/// How long processes that were ended may take to be gone.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long pipes are read after the end of all processes: who else has them may write without end.
const REST: Duration = Duration::from_secs(1);
/// The number of SIGKILL, which stands for an end by force on every system.
const KILLED: i32 = 9;

/// What the leader is told.
pub(crate) enum Message {
    Output(Stream, Vec<u8>),
    Closed,
    Drained,
    Ended(Result<Ending, StartError>),
    Kill,
    KillNow,
}

pub(crate) struct Leader {
    tree: Arc<dyn Tree>,
    handler: Handler,
    enforcement: Enforcement,
    started: Instant,
    grace: Duration,
    gate: Arc<Gate>,
    input: Option<Arc<Input>>,
    wall: Option<Instant>,
    /// When it is ended, or after that given up.
    end: Option<Instant>,
    was_killed: bool,
    output_left: Option<u64>,
    truncated: bool,
    timed_out: bool,
    limit: Option<LimitHit>,
    open: usize,
    ended: Option<Result<Ending, StartError>>,
    rest: Option<Instant>,
}

impl Leader {
    pub fn new(
        tree: Arc<dyn Tree>,
        handler: Handler,
        told: Told,
        gate: Arc<Gate>,
        input: Option<Arc<Input>>,
    ) -> Self {
        let Told {
            limits,
            grace,
            enforcement,
            started,
            ..
        } = told;
        Self {
            tree,
            handler,
            enforcement,
            started,
            grace,
            gate,
            input,
            wall: limits
                .wall_ms
                .and_then(|wall| started.checked_add(Duration::from_millis(wall))),
            end: None,
            was_killed: false,
            output_left: limits.output_bytes,
            truncated: false,
            timed_out: false,
            limit: None,
            open: 2,
            ended: None,
            rest: None,
        }
    }

    pub fn run(mut self, messages: &Receiver<Message>) {
        while !self.is_over() {
            match self.next(messages) {
                Some(message) => self.take(message),
                None => self.on_time(),
            }
        }
        // Readers that wait would wait for ever.
        self.gate.open();
        if let Some(input) = &self.input {
            input.drop_all();
        }
        let end = match self.ended.take().unwrap_or_else(|| Ok(Ending::default())) {
            Err(error) if self.limit.is_none() => Err(error),
            ended => Ok(self.outcome(ended.unwrap_or_default())),
        };
        (self.handler)(Event::End(end));
    }

    fn is_over(&self) -> bool {
        let has_rested = self.rest.is_some_and(|rest| rest <= Instant::now());
        self.ended.is_some() && (self.open == 0 || has_rested)
    }

    /// None: something is due.
    fn next(&self, messages: &Receiver<Message>) -> Option<Message> {
        let deadline = self.rest.or(self.end).or(self.wall);
        let received = match deadline {
            None => messages.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(at) => messages.recv_timeout(at.saturating_duration_since(Instant::now())),
        };
        match received {
            Ok(message) => Some(message),
            Err(RecvTimeoutError::Timeout) => None,
            // No thread of the command is left, and it had no last word.
            Err(RecvTimeoutError::Disconnected) => Some(Message::Ended(Err(StartError::Stopped))),
        }
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Output(stream, bytes) => self.take_output(stream, &bytes),
            Message::Closed => self.open = self.open.saturating_sub(1),
            Message::Drained => (self.handler)(Event::StdinDrained),
            Message::Ended(ended) => {
                if self.ended.is_none() {
                    self.ended = Some(ended);
                    self.rest = Instant::now().checked_add(REST);
                    self.gate.open();
                }
            }
            Message::Kill => self.terminate(),
            Message::KillNow => self.kill(),
        }
        let now = Instant::now();
        let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        // Messages that come without a break hold no clock up.
        if is_due(self.end) || is_due(self.wall) {
            self.on_time();
        }
    }

    fn on_time(&mut self) {
        let now = Instant::now();
        if self.ended.is_some() {
            return;
        }
        if self.end.is_some_and(|end| end <= now) {
            if self.was_killed {
                self.tree.abandon();
                self.take(Message::Ended(Ok(Ending {
                    signal: Some(KILLED),
                    ..Ending::default()
                })));
            } else {
                self.kill();
            }
        } else if self.end.is_none() && self.wall.is_some_and(|wall| wall <= now) {
            self.timed_out = true;
            self.limit.get_or_insert(LimitHit::WallMs);
            self.wall = None;
            self.terminate();
        }
    }

    fn terminate(&mut self) {
        if self.end.is_none() && self.ended.is_none() {
            self.tree.terminate();
            self.end = Instant::now().checked_add(self.grace);
        }
    }

    fn kill(&mut self) {
        if !self.was_killed && self.ended.is_none() {
            self.was_killed = true;
            self.tree.kill();
            self.wall = None;
            self.end = Instant::now().checked_add(PATIENCE);
        }
    }

    fn take_output(&mut self, stream: Stream, bytes: &[u8]) {
        let mut taken = bytes;
        if let Some(left) = &mut self.output_left {
            let most = usize::try_from(*left)
                .unwrap_or(usize::MAX)
                .min(bytes.len());
            taken = bytes.get(..most).unwrap_or_default();
            *left -= taken.len() as u64;
        }
        if !taken.is_empty() {
            (self.handler)(match stream {
                Stream::Out => Event::Stdout(taken),
                Stream::Err => Event::Stderr(taken),
            });
        }
        if taken.len() < bytes.len() && !self.truncated {
            self.truncated = true;
            self.limit.get_or_insert(LimitHit::OutputBytes);
            self.kill();
        }
        self.gate.taken(bytes.len());
    }

    fn outcome(&self, ending: Ending) -> Outcome {
        Outcome {
            exit_code: ending.exit_code,
            signal: ending.signal,
            duration: self.started.elapsed(),
            timed_out: self.timed_out,
            truncated: self.truncated,
            limit_hit: self.limit.or(ending.limit),
            usage: ending.usage,
            violations: Vec::new(),
            enforcement: self.enforcement.clone(),
        }
    }
}
