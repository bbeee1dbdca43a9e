//! Shorter codes for vectors, and what they stand for.

use crate::block::Measures;
use crate::half;
use crate::kernels::kernels;
use crate::precise;
use crate::shape::{Shape, Storage};

/// Writes the codes of a vector; for [`Storage::F32`] there are none. `code` has the bytes that the storage needs. Where the vector
/// itself is not kept, what its codes stand for is all that counts: the measures are of that, and there is no error.
pub(crate) fn encode(shape: Shape, vector: &[f32], code: &mut [u8]) -> Measures {
    let storage = shape.storage();
    let scale = match storage {
        Storage::F32 => {
            return Measures {
                norm: norm(vector),
                scale: 1.0,
                error: 0.0,
            };
        }
        Storage::F16 => {
            to_f16(vector, code);
            1.0
        }
        Storage::I8 => to_i8(vector, bytemuck::cast_slice_mut(code)),
        Storage::B1 => to_bits(vector, code),
    };
    let mut decoded = vec![0.0; vector.len()];
    decode(storage, code, scale, &mut decoded);
    if !shape.keeps_vectors() {
        return Measures {
            norm: norm(&decoded),
            scale,
            error: 0.0,
        };
    }
    #[expect(clippy::cast_possible_truncation, reason = "the next one up follows")]
    let error = precise::squared_distance(vector, &decoded).sqrt() as f32;
    Measures {
        norm: norm(vector),
        scale,
        error: if error == 0.0 { error } else { error.next_up() },
    }
}

fn norm(vector: &[f32]) -> f32 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "rounded to what a row keeps"
    )]
    let norm = precise::squared_norm(vector).sqrt() as f32;
    norm
}

/// What codes stand for.
pub(crate) fn decode(storage: Storage, code: &[u8], scale: f32, vector: &mut [f32]) {
    match storage {
        Storage::F32 => vector.copy_from_slice(bytemuck::cast_slice(code)),
        Storage::F16 => from_f16(code, vector),
        Storage::I8 => from_i8(bytemuck::cast_slice(code), scale, vector),
        Storage::B1 => from_bits(code, scale, vector),
    }
}

/// Halves, little-endian, rounded to the nearest one, ties to even. What is larger than the largest one becomes that.
pub fn to_f16(vector: &[f32], code: &mut [u8]) {
    for (&value, bytes) in vector.iter().zip(code.as_chunks_mut().0) {
        *bytes = half::from_f32(value).to_le_bytes();
    }
}

/// The numbers that halves stand for, exactly.
pub fn from_f16(code: &[u8], vector: &mut [f32]) {
    for (value, &bytes) in vector.iter_mut().zip(code.as_chunks().0) {
        *value = half::to_f32(u16::from_le_bytes(bytes));
    }
}

/// Codes from -127 to 127, and the scale that one of 1 stands for: the largest number of the vector has 127. Ties are rounded up.
pub fn to_i8(vector: &[f32], code: &mut [i8]) -> f32 {
    (kernels().to_i8)(vector, code)
}

/// [`to_i8`], to be compiled for one kind of processor.
#[inline(always)]
pub(crate) fn to_i8_here(vector: &[f32], code: &mut [i8]) -> f32 {
    let largest = vector
        .iter()
        .fold(0.0_f32, |largest, value| largest.max(value.abs()));
    let scale = largest / 127.0;
    if scale == 0.0 {
        code.fill(0);
        return 0.0;
    }
    for (value, code) in vector.iter().zip(code) {
        let whole = (f64::from(*value) / f64::from(scale) + 0.5).floor();
        #[expect(clippy::cast_possible_truncation, reason = "clamped to what fits")]
        let whole = whole.clamp(-127.0, 127.0) as i8;
        *code = whole;
    }
    scale
}

/// The numbers that codes of a scale stand for.
pub fn from_i8(code: &[i8], scale: f32, vector: &mut [f32]) {
    for (value, &code) in vector.iter_mut().zip(code) {
        *value = f32::from(code) * scale;
    }
}

/// A bit a number, the first one lowest, set where it is above 0; and the mean of the absolute numbers, which is their scale.
pub fn to_bits(vector: &[f32], code: &mut [u8]) -> f32 {
    code.fill(0);
    let mut sum = 0.0;
    for (byte, values) in code.iter_mut().zip(vector.chunks(8)) {
        for (bit, &value) in values.iter().enumerate() {
            sum += f64::from(value.abs());
            *byte |= u8::from(value > 0.0) << bit;
        }
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "a mean, kept as float32"
    )]
    let scale = (sum / vector.len().max(1) as f64) as f32;
    scale
}

/// The scale where a bit is set, else its negative.
pub fn from_bits(code: &[u8], scale: f32, vector: &mut [f32]) {
    for (byte, values) in code.iter().zip(vector.chunks_mut(8)) {
        for (bit, value) in values.iter_mut().enumerate() {
            *value = if byte >> bit & 1 == 1 { scale } else { -scale };
        }
    }
}
