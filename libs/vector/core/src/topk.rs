//! The best of vectors that lie side by side, for one query or many.

use crate::error::VectorError;
use crate::finalists::Finalists;
use crate::metric::Metric;
use crate::similarity::{Estimates, Matrix, check_query};

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
    let mut all: Vec<_> = (0..queries.len())
        .map(|query| {
            (
                Estimates::of(metric, queries.row(query)),
                Finalists::new(k, f64::NEG_INFINITY),
            )
        })
        .collect();
    let step = (TILE / vectors.dims()).max(1);
    for start in (0..rows).step_by(step) {
        for (estimates, finalists) in &mut all {
            for row in start..rows.min(start + step) {
                #[expect(clippy::cast_possible_truncation, reason = "checked above")]
                let number = row as u32;
                match estimates.bounded(vectors, row) {
                    Some((score, slack)) => finalists.offer(number, metric.rank(score), slack),
                    None => finalists.offer_unknown(number),
                }
            }
        }
    }
    let best = all.into_iter().enumerate().map(|(query, (_, finalists))| {
        let query = queries.row(query);
        let found = finalists.rows().into_iter();
        let scores = found.map(|row| (row, vectors.precise(metric, query, row as usize)));
        best_of(metric, scores.collect(), k)
    });
    Ok(best.collect())
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
