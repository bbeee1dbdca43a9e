//! The best symbols so far, and no more of them than asked for.

use std::cmp::Ordering;

use crate::index::SymbolIndex;
use crate::matcher::{Match, MatchTier};

/// A symbol that was found.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) id: u32,
    pub(crate) score: i32,
    /// Which meaning of the query found it.
    pub(crate) reading: usize,
    pub(crate) found: Match,
    pub(crate) popular: i32,
    pub(crate) declared: i32,
    pub(crate) place: i32,
    pub(crate) boosted: i32,
}

/// Entries in their order, best first.
pub(crate) struct Top<'index> {
    index: &'index SymbolIndex,
    entries: Vec<Entry>,
    limit: usize,
}

impl<'index> Top<'index> {
    pub(crate) fn new(index: &'index SymbolIndex, limit: usize) -> Self {
        Self {
            index,
            entries: Vec::new(),
            limit,
        }
    }

    /// Whether nothing with this score gets in.
    pub(crate) fn is_beyond(&self, score: i32) -> bool {
        self.entries.len() == self.limit
            && self.entries.last().is_some_and(|last| score < last.score)
    }

    /// Whether a name was found that has the query in one piece, or as its initials.
    pub(crate) fn has_piece(&self) -> bool {
        let mut tiers = self.entries.iter().map(|entry| entry.found.tier);
        tiers.any(|tier| tier >= MatchTier::Substring)
    }

    /// Takes an entry in where it is good enough; of two for the same symbol the better one stays, or the first.
    pub(crate) fn offer(&mut self, entry: Entry) {
        if self.entries.len() == self.limit
            && self
                .entries
                .last()
                .is_some_and(|last| self.order(&entry, last).is_ge())
        {
            return;
        }
        if let Some(at) = self.entries.iter().position(|other| other.id == entry.id) {
            if self
                .entries
                .get(at)
                .is_some_and(|other| other.score >= entry.score)
            {
                return;
            }
            self.entries.remove(at);
        }
        let at = self
            .entries
            .partition_point(|other| self.order(other, &entry).is_lt());
        self.entries.insert(at, entry);
        self.entries.truncate(self.limit);
    }

    pub(crate) fn entries(self) -> Vec<Entry> {
        self.entries
    }

    fn order(&self, one: &Entry, other: &Entry) -> Ordering {
        other
            .score
            .cmp(&one.score)
            .then_with(|| self.place(one).cmp(&self.place(other)))
            .then_with(|| self.ordinal(one).cmp(&self.ordinal(other)))
    }

    fn place(&self, entry: &Entry) -> Option<(&'index str, u32, u32)> {
        let record = self.index.records.get(entry.id)?;
        let path = &*self.index.files.get(record.file)?.path;
        Some((path, record.line, record.column))
    }

    /// Place among the symbols of its file.
    fn ordinal(&self, entry: &Entry) -> Option<usize> {
        let file = self.index.records.get(entry.id)?.file;
        let symbols = &self.index.files.get(file)?.symbols;
        symbols.iter().position(|id| id == entry.id)
    }
}
