//! How the state of a checkpoint is read: along the chain of its bases.

use std::io;
use std::sync::{Arc, PoisonError};

use crate::blob;
use crate::cache::Cached;
use crate::catalog::{Catalog, Checkpoint, Encoding, split_checkpoint};
use crate::checkpoint::MAX_CHECKPOINT;
use crate::compress::decompress;
use crate::delta;
use crate::error::{Result, StorageError};
use crate::record::{RECORD_HEADER, RecordHeader, kind, seed};
use crate::segment;
use crate::state::Inner;
use crate::store::Store;
use crate::system::{Access, read_full};

impl Store {
    /// The state of a checkpoint, from the whole state that its chain begins with.
    pub(crate) fn load(&self, catalog: &Catalog, checkpoint: &Checkpoint) -> Result<Arc<Vec<u8>>> {
        Ok(self.load_cached(catalog, checkpoint)?.state)
    }

    /// As [`load`](Self::load), with what is known of the state where it is the one that is kept.
    pub(crate) fn load_cached(&self, catalog: &Catalog, checkpoint: &Checkpoint) -> Result<Cached> {
        let chain = chain_of(catalog, &checkpoint.id);
        let cached = |link: &&Checkpoint| {
            self.inner
                .cache
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .get(link)
        };
        let mut state: Option<Cached> = None;
        let mut from = chain.len();
        for (index, link) in chain.iter().enumerate() {
            if let Some(found) = cached(link) {
                state = Some(found);
                from = index;
                break;
            }
        }
        for link in chain.iter().take(from).rev() {
            let base = state.as_ref().map(|cached| cached.state.as_slice());
            let decoded = self.decode(link, base)?;
            state = Some(Cached {
                state: Arc::new(decoded),
                checksums: Arc::default(),
            });
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

/// A checkpoint and its bases, the whole state last.
pub(crate) fn chain_of<'a>(catalog: &'a Catalog, id: &str) -> Vec<&'a Checkpoint> {
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
