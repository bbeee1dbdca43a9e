//! Files, on threads of the pool.

use std::path::PathBuf;

use fishplate_vector::file::load;
use fishplate_vector::{Snapshot, VectorIndex};
use napi::bindgen_prelude::{AsyncTask, Env, Result, Task};
use napi_derive::napi;

use crate::failure::fault;
use crate::index::IndexJs;

/// Writes what an index held when it was asked.
pub struct Save {
    pub(crate) snapshot: Snapshot,
    pub(crate) path: PathBuf,
}

impl Task for Save {
    type Output = ();
    type JsValue = ();

    fn compute(&mut self) -> Result<()> {
        self.snapshot.save(&self.path).map_err(fault)
    }

    fn resolve(&mut self, _: Env, (): ()) -> Result<()> {
        Ok(())
    }
}

#[napi(ts_return_type = "Promise<NativeIndex>")]
pub fn load_index(path: String, is_mapped: bool) -> AsyncTask<Load> {
    AsyncTask::new(Load {
        path: path.into(),
        is_mapped,
    })
}

pub struct Load {
    path: PathBuf,
    is_mapped: bool,
}

impl Task for Load {
    type Output = VectorIndex;
    type JsValue = IndexJs;

    fn compute(&mut self) -> Result<VectorIndex> {
        load(&self.path, self.is_mapped).map_err(fault)
    }

    fn resolve(&mut self, _: Env, index: VectorIndex) -> Result<IndexJs> {
        Ok(IndexJs::over(index))
    }
}
