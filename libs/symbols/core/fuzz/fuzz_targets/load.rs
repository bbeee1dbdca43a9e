//! Any body behind a right header and before a right checksum.
#![no_main]

use fishplate_symbols::{FORMAT, QueryOptions, SymbolIndex};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (bool, &[u8])| {
    let (is_old, body) = input;
    // As it is, too.
    let _ = SymbolIndex::from_bytes(body);
    let mut bytes = b"FPSYMBOL".to_vec();
    bytes.extend_from_slice(&(FORMAT - u32::from(is_old)).to_le_bytes());
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
