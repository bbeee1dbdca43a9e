//! Any names and any query.
#![no_main]

use fishplate_symbols::{PathFilter, QueryOptions, Symbol, SymbolIndex, SymbolKind};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (Vec<(String, String)>, String, String)| {
    let (names, text, filter) = input;
    let mut index = SymbolIndex::new();
    for (line, (name, container)) in (0..).zip(names) {
        let mut symbol = Symbol::new(name, SymbolKind::Function, line, 0);
        symbol.container = Some(container);
        let path = format!("src/{}.rs", line % 3);
        let mut symbols = index.symbols(&path);
        symbols.push(symbol);
        index.update_file(&path, &symbols, &[]).expect("it fits");
    }
    let options = |limit| QueryOptions {
        limit,
        boost_paths: PathFilter::new(&filter).into_iter().collect(),
        ..QueryOptions::default()
    };
    let Ok(hits) = index.query(&text, &options(50)) else {
        return;
    };
    for hit in &hits {
        let parts = &hit.parts;
        let sum = parts.tier + parts.fit + parts.case + parts.popular + parts.declared + parts.place + parts.boost;
        assert_eq!(sum, hit.score);
        let length = hit.symbol.name.encode_utf16().count() as u32;
        let mut before = 0;
        for &(start, end) in &hit.ranges {
            assert!(before <= start && start < end && end <= length);
            before = end;
        }
    }
    assert!(hits.windows(2).all(|pair| pair[0].score >= pair[1].score));
});
