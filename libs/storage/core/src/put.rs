//! How checkpoints get onto the disk: whole or as a difference, in the log or as a blob.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::blob;
use crate::cache::{Cached, Checksums};
use crate::catalog::{Catalog, Checkpoint, Encoding, Tombstone};
use crate::checkpoint::MAX_DEPTH;
use crate::compress::compress;
use crate::delta;
use crate::error::Result;
use crate::fill::Chore;
use crate::load::chain_of;
use crate::options::Compress;
use crate::record::kind;
use crate::state::{Draft, Inner, State};
use crate::store::Store;

/// Stored bytes up to this are in the log: one sync, where a file takes three.
const INLINE: usize = 256 << 10;
/// So are those up to this, as long as states take little of the log: their room is free only when they are pruned.
const LARGE_INLINE: usize = 2 << 20;
/// How much that is.
const STATES_IN_LOG: u64 = 256 << 20;

/// A checkpoint and what its record holds.
pub(crate) struct Made<'a> {
    pub(crate) checkpoint: Checkpoint,
    /// Stored bytes, where they are in the log.
    inline: Cow<'a, [u8]>,
}

/// A state that another is compared with.
pub(crate) struct Base<'a> {
    /// Its checkpoint and their bases.
    chain: Vec<&'a Checkpoint>,
    state: Arc<Vec<u8>>,
    pub(crate) checksums: Arc<Checksums>,
    /// So many bytes at the beginning are the same.
    pub(crate) shared: usize,
}

impl Base<'_> {
    pub(crate) fn parent(&self) -> Option<&Checkpoint> {
        self.chain.first().copied()
    }
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
    /// The base of a state, where it can have one: not behind [`MAX_DEPTH`] differences.
    pub(crate) fn base_of<'a>(
        &self,
        catalog: &'a Catalog,
        id: Option<&str>,
        state: &[u8],
    ) -> Result<Option<Base<'a>>> {
        let chain = id.map(|id| chain_of(catalog, id)).unwrap_or_default();
        let Some(parent) = chain.first().filter(|parent| parent.depth < MAX_DEPTH) else {
            return Ok(None);
        };
        let Cached {
            state: known,
            checksums,
        } = self.load_cached(catalog, parent)?;
        let shared = delta::common_prefix(&known, state);
        Ok(Some(Base {
            chain,
            state: known,
            checksums,
            shared,
        }))
    }

    /// Chooses how a state is stored, and writes its blob where it needs one.
    pub(crate) fn make<'a>(
        &self,
        catalog: &Catalog,
        mut checkpoint: Checkpoint,
        state: &'a [u8],
        base: Option<&Base<'_>>,
    ) -> Result<Made<'a>> {
        let wanted = self.inner.options.compress;
        checkpoint.base = None;
        checkpoint.depth = 1;
        let mut chosen = None;
        if let Some(Base {
            chain,
            state: known,
            shared,
            ..
        }) = base
            && let (Some(parent), Some(root)) = (chain.first(), chain.last())
        {
            let difference = delta::make_behind(known, state, *shared);
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
        if bytes.len() <= INLINE || self.inner.has_room_in_log(bytes.len()) {
            return Ok(Made {
                checkpoint,
                inline: bytes,
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
        })
    }

    /// Makes those that are deltas against a checkpoint anew, without it.
    pub(crate) fn rebase(&self, catalog: &Catalog, id: &str) -> Result<Vec<Made<'static>>> {
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
            let base = self.base_of(catalog, above.as_deref(), &state)?;
            let Made { checkpoint, inline } =
                self.make(catalog, checkpoint.clone(), &state, base.as_ref())?;
            made.push(Made {
                checkpoint,
                inline: Cow::Owned(inline.into_owned()),
            });
        }
        Ok(made)
    }

    /// Appends checkpoints and tombstones as one batch, syncs it, and removes the blobs that nobody needs any more.
    pub(crate) fn put(&self, made: &[Made<'_>], gone: &[&str], before: &Catalog) -> Result<()> {
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
            if state.catalog.uses_blob(blob) {
                continue;
            }
            let (system, paths) = (&*self.inner.system, &self.inner.paths);
            let Some(retired) = blob::retire(system, paths, blob) else {
                continue;
            };
            let chore = Chore::Remove(retired);
            let given = match &state.filler {
                Some(filler) => filler.send(chore).map_err(|unsent| unsent.0),
                None => Err(chore),
            };
            if let Err(Chore::Remove(retired)) = given {
                let _ = system.remove(&retired);
            }
        }
        Ok(())
    }
}

impl Inner {
    /// Whether a large state may be in the log.
    fn has_room_in_log(&self, bytes: usize) -> bool {
        let state = self
            .state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let size = bytes as u64;
        // Where segments are small, each such state would be one.
        bytes <= LARGE_INLINE
            && size <= self.options.segment_bytes / 4
            && state.states_in_log() + size <= STATES_IN_LOG
    }
}

impl State {
    /// Bytes of the records of checkpoints, also of those that are gone.
    fn states_in_log(&self) -> u64 {
        let sealed: u64 = self.segments.iter().map(|segment| segment.states).sum();
        let written = self.active.as_ref().map_or(0, |active| active.seal.states);
        sealed + written
    }

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
