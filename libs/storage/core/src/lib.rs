//! An embedded, append-only event log with checkpoints: what an agent remembers of what it did.
//!
//! A [`Store`] is a directory. One process writes it, any number read it. Events get numbers that are never used again; how sure an
//! event is when its append returns is said at each call by a [`Durability`]. Checkpoints are states, stored whole or as deltas against others. The files are described in
//! `docs/formats/storage.md`.
//!
//! This crate is no database: it has no index but the numbers and the streams, and what is appended is never changed. It knows nothing of Node.

mod append;
mod blob;
mod cache;
mod catalog;
mod checkpoint;
mod commit;
mod compress;
mod delta;
mod error;
mod fill;
mod follow;
mod fork;
mod format;
mod history;
mod load;
mod lock;
mod mapped;
mod open;
mod options;
mod os;
mod prune;
mod put;
mod record;
mod recover;
mod replay;
mod roll;
mod salvage;
mod scan;
mod segment;
mod state;
mod store;
mod system;
mod verify;

pub use append::MAX_BATCH;
pub use catalog::{Branch, Checkpoint, Encoding};
pub use checkpoint::{CheckpointOptions, MAX_CHECKPOINT, MAX_DEPTH, MAX_METADATA};
pub use error::{Result, StorageError};
pub use format::{FORMAT_VERSION, MINIMUM_READER};
pub use history::{Moment, RestorePlan};
pub use options::{Compress, Durability, Options};
pub use os::OsSystem;
pub use prune::PruneReport;
pub use record::{MAX_EVENT, MAX_STREAM};
pub use recover::OpenReport;
pub use replay::{Cursor, Entry, Event, Fill, Query};
pub use salvage::{SalvageReport, salvage};
pub use state::Callback;
pub use store::{Store, StoreStats};
pub use system::{Access, Process, StoredFile, System};
pub use verify::{Problem, VerifyReport};
