//! Loops for AVX-512: servers of Intel since 2017 and of AMD since 2022. What is left over at the end is loaded under a mask.
#![allow(
    clippy::needless_range_loop,
    reason = "one number counts through several registers"
)]

use std::arch::x86_64::{
    __m256i, __m512, __m512i, __mmask16, __mmask64, _MM_HINT_T0, _mm_prefetch, _mm256_loadu_si256,
    _mm512_add_epi32, _mm512_add_epi64, _mm512_add_ps, _mm512_castsi512_si256,
    _mm512_cvtepi8_epi16, _mm512_cvtph_ps, _mm512_dpbusd_epi32, _mm512_extracti64x4_epi64,
    _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_loadu_si512, _mm512_madd_epi16,
    _mm512_maskz_loadu_epi8, _mm512_maskz_loadu_epi16, _mm512_maskz_loadu_epi64,
    _mm512_maskz_loadu_ps, _mm512_popcnt_epi64, _mm512_reduce_add_epi32, _mm512_reduce_add_epi64,
    _mm512_reduce_add_ps, _mm512_set1_epi8, _mm512_setzero_ps, _mm512_setzero_si512, _mm512_sub_ps,
    _mm512_xor_si512,
};

use super::{Kernels, avx2, even, stretched};
use std::ptr;

use crate::precise::{dot_here, squared_distance_here};
use crate::quantize::to_i8_here;

/// Numbers in a register.
const WIDE: usize = 16;
/// Registers that sum up side by side: a sum waits for the one before it.
const APART: usize = 4;

/// Bytes that are fetched before they are needed.
const AHEAD: usize = 4096;

/// What [`sums`] sums up.
const DOT: u8 = 0;
const DISTANCE: u8 = 1;
const NORM: u8 = 2;
const NORMS: u8 = 3;

pub(super) fn is_available() -> bool {
    avx2::is_available()
        && is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
}

/// Products of bytes, and counts of bits, in one instruction.
pub(super) fn has_vnni() -> bool {
    is_available()
        && is_x86_feature_detected!("avx512vnni")
        && is_x86_feature_detected!("avx512vpopcntdq")
}

/// To be used only where [`is_available`]: that is what makes the calls below sound.
pub(super) static KERNELS: Kernels = PLAIN;

const PLAIN: Kernels = Kernels {
    name: "avx512",
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
        // SAFETY: what has AVX-512 counts bits too.
        unsafe { avx2::hamming(left, right) }
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

/// To be used only where [`has_vnni`].
pub(super) static WITH_VNNI: Kernels = Kernels {
    name: "avx512-vnni",
    dot_i8: |left, right, sum| {
        // SAFETY: the processor has what it needs.
        unsafe { dot_i8_vnni(left, right, sum) }
    },
    hamming: |left, right| {
        // SAFETY: the processor has what it needs.
        unsafe { hamming(left, right) }
    },
    ..PLAIN
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
#[target_feature(enable = "avx512f")]
fn sums<const WHAT: u8>(left: &[f32], right: &[f32]) -> [f32; 3] {
    let mut main = [_mm512_setzero_ps(); APART];
    let mut lefts = main;
    let mut rights = main;
    let (left_chunks, left_rest) = left.as_chunks::<{ WIDE * APART }>();
    let (right_chunks, right_rest) = right.as_chunks::<{ WIDE * APART }>();
    for (left, right) in left_chunks.iter().zip(right_chunks) {
        for at in 0..APART {
            fetch(&right[at * WIDE]);
            let (left, right) = (
                load(&left.as_chunks().0[at]),
                load(&right.as_chunks().0[at]),
            );
            main[at] = add::<WHAT>(left, right, main[at]);
            if WHAT == NORMS {
                lefts[at] = _mm512_fmadd_ps(left, left, lefts[at]);
            }
            if WHAT >= NORM {
                rights[at] = _mm512_fmadd_ps(right, right, rights[at]);
            }
        }
    }
    for (at, (left, right)) in left_rest
        .chunks(WIDE)
        .zip(right_rest.chunks(WIDE))
        .enumerate()
    {
        let (left, right) = (load_some(left), load_some(right));
        main[at] = add::<WHAT>(left, right, main[at]);
        if WHAT == NORMS {
            lefts[at] = _mm512_fmadd_ps(left, left, lefts[at]);
        }
        if WHAT >= NORM {
            rights[at] = _mm512_fmadd_ps(right, right, rights[at]);
        }
    }
    [total(main), total(lefts), total(rights)]
}

#[target_feature(enable = "avx512f,avx512bw")]
fn halves<const WHAT: u8>(left: &[f32], right: &[u16]) -> f32 {
    let mut main = [_mm512_setzero_ps(); APART];
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
    for (at, (left, right)) in left_rest
        .chunks(WIDE)
        .zip(right_rest.chunks(WIDE))
        .enumerate()
    {
        main[at] = add::<WHAT>(load_some(left), load_some_halves(right), main[at]);
    }
    total(main)
}

#[target_feature(enable = "avx512f,avx512bw")]
fn dot_i8(left: &[i8], right: &[i8]) -> i32 {
    let (left, right) = even(left, right);
    let mut sum = _mm512_setzero_si512();
    for (left, right) in left.chunks(64).zip(right.chunks(64)) {
        let (left, right) = (load_codes(left), load_codes(right));
        let low = _mm512_madd_epi16(
            _mm512_cvtepi8_epi16(_mm512_castsi512_si256(left)),
            _mm512_cvtepi8_epi16(_mm512_castsi512_si256(right)),
        );
        let high = _mm512_madd_epi16(
            _mm512_cvtepi8_epi16(_mm512_extracti64x4_epi64::<1>(left)),
            _mm512_cvtepi8_epi16(_mm512_extracti64x4_epi64::<1>(right)),
        );
        sum = _mm512_add_epi32(sum, _mm512_add_epi32(low, high));
    }
    _mm512_reduce_add_epi32(sum)
}

/// The instruction wants one side without signs: 128 is added to it, and what that adds to the sum is taken off.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn dot_i8_vnni(left: &[i8], right: &[i8], sum_of_right: i32) -> i32 {
    let (left, right) = even(left, right);
    let offset = _mm512_set1_epi8(-128);
    let mut sums = [_mm512_setzero_si512(); APART];
    let (left_chunks, left_rest) = left.as_chunks::<{ 64 * APART }>();
    let (right_chunks, right_rest) = right.as_chunks::<{ 64 * APART }>();
    for (left, right) in left_chunks.iter().zip(right_chunks) {
        for at in 0..APART {
            fetch(&left[at * 64]);
            let left = _mm512_xor_si512(load_whole(&left.as_chunks().0[at]), offset);
            sums[at] = _mm512_dpbusd_epi32(sums[at], left, load_whole(&right.as_chunks().0[at]));
        }
    }
    for (at, (left, right)) in left_rest.chunks(64).zip(right_rest.chunks(64)).enumerate() {
        let left = _mm512_xor_si512(load_codes(left), offset);
        sums[at] = _mm512_dpbusd_epi32(sums[at], left, load_codes(right));
    }
    let [a, b, c, d] = sums;
    let sum = _mm512_add_epi32(_mm512_add_epi32(a, b), _mm512_add_epi32(c, d));
    _mm512_reduce_add_epi32(sum).wrapping_sub(sum_of_right.wrapping_mul(128))
}

#[target_feature(enable = "avx512f,avx512vpopcntdq")]
fn hamming(left: &[u64], right: &[u64]) -> u32 {
    let (left, right) = even(left, right);
    let mut sum = _mm512_setzero_si512();
    for (left, right) in left.chunks(8).zip(right.chunks(8)) {
        let mask = (u16::MAX >> (16 - left.len())).to_le_bytes()[0];
        // SAFETY: the mask lets through as many words as there are.
        let (left, right) = unsafe {
            (
                _mm512_maskz_loadu_epi64(mask, left.as_ptr().cast::<i64>()),
                _mm512_maskz_loadu_epi64(mask, right.as_ptr().cast::<i64>()),
            )
        };
        sum = _mm512_add_epi64(sum, _mm512_popcnt_epi64(_mm512_xor_si512(left, right)));
    }
    u32::try_from(_mm512_reduce_add_epi64(sum)).unwrap_or(u32::MAX)
}

#[target_feature(enable = "avx512f,avx512bw")]
fn precise_dot(left: &[f32], right: &[f32]) -> f64 {
    dot_here(left, right)
}

#[target_feature(enable = "avx512f,avx512bw")]
fn precise_squared_distance(left: &[f32], right: &[f32]) -> f64 {
    squared_distance_here(left, right)
}

#[target_feature(enable = "avx512f,avx512bw")]
fn to_i8(vector: &[f32], code: &mut [i8]) -> f32 {
    to_i8_here(vector, code)
}

/// Has the line [`AHEAD`] of this place fetched: rows follow each other, and the processor by itself stops at every page.
#[inline]
#[target_feature(enable = "avx512f")]
fn fetch<T>(place: &T) {
    let ahead = ptr::from_ref(place).cast::<i8>().wrapping_add(AHEAD);
    _mm_prefetch::<_MM_HINT_T0>(ahead);
}

#[inline]
#[target_feature(enable = "avx512f")]
fn add<const WHAT: u8>(left: __m512, right: __m512, sum: __m512) -> __m512 {
    if WHAT == DISTANCE {
        let difference = _mm512_sub_ps(left, right);
        _mm512_fmadd_ps(difference, difference, sum)
    } else {
        _mm512_fmadd_ps(left, right, sum)
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(values: &[f32; WIDE]) -> __m512 {
    // SAFETY: as many bytes as the register has; it need not be aligned.
    unsafe { _mm512_loadu_ps(values.as_ptr()) }
}

/// At most as many as a register has, and zeroes.
#[inline]
#[target_feature(enable = "avx512f")]
fn load_some(values: &[f32]) -> __m512 {
    // SAFETY: the mask lets through as many numbers as there are.
    unsafe { _mm512_maskz_loadu_ps(first(values.len()), values.as_ptr()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load_halves(values: &[u16; WIDE]) -> __m512 {
    // SAFETY: as many bytes as the register has; it need not be aligned.
    _mm512_cvtph_ps(unsafe { _mm256_loadu_si256(values.as_ptr().cast::<__m256i>()) })
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn load_some_halves(values: &[u16]) -> __m512 {
    let mask = u32::from(first(values.len()));
    // SAFETY: the mask lets through as many numbers as there are.
    let halves = unsafe { _mm512_maskz_loadu_epi16(mask, values.as_ptr().cast::<i16>()) };
    _mm512_cvtph_ps(_mm512_castsi512_si256(halves))
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load_whole(values: &[i8; 64]) -> __m512i {
    // SAFETY: as many bytes as the register has; it need not be aligned.
    unsafe { _mm512_loadu_si512(values.as_ptr().cast::<__m512i>()) }
}

/// At most 64 codes, and zeroes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn load_codes(values: &[i8]) -> __m512i {
    let mask: __mmask64 = u64::MAX >> (64 - values.len().clamp(1, 64));
    // SAFETY: the mask lets through as many codes as there are; chunks are never empty.
    unsafe { _mm512_maskz_loadu_epi8(mask, values.as_ptr()) }
}

#[inline]
fn first(count: usize) -> __mmask16 {
    u16::MAX >> (16 - count.clamp(1, 16))
}

#[inline]
#[target_feature(enable = "avx512f")]
fn total(sums: [__m512; APART]) -> f32 {
    let [a, b, c, d] = sums;
    _mm512_reduce_add_ps(_mm512_add_ps(_mm512_add_ps(a, b), _mm512_add_ps(c, d)))
}
