//! Files that change: an index of many edits answers as one that was made at once, and takes no more memory.

use fishplate_symbols::{
    FileSymbols, MAX_TEXT, QueryOptions, Reference, Symbol, SymbolIndex, SymbolKind,
};
use proptest::prelude::*;

fn file(path: &str, names: &[String]) -> FileSymbols {
    FileSymbols {
        path: path.to_owned(),
        symbols: (0..)
            .zip(names)
            .map(|(line, name)| {
                let mut symbol = Symbol::new(name.clone(), SymbolKind::Function, line, 0);
                symbol.container = names.first().cloned();
                symbol.signature = Some(format!("fn {name}()"));
                symbol
            })
            .collect(),
        references: names
            .iter()
            .map(|name| Reference {
                name: name.clone(),
                count: 1,
            })
            .collect(),
    }
}

fn answers(index: &SymbolIndex) -> String {
    let options = QueryOptions {
        limit: 1000,
        ..QueryOptions::default()
    };
    let hits = ["a", "ab", "ba", "abab", "bbaa"].map(|text| index.query(text, &options));
    let uses = ["a", "ab", "ba"].map(|name| index.references(name));
    format!("{hits:?} {uses:?}")
}

proptest! {
    #[test]
    fn edits_lead_to_what_the_files_are_at_the_end(
        edits in prop::collection::vec((0..6_u8, prop::option::of(prop::collection::vec("[ab_A]{0,6}", 0..8))), 0..40),
    ) {
        let mut edited = SymbolIndex::new();
        let mut last = std::collections::BTreeMap::new();
        for (number, names) in edits {
            let path = format!("src/{number}.rs");
            match names {
                Some(names) => {
                    let FileSymbols { path, symbols, references } = file(&path, &names);
                    edited.update_file(&path, &symbols, &references).expect("it is acceptable");
                    last.insert(path, names);
                }
                None => prop_assert_eq!(edited.remove_file(&path), last.remove(&path).is_some()),
            }
        }
        let batch: Vec<FileSymbols> = last.iter().map(|(path, names)| file(path, names)).collect();
        let mut fresh = SymbolIndex::new();
        fresh.update_files(&batch).expect("it is acceptable");
        prop_assert_eq!(answers(&edited), answers(&fresh));
        prop_assert_eq!(edited.to_bytes(), fresh.to_bytes());
    }
}

#[test]
fn ten_thousand_updates_leave_memory_where_it_was() {
    let mut index = SymbolIndex::new();
    let names = |round: u32, file: u32| -> Vec<String> {
        (0..20)
            .map(|at| format!("name{}Of{file}At{at}", round % 7 * 13))
            .collect()
    };
    for number in 0..200 {
        let FileSymbols {
            path,
            symbols,
            references,
        } = file(&format!("f{number}"), &names(0, number));
        index
            .update_file(&path, &symbols, &references)
            .expect("it fits");
    }
    let before = index.stats();
    for round in 0..10_000 {
        let number = round * 31 % 200;
        let FileSymbols {
            path,
            symbols,
            references,
        } = file(&format!("f{number}"), &names(round, number));
        index
            .update_file(&path, &symbols, &references)
            .expect("it fits");
    }
    let after = index.stats();
    assert_eq!((after.files, after.symbols), (before.files, before.symbols));
    assert!(
        after.memory_bytes <= before.memory_bytes * 2,
        "{} bytes were {}",
        after.memory_bytes,
        before.memory_bytes
    );
}

#[test]
fn an_index_that_loses_most_files_gives_memory_back() {
    let mut index = SymbolIndex::new();
    for number in 0..2_000 {
        let names: Vec<String> = (0..10)
            .map(|at| format!("symbol{number}Number{at}"))
            .collect();
        let FileSymbols {
            path,
            symbols,
            references,
        } = file(&format!("f{number}"), &names);
        index
            .update_file(&path, &symbols, &references)
            .expect("it fits");
    }
    let full = index.stats().memory_bytes;
    for number in 10..2_000 {
        assert!(index.remove_file(&format!("f{number}")));
    }
    let stats = index.stats();
    assert_eq!((stats.files, stats.symbols), (10, 100));
    assert!(
        stats.memory_bytes < full / 3,
        "{} of {full} bytes",
        stats.memory_bytes
    );
}

#[test]
fn a_file_that_is_not_acceptable_changes_nothing() {
    let mut index = SymbolIndex::new();
    let good = [Symbol::new("good", SymbolKind::Class, 0, 0)];
    index
        .update_file("a", &good, &[])
        .expect("it is acceptable");
    let bad = [Symbol::new(
        "x".repeat(MAX_TEXT + 1),
        SymbolKind::Class,
        0,
        0,
    )];
    let error = index
        .update_file("a", &bad, &[])
        .expect_err("the name is too long");
    assert_eq!(error.code(), "INPUT_TOO_LARGE");
    let batch = ["b", ""].map(|path| file(path, &["x".to_owned()]));
    let error = index.update_files(&batch).expect_err("a path is empty");
    assert_eq!(error.code(), "INPUT_INVALID");
    assert_eq!(index.symbols("a"), good);
    assert_eq!(index.stats().files, 1);
    let longest = [Symbol::new("y".repeat(MAX_TEXT), SymbolKind::Class, 0, 0)];
    index
        .update_file("a", &longest, &[])
        .expect("it is just short enough");
    assert_eq!(
        index
            .query(&"y".repeat(300), &QueryOptions::default())
            .expect("it is a query")
            .len(),
        1
    );
}
