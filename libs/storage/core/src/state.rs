//! What an open store holds, and how records get into the log.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::cache::Cache;
use crate::catalog::Catalog;
use crate::error::{Result, StorageError};
use crate::fill::{Chore, SegmentFile};
use crate::fork::process_id;
use crate::format::{Paths, StoreId};
use crate::options::Options;
use crate::record::{FLAG_CONTINUES, FLAG_GAP, NewRecord, encode, kind, record_bytes};
use crate::recover::note;
use crate::scan::Position;
use crate::segment::{Mark, Seal, Segment};
use crate::system::System;

/// Written without being asked when so much is waiting.
const BUFFER: usize = 256 << 10;
/// How much room for what is waiting is kept: enough for a state in the log.
const KEPT: usize = 4 << 20;

/// Called once, when what it waits for is done or has failed.
pub type Callback = Box<dyn FnOnce(Result<()>) + Send>;

/// A record that is to be appended.
#[derive(Debug, Clone, Copy)]
pub struct Draft<'a> {
    /// What it is.
    pub kind: u8,
    /// Number of an event where some are missing before it.
    pub jump: Option<u64>,
    /// Its stream.
    pub stream: &'a str,
    /// Its payload, in parts.
    pub payload: &'a [&'a [u8]],
}

impl<'a> Draft<'a> {
    /// A record without missing numbers before it.
    pub fn new(kind: u8, stream: &'a str, payload: &'a [&'a [u8]]) -> Self {
        Self {
            kind,
            jump: None,
            stream,
            payload,
        }
    }
}

/// Everything that the handle and its threads share.
#[derive(Debug)]
pub struct Inner {
    /// The machine.
    pub system: Arc<dyn System>,
    /// Where the files are.
    pub paths: Paths,
    /// How it was opened.
    pub options: Options,
    /// Identity.
    pub id: StoreId,
    /// Process that opened it.
    pub pid: u32,
    /// First event that is still there.
    pub before: AtomicU64,
    /// First segment that is still there.
    pub first_segment: AtomicU64,
    /// The rest.
    pub state: Mutex<State>,
    /// Told when there is something to sync.
    pub commit: Condvar,
    /// Told when events become visible.
    pub changed: Condvar,
    /// Held while checkpoints change, and while a prune runs.
    pub checkpoints: Mutex<()>,
    /// The checkpoint that was used last.
    pub cache: Mutex<Cache>,
}

/// Who waits for a sync up to a place.
pub struct Waiter {
    /// Segment.
    pub segment: u64,
    /// Offset in it.
    pub offset: u64,
    /// What to call.
    pub callback: Callback,
}

/// Who waits for an event after a number.
pub struct Watcher {
    /// Its own number.
    pub id: u64,
    /// The event before.
    pub after: u64,
    /// What to call.
    pub callback: Callback,
}

/// The segment that is written.
#[derive(Debug)]
pub struct Active {
    /// Its file.
    pub file: Arc<SegmentFile>,
    /// Where its checksums begin.
    pub seed: u32,
    /// Everything below was handed to the system.
    pub written: u64,
    /// Everything below is on the disk.
    pub synced: u64,
    /// Whether somebody waited for a sync: only then zeros ahead are worth their writes.
    pub is_synced: bool,
    /// What was not handed over yet.
    pub buffer: Vec<u8>,
    /// What its seal will say; its marks too.
    pub seal: Seal,
}

/// What the thread that syncs for many does. To wake one that does not wait is a call of the system for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Committer {
    /// It works, or does not run: it will look by itself.
    Busy,
    /// It waits for others to join, or to hand over what nobody waits for.
    Waiting,
    /// It waits for anything to do.
    Idle,
}

/// What changes.
pub struct State {
    /// Segments in order; never empty.
    pub segments: Vec<Segment>,
    /// Checkpoints and branches.
    pub catalog: Catalog,
    /// Where the next record goes (writer), or is expected (reader).
    pub position: Position,
    /// Last event that was handed to the system.
    pub handed: u64,
    /// Of the last record.
    pub time: u64,
    /// Whether new segments take the time of the last record, not the clock's: salvage keeps the times of events.
    pub keeps_times: bool,
    /// The writer's segment.
    pub active: Option<Active>,
    /// The first failure.
    pub poisoned: Option<String>,
    /// After close.
    pub closed: bool,
    /// For shared syncs.
    pub waiters: VecDeque<Waiter>,
    /// So many waiters are expected to come together.
    pub expected: usize,
    /// Number of waiters at which a waiting committer wants to know.
    pub wake_at: usize,
    /// Whether the committer runs.
    pub committing: bool,
    /// What it does.
    pub committer: Committer,
    /// Threads that wait for events.
    pub sleepers: usize,
    /// For tails.
    pub watchers: Vec<Watcher>,
    /// Number of the next watcher.
    pub next_watcher: u64,
    /// To the thread that does what nobody waits for.
    pub filler: Option<Sender<Chore>>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("State")
            .field("position", &self.position)
            .field("poisoned", &self.poisoned)
            .finish_non_exhaustive()
    }
}

impl Inner {
    /// The state, if this process may use it.
    pub fn lock(&self) -> Result<MutexGuard<'_, State>> {
        // Before any mutex: in a fork it may be held by a thread that is not there.
        let current = process_id();
        if current != self.pid {
            return Err(StorageError::Forked {
                opened: self.pid,
                current,
            });
        }
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.closed {
            Err(StorageError::Closed)
        } else {
            Ok(state)
        }
    }

    /// The state for writing.
    pub fn lock_for_writing(&self) -> Result<MutexGuard<'_, State>> {
        if self.options.read_only {
            return Err(StorageError::ReadOnly);
        }
        let state = self.lock()?;
        match &state.poisoned {
            Some(cause) => Err(StorageError::Poisoned {
                cause: cause.clone(),
            }),
            None => Ok(state),
        }
    }

    /// First event that is still there.
    pub fn before(&self) -> u64 {
        self.before.load(Ordering::Acquire)
    }
}

impl State {
    /// Number of the last event; 0 before the first. After a failure, of the last that can be read.
    pub fn last(&self) -> u64 {
        if self.poisoned.is_some() {
            self.handed
        } else {
            self.position.next - 1
        }
    }

    /// Number of the last segment.
    pub fn segment(&self) -> u64 {
        self.segments
            .last()
            .map_or(0, |segment| segment.header.number)
    }

    /// Remembers the first failure; after it nothing is written or acknowledged.
    pub fn poison(&mut self, error: StorageError) -> StorageError {
        self.poisoned.get_or_insert_with(|| error.to_string());
        error
    }

    /// The writer's segment.
    pub fn active(&mut self) -> Result<&mut Active> {
        self.active.as_mut().ok_or(StorageError::ReadOnly)
    }

    /// Appends records, all or none, to the buffer; the number of the last event.
    pub fn push(&mut self, inner: &Inner, drafts: &[Draft<'_>]) -> Result<u64> {
        self.time = self.time.max(inner.system.now());
        self.push_timed(inner, drafts)
    }

    /// As [`push`](Self::push), with the time that the state has.
    pub fn push_timed(&mut self, inner: &Inner, drafts: &[Draft<'_>]) -> Result<u64> {
        let payload = |draft: &Draft<'_>| draft.payload.iter().map(|part| part.len()).sum();
        let size: u64 = drafts
            .iter()
            .map(|draft| record_bytes(draft.stream.len(), payload(draft)) as u64)
            .sum();
        let offset = self.position.offset;
        let records = self.active()?.seal.records;
        if records > 1 && offset + size > inner.options.segment_bytes {
            self.roll(inner)?;
        }
        let mut left = u32::try_from(drafts.len()).unwrap_or(u32::MAX);
        for draft in drafts {
            left = left.saturating_sub(1);
            self.encode(draft, left)?;
        }
        Ok(self.last())
    }

    /// Appends a record to the buffer, and takes it into the catalog.
    pub fn encode(&mut self, draft: &Draft<'_>, batch: u32) -> Result<()> {
        let (time, mut position, number) = (self.time, self.position, self.segment());
        let active = self.active()?;
        let is_event = draft.kind == kind::EVENT;
        let mut flags = if position.batch > 0 {
            FLAG_CONTINUES
        } else {
            0
        };
        if let Some(seq) = draft.jump {
            flags |= FLAG_GAP;
            position.next = position.next.max(seq);
        }
        let record = NewRecord {
            kind: draft.kind,
            flags,
            stream: draft.stream,
            batch,
            seq: if is_event {
                position.next
            } else {
                position.next - 1
            },
            time,
            synced: active.synced,
            payload: draft.payload,
        };
        let payload = draft.payload.iter().map(|part| part.len()).sum();
        let total = record_bytes(draft.stream.len(), payload);
        note(&mut active.seal, draft.kind, record.seq, total, &position);
        let start = active.buffer.len();
        position.previous = encode(
            &mut active.buffer,
            active.seed,
            position.offset,
            position.previous,
            &record,
        );
        let offset = position.offset;
        position.offset += (active.buffer.len() - start) as u64;
        position.batch = batch;
        position.next += u64::from(is_event);
        self.position = position;
        if !is_event {
            let payload = draft.payload.concat();
            self.catalog
                .apply(draft.kind, &payload, number, offset)
                .map_err(|reason| StorageError::Invalid {
                    what: "record",
                    reason,
                })?;
        }
        Ok(())
    }

    /// Whether the buffer has grown so much that it should be written.
    pub fn is_full(&self) -> bool {
        self.active
            .as_ref()
            .is_some_and(|active| active.buffer.len() >= BUFFER)
    }

    /// Hands the buffer to the system.
    pub fn write_out(&mut self, inner: &Inner) -> Result<()> {
        let number = self.segment();
        let Some(active) = self
            .active
            .as_mut()
            .filter(|active| !active.buffer.is_empty())
        else {
            return Ok(());
        };
        if let Some(cause) = &self.poisoned {
            return Err(StorageError::Poisoned {
                cause: cause.clone(),
            });
        }
        if let Err(error) = active.file.write(&active.buffer, active.written) {
            return Err(self.poison(StorageError::io(
                "write",
                &inner.paths.segment(number),
                &error,
            )));
        }
        self.handed = self.position.next - 1;
        active.written += active.buffer.len() as u64;
        active.buffer.clear();
        active.buffer.shrink_to(KEPT);
        let (written, known) = (
            active.written,
            self.segments
                .last()
                .map_or(0, |segment| segment.marks.len()),
        );
        let marks: Vec<Mark> = active.seal.marks.get(known..).unwrap_or_default().to_vec();
        if let Some(segment) = self.segments.last_mut() {
            segment.end = written;
            segment.marks.extend(marks);
        }
        if let (Some(active), Some(filler)) = (&self.active, &self.filler)
            && active.is_synced
            && active.file.wants_zeros(written)
        {
            // The thread ends with the store.
            let _ = filler.send(Chore::Fill(active.file.clone()));
        }
        self.announce(inner);
        Ok(())
    }

    /// Tells those who wait for events.
    pub fn announce(&mut self, inner: &Inner) {
        if self.sleepers > 0 {
            inner.changed.notify_all();
        }
        let last = self.last();
        if self.watchers.iter().any(|watcher| watcher.after < last) {
            let (ready, rest) = std::mem::take(&mut self.watchers)
                .into_iter()
                .partition(|watcher| watcher.after < last);
            self.watchers = rest;
            let ready: Vec<Watcher> = ready;
            for watcher in ready {
                (watcher.callback)(Ok(()));
            }
        }
    }

    /// Writes and syncs everything; the caller waits with the lock held.
    pub fn sync(&mut self, inner: &Inner) -> Result<()> {
        self.write_out(inner)?;
        if let Some(cause) = &self.poisoned {
            return Err(StorageError::Poisoned {
                cause: cause.clone(),
            });
        }
        let number = self.segment();
        let active = self.active()?;
        active.is_synced = true;
        if active.synced < active.written {
            if let Err(error) = active.file.sync() {
                return Err(self.poison(StorageError::io(
                    "sync",
                    &inner.paths.segment(number),
                    &error,
                )));
            }
            active.synced = active.written;
        }
        Ok(())
    }
}
