//! Node-API binding of `fishplate-storage`: conversion only. What the functions mean is documented where they are
//! public, in `@fishplate/storage`.
#![allow(
    missing_docs,
    reason = "the binding is internal; its TypeScript side is documented"
)]
#![allow(
    clippy::needless_pass_by_value,
    reason = "Node-API functions take what was converted for them"
)]
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "numbers of events, sizes and offsets are whole and below 2^53"
)]

mod checkpoints;
mod cursor;
mod error;
mod store;
mod work;

use napi_derive::napi;

/// The version that the loading library must have.
#[napi]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}
