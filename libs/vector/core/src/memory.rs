//! Aligned bytes, of this process or of a mapped file.

use std::fmt;
use std::sync::Arc;

use bytemuck::{Pod, Zeroable};
use memmap2::Mmap;

use crate::error::VectorError;

/// Bytes start at a multiple of this: a cache line, and the widest vector register.
pub(crate) const ALIGNMENT: usize = 64;

#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; ALIGNMENT]);

// SAFETY: an array of bytes; all zeroes is a value of it.
unsafe impl Zeroable for Line {}
// SAFETY: bytes alone, without padding, since size and alignment are both 64; any bits are a value.
unsafe impl Pod for Line {}

/// A fixed number of bytes. A clone of mapped ones shares the map; the first change takes a copy.
#[derive(Clone)]
pub(crate) struct Bytes(Source);

#[derive(Clone)]
enum Source {
    Own {
        lines: Vec<Line>,
        length: usize,
    },
    Mapped {
        map: Arc<Mmap>,
        start: usize,
        length: usize,
    },
}

impl Bytes {
    /// That many zeroes.
    pub fn zeroed(length: usize) -> Result<Self, VectorError> {
        let count = length.div_ceil(ALIGNMENT);
        let mut lines = Vec::new();
        lines
            .try_reserve_exact(count)
            .map_err(|_| VectorError::Memory { bytes: length })?;
        lines.resize(count, Line::zeroed());
        Ok(Self(Source::Own { lines, length }))
    }

    /// A range of a mapped file; None where the file has no such range, or it is not aligned.
    pub fn mapped(map: &Arc<Mmap>, start: usize, length: usize) -> Option<Self> {
        let end = start.checked_add(length)?;
        let is_there = end <= map.len() && start.is_multiple_of(ALIGNMENT);
        is_there.then(|| {
            Self(Source::Mapped {
                map: Arc::clone(map),
                start,
                length,
            })
        })
    }

    /// Whether they are of a file.
    pub fn is_mapped(&self) -> bool {
        matches!(self.0, Source::Mapped { .. })
    }

    pub fn as_slice(&self) -> &[u8] {
        match &self.0 {
            Source::Own { lines, length } => &bytemuck::cast_slice(lines)[..*length],
            Source::Mapped { map, start, length } => &map[*start..*start + *length],
        }
    }

    /// The bytes to change; of mapped ones a copy takes their place.
    pub fn as_mut_slice(&mut self) -> Result<&mut [u8], VectorError> {
        if self.is_mapped() {
            let mut own = Self::zeroed(self.as_slice().len())?;
            own.as_mut_slice()?.copy_from_slice(self.as_slice());
            *self = own;
        }
        match &mut self.0 {
            Source::Own { lines, length } => Ok(&mut bytemuck::cast_slice_mut(lines)[..*length]),
            Source::Mapped { .. } => Ok(&mut []),
        }
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_mapped() { "mapped" } else { "own" };
        write!(formatter, "{} {kind} bytes", self.as_slice().len())
    }
}
