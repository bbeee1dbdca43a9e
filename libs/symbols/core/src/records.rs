//! Symbols by id: fixed records, chained by name, ids given out again.

use crate::error::{Result, SymbolsError};
use crate::names::NONE;
use crate::symbol::SymbolKind;

/// A symbol without its texts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    pub(crate) name: u32,
    pub(crate) file: u32,
    pub(crate) container: u32,
    pub(crate) signature: u32,
    pub(crate) line: u32,
    pub(crate) column: u32,
    /// [`NONE`] where it is not known.
    pub(crate) end_line: u32,
    pub(crate) end_column: u32,
    /// Neighbours in the chain of symbols of one name.
    pub(crate) previous: u32,
    pub(crate) next: u32,
    /// Its place among the symbols of its file.
    pub(crate) ordinal: u32,
    pub(crate) kind: SymbolKind,
    pub(crate) exported: bool,
}

/// Records by id.
#[derive(Default)]
pub(crate) struct Records {
    slots: Vec<Record>,
    free: Vec<u32>,
}

impl Records {
    pub(crate) fn get(&self, id: u32) -> Option<&Record> {
        self.slots.get(id as usize)
    }

    pub(crate) fn get_mut(&mut self, id: u32) -> Option<&mut Record> {
        self.slots.get_mut(id as usize)
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Slots that hold nothing.
    pub(crate) fn free(&self) -> usize {
        self.free.len()
    }

    pub(crate) fn add(&mut self, record: Record) -> Result<u32> {
        if let Some(id) = self.free.pop() {
            if let Some(slot) = self.slots.get_mut(id as usize) {
                *slot = record;
            }
            return Ok(id);
        }
        let id = u32::try_from(self.slots.len()).unwrap_or(NONE);
        if id == NONE {
            return Err(SymbolsError::TooLarge {
                what: "an index",
                size: format!("{id} symbols"),
                limit: u64::from(NONE) - 1,
            });
        }
        self.slots.push(record);
        Ok(id)
    }

    pub(crate) fn remove(&mut self, id: u32) {
        self.free.push(id);
    }

    /// Bytes that this takes.
    pub(crate) fn memory(&self) -> usize {
        self.slots.capacity() * size_of::<Record>() + self.free.capacity() * size_of::<u32>()
    }
}
