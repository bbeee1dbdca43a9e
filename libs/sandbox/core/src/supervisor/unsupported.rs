//! Systems on which nothing confines yet: every start is refused.

use std::io;

use super::{Event, Handler, Launch, StartError};

#[derive(Debug)]
pub(super) struct Supervisor;

#[derive(Clone, Debug)]
pub(super) struct Running;

impl Supervisor {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self)
    }

    pub(super) fn start(&self, _launch: Launch, _handler: Handler) -> Result<Running, StartError> {
        Err(StartError::Unsupported)
    }

    pub(super) fn start_soon(&self, _launch: Launch, mut handler: Handler) -> Running {
        handler(Event::End(Err(StartError::Unsupported)));
        Running
    }
}

impl Running {
    pub(super) fn kill(&self) {}

    pub(super) fn kill_now(&self) {}

    pub(super) fn pause_output(&self) {}

    pub(super) fn resume_output(&self) {}

    pub(super) fn write_stdin(&self, _bytes: Vec<u8>) -> bool {
        true
    }

    pub(super) fn close_stdin(&self) {}
}
