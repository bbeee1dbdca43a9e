//! Measures in float64, in one fixed order of operations: every engine on every processor gets the same bits.
//!
//! Products of two float32 numbers are exact in float64, so it makes no difference whether a processor fuses them with the
//! addition. Differences are squared and added in two steps for the same reason.

use crate::kernels::kernels;
use crate::metric::Metric;

/// Sums that are kept apart: number `i` goes to sum `i % 8`.
const LANES: usize = 8;

/// Inner product of two vectors; the shorter one decides how many numbers count.
pub fn dot(left: &[f32], right: &[f32]) -> f64 {
    (kernels().precise_dot)(left, right)
}

/// Square of the length of the difference.
pub fn squared_distance(left: &[f32], right: &[f32]) -> f64 {
    (kernels().precise_squared_distance)(left, right)
}

/// Square of a vector's length.
pub fn squared_norm(vector: &[f32]) -> f64 {
    dot(vector, vector)
}

/// The score of two vectors.
///
/// ```
/// use fishplate_vector::{Metric, precise};
/// assert_eq!(precise::score(Metric::Euclidean, &[0.0, 3.0], &[4.0, 0.0]), 5.0);
/// assert_eq!(precise::score(Metric::Cosine, &[0.0, 0.0], &[4.0, 0.0]), 0.0);
/// ```
pub fn score(metric: Metric, left: &[f32], right: &[f32]) -> f64 {
    match metric {
        Metric::Cosine => cosine(dot(left, right), squared_norm(left), squared_norm(right)),
        Metric::Dot => dot(left, right),
        Metric::Euclidean => squared_distance(left, right).sqrt(),
        Metric::SquaredEuclidean => squared_distance(left, right),
    }
}

/// The cosine of an inner product and the squares of both lengths: 0 where one of them is 0 and neither is NaN.
pub fn cosine(dot: f64, left: f64, right: f64) -> f64 {
    if (left == 0.0 && !right.is_nan()) || (right == 0.0 && !left.is_nan()) {
        return 0.0;
    }
    (dot / (left * right).sqrt()).clamp(-1.0, 1.0)
}

/// [`dot`], to be compiled for one kind of processor: its lanes become registers, and no sum changes.
#[inline(always)]
pub(crate) fn dot_here(left: &[f32], right: &[f32]) -> f64 {
    sum(left, right, |left, right| left * right)
}

/// [`squared_distance`], as [`dot_here`].
#[inline(always)]
pub(crate) fn squared_distance_here(left: &[f32], right: &[f32]) -> f64 {
    sum(left, right, |left, right| {
        let difference = left - right;
        difference * difference
    })
}

#[inline(always)]
fn sum(left: &[f32], right: &[f32], term: impl Fn(f64, f64) -> f64) -> f64 {
    let length = left.len().min(right.len());
    let (left, right) = (&left[..length], &right[..length]);
    let mut sums = [0.0; LANES];
    let (left_chunks, left_rest) = left.as_chunks::<LANES>();
    let (right_chunks, right_rest) = right.as_chunks::<LANES>();
    for (left, right) in left_chunks.iter().zip(right_chunks) {
        for lane in 0..LANES {
            sums[lane] += term(f64::from(left[lane]), f64::from(right[lane]));
        }
    }
    for (lane, (&left, &right)) in left_rest.iter().zip(right_rest).enumerate() {
        sums[lane] += term(f64::from(left), f64::from(right));
    }
    let [a, b, c, d, e, f, g, h] = sums;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}
