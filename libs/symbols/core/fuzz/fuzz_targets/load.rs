//! Any body behind a right header and before a right checksum.
#![no_main]

use fishplate_symbols::{QueryOptions, SymbolIndex};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    // As it is, too.
    let _ = SymbolIndex::from_bytes(body);
    let mut bytes = b"FPSYMBOL\x01\0\0\0".to_vec();
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
    bytes.extend_from_slice(&(body.len() as u64).to_le_bytes());
    bytes.extend_from_slice(body);
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
    let Ok(index) = SymbolIndex::from_bytes(&bytes) else {
        return;
    };
    let again = index.to_bytes();
    let read = SymbolIndex::from_bytes(&again).expect("it was just written");
    assert_eq!(read.to_bytes(), again);
    for file in index.files() {
        let _ = index.outline(file.path());
    }
    for text in ["a", "get", "a/b c"] {
        let _ = index.query(text, &QueryOptions::default()).expect("it is short");
    }
});
