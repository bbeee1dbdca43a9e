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

mod batches;
mod matcher;
mod walk;

use fishplate_gitignore::{OpenError, RepositoryError, WalkError};
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
    match error {
        WalkError::Open(error) => open_fault(error),
        WalkError::Repository(error) => repository_fault(error),
        WalkError::NoRepository { .. } => fault("REPOSITORY_MISSING", error),
        WalkError::Cancelled => fault("CANCELLED", error),
        WalkError::Fault(_) => fault("ENGINE_FAULT", error),
    }
}

fn open_fault(error: &OpenError) -> Error {
    match error {
        OpenError::Repository(error) => repository_fault(error),
        OpenError::Root { .. } | OpenError::GitDirectory { .. } => fault("ROOT_INVALID", error),
    }
}

fn repository_fault(error: &RepositoryError) -> Error {
    let code = match error {
        RepositoryError::Index { .. } => "INDEX_UNREADABLE",
        RepositoryError::Config { .. } => "CONFIG_UNREADABLE",
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
