//! Forgetting old events: hidden at once, freed by whole segments.

use std::sync::atomic::Ordering;

use crate::error::{Result, StorageError};
use crate::format::{PruneMark, encode_mark};
use crate::store::Store;
use crate::system::write_durably;

/// What a prune did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PruneReport {
    /// First event that is still there.
    pub before: u64,
    /// Segments that were removed.
    pub segments: u64,
    /// Bytes that were freed.
    pub bytes: u64,
}

impl Store {
    /// Hides events with a lower number from every reader, also in other processes, and removes the segments that hold nothing
    /// else. Returns when that is on the disk. Numbers are never given again; checkpoints stay.
    ///
    /// # Errors
    /// Those of the system. After a failure the store takes no more writes.
    pub fn prune(&self, before: u64) -> Result<PruneReport> {
        drop(self.inner.lock_for_writing()?);
        let _changing = self.changing();
        let inner = &self.inner;
        let mut state = inner.lock_for_writing()?;
        let before = before.min(state.last() + 1);
        if before <= inner.before() {
            return Ok(PruneReport {
                before: inner.before(),
                ..PruneReport::default()
            });
        }
        let is_all = before == state.last() + 1
            && state
                .active
                .as_ref()
                .is_some_and(|active| active.seal.events > 0);
        if is_all {
            state.roll(inner)?;
        }
        let freed = state
            .segments
            .iter()
            .skip(1)
            .take_while(|next| next.header.first <= before)
            .count();
        let first = state
            .segments
            .get(freed)
            .map_or(1, |segment| segment.header.number);
        state.move_checkpoints(inner, first)?;
        state.sync(inner)?;
        if let Err(error) = write_durably(
            &*inner.system,
            &inner.paths.mark(),
            &[&encode_mark(
                &inner.id,
                PruneMark {
                    before,
                    segment: first,
                },
            )],
        ) {
            return Err(state.poison(error));
        }
        inner.before.store(before, Ordering::Release);
        inner.first_segment.store(first, Ordering::Release);
        // Moving checkpoints may have begun a segment, but never ended one of those that are freed.
        let removed: Vec<_> = state.segments.drain(..freed).collect();
        let mut report = PruneReport {
            before,
            segments: removed.len() as u64,
            bytes: 0,
        };
        for segment in removed {
            report.bytes += segment.end;
            let path = inner.paths.segment(segment.header.number);
            // They are hidden already; the next opener tries again.
            let _ = inner.system.remove(&path);
        }
        let log = inner.paths.log();
        if report.segments > 0
            && let Err(error) = inner.system.sync_directory(&log)
        {
            return Err(state.poison(StorageError::io("sync", &log, &error)));
        }
        Ok(report)
    }
}
