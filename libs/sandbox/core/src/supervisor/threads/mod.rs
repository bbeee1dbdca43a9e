//! Commands on systems without epoll: of each command a thread for each stream, one that waits for its end, and one that leads
//! and tells. What a system itself must do stands behind [`Tree`]. Linux builds this for its tests alone.

use std::io::{self, Read, Write};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use fishplate_sandbox_helper::Usage;

use super::{Event, Handler, LimitHit, StartError, Stdin};
use crate::capabilities::Enforcement;
use crate::policy::Limits;

mod lead;
mod streams;

use lead::{Leader, Message};
use streams::{Gate, Input, Stream};

/// All processes of a command.
pub(crate) trait Tree: Send + Sync {
    /// Asks all of them to end, where the system has a way to ask.
    fn terminate(&self);
    /// Ends all of them at once.
    fn kill(&self);
    /// They did not end when they were ended: lets go of them.
    fn abandon(&self);
    /// Waits until none is left, and what was made for them is removed.
    fn wait(&self) -> Result<Ending, StartError>;
}

/// How a command ended, as the system tells.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ending {
    pub exit_code: Option<i32>,
    pub signal: Option<i32>,
    pub limit: Option<LimitHit>,
    pub usage: Usage,
}

/// A command that runs, with this side's ends of its pipes.
pub(crate) struct Begun {
    pub stdin: Option<Box<dyn Write + Send>>,
    pub stdout: Box<dyn Read + Send>,
    pub stderr: Box<dyn Read + Send>,
    pub tree: Arc<dyn Tree>,
}

/// What is known of a command beside what runs.
pub(crate) struct Told {
    pub stdin: Stdin,
    pub limits: Limits,
    pub grace: Duration,
    pub enforcement: Enforcement,
    pub started: Instant,
}

/// The commands that run. Dropping it ends all of them.
#[derive(Debug, Default)]
pub(crate) struct Commands {
    led: Mutex<Vec<(Sender<Message>, JoinHandle<()>)>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Running {
    orders: Sender<Message>,
    gate: Arc<Gate>,
    input: Option<Arc<Input>>,
}

impl Commands {
    pub fn lead(&self, begun: Begun, told: Told, handler: Handler) -> io::Result<Running> {
        let tree = Arc::clone(&begun.tree);
        self.lead_all(begun, told, handler)
            .inspect_err(|_| tree.kill())
    }

    fn lead_all(&self, begun: Begun, told: Told, handler: Handler) -> io::Result<Running> {
        let (orders, messages) = mpsc::channel();
        let gate = Arc::new(Gate::default());
        let streams = [(begun.stdout, Stream::Out), (begun.stderr, Stream::Err)];
        for (pipe, stream) in streams {
            let (orders, gate) = (orders.clone(), Arc::clone(&gate));
            spawn(move || streams::read(pipe, stream, &gate, &orders))?;
        }
        let input = match begun.stdin {
            Some(pipe) => Some(write_input(pipe, &told.stdin, &orders)?),
            None => None,
        };
        let (waiting, ended) = (Arc::clone(&begun.tree), orders.clone());
        spawn(move || {
            let _ = ended.send(Message::Ended(waiting.wait()));
        })?;
        let leader = Leader::new(begun.tree, handler, told, Arc::clone(&gate), input.clone());
        let thread = spawn(move || leader.run(&messages))?;
        let mut led = self.led.lock().unwrap_or_else(PoisonError::into_inner);
        led.retain(|(_, thread)| !thread.is_finished());
        led.push((orders.clone(), thread));
        Ok(Running {
            orders,
            gate,
            input,
        })
    }
}

fn write_input(
    pipe: Box<dyn Write + Send>,
    stdin: &Stdin,
    orders: &Sender<Message>,
) -> io::Result<Arc<Input>> {
    let input = Arc::new(Input::default());
    match stdin {
        Stdin::Null => input.close(),
        Stdin::Bytes(bytes) => {
            input.give(bytes.clone());
            input.close();
        }
        Stdin::Open => {}
    }
    let (taking, orders) = (Arc::clone(&input), orders.clone());
    spawn(move || streams::write(pipe, &taking, &orders))?;
    Ok(input)
}

fn spawn(work: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    thread::Builder::new()
        .name("fishplate-sandbox".to_owned())
        .spawn(work)
}

impl Drop for Commands {
    fn drop(&mut self) {
        let led = self.led.get_mut().unwrap_or_else(PoisonError::into_inner);
        for (orders, _) in &*led {
            let _ = orders.send(Message::KillNow);
        }
        for (_, thread) in led.drain(..) {
            // A handler may hold the last supervisor: its own thread cannot wait for itself.
            if thread.thread().id() != thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}

/// Starts by `start`. What keeps it from starting is told to the handler, as where another thread starts.
pub(crate) fn start_soon(
    handler: Handler,
    start: impl FnOnce(Handler) -> Result<Running, StartError>,
) -> Running {
    let handler = Arc::new(Mutex::new(handler));
    let passed = Arc::clone(&handler);
    let pass: Handler = Box::new(move |event| tell(&passed, event));
    start(pass).unwrap_or_else(|error| {
        tell(&handler, Event::End(Err(error)));
        Running::ended()
    })
}

fn tell(handler: &Mutex<Handler>, event: Event<'_>) {
    handler.lock().unwrap_or_else(PoisonError::into_inner)(event);
}

impl Running {
    /// One that nobody leads.
    fn ended() -> Self {
        Self {
            orders: mpsc::channel().0,
            gate: Arc::default(),
            input: None,
        }
    }

    pub fn kill(&self) {
        let _ = self.orders.send(Message::Kill);
    }

    pub fn kill_now(&self) {
        let _ = self.orders.send(Message::KillNow);
    }

    pub fn pause_output(&self) {
        self.gate.pause();
    }

    pub fn resume_output(&self) {
        self.gate.resume();
    }

    pub fn write_stdin(&self, bytes: Vec<u8>) -> bool {
        self.input.as_ref().is_none_or(|input| input.give(bytes))
    }

    pub fn close_stdin(&self) {
        if let Some(input) = &self.input {
            input.close();
        }
    }
}

#[cfg(all(test, unix))]
mod tests;
