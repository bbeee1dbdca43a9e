//! What waits for a client to read it. Bounded, and filled by the supervisor's thread, which must not wait.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

/// Bytes that may wait before no more requests are read.
pub const FLOW_BYTES: usize = 4 << 20;

/// Bytes that may wait before output that only a listener gets is dropped.
pub const LISTENED_BYTES: usize = 32 << 20;

/// Bytes that may wait before all output is dropped.
pub const MOST_BYTES: usize = 256 << 20;

/// Bytes of output in one notification.
pub const CHUNK_BYTES: usize = 64 << 10;

/// What an item costs beside its bytes.
const OVERHEAD: usize = 128;

/// One of a command's two streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum StreamName {
    /// Its output.
    Stdout,
    /// Its second stream.
    Stderr,
}

/// Something to write.
#[derive(Debug, PartialEq, Eq)]
pub enum Item {
    /// A body.
    Message(Vec<u8>),
    /// Output, which becomes a body when it is written: as bytes it takes less.
    Output {
        /// Of which command.
        run: u64,
        /// Of which stream.
        stream: StreamName,
        /// At most [`CHUNK_BYTES`].
        bytes: Vec<u8>,
    },
}

/// A queue with one reader, the thread that writes.
#[derive(Debug, Default)]
pub struct Outgoing {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    items: VecDeque<Item>,
    bytes: usize,
    is_writing: bool,
    is_closed: bool,
}

impl Outgoing {
    /// Takes a body, always: how many there are is bounded by what is asked and what runs.
    pub fn send(&self, body: Vec<u8>) {
        let mut queue = self.queue();
        if !queue.is_closed {
            queue.bytes += body.len() + OVERHEAD;
            queue.items.push_back(Item::Message(body));
            self.changed.notify_all();
        }
    }

    /// Takes output, or drops it where too much is waiting. `is_kept`: it belongs to what the result must have.
    /// Answers whether it was taken.
    pub fn output(&self, run: u64, stream: StreamName, bytes: &[u8], is_kept: bool) -> bool {
        let mut queue = self.queue();
        let most = if is_kept { MOST_BYTES } else { LISTENED_BYTES };
        if queue.is_closed || queue.bytes.saturating_add(bytes.len()) > most {
            return false;
        }
        queue.bytes += bytes.len();
        let mut rest = bytes;
        if let Some(Item::Output {
            run: last_run,
            stream: last_stream,
            bytes: last,
        }) = queue.items.back_mut()
            && (*last_run, *last_stream) == (run, stream)
        {
            // A command that writes by the byte must not cost an item for each.
            let (fitting, after) =
                rest.split_at(rest.len().min(CHUNK_BYTES.saturating_sub(last.len())));
            last.extend_from_slice(fitting);
            rest = after;
        }
        for chunk in rest.chunks(CHUNK_BYTES) {
            queue.bytes += OVERHEAD;
            queue.items.push_back(Item::Output {
                run,
                stream,
                bytes: chunk.to_vec(),
            });
        }
        self.changed.notify_all();
        true
    }

    /// Waits until at most `most` bytes wait for the client. `false`: it is gone.
    pub fn wait_for_room(&self, most: usize) -> bool {
        let mut queue = self.queue();
        while !queue.is_closed && queue.bytes > most {
            queue = self.wait(queue);
        }
        !queue.is_closed
    }

    /// Waits until all has been written, but not for longer than `most`.
    pub fn wait_until_written(&self, most: Duration) {
        let end = Instant::now() + most;
        let mut queue = self.queue();
        while !queue.is_closed && (queue.is_writing || !queue.items.is_empty()) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            queue = match self.changed.wait_timeout(queue, left) {
                Ok((queue, _)) => queue,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }

    /// Waits for the next item; none where the queue is closed. Asking again says that the last one has been written.
    pub fn next(&self) -> Option<Item> {
        let mut queue = self.queue();
        queue.is_writing = false;
        self.changed.notify_all();
        loop {
            if queue.is_closed {
                return None;
            }
            if let Some(item) = queue.items.pop_front() {
                let (Item::Message(bytes) | Item::Output { bytes, .. }) = &item;
                queue.bytes = queue.bytes.saturating_sub(bytes.len() + OVERHEAD);
                queue.is_writing = true;
                return Some(item);
            }
            queue = self.wait(queue);
        }
    }

    /// Nothing more is taken or given; what waits is dropped.
    pub fn close(&self) {
        let mut queue = self.queue();
        *queue = Queue {
            is_closed: true,
            ..Queue::default()
        };
        self.changed.notify_all();
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'queue>(&self, queue: MutexGuard<'queue, Queue>) -> MutexGuard<'queue, Queue> {
        self.changed
            .wait(queue)
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::StreamName::{Stderr, Stdout};
    use super::{CHUNK_BYTES, FLOW_BYTES, Item, LISTENED_BYTES, MOST_BYTES, Outgoing};

    fn bytes(item: Option<Item>) -> usize {
        match item {
            Some(Item::Message(bytes) | Item::Output { bytes, .. }) => bytes.len(),
            None => 0,
        }
    }

    #[test]
    fn output_by_the_byte_is_put_together_by_command_and_stream() {
        let outgoing = Outgoing::default();
        for (run, stream) in [
            (1, Stdout),
            (1, Stdout),
            (1, Stderr),
            (2, Stderr),
            (1, Stdout),
        ] {
            assert!(outgoing.output(run, stream, b"x", true));
        }
        let lengths: Vec<_> = (0..4).map(|_| bytes(outgoing.next())).collect();
        assert_eq!(lengths, [2, 1, 1, 1]);
    }

    #[test]
    fn nothing_of_what_is_taken_is_lost_by_cutting() {
        let outgoing = Outgoing::default();
        let text: Vec<u8> = (0..CHUNK_BYTES * 2 + 7).map(|index| index as u8).collect();
        assert!(outgoing.output(1, Stdout, &text[..9], true));
        assert!(outgoing.output(1, Stdout, &text[9..], true));
        let mut found = Vec::new();
        for _ in 0..3 {
            let Some(Item::Output { bytes, .. }) = outgoing.next() else {
                panic!("three pieces");
            };
            assert!(bytes.len() <= CHUNK_BYTES);
            found.extend(bytes);
        }
        assert_eq!(found, text);
    }

    #[test]
    fn what_nobody_keeps_is_dropped_first_and_everything_at_the_bound() {
        let outgoing = Outgoing::default();
        let piece = vec![0; 1 << 20];
        let taken = (0..1000)
            .take_while(|_| outgoing.output(1, Stdout, &piece, false))
            .count();
        assert_eq!(taken, LISTENED_BYTES / piece.len() - 1);
        let kept = (0..1000)
            .take_while(|_| outgoing.output(1, Stdout, &piece, true))
            .count();
        assert!(taken + kept <= MOST_BYTES / piece.len());
        assert!(!outgoing.output(1, Stdout, &piece, false));
    }

    #[test]
    fn who_waits_for_room_goes_on_when_there_is_some_or_never_will_be() {
        let outgoing = Arc::new(Outgoing::default());
        outgoing.send(vec![0; FLOW_BYTES + 1]);
        let waiting = Arc::clone(&outgoing);
        let thread = std::thread::spawn(move || waiting.wait_for_room(FLOW_BYTES));
        assert_eq!(bytes(outgoing.next()), FLOW_BYTES + 1);
        assert!(thread.join().unwrap());
        outgoing.send(vec![0; FLOW_BYTES + 1]);
        let waiting = Arc::clone(&outgoing);
        let thread = std::thread::spawn(move || waiting.wait_for_room(FLOW_BYTES));
        outgoing.close();
        assert!(!thread.join().unwrap());
        assert_eq!(outgoing.next(), None);
    }

    #[test]
    fn what_is_being_written_is_waited_for() {
        let outgoing = Outgoing::default();
        outgoing.send(vec![1]);
        assert_eq!(bytes(outgoing.next()), 1);
        let began = std::time::Instant::now();
        outgoing.wait_until_written(Duration::from_millis(20));
        assert!(began.elapsed() >= Duration::from_millis(20));
    }
}
