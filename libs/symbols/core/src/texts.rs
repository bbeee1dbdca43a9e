//! Each text once: ids for texts, counted, and given out again when nobody holds them.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

use crate::error::{Result, SymbolsError};
use crate::ids::make_room;

/// Garbage that is not worth collecting, in bytes.
const TOLERATED_GARBAGE: usize = 64 << 10;

/// Where a text is, and who holds it.
#[derive(Clone, Copy, Default)]
struct Span {
    start: u32,
    length: u32,
    /// 0 where the id is free.
    holders: u32,
}

/// A span as it is held: most texts are short, and held by few.
#[derive(Clone, Copy, Default)]
struct Packed {
    start: u32,
    length: u16,
    holders: u16,
}

/// Stands for a length, or holders, that do not fit.
const FAR: u16 = u16::MAX;

/// Spans by id.
#[derive(Default)]
struct Spans {
    packed: Vec<Packed>,
    /// Lengths and holders of those that do not fit.
    far: HashMap<u32, (u32, u32)>,
}

impl Spans {
    fn get(&self, id: u32) -> Option<Span> {
        let &Packed {
            start,
            length,
            holders,
        } = self.packed.get(id as usize)?;
        let (length, holders) = if length == FAR {
            *self.far.get(&id)?
        } else {
            (length.into(), holders.into())
        };
        Some(Span {
            start,
            length,
            holders,
        })
    }

    /// Sets one that is there.
    fn set(&mut self, id: u32, span: Span) {
        let Some(packed) = self.packed.get_mut(id as usize) else {
            return;
        };
        let was_far = packed.length == FAR;
        let short = |number: u32| u16::try_from(number).ok().filter(|&short| short != FAR);
        let place = short(span.length).zip(short(span.holders));
        let (length, holders) = place.unwrap_or((FAR, FAR));
        *packed = Packed {
            start: span.start,
            length,
            holders,
        };
        if place.is_none() {
            self.far.insert(id, (span.length, span.holders));
        } else if was_far {
            self.far.remove(&id);
        }
    }

    fn push(&mut self, span: Span) -> Result<u32> {
        let id = small(self.packed.len())?;
        make_room(&mut self.packed, 1);
        self.packed.push(Packed::default());
        self.set(id, span);
        Ok(id)
    }

    fn len(&self) -> usize {
        self.packed.len()
    }
}

/// Texts by id.
#[derive(Default)]
pub(crate) struct Texts {
    bytes: String,
    spans: Spans,
    free: Vec<u32>,
    ids: HashTable<u32>,
    hasher: DefaultHashBuilder,
    garbage: usize,
}

impl Texts {
    /// The text of an id that is held, else an empty one.
    pub(crate) fn get(&self, id: u32) -> &str {
        slice(&self.bytes, self.spans.get(id))
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
            self.hold_again(id);
            return Ok((id, false));
        }
        let start = small(self.bytes.len())?;
        let length = small(text.len())?;
        small(self.bytes.len().saturating_add(text.len()))?;
        let span = Span {
            start,
            length,
            holders: 1,
        };
        let id = match self.free.pop() {
            Some(id) => {
                self.spans.set(id, span);
                id
            }
            None => self.spans.push(span)?,
        };
        if self.bytes.capacity() - self.bytes.len() < text.len() {
            self.bytes
                .reserve_exact(text.len().max(self.bytes.len() / 8));
        }
        self.bytes.push_str(text);
        let Self {
            bytes,
            spans,
            hasher,
            ids,
            ..
        } = self;
        let rehash = |&other: &u32| hasher.hash_one(slice(bytes, spans.get(other)));
        ids.insert_unique(hash, id, rehash);
        Ok((id, true))
    }

    /// Texts that stand one behind the other, by their lengths, each held once; none where one is there twice, or the
    /// lengths do not cut the text into texts.
    pub(crate) fn of(bytes: &str, lengths: &[u32]) -> Option<Self> {
        let mut texts = Self {
            bytes: bytes.to_owned(),
            spans: Spans {
                packed: Vec::with_capacity(lengths.len()),
                ..Spans::default()
            },
            ..Self::default()
        };
        let Self {
            spans, ids, hasher, ..
        } = &mut texts;
        let hash = |text: &str| hasher.hash_one(text);
        let rehash = |spans: &Spans, id: u32| hash(slice(bytes, spans.get(id)));
        ids.reserve(lengths.len(), |&id| rehash(spans, id));
        let mut start = 0_u32;
        for (id, &length) in (0..).zip(lengths) {
            let end = start.checked_add(length)?;
            let text = bytes.get(start as usize..end as usize)?;
            let own = hash(text);
            if ids
                .find(own, |&other| slice(bytes, spans.get(other)) == text)
                .is_some()
            {
                return None;
            }
            spans
                .push(Span {
                    start,
                    length,
                    holders: 1,
                })
                .ok()?;
            ids.insert_unique(own, id, |&other| rehash(spans, other));
            start = end;
        }
        (start as usize == bytes.len()).then_some(texts)
    }

    /// Gives back room that nothing took.
    pub(crate) fn trim(&mut self) {
        self.bytes.shrink_to_fit();
        self.spans.packed.shrink_to_fit();
    }

    /// Holds an id that is held once more; nothing for one that is not.
    pub(crate) fn hold_again(&mut self, id: u32) {
        if let Some(mut span) = self.spans.get(id).filter(|span| span.holders > 0) {
            span.holders = span.holders.saturating_add(1);
            self.spans.set(id, span);
        }
    }

    /// Lets go of an id once. True where nobody holds it any more.
    pub(crate) fn release(&mut self, id: u32) -> bool {
        let Some(mut span) = self.spans.get(id).filter(|span| span.holders > 0) else {
            return false;
        };
        if span.holders > 1 {
            span.holders -= 1;
            self.spans.set(id, span);
            return false;
        }
        let hash = self.hasher.hash_one(slice(&self.bytes, Some(span)));
        if let Ok(entry) = self.ids.find_entry(hash, |&other| other == id) {
            entry.remove();
        }
        self.garbage += span.length as usize;
        self.spans.set(id, Span::default());
        self.free.push(id);
        if self.garbage > TOLERATED_GARBAGE && self.garbage > self.bytes.len() / 2 {
            self.collect();
        }
        true
    }

    /// Bytes that this takes.
    pub(crate) fn memory(&self) -> usize {
        self.bytes.capacity()
            + self.spans.packed.capacity() * size_of::<Packed>()
            + self.spans.far.allocation_size()
            + self.free.capacity() * size_of::<u32>()
            + self.ids.allocation_size()
    }

    fn collect(&mut self) {
        let mut kept = String::with_capacity(self.bytes.len() - self.garbage);
        for id in 0..u32::try_from(self.spans.len()).unwrap_or(u32::MAX) {
            if let Some(span) = self.spans.get(id).filter(|span| span.holders > 0) {
                // What is kept is shorter than what was there, whose length fits.
                let start = u32::try_from(kept.len()).unwrap_or(u32::MAX);
                kept.push_str(slice(&self.bytes, Some(span)));
                self.spans.set(id, Span { start, ..span });
            }
        }
        self.bytes = kept;
        self.garbage = 0;
    }
}

fn slice(bytes: &str, span: Option<Span>) -> &str {
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
    fn long_texts_and_texts_that_many_hold_come_and_go() {
        let mut texts = Texts::default();
        let long = "l".repeat(70_000);
        let (far, _) = texts.hold(&long).expect("it fits");
        let (near, _) = texts.hold("near").expect("it fits");
        for _ in 1..70_000 {
            texts.hold_again(near);
        }
        assert_eq!((texts.get(far), texts.get(near)), (&*long, "near"));
        for _ in 1..70_000 {
            assert!(!texts.release(near));
        }
        assert!(texts.release(near) && texts.release(far));
        assert_eq!((texts.held(), texts.spans.far.len()), (0, 0));
        let (again, _) = texts.hold("again").expect("it fits");
        assert_eq!(texts.get(again), "again");
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
