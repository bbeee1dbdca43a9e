//! Every set of inner loops that this processor can run, against float64 and against whole numbers.
#![allow(missing_docs, reason = "tests")]

use fishplate_vector::kernels::{Kernels, available, kernels};
use fishplate_vector::quantize::{from_f16, to_f16};

/// A seeded source of numbers from -1 to 1.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        f64::from(u32::try_from(self.0 >> 32).unwrap()) / f64::from(u32::MAX) * 2.0 - 1.0
    }

    #[expect(clippy::cast_possible_truncation, reason = "any number will do")]
    fn vector(&mut self, length: usize) -> Vec<f32> {
        (0..length).map(|_| self.next() as f32).collect()
    }

    #[expect(clippy::cast_possible_truncation, reason = "within -127 and 127")]
    fn codes(&mut self, length: usize) -> Vec<i8> {
        (0..length).map(|_| (self.next() * 127.0) as i8).collect()
    }
}

fn truth(left: &[f32], right: &[f32]) -> f64 {
    left.iter()
        .zip(right)
        .map(|(&left, &right)| f64::from(left) * f64::from(right))
        .sum()
}

fn distance(left: &[f32], right: &[f32]) -> f64 {
    left.iter()
        .zip(right)
        .map(|(&left, &right)| (f64::from(left) - f64::from(right)).powi(2))
        .sum()
}

/// Of the product of the lengths for products, of itself for squares.
const ERROR: f64 = 1e-6;

fn close(found: f64, expected: f64, measure: f64, what: &str) {
    assert!(
        (found - expected).abs() <= ERROR * measure,
        "{what}: {found} and not {expected}"
    );
}

fn compare(set: &Kernels, left: &[f32], right: &[f32]) {
    let what = format!("{} numbers, {}", left.len(), set.name);
    let (lefts, rights) = (truth(left, left), truth(right, right));
    let (dot, lengths) = (truth(left, right), (lefts * rights).sqrt());
    close((set.dot)(left, right), dot, lengths, &what);
    let squared = distance(left, right);
    close((set.squared_distance)(left, right), squared, squared, &what);
    let [found, norm] = (set.dot_and_norm)(left, right);
    close(found, dot, lengths, &what);
    close(norm, rights, rights, &what);
    let [found, first, second] = (set.dot_and_norms)(left, right);
    close(found, dot, lengths, &what);
    close(first, lefts, lefts, &what);
    close(second, rights, rights, &what);

    let mut bytes = vec![0; right.len() * 2];
    to_f16(right, &mut bytes);
    let halves: Vec<u16> = bytes
        .as_chunks()
        .0
        .iter()
        .map(|&bytes| u16::from_le_bytes(bytes))
        .collect();
    let mut decoded = vec![0.0; right.len()];
    from_f16(&bytes, &mut decoded);
    let dot = truth(left, &decoded);
    close((set.dot_f16)(left, &halves), dot, lengths * 1.01, &what);
    let squared = distance(left, &decoded);
    close(
        (set.squared_distance_f16)(left, &halves),
        squared,
        squared,
        &what,
    );
}

#[test]
fn every_length_and_every_alignment_agrees_with_float64() {
    let mut numbers = Numbers(1);
    for length in 0..=130 {
        let (left, right) = (numbers.vector(length + 3), numbers.vector(length + 3));
        for set in available() {
            for (start, other) in [(0, 0), (1, 2), (3, 0)] {
                compare(
                    set,
                    &left[start..start + length],
                    &right[other..other + length],
                );
            }
        }
    }
}

#[test]
fn usual_and_very_long_vectors_agree_with_float64() {
    let mut numbers = Numbers(2);
    for length in [384, 768, 1023, 1536, 4095, 4096, 4097, 65_536, 1_000_001] {
        let (left, right) = (numbers.vector(length), numbers.vector(length));
        for set in available() {
            compare(set, &left, &right);
            // All of one sign: the sums are as large as they get.
            let left: Vec<f32> = left.iter().map(|value| value.abs()).collect();
            compare(set, &left, &left);
        }
    }
}

#[test]
fn codes_and_bits_are_exact() {
    let mut numbers = Numbers(3);
    for length in (0..=300).chain([768, 1536, 65_536]) {
        let (left, right) = (numbers.codes(length), numbers.codes(length));
        let (low, high) = (vec![-127; length], vec![127; length]);
        for (left, right) in [
            (&left, &right),
            (&low, &high),
            (&low, &low),
            (&high, &right),
        ] {
            let products = left
                .iter()
                .zip(right)
                .map(|(&left, &right)| i64::from(left) * i64::from(right));
            let expected: i64 = products.sum();
            let sum = right.iter().map(|&code| i32::from(code)).sum();
            for set in available() {
                let found = i64::from((set.dot_i8)(left, right, sum));
                assert_eq!(found, expected, "{length} codes, {}", set.name);
            }
        }
        let words = |codes: &[i8]| -> Vec<u64> {
            codes
                .iter()
                .map(|&code| {
                    (i64::from(code))
                        .cast_unsigned()
                        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
                })
                .collect()
        };
        let (left, right) = (words(&left), words(&right));
        let expected: u32 = left
            .iter()
            .zip(&right)
            .map(|(left, right)| (left ^ right).count_ones())
            .sum();
        for set in available() {
            assert_eq!(
                (set.hamming)(&left, &right),
                expected,
                "{length} words, {}",
                set.name
            );
        }
    }
}

#[test]
fn what_is_no_number_comes_out_as_it_went_in() {
    for set in available() {
        for at in [0, 7, 63, 64, 99] {
            let mut odd = vec![1.0; 100];
            odd[at] = f32::NAN;
            assert!((set.dot)(&odd, &vec![1.0; 100]).is_nan(), "{}", set.name);
            odd[at] = f32::INFINITY;
            assert_eq!((set.dot)(&odd, &vec![1.0; 100]), f64::INFINITY);
            assert!((set.squared_distance)(&odd, &odd).is_nan());
        }
    }
}

#[test]
fn the_shorter_vector_counts() {
    for set in available() {
        assert_eq!((set.dot)(&[1.0; 70], &[1.0; 40]), 40.0, "{}", set.name);
        assert_eq!((set.hamming)(&[1; 9], &[0; 20]), 9, "{}", set.name);
        assert_eq!((set.hamming)(&[1; 20], &[0; 9]), 9, "{}", set.name);
        for (left, right) in [(70, 40), (40, 70), (1, 0), (300, 257)] {
            let (left, right) = (vec![1; left], vec![1; right]);
            let expected = i32::try_from(left.len().min(right.len())).unwrap();
            assert_eq!(
                (set.dot_i8)(&left, &right, expected),
                expected,
                "{}",
                set.name
            );
        }
    }
}

#[test]
fn what_must_have_the_same_bits_has_them_in_every_set() {
    let mut numbers = Numbers(4);
    for length in (0..=130).chain([768, 10_001]) {
        let (left, right) = (numbers.vector(length), numbers.vector(length));
        let first = available()[0];
        let mut expected = vec![0; length];
        let scale = (first.to_i8)(&left, &mut expected);
        for set in available() {
            assert_eq!(
                (set.precise_dot)(&left, &right),
                (first.precise_dot)(&left, &right)
            );
            let distance = (set.precise_squared_distance)(&left, &right);
            assert_eq!(distance, (first.precise_squared_distance)(&left, &right));
            let mut found = vec![0; length];
            assert_eq!((set.to_i8)(&left, &mut found), scale);
            assert_eq!(found, expected, "{length} numbers, {}", set.name);
        }
    }
}

#[test]
fn the_best_set_is_chosen() {
    assert_eq!(kernels().name, available().last().unwrap().name);
}
