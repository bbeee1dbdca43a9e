//! Loops for AVX2 with FMA and F16C: nearly every x86-64 processor since 2013.
#![allow(
    clippy::needless_range_loop,
    reason = "one number counts through several registers"
)]

use std::arch::x86_64::{
    __m128i, __m256, __m256i, _mm_add_ps, _mm_add_ss, _mm_cvtss_f32, _mm_loadu_si128,
    _mm_movehl_ps, _mm_shuffle_ps, _mm256_abs_epi8, _mm256_add_epi32, _mm256_add_ps,
    _mm256_castps256_ps128, _mm256_cvtph_ps, _mm256_extractf128_ps, _mm256_fmadd_ps,
    _mm256_loadu_ps, _mm256_loadu_si256, _mm256_madd_epi16, _mm256_maddubs_epi16,
    _mm256_set1_epi16, _mm256_setzero_ps, _mm256_setzero_si256, _mm256_sign_epi8,
    _mm256_storeu_si256, _mm256_sub_ps,
};

use super::{Kernels, even, portable, stretched};
use crate::precise::{dot_here, squared_distance_here};
use crate::quantize::to_i8_here;

/// Numbers in a register.
const WIDE: usize = 8;
/// Registers that sum up side by side: a sum waits for the one before it.
const APART: usize = 4;

/// What [`sums`] sums up.
const DOT: u8 = 0;
const DISTANCE: u8 = 1;
const NORM: u8 = 2;
const NORMS: u8 = 3;

pub(super) fn is_available() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("fma")
        && is_x86_feature_detected!("f16c")
        && is_x86_feature_detected!("popcnt")
}

/// To be used only where [`is_available`]: that is what makes the calls below sound.
pub(super) static KERNELS: Kernels = Kernels {
    name: "avx2",
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
        stretched(left, right, |left, right| {
            [checked_halves::<DOT>(left, right)]
        })[0]
    },
    squared_distance_f16: |left, right| {
        stretched(left, right, |left, right| {
            [checked_halves::<DISTANCE>(left, right)]
        })[0]
    },
    hamming: |left, right| {
        // SAFETY: the processor has what it needs.
        unsafe { hamming(left, right) }
    },
    precise_dot: |left, right| {
        // SAFETY: the processor has what it needs.
        unsafe { precise_dot(left, right) }
    },
    precise_squared_distance: |left, right| {
        // SAFETY: the processor has what it needs.
        unsafe { precise_squared_distance(left, right) }
    },
    to_i8: |vector, code| {
        // SAFETY: the processor has what it needs.
        unsafe { to_i8(vector, code) }
    },
};

fn checked<const WHAT: u8>(left: &[f32], right: &[f32]) -> [f32; 3] {
    // SAFETY: called by the set alone, which is chosen only where the processor has what it needs.
    unsafe { sums::<WHAT>(left, right) }
}

fn checked_halves<const WHAT: u8>(left: &[f32], right: &[u16]) -> f32 {
    // SAFETY: called by the set alone, which is chosen only where the processor has what it needs.
    unsafe { halves::<WHAT>(left, right) }
}

/// Sums of products or of squared differences, of squares on the left, of squares on the right.
#[target_feature(enable = "avx2,fma")]
fn sums<const WHAT: u8>(left: &[f32], right: &[f32]) -> [f32; 3] {
    let mut main = [_mm256_setzero_ps(); APART];
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
                lefts[at] = _mm256_fmadd_ps(left, left, lefts[at]);
            }
            if WHAT >= NORM {
                rights[at] = _mm256_fmadd_ps(right, right, rights[at]);
            }
        }
    }
    for (left, right) in left_rest.chunks(WIDE).zip(right_rest.chunks(WIDE)) {
        let (left, right) = (load(&padded(left)), load(&padded(right)));
        main[0] = add::<WHAT>(left, right, main[0]);
        lefts[0] = _mm256_fmadd_ps(left, left, lefts[0]);
        rights[0] = _mm256_fmadd_ps(right, right, rights[0]);
    }
    [total(main), total(lefts), total(rights)]
}

#[target_feature(enable = "avx2,fma,f16c")]
fn halves<const WHAT: u8>(left: &[f32], right: &[u16]) -> f32 {
    let mut main = [_mm256_setzero_ps(); APART];
    let (left_chunks, left_rest) = left.as_chunks::<{ WIDE * APART }>();
    let (right_chunks, right_rest) = right.as_chunks::<{ WIDE * APART }>();
    for (left, right) in left_chunks.iter().zip(right_chunks) {
        for at in 0..APART {
            let (left, right) = (
                load(&left.as_chunks().0[at]),
                load_halves(&right.as_chunks().0[at]),
            );
            main[at] = add::<WHAT>(left, right, main[at]);
        }
    }
    for (left, right) in left_rest.chunks(WIDE).zip(right_rest.chunks(WIDE)) {
        main[0] = add::<WHAT>(load(&padded(left)), load_halves(&padded(right)), main[0]);
    }
    total(main)
}

/// Products of a magnitude with a number that takes its sign: two of them fit in 16 bits, for codes from -127 on.
#[target_feature(enable = "avx2")]
fn dot_i8(left: &[i8], right: &[i8]) -> i32 {
    let (left, right) = even(left, right);
    let mut sums = [_mm256_setzero_si256(); 2];
    let ones = _mm256_set1_epi16(1);
    let (left_chunks, left_rest) = left.as_chunks::<64>();
    let (right_chunks, right_rest) = right.as_chunks::<64>();
    for (left, right) in left_chunks.iter().zip(right_chunks) {
        for at in 0..2 {
            let (left, right) = (
                load_codes(&left.as_chunks().0[at]),
                load_codes(&right.as_chunks().0[at]),
            );
            let pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(left), _mm256_sign_epi8(right, left));
            sums[at] = _mm256_add_epi32(sums[at], _mm256_madd_epi16(pairs, ones));
        }
    }
    let mut lanes = [0; 8];
    // SAFETY: as many bytes as the register has.
    unsafe {
        _mm256_storeu_si256(
            lanes.as_mut_ptr().cast::<__m256i>(),
            _mm256_add_epi32(sums[0], sums[1]),
        );
    }
    lanes.iter().sum::<i32>() + portable::dot_i8(left_rest, right_rest)
}

#[target_feature(enable = "popcnt")]
pub(super) fn hamming(left: &[u64], right: &[u64]) -> u32 {
    left.iter()
        .zip(right)
        .map(|(left, right)| (left ^ right).count_ones())
        .sum()
}

#[target_feature(enable = "avx2")]
fn precise_dot(left: &[f32], right: &[f32]) -> f64 {
    dot_here(left, right)
}

#[target_feature(enable = "avx2")]
fn precise_squared_distance(left: &[f32], right: &[f32]) -> f64 {
    squared_distance_here(left, right)
}

#[target_feature(enable = "avx2")]
fn to_i8(vector: &[f32], code: &mut [i8]) -> f32 {
    to_i8_here(vector, code)
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn add<const WHAT: u8>(left: __m256, right: __m256, sum: __m256) -> __m256 {
    if WHAT == DISTANCE {
        let difference = _mm256_sub_ps(left, right);
        _mm256_fmadd_ps(difference, difference, sum)
    } else {
        _mm256_fmadd_ps(left, right, sum)
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(values: &[f32; WIDE]) -> __m256 {
    // SAFETY: as many bytes as the register has; it need not be aligned.
    unsafe { _mm256_loadu_ps(values.as_ptr()) }
}

#[inline]
#[target_feature(enable = "avx2,f16c")]
fn load_halves(values: &[u16; WIDE]) -> __m256 {
    // SAFETY: as many bytes as the register has; it need not be aligned.
    _mm256_cvtph_ps(unsafe { _mm_loadu_si128(values.as_ptr().cast::<__m128i>()) })
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_codes(values: &[i8; 32]) -> __m256i {
    // SAFETY: as many bytes as the register has; it need not be aligned.
    unsafe { _mm256_loadu_si256(values.as_ptr().cast::<__m256i>()) }
}

/// Fewer numbers than a register has, and zeroes.
#[inline]
fn padded<T: Copy + Default>(values: &[T]) -> [T; WIDE] {
    let mut padded = [T::default(); WIDE];
    for (to, from) in padded.iter_mut().zip(values) {
        *to = *from;
    }
    padded
}

#[inline]
#[target_feature(enable = "avx2")]
fn total(sums: [__m256; APART]) -> f32 {
    let [a, b, c, d] = sums;
    let sum = _mm256_add_ps(_mm256_add_ps(a, b), _mm256_add_ps(c, d));
    let half = _mm_add_ps(_mm256_castps256_ps128(sum), _mm256_extractf128_ps::<1>(sum));
    let quarter = _mm_add_ps(half, _mm_movehl_ps(half, half));
    _mm_cvtss_f32(_mm_add_ss(quarter, _mm_shuffle_ps::<1>(quarter, quarter)))
}
