//! Stores of released format versions open for ever.
//!
//! `FISHPLATE_WRITE_GOLDEN=1 cargo test -p fishplate-storage --test golden` writes the one of the present version, which is done once, before its release.

use std::fs;
use std::path::{Path, PathBuf};

use fishplate_storage::{CheckpointOptions, Compress, Durability, Encoding, Options, Query, Store};

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v1")
}

fn state(step: u32) -> Vec<u8> {
    let word = |at: u32| format!("{:08x} ", at.wrapping_mul(2_654_435_761));
    let grown: String = (0..9000).map(word).collect();
    format!(
        "{{\"step\":{step},\"text\":\"{grown}{}\"}}",
        "more ".repeat(step as usize)
    )
    .into_bytes()
}

fn event(seq: u64) -> Vec<u8> {
    format!(
        "{{\"event\":{seq},\"line\":\"\u{2028}{}\"}}",
        "x".repeat(seq as usize * 7 % 300)
    )
    .into_bytes()
}

fn write(directory: &Path) {
    let mut options = Options::default();
    options.segment_bytes = 4096;
    options.fill_ahead = false;
    let store = Store::open(directory, &options).unwrap();
    for seq in 1..=60 {
        store
            .append(&event(seq), ["", "main"][seq as usize % 2], Durability::Os)
            .unwrap();
    }
    let batch: Vec<Vec<u8>> = (61..=64).map(event).collect();
    let batch: Vec<&[u8]> = batch.iter().map(Vec::as_slice).collect();
    store
        .append_batch(&batch, "batch", Durability::Sync)
        .unwrap();
    let on = |base: &str| CheckpointOptions {
        base: Some(base.to_owned()),
        stream: "main".to_owned(),
        seq: Some(40),
        metadata: Some("{\"label\":\"delta\"}".to_owned()),
    };
    store
        .save_checkpoint("whole", state(1), &CheckpointOptions::default())
        .unwrap();
    store
        .save_checkpoint("delta", state(30), &on("whole"))
        .unwrap();
    store
        .save_checkpoint("small", b"small", &CheckpointOptions::default())
        .unwrap();
    store
        .save_checkpoint("gone", b"gone", &CheckpointOptions::default())
        .unwrap();
    assert!(store.delete_checkpoint("gone").unwrap());
    store.branch("side", "main", 41).unwrap();
    for seq in 65..=70 {
        store.append(&event(seq), "side", Durability::Os).unwrap();
    }
    store.prune(30).unwrap();
    store.close().unwrap();
    drop(store);
    options.compress = Compress::All;
    let store = Store::open(directory, &options).unwrap();
    store
        .save_checkpoint("packed", state(50), &CheckpointOptions::default())
        .unwrap();
    store.close().unwrap();
    drop(store);
    let _ = fs::remove_dir(directory.join("lock"));
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn check(store: &Store) {
    let events = store.events(&Query::default()).unwrap();
    assert_eq!(
        events.iter().map(|event| event.seq).collect::<Vec<_>>(),
        (30..=70).collect::<Vec<_>>()
    );
    assert!(events.iter().all(|found| found.data == event(found.seq)));
    let side = store
        .events(&Query {
            stream: Some("side".into()),
            ..Query::default()
        })
        .unwrap();
    let expected: Vec<u64> = (31..=41).step_by(2).chain(65..=70).collect();
    assert_eq!(
        side.iter().map(|event| event.seq).collect::<Vec<_>>(),
        expected
    );
    assert_eq!(
        store.load_checkpoint("whole").unwrap().unwrap().to_vec(),
        state(1)
    );
    assert_eq!(
        store.load_checkpoint("delta").unwrap().unwrap().to_vec(),
        state(30)
    );
    assert_eq!(
        store.load_checkpoint("small").unwrap().unwrap().to_vec(),
        b"small"
    );
    assert_eq!(
        store.load_checkpoint("packed").unwrap().unwrap().to_vec(),
        state(50)
    );
    assert_eq!(
        store.checkpoint("packed").unwrap().unwrap().encoding,
        Encoding::Zstd
    );
    assert!(store.load_checkpoint("gone").unwrap().is_none());
    let delta = store.checkpoint("delta").unwrap().unwrap();
    assert_eq!(
        (delta.seq, delta.depth, delta.base.as_deref()),
        (40, 2, Some("whole"))
    );
    assert_eq!(delta.metadata.unwrap().get(), "{\"label\":\"delta\"}");
    let plan = store.restore_plan("side", 68).unwrap();
    assert_eq!(
        (plan.checkpoint.map(|it| it.id), plan.from, plan.to),
        (Some("delta".to_owned()), 41, 68)
    );
    assert_eq!(
        store.restore_plan("main", 35).unwrap_err().code(),
        "STORAGE_PRUNED"
    );
    assert!(store.verify().unwrap().problems.is_empty());
}

#[test]
fn a_store_of_format_version_1_opens() {
    if std::env::var_os("FISHPLATE_WRITE_GOLDEN").is_some() {
        let _ = fs::remove_dir_all(golden());
        write(&golden());
    }
    let directory = tempfile::tempdir().unwrap();
    copy(&golden(), directory.path());
    let mut reads = Options::default();
    reads.read_only = true;
    check(&Store::open(directory.path(), &reads).unwrap());
    let store = Store::open(directory.path(), &Options::default()).unwrap();
    assert_eq!(store.open_report().reason, None);
    check(&store);
    assert_eq!(store.append(b"next", "", Durability::Group).unwrap(), 71);
}

#[test]
fn what_is_written_now_reads_the_same() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path());
    check(&Store::open(directory.path(), &Options::default()).unwrap());
}

#[test]
fn a_base_that_goes_leaves_its_deltas_whole_and_chains_stay_short() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), &Options::default()).unwrap();
    let id = |step: u32| format!("c{step}");
    for step in 0..20_u32 {
        let base = step.checked_sub(1).map(id);
        let options = CheckpointOptions {
            base,
            ..CheckpointOptions::default()
        };
        let saved = store
            .save_checkpoint(&id(step), state(step), &options)
            .unwrap();
        assert_eq!(saved.depth, step % 8 + 1);
        assert!(
            saved.base.is_none() || saved.stored < 200,
            "{}",
            saved.stored
        );
    }
    for gone in [0, 5, 9, 8, 19] {
        assert!(store.delete_checkpoint(&id(gone)).unwrap());
        for step in (0..20).filter(|step| store.checkpoint(&id(*step)).unwrap().is_some()) {
            assert_eq!(
                store.load_checkpoint(&id(step)).unwrap().unwrap().to_vec(),
                state(step)
            );
        }
        assert!(store.verify().unwrap().problems.is_empty());
    }
    // The same content is one blob.
    store
        .save_checkpoint("again", state(12), &CheckpointOptions::default())
        .unwrap();
    store
        .save_checkpoint("twice", state(12), &CheckpointOptions::default())
        .unwrap();
    assert_eq!(
        store.checkpoint("again").unwrap().unwrap().blob,
        store.checkpoint("twice").unwrap().unwrap().blob
    );
    store.delete_checkpoint("again").unwrap();
    assert_eq!(
        store.load_checkpoint("twice").unwrap().unwrap().to_vec(),
        state(12)
    );
    let noise: Vec<u8> = (0..30_000_u32)
        .flat_map(|at| at.wrapping_mul(at ^ 0x9E37_79B9).to_le_bytes())
        .collect();
    // A state that has nothing in common with its base is stored whole.
    let other = CheckpointOptions {
        base: Some("twice".to_owned()),
        ..CheckpointOptions::default()
    };
    assert_eq!(
        store.save_checkpoint("other", noise, &other).unwrap().base,
        None
    );
    let missing = CheckpointOptions {
        base: Some("nothing".to_owned()),
        ..CheckpointOptions::default()
    };
    assert_eq!(
        store
            .save_checkpoint("x", Vec::new(), &missing)
            .unwrap_err()
            .code(),
        "STORAGE_CHECKPOINT_NOT_FOUND"
    );
}
