//! Searches of every storage and metric against a sorted list of all scores in float64.
#![allow(missing_docs, reason = "tests")]

use std::sync::atomic::AtomicBool;

use fishplate_vector::{
    Filter, Hit, Metadata, Metric, Range, Scalar, SearchOptions, Shape, Storage, VectorIndex,
    precise,
};
use proptest::prelude::*;
use proptest::test_runner::TestRng;

fn index_of(
    metric: Metric,
    storage: Storage,
    rescore: bool,
    dims: usize,
    rows: &[f32],
) -> VectorIndex {
    let mut index = VectorIndex::new(Shape::new(dims, storage, rescore).unwrap(), metric);
    for (number, row) in rows.chunks(dims).enumerate() {
        let metadata = Metadata::new(vec![(
            "number".into(),
            Scalar::Number(f64::from(u32::try_from(number).unwrap())),
        )]);
        index
            .add(&format!("row {number}"), row, Some(metadata))
            .unwrap();
    }
    index
}

fn search(index: &VectorIndex, query: &[f32], k: usize, options: &SearchOptions) -> Vec<Hit> {
    index
        .snapshot()
        .search(query, k, options, &AtomicBool::new(false))
        .unwrap()
}

/// All rows that a filter lets through, by their scores.
fn truth(index: &VectorIndex, query: &[f32], k: usize, options: &SearchOptions) -> Vec<Hit> {
    let rows = index.arena().rows();
    let metric = index.metric();
    let live = rows.live().filter(|&row| {
        options
            .filter
            .as_ref()
            .is_none_or(|filter| filter.holds(rows.metadata(row)))
    });
    let mut hits: Vec<Hit> = live
        .map(|row| Hit {
            row,
            score: precise::score(metric, query, &rows.vector(row).unwrap()),
        })
        .filter(|hit| {
            options
                .min_score
                .is_none_or(|least| metric.rank(hit.score) >= metric.rank(least))
        })
        .collect();
    hits.sort_by(|left, right| metric.order((left.score, left.row), (right.score, right.row)));
    hits.truncate(k);
    hits
}

fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let mut random = TestRng::from_seed(proptest::test_runner::RngAlgorithm::ChaCha, &bytes);
    (0..count)
        .map(|_| {
            #[expect(clippy::cast_precision_loss, reason = "any number will do")]
            let value = random.next_u32() as f32 / u32::MAX as f32 - 0.5;
            value
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_search_is_a_sorted_list(
        dims in 1_usize..90,
        count in 0_usize..300,
        k in 0_usize..40,
        seed in any::<u64>(),
        exponent in -18_i32..18,
        removed in proptest::collection::vec(0_usize..300, 0..60),
        least in -1.0_f64..1.0,
    ) {
        let scale = 10_f32.powi(exponent);
        let rows: Vec<f32> = numbers(dims * (count + 1), seed).into_iter().map(|value| value * scale).collect();
        let (query, rows) = rows.split_at(dims);
        for metric in Metric::ALL {
            for (storage, rescore) in [(Storage::F32, false), (Storage::F16, false), (Storage::F16, true), (Storage::I8, false), (Storage::I8, true)] {
                let mut index = index_of(metric, storage, rescore, dims, rows);
                for number in &removed {
                    index.remove(&format!("row {number}")).unwrap();
                }
                let plain = SearchOptions::default();
                prop_assert_eq!(search(&index, query, k, &plain), truth(&index, query, k, &plain));
                let filter = Filter::Range("number".into(), Range { below: Some(Scalar::Number(50.0)), ..Range::default() });
                let options = SearchOptions { filter: Some(filter), min_score: Some(least), ..plain };
                prop_assert_eq!(search(&index, query, k, &options), truth(&index, query, k, &options));
            }
        }
    }
}

#[test]
fn many_rows_on_several_threads_are_a_sorted_list_too() {
    let dims = 64;
    let rows = numbers(dims * 60_001, 5);
    let (query, rows) = rows.split_at(dims);
    for (storage, rescore) in [(Storage::F32, false), (Storage::I8, true)] {
        let index = index_of(Metric::Cosine, storage, rescore, dims, rows);
        let options = SearchOptions::default();
        assert_eq!(
            search(&index, query, 10, &options),
            truth(&index, query, 10, &options)
        );
    }
}

#[test]
fn equal_rows_come_in_their_order_and_zero_vectors_count_as_nothing() {
    let rows: Vec<f32> = [[1.0, 1.0], [0.0, 0.0], [1.0, 1.0], [-1.0, -1.0], [2.0, 2.0]].concat();
    for (storage, rescore) in [
        (Storage::F32, false),
        (Storage::F16, true),
        (Storage::I8, true),
        (Storage::I8, false),
    ] {
        let index = index_of(Metric::Cosine, storage, rescore, 2, &rows);
        let hits = search(&index, &[3.0, 3.0], 9, &SearchOptions::default());
        let order: Vec<u32> = hits.iter().map(|hit| hit.row).collect();
        assert_eq!(order, [0, 2, 4, 1, 3], "{storage:?}");
        assert_eq!(hits[3].score, 0.0);
        assert!(
            search(&index, &[0.0, 0.0], 9, &SearchOptions::default())
                .iter()
                .all(|hit| hit.score == 0.0)
        );
    }
}

#[test]
fn signs_find_what_they_can_and_score_it_exactly() {
    let dims = 128;
    let rows = numbers(dims * 3001, 6);
    let (query, rows) = rows.split_at(dims);
    let index = index_of(Metric::Cosine, Storage::B1, true, dims, rows);
    let all = SearchOptions {
        effort: Some(3000),
        ..SearchOptions::default()
    };
    assert_eq!(
        search(&index, query, 10, &all),
        truth(&index, query, 10, &all)
    );
    let found = search(&index, query, 10, &SearchOptions::default());
    let best = truth(&index, query, 10, &all);
    assert!(found.iter().filter(|hit| best.contains(hit)).count() >= 5);
    // A row that is the query has no sign that differs.
    let of_itself = search(
        &index,
        &rows[..dims],
        1,
        &SearchOptions {
            effort: Some(1),
            ..SearchOptions::default()
        },
    );
    assert_eq!(of_itself[0].row, 0);
    let few = SearchOptions {
        effort: Some(7),
        ..SearchOptions::default()
    };
    assert_eq!(search(&index, query, 5, &few).len(), 5);
}

#[test]
fn a_search_that_is_called_off_says_so() {
    let index = index_of(Metric::Dot, Storage::F32, false, 2, &[1.0, 2.0]);
    let called_off = AtomicBool::new(true);
    let error = index
        .snapshot()
        .search(&[1.0, 1.0], 1, &SearchOptions::default(), &called_off)
        .unwrap_err();
    assert_eq!(error.code(), "CANCELLED");
}

#[test]
fn queries_that_cannot_be_searched_for_are_refused() {
    let index = index_of(Metric::Dot, Storage::F32, false, 2, &[1.0, 2.0]);
    let of = |query: &[f32]| {
        index
            .snapshot()
            .search(query, 1, &SearchOptions::default(), &AtomicBool::new(false))
            .unwrap_err()
            .code()
    };
    assert_eq!(of(&[1.0]), "DIMS_MISMATCH");
    assert_eq!(of(&[1.0, f32::NAN]), "VECTOR_NOT_FINITE");
}

#[test]
fn rows_are_compared_by_their_numbers() {
    let rows = numbers(200 * 3, 7);
    for metric in Metric::ALL {
        for (storage, rescore) in [
            (Storage::F32, false),
            (Storage::I8, true),
            (Storage::I8, false),
            (Storage::B1, false),
        ] {
            let index = index_of(metric, storage, rescore, 200, &rows);
            let kept = index.arena().rows();
            let expected =
                precise::score(metric, &kept.vector(0).unwrap(), &kept.vector(2).unwrap());
            let found = index.similarity(0, 2).unwrap();
            assert!(
                (found - expected).abs() < 1e-6 * expected.abs().max(20.0),
                "{metric:?} {found} {expected}"
            );
            assert!(index.similarity(0, 3).is_err());
        }
    }
}
