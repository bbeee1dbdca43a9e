//! What a source file declares, by name: functions, classes, types and their members, with what tells whether two are
//! the same.
//!
//! With the feature `tags` also the names of a file, with their places and kinds, by a query a language.
//!
//! A foundation like the engine library: tracks stand on it, and it knows none of them. Parsing is
//! [tree-sitter](https://tree-sitter.github.io)'s; the grammars are the language communities' own crates.

mod declare;
mod language;
mod outline;
#[cfg(feature = "tags")]
mod tags;

pub use declare::Kind;
pub use language::Language;
pub use outline::{Declaration, Outline, SyntaxError, outline};
#[cfg(feature = "tags")]
pub use tags::{NameUse, Position, Tag, TagKind, TagLimits, Tagger, Tags, TagsError};
