//! An index as a file; docs/formats/vector.md says what each byte means.

mod header;
mod read;
mod write;

pub use read::{load, read};
pub use write::save;
