//! Names, with what a search looks at before it looks at their letters.

use crate::error::Result;
use crate::fold::{Letter, length_of};
use crate::ids::make_room;
use crate::packed::{Columns, Packer, is_narrow, unpack};
use crate::texts::{Texts, small};

/// Stands for no symbol.
pub(crate) const NONE: u32 = u32::MAX;

/// Bytes of a letter of a name that is not packed into one each, and what is before its letters.
const WIDE_LETTER: usize = size_of::<Letter>();
const WIDE_START: usize = 1;

/// Names that are looked at before those that are wanted are noted.
const BLOCK: usize = 512;

/// Names by id, in columns.
#[derive(Default)]
pub(crate) struct Names {
    texts: Texts,
    /// Sets of letters, see [`crate::fold::mask`]; 0 where no symbol has the name.
    masks: Vec<u64>,
    /// See [`crate::fold::head`].
    heads: Vec<u64>,
    /// The first of the chain of symbols that have the name.
    firsts: Vec<u32>,
    /// How many have it.
    counts: Vec<u32>,
    /// Where the letters of each start.
    starts: Vec<u32>,
    /// Letters of all names, packed, and those of names that are gone.
    letters: Vec<u8>,
    garbage: usize,
    packer: Packer,
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

    /// Ids of names whose mask and head are as asked for, in place of what `ids` had.
    pub(crate) fn select(&self, is_wanted: impl Fn(u64, u64) -> bool, ids: &mut Vec<u32>) {
        ids.clear();
        let mut id = 0;
        for (masks, heads) in self.masks.chunks(BLOCK).zip(self.heads.chunks(BLOCK)) {
            let mut block = [0; BLOCK];
            let mut found = 0;
            for (&mask, &head) in masks.iter().zip(heads) {
                // Written whether it is one or not, and kept only if it is: which names these are cannot be foreseen.
                if let Some(next) = block.get_mut(found) {
                    *next = id;
                }
                id += 1;
                found += usize::from(is_wanted(mask, head));
            }
            ids.extend_from_slice(block.get(..found).unwrap_or_default());
        }
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
    pub(crate) fn unpack(&self, id: u32, letters: &mut Vec<Letter>) {
        unpack(self.packed(id), letters);
    }

    /// The letters as they are held.
    pub(crate) fn packed(&self, id: u32) -> &[u8] {
        let from = self.packed_from(id);
        let length = packed_length(from, self.head(id));
        from.get(..length).unwrap_or_default()
    }

    /// The letters as they are held, with those of other names behind them.
    pub(crate) fn packed_from(&self, id: u32) -> &[u8] {
        let start = self
            .starts
            .get(id as usize)
            .map_or(usize::MAX, |&start| start as usize);
        self.letters.get(start..).unwrap_or_default()
    }

    /// The id of a name, held once more.
    pub(crate) fn hold(&mut self, name: &str) -> Result<u32> {
        let (id, is_new) = self.texts.hold(name)?;
        if is_new {
            if self.texts.slots() > self.masks.len() {
                add(&mut self.masks, 0);
                add(&mut self.heads, 0);
                add(&mut self.firsts, NONE);
                add(&mut self.counts, 0);
                add(&mut self.starts, 0);
            }
            make_room(&mut self.letters, name.len());
            let start = self.letters.len();
            let Columns { mask, head } = self.packer.pack(name, &mut self.letters);
            let at = id as usize;
            if let (Some(own_mask), Some(own_head), Some(own_start)) = (
                self.masks.get_mut(at),
                self.heads.get_mut(at),
                self.starts.get_mut(at),
            ) {
                *own_mask = mask;
                *own_head = head;
                *own_start = u32::try_from(start).unwrap_or(u32::MAX);
            }
            if let Err(error) = small(self.letters.len()) {
                self.release(id);
                return Err(error);
            }
        }
        Ok(id)
    }

    /// Names of which each is held once.
    pub(crate) fn of(texts: Texts) -> Result<Self> {
        let slots = texts.slots();
        let mut names = Self {
            masks: Vec::with_capacity(slots),
            heads: Vec::with_capacity(slots),
            starts: Vec::with_capacity(slots),
            firsts: vec![NONE; slots],
            counts: vec![0; slots],
            ..Self::default()
        };
        for id in 0..small(slots)? {
            names.starts.push(small(names.letters.len())?);
            let Columns { mask, head } = names.packer.pack(texts.get(id), &mut names.letters);
            names.masks.push(mask);
            names.heads.push(head);
        }
        names.texts = texts;
        Ok(names)
    }

    /// Gives back room that nothing took.
    pub(crate) fn trim(&mut self) {
        self.texts.trim();
        self.letters.shrink_to_fit();
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
        self.garbage += self.packed(id).len();
        let at = id as usize;
        if let (Some(mask), Some(head)) = (self.masks.get_mut(at), self.heads.get_mut(at)) {
            *mask = 0;
            *head = 0;
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
            + (self.firsts.capacity() + self.counts.capacity() + self.starts.capacity())
                * size_of::<u32>()
            + self.letters.capacity()
    }

    fn collect(&mut self) {
        let mut kept = Vec::with_capacity(self.letters.len() - self.garbage);
        for (start, &head) in self.starts.iter_mut().zip(&self.heads) {
            let from = self.letters.get(*start as usize..).unwrap_or_default();
            // What is kept is shorter than what was there.
            *start = u32::try_from(kept.len()).unwrap_or(u32::MAX);
            let length = packed_length(from, head);
            kept.extend_from_slice(from.get(..length).unwrap_or_default());
        }
        self.letters = kept;
        self.garbage = 0;
    }
}

fn add<Item>(items: &mut Vec<Item>, item: Item) {
    make_room(items, 1);
    items.push(item);
}

/// Bytes of a name at the start of others.
fn packed_length(packed: &[u8], head: u64) -> usize {
    match length_of(head) {
        0 => 0,
        letters if is_narrow(packed) => letters,
        letters => WIDE_START + letters * WIDE_LETTER,
    }
}
