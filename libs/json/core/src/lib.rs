//! JSON text without objects: validation that accepts what V8's `JSON.parse` accepts, canonical form (RFC 8785) and
//! its hash, layout, lazy documents, and newline-delimited JSON.
//!
//! Text is bytes of UTF-8, or of WTF-8 where a JavaScript string held lone surrogates. Nothing recurses: nesting costs
//! memory on the heap, and has a limit only where a caller sets one. Time is linear in the length of the text, but for
//! sorting keys.

mod blocks;
mod canonical;
mod check;
mod document;
mod error;
mod layout;
mod lines;
mod members;
mod number;
mod pointer;
mod position;
mod skip;
mod strings;
mod tape;
mod walk;
mod wtf8;

pub use canonical::{CanonicalOptions, canonical_hash, canonical_text};
pub use check::{Limits, check};
pub use document::{Document, Found};
pub use error::{JsonError, Problem};
pub use layout::{LONGEST_STRING, format, minify};
pub use lines::{Condition, Cursor, Line, LineFilter, Scalar};
pub use pointer::Pointer;
pub use position::{Position, position};
pub use wtf8::{utf16, wtf8};

/// Checks that bytes are UTF-8, as text of a host's buffer must be.
///
/// # Errors
/// [`JsonError::NotUtf8`] with the offset of the first byte that is not.
pub fn check_utf8(bytes: &[u8]) -> Result<(), JsonError> {
    match simdutf8::compat::from_utf8(bytes) {
        Ok(_) => Ok(()),
        Err(error) => Err(JsonError::NotUtf8 {
            offset: error.valid_up_to(),
        }),
    }
}
