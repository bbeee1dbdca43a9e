//! The symbols track: an index that finds a symbol of a repository while its name is typed, and follows edits.
//!
//! Logic only: nothing here knows of Node.
//!
//! ```
//! use fishplate_symbols::{Symbol, SymbolIndex, SymbolKind};
//!
//! let mut index = SymbolIndex::new();
//! let symbols = [Symbol::new("getUserName", SymbolKind::Function, 3, 16)];
//! index.update_file("src/user.ts", &symbols, &[])?;
//! assert_eq!(index.symbols("src/user.ts"), symbols);
//! # Ok::<(), fishplate_symbols::SymbolsError>(())
//! ```
#![deny(missing_docs)]

mod error;
mod files;
mod fold;
mod index;
mod names;
mod records;
mod symbol;
mod texts;

pub use error::{Result, SymbolsError};
pub use index::{FileSymbols, FileView, IndexStats, MAX_TEXT, SymbolIndex, UpdateReport, Use};
pub use symbol::{Reference, Symbol, SymbolKind};
