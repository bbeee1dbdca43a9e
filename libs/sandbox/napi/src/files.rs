//! Files under the policy, on threads of the pool.

use std::path::PathBuf;
use std::sync::Arc;

use fishplate_sandbox::{FileKind, Sandbox, WriteOptions};
use napi::Result;
use napi::bindgen_prelude::{AsyncTask, Buffer, Env, Task};
use napi_derive::napi;

use crate::fault::file_fault;
use crate::policy::NativeSandbox;

#[napi(object, object_from_js = false)]
pub struct NativeDirEntry {
    pub name: String,
    /// `file`, `directory`, `link`, `other`.
    pub kind: &'static str,
}

#[napi]
impl NativeSandbox {
    #[napi(ts_return_type = "Promise<Buffer>")]
    pub fn read_file(&self, path: String, max_bytes: f64) -> AsyncTask<Read> {
        AsyncTask::new(Read {
            sandbox: Arc::clone(&self.sandbox),
            path: path.into(),
            max_bytes: max_bytes as u64,
        })
    }

    #[napi(ts_return_type = "Promise<void>")]
    pub fn write_file(&self, path: String, data: Buffer) -> AsyncTask<Write> {
        AsyncTask::new(Write {
            sandbox: Arc::clone(&self.sandbox),
            path: path.into(),
            data,
        })
    }

    #[napi(ts_return_type = "Promise<NativeDirEntry[]>")]
    pub fn list(&self, path: String) -> AsyncTask<List> {
        AsyncTask::new(List {
            sandbox: Arc::clone(&self.sandbox),
            path: path.into(),
        })
    }
}

pub struct Read {
    sandbox: Arc<Sandbox>,
    path: PathBuf,
    max_bytes: u64,
}

impl Task for Read {
    type Output = Vec<u8>;
    type JsValue = Buffer;

    fn compute(&mut self) -> Result<Vec<u8>> {
        let files = self.sandbox.files();
        files
            .read_file(&self.path, self.max_bytes)
            .map_err(|error| file_fault(&error))
    }

    fn resolve(&mut self, _: Env, bytes: Vec<u8>) -> Result<Buffer> {
        Ok(bytes.into())
    }
}

pub struct Write {
    sandbox: Arc<Sandbox>,
    path: PathBuf,
    data: Buffer,
}

impl Task for Write {
    type Output = ();
    type JsValue = ();

    fn compute(&mut self) -> Result<()> {
        let files = self.sandbox.files();
        files
            .write_file(&self.path, &self.data, WriteOptions::default())
            .map(drop)
            .map_err(|error| file_fault(&error))
    }

    fn resolve(&mut self, _: Env, (): ()) -> Result<()> {
        Ok(())
    }
}

pub struct List {
    sandbox: Arc<Sandbox>,
    path: PathBuf,
}

impl Task for List {
    type Output = Vec<NativeDirEntry>;
    type JsValue = Vec<NativeDirEntry>;

    fn compute(&mut self) -> Result<Vec<NativeDirEntry>> {
        let listing = self.sandbox.files().list(&self.path, usize::MAX);
        let entries = listing.map_err(|error| file_fault(&error))?.entries;
        let entry = |entry: fishplate_sandbox::DirEntry| NativeDirEntry {
            name: entry.name.to_string_lossy().into_owned(),
            kind: match entry.kind {
                FileKind::File => "file",
                FileKind::Directory => "directory",
                FileKind::Link => "link",
                FileKind::Other => "other",
            },
        };
        Ok(entries.into_iter().map(entry).collect())
    }

    fn resolve(&mut self, _: Env, entries: Vec<NativeDirEntry>) -> Result<Vec<NativeDirEntry>> {
        Ok(entries)
    }
}
