//! Exact token counts for OpenAI's encodings: pre-splitting by hand-written scanners, byte-pair encoding by backtracking, and
//! a cache of pieces. The vocabularies are embedded as they are used, so that there is nothing to set up.
//!
//! Text is UTF-8 here; [`utf8_from_utf16`] makes it of what a host has. zstd is the other half of what a context store
//! needs: [`compress`], [`decompress`], [`train_dictionary`].
//!
//! ```
//! use fishplate_tokenizer::{Encoding, Tokenizer};
//!
//! let mut tokenizer = Tokenizer::new(Encoding::O200kBase);
//! assert_eq!(tokenizer.count("tiktoken is great!"), 6);
//! ```
#![deny(missing_docs)]

mod bpe;
mod cache;
mod classes;
mod compression;
mod encoding;
mod special;
mod split;
mod tables;
mod text;
mod tokenizer;

pub use compression::{CompressionError, compress, decompress, train_dictionary};
pub use encoding::Encoding;
pub use special::SpecialTokens;
pub use text::utf8_from_utf16;
pub use tokenizer::{DecodeError, Tokenizer};
