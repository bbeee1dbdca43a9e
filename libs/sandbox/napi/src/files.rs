//! Files under the policy, on threads of the pool.

use std::path::PathBuf;
use std::sync::Arc;

use fishplate_sandbox::{Change, FileKind, NewFile, Sandbox, WriteOptions};
use napi::Result;
use napi::bindgen_prelude::{AsyncTask, Buffer, Env, Task};
use napi_derive::napi;

use crate::fault::{change_answer, file_fault};
use crate::policy::NativeSandbox;

#[napi(object, object_from_js = false)]
pub struct NativeDirEntry {
    pub name: String,
    /// `file`, `directory`, `link`, `other`.
    pub kind: &'static str,
}

#[napi(object, object_from_js = false)]
pub struct NativeFileState {
    pub bytes: Buffer,
    /// Where it was opened.
    pub path: String,
    pub mode: u32,
    pub stamp: String,
}

#[napi(object, object_to_js = false)]
pub struct NativeChange {
    pub path: String,
    /// The stamp of what was read; none where no file stood.
    pub before: Option<String>,
    /// None deletes.
    pub content: Option<Buffer>,
    pub mode: Option<u32>,
}

#[napi]
impl NativeSandbox {
    #[napi(ts_return_type = "Promise<NativeFileState>")]
    pub fn read_file_state(&self, path: String, max_bytes: f64) -> AsyncTask<ReadState> {
        AsyncTask::new(ReadState(self.reading(path, max_bytes)))
    }

    /// JSON: modes and directories, or the index of a change whose file is another one than was read.
    #[napi(ts_return_type = "Promise<string>")]
    pub fn change_files(&self, changes: Vec<NativeChange>) -> AsyncTask<ChangeFiles> {
        AsyncTask::new(ChangeFiles {
            sandbox: Arc::clone(&self.sandbox),
            changes,
        })
    }

    #[napi(ts_return_type = "Promise<void>")]
    pub fn delete(&self, path: String) -> AsyncTask<Delete> {
        AsyncTask::new(Delete {
            sandbox: Arc::clone(&self.sandbox),
            path: path.into(),
        })
    }

    #[napi(ts_return_type = "Promise<Buffer>")]
    pub fn read_file(&self, path: String, max_bytes: f64) -> AsyncTask<Read> {
        AsyncTask::new(self.reading(path, max_bytes))
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

impl NativeSandbox {
    fn reading(&self, path: String, max_bytes: f64) -> Read {
        Read {
            sandbox: Arc::clone(&self.sandbox),
            path: path.into(),
            max_bytes: max_bytes as u64,
        }
    }
}

pub struct ReadState(Read);

impl Task for ReadState {
    type Output = (Vec<u8>, fishplate_sandbox::Metadata);
    type JsValue = NativeFileState;

    fn compute(&mut self) -> Result<Self::Output> {
        let Self(Read {
            sandbox,
            path,
            max_bytes,
        }) = self;
        let read = sandbox.files().read_file_state(path, *max_bytes);
        read.map_err(|error| file_fault(&error))
    }

    fn resolve(&mut self, _: Env, (bytes, found): Self::Output) -> Result<NativeFileState> {
        Ok(NativeFileState {
            bytes: bytes.into(),
            path: found.path.to_string_lossy().into_owned(),
            mode: found.mode,
            stamp: found.stamp,
        })
    }
}

pub struct ChangeFiles {
    sandbox: Arc<Sandbox>,
    changes: Vec<NativeChange>,
}

impl Task for ChangeFiles {
    type Output = String;
    type JsValue = String;

    fn compute(&mut self) -> Result<String> {
        let changes: Vec<_> = self
            .changes
            .iter()
            .map(|change| Change {
                path: PathBuf::from(&change.path),
                before: change.before.clone(),
                after: change.content.as_ref().map(|content| NewFile {
                    content: content.to_vec(),
                    mode: change.mode,
                }),
            })
            .collect();
        change_answer(self.sandbox.files().change(&changes))
    }

    fn resolve(&mut self, _: Env, answer: String) -> Result<String> {
        Ok(answer)
    }
}

pub struct Delete {
    sandbox: Arc<Sandbox>,
    path: PathBuf,
}

impl Task for Delete {
    type Output = ();
    type JsValue = ();

    fn compute(&mut self) -> Result<()> {
        let files = self.sandbox.files();
        files.delete(&self.path).map_err(|error| file_fault(&error))
    }

    fn resolve(&mut self, _: Env, (): ()) -> Result<()> {
        Ok(())
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
