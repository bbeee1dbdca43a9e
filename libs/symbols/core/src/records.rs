//! Symbols by id: fixed records, chained by name, ids given out again.

use hashbrown::HashMap;

use crate::error::{Result, SymbolsError};
use crate::ids::make_room;
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
    /// The next one in the chain of symbols of one name.
    pub(crate) next: u32,
    pub(crate) kind: SymbolKind,
    pub(crate) exported: bool,
    /// The name was taken out of the signature.
    pub(crate) named: bool,
}

/// A record as it is held: columns and the distance of lines are mostly short.
#[derive(Clone, Copy)]
struct Packed {
    name: u32,
    file: u32,
    container: u32,
    signature: u32,
    next: u32,
    line: u32,
    column: u16,
    /// Lines down to the end; [`UNKNOWN`] where that is not known.
    lines: u16,
    end_column: u16,
    kind: SymbolKind,
    flags: u8,
}

/// Stands for an end that is not known.
const UNKNOWN: u16 = u16::MAX;

const EXPORTED: u8 = 1;
const NAMED: u8 = 1 << 1;
/// The place does not fit and stands elsewhere.
const FAR: u8 = 1 << 2;

/// Column, end line and end column.
type Place = (u32, u32, u32);

impl Packed {
    /// The record, and its place where that does not fit.
    fn new(record: &Record) -> (Self, Option<Place>) {
        let lines = match record.end_line {
            NONE => Some(UNKNOWN),
            end => end.checked_sub(record.line).and_then(short),
        };
        let end_column = match record.end_column {
            NONE => Some(UNKNOWN),
            column => short(column),
        };
        let place = match (short(record.column), lines, end_column) {
            (Some(column), Some(lines), Some(end_column)) => Some((column, lines, end_column)),
            _ => None,
        };
        let (column, lines, end_column) = place.unwrap_or_default();
        let flag = |is_set: bool, flag: u8| if is_set { flag } else { 0 };
        let packed = Self {
            name: record.name,
            file: record.file,
            container: record.container,
            signature: record.signature,
            next: record.next,
            line: record.line,
            column,
            lines,
            end_column,
            kind: record.kind,
            flags: flag(record.exported, EXPORTED)
                | flag(record.named, NAMED)
                | flag(place.is_none(), FAR),
        };
        let far = (record.column, record.end_line, record.end_column);
        (packed, place.is_none().then_some(far))
    }
}

/// A number that fits and stands for itself.
fn short(number: u32) -> Option<u16> {
    u16::try_from(number).ok().filter(|&short| short != UNKNOWN)
}

/// Records by id.
#[derive(Default)]
pub(crate) struct Records {
    slots: Vec<Packed>,
    free: Vec<u32>,
    /// Places that do not fit into records.
    far: HashMap<u32, Place>,
}

impl Records {
    pub(crate) fn get(&self, id: u32) -> Option<Record> {
        let packed = self.slots.get(id as usize)?;
        let (column, end_line, end_column) = if packed.flags & FAR == 0 {
            let end_line = match packed.lines {
                UNKNOWN => NONE,
                lines => packed.line + u32::from(lines),
            };
            let end_column = match packed.end_column {
                UNKNOWN => NONE,
                column => u32::from(column),
            };
            (u32::from(packed.column), end_line, end_column)
        } else {
            *self.far.get(&id)?
        };
        Some(Record {
            name: packed.name,
            file: packed.file,
            container: packed.container,
            signature: packed.signature,
            line: packed.line,
            column,
            end_line,
            end_column,
            next: packed.next,
            kind: packed.kind,
            exported: packed.flags & EXPORTED != 0,
            named: packed.flags & NAMED != 0,
        })
    }

    /// Sets the next one in the chain of a name.
    pub(crate) fn set_next(&mut self, id: u32, next: u32) {
        if let Some(packed) = self.slots.get_mut(id as usize) {
            packed.next = next;
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Slots that hold nothing.
    pub(crate) fn free(&self) -> usize {
        self.free.len()
    }

    /// Makes room for so many more.
    pub(crate) fn reserve(&mut self, records: usize) {
        self.slots.reserve_exact(records);
    }

    pub(crate) fn add(&mut self, record: &Record) -> Result<u32> {
        let (packed, far) = Packed::new(record);
        let id = match self.free.pop() {
            Some(id) => {
                if let Some(slot) = self.slots.get_mut(id as usize) {
                    *slot = packed;
                }
                id
            }
            None => {
                let id = u32::try_from(self.slots.len()).unwrap_or(NONE);
                if id == NONE {
                    return Err(SymbolsError::TooLarge {
                        what: "an index",
                        size: format!("{id} symbols"),
                        limit: u64::from(NONE) - 1,
                    });
                }
                make_room(&mut self.slots, 1);
                self.slots.push(packed);
                id
            }
        };
        if let Some(far) = far {
            self.far.insert(id, far);
        }
        Ok(id)
    }

    pub(crate) fn remove(&mut self, id: u32) {
        if self
            .slots
            .get(id as usize)
            .is_some_and(|packed| packed.flags & FAR != 0)
        {
            self.far.remove(&id);
        }
        self.free.push(id);
    }

    /// Bytes that this takes.
    pub(crate) fn memory(&self) -> usize {
        self.slots.capacity() * size_of::<Packed>()
            + self.free.capacity() * size_of::<u32>()
            + self.far.allocation_size()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{NONE, Packed, Record, Records};
    use crate::symbol::SymbolKind;

    fn number() -> impl Strategy<Value = u32> {
        prop_oneof![0..3_u32, 65_533..65_538_u32, NONE - 3..NONE]
    }

    fn end() -> impl Strategy<Value = u32> {
        prop_oneof![number(), Just(NONE)]
    }

    #[test]
    fn a_record_is_half_a_line_of_cache() {
        assert_eq!(size_of::<Packed>(), 32);
    }

    proptest! {
        #[test]
        fn places_of_any_size_are_kept(places in prop::collection::vec((number(), number(), end(), end(), any::<[bool; 2]>()), 1..6)) {
            let mut records = Records::default();
            let mut held = Vec::new();
            for round in 0..2 {
                for &(line, column, end_line, end_column, [exported, named]) in &places {
                    let record = Record {
                        name: 1, file: 2, container: NONE, signature: 3, next: round,
                        line, column, end_line, end_column, kind: SymbolKind::Class, exported, named,
                    };
                    held.push((records.add(&record).expect("it fits"), format!("{record:?}")));
                }
                if round == 0 {
                    for (id, _) in held.drain(..) {
                        records.remove(id);
                    }
                    prop_assert_eq!(records.len(), 0);
                }
            }
            for (id, record) in held {
                prop_assert_eq!(format!("{:?}", records.get(id).expect("it is there")), record);
            }
        }
    }
}
