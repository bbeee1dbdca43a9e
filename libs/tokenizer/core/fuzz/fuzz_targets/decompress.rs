//! Any bytes are read or refused, within the limit.
#![no_main]

use fishplate_tokenizer::{compress, decompress};
use libfuzzer_sys::fuzz_target;

const MOST: usize = 1 << 16;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(data) = decompress(bytes, MOST, &[]) {
        assert!(data.len() <= MOST);
    }
    let framed = [&[0x28, 0xb5, 0x2f, 0xfd], bytes].concat();
    if let Ok(data) = decompress(&framed, MOST, &[]) {
        assert!(data.len() <= MOST);
    }
    let frame = compress(bytes, 1, &[]).unwrap();
    assert_eq!(decompress(&frame, bytes.len(), &[]).unwrap(), bytes);
});
