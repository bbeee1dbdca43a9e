//! Damaged files: nothing wrong is ever returned, nothing is silently lost, nothing panics.

mod support;

use std::path::{Path, PathBuf};

use fishplate_storage::{
    CheckpointOptions, Durability, Event, Options, Query, Result, StorageError, Store, salvage,
};
use support::{Machine, Random, size};

const ROOT: &str = "/store";

fn root() -> &'static Path {
    Path::new(ROOT)
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
fn a_file_cut_at_each_of_its_last_700_bytes_keeps_what_is_whole() {
    let (machine, options) = store_of(40);
    let path = machine.last_segment();
    let whole = machine.read(&path).unwrap();
    let mut lengths = Vec::new();
    for cut in 0..=700 {
        machine.overwrite(&path, whole[..whole.len() - cut].to_vec());
        let store = Store::open(root(), &options).unwrap();
        let found = events(&store).unwrap();
        assert_prefix(&found);
        let report = store.open_report().clone();
        assert_eq!(report.recovered_to, found.len() as u64);
        // Only a cut between two records leaves nothing to tell of.
        if let Some(reason) = &report.reason {
            let kept = machine
                .read(report.quarantined.as_deref().unwrap())
                .unwrap();
            assert!(!reason.is_empty() && report.dropped_bytes as usize == kept.len());
            assert_eq!(kept, &whole[report.offset as usize..][..kept.len()]);
        }
        lengths.push(found.len());
        let next = found.len() as u64 + 1;
        assert_eq!(
            store.append(&payload(next), "", Durability::Sync).unwrap(),
            next
        );
        drop(store);
        let again = Store::open(root(), &options).unwrap();
        assert_eq!(again.open_report().reason, None);
        assert_eq!(events(&again).unwrap().len() as u64, next);
    }
    assert_eq!(lengths[0], 40);
    assert!(lengths.is_sorted_by(|longer, shorter| longer >= shorter));
    assert!(lengths[700] < 36);
}

#[test]
fn a_flipped_bit_is_found_and_never_returned() {
    let (machine, options) = store_of(60);
    let path = machine.last_segment();
    let whole = machine.read(&path).unwrap();
    let mut random = Random(11);
    let mut corrupt = 0;
    for _ in 0..size("FISHPLATE_FLIPS", 400) {
        let mut damaged = whole.clone();
        let at = random.below(damaged.len());
        damaged[at] ^= 1 << random.below(8);
        machine.overwrite(&path, damaged);
        match Store::open(root(), &options) {
            Err(StorageError::Corruption {
                segment: 1, offset, ..
            }) => {
                corrupt += 1;
                assert!(offset <= at as u64);
            }
            Err(error) => panic!("{error}"),
            // Without a record behind it, a bad record cannot be told from a torn one.
            Ok(store) => {
                let found = events(&store).unwrap();
                assert_prefix(&found);
                assert_eq!(found.len(), 59, "bit in byte {at}");
                assert!(store.open_report().reason.is_some());
                assert!(store.verify().unwrap().problems.is_empty());
            }
        }
    }
    assert!(corrupt > 300, "{corrupt}");
}

#[test]
fn flips_in_sealed_segments_are_found_when_they_are_read_and_salvaged_around() {
    let mut random = Random(5);
    for _ in 0..size("FISHPLATE_SEALED_FLIPS", 60) {
        let machine = Machine::new(3);
        let options = machine.options();
        let store = Store::open(root(), &options).unwrap();
        for seq in 1..=150 {
            store.append(&payload(seq), "", Durability::Os).unwrap();
        }
        store
            .save_checkpoint("c", payload(9000), &CheckpointOptions::default())
            .unwrap();
        store.close().unwrap();
        let segments: Vec<PathBuf> = machine
            .files()
            .into_iter()
            .filter(|path| path.extension().is_some_and(|it| it == "seg"))
            .collect();
        let path = &segments[random.below(segments.len() - 1)];
        let mut damaged = machine.read(path).unwrap();
        let at = random.below(damaged.len());
        damaged[at] ^= 1 << random.below(8);
        machine.overwrite(path, damaged);
        let opened = Store::open(root(), &options);
        match &opened {
            Ok(store) => {
                let problems = store.verify().unwrap().problems;
                let read = events(store);
                assert!(
                    matches!(&read, Err(StorageError::Corruption { .. })),
                    "{read:?}"
                );
                assert_eq!(problems.len(), 1, "{problems:?}");
            }
            Err(StorageError::Corruption { .. }) => {}
            Err(error) => panic!("{error}"),
        }
        drop(opened);
        let report = salvage(root(), &options).unwrap();
        assert!(!report.problems.is_empty());
        let store = Store::open(root(), &options).unwrap();
        let found = events(&store).unwrap();
        assert!(found.len() >= 149, "one record at most is lost: {report:?}");
        assert_eq!(found.len() as u64, report.events);
        for event in &found {
            assert_eq!(event.data, payload(event.seq));
        }
        let missing: u64 = report
            .missing
            .iter()
            .map(|(first, last)| last - first + 1)
            .sum();
        assert_eq!(missing + report.events, 150, "{report:?}");
        assert_eq!(
            store.append(b"next", "", Durability::Sync).unwrap(),
            151,
            "no number is given twice"
        );
        assert_eq!(
            store.load_checkpoint("c").unwrap().unwrap().to_vec(),
            payload(9000)
        );
        assert!(store.verify().unwrap().problems.is_empty());
    }
}

#[test]
fn bytes_behind_the_end_are_cut_and_kept_aside() {
    let (machine, options) = store_of(20);
    let path = machine.last_segment();
    let whole = machine.read(&path).unwrap();
    let mut random = Random(77);
    let garbage: Vec<u8> = (0..5000).map(|_| random.next() as u8).collect();
    let tails: [(&str, Vec<u8>, bool); 5] = [
        ("zeros", vec![0; 5000], false),
        ("garbage", garbage, true),
        (
            "the last records again",
            whole[whole.len() - 600..].to_vec(),
            true,
        ),
        ("the whole file again", whole.clone(), true),
        ("one byte", vec![7], true),
    ];
    for (name, tail, is_cut) in tails {
        machine.overwrite(&path, [whole.clone(), tail.clone()].concat());
        let store = Store::open(root(), &options).unwrap();
        let found = events(&store).unwrap();
        assert_eq!(found.len(), 20, "{name}");
        assert_prefix(&found);
        assert_eq!(store.open_report().reason.is_some(), is_cut, "{name}");
        if let Some(kept) = &store.open_report().quarantined {
            assert!(tail.starts_with(&machine.read(kept).unwrap()), "{name}");
        }
    }
}

#[test]
fn payloads_that_look_like_records_and_segments_are_payloads() {
    let (machine, options) = store_of(20);
    let path = machine.last_segment();
    let whole = machine.read(&path).unwrap();
    let store = Store::open(root(), &options).unwrap();
    // At offsets where a record could begin, too.
    for shift in 0..9 {
        store
            .append(
                &[vec![1; shift], whole.clone()].concat(),
                "",
                Durability::Sync,
            )
            .unwrap();
    }
    store.close().unwrap();
    let grown = machine.read(&path).unwrap();
    for cut in (1..2000).step_by(13) {
        machine.overwrite(&path, grown[..grown.len() - cut].to_vec());
        let store = Store::open(root(), &options).unwrap();
        assert_eq!(events(&store).unwrap().len(), 28);
    }
}

#[test]
fn a_missing_segment_header_or_identity_is_corruption_until_salvaged() {
    let build = || {
        let machine = Machine::new(3);
        let options = machine.options();
        let store = Store::open(root(), &options).unwrap();
        for seq in 1..=150 {
            store.append(&payload(seq), "", Durability::Os).unwrap();
        }
        store.close().unwrap();
        (machine, options)
    };
    let segment = |number: u64| root().join(format!("log/{number:016x}.seg"));
    type Damage<'a> = (&'a str, Box<dyn Fn(&Machine) + 'a>);
    let damages: [Damage<'_>; 5] = [
        (
            "the first segment",
            Box::new(|machine| machine.delete(&segment(1))),
        ),
        (
            "a segment in the middle",
            Box::new(|machine| machine.delete(&segment(3))),
        ),
        (
            "a header",
            Box::new(|machine| {
                let mut bytes = machine.read(&segment(2)).unwrap();
                bytes[20] ^= 1;
                machine.overwrite(&segment(2), bytes);
            }),
        ),
        (
            "the end of a sealed segment",
            Box::new(|machine| {
                let bytes = machine.read(&segment(2)).unwrap();
                machine.overwrite(&segment(2), bytes[..bytes.len() - 9].to_vec());
            }),
        ),
        (
            "STORE",
            Box::new(|machine| machine.delete(&root().join("STORE"))),
        ),
    ];
    for (name, damage) in damages {
        let (machine, options) = build();
        damage(&machine);
        let error = Store::open(root(), &options).unwrap_err();
        assert_eq!(error.code(), "STORAGE_CORRUPT", "{name}: {error}");
        let report = salvage(root(), &options).unwrap();
        let store = Store::open(root(), &options).unwrap();
        let found = events(&store).unwrap();
        assert_eq!(found.len() as u64, report.events, "{name}");
        assert!(found.iter().all(|event| event.data == payload(event.seq)));
        assert!(found.len() > 90, "{name}: {}", found.len());
        assert_eq!(
            store.append(b"x", "", Durability::Sync).unwrap(),
            151,
            "{name}"
        );
    }
}

#[test]
fn a_newer_format_is_refused_and_left_alone() {
    for (file, at) in [("STORE", 8), ("log/0000000000000001.seg", 8)] {
        let (machine, options) = store_of(3);
        let path = root().join(file);
        let mut bytes = machine.read(&path).unwrap();
        bytes[at] = 2;
        let checksum = crc(&bytes[..60]);
        bytes[60..64].copy_from_slice(&checksum.to_le_bytes());
        machine.overwrite(&path, bytes.clone());
        let error = Store::open(root(), &options).unwrap_err();
        assert!(
            matches!(
                error,
                StorageError::NewerFormat {
                    found: 2,
                    supported: 1,
                    ..
                }
            ),
            "{error}"
        );
        let mut reads = options.clone();
        reads.read_only = true;
        if file == "STORE" {
            assert_eq!(
                events(&Store::open(root(), &reads).unwrap()).unwrap().len(),
                3,
                "a reader of version 1 will do"
            );
        }
        bytes[12] = 2;
        let checksum = crc(&bytes[..60]);
        bytes[60..64].copy_from_slice(&checksum.to_le_bytes());
        machine.overwrite(&path, bytes.clone());
        assert_eq!(
            Store::open(root(), &reads).unwrap_err().code(),
            "STORAGE_FORMAT_NEWER"
        );
        assert_eq!(
            salvage(root(), &options).unwrap_err().code(),
            "STORAGE_FORMAT_NEWER"
        );
        assert_eq!(machine.read(&path), Some(bytes));
    }
}

/// CRC-32 by the bits, independent of the crate that the library uses.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |mut crc, &byte| {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 {
                crc >> 1 ^ 0xEDB8_8320
            } else {
                crc >> 1
            };
        }
        crc
    })
}

#[test]
fn a_lost_sector_in_unsynced_records_is_a_torn_tail_and_damage_in_synced_ones_is_not() {
    let machine = Machine::new(3);
    let mut options = machine.options();
    options.segment_bytes = 1 << 20;
    let store = Store::open(root(), &options).unwrap();
    let event = vec![9; 700];
    for durability in [
        Durability::Sync,
        Durability::Os,
        Durability::Os,
        Durability::Os,
    ] {
        store.append(&event, "", durability).unwrap();
    }
    let path = machine.last_segment();
    let whole = machine.read(&path).unwrap();
    machine.kill();
    drop(store);
    // The second event is among the three that no sync covered.
    let mut lost = whole.clone();
    lost[1024..1536].fill(0);
    machine.overwrite(&path, lost.clone());
    let store = Store::open(root(), &options).unwrap();
    assert_eq!(store.open_report().recovered_to, 1);
    assert_eq!(
        store.open_report().reason.as_deref(),
        Some("parts of the last writes did not reach the disk")
    );
    drop(store);
    // Any other damage with valid records behind it is corruption.
    let mut changed = whole.clone();
    changed[1100] ^= 1;
    machine.overwrite(&path, changed);
    assert_eq!(
        Store::open(root(), &options).unwrap_err().code(),
        "STORAGE_CORRUPT"
    );
    // So is a lost sector that later records know to have been synced.
    machine.overwrite(&path, whole);
    let store = Store::open(root(), &options).unwrap();
    store.append(&event, "", Durability::Sync).unwrap();
    drop(store);
    let mut lost = machine.read(&path).unwrap();
    lost[1024..1536].fill(0);
    machine.overwrite(&path, lost);
    assert_eq!(
        Store::open(root(), &options).unwrap_err().code(),
        "STORAGE_CORRUPT"
    );
}

#[test]
fn damaged_checkpoints_are_told_and_salvage_keeps_the_others() {
    let machine = Machine::new(3);
    let options = machine.options();
    let store = Store::open(root(), &options).unwrap();
    let mut random = Random(8);
    let state: Vec<u8> = (0..400_000).map(|_| random.next() as u8).collect();
    store
        .save_checkpoint("whole", state.clone(), &CheckpointOptions::default())
        .unwrap();
    let grown = [state.clone(), b"more".to_vec()].concat();
    let on = |base: &str| CheckpointOptions {
        base: Some(base.to_owned()),
        ..CheckpointOptions::default()
    };
    assert_eq!(
        store
            .save_checkpoint("delta", grown, &on("whole"))
            .unwrap()
            .base
            .as_deref(),
        Some("whole")
    );
    store
        .save_checkpoint("other", vec![4; 1000], &CheckpointOptions::default())
        .unwrap();
    let blob = machine
        .files()
        .into_iter()
        .find(|path| path.starts_with("/store/blobs"))
        .unwrap();
    let mut bytes = machine.read(&blob).unwrap();
    bytes[150_000] ^= 4;
    machine.overwrite(&blob, bytes);
    store.close().unwrap();
    drop(store);
    let store = Store::open(root(), &options).unwrap();
    assert_eq!(
        store.load_checkpoint("delta").unwrap_err().code(),
        "STORAGE_CORRUPT"
    );
    assert_eq!(
        store.load_checkpoint("other").unwrap().unwrap().to_vec(),
        vec![4; 1000]
    );
    assert_eq!(store.verify().unwrap().problems.len(), 2);
    drop(store);
    let report = salvage(root(), &options).unwrap();
    assert_eq!(report.lost_checkpoints, ["whole", "delta"]);
    let store = Store::open(root(), &options).unwrap();
    assert_eq!(store.list_checkpoints().unwrap().len(), 1);
    assert!(store.verify().unwrap().problems.is_empty());
}
