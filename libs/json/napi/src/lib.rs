//! Node-API binding of `fishplate-json`: conversion only. What the functions mean is documented where they are
//! public, in `@fishplate/json`.
#![allow(
    missing_docs,
    reason = "the binding is internal; its TypeScript side is documented"
)]
#![allow(
    clippy::needless_pass_by_value,
    reason = "Node-API functions take what was converted for them"
)]

mod document;
mod failure;
mod lines;
mod text;

use fishplate_json::{CanonicalOptions, JsonError, LONGEST_STRING, Limits};
use napi::bindgen_prelude::Either;
use napi_derive::napi;

use crate::failure::{NativeFailure, checked, count, failure};
use crate::text::{TextInput, TextOutput};

/// The version that the loading library must have.
#[napi]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

#[napi]
pub fn check(
    #[napi(ts_arg_type = "string | Uint8Array")] text: TextInput<'_>,
    max_depth: f64,
    max_keys: f64,
    duplicate_keys: bool,
    proto_keys: bool,
) -> Option<NativeFailure> {
    let limits = Limits {
        max_depth: count(max_depth),
        max_keys: count(max_keys),
        duplicate_keys,
        proto_keys,
    };
    let outcome = checked(&text).and_then(|()| fishplate_json::check(&text, &limits));
    outcome.err().map(|error| failure(&text, &error))
}

#[napi(ts_return_type = "string | NativeFailure")]
pub fn canonical_text(
    #[napi(ts_arg_type = "string | Uint8Array")] text: TextInput<'_>,
    duplicate_keys: bool,
    lone_surrogates: bool,
) -> Either<TextOutput, NativeFailure> {
    let options = CanonicalOptions {
        duplicate_keys,
        lone_surrogates,
    };
    produce(&text, |text| fishplate_json::canonical_text(text, options))
}

#[napi]
pub fn canonical_hash(
    #[napi(ts_arg_type = "string | Uint8Array")] text: TextInput<'_>,
    duplicate_keys: bool,
) -> Either<String, NativeFailure> {
    let options = CanonicalOptions {
        duplicate_keys,
        lone_surrogates: true,
    };
    let outcome = checked(&text).and_then(|()| fishplate_json::canonical_hash(&text, options));
    match outcome {
        Ok(hash) => Either::A(hash),
        Err(error) => Either::B(failure(&text, &error)),
    }
}

#[napi(ts_return_type = "string | NativeFailure")]
pub fn minify(
    #[napi(ts_arg_type = "string | Uint8Array")] text: TextInput<'_>,
) -> Either<TextOutput, NativeFailure> {
    produce(&text, fishplate_json::minify)
}

#[napi(ts_return_type = "string | NativeFailure")]
pub fn format(
    #[napi(ts_arg_type = "string | Uint8Array")] text: TextInput<'_>,
    indent: String,
) -> Either<TextOutput, NativeFailure> {
    produce(&text, |text| fishplate_json::format(text, &indent))
}

/// A result of a text, where a string can hold it.
fn produce(
    text: &TextInput<'_>,
    work: impl FnOnce(&[u8]) -> Result<Vec<u8>, JsonError>,
) -> Either<TextOutput, NativeFailure> {
    let outcome = checked(text).and_then(|()| work(text)).and_then(|result| {
        // UTF-16 never has more units than UTF-8 has bytes.
        if result.len() > LONGEST_STRING {
            let limit = LONGEST_STRING;
            return Err(JsonError::TooLarge { limit });
        }
        Ok(result)
    });
    match outcome {
        Ok(result) => Either::A(TextOutput(result)),
        Err(error) => Either::B(failure(text, &error)),
    }
}
