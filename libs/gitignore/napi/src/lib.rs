//! Node-API binding of `fishplate-gitignore`: conversion only. What the functions mean is documented where they are
//! public, in `@fishplate/gitignore`.
#![allow(
    missing_docs,
    reason = "the binding is internal; its TypeScript side is documented"
)]
#![allow(
    clippy::needless_pass_by_value,
    reason = "Node-API functions take what was converted for them"
)]

mod matcher;
mod walk;

use fishplate_gitignore::WalkError;
use napi::bindgen_prelude::Buffer;
use napi::{Error, Result};
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

fn walk_fault(error: &WalkError) -> Error {
    let code = match error {
        WalkError::Root { .. } => "ROOT_INVALID",
        WalkError::NoRepository { .. } => "REPOSITORY_MISSING",
        WalkError::Repository(_) => "INDEX_UNREADABLE",
        WalkError::Cancelled => "CANCELLED",
    };
    fault(code, error)
}

/// Pieces of a Buffer between NULs.
fn pieces(joined: &Buffer) -> Vec<Vec<u8>> {
    let bytes: &[u8] = joined;
    if bytes.is_empty() {
        return Vec::new();
    }
    bytes.split(|&byte| byte == 0).map(<[u8]>::to_vec).collect()
}

/// A file system path that a caller gave as text.
fn path_of(text: &str) -> Result<std::path::PathBuf> {
    if text.contains('\0') {
        return Err(fault("ROOT_INVALID", "the path holds a NUL"));
    }
    Ok(text.into())
}
