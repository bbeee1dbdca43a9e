//! What is alive in a store beside events: checkpoints and branches. Made from the directory of the last segment and the records behind it.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::record::kind;

/// How stored bytes are coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// As they are.
    Raw,
    /// Plain zstd frames.
    Zstd,
}

/// What is known of a checkpoint; the members are those of `docs/formats/storage.md`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Its id.
    pub id: String,
    /// Stream it belongs to; empty is the unnamed one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stream: String,
    /// Last event that the state contains; 0 is the state before the first.
    pub seq: u64,
    /// When it was saved, in milliseconds since 1970.
    pub time: u64,
    /// Bytes of the state.
    pub size: u64,
    /// CRC-32 of the state.
    pub crc: u32,
    /// How the stored bytes are coded.
    pub encoding: Encoding,
    /// Number of stored bytes.
    pub stored: u64,
    /// CRC-32 of the stored bytes.
    #[serde(rename = "storedCrc")]
    pub stored_crc: u32,
    /// SHA-256 of the stored bytes in hex, where they are a file in `blobs/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blob: Option<String>,
    /// Checkpoint that the stored bytes are a delta against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// How many records are read to load it, at most.
    pub depth: u32,
    /// The caller's JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Box<RawValue>>,
    /// Segment of its record; in directories only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<u64>,
    /// Offset of its record; in directories only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
}

/// A stream that continues another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Branch {
    /// The new stream.
    pub stream: String,
    /// Stream that it continues.
    pub parent: String,
    /// Last event of the parent that belongs to it.
    pub from: u64,
}

/// Payload of a tombstone.
#[derive(Debug, Serialize, Deserialize)]
pub struct Tombstone {
    /// The checkpoint that is gone.
    pub id: String,
}

#[derive(Serialize, Deserialize)]
struct Directory {
    checkpoints: Vec<Checkpoint>,
    branches: Vec<Branch>,
}

/// All that is alive.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    /// Checkpoints by id.
    pub checkpoints: BTreeMap<String, Checkpoint>,
    /// Branches by their own stream.
    pub branches: BTreeMap<String, Branch>,
}

/// The JSON and the stored bytes in the payload of a checkpoint record.
pub fn split_checkpoint(payload: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = payload.split_first_chunk::<4>()?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize)
}

impl Catalog {
    /// Takes a record in; says what is wrong with one that cannot be read.
    pub fn apply(
        &mut self,
        record_kind: u8,
        payload: &[u8],
        segment: u64,
        offset: u64,
    ) -> Result<(), String> {
        let bad =
            |error: serde_json::Error| format!("the payload is not the JSON it should be: {error}");
        match record_kind {
            kind::DIRECTORY => {
                let directory: Directory = serde_json::from_slice(payload).map_err(bad)?;
                self.checkpoints = directory
                    .checkpoints
                    .into_iter()
                    .map(|it| (it.id.clone(), it))
                    .collect();
                self.branches = directory
                    .branches
                    .into_iter()
                    .map(|it| (it.stream.clone(), it))
                    .collect();
            }
            kind::CHECKPOINT => {
                let (json, _) = split_checkpoint(payload).ok_or("the payload is too short")?;
                let mut checkpoint: Checkpoint = serde_json::from_slice(json).map_err(bad)?;
                checkpoint.segment = Some(segment);
                checkpoint.offset = Some(offset);
                self.checkpoints.insert(checkpoint.id.clone(), checkpoint);
            }
            kind::TOMBSTONE => {
                let tombstone: Tombstone = serde_json::from_slice(payload).map_err(bad)?;
                self.checkpoints.remove(&tombstone.id);
            }
            kind::BRANCH => {
                let branch: Branch = serde_json::from_slice(payload).map_err(bad)?;
                self.branches.insert(branch.stream.clone(), branch);
            }
            _ => {}
        }
        Ok(())
    }

    /// Payload of a directory.
    pub fn directory(&self) -> Vec<u8> {
        let directory = Directory {
            checkpoints: self.checkpoints.values().cloned().collect(),
            branches: self.branches.values().cloned().collect(),
        };
        // Strings and numbers always have a JSON form.
        serde_json::to_vec(&directory).unwrap_or_default()
    }

    /// Ids of the checkpoints that are deltas against this one.
    pub fn children(&self, id: &str) -> Vec<String> {
        let is_child = |it: &&Checkpoint| it.base.as_deref() == Some(id);
        self.checkpoints
            .values()
            .filter(is_child)
            .map(|it| it.id.clone())
            .collect()
    }

    /// Whether a checkpoint names a blob.
    pub fn uses_blob(&self, blob: &str) -> bool {
        self.checkpoints
            .values()
            .any(|it| it.blob.as_deref() == Some(blob))
    }

    /// The streams that a replay of this one consists of, each with its last event.
    pub fn lineage(&self, stream: &str) -> HashMap<String, u64> {
        let mut lineage = HashMap::from([(stream.to_owned(), u64::MAX)]);
        let (mut stream, mut limit) = (stream, u64::MAX);
        while let Some(branch) = self.branches.get(stream) {
            limit = limit.min(branch.from);
            stream = &branch.parent;
            if lineage.contains_key(stream) {
                break;
            }
            lineage.insert(stream.to_owned(), limit);
        }
        lineage
    }

    /// Checks what the rules promise: each base is there, and depths rise, so that no chain is endless.
    pub fn broken(&self) -> Option<String> {
        self.checkpoints.values().find_map(|it| match &it.base {
            None => (it.depth == 0).then(|| format!("checkpoint {:?} has depth 0", it.id)),
            Some(base) => match self.checkpoints.get(base) {
                None => Some(format!(
                    "checkpoint {:?} is a delta against {base:?}, which is not there",
                    it.id
                )),
                Some(base) if base.depth >= it.depth => {
                    Some(format!("checkpoint {:?} has depth {}", it.id, it.depth))
                }
                Some(_) => None,
            },
        })
    }
}
