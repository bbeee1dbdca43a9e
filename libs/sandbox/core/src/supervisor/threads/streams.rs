//! The pipes of a command, each with its thread.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::sync::mpsc::Sender;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::lead::Message;

/// Bytes read from a pipe at once.
const CHUNK: usize = 64 << 10;
/// Bytes that wait for the handler, above which pipes are not read.
const MOST_WAITING: usize = 1 << 20;
/// Bytes that wait for a command to read them, above which a writer is asked to wait.
const STDIN_HIGH_WATER: usize = 1 << 20;

/// Which of the two streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    Out,
    Err,
}

/// Holds readers back while nobody takes what they read.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    state: Mutex<GateState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct GateState {
    waiting: usize,
    is_paused: bool,
    /// At the end nobody is held back any more.
    is_open: bool,
}

impl Gate {
    /// Waits for the turn of these bytes.
    fn pass(&self, bytes: usize) {
        let mut state = self.lock();
        while !state.is_open && (state.is_paused || state.waiting > MOST_WAITING) {
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.waiting = state.waiting.saturating_add(bytes);
    }

    pub fn taken(&self, bytes: usize) {
        self.change(|state| state.waiting = state.waiting.saturating_sub(bytes));
    }

    pub fn pause(&self) {
        self.change(|state| state.is_paused = true);
    }

    pub fn resume(&self) {
        self.change(|state| state.is_paused = false);
    }

    pub fn open(&self) {
        self.change(|state| state.is_open = true);
    }

    fn change(&self, change: impl FnOnce(&mut GateState)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, GateState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a command is to read.
#[derive(Debug, Default)]
pub(crate) struct Input {
    state: Mutex<InputState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct InputState {
    pieces: VecDeque<Vec<u8>>,
    /// Of the pieces, and of the one that is being written.
    bytes: usize,
    is_closed: bool,
}

impl Input {
    /// `false`: so much is waiting that the giver should wait.
    pub fn give(&self, bytes: Vec<u8>) -> bool {
        let mut state = self.lock();
        // Nobody reads then, so nobody waits.
        if !state.is_closed {
            state.bytes = state.bytes.saturating_add(bytes.len());
            state.pieces.push_back(bytes);
        }
        let waiting = state.bytes;
        drop(state);
        self.changed.notify_all();
        waiting <= STDIN_HIGH_WATER
    }

    pub fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_all();
    }

    /// The next piece; none after the last one.
    fn next(&self) -> Option<Vec<u8>> {
        let mut state = self.lock();
        loop {
            if let Some(piece) = state.pieces.pop_front() {
                return Some(piece);
            }
            if state.is_closed {
                return None;
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Whether all that was given has been written.
    fn written(&self, bytes: usize) -> bool {
        let mut state = self.lock();
        state.bytes = state.bytes.saturating_sub(bytes);
        state.bytes == 0
    }

    /// The reader is gone.
    pub fn drop_all(&self) {
        let mut state = self.lock();
        state.pieces.clear();
        state.bytes = 0;
        state.is_closed = true;
        drop(state);
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, InputState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) fn read(
    mut pipe: Box<dyn Read + Send>,
    stream: Stream,
    gate: &Gate,
    orders: &Sender<Message>,
) {
    let mut buffer = vec![0; CHUNK];
    loop {
        // Before the read: what is not read stays in the pipe, where the command waits for it.
        gate.pass(0);
        match pipe.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => {
                let bytes = buffer.get(..count).unwrap_or_default().to_vec();
                gate.pass(count);
                if orders.send(Message::Output(stream, bytes)).is_err() {
                    return;
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    let _ = orders.send(Message::Closed);
}

pub(crate) fn write(mut pipe: Box<dyn Write + Send>, input: &Input, orders: &Sender<Message>) {
    while let Some(piece) = input.next() {
        if pipe.write_all(&piece).is_err() {
            input.drop_all();
            let _ = orders.send(Message::Drained);
            return;
        }
        if input.written(piece.len()) {
            let _ = orders.send(Message::Drained);
        }
    }
}
