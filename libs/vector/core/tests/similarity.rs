//! Scores and orders against float64, with what is odd about floats.
#![allow(missing_docs, reason = "tests")]

use fishplate_vector::{Matrix, Metric, precise, similarity, similarity_batch, top_k};
use proptest::prelude::*;

/// Sums in the plainest order, for each metric.
fn truth(metric: Metric, left: &[f32], right: &[f32]) -> f64 {
    let pairs = || {
        left.iter()
            .zip(right)
            .map(|(&left, &right)| (f64::from(left), f64::from(right)))
    };
    let dot: f64 = pairs().map(|(left, right)| left * right).sum();
    let squared: f64 = pairs().map(|(left, right)| (left - right).powi(2)).sum();
    let square = |vector: &[f32]| {
        vector
            .iter()
            .map(|&value| f64::from(value).powi(2))
            .sum::<f64>()
    };
    match metric {
        Metric::Cosine if square(left) == 0.0 || square(right) == 0.0 => 0.0,
        Metric::Cosine => dot / (square(left).sqrt() * square(right).sqrt()),
        Metric::Dot => dot,
        Metric::Euclidean => squared.sqrt(),
        Metric::SquaredEuclidean => squared,
    }
}

/// What an error is a share of.
fn measure(metric: Metric, left: &[f32], right: &[f32]) -> f64 {
    match metric {
        Metric::Cosine => 1.0,
        Metric::Dot => {
            truth(Metric::Dot, left, left).sqrt() * truth(Metric::Dot, right, right).sqrt()
        }
        _ => truth(metric, left, right),
    }
}

fn vectors(count: usize) -> impl Strategy<Value = (usize, Vec<f32>)> {
    (1_usize..70, -20_i32..20).prop_flat_map(move |(dims, exponent)| {
        let scale = 10_f32.powi(exponent);
        let numbers = proptest::collection::vec(
            (-1.0_f32..1.0).prop_map(move |value| value * scale),
            dims * count,
        );
        numbers.prop_map(move |numbers| (dims, numbers))
    })
}

proptest! {
    #[test]
    fn a_pair_is_that_of_float64_whatever_the_magnitude((dims, numbers) in vectors(2)) {
        let (left, right) = numbers.split_at(dims);
        for metric in Metric::ALL {
            let (found, expected) = (similarity(metric, left, right).unwrap(), truth(metric, left, right));
            let most = 1e-6 * measure(metric, left, right);
            prop_assert!((found - expected).abs() <= most, "{metric:?} {found} {expected}");
            let found = precise::score(metric, left, right);
            prop_assert!((found - expected).abs() <= most * 1e-6, "{metric:?} {found} {expected}");
        }
    }

    #[test]
    fn the_best_are_those_of_a_sorted_list_of_float64((dims, numbers) in vectors(40), k in 0_usize..45) {
        let (queries, rows) = numbers.split_at(dims * 3);
        let rows = Matrix::new(rows, dims, None).unwrap();
        let queries = Matrix::new(queries, dims, None).unwrap();
        for metric in Metric::ALL {
            let found = top_k(metric, &queries, &rows, k).unwrap();
            prop_assert_eq!(found.len(), 3);
            for (query, found) in found.iter().enumerate() {
                let mut expected: Vec<_> = (0_u32..37)
                    .map(|row| (row, precise::score(metric, queries.row(query), rows.row(row as usize))))
                    .collect();
                expected.sort_by(|left, right| metric.order((left.1, left.0), (right.1, right.0)));
                expected.truncate(k);
                prop_assert_eq!(found, &expected);
            }
        }
    }

    #[test]
    fn a_batch_is_its_pairs((dims, numbers) in vectors(9)) {
        let (query, rows) = numbers.split_at(dims);
        let norms: Vec<f32> = rows.chunks(dims).map(|row| {
            #[expect(clippy::cast_possible_truncation, reason = "lengths as callers keep them")]
            let norm = precise::squared_norm(row).sqrt() as f32;
            norm
        }).collect();
        for metric in Metric::ALL {
            for norms in [None, Some(&norms[..])] {
                let matrix = Matrix::new(rows, dims, norms).unwrap();
                let mut scores = [0.0; 8];
                similarity_batch(metric, query, &matrix, &mut scores).unwrap();
                for (row, score) in rows.chunks(dims).zip(scores) {
                    let expected = truth(metric, query, row);
                    let most = 1e-6 * measure(metric, query, row);
                    prop_assert!((f64::from(score) - expected).abs() <= most.max(f64::from(f32::MIN_POSITIVE)) || expected.abs() > f64::from(f32::MAX));
                }
            }
        }
    }
}

#[test]
fn what_is_no_number_has_a_stated_result() {
    let (one, zero) = ([1.0; 5], [0.0; 5]);
    let nan = [1.0, f32::NAN, 0.0, 0.0, 0.0];
    let infinite = [1.0, f32::INFINITY, 0.0, 0.0, 0.0];
    let of = |metric, left: &[f32], right: &[f32]| similarity(metric, left, right).unwrap();
    assert_eq!(of(Metric::Cosine, &zero, &one), 0.0);
    assert_eq!(of(Metric::Cosine, &zero, &zero), 0.0);
    assert!(of(Metric::Cosine, &zero, &nan).is_nan());
    assert!(of(Metric::Cosine, &one, &infinite).is_nan());
    for metric in Metric::ALL {
        assert!(of(metric, &one, &nan).is_nan(), "{metric:?}");
    }
    assert_eq!(of(Metric::Dot, &one, &infinite), f64::INFINITY);
    assert!(of(Metric::Dot, &zero, &infinite).is_nan());
    assert_eq!(of(Metric::Euclidean, &one, &infinite), f64::INFINITY);
    assert!(of(Metric::Euclidean, &infinite, &infinite).is_nan());
}

#[test]
fn numbers_whose_products_no_float32_holds_are_compared_all_the_same() {
    let (huge, tiny) = ([3e38; 40], [1e-42; 40]);
    for vector in [&huge, &tiny] {
        assert!((similarity(Metric::Cosine, vector, vector).unwrap() - 1.0).abs() < 1e-12);
        let dot = similarity(Metric::Dot, vector, vector).unwrap();
        assert!((dot / truth(Metric::Dot, vector, vector) - 1.0).abs() < 1e-12);
    }
    let rows: Vec<f32> = [huge, tiny, [-1.0; 40], [0.0; 40], [f32::NAN; 40], [1.0; 40]].concat();
    let rows = Matrix::new(&rows, 40, None).unwrap();
    let query = Matrix::new(&[1.0; 40], 40, None).unwrap();
    let order: Vec<u32> = top_k(Metric::Dot, &query, &rows, 9).unwrap()[0]
        .iter()
        .map(|&(row, _)| row)
        .collect();
    assert_eq!(order, [0, 5, 1, 3, 2, 4]);
}

#[test]
fn lengths_that_do_not_fit_are_refused() {
    assert!(similarity(Metric::Cosine, &[1.0], &[]).is_err());
    assert!(Matrix::new(&[1.0; 5], 2, None).is_err());
    assert!(Matrix::new(&[1.0; 4], 0, None).is_err());
    assert!(Matrix::new(&[1.0; 4], 2, Some(&[1.0])).is_err());
    let rows = Matrix::new(&[1.0; 4], 2, None).unwrap();
    let query = Matrix::new(&[1.0; 3], 3, None).unwrap();
    assert!(top_k(Metric::Dot, &query, &rows, 1).is_err());
    assert!(similarity_batch(Metric::Dot, &[1.0; 2], &rows, &mut [0.0; 3]).is_err());
    let none = Matrix::new(&[], 2, None).unwrap();
    let query = Matrix::new(&[1.0; 2], 2, None).unwrap();
    assert_eq!(top_k(Metric::Dot, &query, &none, 3).unwrap(), [vec![]]);
}
