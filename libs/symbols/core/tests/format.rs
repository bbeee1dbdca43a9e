//! Index files: what was written is read, what is damaged is refused, and older versions stay readable.

use std::fs;
use std::path::Path;

use fishplate_symbols::{
    FORMAT, FileView, QueryOptions, Reference, Symbol, SymbolIndex, SymbolKind, SymbolsError,
};

/// An index with all that a file can hold.
fn sample() -> SymbolIndex {
    let mut index = SymbolIndex::new();
    let mut class = Symbol::new("Benutzer", SymbolKind::Class, 4, 13);
    class.end_line = Some(30);
    class.end_column = Some(1);
    class.exported = true;
    class.signature = Some("export class Benutzer".to_owned());
    let mut method = Symbol::new("größe_名前😀", SymbolKind::Method, 2, 200);
    method.container = Some("Benutzer".to_owned());
    method.end_line = Some(2);
    let mut far = Symbol::new("", SymbolKind::TypeParameter, 2_000_000_000, 1_000_000);
    far.end_column = Some(7);
    far.signature = Some(String::new());
    let references = [("Benutzer", 3), ("größe", 70_000)].map(|(name, count)| Reference {
        name: name.to_owned(),
        count,
    });
    index
        .update_file("src/benutzer.ts", &[class, method, far], &references)
        .expect("it is acceptable");
    index
        .update_file("leer", &[], &[])
        .expect("it is acceptable");
    index
}

fn golden(format: u32) -> std::path::PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    folder.join(format!("v{format}.symbols"))
}

/// All that an index answers with.
fn contents(index: &SymbolIndex) -> String {
    let mut paths: Vec<&str> = index.files().map(FileView::path).collect();
    paths.sort_unstable();
    let files: Vec<_> = paths
        .iter()
        .map(|path| (path, index.symbols(path), index.outline(path)))
        .collect();
    let uses = ["Benutzer", "größe", "nobody"].map(|name| index.references(name));
    let mut stats = index.stats();
    stats.memory_bytes = 0;
    let hits = ["ben", "grosse", "größe"].map(|text| index.query(text, &QueryOptions::default()));
    format!("{files:?} {uses:?} {stats:?} {hits:?}")
}

#[test]
fn what_was_written_is_read() {
    let index = sample();
    let read = SymbolIndex::from_bytes(&index.to_bytes()).expect("it is whole");
    assert_eq!(contents(&read), contents(&index));
    assert_eq!(read.to_bytes(), index.to_bytes());
    let empty = SymbolIndex::new().to_bytes();
    assert_eq!(
        SymbolIndex::from_bytes(&empty)
            .expect("it is whole")
            .to_bytes(),
        empty
    );
}

#[test]
fn equal_indexes_are_equal_bytes_however_they_came_about() {
    let index = sample();
    let mut other = SymbolIndex::new();
    for round in 0..50 {
        let symbols = [Symbol::new(format!("gone{round}"), SymbolKind::Class, 0, 0)];
        other.update_file("gone", &symbols, &[]).expect("it fits");
    }
    for path in ["src/benutzer.ts", "leer"] {
        let references: Vec<Reference> = index
            .file(path)
            .expect("it is there")
            .references()
            .map(|(name, count)| Reference {
                name: name.to_owned(),
                count,
            })
            .collect();
        other
            .update_file(path, &index.symbols(path), &references)
            .expect("it fits");
    }
    other.remove_file("gone");
    assert_eq!(other.to_bytes(), index.to_bytes());
}

#[test]
fn the_golden_file_of_each_version_is_read_and_of_this_one_written() {
    // Writes the file of a new format; never that of one that was released.
    if std::env::var_os("FISHPLATE_WRITE_GOLDEN").is_some() {
        fs::write(golden(FORMAT), sample().to_bytes()).expect("it can be written");
    }
    for format in 1..=FORMAT {
        let bytes = fs::read(golden(format)).expect("the golden file is in the repository");
        assert_eq!(bytes[8], u8::try_from(format).expect("it is small"));
        let read = SymbolIndex::from_bytes(&bytes).expect("it is whole");
        assert_eq!(contents(&read), contents(&sample()));
        assert_eq!(read.to_bytes(), sample().to_bytes());
    }
    assert_eq!(
        sample().to_bytes(),
        fs::read(golden(FORMAT)).expect("the golden file is in the repository"),
        "format {FORMAT} writes other bytes than it did"
    );
}

#[test]
fn every_flipped_bit_is_refused() {
    let bytes = sample().to_bytes();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << bit;
            let error = SymbolIndex::from_bytes(&damaged)
                .err()
                .expect("it is damaged");
            assert_eq!(error.code(), "SYMBOLS_DAMAGED", "bit {bit} of byte {at}");
        }
    }
}

#[test]
fn every_truncation_and_every_addition_is_refused() {
    let bytes = sample().to_bytes();
    for length in 0..bytes.len() {
        let error = SymbolIndex::from_bytes(&bytes[..length])
            .err()
            .expect("it is cut");
        assert_eq!(error.code(), "SYMBOLS_DAMAGED", "{length} bytes");
    }
    let longer = [&bytes[..], &[0]].concat();
    assert!(SymbolIndex::from_bytes(&longer).is_err());
}

/// Bytes whose checksums are right, whatever they say.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let header = crc32fast::hash(&bytes[..12]);
    bytes[12..16].copy_from_slice(&header.to_le_bytes());
    let end = bytes.len() - 4;
    bytes[16..24].copy_from_slice(&(end as u64 - 24).to_le_bytes());
    let whole = crc32fast::hash(&bytes[..end]);
    bytes[end..].copy_from_slice(&whole.to_le_bytes());
    bytes
}

#[test]
fn a_newer_format_is_told_from_damage() {
    let mut bytes = sample().to_bytes();
    bytes[8] = 3;
    let error = SymbolIndex::from_bytes(&sealed(bytes.clone()))
        .err()
        .expect("it is newer");
    assert!(matches!(
        error,
        SymbolsError::FormatNewer {
            found: 3,
            supported: 2
        }
    ));
    assert_eq!(error.code(), "SYMBOLS_FORMAT_NEWER");
    bytes[8] = 0;
    assert!(SymbolIndex::from_bytes(&sealed(bytes)).is_err());
}

#[test]
fn what_is_sealed_and_wrong_is_refused_or_is_another_index() {
    let old = fs::read(golden(1)).expect("the golden file is in the repository");
    for bytes in [sample().to_bytes(), old] {
        change_each_byte(&bytes);
    }
}

fn change_each_byte(bytes: &[u8]) {
    for at in 24..bytes.len() - 4 {
        for value in [0, 1, 0x7f, 0x80, 0xff] {
            let mut changed = bytes.to_vec();
            changed[at] = value;
            match SymbolIndex::from_bytes(&sealed(changed)) {
                // What is read can be used and written again.
                Ok(index) => {
                    let again = index.to_bytes();
                    let read = SymbolIndex::from_bytes(&again).expect("it was just written");
                    assert_eq!(read.to_bytes(), again);
                    let _ = contents(&index);
                }
                Err(error) => assert_eq!(error.code(), "SYMBOLS_DAMAGED"),
            }
        }
        let mut shorter = bytes.to_vec();
        shorter.remove(at);
        let _ = SymbolIndex::from_bytes(&sealed(shorter));
    }
}

#[test]
fn saving_replaces_the_file_whole_and_leaves_nothing_beside() {
    let folder = tempfile::tempdir().expect("there is room");
    let path = folder.path().join("index");
    fs::write(&path, "something else").expect("it can be written");
    sample().save(&path).expect("it can be saved");
    let read = SymbolIndex::load(&path).expect("it was saved");
    assert_eq!(contents(&read), contents(&sample()));
    let names: Vec<_> = fs::read_dir(folder.path()).expect("it is there").collect();
    assert_eq!(names.len(), 1);
    let nowhere = folder.path().join("no/such/folder");
    let error = sample()
        .save(&nowhere)
        .expect_err("there is no such folder");
    assert_eq!(error.code(), "SYMBOLS_NOT_FOUND");
    let error = SymbolIndex::load(folder.path())
        .err()
        .expect("it is a directory");
    assert_eq!(error.code(), "SYMBOLS_IO");
}
