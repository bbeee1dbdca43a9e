//! Files by id: their paths, their symbols, what they refer to.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::error::{Result, SymbolsError};
use crate::fold::{Folded, Letter, mask, place};
use crate::ids::Ids;
use crate::names::NONE;

/// A file of the index.
#[derive(Default)]
pub(crate) struct File {
    pub(crate) path: Box<str>,
    /// Which letters may be in the path; not which of them twice.
    pub(crate) mask: u64,
    /// Ids of its symbols, in the order given.
    pub(crate) symbols: Ids,
    pub(crate) references: Counts,
}

/// Ids of names and how often a file has them, by id.
pub(crate) type Counts = Box<[(u32, u32)]>;

/// Files by id.
#[derive(Default)]
pub(crate) struct Files {
    slots: Vec<Option<File>>,
    free: Vec<u32>,
    ids: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// Bytes of paths, symbols and references.
    held: usize,
}

impl Files {
    pub(crate) fn get(&self, id: u32) -> Option<&File> {
        self.slots.get(id as usize)?.as_ref()
    }

    pub(crate) fn find(&self, path: &str) -> Option<u32> {
        let hash = self.hasher.hash_one(path);
        let same = |&id: &u32| self.get(id).is_some_and(|file| &*file.path == path);
        self.ids.find(hash, same).copied()
    }

    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    /// Ids given out so far, free ones included.
    pub(crate) fn slots(&self) -> usize {
        self.slots.len()
    }

    /// Files with their ids, in no order that means anything.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &File)> {
        (0..)
            .zip(&self.slots)
            .filter_map(|(id, file)| Some((id, file.as_ref()?)))
    }

    /// The id of a path; a file without symbols where it is new.
    pub(crate) fn add(&mut self, path: &str) -> Result<u32> {
        if let Some(id) = self.find(path) {
            return Ok(id);
        }
        let id = match self.free.pop() {
            Some(id) => id,
            None => u32::try_from(self.slots.len()).unwrap_or(NONE),
        };
        if id == NONE {
            return Err(SymbolsError::TooLarge {
                what: "an index",
                size: format!("{id} files"),
                limit: u64::from(NONE) - 1,
            });
        }
        let file = File {
            path: path.into(),
            mask: path_mask(path),
            ..File::default()
        };
        self.held += path.len();
        match self.slots.get_mut(id as usize) {
            Some(slot) => *slot = Some(file),
            None => self.slots.push(Some(file)),
        }
        let Self {
            slots, ids, hasher, ..
        } = self;
        let rehash = |&other: &u32| {
            let file = slots.get(other as usize).and_then(Option::as_ref);
            hasher.hash_one(file.map_or("", |file| &*file.path))
        };
        ids.insert_unique(hasher.hash_one(path), id, rehash);
        Ok(id)
    }

    /// Gives a file its symbols and references.
    pub(crate) fn fill(&mut self, id: u32, symbols: Ids, references: Counts) {
        if let Some(Some(file)) = self.slots.get_mut(id as usize) {
            self.held -= held(file);
            file.symbols = symbols;
            file.references = references;
            self.held += held(file);
        }
    }

    /// Takes the symbols and references of a file away.
    pub(crate) fn empty(&mut self, id: u32) -> (Ids, Counts) {
        let Some(Some(file)) = self.slots.get_mut(id as usize) else {
            return Default::default();
        };
        self.held -= held(file);
        (
            std::mem::take(&mut file.symbols),
            std::mem::take(&mut file.references),
        )
    }

    /// Forgets a file that was emptied.
    pub(crate) fn remove(&mut self, id: u32) {
        let Some(file) = self.slots.get_mut(id as usize).and_then(Option::take) else {
            return;
        };
        let hash = self.hasher.hash_one(&*file.path);
        if let Ok(entry) = self.ids.find_entry(hash, |&other| other == id) {
            entry.remove();
        }
        self.held -= held(&file) + file.path.len();
        self.free.push(id);
    }

    /// Bytes that this takes.
    pub(crate) fn memory(&self) -> usize {
        self.held
            + self.slots.capacity() * size_of::<Option<File>>()
            + self.free.capacity() * size_of::<u32>()
            + self.ids.allocation_size()
    }
}

fn held(file: &File) -> usize {
    file.symbols.memory() + size_of_val(&*file.references)
}

/// Letters of a whole path, however long it is; with others too.
fn path_mask(path: &str) -> u64 {
    if path.is_ascii() {
        let letters = path
            .bytes()
            .map(|byte| Letter::from(byte.to_ascii_lowercase()));
        return letters.fold(0, |mask, letter| mask | 1 << place(letter));
    }
    let parts = path.split(['/', '\\']);
    parts.fold(0, |all, part| all | mask(&Folded::of(part).letters))
}
