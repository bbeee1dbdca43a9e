//! Node-API binding of `fishplate-symbols`: conversion only. What the functions mean is documented where they are
//! public, in `@fishplate/symbols`.
#![allow(
    missing_docs,
    reason = "the binding is internal; its TypeScript side is documented"
)]
#![allow(
    clippy::needless_pass_by_value,
    reason = "Node-API functions take what was converted for them"
)]

mod batch;
pub mod index;
mod work;
mod workspace;

use fishplate_symbols::SymbolsError;
use napi::Error;
use napi_derive::napi;

/// The version that the loading library must have.
#[napi]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// An error whose message starts with its code: the only text that both a sync call and a promise carry over.
fn fault(error: &SymbolsError) -> Error {
    Error::from_reason(format!("{}: {error}", error.code()))
}
