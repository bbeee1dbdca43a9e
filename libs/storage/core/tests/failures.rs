//! Writes, syncs and disks that fail, clocks that jump: what was acknowledged is there, and nothing is acknowledged that is not.

mod support;

use std::path::Path;

use fishplate_storage::{
    Access, CheckpointOptions, Durability, Event, Options, Query, Result, StorageError, Store,
};
use support::{Fault, Machine, Random};

fn root() -> &'static Path {
    Path::new("/store")
}

fn payload(seq: u64) -> Vec<u8> {
    let mut random = Random(seq);
    (0..20 + random.below(90))
        .map(|_| random.next() as u8)
        .collect()
}

/// A closed store of `count` events in one segment, each synced on its own.
fn store_of(count: u64) -> (Machine, Options) {
    let machine = Machine::new(3);
    let mut options = machine.options();
    options.segment_bytes = 1 << 20;
    let store = Store::open(root(), &options).unwrap();
    for seq in 1..=count {
        assert_eq!(
            store.append(&payload(seq), "", Durability::Sync).unwrap(),
            seq
        );
    }
    store.close().unwrap();
    (machine, options)
}

/// The events are a prefix of what was appended.
fn assert_prefix(events: &[Event]) {
    for (seq, event) in (1..).zip(events) {
        assert_eq!((event.seq, &event.data), (seq, &payload(seq)));
    }
}

fn events(store: &Store) -> Result<Vec<Event>> {
    store.events(&Query::default())
}

#[test]
fn nothing_is_acknowledged_after_a_failed_write_or_sync() {
    for fault in [Fault::Write, Fault::ShortWrite, Fault::Sync] {
        for at in 0..6 {
            let (machine, options) = store_of(5);
            let store = Store::open(root(), &options).unwrap();
            machine.fail_after(at, fault);
            let mut acknowledged = 5;
            let mut failed = false;
            for seq in 6..20 {
                match store.append(&payload(seq), "", Durability::Sync) {
                    Ok(seq) => {
                        assert!(!failed, "{fault:?}");
                        acknowledged = seq;
                    }
                    Err(error) => {
                        assert_eq!(
                            error.code(),
                            if failed {
                                "STORAGE_POISONED"
                            } else {
                                "STORAGE_IO"
                            },
                            "{fault:?} {error}"
                        );
                        failed = true;
                    }
                }
            }
            assert!(failed);
            let readable = events(&store).unwrap().len() as u64;
            assert_eq!(store.last_seq().unwrap(), readable);
            assert!(
                events(&store).unwrap().len() as u64 >= acknowledged,
                "what was written can still be read"
            );
            assert!(store.close().is_err());
            drop(store);
            // The cache may hold what the disk does not: a sync that failed tells of it once.
            let store = Store::open(root(), &options).unwrap();
            let recovered = store.open_report().recovered_to;
            assert!(recovered >= acknowledged);
            machine.crash(1);
            drop(store);
            let store = Store::open(root(), &options).unwrap();
            assert_eq!(
                store.open_report().recovered_to,
                recovered,
                "what an open kept is on the disk: {fault:?}"
            );
            assert_prefix(&events(&store).unwrap());
        }
    }
}

#[test]
fn a_shared_sync_that_fails_fails_for_all_that_wait() {
    let (machine, options) = store_of(1);
    let store = Store::open(root(), &options).unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    machine.fail_after(1, Fault::Sync);
    let mut asked = 0;
    for seq in 2..50_u64 {
        let sender = sender.clone();
        match store.append_with(
            &[&payload(seq)],
            "",
            Box::new(move |result| sender.send((seq, result)).unwrap()),
        ) {
            Ok(_) => asked += 1,
            Err(error) => assert_eq!(error.code(), "STORAGE_POISONED"),
        }
    }
    drop(sender);
    let _ = store.close();
    let answers: Vec<_> = receiver.iter().collect();
    assert_eq!(answers.len(), asked, "each callback is called once");
    assert!(answers.iter().any(|(_, result)| result.is_err()));
    let first = answers
        .iter()
        .position(|(_, result)| result.is_err())
        .unwrap();
    assert!(answers[first..].iter().all(|(_, result)| result.is_err()));
    drop(store);
    machine.crash(4);
    let store = Store::open(root(), &options).unwrap();
    let good = answers[..first]
        .iter()
        .map(|(seq, _)| *seq)
        .max()
        .unwrap_or(1);
    assert!(store.open_report().recovered_to >= good);
}

#[test]
fn a_full_disk_loses_nothing_and_goes_on_when_there_is_room() {
    let (machine, options) = store_of(5);
    let used: usize = machine
        .files()
        .iter()
        .map(|path| machine.read(path).unwrap().len())
        .sum();
    machine.set_capacity(Some(used + 3000));
    let store = Store::open(root(), &options).unwrap();
    let mut last = 5;
    let error = loop {
        match store.append(&payload(last + 1), "", Durability::Sync) {
            Ok(seq) => last = seq,
            Err(error) => break error,
        }
    };
    assert_eq!(error.code(), "STORAGE_FULL");
    assert!(last > 10);
    let _ = store.close();
    drop(store);
    let mut reads = options.clone();
    reads.read_only = true;
    assert!(events(&Store::open(root(), &reads).unwrap()).unwrap().len() as u64 >= last);
    machine.set_capacity(None);
    let store = Store::open(root(), &options).unwrap();
    let found = events(&store).unwrap();
    assert!(found.len() as u64 >= last);
    assert_prefix(&found);
    store.append(b"room", "", Durability::Sync).unwrap();
}

#[test]
fn a_clock_that_goes_back_does_not_turn_times_round() {
    let (machine, options) = store_of(2);
    let store = Store::open(root(), &options).unwrap();
    machine.set_clock(2_000_000_000_000);
    store.append(&payload(3), "", Durability::Sync).unwrap();
    machine.set_clock(5);
    store.append(&payload(4), "", Durability::Sync).unwrap();
    drop(store);
    let store = Store::open(root(), &options).unwrap();
    store.append(&payload(5), "", Durability::Sync).unwrap();
    let times: Vec<u64> = events(&store)
        .unwrap()
        .iter()
        .map(|event| event.time)
        .collect();
    assert_eq!(times[2..], [2_000_000_000_000; 3]);
}

#[test]
fn a_network_file_system_is_refused_unless_asked_for() {
    let machine = Machine::new(1);
    machine.set_network("nfs");
    let mut options = machine.options();
    let error = Store::open(root(), &options).unwrap_err();
    assert!(
        matches!(&error, StorageError::NetworkFileSystem { kind, .. } if kind == "nfs"),
        "{error}"
    );
    assert!(machine.files().is_empty());
    options.allow_network = true;
    assert_eq!(
        Store::open(root(), &options)
            .unwrap()
            .append(b"x", "", Durability::Sync)
            .unwrap(),
        1
    );
}

#[test]
fn what_a_full_disk_refused_takes_no_room_and_keeps_no_store_from_opening() {
    let (machine, options) = store_of(5);
    let count = machine.files().len();
    let used: usize = machine
        .files()
        .iter()
        .map(|path| machine.read(path).unwrap().len())
        .sum();
    let store = Store::open(root(), &options).unwrap();
    machine.set_capacity(Some(used + 100_000));
    for id in ["first", "second"] {
        let state = vec![7; 3 << 20];
        let saved = store.save_checkpoint(id, &state, &CheckpointOptions::default());
        assert_eq!(saved.unwrap_err().code(), "STORAGE_FULL");
        assert_eq!(machine.files().len(), count + 1, "the claim alone is new");
    }
    assert_eq!(store.append(&payload(6), "", Durability::Sync).unwrap(), 6);
    drop(store);

    // A torn tail that cannot be put aside, since what an earlier process left takes all the room.
    let mut torn = machine.read(&machine.last_segment()).unwrap();
    torn.extend_from_slice(&[7; 2000]);
    machine.set_capacity(None);
    machine.overwrite(&machine.last_segment(), torn);
    let left = options
        .system
        .open(&root().join("log/left.tmp"), Access::Create);
    assert_eq!(left.unwrap().write_at(&[1; 50_000], 0).unwrap(), 50_000);
    let used: usize = machine
        .files()
        .iter()
        .map(|path| machine.read(path).unwrap().len())
        .sum();
    machine.set_capacity(Some(used + 500));
    let store = Store::open(root(), &options).unwrap();
    assert_eq!(store.open_report().recovered_to, 6);
    assert!(store.open_report().dropped_bytes > 0);
}
