//! Names, with what a search looks at before it looks at their letters.

use crate::error::Result;
use crate::fold::{Folded, Letter, head, mask};
use crate::texts::Texts;

/// Stands for no symbol.
pub(crate) const NONE: u32 = u32::MAX;

/// Names by id, in columns.
#[derive(Default)]
pub(crate) struct Names {
    texts: Texts,
    /// Sets of letters, see [`mask`]; 0 where no symbol has the name.
    masks: Vec<u64>,
    /// See [`head`].
    heads: Vec<u64>,
    /// The first of the chain of symbols that have the name.
    firsts: Vec<u32>,
    /// How many have it.
    counts: Vec<u32>,
    /// Where the letters of each are: start and length.
    spans: Vec<(u32, u32)>,
    /// Letters of all names, and those of names that are gone.
    letters: Vec<Letter>,
    garbage: usize,
    folded: Folded,
}

/// Letters of names that are gone which are not worth collecting.
const TOLERATED_GARBAGE: usize = 16 << 10;

impl Names {
    pub(crate) fn get(&self, id: u32) -> &str {
        self.texts.get(id)
    }

    pub(crate) fn find(&self, name: &str) -> Option<u32> {
        self.texts.find(name)
    }

    pub(crate) fn held(&self) -> usize {
        self.texts.held()
    }

    pub(crate) fn masks(&self) -> &[u64] {
        &self.masks
    }

    pub(crate) fn mask(&self, id: u32) -> u64 {
        self.masks.get(id as usize).copied().unwrap_or(0)
    }

    pub(crate) fn head(&self, id: u32) -> u64 {
        self.heads.get(id as usize).copied().unwrap_or(0)
    }

    pub(crate) fn first(&self, id: u32) -> u32 {
        self.firsts.get(id as usize).copied().unwrap_or(NONE)
    }

    pub(crate) fn count(&self, id: u32) -> u32 {
        self.counts.get(id as usize).copied().unwrap_or(0)
    }

    /// The name as it is compared.
    pub(crate) fn letters(&self, id: u32) -> &[Letter] {
        let &(start, length) = self.spans.get(id as usize).unwrap_or(&(0, 0));
        let start = start as usize;
        self.letters
            .get(start..start + length as usize)
            .unwrap_or_default()
    }

    /// The id of a name, held once more.
    pub(crate) fn hold(&mut self, name: &str) -> Result<u32> {
        let (id, is_new) = self.texts.hold(name)?;
        if is_new {
            let slots = self.texts.slots();
            self.masks.resize(slots, 0);
            self.heads.resize(slots, 0);
            self.firsts.resize(slots, NONE);
            self.counts.resize(slots, 0);
            self.spans.resize(slots, (0, 0));
            self.folded.fold(name);
            let letters = &self.folded.letters;
            let at = id as usize;
            if let (Some(own_mask), Some(own_head), Some(span)) = (
                self.masks.get_mut(at),
                self.heads.get_mut(at),
                self.spans.get_mut(at),
            ) {
                *own_mask = mask(letters);
                *own_head = head(letters);
                // There are fewer letters than bytes of names, which are counted in 32 bits; a letter of many units is
                // of as many bytes at least.
                let start = u32::try_from(self.letters.len()).unwrap_or(u32::MAX);
                *span = (start, u32::try_from(letters.len()).unwrap_or(0));
                self.letters.extend_from_slice(letters);
            }
        }
        Ok(id)
    }

    /// Makes room for so many more names.
    pub(crate) fn reserve(&mut self, names: usize) {
        self.texts.reserve(names);
        self.masks.reserve(names);
        self.heads.reserve(names);
        self.firsts.reserve(names);
        self.counts.reserve(names);
        self.spans.reserve(names);
    }

    /// Holds a name that is held once more; nothing for [`NONE`].
    pub(crate) fn hold_again(&mut self, id: u32) {
        self.texts.hold_again(id);
    }

    /// Ids given out so far, free ones included.
    pub(crate) fn slots(&self) -> usize {
        self.texts.slots()
    }

    /// Lets go of a name once.
    pub(crate) fn release(&mut self, id: u32) {
        if !self.texts.release(id) {
            return;
        }
        if let (Some(mask), Some(span)) = (
            self.masks.get_mut(id as usize),
            self.spans.get_mut(id as usize),
        ) {
            *mask = 0;
            self.garbage += span.1 as usize;
            *span = (0, 0);
        }
        if self.garbage > TOLERATED_GARBAGE && self.garbage > self.letters.len() / 2 {
            self.collect();
        }
    }

    /// Sets the first symbol of a name, and adds to how many have it.
    pub(crate) fn link(&mut self, id: u32, first: u32, change: i32) {
        let at = id as usize;
        if let (Some(own), Some(count)) = (self.firsts.get_mut(at), self.counts.get_mut(at)) {
            *own = first;
            *count = count.saturating_add_signed(change);
        }
    }

    /// Bytes that this takes.
    pub(crate) fn memory(&self) -> usize {
        self.texts.memory()
            + (self.masks.capacity() + self.heads.capacity()) * size_of::<u64>()
            + (self.firsts.capacity() + self.counts.capacity()) * size_of::<u32>()
            + self.spans.capacity() * size_of::<(u32, u32)>()
            + self.letters.capacity() * size_of::<Letter>()
    }

    fn collect(&mut self) {
        let mut kept = Vec::with_capacity(self.letters.len() - self.garbage);
        for (start, length) in &mut self.spans {
            let from = *start as usize;
            // What is kept is shorter than what was there.
            *start = u32::try_from(kept.len()).unwrap_or(u32::MAX);
            kept.extend_from_slice(
                self.letters
                    .get(from..from + *length as usize)
                    .unwrap_or_default(),
            );
        }
        self.letters = kept;
        self.garbage = 0;
    }
}
