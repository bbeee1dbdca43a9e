//! Which files of a directory git sees, and why: the rules of gitignore(5) over bytes, the repository around a directory,
//! and a walk that never enters what is left out.

mod bytes;
mod config;
mod crew;
mod directories;
mod disk;
mod found;
mod glob;
mod globs;
mod index;
mod listing;
mod matcher;
mod repository;
mod request;
mod rules;
mod scope;
mod unseen;
mod walk;

pub use bytes::{path_bytes, path_from};
pub use config::Settings;
pub use found::{Batch, FileKind, Problem, Stats};
pub use index::{IndexFile, Tracked};
pub use listing::{Listing, list};
pub use matcher::Matcher;
pub use repository::{Repository, RepositoryError};
pub use request::{Control, Request};
pub use rules::{Pattern, Rules};
pub use scope::{Decision, OpenError, Scope};
pub use walk::{WalkError, walk};
