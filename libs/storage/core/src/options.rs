//! How a store is opened.

use std::sync::Arc;
use std::time::Duration;

use crate::error::{Result, StorageError};
use crate::os::OsSystem;
use crate::system::System;

/// What an append waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// Nothing: a crash of the process loses it, unless later calls wrote it.
    Memory,
    /// The operating system has it: it survives the process (kill -9), not a loss of power.
    Os,
    /// It is on the disk, by a sync that is shared with others.
    #[default]
    Group,
    /// It is on the disk, by a sync of its own.
    Sync,
}

/// What is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compress {
    /// Nothing.
    Nothing,
    /// Deltas. Whole states are written as they are, since compressing a large one takes longer than writing it.
    #[default]
    Deltas,
    /// Whole states too: a third of the room, several times the time.
    All,
}

/// How a store is opened. Made by [`Options::default`], then changed.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// Read only; any number of readers may stand beside a writer. Default: false.
    pub read_only: bool,
    /// Size at which a new segment is begun. Default: 16 MiB; 4 KiB to 1 GiB.
    pub segment_bytes: u64,
    /// Open also on a network file system. Default: false.
    pub allow_network: bool,
    /// Which checkpoints are written with zstd, where that makes them smaller. Default: deltas.
    pub compress: Compress,
    /// Write zeros ahead of the log by a thread, so that syncs need no change of file size. Default: true.
    pub fill_ahead: bool,
    /// Longest time that a shared sync waits for others to join. Default, and most: 2 ms.
    pub group_window: Duration,
    /// Largest checkpoint that is kept in memory, as the likely base of the next one. Default: 64 MiB.
    pub checkpoint_cache_bytes: usize,
    /// Read segments that are sealed through memory that the system maps, not by calls. Default: false: measured, it is not faster, and
    /// takes more resident memory. Where the disk fails, or something outside of any store cuts such a file between a look at its length and the
    /// copy, the system ends the process (SIGBUS).
    pub map_sealed: bool,
    /// The machine; tests put a simulated one here.
    pub system: Arc<dyn System>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            read_only: false,
            segment_bytes: 16 << 20,
            allow_network: false,
            compress: Compress::Deltas,
            fill_ahead: true,
            group_window: Duration::from_millis(2),
            checkpoint_cache_bytes: 64 << 20,
            map_sealed: false,
            system: Arc::new(OsSystem),
        }
    }
}

impl Options {
    pub(crate) fn check(&self) -> Result<()> {
        if !(4 << 10..=1 << 30).contains(&self.segment_bytes) {
            return Err(StorageError::Invalid {
                what: "segment_bytes",
                reason: format!("{} is not between 4096 and 1073741824", self.segment_bytes),
            });
        }
        if self.group_window > Duration::from_millis(2) {
            return Err(StorageError::Invalid {
                what: "group_window",
                reason: format!("{:?} is more than 2 ms", self.group_window),
            });
        }
        Ok(())
    }
}
