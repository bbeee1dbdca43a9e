//! Hits that are near the query and far from each other: maximal marginal relevance (Carbonell and Goldstein, 1998).

use crate::metric::Metric;
use crate::precise;

/// How much a hit can gain, as a similarity: a distance becomes 1 / (1 + distance).
fn relevance(metric: Metric, score: f64) -> f64 {
    if metric.is_distance() {
        1.0 / (1.0 + score)
    } else {
        score
    }
}

/// Takes `count` of the candidates, which are in order, one after the other: each time the one for which `lambda` times its
/// similarity to the query, less `1 - lambda` times its similarity to the nearest hit taken before, is largest. Of equal ones the
/// first. Numbers are places in `scores`.
pub(crate) fn diverse(
    metric: Metric,
    scores: &[f64],
    vectors: &[&[f32]],
    count: usize,
    lambda: f64,
) -> Vec<usize> {
    let mut taken = Vec::new();
    let mut left: Vec<usize> = (0..scores.len().min(vectors.len())).collect();
    let mut nearest = vec![f64::NEG_INFINITY; scores.len()];
    while taken.len() < count && !left.is_empty() {
        let mut best = (0, f64::NEG_INFINITY);
        for (place, &candidate) in left.iter().enumerate() {
            let redundancy = if taken.is_empty() {
                0.0
            } else {
                nearest[candidate]
            };
            let gain = lambda * relevance(metric, scores[candidate]) - (1.0 - lambda) * redundancy;
            if gain > best.1 {
                best = (place, gain);
            }
        }
        let chosen = left.remove(best.0);
        taken.push(chosen);
        for &candidate in &left {
            let score = precise::score(metric, vectors[candidate], vectors[chosen]);
            nearest[candidate] = nearest[candidate].max(relevance(metric, score));
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::diverse;
    use crate::metric::Metric;

    #[test]
    fn a_copy_of_a_hit_comes_last() {
        let vectors: [&[f32]; 3] = [&[1.0, 0.1], &[1.0, 0.11], &[0.5, 1.0]];
        let scores = [0.99, 0.98, 0.4];
        let of = |lambda| diverse(Metric::Cosine, &scores, &vectors, 2, lambda);
        assert_eq!(of(1.0), [0, 1]);
        assert_eq!(of(0.3), [0, 2]);
        assert_eq!(
            diverse(Metric::Euclidean, &[0.0, 0.1, 2.0], &vectors, 9, 0.3),
            [0, 2, 1]
        );
    }
}
