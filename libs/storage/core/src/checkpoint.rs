//! Saving, loading and deleting checkpoints.

use std::sync::{Arc, MutexGuard, PoisonError};

use serde_json::value::RawValue;

use crate::append::check_stream;
use crate::cache::Checksums;
use crate::catalog::{Catalog, Checkpoint, Encoding};
use crate::error::{Result, StorageError};
use crate::load::chain_of;
use crate::record::MAX_STREAM;
use crate::store::Store;

/// Largest checkpoint in bytes.
pub const MAX_CHECKPOINT: usize = 1 << 30;
/// Longest chain of deltas, with the whole state that it begins with.
pub const MAX_DEPTH: u32 = 8;
/// Largest metadata in bytes.
pub const MAX_METADATA: usize = 1 << 20;

/// What belongs to a checkpoint beside its state.
#[derive(Debug, Clone, Default)]
pub struct CheckpointOptions {
    /// Id of a checkpoint that the state has much in common with.
    pub base: Option<String>,
    /// Stream that it belongs to; empty is the unnamed one.
    pub stream: String,
    /// Last event that the state contains. Default: the last that was appended.
    pub seq: Option<u64>,
    /// Any JSON.
    pub metadata: Option<String>,
}

impl Store {
    /// Saves a state under an id, in place of what had it before; returns when it is on the disk.
    ///
    /// With a base, only the difference is stored where that pays: not where the base is missing much of it, nor where [`MAX_DEPTH`]
    /// differences would have to be read. A checkpoint cannot be a delta against what it replaces; then it becomes one against that one's base, or whole.
    /// The newest checkpoint, saved again with nothing changed, is left as it is, with its time.
    ///
    /// # Errors
    /// [`StorageError::CheckpointNotFound`] for the base, [`StorageError::Invalid`], [`StorageError::TooLarge`], and those of the system.
    pub fn save_checkpoint(
        &self,
        id: &str,
        state: impl AsRef<[u8]>,
        options: &CheckpointOptions,
    ) -> Result<Checkpoint> {
        self.save(id, state.as_ref(), options)
    }

    fn save(&self, id: &str, state: &[u8], options: &CheckpointOptions) -> Result<Checkpoint> {
        check_id(id)?;
        check_stream(&options.stream)?;
        if state.len() > MAX_CHECKPOINT {
            return Err(StorageError::TooLarge {
                what: "a checkpoint",
                bytes: state.len() as u64,
                limit: MAX_CHECKPOINT as u64,
            });
        }
        let metadata = options.metadata.clone().map(check_metadata).transpose()?;
        drop(self.inner.lock_for_writing()?);
        let _changing = self.changing();
        let (catalog, last, time) = {
            let locked = self.inner.lock_for_writing()?;
            (
                locked.catalog.clone(),
                locked.last(),
                locked.time.max(self.inner.system.now()),
            )
        };
        let seq = options.seq.unwrap_or(last);
        if seq > last {
            let reason = format!("event {seq} does not exist yet: the last is {last}");
            return Err(StorageError::Invalid {
                what: "seq",
                reason,
            });
        }
        let named = options.base.as_deref();
        if let Some(missing) = named.filter(|base| !catalog.checkpoints.contains_key(*base)) {
            return Err(StorageError::CheckpointNotFound {
                id: missing.to_owned(),
            });
        }
        let base = if named == Some(id) {
            catalog
                .checkpoints
                .get(id)
                .and_then(|own| own.base.as_deref())
        } else {
            named
        };
        // A state whose chain runs through the checkpoint that is replaced has no base: that chain is about to change.
        let base = base.filter(|base| !chain_of(&catalog, base).iter().any(|link| link.id == id));
        let base = self.base_of(&catalog, base, state)?;
        let none = Checksums::default();
        let (known, shared) = base
            .as_ref()
            .map_or((&none, 0), |base| (&*base.checksums, base.shared));
        let checksums = Checksums::behind(state, known, shared);
        let draft = Checkpoint {
            id: id.to_owned(),
            stream: options.stream.clone(),
            seq,
            time,
            size: state.len() as u64,
            crc: checksums.crc,
            encoding: Encoding::Raw,
            stored: 0,
            stored_crc: 0,
            blob: None,
            base: None,
            depth: 1,
            metadata,
            segment: None,
            offset: None,
        };
        let own = catalog.checkpoints.get(id).filter(|own| {
            own.crc == draft.crc
                && own.size == draft.size
                && self.load(&catalog, own).is_ok_and(|known| *known == state)
        });
        if let Some(own) = own.filter(|own| is_newest(&catalog, own) && is_same(own, &draft)) {
            return Ok(own.clone());
        }
        let saved = self.make(&catalog, draft, state, base.as_ref())?;
        // Deltas against the same state stay what they are.
        let is_kept = own.is_some_and(|own| saved.checkpoint.depth <= own.depth);
        let mut made = vec![saved];
        if !is_kept {
            made.extend(self.rebase(&catalog, id)?);
        }
        self.put(&made, &[], &catalog)?;
        let saved = made.swap_remove(0).checkpoint;
        let compared = base.map(|base| (base.parent().cloned(), base.shared));
        let compared = compared
            .as_ref()
            .and_then(|(parent, shared)| Some((parent.as_ref()?, *shared)));
        self.remember_copy(&saved, state, checksums, compared);
        Ok(saved)
    }

    /// The state of a checkpoint; `None` where there is none of that id. It was checked against its checksum.
    ///
    /// # Errors
    /// [`StorageError::Corruption`] and those of the system.
    pub fn load_checkpoint(&self, id: &str) -> Result<Option<Arc<Vec<u8>>>> {
        let Some((checkpoint, state)) = self.find_checkpoint(id)? else {
            return Ok(None);
        };
        self.remember(&checkpoint, &state);
        Ok(Some(state))
    }

    fn find_checkpoint(&self, id: &str) -> Result<Option<(Checkpoint, Arc<Vec<u8>>)>> {
        let mut attempt = 0;
        loop {
            let mut catalog = self.catalog()?;
            let Some(checkpoint) = catalog.checkpoints.get(id) else {
                return Ok(None);
            };
            match self.load(&catalog, checkpoint) {
                Ok(state) => {
                    let found = catalog.checkpoints.remove(id);
                    return Ok(found.map(|checkpoint| (checkpoint, state)));
                }
                // It may have been moved or deleted meanwhile, also by another process.
                Err(error) if attempt == 3 => return Err(error),
                Err(_) => attempt += 1,
            }
        }
    }

    /// As [`load_checkpoint`](Self::load_checkpoint), but the state is the caller's own, and not kept for the next delta.
    ///
    /// # Errors
    /// As [`load_checkpoint`](Self::load_checkpoint).
    pub fn take_checkpoint(&self, id: &str) -> Result<Option<Vec<u8>>> {
        let state = self.find_checkpoint(id)?;
        Ok(state.map(|(_, state)| Arc::unwrap_or_clone(state)))
    }

    /// Every checkpoint, by id.
    ///
    /// # Errors
    /// Those of reading.
    pub fn list_checkpoints(&self) -> Result<Vec<Checkpoint>> {
        Ok(self.catalog()?.checkpoints.into_values().collect())
    }

    /// One checkpoint, without its state.
    ///
    /// # Errors
    /// Those of reading.
    pub fn checkpoint(&self, id: &str) -> Result<Option<Checkpoint>> {
        Ok(self.catalog()?.checkpoints.remove(id))
    }

    /// Deletes a checkpoint; returns when that is on the disk, false where there was none. Those that are deltas against it are
    /// stored anew in the same batch.
    ///
    /// # Errors
    /// [`StorageError::Corruption`] where a delta against it cannot be read, and those of the system.
    pub fn delete_checkpoint(&self, id: &str) -> Result<bool> {
        drop(self.inner.lock_for_writing()?);
        let _changing = self.changing();
        let catalog = self.inner.lock_for_writing()?.catalog.clone();
        if !catalog.checkpoints.contains_key(id) {
            return Ok(false);
        }
        let made = self.rebase(&catalog, id)?;
        self.put(&made, &[id], &catalog)?;
        Ok(true)
    }

    pub(crate) fn changing(&self) -> MutexGuard<'_, ()> {
        self.inner
            .checkpoints
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn catalog(&self) -> Result<Catalog> {
        let mut state = self.inner.lock()?;
        self.inner.refresh(&mut state)?;
        Ok(state.catalog.clone())
    }
}

/// Whether nothing was saved since.
fn is_newest(catalog: &Catalog, checkpoint: &Checkpoint) -> bool {
    let mut others = catalog.checkpoints.values();
    others.all(|it| it.id == checkpoint.id || it.time < checkpoint.time)
}

/// Whether two checkpoints of the same state say the same of it.
fn is_same(left: &Checkpoint, right: &Checkpoint) -> bool {
    let metadata = |checkpoint: &Checkpoint| {
        checkpoint
            .metadata
            .as_deref()
            .map(|json| json.get().to_owned())
    };
    left.seq == right.seq && left.stream == right.stream && metadata(left) == metadata(right)
}

fn check_id(id: &str) -> Result<()> {
    if id.is_empty() || id.len() > MAX_STREAM {
        let reason = format!("it has {} bytes; 1 to {MAX_STREAM} are possible", id.len());
        return Err(StorageError::Invalid {
            what: "checkpoint id",
            reason,
        });
    }
    Ok(())
}

fn check_metadata(json: String) -> Result<Box<RawValue>> {
    if json.len() > MAX_METADATA {
        return Err(StorageError::TooLarge {
            what: "metadata",
            bytes: json.len() as u64,
            limit: MAX_METADATA as u64,
        });
    }
    RawValue::from_string(json).map_err(|error| StorageError::Invalid {
        what: "metadata",
        reason: format!("it is no JSON: {error}"),
    })
}
