//! Names, with what a search looks at before it looks at their letters.

use crate::error::Result;
use crate::fold::{Folded, head, mask};
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
    folded: Folded,
}

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

    /// The id of a name, held once more.
    pub(crate) fn hold(&mut self, name: &str) -> Result<u32> {
        let (id, is_new) = self.texts.hold(name)?;
        if is_new {
            let slots = self.texts.slots();
            self.masks.resize(slots, 0);
            self.heads.resize(slots, 0);
            self.firsts.resize(slots, NONE);
            self.counts.resize(slots, 0);
            self.folded.fold(name);
            let at = id as usize;
            if let (Some(own_mask), Some(own_head)) =
                (self.masks.get_mut(at), self.heads.get_mut(at))
            {
                *own_mask = mask(&self.folded.units);
                *own_head = head(&self.folded);
            }
        }
        Ok(id)
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
        if self.texts.release(id)
            && let Some(mask) = self.masks.get_mut(id as usize)
        {
            *mask = 0;
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
    }
}
