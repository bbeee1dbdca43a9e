//! Node-API binding of `fishplate-sandbox`: conversion only. What the functions mean is documented where they are public,
//! in `@fishplate/sandbox`.
#![allow(
    missing_docs,
    reason = "the binding is internal; its TypeScript side is documented"
)]
#![allow(
    clippy::needless_pass_by_value,
    reason = "Node-API functions take what was converted for them"
)]

mod command;
mod fault;
mod files;
mod policy;

use std::path::Path;

use napi::Result;
use napi_derive::napi;

use fault::start_fault;

/// The version that the loading library must have.
#[napi]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// What this machine can hold, as JSON. Probes once a process.
#[napi]
pub fn capabilities(helper: String) -> Result<String> {
    let found =
        fishplate_sandbox::capabilities(Path::new(&helper)).map_err(|error| start_fault(&error))?;
    fault::json(&found)
}
