//! Loops in plain Rust, which compilers turn into vector instructions of any processor.

use super::{Kernels, stretched};
use crate::half::to_f32;
use crate::precise::{dot_here, squared_distance_here};
use crate::quantize::to_i8_here;

/// Sums that are kept apart.
const LANES: usize = 16;

pub(super) static KERNELS: Kernels = Kernels {
    name: "portable",
    dot: |left, right| stretched(left, right, |left, right| [dot(left, right)])[0],
    squared_distance: |left, right| {
        stretched(left, right, |left, right| [squared_distance(left, right)])[0]
    },
    dot_and_norm: |left, right| {
        stretched(left, right, |left, right| {
            [dot(left, right), dot(right, right)]
        })
    },
    dot_and_norms: |left, right| {
        stretched(left, right, |left, right| {
            [dot(left, right), dot(left, left), dot(right, right)]
        })
    },
    dot_i8: |left, right, _| dot_i8(left, right),
    dot_f16: |left, right| stretched(left, right, |left, right| [dot_f16(left, right)])[0],
    squared_distance_f16: |left, right| {
        stretched(left, right, |left, right| {
            [squared_distance_f16(left, right)]
        })[0]
    },
    hamming,
    precise_dot: dot_here,
    precise_squared_distance: squared_distance_here,
    to_i8: to_i8_here,
};

fn dot(left: &[f32], right: &[f32]) -> f32 {
    sum(left, right, |left, right| left * right)
}

fn squared_distance(left: &[f32], right: &[f32]) -> f32 {
    sum(left, right, square_of_difference)
}

pub(super) fn dot_f16(left: &[f32], right: &[u16]) -> f32 {
    sum(left, right, |left, right| left * to_f32(right))
}

pub(super) fn squared_distance_f16(left: &[f32], right: &[u16]) -> f32 {
    sum(left, right, |left, right| {
        square_of_difference(left, to_f32(right))
    })
}

pub(super) fn dot_i8(left: &[i8], right: &[i8]) -> i32 {
    left.iter()
        .zip(right)
        .map(|(&left, &right)| i32::from(left) * i32::from(right))
        .sum()
}

pub(super) fn hamming(left: &[u64], right: &[u64]) -> u32 {
    left.iter()
        .zip(right)
        .map(|(left, right)| (left ^ right).count_ones())
        .sum()
}

fn square_of_difference(left: f32, right: f32) -> f32 {
    let difference = left - right;
    difference * difference
}

#[inline]
fn sum<Right: Copy>(left: &[f32], right: &[Right], term: impl Fn(f32, Right) -> f32) -> f32 {
    let mut sums = [0.0; LANES];
    let (left_chunks, left_rest) = left.as_chunks::<LANES>();
    let (right_chunks, right_rest) = right.as_chunks::<LANES>();
    for (left, right) in left_chunks.iter().zip(right_chunks) {
        for lane in 0..LANES {
            sums[lane] += term(left[lane], right[lane]);
        }
    }
    for (sum, (&left, &right)) in sums.iter_mut().zip(left_rest.iter().zip(right_rest)) {
        *sum += term(left, right);
    }
    sums.iter().sum()
}
