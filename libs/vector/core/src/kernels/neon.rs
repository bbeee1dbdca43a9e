//! Loops for NEON, which every 64-bit ARM processor has.
#![allow(
    clippy::needless_range_loop,
    reason = "one number counts through several registers"
)]

use std::arch::aarch64::{
    float32x4_t, int8x16_t, vaddq_f32, vaddq_s32, vaddvq_f32, vaddvq_s32, vdupq_n_f32, vdupq_n_s32,
    vfmaq_f32, vget_high_s8, vget_low_s8, vld1q_f32, vld1q_s8, vmull_s8, vpadalq_s16, vsubq_f32,
};
use std::arch::is_aarch64_feature_detected;

use super::{Kernels, even, portable, stretched};
use crate::precise::{dot_here, squared_distance_here};
use crate::quantize::to_i8_here;

/// Numbers in a register.
const WIDE: usize = 4;
/// Registers that sum up side by side: a sum waits for the one before it.
const APART: usize = 4;

/// What [`sums`] sums up.
const DOT: u8 = 0;
const DISTANCE: u8 = 1;
const NORM: u8 = 2;
const NORMS: u8 = 3;

pub(super) fn is_available() -> bool {
    is_aarch64_feature_detected!("neon")
}

/// To be used only where [`is_available`]: that is what makes the calls below sound. Halves are those of the portable set.
pub(super) static KERNELS: Kernels = Kernels {
    name: "neon",
    dot: |left, right| stretched(left, right, |left, right| [checked::<DOT>(left, right)[0]])[0],
    squared_distance: |left, right| {
        stretched(left, right, |left, right| {
            [checked::<DISTANCE>(left, right)[0]]
        })[0]
    },
    dot_and_norm: |left, right| {
        stretched(left, right, |left, right| {
            let [dot, _, norm] = checked::<NORM>(left, right);
            [dot, norm]
        })
    },
    dot_and_norms: |left, right| stretched(left, right, checked::<NORMS>),
    dot_i8: |left, right, _| {
        // SAFETY: the processor has what it needs.
        unsafe { dot_i8(left, right) }
    },
    dot_f16: |left, right| {
        stretched(left, right, |left, right| [portable::dot_f16(left, right)])[0]
    },
    squared_distance_f16: |left, right| {
        stretched(left, right, |left, right| {
            [portable::squared_distance_f16(left, right)]
        })[0]
    },
    hamming: portable::hamming,
    precise_dot: dot_here,
    precise_squared_distance: squared_distance_here,
    to_i8: to_i8_here,
};

fn checked<const WHAT: u8>(left: &[f32], right: &[f32]) -> [f32; 3] {
    // SAFETY: called by the set alone, which is chosen only where the processor has what it needs.
    unsafe { sums::<WHAT>(left, right) }
}

/// Sums of products or of squared differences, of squares on the left, of squares on the right.
#[target_feature(enable = "neon")]
fn sums<const WHAT: u8>(left: &[f32], right: &[f32]) -> [f32; 3] {
    let mut main = [vdupq_n_f32(0.0); APART];
    let mut lefts = main;
    let mut rights = main;
    let (left_chunks, left_rest) = left.as_chunks::<{ WIDE * APART }>();
    let (right_chunks, right_rest) = right.as_chunks::<{ WIDE * APART }>();
    for (left, right) in left_chunks.iter().zip(right_chunks) {
        for at in 0..APART {
            let (left, right) = (
                load(&left.as_chunks().0[at]),
                load(&right.as_chunks().0[at]),
            );
            main[at] = add::<WHAT>(left, right, main[at]);
            if WHAT == NORMS {
                lefts[at] = vfmaq_f32(lefts[at], left, left);
            }
            if WHAT >= NORM {
                rights[at] = vfmaq_f32(rights[at], right, right);
            }
        }
    }
    for (left, right) in left_rest.chunks(WIDE).zip(right_rest.chunks(WIDE)) {
        let (left, right) = (load(&padded(left)), load(&padded(right)));
        main[0] = add::<WHAT>(left, right, main[0]);
        lefts[0] = vfmaq_f32(lefts[0], left, left);
        rights[0] = vfmaq_f32(rights[0], right, right);
    }
    [total(main), total(lefts), total(rights)]
}

#[target_feature(enable = "neon")]
fn dot_i8(left: &[i8], right: &[i8]) -> i32 {
    let (left, right) = even(left, right);
    let mut sums = [vdupq_n_s32(0); 2];
    let (left_chunks, left_rest) = left.as_chunks::<16>();
    let (right_chunks, right_rest) = right.as_chunks::<16>();
    for (left, right) in left_chunks.iter().zip(right_chunks) {
        let (left, right) = (load_codes(left), load_codes(right));
        sums[0] = vpadalq_s16(sums[0], vmull_s8(vget_low_s8(left), vget_low_s8(right)));
        sums[1] = vpadalq_s16(sums[1], vmull_s8(vget_high_s8(left), vget_high_s8(right)));
    }
    vaddvq_s32(vaddq_s32(sums[0], sums[1])) + portable::dot_i8(left_rest, right_rest)
}

#[inline]
#[target_feature(enable = "neon")]
fn add<const WHAT: u8>(left: float32x4_t, right: float32x4_t, sum: float32x4_t) -> float32x4_t {
    if WHAT == DISTANCE {
        let difference = vsubq_f32(left, right);
        vfmaq_f32(sum, difference, difference)
    } else {
        vfmaq_f32(sum, left, right)
    }
}

#[inline]
#[target_feature(enable = "neon")]
fn load(values: &[f32; WIDE]) -> float32x4_t {
    // SAFETY: as many bytes as the register has; it need not be aligned.
    unsafe { vld1q_f32(values.as_ptr()) }
}

#[inline]
#[target_feature(enable = "neon")]
fn load_codes(values: &[i8; 16]) -> int8x16_t {
    // SAFETY: as many bytes as the register has; it need not be aligned.
    unsafe { vld1q_s8(values.as_ptr()) }
}

/// Fewer numbers than a register has, and zeroes.
#[inline]
fn padded(values: &[f32]) -> [f32; WIDE] {
    let mut padded = [0.0; WIDE];
    for (to, from) in padded.iter_mut().zip(values) {
        *to = *from;
    }
    padded
}

#[inline]
#[target_feature(enable = "neon")]
fn total(sums: [float32x4_t; APART]) -> f32 {
    let [a, b, c, d] = sums;
    vaddvq_f32(vaddq_f32(vaddq_f32(a, b), vaddq_f32(c, d)))
}
