//! Each text once: ids for texts, counted, and given out again when nobody holds them.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::error::{Result, SymbolsError};

/// Garbage that is not worth collecting, in bytes.
const TOLERATED_GARBAGE: usize = 64 << 10;

#[derive(Clone, Copy, Default)]
struct Span {
    start: u32,
    length: u32,
    /// Who holds it; 0 where the id is free.
    holders: u32,
}

/// Texts by id.
#[derive(Default)]
pub(crate) struct Texts {
    bytes: String,
    spans: Vec<Span>,
    free: Vec<u32>,
    ids: HashTable<u32>,
    hasher: DefaultHashBuilder,
    garbage: usize,
}

impl Texts {
    /// The text of an id that is held, else an empty one.
    pub(crate) fn get(&self, id: u32) -> &str {
        slice(&self.bytes, self.spans.get(id as usize))
    }

    /// Ids given out so far, free ones included.
    pub(crate) fn slots(&self) -> usize {
        self.spans.len()
    }

    /// Texts that are held.
    pub(crate) fn held(&self) -> usize {
        self.ids.len()
    }

    pub(crate) fn find(&self, text: &str) -> Option<u32> {
        let hash = self.hasher.hash_one(text);
        self.ids.find(hash, |&id| self.get(id) == text).copied()
    }

    /// The id of a text, held once more. True where it is new.
    pub(crate) fn hold(&mut self, text: &str) -> Result<(u32, bool)> {
        let hash = self.hasher.hash_one(text);
        if let Some(&id) = self.ids.find(hash, |&id| self.get(id) == text) {
            if let Some(span) = self.spans.get_mut(id as usize) {
                span.holders = span.holders.saturating_add(1);
            }
            return Ok((id, false));
        }
        let start = small(self.bytes.len())?;
        let length = small(text.len())?;
        small(self.bytes.len().saturating_add(text.len()))?;
        let id = match self.free.pop() {
            Some(id) => id,
            None => {
                let id = small(self.spans.len())?;
                self.spans.push(Span::default());
                id
            }
        };
        self.bytes.push_str(text);
        if let Some(span) = self.spans.get_mut(id as usize) {
            *span = Span {
                start,
                length,
                holders: 1,
            };
        }
        let Self {
            bytes,
            spans,
            hasher,
            ids,
            ..
        } = self;
        let rehash = |&other: &u32| hasher.hash_one(slice(bytes, spans.get(other as usize)));
        ids.insert_unique(hash, id, rehash);
        Ok((id, true))
    }

    /// Texts that stand one behind the other, by their lengths, each held once; none where one is there twice, or the
    /// lengths do not cut the text into texts.
    pub(crate) fn of(bytes: &str, lengths: &[u32]) -> Option<Self> {
        let mut texts = Self {
            bytes: bytes.to_owned(),
            spans: Vec::with_capacity(lengths.len()),
            ..Self::default()
        };
        let Self {
            spans, ids, hasher, ..
        } = &mut texts;
        let hash = |text: &str| hasher.hash_one(text);
        let rehash = |spans: &[Span], id: u32| hash(slice(bytes, spans.get(id as usize)));
        ids.reserve(lengths.len(), |&id| rehash(spans, id));
        let mut start = 0_u32;
        for (id, &length) in (0..).zip(lengths) {
            let end = start.checked_add(length)?;
            let text = bytes.get(start as usize..end as usize)?;
            let own = hash(text);
            if ids
                .find(own, |&other| {
                    slice(bytes, spans.get(other as usize)) == text
                })
                .is_some()
            {
                return None;
            }
            spans.push(Span {
                start,
                length,
                holders: 1,
            });
            ids.insert_unique(own, id, |&other| rehash(spans, other));
            start = end;
        }
        (start as usize == bytes.len()).then_some(texts)
    }

    /// Gives back room that nothing took.
    pub(crate) fn trim(&mut self) {
        self.bytes.shrink_to_fit();
        self.spans.shrink_to_fit();
    }

    /// Holds an id that is held once more; nothing for one that is not.
    pub(crate) fn hold_again(&mut self, id: u32) {
        if let Some(span) = self
            .spans
            .get_mut(id as usize)
            .filter(|span| span.holders > 0)
        {
            span.holders = span.holders.saturating_add(1);
        }
    }

    /// Lets go of an id once. True where nobody holds it any more.
    pub(crate) fn release(&mut self, id: u32) -> bool {
        let Some(span) = self
            .spans
            .get_mut(id as usize)
            .filter(|span| span.holders > 0)
        else {
            return false;
        };
        if span.holders > 1 {
            span.holders -= 1;
            return false;
        }
        let hash = self.hasher.hash_one(slice(&self.bytes, Some(span)));
        if let Ok(entry) = self.ids.find_entry(hash, |&other| other == id) {
            entry.remove();
        }
        self.garbage += span.length as usize;
        *span = Span::default();
        self.free.push(id);
        if self.garbage > TOLERATED_GARBAGE && self.garbage > self.bytes.len() / 2 {
            self.collect();
        }
        true
    }

    /// Bytes that this takes.
    pub(crate) fn memory(&self) -> usize {
        self.bytes.capacity()
            + self.spans.capacity() * size_of::<Span>()
            + self.free.capacity() * size_of::<u32>()
            + self.ids.allocation_size()
    }

    fn collect(&mut self) {
        let mut kept = String::with_capacity(self.bytes.len() - self.garbage);
        for span in &mut self.spans {
            if span.holders > 0 {
                // What is kept is shorter than what was there, whose length fits.
                let start = u32::try_from(kept.len()).unwrap_or(u32::MAX);
                kept.push_str(slice(&self.bytes, Some(span)));
                span.start = start;
            }
        }
        self.bytes = kept;
        self.garbage = 0;
    }
}

fn slice<'bytes>(bytes: &'bytes str, span: Option<&Span>) -> &'bytes str {
    let Some(span) = span else { return "" };
    let start = span.start as usize;
    bytes
        .get(start..start + span.length as usize)
        .unwrap_or_default()
}

/// A number of bytes that fits.
pub(crate) fn small(size: usize) -> Result<u32> {
    u32::try_from(size)
        .ok()
        .filter(|&size| size < u32::MAX)
        .ok_or_else(|| SymbolsError::TooLarge {
            what: "an index",
            size: format!("{size} bytes of text"),
            limit: u64::from(u32::MAX) - 1,
        })
}

#[cfg(test)]
mod tests {
    use super::Texts;

    #[test]
    fn a_text_that_nobody_holds_gives_its_id_to_another() {
        let mut texts = Texts::default();
        let (first, _) = texts.hold("first").expect("it fits");
        assert_eq!(texts.hold("first").expect("it fits"), (first, false));
        assert!(!texts.release(first));
        assert!(texts.release(first));
        assert_eq!(texts.find("first"), None);
        assert_eq!(texts.hold("second").expect("it fits"), (first, true));
        assert_eq!(texts.get(first), "second");
    }

    #[test]
    fn many_changes_leave_memory_where_it_was() {
        let mut texts = Texts::default();
        let mut held: Vec<u32> = Vec::new();
        let mut after_warmup = 0;
        for round in 0..40_000_u32 {
            let (id, _) = texts
                .hold(&format!("a text of round {round}"))
                .expect("it fits");
            held.push(id);
            if held.len() > 1_000 {
                texts.release(held.remove(0));
            }
            if round == 10_000 {
                after_warmup = texts.memory();
            }
        }
        assert!(texts.memory() <= after_warmup + after_warmup / 2);
        assert_eq!(texts.held(), 1_000);
    }
}
