//! Appending events.

use std::sync::{MutexGuard, mpsc};

use crate::commit;
use crate::error::{Result, StorageError};
use crate::options::Durability;
use crate::record::{MAX_EVENT, MAX_STREAM, kind};
use crate::state::{Callback, Committer, Draft, Inner, State};
use crate::store::Store;

/// Largest batch in bytes.
pub const MAX_BATCH: usize = 1 << 30;

impl Store {
    /// Appends an event and waits as its durability says; its number.
    ///
    /// # Errors
    /// [`StorageError::Invalid`] and [`StorageError::TooLarge`] leave the store as it was. After [`StorageError::Io`]
    /// it takes no more writes.
    pub fn append(&self, event: &[u8], stream: &str, durability: Durability) -> Result<u64> {
        let numbers = self.append_batch(&[event], stream, durability)?;
        Ok(numbers.start)
    }

    /// Appends events that become visible together, or not at all; their numbers.
    ///
    /// # Errors
    /// As [`append`](Self::append).
    pub fn append_batch(
        &self,
        events: &[&[u8]],
        stream: &str,
        durability: Durability,
    ) -> Result<std::ops::Range<u64>> {
        if durability == Durability::Group {
            let (sender, receiver) = mpsc::sync_channel(1);
            let numbers = self.append_with(
                events,
                stream,
                Box::new(move |result| drop(sender.send(result))),
            )?;
            receiver.recv().unwrap_or(Err(StorageError::Closed))?;
            return Ok(numbers);
        }
        check_events(events, stream)?;
        let mut state = self.inner.lock_for_writing()?;
        let numbers = push_events(&self.inner, &mut state, events, stream)?;
        self.settle(&mut state, durability)?;
        Ok(numbers)
    }

    /// Appends events and returns at once. `callback` is called, on a thread of the store, when a shared sync has put them on the
    /// disk, or when that failed. It must not wait for the store.
    ///
    /// # Errors
    /// As [`append`](Self::append); `callback` is dropped then.
    pub fn append_with(
        &self,
        events: &[&[u8]],
        stream: &str,
        callback: Callback,
    ) -> Result<std::ops::Range<u64>> {
        check_events(events, stream)?;
        let mut state = self.inner.lock_for_writing()?;
        self.ensure_committer(&mut state)?;
        let numbers = push_events(&self.inner, &mut state, events, stream)?;
        if state.is_full() {
            state.write_out(&self.inner)?;
        }
        commit::wait_for_sync(&self.inner, &mut state, callback);
        Ok(numbers)
    }

    /// Appends events that are independent of each other, as so many calls of [`append`](Self::append) would, under one lock; their
    /// numbers. Each has a stream of its own: `(stream, event)`.
    ///
    /// # Errors
    /// As [`append`](Self::append). Arguments are checked before anything is appended.
    pub fn append_each(
        &self,
        events: &[(&str, &[u8])],
        durability: Durability,
    ) -> Result<std::ops::Range<u64>> {
        if durability == Durability::Group {
            let (sender, receiver) = mpsc::sync_channel(1);
            let numbers =
                self.append_each_with(events, Box::new(move |result| drop(sender.send(result))))?;
            receiver.recv().unwrap_or(Err(StorageError::Closed))?;
            return Ok(numbers);
        }
        let mut state = self.push_each(events)?;
        let numbers = state.1;
        self.settle(&mut state.0, durability)?;
        Ok(numbers)
    }

    /// As [`append_each`](Self::append_each), but returns at once and calls back as [`append_with`](Self::append_with) does.
    ///
    /// # Errors
    /// As [`append`](Self::append); `callback` is dropped then.
    pub fn append_each_with(
        &self,
        events: &[(&str, &[u8])],
        callback: Callback,
    ) -> Result<std::ops::Range<u64>> {
        let (mut state, numbers) = self.push_each(events)?;
        self.ensure_committer(&mut state)?;
        if state.is_full() {
            state.write_out(&self.inner)?;
        }
        commit::wait_for_sync(&self.inner, &mut state, callback);
        Ok(numbers)
    }

    fn push_each(
        &self,
        events: &[(&str, &[u8])],
    ) -> Result<(MutexGuard<'_, State>, std::ops::Range<u64>)> {
        for (stream, event) in events {
            check_events(&[event], stream)?;
        }
        let mut state = self.inner.lock_for_writing()?;
        let first = state.position.next;
        for (stream, event) in events {
            state.push(&self.inner, &[Draft::new(kind::EVENT, stream, &[event])])?;
            if state.is_full() {
                state.write_out(&self.inner)?;
            }
        }
        let numbers = first..state.position.next;
        Ok((state, numbers))
    }

    /// Does what a durability asks for, other than waiting for others.
    fn settle(&self, state: &mut State, durability: Durability) -> Result<()> {
        match durability {
            Durability::Memory => {
                self.ensure_committer(state)?;
                if state.is_full() {
                    return state.write_out(&self.inner);
                }
                // One that waits already hands it over soon.
                if state.committer == Committer::Idle {
                    state.committer = Committer::Busy;
                    self.inner.commit.notify_one();
                }
                Ok(())
            }
            Durability::Os => state.write_out(&self.inner),
            Durability::Group | Durability::Sync => state.sync(&self.inner),
        }
    }
}

pub(crate) fn check_stream(stream: &str) -> Result<()> {
    if stream.len() <= MAX_STREAM {
        return Ok(());
    }
    let reason = format!(
        "a name of {} bytes is too long: at most {MAX_STREAM} are possible",
        stream.len()
    );
    Err(StorageError::Invalid {
        what: "stream",
        reason,
    })
}

fn check_events(events: &[&[u8]], stream: &str) -> Result<()> {
    check_stream(stream)?;
    let mut total = 0;
    for event in events {
        if event.len() > MAX_EVENT {
            return Err(StorageError::TooLarge {
                what: "an event",
                bytes: event.len() as u64,
                limit: MAX_EVENT as u64,
            });
        }
        total += crate::record::record_bytes(stream.len(), event.len());
    }
    if total > MAX_BATCH {
        return Err(StorageError::TooLarge {
            what: "a batch",
            bytes: total as u64,
            limit: MAX_BATCH as u64,
        });
    }
    Ok(())
}

fn push_events(
    inner: &Inner,
    state: &mut State,
    events: &[&[u8]],
    stream: &str,
) -> Result<std::ops::Range<u64>> {
    let first = state.position.next;
    if events.is_empty() {
        return Ok(first..first);
    }
    if let [event] = events {
        state.push(inner, &[Draft::new(kind::EVENT, stream, &[event])])?;
        return Ok(first..first + 1);
    }
    let payloads: Vec<[&[u8]; 1]> = events.iter().map(|event| [*event]).collect();
    let drafts: Vec<Draft<'_>> = payloads
        .iter()
        .map(|payload| Draft::new(kind::EVENT, stream, payload))
        .collect();
    state.push(inner, &drafts)?;
    Ok(first..state.position.next)
}
