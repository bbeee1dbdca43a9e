//! Which files of a directory git sees, and why: the rules of gitignore(5) over bytes, the repository around a directory,
//! and a walk that never enters what is left out.

mod bytes;
mod disk;
mod glob;
mod matcher;
mod repository;
mod rules;
mod scope;
mod walk;

pub use bytes::{path_bytes, path_from};
pub use matcher::Matcher;
pub use repository::{Repository, RepositoryError, Settings};
pub use rules::{Pattern, Rules};
pub use scope::{Decision, Scope};
pub use walk::{Batch, Control, FileKind, Listing, Problem, Request, Stats, WalkError, list, walk};
