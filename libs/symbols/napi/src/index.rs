//! The index as a class.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use fishplate_symbols::SymbolIndex;
use napi::{Error, Result};
use napi_derive::napi;
use serde::Serialize;

#[napi]
pub struct NativeIndex {
    index: Arc<RwLock<SymbolIndex>>,
}

impl NativeIndex {
    /// Wraps an index that Rust made.
    pub fn wrap(index: SymbolIndex) -> Self {
        Self {
            index: Arc::new(RwLock::new(index)),
        }
    }

    /// The index for reading; a panic elsewhere left it whole, as updates change a file at a time.
    pub fn read(&self) -> RwLockReadGuard<'_, SymbolIndex> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }
}

#[napi]
impl NativeIndex {
    #[napi(constructor)]
    pub fn new() -> Self {
        Self::wrap(SymbolIndex::new())
    }

    #[napi]
    pub fn stats(&self) -> Result<String> {
        json(&self.read().stats())
    }
}

pub fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::from_reason(error.to_string()))
}
