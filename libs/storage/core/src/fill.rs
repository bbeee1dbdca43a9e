//! The file of the segment that is written: zeros ahead of the log, syncs one at a time; and what else is done in the background.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::system::{StoredFile, write_full};

/// How much is filled at first; then as much again as is there, up to the most, so that few syncs meet those of the log.
const FIRST_STEP: u64 = 1 << 20;
const LARGEST_STEP: u64 = 8 << 20;
/// How much is written at once.
const PIECE: usize = 128 << 10;

/// What a thread of the store does while nobody waits for it.
#[derive(Debug)]
pub enum Chore {
    /// Write zeros ahead of the log.
    Fill(Arc<SegmentFile>),
    /// Remove a file that has a temporary name: of a large one that takes longer than to sync a record. A failure leaves it to
    /// the next writer that opens.
    Remove(PathBuf),
}

/// A segment's file, shared by the writer and its threads.
#[derive(Debug)]
pub struct SegmentFile {
    /// The file.
    pub file: Arc<dyn StoredFile>,
    /// The same file, opened again to write zeros: so each of the two hears of failed writes by itself.
    ahead: Arc<dyn StoredFile>,
    /// Zeros reach up to here, or the log does.
    filled: AtomicU64,
    /// Where filling ends.
    limit: u64,
    asked: AtomicBool,
    /// Held while the file grows; true when it must not any more.
    growing: Mutex<bool>,
    /// Held during a sync; true after one failed.
    syncing: Mutex<bool>,
}

impl SegmentFile {
    /// A file of `length` bytes that will be filled up to `limit`.
    pub fn new(
        file: Arc<dyn StoredFile>,
        ahead: Arc<dyn StoredFile>,
        length: u64,
        limit: u64,
    ) -> Self {
        Self {
            file,
            ahead,
            filled: AtomicU64::new(length),
            limit,
            asked: AtomicBool::new(false),
            growing: Mutex::new(false),
            syncing: Mutex::new(false),
        }
    }

    /// Writes a part of the log.
    pub fn write(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let end = offset + bytes.len() as u64;
        if end <= self.filled.load(Ordering::Acquire) {
            return write_full(&*self.file, bytes, offset);
        }
        // The file grows: zeros must not overtake the log.
        let _growing = self.growing.lock().unwrap_or_else(PoisonError::into_inner);
        write_full(&*self.file, bytes, offset)?;
        self.filled.fetch_max(end, Ordering::AcqRel);
        Ok(())
    }

    /// Syncs. After one failure all fail: the system tells a failure once, and of several callers only one hears it.
    pub fn sync(&self) -> io::Result<()> {
        let mut failed = self.syncing.lock().unwrap_or_else(PoisonError::into_inner);
        if *failed {
            return Err(io::Error::other("an earlier sync of the file failed"));
        }
        let synced = self.file.sync().and_then(|()| {
            // A segment that is finished may be pruned meanwhile; one that is not was removed by somebody else.
            let is_lost = !self.file.has_name()?
                && !*self.growing.lock().unwrap_or_else(PoisonError::into_inner);
            if is_lost {
                return Err(io::Error::new(
                    io::ErrorKind::NotFound,
                    "somebody removed the file while the store was open",
                ));
            }
            Ok(())
        });
        synced.inspect_err(|_| *failed = true)
    }

    /// Whether zeros should be written ahead of an offset; true once until they are.
    pub fn wants_zeros(&self, offset: u64) -> bool {
        let filled = self.filled.load(Ordering::Acquire);
        filled < self.limit
            && filled < offset + step(filled) / 2
            && !self.asked.swap(true, Ordering::AcqRel)
    }

    /// Writes zeros ahead. A failure is none of the log's, which will meet it itself; that of a sync is.
    pub fn fill(&self) -> io::Result<()> {
        let filled = self.filled.load(Ordering::Acquire);
        let target = self.limit.min(filled + step(filled));
        let zeros = vec![0; PIECE];
        loop {
            // Piece by piece: a write of the log that reaches the end of the zeros waits for one alone.
            let closed = self.growing.lock().unwrap_or_else(PoisonError::into_inner);
            let filled = self.filled.load(Ordering::Acquire);
            let count = usize::try_from(target.saturating_sub(filled))
                .unwrap_or(PIECE)
                .min(PIECE);
            if *closed || count == 0 {
                break;
            }
            let piece = zeros.get(..count).unwrap_or_default();
            if write_full(&*self.ahead, piece, filled).is_err() {
                // Stays asked: a full disk is not asked again and again.
                return Ok(());
            }
            self.filled.store(filled + count as u64, Ordering::Release);
        }
        self.ahead.sync()?;
        self.asked.store(false, Ordering::Release);
        Ok(())
    }

    /// Ends the file at an offset; nothing is filled any more.
    pub fn finish(&self, end: u64) -> io::Result<()> {
        let mut closed = self.growing.lock().unwrap_or_else(PoisonError::into_inner);
        *closed = true;
        self.file.set_len(end)?;
        self.filled.store(end, Ordering::Release);
        Ok(())
    }
}

fn step(filled: u64) -> u64 {
    filled.clamp(FIRST_STEP, LARGEST_STEP)
}
