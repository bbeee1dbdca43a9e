//! What happened in a stream, streams that continue another, and how a state is restored.

use crate::append::check_stream;
use crate::catalog::{Branch, Checkpoint};
use crate::error::{Result, StorageError};
use crate::record::kind;
use crate::replay::{Fill, Query};
use crate::state::Draft;
use crate::store::Store;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moment {
    /// An event was appended.
    Event {
        /// Its number.
        seq: u64,
        /// Milliseconds since 1970.
        time: u64,
        /// Its stream.
        stream: String,
        /// Bytes of its payload.
        size: u64,
    },
    /// A checkpoint was saved that is still there.
    Checkpoint {
        /// Last event that it contains.
        seq: u64,
        /// Milliseconds since 1970.
        time: u64,
        /// Its stream.
        stream: String,
        /// Its id.
        id: String,
    },
}

/// How to restore the state after an event: load the checkpoint, then apply the events `from` to `to`.
#[derive(Debug, Clone)]
pub struct RestorePlan {
    /// The nearest checkpoint; `None`: begin with nothing.
    pub checkpoint: Option<Checkpoint>,
    /// First event to apply.
    pub from: u64,
    /// Last event to apply; below `from` when there is none.
    pub to: u64,
}

impl Store {
    /// Events and checkpoints of a stream, with what it continues, in order. Without a stream: all.
    ///
    /// # Errors
    /// Those of reading.
    pub fn timeline(&self, stream: Option<&str>) -> Result<Vec<Moment>> {
        let mut cursor = self.replay(&Query {
            stream: stream.map(str::to_owned),
            ..Query::default()
        })?;
        let mut slab = vec![0; 256 << 10];
        let mut entries = Vec::new();
        let mut moments = Vec::new();
        loop {
            match cursor.fill(&mut slab, &mut entries)? {
                Fill::End => break,
                Fill::Needs(size) => slab.resize(size, 0),
                Fill::Events => moments.extend(entries.iter().map(|entry| {
                    Moment::Event {
                        seq: entry.seq,
                        time: entry.time,
                        stream: String::from_utf8_lossy(
                            slab.get(entry.stream..entry.start).unwrap_or_default(),
                        )
                        .into_owned(),
                        size: (entry.end - entry.start) as u64,
                    }
                })),
            }
        }
        let checkpoints = self.checkpoints_of(stream)?.into_iter();
        moments.extend(checkpoints.map(|it| Moment::Checkpoint {
            seq: it.seq,
            time: it.time,
            stream: it.stream,
            id: it.id,
        }));
        // A checkpoint comes behind the last event that it contains.
        moments.sort_by_key(|moment| match moment {
            Moment::Event { seq, .. } => (*seq, 0, 0),
            Moment::Checkpoint { seq, time, .. } => (*seq, 1, *time),
        });
        Ok(moments)
    }

    fn checkpoints_of(&self, stream: Option<&str>) -> Result<Vec<Checkpoint>> {
        let mut state = self.inner.lock()?;
        self.inner.refresh(&mut state)?;
        let lineage = stream.map(|stream| state.catalog.lineage(stream));
        let belongs = |it: &&Checkpoint| match &lineage {
            None => true,
            Some(lineage) => lineage
                .get(&it.stream)
                .is_some_and(|&limit| it.seq <= limit),
        };
        Ok(state
            .catalog
            .checkpoints
            .values()
            .filter(belongs)
            .cloned()
            .collect())
    }

    /// Makes a stream that begins as `parent` was after event `from`; returns when that is on the disk.
    ///
    /// # Errors
    /// [`StorageError::Invalid`] where the stream has events or is a branch already, [`StorageError::Pruned`] where the event is gone.
    pub fn branch(&self, stream: &str, parent: &str, from: u64) -> Result<Branch> {
        check_stream(stream)?;
        check_stream(parent)?;
        drop(self.inner.lock_for_writing()?);
        let _changing = self.changing();
        let used = self.replay(&Query {
            stream: Some(stream.to_owned()),
            limit: 1,
            ..Query::default()
        })?;
        let reason = if stream == parent {
            Some("it cannot continue itself".to_owned())
        } else if from > self.last_seq()? {
            Some(format!(
                "event {from} does not exist yet: the last is {}",
                self.last_seq()?
            ))
        } else if self.holds(used)? {
            Some(format!(
                "stream {stream:?} has events already; choose a new name"
            ))
        } else {
            None
        };
        let mut state = self.inner.lock_for_writing()?;
        let reason = reason.or_else(|| {
            let taken = state.catalog.branches.contains_key(stream)
                || state
                    .catalog
                    .branches
                    .values()
                    .any(|it| it.parent == stream);
            taken.then(|| {
                format!("stream {stream:?} is part of a branch already; choose a new name")
            })
        });
        if let Some(reason) = reason {
            return Err(StorageError::Invalid {
                what: "branch",
                reason,
            });
        }
        if from + 1 < self.inner.before() {
            return Err(StorageError::Pruned {
                seq: from,
                before: self.inner.before(),
            });
        }
        let branch = Branch {
            stream: stream.to_owned(),
            parent: parent.to_owned(),
            from,
        };
        let json = serde_json::to_vec(&branch).unwrap_or_default();
        state.push(&self.inner, &[Draft::new(kind::BRANCH, "", &[&json])])?;
        state.sync(&self.inner)?;
        Ok(branch)
    }

    fn holds(&self, mut cursor: crate::replay::Cursor) -> Result<bool> {
        let mut slab = vec![0; 256 << 10];
        loop {
            match cursor.fill(&mut slab, &mut Vec::new())? {
                Fill::Events => return Ok(true),
                Fill::End => return Ok(false),
                Fill::Needs(size) => slab.resize(size, 0),
            }
        }
    }

    /// Branches, by their stream.
    ///
    /// # Errors
    /// Those of reading.
    pub fn branches(&self) -> Result<Vec<Branch>> {
        let mut state = self.inner.lock()?;
        self.inner.refresh(&mut state)?;
        Ok(state.catalog.branches.values().cloned().collect())
    }

    /// How to restore the state of a stream after an event.
    ///
    /// # Errors
    /// [`StorageError::Pruned`] where events that would have to be applied are gone.
    pub fn restore_plan(&self, stream: &str, seq: u64) -> Result<RestorePlan> {
        let checkpoints = self
            .checkpoints_of(Some(stream))?
            .into_iter()
            .filter(|it| it.seq <= seq);
        let nearest = checkpoints.max_by_key(|it| (it.seq, it.time));
        let from = nearest.as_ref().map_or(0, |it| it.seq) + 1;
        let to = seq.min(self.last_seq()?);
        let before = self.inner.before();
        if from < before && from <= to {
            return Err(StorageError::Pruned { seq: from, before });
        }
        Ok(RestorePlan {
            checkpoint: nearest,
            from,
            to,
        })
    }
}
