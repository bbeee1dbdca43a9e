//! A million levels, cut off or not, end no process.

use fishplate_json::{
    CanonicalOptions, Document, JsonError, Limits, Pointer, Problem, canonical_text, check, minify,
};

const LEVELS: usize = 1_000_000;

fn nested(open: &str, close: &str) -> Vec<u8> {
    format!("{}1{}", open.repeat(LEVELS), close.repeat(LEVELS)).into_bytes()
}

#[test]
fn a_million_levels_are_read_and_written() {
    let options = CanonicalOptions {
        duplicate_keys: false,
        lone_surrogates: false,
    };
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let text = nested(open, close);
        assert_eq!(check(&text, &Limits::NONE), Ok(()));
        assert_eq!(minify(&text).as_ref(), Ok(&text));
        assert_eq!(canonical_text(&text, options).as_ref(), Ok(&text));
        let mut document = Document::open(text).expect("a text of UTF-8");
        let whole = Pointer::parse(b"").expect("a pointer");
        assert_eq!(document.count(&whole), Ok(Some(1)));
    }
}

#[test]
fn a_million_levels_that_do_not_close_are_refused_at_their_end() {
    let text = "[".repeat(LEVELS).into_bytes();
    let refused = JsonError::Invalid {
        offset: LEVELS,
        problem: Problem::End,
    };
    assert_eq!(check(&text, &Limits::NONE), Err(refused));
}

#[test]
fn the_bracket_that_opens_one_level_too_many_is_named() {
    let limits = Limits {
        max_depth: 100,
        ..Limits::NONE
    };
    let refused = JsonError::TooDeep {
        offset: 100,
        limit: 100,
    };
    assert_eq!(check(&nested("[", "]"), &limits), Err(refused));
}
