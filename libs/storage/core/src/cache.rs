//! The checkpoint that is kept in memory, as the likely base of the next, and what is known of it.

use std::sync::{Arc, PoisonError};

use crate::catalog::Checkpoint;
use crate::store::Store;

/// How far the places are apart at which a checksum can be gone on with.
const STEP: usize = 64 << 10;

/// The CRC-32 of a state, and of its beginnings: a state that begins as another did is not read again up to there.
#[derive(Debug, Default)]
pub struct Checksums {
    /// Of the whole.
    pub crc: u32,
    /// Of the first `STEP` bytes, of twice as many, and so on.
    steps: Vec<u32>,
}

impl Checksums {
    /// Those of a state whose first `shared` bytes are those of the state that `known` belongs to.
    pub fn behind(state: &[u8], known: &Self, shared: usize) -> Self {
        let kept = (shared / STEP).min(known.steps.len());
        let mut steps = Vec::with_capacity(state.len() / STEP);
        steps.extend_from_slice(known.steps.get(..kept).unwrap_or_default());
        let mut hasher = crc32fast::Hasher::new_with_initial(steps.last().copied().unwrap_or(0));
        for step in state.get(kept * STEP..).unwrap_or_default().chunks(STEP) {
            hasher.update(step);
            if step.len() == STEP {
                steps.push(hasher.clone().finalize());
            }
        }
        Self {
            crc: hasher.finalize(),
            steps,
        }
    }
}

/// The state that was saved or loaded last.
#[derive(Debug, Default)]
pub struct Cache {
    id: String,
    checksums: Arc<Checksums>,
    crc: u32,
    state: Option<Arc<Vec<u8>>>,
}

/// A state in memory.
pub struct Cached {
    /// Its bytes.
    pub state: Arc<Vec<u8>>,
    /// What is known of them.
    pub checksums: Arc<Checksums>,
}

impl Cache {
    /// The state of a checkpoint, if it is the one that is kept.
    pub fn get(&self, checkpoint: &Checkpoint) -> Option<Cached> {
        let state = self.state.as_ref().filter(|state| {
            self.id == checkpoint.id
                && self.crc == checkpoint.crc
                && state.len() as u64 == checkpoint.size
        })?;
        Some(Cached {
            state: state.clone(),
            checksums: self.checksums.clone(),
        })
    }
}

impl Store {
    pub(crate) fn remember(&self, checkpoint: &Checkpoint, state: &Arc<Vec<u8>>) {
        if state.len() > self.inner.options.checkpoint_cache_bytes {
            return;
        }
        *self
            .inner
            .cache
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Cache {
            id: checkpoint.id.clone(),
            checksums: Arc::default(),
            crc: checkpoint.crc,
            state: Some(state.clone()),
        };
    }

    /// Remembers a copy of a state, in the room of the one before where nobody else has that: new room costs more than copying.
    /// Where that one is the state that this one was compared with, only what differs is copied.
    pub(crate) fn remember_copy(
        &self,
        checkpoint: &Checkpoint,
        state: &[u8],
        checksums: Checksums,
        compared: Option<(&Checkpoint, usize)>,
    ) {
        if state.len() > self.inner.options.checkpoint_cache_bytes {
            return;
        }
        let mut cache = self
            .inner
            .cache
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::take(&mut *cache);
        let shared = compared
            .filter(|(base, _)| before.get(base).is_some())
            .map_or(0, |(_, shared)| shared);
        let mut room = before.state.and_then(Arc::into_inner).unwrap_or_default();
        if room.capacity() / 4 > state.len() {
            room = Vec::new();
        }
        room.truncate(shared);
        let rest = state.get(room.len()..).unwrap_or_default();
        room.extend_from_slice(rest);
        *cache = Cache {
            id: checkpoint.id.clone(),
            checksums: Arc::new(checksums),
            crc: checkpoint.crc,
            state: Some(Arc::new(room)),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::{Checksums, STEP};

    #[test]
    fn checksums_that_go_on_are_those_of_the_whole() {
        let base: Vec<u8> = (0..3 * STEP + 5).map(|at| (at * 7 % 251) as u8).collect();
        let known = Checksums::behind(&base, &Checksums::default(), 0);
        assert_eq!(known.crc, crc32fast::hash(&base));
        for shared in [0, 1, STEP - 1, STEP, STEP + 1, 3 * STEP, base.len()] {
            for added in [0, 1, STEP, 2 * STEP + 3] {
                let mut state = base[..shared].to_vec();
                state.resize(shared + added, 9);
                let found = Checksums::behind(&state, &known, shared);
                assert_eq!(found.crc, crc32fast::hash(&state), "{shared} {added}");
                let again = Checksums::behind(&state, &found, state.len());
                assert_eq!(again.crc, found.crc);
            }
        }
    }
}
