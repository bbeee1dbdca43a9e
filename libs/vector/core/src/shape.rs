//! What the rows of an arena are made of.

use crate::error::VectorError;

/// The most numbers of a vector.
pub const MOST_DIMENSIONS: usize = 65_536;

/// The longest key, in bytes.
pub const LONGEST_KEY: usize = 65_535;

/// Bytes of a block of rows, about.
const BLOCK: usize = 512 << 10;

/// As what the numbers of a vector are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// As they came: 4 bytes each.
    F32,
    /// IEEE 754 half precision: 2 bytes, 3 decimal digits, up to 65,504.
    F16,
    /// Whole numbers from -127 to 127 times a scale of the vector: 1 byte.
    I8,
    /// The sign alone: 1 bit.
    B1,
}

impl Storage {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::F32, Self::F16, Self::I8, Self::B1];

    /// The number that stands for it in files and in bindings.
    pub fn number(self) -> u8 {
        match self {
            Self::F32 => 0,
            Self::F16 => 1,
            Self::I8 => 2,
            Self::B1 => 3,
        }
    }

    /// The storage of a number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
}

/// Dimensions and storage of an arena.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    dims: usize,
    storage: Storage,
    keeps_vectors: bool,
}

impl Shape {
    /// Rows of `dims` numbers. With `rescore` the vectors are kept as they came beside their codes; `f32` has no other codes.
    ///
    /// # Errors
    ///
    /// [`VectorError::Option`] where `dims` is not from 1 to [`MOST_DIMENSIONS`].
    pub fn new(dims: usize, storage: Storage, rescore: bool) -> Result<Self, VectorError> {
        if dims == 0 || dims > MOST_DIMENSIONS {
            return Err(VectorError::Option {
                option: "dims",
                rule: format!("must be from 1 to {MOST_DIMENSIONS}, and is {dims}"),
            });
        }
        let keeps_vectors = rescore || storage == Storage::F32;
        Ok(Self {
            dims,
            storage,
            keeps_vectors,
        })
    }

    /// Numbers of a vector.
    pub fn dims(self) -> usize {
        self.dims
    }

    /// As what they are kept.
    pub fn storage(self) -> Storage {
        self.storage
    }

    /// Whether the vectors are kept as they came.
    pub fn keeps_vectors(self) -> bool {
        self.keeps_vectors
    }

    /// Bytes of a vector as it came; 0 where it is not kept so.
    pub(crate) fn vector_bytes(self) -> usize {
        if self.keeps_vectors { self.dims * 4 } else { 0 }
    }

    /// Bytes of a row's codes; 0 where it has none.
    pub(crate) fn code_bytes(self) -> usize {
        match self.storage {
            Storage::F32 => 0,
            Storage::F16 => self.dims * 2,
            Storage::I8 => self.dims,
            Storage::B1 => self.dims.div_ceil(64) * 8,
        }
    }

    /// Rows of a block, as a power of two, from 64.
    pub(crate) fn block_bits(self) -> u32 {
        let row = self.vector_bytes() + self.code_bytes();
        (BLOCK / row).max(64).ilog2()
    }
}
