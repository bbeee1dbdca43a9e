//! An index: an arena, a metric, and what finds rows.

use std::sync::{Arc, PoisonError, RwLock};

use crate::arena::{Arena, Placed};
use crate::error::VectorError;
use crate::kernels::kernels;
use crate::metric::Metric;
use crate::neighbours::Graph;
use crate::precise;
use crate::scalar::Metadata;
use crate::search::{SharedGraph, Snapshot};
use crate::shape::{Shape, Storage};

/// Vectors by key, to be searched.
///
/// ```
/// use fishplate_vector::{Metric, SearchOptions, Shape, Storage, VectorIndex};
/// # fn main() -> Result<(), fishplate_vector::VectorError> {
/// let mut index = VectorIndex::new(Shape::new(2, Storage::F32, false)?, Metric::Cosine);
/// index.add("east", &[1.0, 0.0], None)?;
/// index.add("north", &[0.0, 1.0], None)?;
/// let hits = index.snapshot().search(&[0.9, 0.1], 1, &SearchOptions::default(), &false.into())?;
/// assert_eq!(index.arena().rows().key(hits[0].row), Some("east"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct VectorIndex {
    arena: Arena,
    metric: Metric,
    graph: Option<SharedGraph>,
}

/// What an index holds and takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexStats {
    /// Vectors.
    pub vectors: usize,
    /// Bytes in memory, all in all.
    pub bytes: usize,
    /// Those of them that the graph takes.
    pub graph_bytes: usize,
    /// Bytes of vectors and codes that are of a mapped file.
    pub mapped_bytes: usize,
}

impl VectorIndex {
    /// Without vectors; every search looks at all of them.
    pub fn new(shape: Shape, metric: Metric) -> Self {
        Self::over(Arena::new(shape), metric, None)
    }

    /// Without vectors; a graph, which is empty too, finds them.
    pub fn with_graph(shape: Shape, metric: Metric, graph: Box<dyn Graph>) -> Self {
        Self::over(Arena::new(shape), metric, Some(graph))
    }

    /// Over what was loaded.
    pub(crate) fn over(arena: Arena, metric: Metric, graph: Option<Box<dyn Graph>>) -> Self {
        Self {
            arena,
            metric,
            graph: graph.map(|graph| Arc::new(RwLock::new(graph))),
        }
    }

    /// Keys, rows, metadata.
    pub fn arena(&self) -> &Arena {
        &self.arena
    }

    /// By what it compares.
    pub fn metric(&self) -> Metric {
        self.metric
    }

    /// Whether a graph finds its rows.
    pub fn has_graph(&self) -> bool {
        self.graph.is_some()
    }

    /// Puts a vector under a key, in place of the one that is there.
    ///
    /// # Errors
    ///
    /// As [`Arena::add`], and [`VectorError::Graph`]; where the graph fails the key has no vector afterwards.
    pub fn add(
        &mut self,
        key: &str,
        vector: &[f32],
        metadata: Option<Metadata>,
    ) -> Result<Placed, VectorError> {
        let placed = self.arena.add(key, vector, metadata)?;
        if let Err(error) = self.link(placed, vector) {
            self.arena.remove(key)?;
            return Err(error);
        }
        Ok(placed)
    }

    /// Puts as many vectors as there are keys; all of them or, where one is refused, none. Of a key that comes twice the last one
    /// stays.
    ///
    /// # Errors
    ///
    /// As [`Self::add`]. Where memory ends, or the graph fails, those before it are in.
    pub fn add_many(
        &mut self,
        keys: &[String],
        vectors: &[f32],
        metadata: Vec<Option<Metadata>>,
    ) -> Result<(), VectorError> {
        let dims = self.arena.rows().shape().dims();
        let expected = keys.len().saturating_mul(dims);
        if vectors.len() != expected {
            return Err(VectorError::Dimensions {
                what: "the list of vectors",
                found: vectors.len(),
                expected,
            });
        }
        let pairs = || keys.iter().zip(vectors.chunks(dims));
        for (key, vector) in pairs() {
            self.arena.check(key, vector)?;
        }
        for ((key, vector), metadata) in pairs().zip(metadata) {
            self.add(key, vector, metadata)?;
        }
        Ok(())
    }

    fn link(&self, placed: Placed, vector: &[f32]) -> Result<(), VectorError> {
        let Some(graph) = &self.graph else {
            return Ok(());
        };
        let mut graph = graph.write().unwrap_or_else(PoisonError::into_inner);
        if placed.is_replaced {
            graph.remove(placed.row)?;
        }
        graph.insert(placed.row, vector)
    }

    /// Takes a key out. False where it was not there.
    ///
    /// # Errors
    ///
    /// [`VectorError::Memory`], [`VectorError::Graph`].
    pub fn remove(&mut self, key: &str) -> Result<bool, VectorError> {
        let Some(row) = self.arena.row_of(key) else {
            return Ok(false);
        };
        if let Some(graph) = &self.graph {
            let mut graph = graph.write().unwrap_or_else(PoisonError::into_inner);
            graph.remove(row)?;
        }
        self.arena.remove(key)?;
        Ok(true)
    }

    /// The score of two rows.
    ///
    /// # Errors
    ///
    /// [`VectorError::Row`].
    #[inline]
    pub fn similarity(&self, left: u32, right: u32) -> Result<f64, VectorError> {
        let rows = self.arena.rows();
        let (left_block, left_at) = rows.block(left).ok_or(VectorError::Row { row: left })?;
        let (right_block, right_at) = rows.block(right).ok_or(VectorError::Row { row: right })?;
        let shape = rows.shape();
        let norms = [
            f64::from(left_block.measures[left_at].norm),
            f64::from(right_block.measures[right_at].norm),
        ];
        if shape.keeps_vectors() && norms.iter().all(|norm| (1e-15..1e15).contains(norm)) {
            let left = left_block.vector(shape, left_at);
            let right = right_block.vector(shape, right_at);
            return Ok(match self.metric {
                Metric::Cosine => {
                    let dot = (kernels().dot)(left, right);
                    (dot / (norms[0] * norms[1])).clamp(-1.0, 1.0)
                }
                Metric::Dot => (kernels().dot)(left, right),
                Metric::Euclidean => (kernels().squared_distance)(left, right).sqrt(),
                Metric::SquaredEuclidean => (kernels().squared_distance)(left, right),
            });
        }
        let (Some(left), Some(right)) = (rows.vector(left), rows.vector(right)) else {
            return Err(VectorError::Row { row: left });
        };
        Ok(precise::score(self.metric, &left, &right))
    }

    /// What is in it now, to be searched on any thread.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::new(
            self.arena.rows().clone(),
            self.arena.len(),
            self.metric,
            self.graph.clone(),
        )
    }

    /// What it holds and takes.
    pub fn stats(&self) -> IndexStats {
        let graph_bytes = self.graph.as_ref().map_or(0, |graph| {
            graph.read().unwrap_or_else(PoisonError::into_inner).bytes()
        });
        IndexStats {
            vectors: self.arena.len(),
            bytes: self.arena.bytes() + graph_bytes,
            graph_bytes,
            mapped_bytes: self.arena.rows().mapped_bytes(),
        }
    }

    /// As what its vectors are kept.
    pub fn storage(&self) -> Storage {
        self.arena.rows().shape().storage()
    }
}
