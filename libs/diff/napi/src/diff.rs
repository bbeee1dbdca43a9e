//! Comparing two texts, on the calling thread or on one of the pool.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fishplate_diff::{
    Algorithm, CompareOptions, DiffError, DiffOptions, DiffStat, Encoding, diff_lines,
};
use napi::bindgen_prelude::{AsyncTask, Env, Result, Status, Task};
use napi_derive::napi;

use crate::fault::{Code, fault};
use crate::text::{Form, TextInput, TextOutput, pair};

#[napi(object, js_name = "NativeDiffOptions", object_to_js = false)]
pub struct Options {
    pub context: u32,
    #[napi(ts_type = "'auto' | 'exact' | 'histogram' | 'patience'")]
    pub algorithm: String,
    /// Exact or nothing: the answer past a limit is null.
    pub strict: Option<bool>,
    pub max_edit_length: Option<f64>,
    pub timeout_ms: Option<f64>,
    pub ignore_whitespace: Option<bool>,
    pub ignore_newline_at_eof: Option<bool>,
    pub strip_trailing_cr: Option<bool>,
}

#[napi(object, js_name = "NativeDiff", object_from_js = false)]
pub struct Diff {
    /// All hunks, without file headers.
    #[napi(ts_type = "string | Buffer")]
    pub body: TextOutput,
    #[napi(ts_type = "'exact' | 'minimal' | 'histogram' | 'patience' | 'coarse'")]
    pub algorithm: String,
    pub added: f64,
    pub removed: f64,
    pub hunks: u32,
}

/// Lets another call end a running comparison.
#[napi]
pub struct CancelToken {
    pub(crate) flag: Arc<AtomicBool>,
}

#[napi]
impl CancelToken {
    #[napi(constructor)]
    pub fn new() -> Self {
        Self {
            flag: Arc::default(),
        }
    }

    #[napi]
    pub fn cancel(&self) {
        self.flag.store(true, Ordering::Relaxed);
    }
}

#[napi(js_name = "diffLines")]
pub fn compare(
    #[napi(ts_arg_type = "string | Uint8Array")] old_text: TextInput<'_>,
    #[napi(ts_arg_type = "string | Uint8Array")] new_text: TextInput<'_>,
    options: Options,
) -> Result<Option<Diff>> {
    let (old, new, form) = pair(&old_text, &new_text);
    computed(&old, &new, form, &options, None)?
        .map(|diff| diff.into_js(form))
        .transpose()
}

#[napi(
    js_name = "diffLinesAsync",
    ts_return_type = "Promise<NativeDiff | null>"
)]
pub fn compare_async(
    #[napi(ts_arg_type = "string | Uint8Array")] old_text: TextInput<'_>,
    #[napi(ts_arg_type = "string | Uint8Array")] new_text: TextInput<'_>,
    options: Options,
    token: Option<&CancelToken>,
) -> AsyncTask<Comparison> {
    let (old, new, form) = pair(&old_text, &new_text);
    AsyncTask::new(Comparison {
        old: old.into_owned(),
        new: new.into_owned(),
        form,
        options,
        cancel: token.map(|token| Arc::clone(&token.flag)),
    })
}

/// A comparison with its own copy of the texts, which the caller may change meanwhile.
pub struct Comparison {
    old: Vec<u8>,
    new: Vec<u8>,
    form: Form,
    options: Options,
    cancel: Option<Arc<AtomicBool>>,
}

impl Task for Comparison {
    type Output = Option<Computed>;
    type JsValue = Option<Diff>;

    fn compute(&mut self) -> Result<Self::Output> {
        computed(
            &self.old,
            &self.new,
            self.form,
            &self.options,
            self.cancel.as_deref(),
        )
    }

    fn resolve(&mut self, _: Env, output: Self::Output) -> Result<Self::JsValue> {
        output.map(|diff| diff.into_js(self.form)).transpose()
    }
}

/// A result that no longer borrows from the texts.
pub struct Computed {
    body: Vec<u8>,
    algorithm: &'static str,
    added: usize,
    removed: usize,
    hunks: usize,
}

impl Computed {
    #[expect(clippy::cast_precision_loss, reason = "no text has 2^53 lines")]
    fn into_js(self, form: Form) -> Result<Diff> {
        Ok(Diff {
            body: TextOutput::new(self.body, form)?,
            algorithm: self.algorithm.to_owned(),
            added: self.added as f64,
            removed: self.removed as f64,
            hunks: u32::try_from(self.hunks).unwrap_or(u32::MAX),
        })
    }
}

fn computed(
    old: &[u8],
    new: &[u8],
    form: Form,
    options: &Options,
    cancel: Option<&AtomicBool>,
) -> Result<Option<Computed>> {
    let settings = settings(options, form.encoding(), cancel);
    let diff = diff_lines(old, new, &settings).map_err(diff_fault)?;
    Ok(diff.map(|diff| {
        let mut body = Vec::new();
        let hunks = diff.write_unified(options.context as usize, &mut body);
        let DiffStat { added, removed } = diff.stat();
        Computed {
            body,
            algorithm: diff.algorithm().as_str(),
            added,
            removed,
            hunks,
        }
    }))
}

/// The core's options for those of the caller.
pub fn settings<'c>(
    options: &Options,
    encoding: Encoding,
    cancel: Option<&'c AtomicBool>,
) -> DiffOptions<'c> {
    DiffOptions {
        algorithm: match options.algorithm.as_str() {
            "exact" => Algorithm::Exact,
            "histogram" => Algorithm::Histogram,
            "patience" => Algorithm::Patience,
            _ => Algorithm::Auto,
        },
        compare: CompareOptions {
            ignore_whitespace: options.ignore_whitespace.unwrap_or(false),
            ignore_newline_at_eof: options.ignore_newline_at_eof.unwrap_or(false),
            strip_trailing_cr: options.strip_trailing_cr.unwrap_or(false),
            encoding,
        },
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "`as` saturates"
        )]
        max_edit_length: options.max_edit_length.map(|length| length as usize),
        timeout: options
            .timeout_ms
            .and_then(|ms| Duration::try_from_secs_f64(ms / 1e3).ok()),
        cancel,
        strict: options.strict.unwrap_or(false),
        indent_heuristic: true,
    }
}

pub fn diff_fault(error: DiffError) -> napi::Error {
    match error {
        DiffError::TooLarge { .. } | DiffError::TooManyLines { .. } => {
            fault(Code::InputTooLarge, error)
        }
        DiffError::TraceTooLarge { .. } => fault(Code::DiffTooLarge, error),
        DiffError::Cancelled => napi::Error::new(Status::Cancelled, error.to_string()),
        _ => napi::Error::from_reason(error.to_string()),
    }
}
