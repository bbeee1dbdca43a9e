//! The first pass of an exact search: every row is looked at once, by its shortest codes, and what can be among the best is kept.
//!
//! The codes stand for a vector that is off by a known length, so the inner product is off by at most that length times the
//! query's (Cauchy and Schwarz). No row that could be among the best is left out by that.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::block::{Block, Measures};
use crate::error::VectorError;
use crate::filter::Filter;
use crate::finalists::Finalists;
use crate::kernels::{Kernels, kernels};
use crate::metric::Metric;
use crate::precise;
use crate::quantize;
use crate::rows::Rows;
use crate::shape::{Shape, Storage};
use crate::similarity::SLACK;
use crate::threads::{divided, parts_of};

/// Lengths of vectors for which float32 sums hold; of others nothing is said before their score is taken in float64.
const LENGTHS: std::ops::RangeInclusive<f64> = 1e-15..=1e15;

/// What a search looks for.
pub(crate) struct Scan<'a> {
    pub rows: &'a Rows,
    pub metric: Metric,
    pub query: &'a [f32],
    pub filter: Option<&'a Filter>,
    pub is_cancelled: &'a AtomicBool,
}

/// A query in the form that rows have.
struct Prepared<'a> {
    kernels: &'static Kernels,
    metric: Metric,
    query: &'a [f32],
    norm: f64,
    codes: Vec<i8>,
    sum: i32,
    scale: f64,
    /// Length of what the codes of the query leave out.
    error: f64,
}

impl Scan<'_> {
    /// The rows that can be among the best `count` of those whose rank is `least` or higher.
    ///
    /// # Errors
    ///
    /// [`VectorError::Cancelled`].
    pub fn finalists(&self, count: usize, least: f64) -> Result<Vec<u32>, VectorError> {
        let blocks: Vec<_> = self.rows.blocks().collect();
        let prepared = Prepared::new(self.rows.shape(), self.metric, self.query);
        let least = self.bar(least);
        let work = |blocks: &[(u32, &Block)]| {
            let mut finalists = Finalists::new(count, least);
            for &(first, block) in blocks {
                if self.is_cancelled.load(Ordering::Relaxed) {
                    break;
                }
                self.scan(&prepared, first, block, &mut finalists);
            }
            finalists
        };
        let finalists = divided(self.parts(&blocks), work);
        if self.is_cancelled.load(Ordering::Relaxed) {
            return Err(VectorError::Cancelled);
        }
        Ok(joined(finalists))
    }

    /// The rows whose signs differ least from those of the query, at most `count`; of equal ones the first ones.
    ///
    /// # Errors
    ///
    /// [`VectorError::Cancelled`].
    pub fn nearest_signs(&self, count: usize) -> Result<Vec<u32>, VectorError> {
        let shape = self.rows.shape();
        let mut signs = vec![0_u64; shape.dims().div_ceil(64)];
        quantize::to_bits(self.query, bytemuck::cast_slice_mut(&mut signs));
        let hamming = kernels().hamming;
        let blocks: Vec<_> = self.rows.blocks().collect();
        let work = |blocks: &[(u32, &Block)]| {
            let mut nearest = Nearest::new(count, shape.dims());
            for &(first, block) in blocks {
                if self.is_cancelled.load(Ordering::Relaxed) {
                    break;
                }
                for at in self.wanted(block) {
                    let distance = hamming(&signs, bytemuck::cast_slice(block.code(shape, at)));
                    #[expect(clippy::cast_possible_truncation, reason = "a place in a block")]
                    nearest.offer(first + at as u32, distance);
                }
            }
            nearest
        };
        let nearest = divided(self.parts(&blocks), work);
        if self.is_cancelled.load(Ordering::Relaxed) {
            return Err(VectorError::Cancelled);
        }
        let mut rows: Vec<_> = nearest.into_iter().flat_map(|part| part.rows).collect();
        if rows.len() > count {
            rows.select_nth_unstable_by_key(count, |&(row, distance)| (distance, row));
            rows.truncate(count);
        }
        Ok(rows.into_iter().map(|(row, _)| row).collect())
    }

    /// Those of some rows that can be among the best `count`, by the vectors themselves.
    pub fn narrowed(&self, rows: Vec<u32>, count: usize, least: f64) -> Vec<u32> {
        if !self.rows.shape().keeps_vectors() {
            return rows;
        }
        let prepared = Prepared::new(self.rows.shape(), self.metric, self.query);
        let least = self.bar(least);
        let parts = parts_of(rows.len() * self.rows.shape().vector_bytes());
        let work = |rows: &[u32]| {
            let mut finalists = Finalists::new(count, least);
            for &row in rows {
                let ranked = self.rows.block(row).and_then(|(block, at)| {
                    let measures = block.measures.get(at).copied()?;
                    let vector = block.vector(self.rows.shape(), at);
                    prepared.rank_of_vector(vector, f64::from(measures.norm))
                });
                match ranked {
                    Some((rank, slack)) => finalists.offer(row, rank, slack),
                    None => finalists.offer_unknown(row),
                }
            }
            finalists
        };
        let size = rows.len().div_ceil(parts).max(1);
        joined(divided(rows.chunks(size).collect(), work))
    }

    /// The least rank, where squares of distances are compared.
    fn bar(&self, least: f64) -> f64 {
        let least = match self.metric {
            Metric::Euclidean if least > 0.0 => f64::INFINITY,
            Metric::Euclidean => -(least * least),
            _ => least,
        };
        // It may be off by what squaring it loses.
        least - 1e-9 * least.abs()
    }

    /// Blocks for each thread.
    fn parts<'b, 'c>(&self, blocks: &'b [(u32, &'c Block)]) -> Vec<&'b [(u32, &'c Block)]> {
        let shape = self.rows.shape();
        let row = match shape.code_bytes() {
            0 => shape.vector_bytes(),
            bytes => bytes,
        };
        let parts = parts_of(blocks.len() * (row << shape.block_bits()));
        blocks.chunks(blocks.len().div_ceil(parts).max(1)).collect()
    }

    /// The places of a block that hold vectors which the filter lets through.
    fn wanted<'b>(&'b self, block: &'b Block) -> impl Iterator<Item = usize> + 'b {
        let live = block
            .live
            .iter()
            .enumerate()
            .flat_map(|(word, &bits)| Bits {
                first: word * 64,
                bits,
            });
        live.filter(move |&at| {
            self.filter.is_none_or(|filter| {
                let metadata = block.metadata.get(at).and_then(Option::as_ref);
                filter.holds(metadata)
            })
        })
    }

    fn scan(&self, prepared: &Prepared<'_>, first: u32, block: &Block, finalists: &mut Finalists) {
        let shape = self.rows.shape();
        for at in self.wanted(block) {
            #[expect(clippy::cast_possible_truncation, reason = "a place in a block")]
            let row = first + at as u32;
            let measures = block.measures.get(at).copied().unwrap_or_default();
            match prepared.rank(shape, block, at, measures) {
                Some((rank, slack)) => finalists.offer(row, rank, slack),
                None => finalists.offer_unknown(row),
            }
        }
    }
}

/// The rows with the smallest distances, at least `count` where there are so many.
struct Nearest {
    count: usize,
    rows: Vec<(u32, u32)>,
    /// Rows of each distance.
    of_distance: Vec<usize>,
    /// The largest distance that counts, and how many rows have none larger.
    most: usize,
    within: usize,
}

impl Nearest {
    fn new(count: usize, largest: usize) -> Self {
        Self {
            count,
            rows: Vec::new(),
            of_distance: vec![0; largest + 1],
            most: largest,
            within: 0,
        }
    }

    #[inline]
    fn offer(&mut self, row: u32, distance: u32) {
        let at = distance as usize;
        if at > self.most {
            return;
        }
        self.rows.push((row, distance));
        self.within += 1;
        if let Some(rows) = self.of_distance.get_mut(at) {
            *rows += 1;
        }
        while let Some(&rows) = self.of_distance.get(self.most)
            && self.most > 0
            && self.within - rows >= self.count
        {
            self.within -= rows;
            self.most -= 1;
        }
    }
}

/// The rows that stay when the finalists of all parts have met.
fn joined(finalists: Vec<Finalists>) -> Vec<u32> {
    let joined = finalists.into_iter().reduce(|mut all, more| {
        all.join(more);
        all
    });
    joined.map(Finalists::rows).unwrap_or_default()
}

/// The numbers of bits that are set.
struct Bits {
    first: usize,
    bits: u64,
}

impl Iterator for Bits {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        if self.bits == 0 {
            return None;
        }
        let at = self.bits.trailing_zeros() as usize;
        self.bits &= self.bits - 1;
        Some(self.first + at)
    }
}

impl<'a> Prepared<'a> {
    fn new(shape: Shape, metric: Metric, query: &'a [f32]) -> Self {
        let norm = precise::squared_norm(query).sqrt();
        let mut prepared = Self {
            kernels: kernels(),
            metric,
            query,
            norm,
            codes: Vec::new(),
            sum: 0,
            scale: 0.0,
            error: 0.0,
        };
        if shape.storage() == Storage::I8 {
            let mut codes = vec![0; query.len()];
            let scale = quantize::to_i8(query, &mut codes);
            let mut decoded = vec![0.0; query.len()];
            quantize::from_i8(&codes, scale, &mut decoded);
            prepared.sum = codes.iter().map(|&code| i32::from(code)).sum();
            prepared.scale = f64::from(scale);
            prepared.error = precise::squared_distance(query, &decoded).sqrt();
            prepared.codes = codes;
        }
        prepared
    }

    /// The rank of a row, of squares where the metric is a distance, and how far off it may be.
    #[inline]
    fn rank(
        &self,
        shape: Shape,
        block: &Block,
        at: usize,
        measures: Measures,
    ) -> Option<(f64, f64)> {
        let norm = f64::from(measures.norm);
        if !LENGTHS.contains(&norm) || !LENGTHS.contains(&self.norm) {
            return None;
        }
        if shape.code_bytes() == 0 {
            return self.rank_of_vector(block.vector(shape, at), norm);
        }
        let error = f64::from(measures.error);
        let lengths = norm * self.norm;
        let rounded = SLACK * (lengths + self.norm * error);
        let (dot, slack) = match shape.storage() {
            // Signs are looked for elsewhere.
            Storage::F32 | Storage::B1 => return None,
            Storage::F16 => {
                let halves = bytemuck::cast_slice(block.code(shape, at));
                if self.metric.is_distance() {
                    let squared = (self.kernels.squared_distance_f16)(self.query, halves);
                    let slack = (2.0 * squared.sqrt() + error) * error;
                    let rounded = SLACK * squared + f64::from(f32::MIN_POSITIVE);
                    return Some((-squared, slack * (1.0 + SLACK) + rounded));
                }
                let dot = (self.kernels.dot_f16)(self.query, halves);
                (dot, self.norm * error + rounded)
            }
            Storage::I8 => {
                let codes = bytemuck::cast_slice(block.code(shape, at));
                let whole = (self.kernels.dot_i8)(codes, &self.codes, self.sum);
                let dot = f64::from(whole) * self.scale * f64::from(measures.scale);
                // What the codes stand for is rounded to float32 once.
                let missed = self.norm * error + self.error * (norm + error);
                (dot, missed * (1.0 + SLACK) + rounded)
            }
        };
        Some(self.rank_of_dot(dot, slack, norm))
    }

    /// The same of a vector as it came.
    #[inline]
    fn rank_of_vector(&self, vector: &[f32], norm: f64) -> Option<(f64, f64)> {
        if !LENGTHS.contains(&norm) || !LENGTHS.contains(&self.norm) {
            return None;
        }
        if self.metric.is_distance() {
            let squared = (self.kernels.squared_distance)(self.query, vector);
            return Some((-squared, SLACK * squared + f64::from(f32::MIN_POSITIVE)));
        }
        let dot = (self.kernels.dot)(self.query, vector);
        Some(self.rank_of_dot(dot, SLACK * norm * self.norm, norm))
    }

    #[inline]
    fn rank_of_dot(&self, dot: f64, slack: f64, norm: f64) -> (f64, f64) {
        let lengths = norm * self.norm;
        match self.metric {
            Metric::Cosine => (dot / lengths, slack / lengths),
            Metric::Dot => (dot, slack),
            Metric::Euclidean | Metric::SquaredEuclidean => {
                let squares = self.norm * self.norm + norm * norm;
                (2.0 * dot - squares, 2.0 * slack + SLACK * squares)
            }
        }
    }
}
