//! Pairs, batches, and the best of many.

use fishplate_vector::{Matrix, Metric};
use napi::bindgen_prelude::Result;
use napi_derive::napi;

use crate::failure::{fault, invalid};
use crate::numbers::Numbers;

#[napi]
pub fn similarity_batch(
    metric: u32,
    #[napi(ts_arg_type = "Float32Array")] query: Numbers<'_, f32>,
    #[napi(ts_arg_type = "Float32Array")] vectors: Numbers<'_, f32>,
    #[napi(ts_arg_type = "Float32Array | null | undefined")] norms: Option<Numbers<'_, f32>>,
    #[napi(ts_arg_type = "Float32Array")] mut scores: Numbers<'_, f32>,
) -> Result<()> {
    let norms = norms.as_deref();
    let matrix = Matrix::new(&vectors, query.len(), norms).map_err(fault)?;
    let scores = scores.apart_from(&[&query, &vectors, norms.unwrap_or_default()])?;
    fishplate_vector::similarity_batch(metric_of(metric)?, &query, &matrix, scores).map_err(fault)
}

/// Rows and scores of each query one after the other, `k` places each.
#[napi]
pub fn top_k(
    metric: u32,
    #[napi(ts_arg_type = "Float32Array")] queries: Numbers<'_, f32>,
    #[napi(ts_arg_type = "Float32Array")] vectors: Numbers<'_, f32>,
    dims: u32,
    k: u32,
    #[napi(ts_arg_type = "Float32Array | null | undefined")] norms: Option<Numbers<'_, f32>>,
    #[napi(ts_arg_type = "Uint32Array")] mut indices: Numbers<'_, u32>,
    #[napi(ts_arg_type = "Float32Array")] mut scores: Numbers<'_, f32>,
) -> Result<()> {
    let norms = norms.as_deref();
    let dims = dims as usize;
    let matrix = Matrix::new(&vectors, dims, norms).map_err(fault)?;
    let queries = Matrix::new(&queries, dims, None).map_err(fault)?;
    let best = fishplate_vector::top_k(metric_of(metric)?, &queries, &matrix, k as usize)
        .map_err(fault)?;
    let read = [norms.unwrap_or_default(), &vectors];
    let (indices, scores) = (indices.apart_from(&read)?, scores.apart_from(&read)?);
    for (query, best) in best.into_iter().enumerate() {
        for (place, (row, score)) in best.into_iter().enumerate() {
            let at = query * k as usize + place;
            if let (Some(index), Some(kept)) = (indices.get_mut(at), scores.get_mut(at)) {
                *index = row;
                #[expect(clippy::cast_possible_truncation, reason = "scores are float32 here")]
                let score = score as f32;
                *kept = score;
            }
        }
    }
    Ok(())
}

pub(crate) fn metric_of(number: u32) -> Result<Metric> {
    u8::try_from(number)
        .ok()
        .and_then(Metric::from_number)
        .ok_or_else(|| invalid("no metric has that number"))
}
