//! A graph of near rows (hierarchical navigable small world, Malkov and Yashunin, 2016): finds nearly all of the nearest rows by
//! looking at few.
//!
//! Every row has links to some rows near to it, chosen so that they lie in different directions, and few rows are in layers above
//! whose links reach further. Links are known from both ends: a row that is removed leaves none behind, and those that led to it are
//! led on to its neighbours. No row stays as a mark of what was deleted, so the graph does not wear out, and row numbers come again.
//!
//! The graph walks over codes of its own, a byte a number where that keeps the order of scores ([`codes`]), and then scores what it
//! found by the arena's vectors.

mod build;
mod bytes;
mod codes;
mod layer;
mod narrow;
mod walk;

use codes::Codes;
use layer::Layer;

use crate::error::VectorError;
use crate::metric::Metric;
use crate::neighbours::{Graph, Wanted};
use crate::rows::Rows;

/// What a graph is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GraphOptions {
    /// Links of a row, from 2 to 128; twice as many in the lowest layer. More find more, and take memory and time.
    pub connections: usize,
    /// Candidates among which an added row chooses its links, from 1 to 10,000. More find more, and take time.
    pub effort: usize,
}

impl Default for GraphOptions {
    fn default() -> Self {
        Self {
            connections: 16,
            effort: 128,
        }
    }
}

/// Candidates of a search that says nothing of them, at least.
const SEARCH_EFFORT: usize = 96;

/// The highest layer. One in `connections` rows of a layer is in the next one, so that no graph comes near to it.
const HIGHEST: usize = 31;

/// A [`Graph`] by layers.
///
/// ```
/// use fishplate_vector::{GraphOptions, LayeredGraph, Metric, SearchOptions, Shape, Storage, VectorIndex};
/// # fn main() -> Result<(), fishplate_vector::VectorError> {
/// let graph = LayeredGraph::new(2, Metric::Cosine, GraphOptions::default())?;
/// let shape = Shape::new(2, Storage::F32, false)?;
/// let mut index = VectorIndex::with_graph(shape, Metric::Cosine, Box::new(graph));
/// index.add("east", &[1.0, 0.0], None)?;
/// index.add("north", &[0.0, 1.0], None)?;
/// let hits = index.snapshot().search(&[0.9, 0.1], 1, &SearchOptions::default(), &false.into())?;
/// assert_eq!(index.arena().rows().key(hits[0].row), Some("east"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct LayeredGraph {
    options: GraphOptions,
    metric: Metric,
    codes: Codes,
    /// The lowest one first.
    layers: Vec<Layer>,
    /// A row of the highest layer, from which searches start.
    entry: Option<u32>,
    /// Which layers a row is in is drawn by lot; the same history gives the same graph.
    lot: u64,
}

impl LayeredGraph {
    /// Without rows.
    ///
    /// # Errors
    ///
    /// [`VectorError::Option`].
    pub fn new(dims: usize, metric: Metric, options: GraphOptions) -> Result<Self, VectorError> {
        let GraphOptions {
            connections,
            effort,
        } = options;
        for (option, value, least, most) in [
            ("connections", connections, 2, 128),
            ("effort", effort, 1, 10_000),
        ] {
            if !(least..=most).contains(&value) {
                let rule = format!("must be from {least} to {most}, and is {value}");
                return Err(VectorError::Option { option, rule });
            }
        }
        Ok(Self {
            options,
            metric,
            codes: Codes::new(dims, metric),
            layers: Vec::new(),
            entry: None,
            lot: 0x9e37_79b9_7f4a_7c15,
        })
    }

    /// Over all live rows, in their order.
    ///
    /// # Errors
    ///
    /// As [`Self::new`] and [`Graph::insert`].
    pub fn over(rows: &Rows, metric: Metric, options: GraphOptions) -> Result<Self, VectorError> {
        let mut graph = Self::new(rows.shape().dims(), metric, options)?;
        for row in rows.live() {
            if let Some(vector) = rows.vector(row) {
                graph.insert(row, &vector)?;
            }
        }
        Ok(graph)
    }

    /// What it is made of.
    pub fn options(&self) -> GraphOptions {
        self.options
    }

    /// Rows that it holds.
    pub fn len(&self) -> usize {
        self.layers.first().map_or(0, Layer::len)
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn holds(&self, row: u32) -> bool {
        self.layers.first().is_some_and(|layer| layer.holds(row))
    }
}

impl Graph for LayeredGraph {
    fn insert(&mut self, row: u32, vector: &[f32]) -> Result<(), VectorError> {
        if self.holds(row) {
            return Err(VectorError::Graph {
                reason: format!("row {row} is in it already"),
            });
        }
        self.codes.put(row, vector)?;
        self.link(row);
        Ok(())
    }

    fn remove(&mut self, row: u32) -> Result<(), VectorError> {
        if self.holds(row) {
            self.unlink(row);
        }
        Ok(())
    }

    fn search(&self, wanted: &Wanted<'_>, rows: &Rows) -> Result<Vec<u32>, VectorError> {
        Ok(self.find(wanted, rows))
    }

    fn bytes(&self) -> usize {
        self.codes.bytes() + self.layers.iter().map(Layer::bytes).sum::<usize>()
    }

    fn to_bytes(&self) -> Result<Vec<u8>, VectorError> {
        self.written()
    }
}
