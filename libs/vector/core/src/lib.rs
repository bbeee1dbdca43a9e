//! Similarity and search over embeddings: rows of numbers in an arena, exact search, codes with exact rescoring, files.
//! Nothing here knows of Node.
#![deny(missing_docs)]

#[cfg(target_endian = "big")]
compile_error!("rows are read from files as they are, which are little-endian");

mod arena;
mod block;
mod bm25;
mod bm25_bytes;
mod diversity;
pub mod encoding;
mod error;
pub mod file;
mod filter;
mod finalists;
mod graph;
mod half;
mod index;
pub mod kernels;
mod memory;
mod metric;
mod neighbours;
pub mod precise;
pub mod quantize;
mod rows;
mod scalar;
mod scan;
mod search;
mod shape;
mod similarity;
pub mod text;
mod threads;
mod topk;

pub use arena::{Arena, Placed};
pub use block::Measures;
pub use bm25::{TextHit, TextIndex, Weights};
pub use error::VectorError;
pub use filter::{Filter, Range};
pub use graph::{GraphOptions, LayeredGraph};
pub use index::{IndexStats, VectorIndex};
pub use metric::Metric;
pub use neighbours::{Graph, Wanted};
pub use rows::Rows;
pub use scalar::{Metadata, Scalar};
pub use search::{Hit, SearchOptions, SharedGraph, Snapshot};
pub use shape::{LONGEST_KEY, MOST_DIMENSIONS, Shape, Storage};
pub use similarity::{Matrix, similarity, similarity_batch};
pub use topk::top_k;
