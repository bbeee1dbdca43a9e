//! The index as a class.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use fishplate_symbols::{PathFilter, QueryOptions, SymbolIndex, SymbolKind};
use napi::bindgen_prelude::{AsyncTask, Env, Task, Uint32ArraySlice, Utf16String};
use napi::{Error, Result};
use napi_derive::napi;
use serde::Serialize;

use crate::batch::unpack;
use crate::fault;
use crate::work::{Work, work};

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

    /// The same index, for a thread.
    pub fn share(&self) -> Arc<RwLock<SymbolIndex>> {
        Arc::clone(&self.index)
    }

    /// The index for reading.
    pub fn read(&self) -> RwLockReadGuard<'_, SymbolIndex> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The index for writing.
    pub fn write(&self) -> RwLockWriteGuard<'_, SymbolIndex> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[napi]
impl NativeIndex {
    #[napi(constructor)]
    #[allow(clippy::new_without_default, reason = "a constructor of JavaScript")]
    pub fn new() -> Self {
        Self::wrap(SymbolIndex::new())
    }

    #[napi]
    pub fn update_files(&self, text: Utf16String, layout: Uint32ArraySlice<'_>) -> Result<String> {
        let batch = unpack(&text, &layout)?;
        let report = self.write().update_files(&batch);
        json(&report.map_err(|error| fault(&error))?)
    }

    #[napi]
    pub fn remove_file(&self, path: String) -> bool {
        self.write().remove_file(&path)
    }

    /// `kinds` is a set of numbers of kinds, 0 for all.
    #[napi]
    pub fn query(
        &self,
        text: String,
        limit: u32,
        kinds: u32,
        fuzzy: bool,
        path: Option<String>,
        boost_paths: Vec<String>,
    ) -> Result<String> {
        let filter = |text: &str| PathFilter::new(text).map_err(|error| fault(&error));
        let options = QueryOptions {
            limit: limit as usize,
            kinds: SymbolKind::ALL
                .into_iter()
                .filter(|&kind| kinds & (1 << kind as u8) != 0)
                .collect(),
            path: path.as_deref().map(filter).transpose()?,
            boost_paths: boost_paths
                .iter()
                .map(|text| filter(text))
                .collect::<Result<_>>()?,
            fuzzy,
        };
        let hits = self.read().query(&text, &options);
        json(&hits.map_err(|error| fault(&error))?)
    }

    #[napi]
    pub fn outline(&self, path: String) -> Result<String> {
        json(&self.read().outline(&path))
    }

    #[napi]
    pub fn references(&self, name: String) -> Result<String> {
        json(&self.read().references(&name))
    }

    #[napi]
    pub fn stats(&self) -> Result<String> {
        json(&self.read().stats())
    }

    /// Lets the memory go, when a save that runs does.
    #[napi]
    pub fn close(&mut self) {
        self.index = Arc::default();
    }

    /// Saves what the index is when a thread of the pool gets to it.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn save(&self, path: String) -> AsyncTask<Work<()>> {
        let index = Arc::clone(&self.index);
        work(move || {
            let bytes = index
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .to_bytes();
            fishplate_symbols::write_whole(Path::new(&path), &bytes).map_err(|error| fault(&error))
        })
    }
}

/// Reads an index on a thread of the pool.
#[napi(ts_return_type = "Promise<NativeIndex>")]
pub fn load_index(path: String) -> AsyncTask<Load> {
    AsyncTask::new(Load { path })
}

pub struct Load {
    path: String,
}

impl Task for Load {
    type Output = SymbolIndex;
    type JsValue = NativeIndex;

    fn compute(&mut self) -> Result<SymbolIndex> {
        SymbolIndex::load(Path::new(&self.path)).map_err(|error| fault(&error))
    }

    fn resolve(&mut self, _: Env, index: SymbolIndex) -> Result<NativeIndex> {
        Ok(NativeIndex::wrap(index))
    }
}

pub fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::from_reason(error.to_string()))
}
