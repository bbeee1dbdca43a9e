//! Generated and damaged documents, with `serde_json` for a second opinion.

use fishplate_json::{
    CanonicalOptions, Limits, canonical_hash, canonical_text, check, format, minify,
};
use proptest::prelude::*;
use serde_json::Value;

const OPTIONS: CanonicalOptions = CanonicalOptions {
    duplicate_keys: true,
    lone_surrogates: false,
};

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(".{0,4}", inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn every_layout_of_a_document_has_one_canonical_form(value in value()) {
        let text = serde_json::to_vec(&value).unwrap_or_default();
        let laid_out = format(&text, "\t").unwrap_or_default();
        prop_assert_eq!(minify(&laid_out), Ok(text.clone()));
        let canonical = canonical_text(&text, OPTIONS);
        prop_assert_eq!(canonical_text(&laid_out, OPTIONS), canonical.clone());
        prop_assert_eq!(canonical_hash(&laid_out, OPTIONS), canonical_hash(&text, OPTIONS));
        let canonical = canonical.unwrap_or_default();
        prop_assert_eq!(canonical_text(&canonical, OPTIONS), Ok(canonical));
    }

    #[test]
    fn what_serde_reads_is_accepted_and_what_it_refuses_is_not(
        value in value(), at in any::<prop::sample::Index>(), noise in "[\"\\\\{}\\[\\],:0-9e.+\\- \n\u{1}a]{0,2}",
    ) {
        let mut text = value.to_string();
        let mut at = at.index(text.len() + 1);
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        text.insert_str(at, &noise);
        let accepted = check(text.as_bytes(), &Limits::NONE).is_ok();
        match serde_json::from_str::<Value>(&text) {
            Ok(_) => prop_assert!(accepted, "{}", text),
            // JSON allows what has no double, and lone surrogates.
            Err(error) if error.to_string().contains("out of range") || text.contains("\\u") => {}
            Err(error) => prop_assert!(!accepted, "{}: {}", text, error),
        }
    }
}
