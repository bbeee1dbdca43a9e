//! Rows that lie together: their numbers, and what is known of each.

use crate::error::VectorError;
use crate::memory::Bytes;
use crate::quantize::encode;
use crate::scalar::Metadata;
use crate::shape::Shape;

/// What a scan needs to know of a row beside its numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Measures {
    /// Length of the vector as it came.
    pub norm: f32,
    /// What a code of 1 stands for.
    pub scale: f32,
    /// Length of the difference between the vector and what its codes stand for, never rounded down.
    pub error: f32,
}

/// As many rows as [`Shape::block_bits`] says.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    pub vectors: Bytes,
    pub codes: Bytes,
    pub measures: Vec<Measures>,
    /// A bit a row: whether it holds a vector.
    pub live: Vec<u64>,
    pub keys: Vec<Box<str>>,
    pub metadata: Vec<Option<Metadata>>,
}

impl Block {
    pub fn new(shape: Shape) -> Result<Self, VectorError> {
        let rows = 1 << shape.block_bits();
        Self::over(
            rows,
            Bytes::zeroed(rows * shape.vector_bytes())?,
            Bytes::zeroed(rows * shape.code_bytes())?,
        )
    }

    /// Free rows over bytes that are there.
    pub fn over(rows: usize, vectors: Bytes, codes: Bytes) -> Result<Self, VectorError> {
        Ok(Self {
            vectors,
            codes,
            measures: filled(rows, Measures::default())?,
            live: filled(rows / 64, 0)?,
            keys: filled(rows, Box::from(""))?,
            metadata: filled(rows, None)?,
        })
    }

    pub fn is_live(&self, at: usize) -> bool {
        self.live
            .get(at / 64)
            .is_some_and(|word| word >> (at % 64) & 1 == 1)
    }

    pub fn is_empty(&self) -> bool {
        self.live.iter().all(|&word| word == 0)
    }

    pub fn vector(&self, shape: Shape, at: usize) -> &[f32] {
        let bytes = shape.vector_bytes();
        bytemuck::cast_slice(&self.vectors.as_slice()[at * bytes..(at + 1) * bytes])
    }

    pub fn code(&self, shape: Shape, at: usize) -> &[u8] {
        let bytes = shape.code_bytes();
        &self.codes.as_slice()[at * bytes..(at + 1) * bytes]
    }

    pub fn put(
        &mut self,
        shape: Shape,
        at: usize,
        vector: &[f32],
        key: Option<Box<str>>,
        metadata: Option<Metadata>,
    ) -> Result<(), VectorError> {
        let (vectors, codes) = (shape.vector_bytes(), shape.code_bytes());
        if shape.keeps_vectors() {
            self.vectors.as_mut_slice()?[at * vectors..(at + 1) * vectors]
                .copy_from_slice(bytemuck::cast_slice(vector));
        }
        let code = &mut self.codes.as_mut_slice()?[at * codes..(at + 1) * codes];
        self.measures[at] = encode(shape, vector, code);
        if let Some(key) = key {
            self.keys[at] = key;
        }
        self.metadata[at] = metadata;
        self.live[at / 64] |= 1 << (at % 64);
        Ok(())
    }

    /// Bytes in memory; mapped ones count as none.
    pub fn bytes(&self) -> usize {
        let planes = [&self.vectors, &self.codes];
        let own: usize = planes
            .iter()
            .filter(|plane| !plane.is_mapped())
            .map(|plane| plane.as_slice().len())
            .sum();
        let keys: usize = self.keys.iter().map(|key| key.len() + OVERHEAD).sum();
        let metadata = self.metadata.iter().flatten().map(Metadata::heap_bytes);
        let tables = self.measures.len()
            * (size_of::<Measures>() + size_of::<Box<str>>() + size_of::<Option<Metadata>>());
        own + keys + metadata.sum::<usize>() + tables
    }

    pub fn mapped_bytes(&self) -> usize {
        let mapped = [&self.vectors, &self.codes];
        let mapped = mapped.iter().filter(|plane| plane.is_mapped());
        mapped.map(|plane| plane.as_slice().len()).sum()
    }

    /// Frees a row. What it held is gone from memory, and from files that are written.
    pub fn clear(&mut self, shape: Shape, at: usize) -> Result<(), VectorError> {
        let (vectors, codes) = (shape.vector_bytes(), shape.code_bytes());
        self.vectors.as_mut_slice()?[at * vectors..(at + 1) * vectors].fill(0);
        self.codes.as_mut_slice()?[at * codes..(at + 1) * codes].fill(0);
        self.live[at / 64] &= !(1 << (at % 64));
        self.keys[at] = Box::from("");
        self.metadata[at] = None;
        self.measures[at] = Measures::default();
        Ok(())
    }

    /// Says of a row whose numbers are there already what it is.
    pub fn name(
        &mut self,
        at: usize,
        key: Box<str>,
        metadata: Option<Metadata>,
        measures: Measures,
    ) {
        self.keys[at] = key;
        self.metadata[at] = metadata;
        self.measures[at] = measures;
        self.live[at / 64] |= 1 << (at % 64);
    }
}

/// An allocation that a table of keys points to costs this much more than its bytes, about.
const OVERHEAD: usize = 12;

fn filled<T: Clone>(count: usize, value: T) -> Result<Vec<T>, VectorError> {
    let mut all = Vec::new();
    all.try_reserve_exact(count)
        .map_err(|_| VectorError::Memory {
            bytes: count * size_of::<T>(),
        })?;
    all.resize(count, value);
    Ok(all)
}
