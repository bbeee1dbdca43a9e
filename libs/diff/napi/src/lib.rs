//! Node-API binding of `fishplate-diff`: conversion only. What the functions mean is documented where they are
//! public, in `@fishplate/diff`.
#![allow(
    missing_docs,
    reason = "the binding is internal; its TypeScript side is documented"
)]
#![allow(
    clippy::needless_pass_by_value,
    reason = "Node-API functions take what was converted for them"
)]

mod apply;
mod diff;
mod fault;
mod patch;
mod runs;
mod text;

use napi_derive::napi;

/// The version that the loading library must have.
#[napi]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}
