//! Extraction of texts, workspaces and files that changed; ranks of files.

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fishplate_symbols::{
    ExtractControl, ExtractLimits, ExtractOptions, ExtractReport, Extractor, RankOptions, Refused,
    Symbol, SymbolIndex, WorkspaceError, index_workspace as index_files,
    refresh_files as read_files,
};
use napi::bindgen_prelude::{AsyncTask, Buffer, Env, Float64Array, Task};
use napi::{Error, Result};
use napi_derive::napi;
use serde::Serialize;

use crate::fault;
use crate::index::{NativeIndex, json};
use crate::work::{Work, work};

/// Ends work from outside, and tells how far it is.
#[napi(js_name = "ExtractControl")]
#[derive(Default)]
pub struct ControlJs {
    control: Arc<ExtractControl>,
    report: Arc<Mutex<ExtractReport>>,
}

#[napi]
impl ControlJs {
    #[napi(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    #[napi]
    pub fn cancel(&self) {
        self.control.cancelled.store(true, Ordering::Relaxed);
    }

    /// Files done, files in all, symbols.
    #[napi]
    pub fn progress(&self) -> Float64Array {
        let ExtractControl {
            done,
            total,
            symbols,
            ..
        } = &*self.control;
        let counts = [done, total, symbols].map(|count| count.load(Ordering::Relaxed) as f64);
        counts.to_vec().into()
    }

    /// What became of the files, as JSON; once the work has ended.
    #[napi]
    pub fn report(&self) -> Result<String> {
        json(&*self.report.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[napi(object, js_name = "NativeExtractOptions", object_to_js = false)]
pub struct OptionsJs {
    pub max_file_bytes: u32,
    pub timeout_ms: u32,
    pub threads: Option<u32>,
}

impl OptionsJs {
    fn options(&self) -> ExtractOptions {
        ExtractOptions {
            limits: ExtractLimits {
                bytes: self.max_file_bytes as usize,
                time: Duration::from_millis(self.timeout_ms.into()),
            },
            threads: self.threads.map(|threads| threads as usize),
        }
    }
}

#[napi]
pub fn reads_path(path: String) -> bool {
    Extractor::reads(&path)
}

/// Indexes on a thread of the pool and threads of its own; paths are joined by NULs, and none means a walk.
#[napi(ts_return_type = "Promise<NativeIndex>")]
pub fn index_workspace(
    root: String,
    files: Option<Buffer>,
    options: OptionsJs,
    control: &ControlJs,
) -> AsyncTask<Indexing> {
    AsyncTask::new(Indexing {
        root: root.into(),
        files: files.map(|files| pieces(&files)),
        options: options.options(),
        control: Arc::clone(&control.control),
        report: Arc::clone(&control.report),
    })
}

pub struct Indexing {
    root: PathBuf,
    files: Option<Vec<String>>,
    options: ExtractOptions,
    control: Arc<ExtractControl>,
    report: Arc<Mutex<ExtractReport>>,
}

impl Task for Indexing {
    type Output = SymbolIndex;
    type JsValue = NativeIndex;

    fn compute(&mut self) -> Result<SymbolIndex> {
        let found = index_files(&self.root, self.files.take(), self.options, &self.control);
        let (index, report) = found.map_err(|error| workspace_fault(&error))?;
        *self.report.lock().unwrap_or_else(PoisonError::into_inner) = report;
        Ok(index)
    }

    fn resolve(&mut self, _: Env, index: SymbolIndex) -> Result<NativeIndex> {
        Ok(NativeIndex::wrap(index))
    }
}

/// Reads files again and puts into the index what they have now, all at once; as JSON what the index did.
#[napi(ts_return_type = "Promise<string>")]
pub fn refresh_files(
    index: &NativeIndex,
    root: String,
    files: Buffer,
    options: OptionsJs,
    control: &ControlJs,
) -> AsyncTask<Work<String>> {
    let index = index.share();
    let (root, files, options) = (PathBuf::from(root), pieces(&files), options.options());
    let (control, last) = (Arc::clone(&control.control), Arc::clone(&control.report));
    work(move || {
        let found = read_files(&root, &files, options, &control);
        let (found, lost, report) = found.map_err(|error| workspace_fault(&error))?;
        let mut index = index.write().unwrap_or_else(PoisonError::into_inner);
        let update = index.update_files(&found).map_err(|error| fault(&error))?;
        for path in &lost {
            index.remove_file(path);
        }
        *last.lock().unwrap_or_else(PoisonError::into_inner) = report;
        json(&update)
    })
}

/// What a text has, as JSON; null where its name has the ending of no language.
#[napi(ts_return_type = "Promise<string>")]
pub fn extract_symbols(path: String, text: Buffer, options: OptionsJs) -> AsyncTask<Work<String>> {
    let text = text.to_vec();
    let limits = options.options().limits;
    work(move || {
        let extracted = Extractor::default().extract(&path, &text, limits, &|| false);
        let extracted = match extracted {
            Ok(extracted) => extracted,
            Err(Refused::Language) => return Ok("null".to_owned()),
            Err(error) => return Err(refusal(&error)),
        };
        let references = extracted.references.iter();
        let references = references.map(|used| (used.name.as_str(), used.count));
        json(&ExtractedJs {
            symbols: &extracted.symbols,
            starts: &extracted.starts,
            references: references.collect(),
            language: extracted.language,
            has_errors: extracted.has_errors,
        })
    })
}

/// Ranked files as JSON.
#[napi]
pub fn rank_files(
    index: &NativeIndex,
    focus: Vec<String>,
    files: u32,
    symbols: u32,
) -> Result<String> {
    json(&index.read().rank(&RankOptions {
        focus,
        files: files as usize,
        symbols: symbols as usize,
    }))
}

fn refusal(error: &Refused) -> Error {
    let code = match error {
        Refused::TooLarge(_) => "INPUT_TOO_LARGE",
        Refused::TimedOut(_) => "EXTRACTION_TIMED_OUT",
        Refused::Language | Refused::Binary | Refused::Cancelled => "INPUT_INVALID",
    };
    Error::from_reason(format!("{code}: the text is not read: {error}"))
}

/// References as an array of pairs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExtractedJs<'file> {
    symbols: &'file [Symbol],
    starts: &'file [(u32, u32)],
    references: Vec<(&'file str, u32)>,
    language: &'static str,
    has_errors: bool,
}

fn workspace_fault(error: &WorkspaceError) -> Error {
    match error {
        WorkspaceError::Root { .. } => Error::from_reason(format!("ROOT_INVALID: {error}")),
        WorkspaceError::Cancelled => Error::from_reason(format!("CANCELLED: {error}")),
        WorkspaceError::Index(error) => fault(error),
    }
}

/// Paths between NULs.
fn pieces(joined: &[u8]) -> Vec<String> {
    let paths = joined
        .split(|&byte| byte == 0)
        .filter(|path| !path.is_empty());
    paths
        .map(|path| String::from_utf8_lossy(path).into_owned())
        .collect()
}
