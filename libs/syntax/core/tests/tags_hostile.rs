//! Texts that are broken, random, deep or long: nothing panics, and every place lies in the text.
#![cfg(feature = "tags")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fishplate_syntax::{Language, Position, TagLimits, Tagger, Tags, TagsError};
use proptest::prelude::*;

const LIMITS: TagLimits = TagLimits {
    bytes: 8 << 20,
    time: Duration::from_secs(60),
    whole: false,
};

const FIXTURES: [(&str, &str); 10] = [
    ("typescript.ts", include_str!("tags/typescript.ts")),
    ("component.tsx", include_str!("tags/component.tsx")),
    ("javascript.js", include_str!("tags/javascript.js")),
    ("python.py", include_str!("tags/python.py")),
    ("rust.rs", include_str!("tags/rust.rs")),
    ("go.go", include_str!("tags/go.go")),
    ("java.java", include_str!("tags/java.java")),
    ("c.c", include_str!("tags/c.c")),
    ("cpp.cpp", include_str!("tags/cpp.cpp")),
    ("ruby.rb", include_str!("tags/ruby.rb")),
];

fn language(file: &str) -> Language {
    Language::from_path(file).expect("its language is known")
}

fn read(source: &str, language: Language) -> Tags {
    let tags = Tagger::new().read(source, language, LIMITS, &|| false);
    tags.expect("it is read")
}

fn lies_in(source: &str, position: Position) -> bool {
    let line = source.split('\n').nth(position.line as usize);
    line.is_some_and(|line| position.column as usize <= line.encode_utf16().count())
}

/// Every place is one of the text, and every name stands where it is said to stand.
fn holds(source: &str, tags: &Tags) -> Result<(), TestCaseError> {
    for tag in &tags.definitions {
        prop_assert!(tag.start <= tag.name_at, "{tag:?}");
        prop_assert!(tag.name_at < tag.end, "{tag:?}");
        prop_assert!(
            lies_in(source, tag.start) && lies_in(source, tag.end),
            "{tag:?}"
        );
        let line = source
            .split('\n')
            .nth(tag.name_at.line as usize)
            .unwrap_or_default();
        let units: Vec<u16> = line
            .encode_utf16()
            .skip(tag.name_at.column as usize)
            .collect();
        let rest = String::from_utf16_lossy(&units);
        // A name with a line break in it is broken code.
        let first = tag.name.split('\n').next().unwrap_or_default();
        prop_assert!(rest.starts_with(first), "{tag:?} in {rest:?}");
        prop_assert!(tag.signature.chars().count() <= 201, "{tag:?}");
        prop_assert!(!tag.signature.contains('\n'), "{tag:?}");
    }
    for used in &tags.references {
        prop_assert!(source.contains(&used.name) && used.count > 0);
    }
    Ok(())
}

/// A fixture with pieces of itself and of others cut out, repeated and put in, and characters changed.
fn mutated() -> impl Strategy<Value = (Language, String)> {
    let edit = (
        any::<prop::sample::Index>(),
        0_usize..30,
        "[{}()<>;:,.'\"#/*@\u{e9}\u{1f600}\r\n a-z]{0,6}",
    );
    (0..FIXTURES.len(), prop::collection::vec(edit, 0..12)).prop_map(|(which, edits)| {
        let (file, source) = FIXTURES[which];
        let mut chars: Vec<char> = source.chars().collect();
        for (at, cut, put) in edits {
            let at = at.index(chars.len() + 1);
            let end = (at + cut).min(chars.len());
            chars.splice(at..end, put.chars());
        }
        (language(file), chars.into_iter().collect())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn broken_sources((language, source) in mutated()) {
        holds(&source, &read(&source, language))?;
    }

    #[test]
    fn random_texts(which in 0..FIXTURES.len(), source in "\\PC{0,200}|[a-z{}();:=<>\"'#@\n ]{0,400}") {
        holds(&source, &read(&source, language(FIXTURES[which].0)))?;
    }
}

#[test]
fn carriage_returns_change_no_line() {
    for (file, source) in FIXTURES {
        let plain = read(source, language(file));
        let returned = read(&source.replace('\n', "\r\n"), language(file));
        let places = |tags: &Tags| {
            let tags = tags.definitions.iter();
            tags.map(|tag| (tag.name.clone(), tag.name_at, tag.container.clone()))
                .collect::<Vec<_>>()
        };
        assert_eq!(places(&returned), places(&plain), "{file}");
    }
}

#[test]
fn deep_nesting_ends() {
    for (file, open, close) in [
        ("a.ts", "function f() {", "}"),
        ("a.js", "(", ")"),
        ("a.py", "[", "]"),
        ("a.rs", "mod m {", "}"),
        ("a.go", "func f() { x := func() {", "}}"),
        ("a.java", "class C {", "}"),
        ("a.c", "{", "}"),
        ("a.cpp", "namespace n {", "}"),
        ("a.rb", "module M\n", "end\n"),
    ] {
        let depth = 20_000;
        for source in [
            open.repeat(depth) + &close.repeat(depth),
            open.repeat(depth),
        ] {
            let limits = TagLimits {
                bytes: 8 << 20,
                time: Duration::from_millis(300),
                whole: false,
            };
            let read = Tagger::new().read(&source, language(file), limits, &|| false);
            assert!(
                matches!(read, Ok(_) | Err(TagsError::TimedOut { .. })),
                "{file}"
            );
        }
    }
}

#[test]
fn a_minified_line_of_a_megabyte() {
    let source = "function \u{e9}a(b,c){return b.d(c)+'\u{1f600}'};var e=function(){return 1};"
        .repeat(16_000);
    let tags = read(&source, Language::JavaScript);
    assert_eq!(tags.definitions.len(), 32_000);
    let last = tags.definitions.last().expect("there are some");
    assert_eq!(last.name_at.line, 0);
    let unit = source.encode_utf16().count() / 16_000;
    let within = "function \u{e9}a(b,c){return b.d(c)+'\u{1f600}'};var "
        .encode_utf16()
        .count();
    assert_eq!(last.name_at.column as usize, unit * 15_999 + within);
}

#[test]
fn bounds_are_kept() {
    let source = "x = (".repeat(100_000);
    let small = TagLimits {
        bytes: 1000,
        time: Duration::from_secs(60),
        whole: false,
    };
    let mut tagger = Tagger::new();
    let refused = tagger.read(&source, Language::Python, small, &|| false);
    assert!(matches!(
        refused,
        Err(TagsError::TooLarge { limit: 1000, .. })
    ));
    let short = TagLimits {
        bytes: 8 << 20,
        time: Duration::ZERO,
        whole: false,
    };
    let refused = tagger.read(&source, Language::Python, short, &|| false);
    assert!(matches!(refused, Err(TagsError::TimedOut { .. })));
    let asked = AtomicUsize::new(0);
    let cancelled = || asked.fetch_add(1, Ordering::Relaxed) > 2;
    let refused = tagger.read(&source, Language::Python, LIMITS, &cancelled);
    assert_eq!(refused, Err(TagsError::Cancelled));
    // What was stopped leaves nothing behind.
    let tags = tagger.read("def f(): pass\n", Language::Python, LIMITS, &|| false);
    assert_eq!(tags.map(|tags| tags.definitions.len()), Ok(1));
    let json = tagger.read("{}", Language::Json, LIMITS, &|| false);
    assert_eq!(json, Err(TagsError::Unsupported("json")));
}
