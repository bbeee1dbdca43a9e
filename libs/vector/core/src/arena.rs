//! Vectors in rows, found by key. A row number stays what it is until its key is removed; free rows are used again.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;

use crate::error::VectorError;
use crate::rows::Rows;
use crate::scalar::Metadata;
use crate::shape::{LONGEST_KEY, Shape};

/// Where a vector was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// Its row.
    pub row: u32,
    /// Whether the key had a vector before, which is gone.
    pub is_replaced: bool,
}

/// Rows with their keys and metadata.
///
/// ```
/// use fishplate_vector::{Arena, Shape, Storage};
/// # fn main() -> Result<(), fishplate_vector::VectorError> {
/// let mut arena = Arena::new(Shape::new(2, Storage::F32, false)?);
/// let placed = arena.add("a", &[3.0, 4.0], None)?;
/// assert_eq!(arena.row_of("a"), Some(placed.row));
/// assert_eq!(arena.rows().vector(placed.row).as_deref(), Some(&[3.0, 4.0][..]));
/// assert_eq!(arena.remove("a")?, Some(placed.row));
/// assert_eq!(arena.rows().key(placed.row), None);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Arena {
    rows: Rows,
    by_key: HashTable<u32>,
    hasher: RandomState,
    /// The last one is used next.
    free: Vec<u32>,
}

impl Arena {
    /// Without rows.
    pub fn new(shape: Shape) -> Self {
        Self {
            rows: Rows::new(shape),
            by_key: HashTable::new(),
            hasher: RandomState::new(),
            free: Vec::new(),
        }
    }

    /// Over rows with distinct keys.
    ///
    /// # Errors
    ///
    /// The first key that is there twice.
    pub(crate) fn over(rows: Rows) -> Result<Self, Box<str>> {
        let mut arena = Self::new(rows.shape());
        arena.rows = rows;
        for row in (0..arena.rows.end()).rev() {
            let Some(key) = arena.rows.key(row) else {
                arena.free.push(row);
                continue;
            };
            if arena.row_of(key).is_some() {
                return Err(key.into());
            }
            let hash = arena.hasher.hash_one(key);
            let (rows, hasher) = (&arena.rows, &arena.hasher);
            arena.by_key.insert_unique(hash, row, |&other| {
                hasher.hash_one(rows.key(other).unwrap_or_default())
            });
        }
        Ok(arena)
    }

    /// Its rows. A clone of them costs a few microseconds and stays as it is whatever happens to the arena.
    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// Vectors that it holds.
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// The row of a key.
    pub fn row_of(&self, key: &str) -> Option<u32> {
        let hash = self.hasher.hash_one(key);
        self.by_key
            .find(hash, |&row| self.rows.key(row) == Some(key))
            .copied()
    }

    /// Puts a vector under a key. A key that is there keeps its row and gets this vector and this metadata in place of its own.
    ///
    /// # Errors
    ///
    /// [`VectorError::Dimensions`], [`VectorError::NotFinite`], [`VectorError::Key`], [`VectorError::Full`],
    /// [`VectorError::Memory`]; the arena is then what it was.
    pub fn add(
        &mut self,
        key: &str,
        vector: &[f32],
        metadata: Option<Metadata>,
    ) -> Result<Placed, VectorError> {
        self.check(key, vector)?;
        if let Some(row) = self.row_of(key) {
            self.rows.put(row, vector, None, metadata)?;
            return Ok(Placed {
                row,
                is_replaced: true,
            });
        }
        let rows = self.len();
        self.by_key
            .try_reserve(1, |&row| {
                self.hasher.hash_one(self.rows.key(row).unwrap_or_default())
            })
            .map_err(|_| VectorError::Memory { bytes: rows * 8 })?;
        let row = match self.free.last() {
            Some(&row) => row,
            None => self.rows.end(),
        };
        if row == u32::MAX {
            return Err(VectorError::Full { rows });
        }
        self.rows.put(row, vector, Some(key.into()), metadata)?;
        self.free.pop();
        let hash = self.hasher.hash_one(key);
        let (rows, hasher) = (&self.rows, &self.hasher);
        self.by_key.insert_unique(hash, row, |&other| {
            hasher.hash_one(rows.key(other).unwrap_or_default())
        });
        Ok(Placed {
            row,
            is_replaced: false,
        })
    }

    /// Whether [`Self::add`] would take this key and vector.
    ///
    /// # Errors
    ///
    /// [`VectorError::Dimensions`], [`VectorError::NotFinite`], [`VectorError::Key`].
    pub fn check(&self, key: &str, vector: &[f32]) -> Result<(), VectorError> {
        if key.is_empty() || key.len() > LONGEST_KEY {
            return Err(VectorError::Key {
                bytes: key.len(),
                most: LONGEST_KEY,
            });
        }
        let expected = self.rows.shape().dims();
        if vector.len() != expected {
            return Err(VectorError::Dimensions {
                what: "the vector",
                found: vector.len(),
                expected,
            });
        }
        finite(vector, || format!("the vector of {key:?}"))
    }

    /// Takes a key out; its row number is free then.
    ///
    /// # Errors
    ///
    /// [`VectorError::Memory`], where a snapshot is in use and its block cannot be copied; nothing has changed then.
    pub fn remove(&mut self, key: &str) -> Result<Option<u32>, VectorError> {
        let hash = self.hasher.hash_one(key);
        let rows = &self.rows;
        let Ok(entry) = self
            .by_key
            .find_entry(hash, |&row| rows.key(row) == Some(key))
        else {
            return Ok(None);
        };
        let row = *entry.get();
        self.free
            .try_reserve(1)
            .map_err(|_| VectorError::Memory { bytes: 4 })?;
        self.rows.clear(row)?;
        entry.remove();
        if self.by_key.is_empty() {
            *self = Self::new(self.rows.shape());
        } else {
            self.free.push(row);
        }
        Ok(Some(row))
    }

    /// Bytes that it keeps in memory: vectors, codes, keys, metadata, tables. Mapped rows count as none.
    pub fn bytes(&self) -> usize {
        self.rows.bytes() + self.by_key.allocation_size() + self.free.capacity() * 4
    }
}

/// # Errors
///
/// [`VectorError::NotFinite`].
pub(crate) fn finite(vector: &[f32], what: impl FnOnce() -> String) -> Result<(), VectorError> {
    // A sum of zeroes is NaN exactly where one of the numbers is not finite, and takes no branch a number.
    let sum: f32 = vector
        .chunks(16)
        .map(|chunk| chunk.iter().map(|value| value * 0.0).sum::<f32>())
        .sum();
    if sum == 0.0 {
        return Ok(());
    }
    match vector.iter().position(|value| !value.is_finite()) {
        Some(at) => Err(VectorError::NotFinite {
            what: what(),
            value: vector[at],
            at,
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::Arena;
    use crate::error::VectorError;
    use crate::scalar::{Metadata, Scalar};
    use crate::shape::{Shape, Storage};

    fn arena(storage: Storage) -> Arena {
        Arena::new(Shape::new(3, storage, false).unwrap())
    }

    #[test]
    fn a_key_that_is_there_keeps_its_row_and_gets_what_is_new() {
        let mut arena = arena(Storage::F32);
        let old = Metadata::new(vec![("a".into(), Scalar::Bool(true))]);
        let first = arena.add("x", &[1.0; 3], Some(old)).unwrap();
        let second = arena.add("x", &[2.0; 3], None).unwrap();
        assert_eq!((second.row, second.is_replaced), (first.row, true));
        assert_eq!(arena.len(), 1);
        assert_eq!(arena.rows().metadata(first.row), None);
        assert_eq!(arena.rows().vector(first.row).unwrap()[0], 2.0);
    }

    #[test]
    fn free_rows_are_used_again_the_last_one_first() {
        let mut arena = arena(Storage::I8);
        for key in ["a", "b", "c", "d"] {
            arena.add(key, &[1.0, -2.0, 3.0], None).unwrap();
        }
        assert_eq!(arena.remove("b").unwrap(), Some(1));
        assert_eq!(arena.remove("c").unwrap(), Some(2));
        assert_eq!(arena.remove("c").unwrap(), None);
        assert_eq!(arena.add("e", &[0.0; 3], None).unwrap().row, 2);
        assert_eq!(arena.add("f", &[0.0; 3], None).unwrap().row, 1);
        assert_eq!(arena.add("g", &[0.0; 3], None).unwrap().row, 4);
    }

    #[test]
    fn a_snapshot_stays_what_it_was() {
        let mut arena = arena(Storage::F16);
        arena.add("a", &[1.0; 3], None).unwrap();
        let before = arena.rows().clone();
        arena.add("a", &[5.0; 3], None).unwrap();
        arena.add("b", &[6.0; 3], None).unwrap();
        assert_eq!(before.vector(0).unwrap()[0], 1.0);
        assert_eq!(before.key(1), None);
        arena.remove("a").unwrap();
        assert_eq!(before.key(0), Some("a"));
        assert_eq!(arena.rows().key(0), None);
    }

    #[test]
    fn what_is_refused_changes_nothing() {
        let mut arena = arena(Storage::F32);
        let long = "k".repeat(65_536);
        for (key, vector, code) in [
            ("", &[0.0; 3][..], "KEY_INVALID"),
            (&long, &[0.0; 3], "KEY_INVALID"),
            ("a", &[0.0; 2], "DIMS_MISMATCH"),
            ("a", &[0.0, f32::NAN, 0.0], "VECTOR_NOT_FINITE"),
            ("a", &[0.0, 0.0, f32::INFINITY], "VECTOR_NOT_FINITE"),
        ] {
            let error: VectorError = arena.add(key, vector, None).unwrap_err();
            assert_eq!(error.code(), code);
        }
        assert!(arena.is_empty());
        assert_eq!(arena.rows().end(), 0);
        arena.add(&long[1..], &[f32::MAX; 3], None).unwrap();
    }

    #[test]
    fn many_adds_and_removes_leave_memory_where_it_was() {
        let mut arena = arena(Storage::F32);
        let keys: Vec<String> = (0..2000).map(|number| format!("key {number}")).collect();
        let fill = |arena: &mut Arena| {
            for key in &keys {
                arena.add(key, &[1.0; 3], None).unwrap();
            }
        };
        fill(&mut arena);
        let full = arena.bytes();
        for _ in 0..50 {
            for key in keys.iter().rev().skip(1) {
                arena.remove(key).unwrap();
            }
            fill(&mut arena);
        }
        assert!(
            arena.bytes() <= full + 2000 * 4 * 2,
            "{} {full}",
            arena.bytes()
        );
        for key in &keys {
            arena.remove(key).unwrap();
        }
        assert!(arena.bytes() < 1000);
    }

    #[test]
    fn memory_of_float32_rows_is_about_that_of_their_numbers() {
        let mut arena = Arena::new(Shape::new(384, Storage::F32, false).unwrap());
        for row in 0..5000_u16 {
            arena
                .add(&format!("document {row}"), &[f32::from(row); 384], None)
                .unwrap();
        }
        let vectors = 5000.0 * 384.0 * 4.0;
        #[expect(clippy::cast_precision_loss, reason = "a few megabytes")]
        let share = arena.bytes() as f64 / vectors;
        assert!(share < 1.1, "{share}");
    }
}
