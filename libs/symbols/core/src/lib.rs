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

mod align;
mod error;
mod extract;
mod extract_disk;
mod extract_files;
mod extract_walk;
mod files;
mod fold;
mod format;
mod format_read;
mod hits;
mod ids;
mod index;
mod matcher;
mod names;
mod outline;
mod packed;
mod path_filter;
mod persist;
mod qualifier;
mod rank;
mod rank_weights;
mod reading;
mod records;
mod search;
mod signature;
mod spotter;
mod symbol;
mod texts;
mod top;
mod typo;
mod weights;

pub use error::{Result, SymbolsError};
pub use extract::{ExtractLimits, Extracted, Extractor, Refused};
pub use extract_files::{
    ExtractControl, ExtractOptions, ExtractReport, Skip, Skipped, extract_files,
};
pub use extract_walk::{WorkspaceError, index_workspace, refresh_files};
pub use format::FORMAT;
pub use hits::{Hit, ScoreParts};
pub use index::{FileSymbols, FileView, IndexStats, MAX_TEXT, SymbolIndex, UpdateReport, Use};
pub use matcher::MatchTier;
pub use outline::SymbolNode;
pub use path_filter::PathFilter;
pub use persist::write_whole;
pub use rank::{RankOptions, RankedFile, RankedSymbol};
pub use reading::MAX_QUERY;
pub use search::{DEFAULT_LIMIT, MAX_LIMIT, QueryOptions};
pub use symbol::{Reference, Symbol, SymbolKind};
