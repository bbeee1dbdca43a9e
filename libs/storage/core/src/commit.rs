//! The thread that syncs for many at a time.

use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::StorageError;
use crate::state::{Callback, Committer, Inner, State, Waiter};

/// When nobody came for so long, nobody else is expected.
const QUIET: Duration = Duration::from_micros(200);

/// Registers who waits for everything that was pushed so far, and wakes the thread.
pub fn wait_for_sync(inner: &Inner, state: &mut State, callback: Callback) {
    let (segment, offset) = (state.segment(), state.position.offset);
    state.waiters.push_back(Waiter {
        segment,
        offset,
        callback,
    });
    if state.waiters.len() >= state.wake_at && state.committer != Committer::Busy {
        state.committer = Committer::Busy;
        inner.commit.notify_one();
    }
}

/// Runs until the store is closed and nobody waits any more.
pub fn run(inner: &Arc<Inner>) {
    let mut state = inner.state.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        state.wake_at = 1;
        let buffered = state
            .active
            .as_ref()
            .is_some_and(|active| !active.buffer.is_empty())
            && state.poisoned.is_none();
        if state.waiters.is_empty() {
            if state.closed {
                return;
            }
            if !buffered {
                state.committer = Committer::Idle;
                state = inner
                    .commit
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
                state.committer = Committer::Busy;
                continue;
            }
            // What was appended without waiting gets to the system all the same.
            state.committer = Committer::Waiting;
            let waited = inner.commit.wait_timeout(state, inner.options.group_window);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            state.committer = Committer::Busy;
            if state.waiters.is_empty() {
                // A failure is remembered in the state.
                let _ = state.write_out(inner);
                continue;
            }
        }
        state = gather(inner, state);
        state = commit(inner, state);
    }
}

/// Lets others join: as many as came together the last time, but only as long as they keep coming.
fn gather<'a>(inner: &'a Inner, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
    let deadline = Instant::now() + inner.options.group_window;
    while state.waiters.len() < state.expected && !state.closed {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        let before = state.waiters.len();
        state.wake_at = state.expected;
        state.committer = Committer::Waiting;
        let waited = inner.commit.wait_timeout(state, left.min(QUIET));
        state = waited.unwrap_or_else(PoisonError::into_inner).0;
        state.committer = Committer::Busy;
        if state.waiters.len() == before {
            break;
        }
    }
    state
}

/// One sync, and the callbacks of all that it covers.
fn commit<'a>(inner: &'a Inner, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
    let taken = state.waiters.len();
    state.expected = taken.max(state.expected * 3 / 4);
    if let Some(active) = state.active.as_mut() {
        active.is_synced = true;
    }
    let written = state.write_out(inner);
    let failed = match (&written, &state.poisoned) {
        (Err(error), _) => Some(error.clone()),
        (_, Some(cause)) => Some(StorageError::Poisoned {
            cause: cause.clone(),
        }),
        _ => None,
    };
    let number = state.segment();
    let target = state
        .active
        .as_ref()
        .map(|active| (active.file.clone(), active.written, active.synced));
    let result = match (failed, target) {
        (Some(error), _) => Err(error),
        (None, None) => Err(StorageError::Closed),
        // An append that synced for itself may have done it for all.
        (None, Some((_, written, synced))) if written <= synced => Ok(written),
        (None, Some((file, written, _))) => {
            drop(state);
            let synced = file.sync();
            state = inner.state.lock().unwrap_or_else(PoisonError::into_inner);
            match synced {
                Ok(()) => {
                    let current = state.segment() == number;
                    if let Some(active) = state.active.as_mut().filter(|_| current) {
                        active.synced = active.synced.max(written);
                    }
                    Ok(written)
                }
                Err(error) => Err(state.poison(StorageError::io(
                    "sync",
                    &inner.paths.segment(number),
                    &error,
                ))),
            }
        }
    };
    let mut done: Vec<(Waiter, Result<(), StorageError>)> = Vec::with_capacity(taken);
    match result {
        Ok(offset) => {
            let covered = |waiter: &Waiter| (waiter.segment, waiter.offset) <= (number, offset);
            while state.waiters.front().is_some_and(covered) {
                done.extend(state.waiters.pop_front().map(|waiter| (waiter, Ok(()))));
            }
        }
        Err(error) => done.extend(
            state
                .waiters
                .drain(..)
                .map(|waiter| (waiter, Err(error.clone()))),
        ),
    }
    drop(state);
    for (waiter, result) in done {
        (waiter.callback)(result);
    }
    inner.state.lock().unwrap_or_else(PoisonError::into_inner)
}
