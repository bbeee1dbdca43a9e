//! Files: what was saved comes back, and what is not what was saved is refused.
#![allow(missing_docs, reason = "tests")]

use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use fishplate_vector::file::{load, read, save};
use fishplate_vector::{
    GraphOptions, LayeredGraph, Metadata, Metric, Scalar, SearchOptions, Shape, Storage,
    VectorIndex,
};
use proptest::prelude::*;

/// Five rows, two of which have been removed.
fn sample(storage: Storage, rescore: bool) -> VectorIndex {
    let mut index = VectorIndex::new(Shape::new(3, storage, rescore).unwrap(), Metric::Euclidean);
    let metadata = || {
        Some(Metadata::new(vec![
            ("lang".into(), Scalar::Text("de\u{e9}".into())),
            ("year".into(), Scalar::Number(2024.5)),
            ("draft".into(), Scalar::Bool(false)),
            ("none".into(), Scalar::Null),
        ]))
    };
    index.add("a", &[1.0, 2.0, 3.0], None).unwrap();
    index.add("b", &[0.0; 3], None).unwrap();
    index.add("c\n", &[-1.0, 0.5, 0.25], metadata()).unwrap();
    index.add("d", &[9.0; 3], None).unwrap();
    index.add("e", &[1e9, -1e-9, 0.1], metadata()).unwrap();
    index.remove("b").unwrap();
    index.remove("d").unwrap();
    index
}

const KINDS: [(Storage, bool); 6] = [
    (Storage::F32, false),
    (Storage::F16, false),
    (Storage::F16, true),
    (Storage::I8, false),
    (Storage::I8, true),
    (Storage::B1, true),
];

fn same(left: &VectorIndex, right: &VectorIndex) {
    let (first, second) = (left.arena().rows(), right.arena().rows());
    assert_eq!((first.end(), left.metric()), (second.end(), right.metric()));
    assert_eq!(first.shape(), second.shape());
    for row in 0..first.end() {
        assert_eq!(first.key(row), second.key(row));
        assert_eq!(first.metadata(row), second.metadata(row));
        assert_eq!(first.vector(row), second.vector(row));
        assert_eq!(first.measures(row), second.measures(row));
    }
    let search = |index: &VectorIndex| {
        let options = SearchOptions::default();
        index
            .snapshot()
            .search(&[1.0; 3], 9, &options, &AtomicBool::new(false))
            .unwrap()
    };
    assert_eq!(search(left), search(right));
}

fn saved(index: &VectorIndex, path: &Path) {
    index.snapshot().save(path).unwrap();
}

#[test]
fn what_was_saved_comes_back_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    for (storage, rescore) in KINDS {
        let index = sample(storage, rescore);
        saved(&index, &path);
        for is_mapped in [false, true] {
            let mut loaded = load(&path, is_mapped).unwrap();
            same(&index, &loaded);
            // Free rows are used as they would have been.
            let mut other = sample(storage, rescore);
            for index in [&mut loaded, &mut other] {
                index.remove("a").unwrap();
                assert_eq!(index.add("f", &[4.0; 3], None).unwrap().row, 0);
                index.add("c\n", &[7.0; 3], None).unwrap();
            }
            same(&loaded, &other);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

#[test]
fn an_empty_index_and_one_of_many_blocks_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    for rows in [0_u16, 1, 3000] {
        let mut index = VectorIndex::new(Shape::new(200, Storage::I8, true).unwrap(), Metric::Dot);
        for row in 0..rows {
            index
                .add(&format!("{row}"), &[f32::from(row); 200], None)
                .unwrap();
        }
        for row in 200..rows.saturating_sub(300) {
            index.remove(&format!("{row}")).unwrap();
        }
        saved(&index, &path);
        for is_mapped in [false, true] {
            let loaded = load(&path, is_mapped).unwrap();
            assert_eq!(loaded.arena().len(), index.arena().len());
            assert_eq!(loaded.stats().mapped_bytes > 0, is_mapped && rows > 1);
            for row in 0..u32::from(rows) {
                assert_eq!(
                    loaded.arena().rows().key(row),
                    index.arena().rows().key(row)
                );
                assert_eq!(
                    loaded.arena().rows().vector(row),
                    index.arena().rows().vector(row)
                );
            }
        }
    }
}

#[test]
fn a_changed_bit_anywhere_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    saved(&sample(Storage::I8, true), &path);
    let bytes = fs::read(&path).unwrap();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        let error = read(&changed).unwrap_err();
        let is_known = ["FILE_DAMAGED", "FILE_UNSUPPORTED"].contains(&error.code());
        assert!(is_known, "byte {at}: {error}");
    }
}

#[test]
fn a_file_of_another_length_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    saved(&sample(Storage::F32, false), &path);
    let bytes = fs::read(&path).unwrap();
    for length in 0..bytes.len() {
        assert!(read(&bytes[..length]).is_err(), "{length}");
        if length % 100 == 0 {
            fs::write(&path, &bytes[..length]).unwrap();
            assert!(load(&path, true).is_err());
        }
    }
    assert!(read(&[&bytes[..], &[0]].concat()).is_err());
}

#[test]
fn what_is_no_index_has_a_code_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let code = |path: &Path| load(path, false).unwrap_err().code();
    assert_eq!(code(&folder.path().join("missing")), "FILE_FAILED");
    assert_eq!(code(folder.path()), "FILE_UNSUPPORTED");
    let path = folder.path().join("text");
    fs::write(&path, "a text ".repeat(100)).unwrap();
    assert_eq!(code(&path), "FILE_UNSUPPORTED");
    let mut newer = fs::read(golden()).unwrap();
    newer[8] = 2;
    let error = read(&newer).unwrap_err();
    assert_eq!(error.code(), "FILE_UNSUPPORTED");
    assert!(error.to_string().contains("version 2"), "{error}");
}

#[test]
fn a_save_that_fails_leaves_the_old_file_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing").join("index");
    let index = sample(Storage::F32, false);
    assert_eq!(
        index.snapshot().save(&missing).unwrap_err().code(),
        "FILE_FAILED"
    );
    // A folder cannot be replaced by a file.
    let taken = folder.path().join("taken");
    fs::create_dir(&taken).unwrap();
    assert_eq!(
        index.snapshot().save(&taken).unwrap_err().code(),
        "FILE_FAILED"
    );
    assert_eq!(
        index.snapshot().save(Path::new("/")).unwrap_err().code(),
        "FILE_FAILED"
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn a_link_stays_and_the_rights_of_the_old_file_too() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let folder = tempfile::tempdir().unwrap();
    let (path, link) = (folder.path().join("index"), folder.path().join("link"));
    saved(&sample(Storage::F32, false), &path);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    symlink(&path, &link).unwrap();
    saved(&sample(Storage::F16, false), &link);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(load(&path, false).unwrap().storage(), Storage::F16);
}

#[test]
fn what_was_removed_is_not_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    let mut index = sample(Storage::F32, false);
    index.add("secret", &[123.456; 3], None).unwrap();
    index.remove("secret").unwrap();
    saved(&index, &path);
    let bytes = fs::read(&path).unwrap();
    let number = 123.456_f32.to_le_bytes();
    assert!(!bytes.windows(4).any(|window| window == number));
    assert!(!bytes.windows(6).any(|window| window == b"secret"));
}

#[test]
fn an_index_with_a_graph_comes_back_with_it_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    let graph = LayeredGraph::new(3, Metric::Cosine, GraphOptions::default()).unwrap();
    let shape = Shape::new(3, Storage::F32, false).unwrap();
    let mut index = VectorIndex::with_graph(shape, Metric::Cosine, Box::new(graph));
    for row in 0..500_u16 {
        let angle = f32::from(row);
        index
            .add(&format!("{row}"), &[angle.sin(), angle.cos(), 0.1], None)
            .unwrap();
    }
    for row in (0..500).step_by(3) {
        index.remove(&format!("{row}")).unwrap();
    }
    saved(&index, &path);
    for is_mapped in [false, true] {
        let mut loaded = load(&path, is_mapped).unwrap();
        assert!(loaded.has_graph());
        same(&index, &loaded);
        loaded.add("new", &[1.0; 3], None).unwrap();
        let options = SearchOptions::default();
        let found = loaded
            .snapshot()
            .search(&[1.0; 3], 1, &options, &AtomicBool::new(false));
        assert_eq!(loaded.arena().row_of("new"), Some(found.unwrap()[0].row));
    }
    // One that is only described is made when it is loaded.
    let unmade = [1_u32, 16, 64].map(u32::to_le_bytes).concat();
    save(&path, index.arena().rows(), index.metric(), Some(&unmade)).unwrap();
    same(&index, &load(&path, false).unwrap());
    let impossible = [1_u32, 0, 64].map(u32::to_le_bytes).concat();
    save(
        &path,
        index.arena().rows(),
        index.metric(),
        Some(&impossible),
    )
    .unwrap();
    assert_eq!(load(&path, false).unwrap_err().code(), "FILE_DAMAGED");
}

fn golden() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/index-1.fpvec")
}

fn golden_index() -> VectorIndex {
    let shape = Shape::new(200, Storage::I8, false).unwrap();
    let mut index = VectorIndex::new(shape, Metric::Cosine);
    let row = |first: i16| -> Vec<f32> {
        (first..first + 200)
            .map(|value| f32::from(value) / 8.0)
            .collect()
    };
    let metadata = Metadata::new(vec![
        ("lang".into(), Scalar::Text("en".into())),
        ("year".into(), Scalar::Number(1999.0)),
        ("kept".into(), Scalar::Bool(true)),
        ("none".into(), Scalar::Null),
    ]);
    index.add("first", &row(1), Some(metadata)).unwrap();
    index.add("gone", &row(2), None).unwrap();
    index.add("third", &row(-100), None).unwrap();
    index.remove("gone").unwrap();
    index
}

#[test]
fn the_format_is_what_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    saved(&golden_index(), &path);
    let written = fs::read(&path).unwrap();
    if std::env::var_os("FISHPLATE_WRITE_GOLDEN").is_some() {
        fs::write(golden(), &written).unwrap();
    }
    assert!(
        fs::read(golden()).unwrap() == written,
        "the bytes differ: a new version is needed"
    );
    let loaded = load(&golden(), true).unwrap();
    assert_eq!(loaded.arena().rows().key(2), Some("third"));
    save(&path, loaded.arena().rows(), loaded.metric(), None).unwrap();
    assert!(fs::read(&path).unwrap() == written);
}

proptest! {
    #[test]
    fn any_bytes_after_a_right_beginning_are_read_or_refused(
        changes in proptest::collection::vec((0_usize..600, any::<u8>()), 1..8),
    ) {
        let mut bytes = fs::read(golden()).unwrap();
        for (at, value) in changes {
            bytes[at] = value;
        }
        // The header's own checksum is made right, so that what it says is looked at.
        let checksum = crc32fast::hash(&bytes[..188]);
        bytes[188..192].copy_from_slice(&checksum.to_le_bytes());
        let _ = read(&bytes);
    }
}
