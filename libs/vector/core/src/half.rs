//! Half precision numbers (IEEE 754 binary16) as their bits.

/// The largest finite half, 65,504.
const LARGEST: u16 = 0x7bff;

/// The nearest half, ties to even; what is finite and larger than the largest half becomes that.
pub(crate) fn from_f32(value: f32) -> u16 {
    let bits = value.to_bits();
    let sign = (bits >> 16) as u16 & 0x8000;
    let magnitude = bits & 0x7fff_ffff;
    let half = if magnitude > 0x7f80_0000 {
        0x7e00
    } else if magnitude == 0x7f80_0000 {
        0x7c00
    } else if magnitude < 0x3880_0000 {
        // Subnormal: the addition leaves the bits that count in the low places, rounded as the processor rounds.
        let shifted = f32::from_bits(magnitude) + 0.5;
        shifted.to_bits() - 0.5_f32.to_bits()
    } else {
        // The exponent's bias changes from 127 to 15; half of the last place is added, or just less for an even one.
        let is_odd = magnitude >> 13 & 1;
        let rounded = (magnitude - (112 << 23) + 0xfff + is_odd) >> 13;
        rounded.min(u32::from(LARGEST))
    };
    #[expect(clippy::cast_possible_truncation, reason = "at most 0x7e00")]
    let half = half as u16;
    sign | half
}

/// What a half stands for, exactly.
pub(crate) fn to_f32(half: u16) -> f32 {
    let sign = u32::from(half & 0x8000) << 16;
    let magnitude = u32::from(half & 0x7fff);
    let bits = if magnitude >= 0x7c00 {
        0x7f80_0000 | (magnitude & 0x3ff) << 13
    } else if magnitude >= 0x400 {
        (magnitude << 13) + (112 << 23)
    } else {
        // A subnormal is a whole number of steps of 2^-24.
        #[expect(clippy::cast_precision_loss, reason = "ten bits")]
        let steps = magnitude as f32;
        (steps * f32::from_bits(0x3380_0000)).to_bits()
    };
    f32::from_bits(sign | bits)
}

#[cfg(test)]
mod tests {
    use super::{from_f32, to_f32};

    #[test]
    fn every_half_survives_both_ways() {
        for half in 0..=u16::MAX {
            let value = to_f32(half);
            if value.is_nan() {
                assert!(to_f32(from_f32(value)).is_nan());
            } else {
                assert_eq!(from_f32(value), half, "{half:#x} is {value}");
            }
        }
    }

    #[test]
    fn known_values() {
        for (value, half) in [
            (1.0, 0x3c00),
            (-2.0, 0xc000),
            (65_504.0, 0x7bff),
            (1e9, 0x7bff),
            (-1e9, 0xfbff),
            (f32::INFINITY, 0x7c00),
            (5.960_464_5e-8, 1),
            (2.9e-8, 0),
            (-0.0, 0x8000),
            // Halfway between two halves: to the even one.
            (1.0 + 1.0 / 2048.0, 0x3c00),
            (1.0 + 3.0 / 2048.0, 0x3c02),
        ] {
            assert_eq!(from_f32(value), half, "{value}");
        }
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn rounding_is_that_of_the_processor() {
        use std::arch::x86_64::{
            _MM_FROUND_TO_NEAREST_INT, _mm_cvtps_ph, _mm_extract_epi16, _mm_set1_ps,
        };

        #[target_feature(enable = "f16c")]
        fn by_processor(value: f32) -> u16 {
            let halves = _mm_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(_mm_set1_ps(value));
            u16::try_from(_mm_extract_epi16::<0>(halves)).unwrap()
        }

        if !std::arch::is_x86_feature_detected!("f16c") {
            return;
        }
        for bits in (0..0x4780_0000_u32).step_by(977) {
            let value = f32::from_bits(bits);
            if value < 65_520.0 {
                // SAFETY: the processor has it.
                let expected = unsafe { by_processor(value) };
                assert_eq!(from_f32(value), expected, "{value:e}");
            }
        }
    }
}
