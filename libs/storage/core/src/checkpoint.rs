//! Saving, loading and deleting checkpoints.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, MutexGuard, PoisonError};

use serde_json::value::RawValue;

use crate::append::check_stream;
use crate::blob;
use crate::catalog::{Catalog, Checkpoint, Encoding, Tombstone, split_checkpoint};
use crate::compress::{compress, decompress};
use crate::delta;
use crate::error::{Result, StorageError};
use crate::options::Compress;
use crate::record::{MAX_STREAM, RECORD_HEADER, RecordHeader, kind, seed};
use crate::segment;
use crate::state::{Draft, Inner, State};
use crate::store::Store;
use crate::system::{Access, read_full};

/// Largest checkpoint in bytes.
pub const MAX_CHECKPOINT: usize = 1 << 30;
/// Longest chain of deltas, with the whole state that it begins with.
pub const MAX_DEPTH: u32 = 8;
/// Stored bytes above this go to a blob.
pub const INLINE: usize = 256 << 10;
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

/// The state that was saved or loaded last.
#[derive(Debug, Default)]
pub struct Cache {
    id: String,
    crc: u32,
    state: Option<Arc<Vec<u8>>>,
}

impl Cache {
    fn get(&self, checkpoint: &Checkpoint) -> Option<Arc<Vec<u8>>> {
        let state = self
            .state
            .as_ref()
            .filter(|state| self.id == checkpoint.id && state.len() as u64 == checkpoint.size);
        state.filter(|_| self.crc == checkpoint.crc).cloned()
    }
}

/// A checkpoint and what its record holds.
struct Made<'a> {
    checkpoint: Checkpoint,
    /// Stored bytes, where they are in the log.
    inline: Cow<'a, [u8]>,
    /// So many bytes at its beginning are those of the state that it was compared with.
    shared: usize,
}

impl Made<'_> {
    fn head(&self) -> Vec<u8> {
        let json = serde_json::to_vec(&self.checkpoint).unwrap_or_default();
        let mut head = u32::try_from(json.len())
            .unwrap_or(u32::MAX)
            .to_le_bytes()
            .to_vec();
        head.extend_from_slice(&json);
        head
    }
}

impl Store {
    /// Saves a state under an id, in place of what had it before; returns when it is on the disk.
    ///
    /// With a base, only the difference is stored where that pays: not where the base is missing much of it, nor where [`MAX_DEPTH`]
    /// differences would have to be read. A checkpoint cannot be a delta against what it replaces; then it becomes one against that one's base, or whole.
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
        let draft = Checkpoint {
            id: id.to_owned(),
            stream: options.stream.clone(),
            seq,
            time,
            size: state.len() as u64,
            crc: crc32fast::hash(state),
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
        let mut made: Vec<Made<'_>> = self.rebase(&catalog, id)?;
        made.insert(0, self.make(&catalog, draft, state, base)?);
        let compared = base.and_then(|base| catalog.checkpoints.get(base));
        self.put(&made, &[], &catalog)?;
        let Made {
            checkpoint: saved,
            shared,
            ..
        } = made.swap_remove(0);
        self.remember_copy(&saved, state, compared.map(|base| (base, shared)));
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

    fn remember(&self, checkpoint: &Checkpoint, state: &Arc<Vec<u8>>) {
        if state.len() > self.inner.options.checkpoint_cache_bytes {
            return;
        }
        let mut cache = self
            .inner
            .cache
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *cache = Cache {
            id: checkpoint.id.clone(),
            crc: checkpoint.crc,
            state: Some(state.clone()),
        };
    }

    /// Remembers a copy of a state, in the room of the one before where nobody else has that: new room costs more than copying.
    /// Where that one is the state that this one was compared with, only what differs is copied.
    fn remember_copy(
        &self,
        checkpoint: &Checkpoint,
        state: &[u8],
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
            crc: checkpoint.crc,
            state: Some(Arc::new(room)),
        };
    }

    /// Chooses how a state is stored, and writes its blob where it needs one.
    fn make<'a>(
        &self,
        catalog: &Catalog,
        mut checkpoint: Checkpoint,
        state: &'a [u8],
        base: Option<&str>,
    ) -> Result<Made<'a>> {
        let wanted = self.inner.options.compress;
        checkpoint.base = None;
        checkpoint.depth = 1;
        let chain = base.map(|base| chain_of(catalog, base)).unwrap_or_default();
        let (mut chosen, mut shared) = (None, 0);
        if let (Some(parent), Some(root)) = (chain.first(), chain.last())
            && parent.depth < MAX_DEPTH
        {
            let known = self.load(catalog, parent)?;
            shared = delta::common_prefix(&known, state);
            let difference = delta::make_behind(&known, state, shared);
            let (encoding, packed) = compress(&difference, wanted != Compress::Nothing);
            let bytes: Cow<'a, [u8]> = Cow::Owned(packed.unwrap_or(difference));
            // What the state would take as a whole, and what the chain costs already.
            let whole = root.stored.max(1) * checkpoint.size.max(1) / root.size.max(1);
            let deltas: u64 = chain
                .iter()
                .filter(|link| link.base.is_some())
                .map(|link| link.stored)
                .sum();
            let size = bytes.len() as u64;
            if size * 2 <= whole && deltas + size <= whole {
                checkpoint.base = Some(parent.id.clone());
                checkpoint.depth = parent.depth + 1;
                chosen = Some((encoding, bytes));
            }
        }
        let (encoding, bytes) = match chosen {
            Some(chosen) => chosen,
            None => {
                let (encoding, packed) = compress(state, wanted == Compress::All);
                (encoding, packed.map_or(Cow::Borrowed(state), Cow::Owned))
            }
        };
        checkpoint.encoding = encoding;
        checkpoint.stored = bytes.len() as u64;
        let is_state = checkpoint.base.is_none() && encoding == Encoding::Raw;
        checkpoint.stored_crc = if is_state {
            checkpoint.crc
        } else {
            crc32fast::hash(&bytes)
        };
        checkpoint.blob = None;
        if bytes.len() <= INLINE {
            return Ok(Made {
                checkpoint,
                inline: bytes,
                shared,
            });
        }
        // The same bytes again are most likely there.
        let is_known = catalog.checkpoints.values().any(|it| {
            it.stored_crc == checkpoint.stored_crc
                && it.stored == checkpoint.stored
                && it.blob.is_some()
        });
        checkpoint.blob = Some(blob::store(
            &*self.inner.system,
            &self.inner.paths,
            &bytes,
            is_known,
        )?);
        Ok(Made {
            checkpoint,
            inline: Cow::Borrowed(&[]),
            shared,
        })
    }

    /// Makes those that are deltas against a checkpoint anew, without it.
    fn rebase(&self, catalog: &Catalog, id: &str) -> Result<Vec<Made<'static>>> {
        let children = catalog.children(id);
        let above = catalog
            .checkpoints
            .get(id)
            .and_then(|checkpoint| checkpoint.base.clone());
        let mut made = Vec::with_capacity(children.len());
        for child in children {
            let Some(checkpoint) = catalog.checkpoints.get(&child) else {
                continue;
            };
            let state = self.load(catalog, checkpoint)?;
            let Made {
                checkpoint, inline, ..
            } = self.make(catalog, checkpoint.clone(), &state, above.as_deref())?;
            made.push(Made {
                checkpoint,
                inline: Cow::Owned(inline.into_owned()),
                shared: 0,
            });
        }
        Ok(made)
    }

    /// Appends checkpoints and tombstones as one batch, syncs it, and removes the blobs that nobody needs any more.
    fn put(&self, made: &[Made<'_>], gone: &[&str], before: &Catalog) -> Result<()> {
        let heads: Vec<Vec<u8>> = made.iter().map(Made::head).collect();
        let parts: Vec<[&[u8]; 2]> = made
            .iter()
            .zip(&heads)
            .map(|(made, head)| [head.as_slice(), &made.inline])
            .collect();
        let tombstones: Vec<Vec<u8>> = gone
            .iter()
            .map(|id| {
                serde_json::to_vec(&Tombstone {
                    id: (*id).to_owned(),
                })
                .unwrap_or_default()
            })
            .collect();
        let ends: Vec<[&[u8]; 1]> = tombstones.iter().map(|json| [json.as_slice()]).collect();
        let saved = made.iter().zip(&parts);
        let mut drafts: Vec<Draft<'_>> = saved
            .map(|(made, payload)| Draft::new(kind::CHECKPOINT, &made.checkpoint.stream, payload))
            .collect();
        drafts.extend(
            ends.iter()
                .map(|payload| Draft::new(kind::TOMBSTONE, "", payload)),
        );
        let mut state = self.inner.lock_for_writing()?;
        state.push(&self.inner, &drafts)?;
        state.sync(&self.inner)?;
        for blob in before
            .checkpoints
            .values()
            .filter_map(|checkpoint| checkpoint.blob.as_deref())
        {
            if !state.catalog.uses_blob(blob) {
                // The next opener tries again.
                let _ = self.inner.system.remove(&self.inner.paths.blob(blob));
            }
        }
        Ok(())
    }

    /// The state of a checkpoint, from the whole state that its chain begins with.
    pub(crate) fn load(&self, catalog: &Catalog, checkpoint: &Checkpoint) -> Result<Arc<Vec<u8>>> {
        let chain = chain_of(catalog, &checkpoint.id);
        let cached = |link: &&Checkpoint| {
            self.inner
                .cache
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .get(link)
        };
        let mut state = None;
        let mut from = chain.len();
        for (index, link) in chain.iter().enumerate() {
            if let Some(found) = cached(link) {
                state = Some(found);
                from = index;
                break;
            }
        }
        for link in chain.iter().take(from).rev() {
            let decoded = self.decode(link, state.as_deref().map(Vec::as_slice))?;
            state = Some(Arc::new(decoded));
        }
        state.ok_or_else(|| StorageError::CheckpointNotFound {
            id: checkpoint.id.clone(),
        })
    }

    fn decode(&self, link: &Checkpoint, base: Option<&[u8]>) -> Result<Vec<u8>> {
        let (segment, offset) = (link.segment.unwrap_or(0), link.offset.unwrap_or(0));
        let bad = |reason: &str| {
            StorageError::corrupt(
                segment,
                offset,
                format!("checkpoint {:?}: {reason}", link.id),
            )
        };
        let stored = match &link.blob {
            Some(name) => blob::load(
                &*self.inner.system,
                &self.inner.paths,
                name,
                link.stored.saturating_add(1),
            )?
            .ok_or_else(|| bad("its blob is missing"))?,
            None => self
                .inner
                .read_inline(segment, offset)
                .map_err(|error| match error {
                    StorageError::Corruption { reason, .. } => bad(&reason),
                    error => error,
                })?,
        };
        if stored.len() as u64 != link.stored || crc32fast::hash(&stored) != link.stored_crc {
            return Err(bad("its stored bytes do not match their checksum"));
        }
        let size = usize::try_from(link.size)
            .ok()
            .filter(|&size| size <= MAX_CHECKPOINT)
            .ok_or_else(|| bad("its size is not possible"))?;
        let whole = link.base.is_none();
        let bytes = match link.encoding {
            Encoding::Raw => stored,
            Encoding::Zstd => decompress(&stored, whole.then_some(size), 2 * MAX_CHECKPOINT)
                .ok_or_else(|| bad("it cannot be decompressed"))?,
        };
        let state = match (whole, base) {
            (true, _) => bytes,
            (false, Some(base)) => delta::apply(base, &bytes, size)
                .ok_or_else(|| bad("its delta does not fit its base"))?,
            (false, None) => return Err(bad("its base is missing")),
        };
        if state.len() != size || crc32fast::hash(&state) != link.crc {
            return Err(bad("its state does not match its checksum"));
        }
        Ok(state)
    }
}

impl Inner {
    /// The stored bytes of a checkpoint whose record is in the log.
    pub fn read_inline(&self, number: u64, offset: u64) -> Result<Vec<u8>> {
        let payload = self.read_payload(number, offset)?;
        let (_, stored) = split_checkpoint(&payload)
            .ok_or_else(|| StorageError::corrupt(number, offset, "the record is too short"))?;
        Ok(stored.to_vec())
    }

    /// The payload of a checkpoint record.
    pub fn read_payload(&self, number: u64, offset: u64) -> Result<Vec<u8>> {
        let path = self.paths.segment(number);
        let fail = |error: io::Error| StorageError::io("read", &path, &error);
        let bad =
            || StorageError::corrupt(number, offset, "the record of the checkpoint is damaged");
        let (file, _) =
            segment::open(&*self.system, &self.paths, number, Access::Read).map_err(fail)?;
        let mut head = [0; RECORD_HEADER];
        read_full(&*file, &mut head, offset).map_err(fail)?;
        let seed = seed(&self.id, number);
        let header = RecordHeader::decode(&head, seed, offset)
            .filter(|header| header.kind == kind::CHECKPOINT)
            .ok_or_else(bad)?;
        if offset + header.total() as u64 > file.len().map_err(fail)? {
            return Err(bad());
        }
        let mut record = vec![0; header.total()];
        read_full(&*file, &mut record, offset).map_err(fail)?;
        if !header.verify(&record, seed, offset) {
            return Err(bad());
        }
        Ok(record
            .get(header.payload_range())
            .unwrap_or_default()
            .to_vec())
    }
}

impl State {
    /// Appends the records of checkpoints again that are in segments before a number; their stored bytes are in the log.
    pub fn move_checkpoints(&mut self, inner: &Inner, before: u64) -> Result<()> {
        let moved: BTreeMap<String, (u64, u64)> = self
            .catalog
            .checkpoints
            .values()
            .filter(|it| it.blob.is_none())
            .filter_map(|it| {
                it.segment
                    .zip(it.offset)
                    .map(|place| (it.id.clone(), place))
            })
            .filter(|(_, place)| place.0 < before)
            .collect();
        for (id, (number, offset)) in moved {
            let stream = self
                .catalog
                .checkpoints
                .get(&id)
                .map(|it| it.stream.clone())
                .unwrap_or_default();
            let inline = inner.read_inline(number, offset)?;
            let Some(mut checkpoint) = self.catalog.checkpoints.get(&id).cloned() else {
                continue;
            };
            checkpoint.segment = None;
            checkpoint.offset = None;
            let made = Made {
                checkpoint,
                inline: Cow::Owned(inline),
                shared: 0,
            };
            let head = made.head();
            self.push(
                inner,
                &[Draft::new(
                    kind::CHECKPOINT,
                    &stream,
                    &[&head, &made.inline],
                )],
            )?;
        }
        Ok(())
    }
}

/// A checkpoint and its bases, the whole state last.
fn chain_of<'a>(catalog: &'a Catalog, id: &str) -> Vec<&'a Checkpoint> {
    let mut chain: Vec<&Checkpoint> = Vec::new();
    let mut next = catalog.checkpoints.get(id);
    while let Some(link) = next {
        chain.push(link);
        // Depths fall, so that the chain ends.
        next = link
            .base
            .as_ref()
            .and_then(|base| catalog.checkpoints.get(base))
            .filter(|base| base.depth < link.depth);
    }
    chain
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
