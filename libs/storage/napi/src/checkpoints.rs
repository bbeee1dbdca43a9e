//! Checkpoints and branches; what is known of them goes over as JSON.

use std::sync::Arc;

use fishplate_storage::CheckpointOptions;
use napi::bindgen_prelude::{AsyncTask, Buffer, Error, Result};
use napi_derive::napi;

use crate::error::fault;
use crate::store::NativeStore;
use crate::work::{Work, work};

#[napi(object, object_to_js = false)]
pub struct NativeCheckpointOptions {
    pub base: Option<String>,
    pub stream: String,
    pub seq: Option<f64>,
    /// JSON.
    pub metadata: Option<String>,
}

#[napi]
impl NativeStore {
    /// The state must not change until the promise is settled.
    #[napi(ts_return_type = "Promise<string>")]
    pub fn save_checkpoint(
        &self,
        id: String,
        state: Buffer,
        options: NativeCheckpointOptions,
    ) -> AsyncTask<Work<String>> {
        let store = Arc::clone(&self.store);
        let options = CheckpointOptions {
            base: options.base,
            stream: options.stream,
            seq: options.seq.map(|seq| seq as u64),
            metadata: options.metadata,
        };
        work(move || {
            let saved = store
                .save_checkpoint(&id, &state, &options)
                .map_err(fault)?;
            json_text(&saved)
        })
    }

    #[napi(ts_return_type = "Promise<Buffer | null>")]
    pub fn load_checkpoint(&self, id: String) -> AsyncTask<Work<Option<Buffer>>> {
        let store = Arc::clone(&self.store);
        work(move || {
            let state = store.take_checkpoint(&id).map_err(fault)?;
            Ok(state.map(Buffer::from))
        })
    }

    #[napi]
    pub fn list_checkpoints(&self) -> Result<String> {
        let list = self.store.list_checkpoints().map_err(fault)?;
        json_text(&list)
    }

    #[napi(ts_return_type = "Promise<boolean>")]
    pub fn delete_checkpoint(&self, id: String) -> AsyncTask<Work<bool>> {
        let store = Arc::clone(&self.store);
        work(move || store.delete_checkpoint(&id).map_err(fault))
    }

    #[napi(ts_return_type = "Promise<string>")]
    pub fn branch(&self, stream: String, parent: String, from: f64) -> AsyncTask<Work<String>> {
        let store = Arc::clone(&self.store);
        work(move || {
            let branch = store.branch(&stream, &parent, from as u64).map_err(fault)?;
            json_text(&branch)
        })
    }

    #[napi]
    pub fn branches(&self) -> Result<String> {
        json_text(&self.store.branches().map_err(fault)?)
    }
}

/// Without a detour over values, so that the caller's metadata stays as it was written.
fn json_text(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::from_reason(error.to_string()))
}
