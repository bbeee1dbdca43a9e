//! The inner loops, one set a kind of processor. The best set that this processor has is chosen once, when it is first asked for.
//!
//! Vectors of one call have one length; where they differ the shorter one counts. Float32 sums are kept apart in many lanes and
//! added up in float64 after every [`STRETCH`] numbers, so that the error stays below 1e-6 of the product of both lengths
//! however long the vectors are.

use std::sync::OnceLock;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;

/// Numbers that are summed up in float32 before float64 takes over.
pub(crate) const STRETCH: usize = 4096;

/// One set of inner loops.
#[derive(Debug)]
pub struct Kernels {
    /// What the set is made for: `portable`, `avx2`, `avx512`, `avx512-vnni`, `neon`.
    pub name: &'static str,
    /// Inner product.
    pub dot: fn(&[f32], &[f32]) -> f64,
    /// Square of the length of the difference.
    pub squared_distance: fn(&[f32], &[f32]) -> f64,
    /// Inner product of both, and of the second one with itself.
    pub dot_and_norm: fn(&[f32], &[f32]) -> [f64; 2],
    /// Inner product of both, of the first one with itself, and of the second one with itself.
    pub dot_and_norms: fn(&[f32], &[f32]) -> [f64; 3],
    /// Inner product of codes from -127 to 127, at most 65,536 of them; the last argument is the sum of the second vector's codes.
    pub dot_i8: fn(&[i8], &[i8], i32) -> i32,
    /// Inner product of a vector with halves.
    pub dot_f16: fn(&[f32], &[u16]) -> f64,
    /// Square of the length of the difference between a vector and halves.
    pub squared_distance_f16: fn(&[f32], &[u16]) -> f64,
    /// How many bits differ.
    pub hamming: fn(&[u64], &[u64]) -> u32,
    /// [`crate::precise::dot`], which has the same bits in every set.
    pub precise_dot: fn(&[f32], &[f32]) -> f64,
    /// [`crate::precise::squared_distance`], which has the same bits in every set.
    pub precise_squared_distance: fn(&[f32], &[f32]) -> f64,
    /// [`crate::quantize::to_i8`], which has the same codes in every set.
    pub to_i8: fn(&[f32], &mut [i8]) -> f32,
}

/// The best set for this processor.
pub fn kernels() -> &'static Kernels {
    static CHOSEN: OnceLock<&'static Kernels> = OnceLock::new();
    CHOSEN.get_or_init(|| available().last().copied().unwrap_or(&portable::KERNELS))
}

/// The sets that this processor can run, the best one last.
///
/// ```
/// assert_eq!(fishplate_vector::kernels::available()[0].name, "portable");
/// ```
pub fn available() -> Vec<&'static Kernels> {
    let mut sets = vec![&portable::KERNELS];
    #[cfg(target_arch = "x86_64")]
    {
        if avx2::is_available() {
            sets.push(&avx2::KERNELS);
        }
        if avx512::is_available() {
            sets.push(&avx512::KERNELS);
        }
        if avx512::has_vnni() {
            sets.push(&avx512::WITH_VNNI);
        }
    }
    #[cfg(target_arch = "aarch64")]
    if neon::is_available() {
        sets.push(&neon::KERNELS);
    }
    sets
}

/// Both of the shorter one's length: what is loaded under a mask, or by pairs of registers, must be there on both sides.
#[inline]
fn even<'a, Left, Right>(left: &'a [Left], right: &'a [Right]) -> (&'a [Left], &'a [Right]) {
    let length = left.len().min(right.len());
    (&left[..length], &right[..length])
}

/// Adds up stretches in float64.
#[inline]
fn stretched<Left, Right, const N: usize>(
    left: &[Left],
    right: &[Right],
    sums: impl Fn(&[Left], &[Right]) -> [f32; N],
) -> [f64; N] {
    let (left, right) = even(left, right);
    if left.len() <= STRETCH {
        return sums(left, right).map(f64::from);
    }
    let mut totals = [0.0; N];
    for (left, right) in left.chunks(STRETCH).zip(right.chunks(STRETCH)) {
        for (total, sum) in totals.iter_mut().zip(sums(left, right)) {
            *total += f64::from(sum);
        }
    }
    totals
}
