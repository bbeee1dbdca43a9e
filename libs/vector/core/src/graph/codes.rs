//! What a graph keeps of vectors: enough to tell which of two is the nearer one.
//!
//! Where the angle decides, a byte a number does, with a scale of the vector: one in a hundred of the nearest changes places, which the
//! scores by the arena's vectors set right. Distances between vectors that lie close together and far from zero need the numbers as they
//! came, and so do vectors of few numbers.

use crate::error::VectorError;
use crate::kernels::{Kernels, kernels};
use crate::metric::Metric;
use crate::precise;
use crate::quantize::to_i8;

/// Rows that lie together.
const BLOCK: usize = 1024;

/// From so many numbers on a byte each is precise enough.
const LEAST_FOR_BYTES: usize = 64;

#[derive(Debug)]
pub(super) struct Codes {
    metric: Metric,
    dims: usize,
    kernels: &'static Kernels,
    rows: Kind,
}

#[derive(Debug)]
enum Kind {
    Bytes {
        codes: Vec<Box<[i8]>>,
        measures: Vec<Measure>,
    },
    Floats(Vec<Box<[f32]>>),
}

#[derive(Debug, Clone, Copy, Default)]
struct Measure {
    scale: f32,
    sum: i32,
}

/// A vector to be compared with rows.
#[derive(Debug)]
pub(super) enum Probe {
    Bytes { code: Box<[i8]>, scale: f32 },
    Floats(Box<[f32]>),
}

impl Codes {
    pub fn new(dims: usize, metric: Metric) -> Self {
        let rows = if metric.is_distance() || dims < LEAST_FOR_BYTES {
            Kind::Floats(Vec::new())
        } else {
            Kind::Bytes {
                codes: Vec::new(),
                measures: Vec::new(),
            }
        };
        Self {
            metric,
            dims,
            kernels: kernels(),
            rows,
        }
    }

    /// Keeps a row's vector.
    pub fn put(&mut self, row: u32, vector: &[f32]) -> Result<(), VectorError> {
        let probe = self.probe(vector);
        let (block, at) = (row as usize / BLOCK, row as usize % BLOCK);
        let dims = self.dims;
        match (&mut self.rows, probe) {
            (Kind::Bytes { codes, measures }, Probe::Bytes { code, scale }) => {
                room(codes, block, BLOCK * dims)?;
                if measures.len() <= row as usize {
                    let more = (block + 1) * BLOCK - measures.len();
                    measures
                        .try_reserve_exact(more)
                        .map_err(|_| VectorError::Memory { bytes: more * 8 })?;
                    measures.resize((block + 1) * BLOCK, Measure::default());
                }
                let sum = code.iter().map(|&code| i32::from(code)).sum();
                codes[block][at * dims..(at + 1) * dims].copy_from_slice(&code);
                measures[row as usize] = Measure { scale, sum };
            }
            (Kind::Floats(floats), Probe::Floats(vector)) => {
                room(floats, block, BLOCK * dims)?;
                floats[block][at * dims..(at + 1) * dims].copy_from_slice(&vector);
            }
            // A probe is of the kind of the codes that made it.
            _ => {}
        }
        Ok(())
    }

    /// Lets go of all rows.
    pub fn clear(&mut self) {
        *self = Self::new(self.dims, self.metric);
    }

    /// Of cosines the length is nothing, so that it is made 1, and what is compared is one product.
    pub fn probe(&self, vector: &[f32]) -> Probe {
        let mut vector: Box<[f32]> = vector.into();
        if self.metric == Metric::Cosine {
            let norm = precise::squared_norm(&vector).sqrt();
            if norm > 0.0 {
                for value in &mut vector {
                    *value = (f64::from(*value) / norm) as f32;
                }
            }
        }
        match &self.rows {
            Kind::Floats(_) => Probe::Floats(vector),
            Kind::Bytes { .. } => {
                let mut code = vec![0; vector.len()].into_boxed_slice();
                let scale = to_i8(&vector, &mut code);
                Probe::Bytes { code, scale }
            }
        }
    }

    /// The row's own vector as a probe.
    pub fn probe_of(&self, row: u32) -> Probe {
        match &self.rows {
            Kind::Bytes { measures, .. } => Probe::Bytes {
                code: self.code(row).into(),
                scale: measures.get(row as usize).map_or(0.0, |one| one.scale),
            },
            Kind::Floats(_) => Probe::Floats(self.floats(row).into()),
        }
    }

    /// How far a row is: the smaller the nearer, of inner products below 0 too.
    #[inline]
    pub fn distance(&self, probe: &Probe, row: u32) -> f32 {
        match (&self.rows, probe) {
            (Kind::Bytes { measures, .. }, Probe::Bytes { code, scale }) => {
                let Some(measure) = measures.get(row as usize) else {
                    return f32::INFINITY;
                };
                let dot = (self.kernels.dot_i8)(code, self.code(row), measure.sum);
                -(dot as f32) * scale * measure.scale
            }
            (Kind::Floats(_), Probe::Floats(vector)) => {
                self.between_floats(vector, self.floats(row))
            }
            _ => f32::INFINITY,
        }
    }

    /// [`Self::distance`] of two rows.
    #[inline]
    pub fn between(&self, left: u32, right: u32) -> f32 {
        match &self.rows {
            Kind::Bytes { measures, .. } => {
                let (Some(one), Some(other)) =
                    (measures.get(left as usize), measures.get(right as usize))
                else {
                    return f32::INFINITY;
                };
                let dot = (self.kernels.dot_i8)(self.code(left), self.code(right), other.sum);
                -(dot as f32) * one.scale * other.scale
            }
            Kind::Floats(_) => self.between_floats(self.floats(left), self.floats(right)),
        }
    }

    /// Whether two rows have the same codes.
    pub fn are_same(&self, left: u32, right: u32) -> bool {
        match &self.rows {
            Kind::Bytes { measures, .. } => {
                let scale = |row: u32| measures.get(row as usize).map(|one| (one.scale, one.sum));
                scale(left) == scale(right) && self.code(left) == self.code(right)
            }
            Kind::Floats(_) => self.floats(left) == self.floats(right),
        }
    }

    /// Asks the processor to fetch a row that is compared soon.
    #[inline]
    pub fn prefetch(&self, row: u32) {
        match &self.rows {
            Kind::Bytes { .. } => prefetch(self.code(row)),
            Kind::Floats(_) => prefetch(self.floats(row)),
        }
    }

    /// Bytes that they take in memory.
    pub fn bytes(&self) -> usize {
        match &self.rows {
            Kind::Bytes { codes, measures } => {
                let blocks: usize = codes.iter().map(|block| block.len()).sum();
                blocks + codes.capacity() * 16 + measures.capacity() * size_of::<Measure>()
            }
            Kind::Floats(floats) => {
                let blocks: usize = floats.iter().map(|block| block.len() * 4).sum();
                blocks + floats.capacity() * 16
            }
        }
    }

    #[inline]
    fn between_floats(&self, left: &[f32], right: &[f32]) -> f32 {
        if self.metric.is_distance() {
            (self.kernels.squared_distance)(left, right) as f32
        } else {
            -(self.kernels.dot)(left, right) as f32
        }
    }

    #[inline]
    fn code(&self, row: u32) -> &[i8] {
        let Kind::Bytes { codes, .. } = &self.rows else {
            return &[];
        };
        slice(codes, row, self.dims)
    }

    #[inline]
    fn floats(&self, row: u32) -> &[f32] {
        let Kind::Floats(floats) = &self.rows else {
            return &[];
        };
        slice(floats, row, self.dims)
    }
}

#[inline]
fn slice<Number>(blocks: &[Box<[Number]>], row: u32, dims: usize) -> &[Number] {
    let start = row as usize % BLOCK * dims;
    let block = blocks.get(row as usize / BLOCK);
    block
        .and_then(|block| block.get(start..start + dims))
        .unwrap_or_default()
}

fn room<Number: Clone + Default>(
    blocks: &mut Vec<Box<[Number]>>,
    block: usize,
    length: usize,
) -> Result<(), VectorError> {
    while blocks.len() <= block {
        let mut numbers = Vec::new();
        numbers
            .try_reserve_exact(length)
            .map_err(|_| VectorError::Memory {
                bytes: length * size_of::<Number>(),
            })?;
        numbers.resize(length, Number::default());
        blocks.push(numbers.into_boxed_slice());
    }
    Ok(())
}

#[inline]
fn prefetch<Number>(numbers: &[Number]) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let start = numbers.as_ptr().cast::<i8>();
        // The first lines; the processor sees by itself where it goes on.
        for line in 0..size_of_val(numbers).div_ceil(64).min(8) {
            // SAFETY: a hint, which reads nothing; the address lies in the slice.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(start.wrapping_add(line * 64)) };
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = numbers;
}
