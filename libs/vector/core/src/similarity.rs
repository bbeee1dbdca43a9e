//! Two vectors, or one against many that lie side by side, at the speed of the kernels.
//!
//! Kernels sum up in float32. Where that could overflow, or lose what is too small for it, the score is taken from [`crate::precise`]
//! instead; so the results are those of float64 to 1e-6 for every input, NaN and infinities included: what is no number, or has
//! an infinity in it, gives what IEEE 754 says, and the cosine with a zero vector is 0.

use crate::error::VectorError;
use crate::kernels::{Kernels, kernels};
use crate::metric::Metric;
use crate::precise;
use crate::threads::{divided, parts_of};

/// Squares and products within these bounds have lost nothing that counts.
const SMALL: f64 = 1e-30;
const LARGE: f64 = 1e30;

/// The error of a float32 sum, as a share of the product of both lengths; of a squared distance, as a share of it.
pub(crate) const SLACK: f64 = 6e-6;

/// The score of two vectors.
///
/// ```
/// use fishplate_vector::{Metric, similarity};
/// assert_eq!(similarity(Metric::Dot, &[1.0, 2.0], &[3.0, 4.0]).unwrap(), 11.0);
/// assert!(similarity(Metric::Dot, &[1.0], &[3.0, 4.0]).is_err());
/// ```
///
/// # Errors
///
/// [`VectorError::Dimensions`] where they differ in length.
pub fn similarity(metric: Metric, left: &[f32], right: &[f32]) -> Result<f64, VectorError> {
    if left.len() != right.len() {
        return Err(VectorError::Dimensions {
            what: "the second vector",
            found: right.len(),
            expected: left.len(),
        });
    }
    Ok(match metric {
        Metric::Cosine => cosine(left, right),
        Metric::Dot => dot(kernels(), left, right),
        Metric::Euclidean => squared_distance(kernels(), left, right).sqrt(),
        Metric::SquaredEuclidean => squared_distance(kernels(), left, right),
    })
}

fn cosine(left: &[f32], right: &[f32]) -> f64 {
    let [dot, lefts, rights] = (kernels().dot_and_norms)(left, right);
    if is_sound(lefts) && is_sound(rights) {
        (dot / (lefts * rights).sqrt()).clamp(-1.0, 1.0)
    } else {
        precise::score(Metric::Cosine, left, right)
    }
}

fn dot(kernels: &Kernels, left: &[f32], right: &[f32]) -> f64 {
    let dot = (kernels.dot)(left, right);
    if is_sound(dot.abs()) {
        dot
    } else {
        precise::dot(left, right)
    }
}

fn squared_distance(kernels: &Kernels, left: &[f32], right: &[f32]) -> f64 {
    let squared = (kernels.squared_distance)(left, right);
    if is_sound(squared) {
        squared
    } else {
        precise::squared_distance(left, right)
    }
}

/// False for NaN too.
fn is_sound(value: f64) -> bool {
    (SMALL..=LARGE).contains(&value)
}

/// Vectors that lie side by side.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a> {
    values: &'a [f32],
    dims: usize,
    norms: Option<&'a [f32]>,
}

impl<'a> Matrix<'a> {
    /// Rows of `dims` numbers each, and the length of each row where it is known: scores of [`Metric::Cosine`] believe it.
    ///
    /// # Errors
    ///
    /// [`VectorError::Dimensions`] where the numbers are no whole rows, or the lengths are not one a row.
    pub fn new(
        values: &'a [f32],
        dims: usize,
        norms: Option<&'a [f32]>,
    ) -> Result<Self, VectorError> {
        if dims == 0 || !values.len().is_multiple_of(dims) {
            return Err(VectorError::Dimensions {
                what: "the last of the vectors",
                found: values.len().checked_rem(dims).unwrap_or(values.len()),
                expected: dims,
            });
        }
        let rows = values.len() / dims;
        if let Some(norms) = norms
            && norms.len() != rows
        {
            return Err(VectorError::Dimensions {
                what: "the list of norms",
                found: norms.len(),
                expected: rows,
            });
        }
        Ok(Self {
            values,
            dims,
            norms,
        })
    }

    /// How many vectors.
    pub fn len(&self) -> usize {
        self.values.len() / self.dims
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Numbers of a vector.
    pub fn dims(&self) -> usize {
        self.dims
    }

    /// A vector.
    pub fn row(&self, row: usize) -> &'a [f32] {
        self.values
            .get(row * self.dims..(row + 1) * self.dims)
            .unwrap_or_default()
    }

    /// The length of a vector where it was given.
    pub fn norm(&self, row: usize) -> Option<f64> {
        self.norms?.get(row).map(|&norm| f64::from(norm))
    }

    /// The score in float64; of a given length as if it were the true one.
    pub(crate) fn precise(&self, metric: Metric, query: &[f32], row: usize) -> f64 {
        let vector = self.row(row);
        match self.norm(row) {
            Some(norm) if metric == Metric::Cosine => precise::cosine(
                precise::dot(query, vector),
                precise::squared_norm(query),
                norm * norm,
            ),
            _ => precise::score(metric, query, vector),
        }
    }
}

/// The scores of one query against all vectors, in their order; by several threads where there are many.
///
/// # Errors
///
/// [`VectorError::Dimensions`] where the query has other dimensions, or `scores` is not one a vector.
pub fn similarity_batch(
    metric: Metric,
    query: &[f32],
    vectors: &Matrix<'_>,
    scores: &mut [f32],
) -> Result<(), VectorError> {
    check_query(query, vectors)?;
    if scores.len() != vectors.len() {
        return Err(VectorError::Dimensions {
            what: "the list of scores",
            found: scores.len(),
            expected: vectors.len(),
        });
    }
    let estimates = Estimates::of(metric, query);
    let parts = parts_of(size_of_val(vectors.values));
    let size = scores.len().div_ceil(parts).max(1);
    let parts = scores.chunks_mut(size).enumerate().collect();
    divided(parts, |(part, scores): (usize, &mut [f32])| {
        for (row, score) in (part * size..).zip(scores) {
            let found = match estimates.score(vectors, row) {
                Some(score) => score,
                None => vectors.precise(metric, query, row),
            };
            #[expect(clippy::cast_possible_truncation, reason = "scores are float32 here")]
            let found = found as f32;
            *score = found;
        }
    });
    Ok(())
}

pub(crate) fn check_query(query: &[f32], vectors: &Matrix<'_>) -> Result<(), VectorError> {
    if query.len() == vectors.dims() {
        return Ok(());
    }
    Err(VectorError::Dimensions {
        what: "the query",
        found: query.len(),
        expected: vectors.dims(),
    })
}

/// A query as the kernels take it.
pub(crate) struct Estimates<'a> {
    kernels: &'static Kernels,
    metric: Metric,
    query: &'a [f32],
    squared_norm: f64,
}

impl<'a> Estimates<'a> {
    pub fn of(metric: Metric, query: &'a [f32]) -> Self {
        Self {
            kernels: kernels(),
            metric,
            query,
            squared_norm: precise::squared_norm(query),
        }
    }

    /// The score of a row; None where float32 will not do.
    #[inline]
    pub fn score(&self, vectors: &Matrix<'_>, row: usize) -> Option<f64> {
        let vector = vectors.row(row);
        match self.metric {
            Metric::Cosine => {
                let [dot, squared] = match vectors.norm(row) {
                    Some(norm) => [(self.kernels.dot)(self.query, vector), norm * norm],
                    None => (self.kernels.dot_and_norm)(self.query, vector),
                };
                let are_sound = is_sound(squared) && is_sound(self.squared_norm);
                are_sound.then(|| (dot / (squared * self.squared_norm).sqrt()).clamp(-1.0, 1.0))
            }
            Metric::Dot => {
                let dot = (self.kernels.dot)(self.query, vector);
                is_sound(dot.abs()).then_some(dot)
            }
            Metric::Euclidean => self.distance(vector).map(f64::sqrt),
            Metric::SquaredEuclidean => self.distance(vector),
        }
    }

    /// The score of a row, and how far off it may be; None where float32 will not do. Lengths that were given are believed.
    #[inline]
    pub fn bounded(&self, vectors: &Matrix<'_>, row: usize) -> Option<(f64, f64)> {
        if self.metric == Metric::Dot {
            let [dot, squared] = (self.kernels.dot_and_norm)(self.query, vectors.row(row));
            let squares = squared * self.squared_norm;
            return is_sound(squares).then(|| (dot, SLACK * squares.sqrt()));
        }
        let score = self.score(vectors, row)?;
        let slack = match self.metric {
            Metric::Cosine | Metric::Dot => SLACK,
            Metric::Euclidean | Metric::SquaredEuclidean => SLACK * score,
        };
        Some((score, slack))
    }

    #[inline]
    fn distance(&self, vector: &[f32]) -> Option<f64> {
        let squared = (self.kernels.squared_distance)(self.query, vector);
        is_sound(squared).then_some(squared)
    }
}
