//! Node-API binding of `fishplate-tokenizer`: conversion only. What the functions mean is documented where they are
//! public, in `@fishplate/tokenizer`.
#![allow(
    missing_docs,
    reason = "the binding is internal; its TypeScript side is documented"
)]
#![allow(
    clippy::needless_pass_by_value,
    reason = "Node-API functions take what was converted for them"
)]

mod compression;
mod text;
mod tokens;

use napi::Error;
use napi_derive::napi;

/// The version that the loading library must have.
#[napi]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// An error whose message starts with its code: the only text that both a sync call and a promise carry over.
fn fault(code: &str, message: impl std::fmt::Display) -> Error {
    Error::from_reason(format!("{code}: {message}"))
}
