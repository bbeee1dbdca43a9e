//! Numbers as ECMAScript writes them, which is what RFC 8785 asks for.

/// Digits that any double tells apart: a decimal of so many is the shortest of its double.
const SAFE_DIGITS: usize = 15;

/// The double nearest to a number of JSON; infinite where it is beyond them.
pub(crate) fn double(text: &[u8]) -> f64 {
    std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(f64::NAN)
}

/// Appends a number of JSON in the canonical spelling. False where no finite double is near it.
#[inline]
pub(crate) fn push_canonical(text: &[u8], out: &mut Vec<u8>) -> bool {
    if is_canonical(text) {
        out.extend_from_slice(text);
        return true;
    }
    let value = double(text);
    if !value.is_finite() {
        return false;
    }
    out.extend_from_slice(ryu_js::Buffer::new().format_finite(value).as_bytes());
    true
}

/// Whether a number is surely written as its double would be: few digits, no exponent, no zero that could go.
fn is_canonical(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    if digits.len() > SAFE_DIGITS {
        return false;
    }
    let Some(point) = digits.iter().position(|byte| !byte.is_ascii_digit()) else {
        // `-0` is `0`.
        return digits.len() == text.len() || digits != b"0";
    };
    let (whole, fraction) = digits.split_at_checked(point).unwrap_or((digits, &[]));
    let Some((b'.', fraction)) = fraction.split_first() else {
        return false;
    };
    // Below 0.000001 there is an exponent.
    fraction.iter().all(u8::is_ascii_digit)
        && fraction.last() != Some(&b'0')
        && (whole != b"0" || !fraction.starts_with(b"000000"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{double, push_canonical};

    fn canonical(text: &str) -> Option<String> {
        let mut out = Vec::new();
        push_canonical(text.as_bytes(), &mut out)
            .then(|| String::from_utf8_lossy(&out).into_owned())
    }

    /// Doubles by their bits and what RFC 8785 writes for them (its appendix B).
    #[test]
    fn numbers_are_those_of_the_rfc() {
        let cases: [(u64, &str); 24] = [
            (0x0000_0000_0000_0000, "0"),
            (0x8000_0000_0000_0000, "0"),
            (0x0000_0000_0000_0001, "5e-324"),
            (0x8000_0000_0000_0001, "-5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0xc340_0000_0000_0000, "-9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
            (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"),
            (0x41b3_de43_5555_5554, "333333333.33333325"),
            (0x41b3_de43_5555_5555, "333333333.3333333"),
            (0x41b3_de43_5555_5556, "333333333.3333334"),
            (0x41b3_de43_5555_5557, "333333333.33333343"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
            (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
        ];
        for (bits, expected) in cases {
            let value = f64::from_bits(bits);
            // Seventeen digits name every double.
            let written = format!("{value:.16e}");
            assert_eq!(canonical(&written).as_deref(), Some(expected), "{written}");
            assert_eq!(canonical(expected).as_deref(), Some(expected));
        }
    }

    proptest! {
        #[test]
        fn short_decimals_are_what_their_doubles_are(
            text in "-?(0|[1-9][0-9]{0,7})(\\.[0-9]{1,8})?([eE][+-]?[0-9]{1,2})?",
        ) {
            let expected = ryu_js::Buffer::new().format_finite(double(text.as_bytes())).to_owned();
            prop_assert_eq!(canonical(&text), Some(expected));
        }

        #[test]
        fn every_double_comes_back(bits in any::<u64>()) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            let written = canonical(&format!("{value:e}")).unwrap_or_default();
            prop_assert_eq!(written.parse::<f64>(), Ok(value));
        }
    }
}
