//! What the query of each language finds in a file that shows what it is for.
#![cfg(feature = "tags")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fishplate_syntax::{Language, TagLimits, Tagger, Tags};

const LIMITS: TagLimits = TagLimits {
    bytes: 1 << 20,
    time: Duration::from_secs(60),
    whole: false,
};

fn read(source: &str, language: Language) -> Tags {
    let tags = Tagger::new().read(source, language, LIMITS, &|| false);
    tags.expect("it is read")
}

/// A line a definition, as `name line:column start-end kind container` and its signature; behind them what is used.
fn shown(tags: &Tags) -> String {
    let mut text = String::new();
    for tag in &tags.definitions {
        let at =
            |position: fishplate_syntax::Position| format!("{}:{}", position.line, position.column);
        let container = tag.container.as_deref().unwrap_or("-");
        let exported = if tag.exported { " exported" } else { "" };
        writeln!(
            text,
            "{} {} {} in {container}, {}-{}{exported}\n    {}",
            at(tag.name_at),
            tag.kind.as_str(),
            tag.name,
            at(tag.start),
            at(tag.end),
            tag.signature
        )
        .expect("it is written");
    }
    let uses = tags.references.iter();
    let uses: Vec<String> = uses.map(|it| format!("{} {}", it.name, it.count)).collect();
    text + "used: " + &uses.join(", ") + "\n"
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tags")
}

/// Compares with the snapshot beside the fixture; `FISHPLATE_SNAPSHOTS=write` writes it.
fn check(fixture: &str) {
    let path = folder().join(fixture);
    let source = std::fs::read_to_string(&path).expect("the fixture is there");
    let language = Language::from_path(fixture).expect("its language is known");
    let tags = read(&source, language);
    assert!(!tags.has_errors, "{fixture} fits its grammar");
    let found = shown(&tags);
    let limits = TagLimits {
        whole: true,
        ..LIMITS
    };
    let whole = Tagger::new().read(&source, language, limits, &|| false);
    let whole = whole.expect("it is read");
    // What is cut takes the comments of signatures with it.
    let bare = |tags: &Tags| {
        let tags = tags.definitions.iter().cloned();
        let bare = tags.map(|tag| fishplate_syntax::Tag {
            signature: String::new(),
            ..tag
        });
        bare.collect::<Vec<_>>()
    };
    assert_eq!(bare(&tags), bare(&whole), "{fixture}");
    let snapshot = path.with_extension("txt");
    if std::env::var("FISHPLATE_SNAPSHOTS").is_ok_and(|value| value == "write") {
        std::fs::write(&snapshot, &found).expect("the snapshot is written");
    }
    let expected = std::fs::read_to_string(&snapshot).expect("the snapshot is there");
    assert_eq!(found, expected, "{fixture}");
}

macro_rules! fixtures {
    ($($name:ident $file:literal),+ $(,)?) => {
        $(#[test] fn $name() { check($file); })+
    };
}

fixtures! {
    typescript "typescript.ts",
    tsx "component.tsx",
    javascript "javascript.js",
    python "python.py",
    rust "rust.rs",
    go "go.go",
    java "java.java",
    c "c.c",
    cpp "cpp.cpp",
    ruby "ruby.rb",
}
