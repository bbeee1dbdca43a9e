//! A segment with any bytes changed, cut or added opens or is refused, and gives nothing but what was appended.
#![no_main]

use std::fs;

use fishplate_storage::{Durability, Options, Query, Store};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (Vec<(u16, u8)>, u16, Vec<u8>)| {
    let (changes, cut, added) = input;
    let Ok(directory) = tempfile::tempdir() else { return };
    let mut options = Options::default();
    options.fill_ahead = false;
    let event = |seq: u64| vec![seq as u8; seq as usize * 9];
    let store = Store::open(directory.path(), &options).expect("a new store opens");
    for seq in 1..=12 {
        store.append(&event(seq), "", Durability::Os).expect("an append works");
    }
    store.close().expect("it closes");
    drop(store);
    let path = directory.path().join("log/0000000000000001.seg");
    let mut bytes = fs::read(&path).expect("the segment is there");
    for (at, value) in changes {
        let at = usize::from(at) % bytes.len();
        bytes[at] = value;
    }
    bytes.truncate(bytes.len() - usize::from(cut) % bytes.len());
    bytes.extend_from_slice(&added);
    fs::write(&path, bytes).expect("it can be written");
    if let Ok(store) = Store::open(directory.path(), &options) {
        let events = store.events(&Query::default()).expect("what opens can be read");
        for (seq, found) in (1..).zip(&events) {
            assert_eq!((found.seq, &found.data), (seq, &event(seq)));
        }
    }
    let _ = fishplate_storage::salvage(directory.path(), &options);
});
