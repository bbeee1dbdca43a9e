//! A search over rows as they were when it was asked for.

use std::borrow::Cow;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, PoisonError, RwLock};

use crate::arena::finite;
use crate::diversity::diverse;
use crate::error::VectorError;
use crate::file::save;
use crate::filter::Filter;
use crate::metric::Metric;
use crate::neighbours::{Graph, Wanted};
use crate::precise;
use crate::rows::Rows;
use crate::scan::Scan;
use crate::shape::Storage;
use crate::topk::best_of;

/// Candidates among which a diverse search chooses: this many a hit, and [`MORE`].
const EACH: usize = 4;
const MORE: usize = 50;

/// What a search may be told.
#[derive(Debug, Clone, Default)]
pub struct SearchOptions {
    /// Only vectors for whose metadata this holds.
    pub filter: Option<Filter>,
    /// Only scores that are this good or better: not less, of distances not more.
    pub min_score: Option<f64>,
    /// From 0 to 1: how much the nearness to the query counts against the distance from other hits. 1 is a usual search.
    pub diversity: Option<f64>,
    /// How many candidates a search that is not exact looks at (a graph, signs); chosen by it unless given.
    pub effort: Option<usize>,
}

/// A row that a search found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// Its number.
    pub row: u32,
    /// Its score, in float64.
    pub score: f64,
}

/// A graph that searches and changes share.
pub type SharedGraph = Arc<RwLock<Box<dyn Graph>>>;

/// Rows as they were at one moment, to be searched on any thread while their index goes on.
#[derive(Debug, Clone)]
pub struct Snapshot {
    rows: Rows,
    live: usize,
    metric: Metric,
    graph: Option<SharedGraph>,
}

impl Snapshot {
    pub(crate) fn new(rows: Rows, live: usize, metric: Metric, graph: Option<SharedGraph>) -> Self {
        Self {
            rows,
            live,
            metric,
            graph,
        }
    }

    /// Its rows.
    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// The best `k` rows, best first, of equal scores the lowest row; fewer where there are fewer, or fewer are let through. Exact
    /// over what is kept of the vectors, but for graphs and signs.
    ///
    /// # Errors
    ///
    /// [`VectorError::Dimensions`], [`VectorError::NotFinite`], [`VectorError::Cancelled`], [`VectorError::Graph`].
    pub fn search(
        &self,
        query: &[f32],
        k: usize,
        options: &SearchOptions,
        is_cancelled: &AtomicBool,
    ) -> Result<Vec<Hit>, VectorError> {
        let expected = self.rows.shape().dims();
        if query.len() != expected {
            return Err(VectorError::Dimensions {
                what: "the query",
                found: query.len(),
                expected,
            });
        }
        finite(query, || "the query".to_owned())?;
        let k = k.min(self.live);
        let lambda = options.diversity.filter(|&lambda| lambda < 1.0);
        let count = match lambda {
            Some(_) => k.saturating_mul(EACH).saturating_add(MORE).min(self.live),
            None => k,
        };
        if k == 0 {
            return Ok(Vec::new());
        }
        let least = options
            .min_score
            .map_or(f64::NEG_INFINITY, |score| self.metric.rank(score));
        let candidates = self.candidates(query, count, least, options, is_cancelled)?;
        let mut scored = Vec::with_capacity(candidates.len());
        for row in candidates {
            if let Some(score) = self.score(query, row)
                && self.metric.rank(score) >= least
            {
                scored.push((row, score));
            }
        }
        let best = best_of(self.metric, scored, count);
        let hits = best.into_iter().map(|(row, score)| Hit { row, score });
        let hits: Vec<Hit> = hits.collect();
        Ok(match lambda {
            Some(lambda) => self.diverse(&hits, k, lambda),
            None => hits,
        })
    }

    /// Writes what it holds as a file: [`crate::file::save`].
    ///
    /// # Errors
    ///
    /// [`VectorError::Io`], [`VectorError::Memory`], [`VectorError::Graph`].
    pub fn save(&self, path: &Path) -> Result<(), VectorError> {
        let graph = match &self.graph {
            Some(graph) => {
                let graph = graph.read().unwrap_or_else(PoisonError::into_inner);
                Some(graph.to_bytes()?)
            }
            None => None,
        };
        save(path, &self.rows, self.metric, graph.as_deref())
    }

    fn score(&self, query: &[f32], row: u32) -> Option<f64> {
        let vector = self.rows.vector(row)?;
        Some(precise::score(self.metric, query, &vector))
    }

    fn candidates(
        &self,
        query: &[f32],
        count: usize,
        least: f64,
        options: &SearchOptions,
        is_cancelled: &AtomicBool,
    ) -> Result<Vec<u32>, VectorError> {
        let filter = options.filter.as_ref();
        if let Some(graph) = &self.graph {
            let is_allowed = |row: u32| {
                self.rows.is_live(row)
                    && filter.is_none_or(|filter| filter.holds(self.rows.metadata(row)))
            };
            let wanted = Wanted {
                query,
                count,
                is_allowed: &is_allowed,
                effort: options.effort,
            };
            let graph = graph.read().unwrap_or_else(PoisonError::into_inner);
            return graph.search(&wanted, &self.rows);
        }
        let scan = Scan {
            rows: &self.rows,
            metric: self.metric,
            query,
            filter,
            is_cancelled,
        };
        if self.rows.shape().storage() == Storage::B1 {
            let near = scan.nearest_signs(signs_looked_at(self.live, count, options.effort))?;
            return Ok(scan.narrowed(near, count, least));
        }
        scan.finalists(count, least)
    }

    fn diverse(&self, hits: &[Hit], k: usize, lambda: f64) -> Vec<Hit> {
        let scores: Vec<f64> = hits.iter().map(|hit| hit.score).collect();
        let vectors: Vec<Cow<'_, [f32]>> = hits
            .iter()
            .map(|hit| self.rows.vector(hit.row).unwrap_or_default())
            .collect();
        let vectors: Vec<&[f32]> = vectors.iter().map(|vector| &**vector).collect();
        diverse(self.metric, &scores, &vectors, k, lambda)
            .into_iter()
            .filter_map(|place| hits.get(place).copied())
            .collect()
    }
}

/// How many of the nearest signs are scored: a share of all, since signs tell less the more there are.
fn signs_looked_at(live: usize, count: usize, effort: Option<usize>) -> usize {
    effort
        .unwrap_or_else(|| (live / 32).max(count.saturating_mul(16)).max(256))
        .max(count)
}
