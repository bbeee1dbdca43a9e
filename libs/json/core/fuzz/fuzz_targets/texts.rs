//! Any bytes: accepting them agrees with `serde_json`, and what is written of them stays what it is.
#![no_main]

use fishplate_json::{
    CanonicalOptions, Limits, canonical_hash, canonical_text, check, check_utf8, format, minify,
};
use libfuzzer_sys::fuzz_target;

const OPTIONS: CanonicalOptions = CanonicalOptions {
    duplicate_keys: true,
    lone_surrogates: true,
};

fuzz_target!(|text: &[u8]| {
    if check_utf8(text).is_err() {
        return;
    }
    let accepted = check(text, &Limits::NONE).is_ok();
    // It refuses lone surrogates and numbers beyond doubles, which JSON allows.
    if serde_json::from_slice::<serde_json::Value>(text).is_ok() {
        assert!(accepted);
    }
    let minified = minify(text);
    assert_eq!(minified.is_ok(), accepted);
    let (Ok(minified), Ok(laid_out)) = (minified, format(text, "  ")) else {
        return;
    };
    assert_eq!(minify(&laid_out), Ok(minified.clone()));
    let Ok(canonical) = canonical_text(text, OPTIONS) else {
        return;
    };
    assert_eq!(canonical_text(&canonical, OPTIONS), Ok(canonical.clone()));
    assert_eq!(
        canonical_hash(&minified, OPTIONS),
        canonical_hash(text, OPTIONS)
    );
});
