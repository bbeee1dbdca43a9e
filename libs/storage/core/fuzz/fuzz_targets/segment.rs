//! A segment with any bytes changed, cut or added opens or is refused, and gives nothing but what was appended and saved. The disk is
//! simulated, so that it takes a millisecond and no files.
#![no_main]

#[path = "../../tests/support/mod.rs"]
mod support;

use std::path::Path;
use std::sync::LazyLock;

use fishplate_storage::{CheckpointOptions, Durability, Query, Store};
use libfuzzer_sys::fuzz_target;
use support::Machine;

const STATE: &[u8] = &[5; 300];

fn store() -> &'static Path {
    Path::new("/store")
}

fn event(seq: u64) -> Vec<u8> {
    vec![seq as u8; seq as usize * 9]
}

/// Twelve events, three of them a batch, and two checkpoints of which one is a difference.
static WRITTEN: LazyLock<Machine> = LazyLock::new(|| {
    let machine = Machine::new(1);
    let store = Store::open(store(), &machine.options()).expect("a new store opens");
    for seq in 1..=9 {
        store.append(&event(seq), "", Durability::Os).expect("an append works");
    }
    let batch = [event(10), event(11), event(12)];
    let batch: Vec<&[u8]> = batch.iter().map(Vec::as_slice).collect();
    store.append_batch(&batch, "stream", Durability::Os).expect("a batch works");
    let mut options = CheckpointOptions::default();
    store.save_checkpoint("base", STATE, &options).expect("a checkpoint works");
    options.base = Some("base".to_owned());
    store.save_checkpoint("delta", STATE, &options).expect("a difference works");
    store.close().expect("it closes");
    machine
});

fuzz_target!(|input: (Vec<(u16, u8)>, u16, Vec<u8>)| {
    let (changes, cut, added) = input;
    let machine = WRITTEN.copy();
    let path = machine.last_segment();
    let mut bytes = machine.read(&path).expect("the segment is there");
    for (at, value) in changes {
        let at = usize::from(at) % bytes.len();
        bytes[at] = value;
    }
    bytes.truncate(bytes.len() - usize::from(cut) % bytes.len());
    bytes.extend_from_slice(&added);
    machine.overwrite(&path, bytes);
    let options = machine.options();
    check(&options);
    let _ = fishplate_storage::salvage(store(), &options);
    check(&options);
});

fn check(options: &fishplate_storage::Options) {
    let Ok(store) = Store::open(store(), options) else {
        return;
    };
    let events = store.events(&Query::default()).expect("what opens can be read");
    for found in &events {
        assert_eq!(found.data, event(found.seq));
    }
    for checkpoint in store.list_checkpoints().expect("what opens can be read") {
        if let Ok(Some(state)) = store.load_checkpoint(&checkpoint.id) {
            assert_eq!(*state, STATE);
        }
    }
}
