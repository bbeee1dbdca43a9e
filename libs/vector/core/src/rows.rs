//! Rows by number, in blocks that a snapshot shares with its arena until one of them changes.

use std::borrow::Cow;
use std::sync::Arc;

use crate::block::{Block, Measures};
use crate::error::VectorError;
use crate::quantize::decode;
use crate::scalar::Metadata;
use crate::shape::Shape;

/// Rows with their keys and metadata. A clone shares the memory; a change on either side copies the block that it touches.
#[derive(Debug, Clone)]
pub struct Rows {
    shape: Shape,
    /// None where all of its rows are free.
    blocks: Vec<Option<Arc<Block>>>,
    end: u32,
}

impl Rows {
    pub(crate) fn new(shape: Shape) -> Self {
        Self {
            shape,
            blocks: Vec::new(),
            end: 0,
        }
    }

    pub(crate) fn over(shape: Shape, blocks: Vec<Option<Arc<Block>>>, end: u32) -> Self {
        Self { shape, blocks, end }
    }

    /// What they are made of.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// One more than the highest row number that was ever used.
    pub fn end(&self) -> u32 {
        self.end
    }

    /// Whether a row holds a vector.
    pub fn is_live(&self, row: u32) -> bool {
        self.block(row).is_some()
    }

    /// The key of a row.
    pub fn key(&self, row: u32) -> Option<&str> {
        let (block, at) = self.block(row)?;
        block.keys.get(at).map(|key| &**key)
    }

    /// The metadata of a row.
    pub fn metadata(&self, row: u32) -> Option<&Metadata> {
        let (block, at) = self.block(row)?;
        block.metadata.get(at)?.as_ref()
    }

    /// Length, scale and error of a row.
    pub fn measures(&self, row: u32) -> Option<Measures> {
        let (block, at) = self.block(row)?;
        block.measures.get(at).copied()
    }

    /// The vector of a row: as it came where the arena keeps it so, else what its codes stand for.
    pub fn vector(&self, row: u32) -> Option<Cow<'_, [f32]>> {
        let (block, at) = self.block(row)?;
        if self.shape.keeps_vectors() {
            return Some(Cow::Borrowed(block.vector(self.shape, at)));
        }
        let mut vector = vec![0.0; self.shape.dims()];
        let scale = block.measures.get(at)?.scale;
        decode(
            self.shape.storage(),
            block.code(self.shape, at),
            scale,
            &mut vector,
        );
        Some(Cow::Owned(vector))
    }

    /// The numbers of live rows in order.
    pub fn live(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.end).filter(|&row| self.is_live(row))
    }

    /// The block of a live row, and its place there.
    pub(crate) fn block(&self, row: u32) -> Option<(&Block, usize)> {
        let bits = self.shape.block_bits();
        let block = self.blocks.get((row >> bits) as usize)?.as_deref()?;
        let at = (row & ((1 << bits) - 1)) as usize;
        block.is_live(at).then_some((block, at))
    }

    /// The blocks that hold vectors, each with the number of its first row.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = (u32, &Block)> {
        let bits = self.shape.block_bits();
        (0_u32..)
            .zip(&self.blocks)
            .filter_map(move |(number, block)| Some((number << bits, block.as_deref()?)))
    }

    /// All blocks in order; None where all rows of one are free.
    pub(crate) fn all_blocks(&self) -> impl Iterator<Item = Option<&Block>> {
        self.blocks.iter().map(Option::as_deref)
    }

    pub(crate) fn put(
        &mut self,
        row: u32,
        vector: &[f32],
        key: Option<Box<str>>,
        metadata: Option<Metadata>,
    ) -> Result<(), VectorError> {
        let bits = self.shape.block_bits();
        let number = (row >> bits) as usize;
        while self.blocks.len() <= number {
            self.blocks
                .try_reserve(1)
                .map_err(|_| VectorError::Memory { bytes: 8 })?;
            self.blocks.push(None);
        }
        let slot = &mut self.blocks[number];
        let block = match slot {
            Some(block) => block,
            None => slot.insert(Arc::new(Block::new(self.shape)?)),
        };
        let at = (row & ((1 << bits) - 1)) as usize;
        Arc::make_mut(block).put(self.shape, at, vector, key, metadata)?;
        self.end = self.end.max(row + 1);
        Ok(())
    }

    pub(crate) fn clear(&mut self, row: u32) -> Result<(), VectorError> {
        let bits = self.shape.block_bits();
        let Some(slot) = self.blocks.get_mut((row >> bits) as usize) else {
            return Ok(());
        };
        if let Some(block) = slot {
            let block = Arc::make_mut(block);
            block.clear(self.shape, (row & ((1 << bits) - 1)) as usize)?;
            if block.is_empty() {
                *slot = None;
            }
        }
        Ok(())
    }

    /// Bytes that they keep in memory; mapped ones count as none.
    pub fn bytes(&self) -> usize {
        let blocks: usize = self.blocks().map(|(_, block)| block.bytes()).sum();
        blocks + self.blocks.capacity() * size_of::<Option<Arc<Block>>>()
    }

    /// Bytes of vectors and codes that are of a mapped file.
    pub fn mapped_bytes(&self) -> usize {
        self.blocks().map(|(_, block)| block.mapped_bytes()).sum()
    }
}
