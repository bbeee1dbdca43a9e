//! The symbols track. Logic only: nothing here knows of Node.
#![deny(missing_docs)]

const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

/// The FNV-1a hash of `bytes`, 64 bits wide. One pass, no allocation; not for input that an adversary chooses.
///
/// Source: RFC 9923, "The FNV Non-Cryptographic Hash Algorithm".
///
/// ```
/// assert_eq!(fishplate_symbols::fingerprint(b"foobar"), 0x8594_4171_f739_67e8);
/// ```
pub fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(OFFSET_BASIS, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(PRIME)
    })
}

#[cfg(test)]
mod tests {
    use super::fingerprint;

    #[test]
    fn published_vectors() {
        assert_eq!(fingerprint(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fingerprint(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fingerprint(b"foobar"), 0x8594_4171_f739_67e8);
    }
}
