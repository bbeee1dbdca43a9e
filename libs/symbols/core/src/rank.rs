//! Which files matter for what somebody works on: a walk at random along names, from files that use them to files that
//! declare them, which begins again and again at the focus (personalised PageRank).
//!
//! Source: Brin, Page: "The Anatomy of a Large-Scale Hypertextual Web Search Engine"; Haveliwala: "Topic-Sensitive
//! PageRank".

use hashbrown::{HashMap, HashSet};
use serde::Serialize;

use crate::index::SymbolIndex;
use crate::rank_weights::{FOCUSED_NAME, MAX_DEFINERS, declaration, form};
use crate::symbol::Symbol;

/// How often the walk goes on along a name.
const DAMPING: f64 = 0.85;

const MAX_ROUNDS: usize = 100;

/// Sum of changes below which another round would say nothing new.
const SETTLED: f64 = 1e-9;

/// Share of a file's score that all its symbols get, used or not.
const BASE: f64 = 0.01;

/// What to rank for.
#[derive(Clone, Debug, Default)]
pub struct RankOptions {
    /// Paths of files, paths of directories, and names of symbols; without any, all files count alike.
    pub focus: Vec<String>,
    /// Most files.
    pub files: usize,
    /// Most symbols of each.
    pub symbols: usize,
}

/// A file and how much it matters.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RankedFile {
    /// Its path.
    pub path: String,
    /// The scores of all files of the index add up to one.
    pub score: f64,
    /// Whether the focus names it, its directory or a symbol that it declares.
    pub focused: bool,
    /// Those that bring the file its score first.
    pub symbols: Vec<RankedSymbol>,
}

/// A symbol and how much it matters.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RankedSymbol {
    /// The symbol.
    #[serde(flatten)]
    pub symbol: Symbol,
    /// How much of the score of its file comes by its name.
    pub score: f64,
}

/// A name that one file uses and another declares.
struct Edge {
    to: usize,
    /// Place of the symbol in its file.
    symbol: usize,
    share: f64,
}

struct Definer {
    file: usize,
    symbol: usize,
    weight: f64,
}

impl SymbolIndex {
    /// Ranks the files, the one that matters most first; ties by path. The same index and options give the same ranks,
    /// whatever the order of its updates.
    ///
    /// Takes time by the pairs of files and names; a second for some ten millions.
    pub fn rank(&self, options: &RankOptions) -> Vec<RankedFile> {
        let mut files: Vec<u32> = self.files.iter().map(|(id, _)| id).collect();
        files.sort_unstable_by_key(|id| self.path(*id));
        let focus = Focus::of(self, &files, &options.focus);
        let edges = self.edges(&files, &focus.names);
        let starts = focus.starts();
        let scores = walk(&edges, &starts);
        let mut gains: Vec<HashMap<usize, f64>> = files.iter().map(|_| HashMap::new()).collect();
        for (edges, score) in edges.iter().zip(&scores) {
            for edge in edges {
                if let Some(gains) = gains.get_mut(edge.to) {
                    *gains.entry(edge.symbol).or_insert(0.0) += score * edge.share;
                }
            }
        }
        let mut order: Vec<usize> = (0..files.len()).collect();
        let score = |at: &usize| scores.get(*at).copied().unwrap_or_default();
        order.sort_by(|a, b| score(b).total_cmp(&score(a)).then(a.cmp(b)));
        let ranked = order.into_iter().take(options.files).filter_map(|at| {
            let (id, gains) = (*files.get(at)?, gains.get(at)?);
            Some(RankedFile {
                path: self.path(id).to_owned(),
                score: score(&at),
                focused: focus.files.contains(&at),
                symbols: self.ranked_symbols(id, score(&at), gains, options.symbols),
            })
        });
        ranked.collect()
    }

    fn path(&self, file: u32) -> &str {
        self.files.get(file).map_or("", |file| &*file.path)
    }

    fn ranked_symbols(
        &self,
        file: u32,
        score: f64,
        gains: &HashMap<usize, f64>,
        most: usize,
    ) -> Vec<RankedSymbol> {
        let Some(ids) = self.files.get(file).map(|file| &file.symbols) else {
            return Vec::new();
        };
        #[expect(clippy::cast_precision_loss, reason = "files have few symbols")]
        let base = score * BASE / ids.len().max(1) as f64;
        let weigh = |(at, id): (usize, u32)| {
            let record = self.records.get(id)?;
            let gain = gains.get(&at).copied().unwrap_or_default();
            let weight = declaration(record.kind, record.exported);
            Some((gain + base * weight, at, id))
        };
        let mut order: Vec<_> = ids.iter().enumerate().filter_map(weigh).collect();
        order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let symbols = order.into_iter().take(most).filter_map(|(score, _, id)| {
            let symbol = self.symbol(id)?;
            Some(RankedSymbol { symbol, score })
        });
        symbols.collect()
    }

    /// Edges from each file, with shares that add up to one.
    fn edges(&self, files: &[u32], focused: &HashSet<u32>) -> Vec<Vec<Edge>> {
        let definers = self.definers(files);
        let mut users: HashMap<u32, u32> = HashMap::new();
        let references = |file: &u32| self.files.get(*file).map_or(&[][..], |it| &it.references);
        for (name, _) in files.iter().flat_map(references) {
            if definers.contains_key(name) {
                *users.entry(*name).or_insert(0) += 1;
            }
        }
        let mut named: Vec<u32> = users.keys().copied().collect();
        named.sort_unstable_by_key(|name| self.names.get(*name));
        // Sums are made in the order of the names, whose ids say when they came.
        let places: HashMap<u32, usize> = (0..).zip(named).map(|(at, name)| (name, at)).collect();
        let of_file = |(at, file): (usize, &u32)| {
            let mut used: Vec<(usize, u32, u32)> = references(file)
                .iter()
                .filter_map(|&(name, count)| Some((*places.get(&name)?, name, count)))
                .collect();
            used.sort_unstable();
            let mut edges = Vec::new();
            for (_, name, count) in used {
                let Some(definers) = definers.get(&name) else {
                    continue;
                };
                let users = users.get(&name).copied().unwrap_or(1);
                let mut weight = form(self.names.get(name)) * f64::from(count).sqrt();
                weight /= f64::from(users).sqrt();
                #[expect(clippy::cast_precision_loss, reason = "there are 16 at most")]
                let definer_count = definers.len() as f64;
                weight /= definer_count;
                if focused.contains(&name) {
                    weight *= FOCUSED_NAME;
                }
                for definer in definers.iter().filter(|definer| definer.file != at) {
                    edges.push(Edge {
                        to: definer.file,
                        symbol: definer.symbol,
                        share: weight * definer.weight,
                    });
                }
            }
            let total: f64 = edges.iter().fold(0.0, |sum, edge| sum + edge.share);
            for edge in &mut edges {
                edge.share /= total;
            }
            edges
        };
        files.iter().enumerate().map(of_file).collect()
    }

    /// Files that declare each name, those of names that too many declare left out.
    fn definers(&self, files: &[u32]) -> HashMap<u32, Vec<Definer>> {
        let mut definers: HashMap<u32, Vec<Definer>> = HashMap::new();
        for (at, file) in files.iter().enumerate() {
            let ids = self.files.get(*file).into_iter();
            for (symbol, id) in ids.flat_map(|it| it.symbols.iter()).enumerate() {
                let Some(record) = self.records.get(id) else {
                    continue;
                };
                let weight = declaration(record.kind, record.exported);
                let found = definers.entry(record.name).or_default();
                match found.last_mut().filter(|last| last.file == at) {
                    Some(last) if last.weight < weight => {
                        (last.symbol, last.weight) = (symbol, weight);
                    }
                    Some(_) => {}
                    None => found.push(Definer {
                        file: at,
                        symbol,
                        weight,
                    }),
                }
            }
        }
        definers.retain(|_, found| found.len() <= MAX_DEFINERS);
        definers
    }
}

/// What the focus is in an index.
struct Focus {
    /// Places of files.
    files: HashSet<usize>,
    /// Ids of names.
    names: HashSet<u32>,
    all: usize,
}

impl Focus {
    fn of(index: &SymbolIndex, files: &[u32], focus: &[String]) -> Self {
        let mut found = Self {
            files: HashSet::new(),
            names: focus.iter().filter_map(|it| index.names.find(it)).collect(),
            all: files.len(),
        };
        for (at, file) in files.iter().enumerate() {
            let path = index.path(*file);
            let declares = || {
                let ids = index.files.get(*file).into_iter();
                let mut records = ids
                    .flat_map(|it| it.symbols.iter())
                    .filter_map(|id| index.records.get(id));
                records.any(|it| found.names.contains(&it.name))
            };
            let is_below = |directory: &str| {
                let directory = directory.trim_end_matches('/');
                let rest = path.strip_prefix(directory);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            if focus.iter().any(|it| !it.is_empty() && is_below(it)) || declares() {
                found.files.insert(at);
            }
        }
        found
    }

    /// Where the walk begins, and how often.
    fn starts(&self) -> Vec<f64> {
        let counted = if self.files.is_empty() {
            self.all
        } else {
            self.files.len()
        };
        #[expect(clippy::cast_precision_loss, reason = "files are far under 2^53")]
        let each = 1.0 / counted.max(1) as f64;
        let starts = |at| self.files.is_empty() || self.files.contains(&at);
        (0..self.all)
            .map(|at| if starts(at) { each } else { 0.0 })
            .collect()
    }
}

fn walk(edges: &[Vec<Edge>], starts: &[f64]) -> Vec<f64> {
    let mut scores = starts.to_vec();
    for _ in 0..MAX_ROUNDS {
        let mut next = vec![0.0; scores.len()];
        // What leads nowhere begins again.
        let mut lost = 0.0;
        for (edges, score) in edges.iter().zip(&scores) {
            if edges.is_empty() {
                lost += score;
            }
            for edge in edges {
                if let Some(next) = next.get_mut(edge.to) {
                    *next += score * edge.share;
                }
            }
        }
        let mut change = 0.0;
        for ((next, score), start) in next.iter_mut().zip(&scores).zip(starts) {
            *next = DAMPING * (*next + lost * start) + (1.0 - DAMPING) * start;
            change += (*next - score).abs();
        }
        scores = next;
        if change < SETTLED {
            break;
        }
    }
    scores
}
