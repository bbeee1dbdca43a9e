//! Files of which the checksums are right, and nothing else need be.
#![no_main]

use std::sync::atomic::AtomicBool;

use fishplate_vector::SearchOptions;
use fishplate_vector::file::read;
use libfuzzer_sys::fuzz_target;

const HEADER: usize = 192;

fuzz_target!(|bytes: &[u8]| {
    let mut bytes = bytes.to_vec();
    if bytes.len() >= HEADER {
        mend(&mut bytes);
    }
    let Ok(mut index) = read(&bytes) else {
        return;
    };
    let dims = index.arena().rows().shape().dims();
    let query = vec![0.5; dims];
    let never = AtomicBool::new(false);
    index
        .snapshot()
        .search(&query, 3, &SearchOptions::default(), &never)
        .expect("a finite query of its dimensions can be searched for");
    index.add("fuzz", &query, None).expect("a finite vector can be added");
    assert!(index.arena().row_of("fuzz").is_some());
    assert!(index.remove("fuzz").expect("what is there can be removed"));
});

/// Makes the checksums of sections and header right: a fuzzer does not find them.
fn mend(bytes: &mut [u8]) {
    for section in 0..5 {
        let at = 32 + section * 24;
        let number = |at: usize| {
            let bytes: [u8; 8] = bytes[at..at + 8].try_into().expect("eight bytes");
            usize::try_from(u64::from_le_bytes(bytes)).expect("64 bits")
        };
        let (start, length) = (number(at), number(at + 8));
        let there = start.checked_add(length).and_then(|end| bytes.get(start..end));
        if let Some(there) = there {
            let checksum = crc32fast::hash(there).to_le_bytes();
            bytes[at + 16..at + 20].copy_from_slice(&checksum);
        }
    }
    let checksum = crc32fast::hash(&bytes[..HEADER - 4]).to_le_bytes();
    bytes[HEADER - 4..HEADER].copy_from_slice(&checksum);
}
