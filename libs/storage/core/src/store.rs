//! The handle of an open store: waiting, figures, closing.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::commit;
use crate::error::{Result, StorageError};
use crate::fill::Chore;
use crate::lock::Lock;
use crate::open::{self, Opened};
use crate::options::Options;
use crate::recover::OpenReport;
use crate::state::{Callback, Inner, State, Watcher};

/// How often a reader looks for what a writer in another process appended.
const POLL: Duration = Duration::from_millis(5);

/// An open store. Any thread may use it; closing (or dropping) it ends its threads and gives up the lock.
///
/// ```
/// use fishplate_storage::{Durability, Options, Query, Store};
/// # let directory = tempfile::tempdir()?;
/// let store = Store::open(directory.path(), &Options::default())?;
/// let seq = store.append(b"started", "", Durability::Group)?;
/// assert_eq!(seq, 1);
/// let events = store.events(&Query::default())?;
/// assert_eq!(events[0].data, b"started");
/// store.close()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
    report: OpenReport,
    threads: Mutex<Threads>,
}

#[derive(Debug, Default)]
struct Threads {
    committer: Option<JoinHandle<()>>,
    filler: Option<JoinHandle<()>>,
    lock: Option<Lock>,
}

/// Figures of a store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreStats {
    /// First event that is still there.
    pub first_seq: u64,
    /// Last event; 0 before the first.
    pub last_seq: u64,
    /// Segments.
    pub segments: u64,
    /// Bytes of the log, without zeros ahead of it.
    pub log_bytes: u64,
    /// Checkpoints.
    pub checkpoints: u64,
    /// Stored bytes of checkpoints, shared ones counted once.
    pub checkpoint_bytes: u64,
    /// Branches.
    pub branches: u64,
    /// Why nothing more is written, after a failure.
    pub poisoned: Option<String>,
}

impl Store {
    /// Opens the store in a directory, and makes it where there is none (unless read-only).
    ///
    /// # Errors
    /// [`StorageError::Locked`], [`StorageError::Corruption`], [`StorageError::NewerFormat`],
    /// [`StorageError::NetworkFileSystem`], [`StorageError::NotFound`] and those of the system.
    pub fn open(directory: &Path, options: &Options) -> Result<Self> {
        let Opened {
            inner,
            lock,
            report,
        } = open::open(directory, options)?;
        let store = Self {
            inner: Arc::new(inner),
            report,
            threads: Mutex::new(Threads {
                lock,
                ..Threads::default()
            }),
        };
        if !options.read_only && options.fill_ahead {
            store.start_filler()?;
        }
        Ok(store)
    }

    /// A handle that has no threads and no lock.
    pub(crate) fn without_threads(inner: Inner) -> Self {
        Self {
            inner: Arc::new(inner),
            report: OpenReport::default(),
            threads: Mutex::default(),
        }
    }

    /// What opening found and did.
    pub fn open_report(&self) -> &OpenReport {
        &self.report
    }

    /// Waits until everything that was appended is on the disk.
    ///
    /// # Errors
    /// Those of writing and syncing.
    pub fn flush(&self) -> Result<()> {
        self.inner.lock_for_writing()?.sync(&self.inner)
    }

    /// As [`flush`](Self::flush), but returns at once and calls back.
    ///
    /// # Errors
    /// Where the store takes no writes; `callback` is dropped then.
    pub fn flush_with(&self, callback: Callback) -> Result<()> {
        let mut state = self.inner.lock_for_writing()?;
        self.ensure_committer(&mut state)?;
        commit::wait_for_sync(&self.inner, &mut state, callback);
        Ok(())
    }

    /// Number of the last event that can be read; 0 before the first. A reader looks for what a writer appended.
    ///
    /// # Errors
    /// Those of reading.
    pub fn last_seq(&self) -> Result<u64> {
        let mut state = self.inner.lock()?;
        self.inner.refresh(&mut state)?;
        Ok(state.last())
    }

    /// Waits until there is an event after `after`; false when `timeout` was over before.
    ///
    /// # Errors
    /// Those of reading, and [`StorageError::Closed`] when the store is closed meanwhile.
    pub fn wait(&self, after: u64, timeout: Duration) -> Result<bool> {
        let deadline = Instant::now() + timeout;
        let mut state = self.inner.lock()?;
        loop {
            self.inner.refresh(&mut state)?;
            if state.last() > after {
                return Ok(true);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(false);
            }
            let nap = if self.inner.options.read_only {
                left.min(POLL)
            } else {
                left
            };
            state.sleepers += 1;
            let waited = self.inner.changed.wait_timeout(state, nap);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            state.sleepers -= 1;
            if state.closed {
                return Err(StorageError::Closed);
            }
        }
    }

    /// Calls back once when an event after `after` can be read: at once, or on the thread that appends it. `callback` must not use
    /// the store. It is dropped, uncalled, when the store is closed. The number is for [`unwatch`](Self::unwatch).
    ///
    /// For writers only: a reader beside a writer in another process has to ask again, by [`wait`](Self::wait).
    ///
    /// # Errors
    /// [`StorageError::ReadOnly`] for a reader.
    pub fn watch(&self, after: u64, callback: Callback) -> Result<u64> {
        if self.inner.options.read_only {
            return Err(StorageError::ReadOnly);
        }
        let mut state = self.inner.lock()?;
        if state.last() > after {
            drop(state);
            callback(Ok(()));
            return Ok(0);
        }
        state.next_watcher += 1;
        let id = state.next_watcher;
        state.watchers.push(Watcher {
            id,
            after,
            callback,
        });
        Ok(id)
    }

    /// Drops the callback of a watch; false where it was called before.
    ///
    /// # Errors
    /// [`StorageError::Closed`] after close.
    pub fn unwatch(&self, id: u64) -> Result<bool> {
        let mut state = self.inner.lock()?;
        let before = state.watchers.len();
        state.watchers.retain(|watcher| watcher.id != id);
        Ok(state.watchers.len() < before)
    }

    /// Figures.
    ///
    /// # Errors
    /// Those of reading.
    pub fn stats(&self) -> Result<StoreStats> {
        let mut state = self.inner.lock()?;
        self.inner.refresh(&mut state)?;
        let mut blobs = std::collections::HashSet::new();
        let stored = state.catalog.checkpoints.values();
        let stored = stored.filter(|it| {
            it.blob
                .as_ref()
                .is_none_or(|blob| blobs.insert(blob.clone()))
        });
        let checkpoint_bytes = stored.map(|it| it.stored).sum();
        let oldest = state
            .segments
            .first()
            .map_or(1, |segment| segment.header.first);
        Ok(StoreStats {
            first_seq: self.inner.before().max(oldest),
            last_seq: state.last(),
            segments: state.segments.len() as u64,
            log_bytes: state.segments.iter().map(|segment| segment.end).sum(),
            checkpoints: state.catalog.checkpoints.len() as u64,
            checkpoint_bytes,
            branches: state.catalog.branches.len() as u64,
            poisoned: state.poisoned.clone(),
        })
    }

    /// Puts everything on the disk, trims the zeros ahead, ends the threads and gives up the lock.
    ///
    /// # Errors
    /// Those of the last writes; the store is closed all the same.
    pub fn close(&self) -> Result<()> {
        let mut state = match self.inner.lock() {
            Ok(state) => state,
            Err(StorageError::Closed) => return Ok(()),
            Err(error) => return Err(error),
        };
        let mut result = Ok(());
        if !self.inner.options.read_only {
            result = match &state.poisoned {
                Some(cause) => Err(StorageError::Poisoned {
                    cause: cause.clone(),
                }),
                None => state.sync(&self.inner),
            };
        }
        state.closed = true;
        state.filler = None;
        let watchers = std::mem::take(&mut state.watchers);
        let active = state
            .active
            .as_ref()
            .map(|active| (active.file.clone(), active.written));
        drop(state);
        drop(watchers);
        self.inner.commit.notify_all();
        self.inner.changed.notify_all();
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        for thread in [threads.committer.take(), threads.filler.take()]
            .into_iter()
            .flatten()
        {
            // A callback may be what drops the store.
            if thread.thread().id() != std::thread::current().id() {
                let _ = thread.join();
            }
        }
        if let Some((file, end)) = active.filter(|_| result.is_ok()) {
            // Only saves room: what is cut off are zeros.
            let _ = file.finish(end);
        }
        if let Ok(mut state) = self.inner.state.lock() {
            state.active = None;
        }
        threads.lock = None;
        result
    }

    pub(crate) fn ensure_committer(&self, state: &mut State) -> Result<()> {
        if state.committing {
            return Ok(());
        }
        let inner = self.inner.clone();
        let started = std::thread::Builder::new()
            .name("fishplate-commit".into())
            .spawn(move || commit::run(&inner));
        let thread = started.map_err(|error| {
            StorageError::io("start a thread for", &self.inner.paths.root, &error)
        })?;
        state.committing = true;
        self.threads
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .committer = Some(thread);
        Ok(())
    }

    fn start_filler(&self) -> Result<()> {
        let (sender, receiver) = mpsc::channel::<Chore>();
        let system = self.inner.system.clone();
        let inner = Arc::downgrade(&self.inner);
        let fill = move || {
            while let Ok(chore) = receiver.recv() {
                let file = match chore {
                    Chore::Fill(file) => file,
                    Chore::Remove(path) => {
                        let _ = system.remove(&path);
                        continue;
                    }
                };
                let Err(error) = file.fill() else { continue };
                let Some(inner) = inner.upgrade() else { return };
                let mut state = inner.state.lock().unwrap_or_else(PoisonError::into_inner);
                let _ = state.poison(StorageError::io("sync", &inner.paths.log(), &error));
            }
        };
        let started = std::thread::Builder::new()
            .name("fishplate-fill".into())
            .spawn(fill);
        let thread = started.map_err(|error| {
            StorageError::io("start a thread for", &self.inner.paths.root, &error)
        })?;
        self.inner.lock()?.filler = Some(sender);
        self.threads
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .filler = Some(thread);
        Ok(())
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // Who wants to know of failures calls `close`.
        let _ = self.close();
    }
}
