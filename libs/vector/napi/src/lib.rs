//! Node-API binding of `fishplate-vector`: conversion only. What the functions mean is documented where they are
//! public, in `@fishplate/vector`.
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
pub fn fingerprint(_bytes: Uint8ArraySlice<'_>) -> u64 {
    0
}
