//! Bench addon: objects of V8 walked through Node-API, as a native `stringify` and `parse` would have to.
#![allow(missing_docs, reason = "an addon of one benchmark")]
#![allow(
    clippy::needless_pass_by_value,
    reason = "Node-API functions take what was converted for them"
)]

use napi::bindgen_prelude::{Error, Result};
use napi_derive::napi;
use serde_json::Value;

/// Keys come out sorted: `serde_json` keeps them in a tree.
#[napi]
pub fn marshalled_stringify(value: Value) -> String {
    value.to_string()
}

#[napi]
pub fn marshalled_parse(text: String) -> Result<Value> {
    serde_json::from_str(&text).map_err(|error| Error::from_reason(error.to_string()))
}
