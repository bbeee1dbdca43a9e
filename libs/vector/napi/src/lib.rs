//! Node-API binding of `fishplate-vector`: conversion only. What the functions mean is documented where they are
//! public, in `@fishplate/vector`.
#![allow(
    missing_docs,
    reason = "the binding is internal; its TypeScript side is documented"
)]
#![allow(
    clippy::needless_pass_by_value,
    reason = "Node-API functions take what was converted for them"
)]
#![allow(clippy::too_many_arguments, reason = "objects cost more than the call")]

mod failure;
mod file;
mod hits;
mod hybrid;
mod index;
mod numbers;
mod pairs;
mod similarity;

use napi_derive::napi;

/// The version that the loading library must have.
#[napi]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// The inner loops that this processor runs.
#[napi]
pub fn kernels() -> &'static str {
    fishplate_vector::kernels::kernels().name
}
