//! Node-API binding of `fishplate-symbols`: conversion only. What the functions mean is documented where they are
//! public, in `@fishplate/symbols`.
#![allow(
    missing_docs,
    reason = "the binding is internal; its TypeScript side is documented"
)]

use napi::bindgen_prelude::Uint8ArraySlice;
use napi_derive::napi;

/// The version that the loading library must have.
#[napi]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

#[napi]
pub fn fingerprint(bytes: Uint8ArraySlice<'_>) -> u64 {
    fishplate_symbols::fingerprint(&bytes)
}
