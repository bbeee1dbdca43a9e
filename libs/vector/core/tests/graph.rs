//! The graph against a look at every row.

use std::collections::HashSet;

use fishplate_vector::{
    Filter, Graph, GraphOptions, LayeredGraph, Metadata, Metric, Scalar, SearchOptions, Shape,
    Storage, VectorError, VectorIndex, Wanted,
};

const DIMS: usize = 64;

/// Numbers from -0.5 to 0.5 (xorshift64).
struct Lots(u64);

impl Lots {
    fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / (1_u64 << 24) as f32 - 0.5
    }

    /// Vectors around fifty centres, as those of texts lie around subjects.
    fn vectors(&mut self, count: usize, dims: usize) -> Vec<Vec<f32>> {
        let mut centres = Lots(99);
        let centres: Vec<Vec<f32>> = (0..50)
            .map(|_| (0..dims).map(|_| centres.next() * 1.5).collect())
            .collect();
        let around = |lots: &mut Self, at: usize| {
            centres[at % 50]
                .iter()
                .map(|value| value + lots.next())
                .collect()
        };
        (0..count).map(|at| around(self, at)).collect()
    }
}

fn pair(metric: Metric, storage: Storage, dims: usize) -> (VectorIndex, VectorIndex) {
    let shape = Shape::new(dims, storage, true).unwrap();
    let graph = LayeredGraph::new(dims, metric, GraphOptions::default()).unwrap();
    (
        VectorIndex::with_graph(shape, metric, Box::new(graph)),
        VectorIndex::new(shape, metric),
    )
}

fn keys(
    index: &VectorIndex,
    query: &[f32],
    count: usize,
    options: &SearchOptions,
) -> HashSet<String> {
    let snapshot = index.snapshot();
    let hits = snapshot
        .search(query, count, options, &false.into())
        .unwrap();
    hits.iter()
        .map(|hit| snapshot.rows().key(hit.row).unwrap().to_owned())
        .collect()
}

fn recall(
    graph: &VectorIndex,
    exact: &VectorIndex,
    queries: &[Vec<f32>],
    options: &SearchOptions,
) -> f64 {
    let (mut found, mut all) = (0, 0);
    for query in queries {
        let truth = keys(exact, query, 10, options);
        let near = keys(graph, query, 10, options);
        assert_eq!(near.len(), truth.len());
        found += truth.intersection(&near).count();
        all += truth.len();
    }
    found as f64 / all as f64
}

#[test]
fn nearly_all_of_the_nearest_rows_are_found_whatever_the_metric() {
    for metric in Metric::ALL {
        for (storage, dims) in [(Storage::F32, DIMS), (Storage::I8, DIMS), (Storage::F32, 5)] {
            let (mut graph, mut exact) = pair(metric, storage, dims);
            for (at, vector) in Lots(1).vectors(2500, dims).iter().enumerate() {
                graph.add(&at.to_string(), vector, None).unwrap();
                exact.add(&at.to_string(), vector, None).unwrap();
            }
            let queries = Lots(2).vectors(50, dims);
            let recall = recall(&graph, &exact, &queries, &SearchOptions::default());
            assert!(recall > 0.97, "{metric:?} {storage:?} {dims}: {recall}");
        }
    }
}

#[test]
fn distances_far_from_zero_are_told_apart() {
    let (mut graph, mut exact) = pair(Metric::Euclidean, Storage::F32, DIMS);
    for (at, mut vector) in Lots(3).vectors(2500, DIMS).into_iter().enumerate() {
        vector
            .iter_mut()
            .for_each(|value| *value = *value * 0.01 + 10.0);
        graph.add(&at.to_string(), &vector, None).unwrap();
        exact.add(&at.to_string(), &vector, None).unwrap();
    }
    let mut queries = Lots(4).vectors(50, DIMS);
    for query in &mut queries {
        query
            .iter_mut()
            .for_each(|value| *value = *value * 0.01 + 10.0);
    }
    let recall = recall(&graph, &exact, &queries, &SearchOptions::default());
    assert!(recall > 0.97, "{recall}");
}

#[test]
fn it_does_not_wear_out() {
    let (mut graph, mut exact) = pair(Metric::Cosine, Storage::F32, DIMS);
    let mut lots = Lots(5);
    let queries = Lots(6).vectors(50, DIMS);
    for (at, vector) in lots.vectors(2000, DIMS).iter().enumerate() {
        graph.add(&at.to_string(), vector, None).unwrap();
        exact.add(&at.to_string(), vector, None).unwrap();
    }
    let options = SearchOptions::default();
    let (fresh, bytes) = (
        recall(&graph, &exact, &queries, &options),
        graph.stats().graph_bytes,
    );
    for round in 0..4 {
        let vectors = lots.vectors(2000, DIMS);
        let changed = (0..2000).filter(|at| (at * 7919 + round) % 2 == 0);
        for (at, vector) in changed.zip(&vectors) {
            // Half of them are removed first, the others replaced.
            if at % 4 < 2 {
                assert!(graph.remove(&at.to_string()).unwrap());
                assert!(exact.remove(&at.to_string()).unwrap());
            }
            graph.add(&at.to_string(), vector, None).unwrap();
            exact.add(&at.to_string(), vector, None).unwrap();
        }
    }
    let worn = recall(&graph, &exact, &queries, &options);
    assert!(worn > fresh - 0.01, "{worn} {fresh}");
    assert!(graph.stats().graph_bytes < bytes * 5 / 4);
    for at in 0..1600 {
        graph.remove(&at.to_string()).unwrap();
        exact.remove(&at.to_string()).unwrap();
    }
    let few = SearchOptions {
        effort: Some(16),
        ..SearchOptions::default()
    };
    assert!(recall(&graph, &exact, &queries, &few) > 0.9);
    for at in 1600..2000 {
        graph.remove(&at.to_string()).unwrap();
    }
    assert!(keys(&graph, &queries[0], 10, &options).is_empty());
    assert!(graph.stats().graph_bytes < 1000);
    graph.add("again", &queries[0], None).unwrap();
    assert_eq!(keys(&graph, &queries[0], 10, &options).len(), 1);
}

#[test]
fn a_filter_is_held_whether_it_lets_many_or_few_through() {
    let (mut graph, mut exact) = pair(Metric::Cosine, Storage::F32, DIMS);
    for (at, vector) in Lots(7).vectors(4000, DIMS).iter().enumerate() {
        let fields = [2, 10, 100, 1000].map(|part| {
            let name = format!("of {part}").into_boxed_str();
            (name, Scalar::Number((at % part) as f64))
        });
        let metadata = || Some(Metadata::new(fields.to_vec()));
        graph.add(&at.to_string(), vector, metadata()).unwrap();
        exact.add(&at.to_string(), vector, metadata()).unwrap();
    }
    let queries = Lots(8).vectors(30, DIMS);
    for (part, least) in [(2, 0.97), (10, 0.97), (100, 1.0), (1000, 1.0)] {
        let filter = Filter::In(format!("of {part}").into(), vec![Scalar::Number(1.0)]);
        let options = SearchOptions {
            filter: Some(filter),
            ..SearchOptions::default()
        };
        let recall = recall(&graph, &exact, &queries, &options);
        assert!(recall >= least, "of {part}: {recall}");
    }
    let nothing = SearchOptions {
        filter: Some(Filter::Or(Vec::new())),
        ..SearchOptions::default()
    };
    assert!(keys(&graph, &queries[0], 10, &nothing).is_empty());
}

#[test]
fn vectors_that_are_the_same_do_not_hide_others() {
    let (mut graph, mut exact) = pair(Metric::Cosine, Storage::F32, DIMS);
    let vectors = Lots(9).vectors(1500, DIMS);
    for at in 0..3000 {
        let vector = if at % 2 == 0 {
            &vectors[0]
        } else {
            &vectors[at / 2]
        };
        graph.add(&at.to_string(), vector, None).unwrap();
        exact.add(&at.to_string(), vector, None).unwrap();
    }
    let queries = Lots(10).vectors(50, DIMS);
    // Among equal ones any may be found, so scores are compared.
    let scores = |index: &VectorIndex, query: &[f32]| {
        let hits = index
            .snapshot()
            .search(query, 10, &SearchOptions::default(), &false.into());
        hits.unwrap().iter().map(|hit| hit.score).sum::<f64>()
    };
    let missed = queries
        .iter()
        .filter(|query| (scores(&graph, query) - scores(&exact, query)).abs() > 1e-6)
        .count();
    assert!(missed <= 5, "{missed}");
}

/// A graph with the rows that it is of.
fn small() -> (VectorIndex, LayeredGraph) {
    let shape = Shape::new(DIMS, Storage::F32, false).unwrap();
    let mut index = VectorIndex::new(shape, Metric::Cosine);
    for (at, vector) in Lots(11).vectors(300, DIMS).iter().enumerate() {
        index.add(&at.to_string(), vector, None).unwrap();
    }
    index.remove("17").unwrap();
    let options = GraphOptions {
        connections: 4,
        effort: 32,
    };
    let graph = LayeredGraph::over(index.arena().rows(), Metric::Cosine, options).unwrap();
    (index, graph)
}

#[test]
fn a_graph_is_read_as_it_was_written_and_goes_on_alike() {
    let (index, mut graph) = small();
    let rows = index.arena().rows();
    let bytes = graph.to_bytes().unwrap();
    let mut read = LayeredGraph::from_bytes(&bytes, rows, Metric::Cosine).unwrap();
    assert_eq!((read.len(), read.options()), (graph.len(), graph.options()));
    assert_eq!(read.to_bytes().unwrap(), bytes);
    for row in [3, 40, 120] {
        graph.remove(row).unwrap();
        read.remove(row).unwrap();
    }
    assert_eq!(read.len(), graph.len());
    let lots = Lots(12).vectors(1, DIMS);
    for graph in [&mut graph, &mut read] {
        graph.insert(3, &lots[0]).unwrap();
        let twice = graph.insert(3, &lots[0]).unwrap_err();
        assert_eq!(twice.code(), "GRAPH_FAILED");
    }
    let empty = LayeredGraph::new(DIMS, Metric::Cosine, GraphOptions::default()).unwrap();
    let none = VectorIndex::new(rows.shape(), Metric::Cosine);
    let bytes = empty.to_bytes().unwrap();
    assert!(
        LayeredGraph::from_bytes(&bytes, none.arena().rows(), Metric::Cosine)
            .unwrap()
            .is_empty()
    );
    assert!(LayeredGraph::from_bytes(&bytes, rows, Metric::Cosine).is_err());
}

#[test]
fn bytes_that_were_changed_are_refused_or_make_a_graph_that_works() {
    let (index, graph) = small();
    let rows = index.arena().rows();
    let bytes = graph.to_bytes().unwrap();
    let query = Lots(13).vectors(1, DIMS).remove(0);
    for at in (0..bytes.len()).step_by(7).chain(0..64) {
        for value in [0, 0xff] {
            let mut changed = bytes.clone();
            changed[at] = value;
            let read: Result<LayeredGraph, VectorError> =
                LayeredGraph::from_bytes(&changed, rows, Metric::Cosine);
            if let Ok(mut graph) = read {
                let wanted = Wanted {
                    query: &query,
                    count: 5,
                    is_allowed: &|_| true,
                    effort: Some(8),
                };
                assert_eq!(graph.search(&wanted, rows).unwrap().len(), 5);
                graph.remove(20).unwrap();
                graph.insert(20, &query).unwrap();
            }
        }
    }
    for length in (0..bytes.len()).step_by(11) {
        assert!(LayeredGraph::from_bytes(&bytes[..length], rows, Metric::Cosine).is_err());
    }
}

#[test]
fn options_have_ranges() {
    for (connections, effort) in [(1, 10), (129, 10), (8, 0), (8, 10_001)] {
        let options = GraphOptions {
            connections,
            effort,
        };
        let error = LayeredGraph::new(DIMS, Metric::Dot, options).unwrap_err();
        assert_eq!(error.code(), "OPTION_INVALID");
    }
}
