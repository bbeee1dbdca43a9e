//! Texts by key, ranked for a query by Okapi BM25 with term counts that follow every addition and removal.
//!
//! The score of a text is the sum over the terms of the query of `idf * count * (k1 + 1) / (count + k1 * (1 - b + b * length / mean))`,
//! with `idf = ln(1 + (texts - with + 0.5) / (with + 0.5))`, which is never negative (Robertson and Zaragoza, "The Probabilistic Relevance
//! Framework", 2009, with the `1 +` that Lucene adds). A term that stands in the query twice counts twice.

use std::hash::{BuildHasher, RandomState};

use hashbrown::{HashMap, HashTable};

use crate::error::VectorError;
use crate::filter::Filter;
use crate::scalar::Metadata;
use crate::shape::LONGEST_KEY;
use crate::text::terms;

/// Weights of BM25.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weights {
    /// How much a further occurrence of a term counts: from 0, where none does, to 100.
    pub k1: f64,
    /// How much the length of a text counts against it: from 0, not at all, to 1.
    pub b: f64,
}

impl Default for Weights {
    fn default() -> Self {
        Self { k1: 1.2, b: 0.75 }
    }
}

/// A text that a query found.
#[derive(Debug, Clone, PartialEq)]
pub struct TextHit<'a> {
    /// Its key.
    pub key: &'a str,
    /// BM25, above 0.
    pub score: f64,
    /// What was said of it.
    pub metadata: Option<&'a Metadata>,
}

/// A term of a text, and where the text stands among those that have it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Occurrence {
    pub term: u32,
    place: u32,
}

#[derive(Debug)]
pub(crate) struct Document {
    pub key: Box<str>,
    /// Rises with every addition: of texts with equal scores the older one comes first.
    order: u64,
    /// Terms that it has.
    pub length: u32,
    /// By term.
    pub occurrences: Box<[Occurrence]>,
    pub metadata: Option<Metadata>,
}

#[derive(Debug, Clone, Copy)]
struct Posting {
    document: u32,
    count: u32,
}

#[derive(Debug)]
struct Term {
    text: Box<str>,
    postings: Vec<Posting>,
}

/// Texts that can be searched. The texts themselves are not kept.
///
/// ```
/// use fishplate_vector::{TextIndex, Weights};
/// # fn main() -> Result<(), fishplate_vector::VectorError> {
/// let mut index = TextIndex::new(Weights::default())?;
/// index.add("a", "the parser reads readFile", None)?;
/// index.add("b", "the writer writes", None)?;
/// assert_eq!(index.search("file", 10, None)[0].key, "a");
/// assert!(index.remove("a"));
/// assert!(index.search("file", 10, None).is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct TextIndex {
    weights: Weights,
    documents: Vec<Option<Document>>,
    free_documents: Vec<u32>,
    by_key: HashTable<u32>,
    terms: Vec<Term>,
    free_terms: Vec<u32>,
    by_text: HashTable<u32>,
    hasher: RandomState,
    /// Lengths of all texts together.
    length: u64,
    next_order: u64,
}

impl TextIndex {
    /// Without texts.
    ///
    /// # Errors
    ///
    /// [`VectorError::Option`] where a weight is out of its range.
    pub fn new(weights: Weights) -> Result<Self, VectorError> {
        for (option, value, most) in [("k1", weights.k1, 100.0), ("b", weights.b, 1.0)] {
            if !(0.0..=most).contains(&value) {
                let rule = format!("must be from 0 to {most}, and is {value}");
                return Err(VectorError::Option { option, rule });
            }
        }
        Ok(Self::empty(weights))
    }

    fn empty(weights: Weights) -> Self {
        Self {
            weights,
            documents: Vec::new(),
            free_documents: Vec::new(),
            by_key: HashTable::new(),
            terms: Vec::new(),
            free_terms: Vec::new(),
            by_text: HashTable::new(),
            hasher: RandomState::new(),
            length: 0,
            next_order: 0,
        }
    }

    /// Its weights.
    pub fn weights(&self) -> Weights {
        self.weights
    }

    /// Texts that it holds.
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// Different terms of its texts.
    pub fn term_count(&self) -> usize {
        self.by_text.len()
    }

    /// Whether a key has a text.
    pub fn contains(&self, key: &str) -> bool {
        self.document_of(key).is_some()
    }

    /// Its keys in the order in which they came.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.in_order().into_iter().map(|document| &*document.key)
    }

    /// What was said of a key's text.
    pub fn metadata(&self, key: &str) -> Option<&Metadata> {
        self.document(self.document_of(key)?)?.metadata.as_ref()
    }

    /// Puts a text under a key, in place of one that is there; tells whether one was.
    ///
    /// # Errors
    ///
    /// [`VectorError::Key`], [`VectorError::Full`]; the index is then what it was.
    pub fn add(
        &mut self,
        key: &str,
        text: &str,
        metadata: Option<Metadata>,
    ) -> Result<bool, VectorError> {
        if key.is_empty() || key.len() > LONGEST_KEY {
            let (bytes, most) = (key.len(), LONGEST_KEY);
            return Err(VectorError::Key { bytes, most });
        }
        if self.documents.len() >= u32::MAX as usize || self.terms.len() >= (u32::MAX / 2) as usize
        {
            return Err(VectorError::Full { rows: self.len() });
        }
        let is_replaced = self.remove(key);
        let mut counts: HashMap<u32, u32> = HashMap::new();
        let mut length = 0_u32;
        terms(text, |term| {
            let count = counts.entry(self.term(term)).or_default();
            *count = count.saturating_add(1);
            length = length.saturating_add(1);
        });
        let counts: Vec<(u32, u32)> = counts.into_iter().collect();
        self.put(key, length, counts, metadata);
        Ok(is_replaced)
    }

    /// Takes a key out; tells whether it was there.
    pub fn remove(&mut self, key: &str) -> bool {
        let hash = self.hasher.hash_one(key);
        let found = self
            .by_key
            .find_entry(hash, |&number| key_at(&self.documents, number) == Some(key));
        let Ok(entry) = found else {
            return false;
        };
        let (number, _) = entry.remove();
        let Some(document) = self
            .documents
            .get_mut(number as usize)
            .and_then(Option::take)
        else {
            return false;
        };
        if self.by_key.is_empty() {
            let order = self.next_order;
            *self = Self::empty(self.weights);
            self.next_order = order;
            return true;
        }
        self.length -= u64::from(document.length);
        for &occurrence in &document.occurrences {
            self.forget(occurrence);
        }
        self.free_documents.push(number);
        self.by_key.shrink_to(self.by_key.len() * 4, |&number| {
            self.hasher
                .hash_one(key_at(&self.documents, number).unwrap_or_default())
        });
        true
    }

    /// The texts that score best, best first; those of equal scores in the order in which they came. `filter` must hold for what was
    /// said of a text; it does not change any score.
    pub fn search(&self, query: &str, count: usize, filter: Option<&Filter>) -> Vec<TextHit<'_>> {
        let mut scored = self.scores(query);
        scored.retain(|&(number, _)| {
            filter.is_none_or(|filter| {
                filter.holds(
                    self.document(number)
                        .and_then(|document| document.metadata.as_ref()),
                )
            })
        });
        let order = |number: u32| {
            self.document(number)
                .map_or(u64::MAX, |document| document.order)
        };
        let best_first = |left: &(u32, f64), right: &(u32, f64)| {
            right
                .1
                .total_cmp(&left.1)
                .then_with(|| order(left.0).cmp(&order(right.0)))
        };
        if count < scored.len() {
            if count == 0 {
                return Vec::new();
            }
            scored.select_nth_unstable_by(count - 1, best_first);
            scored.truncate(count);
        }
        scored.sort_unstable_by(best_first);
        let hits = scored.into_iter().filter_map(|(number, score)| {
            let document = self.document(number)?;
            Some(TextHit {
                key: &document.key,
                score,
                metadata: document.metadata.as_ref(),
            })
        });
        hits.collect()
    }

    /// Bytes that it keeps in memory.
    pub fn bytes(&self) -> usize {
        let documents: usize = self
            .in_order()
            .iter()
            .map(|document| document.bytes())
            .sum();
        let terms: usize = self.terms.iter().map(Term::bytes).sum();
        documents
            + terms
            + self.documents.capacity() * size_of::<Option<Document>>()
            + self.terms.capacity() * size_of::<Term>()
            + (self.free_documents.capacity() + self.free_terms.capacity()) * 4
            + self.by_key.allocation_size()
            + self.by_text.allocation_size()
    }

    /// Its texts in the order in which they came.
    pub(crate) fn in_order(&self) -> Vec<&Document> {
        let mut documents: Vec<&Document> = self.documents.iter().flatten().collect();
        documents.sort_unstable_by_key(|document| document.order);
        documents
    }

    /// The text of a term.
    pub(crate) fn term_text(&self, term: u32) -> &str {
        self.terms.get(term as usize).map_or("", |term| &term.text)
    }

    /// How often a term stands in the text that an occurrence is of.
    pub(crate) fn count(&self, occurrence: Occurrence) -> u32 {
        let term = self.terms.get(occurrence.term as usize);
        let posting = term.and_then(|term| term.postings.get(occurrence.place as usize));
        posting.map_or(0, |posting| posting.count)
    }

    /// The number of a term, which is a new one where no text has it.
    pub(crate) fn term(&mut self, text: &str) -> u32 {
        let hash = self.hasher.hash_one(text);
        if let Some(&number) = self
            .by_text
            .find(hash, |&number| self.term_text(number) == text)
        {
            return number;
        }
        let term = Term {
            text: text.into(),
            postings: Vec::new(),
        };
        let number = put(&mut self.terms, &mut self.free_terms, term);
        let (terms, hasher) = (&self.terms, &self.hasher);
        self.by_text.insert_unique(hash, number, |&number| {
            hasher.hash_one(terms.get(number as usize).map_or("", |term| &*term.text))
        });
        number
    }

    /// Puts counted terms under a key that is not there.
    pub(crate) fn put(
        &mut self,
        key: &str,
        length: u32,
        mut counts: Vec<(u32, u32)>,
        metadata: Option<Metadata>,
    ) {
        counts.sort_unstable();
        let number = put(&mut self.documents, &mut self.free_documents, None);
        let mut occurrences = Vec::with_capacity(counts.len());
        for (term, count) in counts {
            let Some(Term { postings, .. }) = self.terms.get_mut(term as usize) else {
                continue;
            };
            // A term has at most one posting a text, and texts have 32-bit numbers.
            let place = postings.len() as u32;
            postings.push(Posting {
                document: number,
                count,
            });
            occurrences.push(Occurrence { term, place });
        }
        let document = Document {
            key: key.into(),
            order: self.next_order,
            length,
            occurrences: occurrences.into_boxed_slice(),
            metadata,
        };
        self.next_order += 1;
        self.length += u64::from(length);
        if let Some(slot) = self.documents.get_mut(number as usize) {
            *slot = Some(document);
        }
        let hash = self.hasher.hash_one(key);
        let (documents, hasher) = (&self.documents, &self.hasher);
        self.by_key.insert_unique(hash, number, |&number| {
            hasher.hash_one(key_at(documents, number).unwrap_or_default())
        });
    }

    /// Takes a text out of the postings of a term; the last of them takes its place.
    fn forget(&mut self, Occurrence { term, place }: Occurrence) {
        let Some(Term { text, postings }) = self.terms.get_mut(term as usize) else {
            return;
        };
        postings.swap_remove(place as usize);
        if let Some(moved) = postings.get(place as usize) {
            let document = self.documents.get_mut(moved.document as usize);
            if let Some(Some(Document { occurrences, .. })) = document
                && let Ok(at) = occurrences.binary_search_by_key(&term, |one| one.term)
            {
                occurrences[at].place = place;
            }
        }
        if postings.capacity() > 16 && postings.len() < postings.capacity() / 4 {
            postings.shrink_to(postings.len() * 2);
        }
        if !postings.is_empty() {
            return;
        }
        let hash = self.hasher.hash_one(&**text);
        if let Ok(entry) = self.by_text.find_entry(hash, |&number| number == term) {
            entry.remove();
        }
        *postings = Vec::new();
        *text = Box::default();
        self.free_terms.push(term);
        self.by_text.shrink_to(self.by_text.len() * 4, |&number| {
            self.hasher.hash_one(
                self.terms
                    .get(number as usize)
                    .map_or("", |term| &*term.text),
            )
        });
    }

    /// Texts that have a term of the query, with their scores.
    fn scores(&self, query: &str) -> Vec<(u32, f64)> {
        // In the order of the query, so that every engine adds in the same order.
        let mut wanted: Vec<(u32, f64)> = Vec::new();
        terms(query, |text| {
            let hash = self.hasher.hash_one(text);
            let found = self
                .by_text
                .find(hash, |&number| self.term_text(number) == text);
            if let Some(&term) = found {
                match wanted.iter_mut().find(|(other, _)| *other == term) {
                    Some((_, times)) => *times += 1.0,
                    None => wanted.push((term, 1.0)),
                }
            }
        });
        let Weights { k1, b } = self.weights;
        let (texts, mean) = (self.len() as f64, self.length as f64 / self.len() as f64);
        let mut scores = vec![0.0; self.documents.len()];
        let mut touched = Vec::new();
        for (term, times) in wanted {
            let Some(Term { postings, .. }) = self.terms.get(term as usize) else {
                continue;
            };
            let weight = times * rarity(texts, postings.len() as f64) * (k1 + 1.0);
            for &Posting { document, count } in postings {
                let Some(score) = scores.get_mut(document as usize) else {
                    continue;
                };
                let length = self
                    .document(document)
                    .map_or(0, |document| document.length);
                let share = (1.0 - b) + b * f64::from(length) / mean;
                let count = f64::from(count);
                if *score == 0.0 {
                    touched.push(document);
                }
                *score += weight * count / (count + k1 * share);
            }
        }
        let scored = touched.into_iter().filter_map(|document| {
            let score = *scores.get(document as usize)?;
            Some((document, score))
        });
        scored.collect()
    }

    fn document(&self, number: u32) -> Option<&Document> {
        self.documents.get(number as usize)?.as_ref()
    }

    fn document_of(&self, key: &str) -> Option<u32> {
        let hash = self.hasher.hash_one(key);
        let found = self
            .by_key
            .find(hash, |&number| key_at(&self.documents, number) == Some(key));
        found.copied()
    }
}

impl Document {
    fn bytes(&self) -> usize {
        let metadata = self.metadata.as_ref().map_or(0, Metadata::heap_bytes);
        self.key.len() + size_of_val(&*self.occurrences) + metadata
    }
}

impl Term {
    fn bytes(&self) -> usize {
        self.text.len() + self.postings.capacity() * size_of::<Posting>()
    }
}

/// The inverse frequency of a term among texts. Rounded to 2^-32, so that logarithms of different libraries give one result.
fn rarity(texts: f64, with: f64) -> f64 {
    const STEPS: f64 = 4_294_967_296.0;
    let exact = (1.0 + (texts - with + 0.5) / (with + 0.5)).ln();
    (exact * STEPS + 0.5).floor() / STEPS
}

fn key_at(documents: &[Option<Document>], number: u32) -> Option<&str> {
    let document = documents.get(number as usize)?.as_ref()?;
    Some(&document.key)
}

/// Puts an item where one is free, the latest first, or at the end.
fn put<Item>(items: &mut Vec<Item>, free: &mut Vec<u32>, item: Item) -> u32 {
    if let Some(number) = free.pop()
        && let Some(slot) = items.get_mut(number as usize)
    {
        *slot = item;
        return number;
    }
    items.push(item);
    // Their number is checked before anything is added.
    u32::try_from(items.len() - 1).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::{TextIndex, Weights};
    use crate::filter::Filter;
    use crate::scalar::{Metadata, Scalar};

    fn index(texts: &[(&str, &str)]) -> TextIndex {
        let mut index = TextIndex::new(Weights::default()).unwrap();
        for (key, text) in texts {
            index.add(key, text, None).unwrap();
        }
        index
    }

    fn keys(index: &TextIndex, query: &str) -> Vec<(String, f64)> {
        let hits = index.search(query, usize::MAX, None);
        hits.iter()
            .map(|hit| (hit.key.to_owned(), hit.score))
            .collect()
    }

    #[test]
    fn scores_are_those_of_the_formula() {
        let index = index(&[
            ("a", "cat cat dog"),
            ("b", "cat"),
            ("c", "bird bird bird bird"),
        ]);
        let idf = (1.0_f64 + (3.0 - 2.0 + 0.5) / (2.0 + 0.5)).ln();
        let mean = 8.0 / 3.0;
        let score = |count: f64, length: f64| {
            idf * count * 2.2 / (count + 1.2 * (0.25 + 0.75 * length / mean))
        };
        for (key, expected) in [("a", score(2.0, 3.0)), ("b", score(1.0, 1.0))] {
            let found = keys(&index, "cat")
                .into_iter()
                .find(|(other, _)| other == key);
            assert!((found.unwrap().1 - expected).abs() < 1e-9, "{key}");
        }
        assert_eq!(keys(&index, "cat").len(), 2);
    }

    #[test]
    fn equal_scores_come_in_the_order_of_their_addition() {
        let mut index = index(&[("z", "one"), ("a", "one"), ("m", "one")]);
        index.remove("z");
        index.add("z", "one", None).unwrap();
        let found: Vec<_> = keys(&index, "one")
            .into_iter()
            .map(|(key, _)| key)
            .collect();
        assert_eq!(found, ["a", "m", "z"]);
        assert_eq!(index.search("one", 2, None).len(), 2);
        assert!(index.search("one", 0, None).is_empty());
    }

    #[test]
    fn a_filter_leaves_scores_as_they_are() {
        let mut index = index(&[("a", "word word")]);
        let metadata = Metadata::new(vec![("kind".into(), Scalar::Number(1.0))]);
        index.add("b", "word", Some(metadata)).unwrap();
        let all = keys(&index, "word");
        let filter = Filter::In("kind".into(), vec![Scalar::Number(1.0)]);
        let hits = index.search("word", 10, Some(&filter));
        assert_eq!((hits[0].key, hits[0].score, hits.len()), ("b", all[1].1, 1));
    }

    #[test]
    fn many_adds_and_removes_leave_memory_where_it_was() {
        let mut index = TextIndex::new(Weights::default()).unwrap();
        let add = |index: &mut TextIndex, round: usize, number: usize| {
            let text = format!("common word{number} round{round} tail{}", number % 50);
            index.add(&format!("key {number}"), &text, None).unwrap();
        };
        (0..1000).for_each(|number| add(&mut index, 0, number));
        let first = index.bytes();
        for round in 1..60 {
            for number in (0..1000).rev().skip(round % 7) {
                assert!(index.remove(&format!("key {number}")));
            }
            (0..1000).for_each(|number| add(&mut index, round, number));
        }
        assert!(index.bytes() < first * 3 / 2, "{} {first}", index.bytes());
        (0..1000).for_each(|number| {
            index.remove(&format!("key {number}"));
        });
        assert!(index.is_empty());
        assert!(index.bytes() < 1000);
    }

    #[test]
    fn weights_have_ranges() {
        for (k1, b) in [
            (-0.1, 0.5),
            (f64::NAN, 0.5),
            (1.2, 1.1),
            (1.2, f64::INFINITY),
        ] {
            assert_eq!(
                TextIndex::new(Weights { k1, b }).unwrap_err().code(),
                "OPTION_INVALID"
            );
        }
        let mut index = TextIndex::new(Weights { k1: 0.0, b: 0.0 }).unwrap();
        assert_eq!(index.add("", "x", None).unwrap_err().code(), "KEY_INVALID");
    }

    proptest! {
        #[test]
        fn any_history_is_as_if_only_what_is_left_had_come(
            steps in proptest::collection::vec((0_u8..12, proptest::option::of("[abc ]{0,12}")), 0..80),
            query in "[abcd ]{0,8}",
        ) {
            let mut index = TextIndex::new(Weights::default()).unwrap();
            let mut left: BTreeMap<usize, (String, String)> = BTreeMap::new();
            for (at, (key, text)) in steps.into_iter().enumerate() {
                let key = format!("key {key}");
                let was_there = left.values().any(|(other, _)| *other == key);
                left.retain(|_, (other, _)| *other != key);
                match text {
                    Some(text) => {
                        prop_assert_eq!(index.add(&key, &text, None).unwrap(), was_there);
                        left.insert(at, (key, text));
                    }
                    None => prop_assert_eq!(index.remove(&key), was_there),
                }
            }
            let mut fresh = TextIndex::new(Weights::default()).unwrap();
            for (key, text) in left.values() {
                fresh.add(key, text, None).unwrap();
            }
            prop_assert_eq!(keys(&index, &query), keys(&fresh, &query));
            let read = TextIndex::from_bytes(&index.to_bytes()).unwrap();
            prop_assert_eq!(keys(&index, &query), keys(&read, &query));
            prop_assert_eq!(read.to_bytes(), fresh.to_bytes());
        }
    }
}
