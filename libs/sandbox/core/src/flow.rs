//! Output between a command and whoever takes it: where it is taken more slowly than it is written, the command waits.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use crate::sandbox::Execution;

/// Bytes that may be on the way; above them the command's pipes are not read.
pub const HIGH_WATER: usize = 8 << 20;
/// Bytes on the way below which its pipes are read again.
pub const LOW_WATER: usize = 4 << 20;

/// Counts the bytes of one command that were told of and not taken yet.
#[derive(Debug, Default)]
pub struct Flow {
    state: Mutex<State>,
    execution: OnceLock<Execution>,
}

#[derive(Debug, Default)]
struct State {
    on_the_way: usize,
    is_paused: bool,
}

impl Flow {
    /// Which command it is about: known only once it was started, when it may have written already.
    pub fn of(&self, execution: &Execution) {
        let _ = self.execution.set(execution.clone());
        self.settle(self.lock());
    }

    /// Bytes are on the way.
    pub fn told(&self, bytes: usize) {
        let mut state = self.lock();
        state.on_the_way = state.on_the_way.saturating_add(bytes);
        self.settle(state);
    }

    /// Bytes have been taken.
    pub fn taken(&self, bytes: usize) {
        let mut state = self.lock();
        state.on_the_way = state.on_the_way.saturating_sub(bytes);
        self.settle(state);
    }

    /// With the lock held, so that a pause and its end are ordered as they were decided.
    fn settle(&self, mut state: MutexGuard<'_, State>) {
        let Some(execution) = self.execution.get() else {
            return;
        };
        if !state.is_paused && state.on_the_way > HIGH_WATER {
            state.is_paused = true;
            execution.pause_output();
        } else if state.is_paused && state.on_the_way < LOW_WATER {
            state.is_paused = false;
            execution.resume_output();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
