//! The seam where a graph of neighbours joins an index.

use std::fmt::Debug;

use crate::error::VectorError;
use crate::rows::Rows;

/// What a search asks of a graph.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    /// The vector to search for; finite, of the index's dimensions.
    pub query: &'a [f32],
    /// How many rows.
    pub count: usize,
    /// Which rows may be returned; a graph walks through the others all the same.
    pub is_allowed: &'a (dyn Fn(u32) -> bool + Sync),
    /// How far the search looks, where the caller says so; more finds more and takes longer.
    pub effort: Option<usize>,
}

/// Finds near rows without looking at all of them. Row numbers are those of the arena, which holds keys, metadata and vectors;
/// what a graph keeps of the vectors is its own affair.
pub trait Graph: Debug + Send + Sync {
    /// Takes in a row that it does not hold.
    ///
    /// # Errors
    ///
    /// [`VectorError::Memory`], [`VectorError::Graph`]; the graph is then what it was.
    fn insert(&mut self, row: u32, vector: &[f32]) -> Result<(), VectorError>;

    /// Forgets a row; its number may come again.
    ///
    /// # Errors
    ///
    /// [`VectorError::Graph`].
    fn remove(&mut self, row: u32) -> Result<(), VectorError>;

    /// Near rows in any order, at most as many as wanted; the index scores them anew from the arena's vectors.
    ///
    /// # Errors
    ///
    /// [`VectorError::Graph`].
    fn search(&self, wanted: &Wanted<'_>, rows: &Rows) -> Result<Vec<u32>, VectorError>;

    /// Bytes that it keeps in memory.
    fn bytes(&self) -> usize;

    /// The graph as bytes, which the index's file carries with a checksum.
    ///
    /// # Errors
    ///
    /// [`VectorError::Memory`], [`VectorError::Graph`].
    fn to_bytes(&self) -> Result<Vec<u8>, VectorError>;
}
