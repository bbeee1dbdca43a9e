//! The best of vectors that lie side by side, for one query or many.

use std::ops::Range;

use crate::error::VectorError;
use crate::finalists::Finalists;
use crate::metric::Metric;
use crate::similarity::{Estimates, Matrix, check_query};
use crate::threads::{divided, parts_of};

/// Numbers that are compared with every query before the next ones are fetched: they stay in the processor's cache.
const TILE: usize = 64 << 10;

/// The best `k` vectors of each query, best first; equal ones by their number. Fewer where there are fewer vectors. Scores are
/// taken in float64; NaN comes last.
///
/// ```
/// use fishplate_vector::{Matrix, Metric, top_k};
/// let vectors = Matrix::new(&[1.0, 0.0, 0.0, 1.0, 1.0, 1.0], 2, None).unwrap();
/// let query = Matrix::new(&[2.0, 1.0], 2, None).unwrap();
/// let best = top_k(Metric::Dot, &query, &vectors, 2).unwrap();
/// assert_eq!(best, [[(2, 3.0), (0, 2.0)]]);
/// ```
///
/// # Errors
///
/// [`VectorError::Dimensions`] where queries have other dimensions, [`VectorError::Full`] where there are more vectors than
/// 32 bits can number.
pub fn top_k(
    metric: Metric,
    queries: &Matrix<'_>,
    vectors: &Matrix<'_>,
    k: usize,
) -> Result<Vec<Vec<(u32, f64)>>, VectorError> {
    let rows = vectors.len();
    if u32::try_from(rows).is_err() {
        return Err(VectorError::Full { rows });
    }
    if !queries.is_empty() {
        check_query(queries.row(0), vectors)?;
    }
    let k = k.min(rows);
    let estimates: Vec<_> = (0..queries.len())
        .map(|query| Estimates::of(metric, queries.row(query)))
        .collect();
    let bytes = rows * vectors.dims() * size_of::<f32>();
    let parts = parts_of(bytes.saturating_mul(queries.len()));
    let size = rows.div_ceil(parts).max(1);
    let parts = (0..rows).step_by(size);
    let parts = parts.map(|start| start..rows.min(start + size)).collect();
    let found = divided(parts, |part| {
        finalists(metric, &estimates, vectors, part, k)
    });
    let mut all: Vec<_> = estimates
        .iter()
        .map(|_| Finalists::new(k, f64::NEG_INFINITY))
        .collect();
    for part in found {
        for (finalists, more) in all.iter_mut().zip(part) {
            finalists.join(more);
        }
    }
    let best = all.into_iter().enumerate().map(|(query, finalists)| {
        let query = queries.row(query);
        let found = finalists.rows().into_iter();
        let scores = found.map(|row| (row, vectors.precise(metric, query, row as usize)));
        best_of(metric, scores.collect(), k)
    });
    Ok(best.collect())
}

/// What some rows have for each query.
fn finalists(
    metric: Metric,
    queries: &[Estimates<'_>],
    vectors: &Matrix<'_>,
    rows: Range<usize>,
    k: usize,
) -> Vec<Finalists> {
    let mut all: Vec<_> = queries
        .iter()
        .map(|estimates| (estimates, Finalists::new(k, f64::NEG_INFINITY)))
        .collect();
    let step = (TILE / vectors.dims()).max(1);
    for start in rows.clone().step_by(step) {
        for (estimates, finalists) in &mut all {
            for row in start..rows.end.min(start + step) {
                #[expect(clippy::cast_possible_truncation, reason = "rows have 32 bits")]
                let number = row as u32;
                match estimates.bounded(vectors, row) {
                    Some((score, slack)) => finalists.offer(number, metric.rank(score), slack),
                    None => finalists.offer_unknown(number),
                }
            }
        }
    }
    all.into_iter().map(|(_, finalists)| finalists).collect()
}

/// Puts rows in order and keeps the best.
pub(crate) fn best_of(metric: Metric, mut rows: Vec<(u32, f64)>, k: usize) -> Vec<(u32, f64)> {
    let order =
        |left: &(u32, f64), right: &(u32, f64)| metric.order((left.1, left.0), (right.1, right.0));
    if k < rows.len() {
        rows.select_nth_unstable_by(k, order);
        rows.truncate(k);
    }
    rows.sort_unstable_by(order);
    rows
}
