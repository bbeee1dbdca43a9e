//! Comparisons whose answer is runs of equal, removed and added tokens, for callers who cut their texts themselves.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use fishplate_diff::{Edit, EditKind, Encoding, diff_lines, diff_tokens};
use napi::bindgen_prelude::{AsyncTask, Env, Result, Task, Uint32Array};
use napi_derive::napi;

use crate::diff::{CancelToken, Options, diff_fault, settings};
use crate::text::{Form, TextInput, pair, units};

#[napi(js_name = "lineRuns")]
pub fn lines(
    #[napi(ts_arg_type = "string")] old_text: TextInput<'_>,
    #[napi(ts_arg_type = "string")] new_text: TextInput<'_>,
    options: Options,
) -> Result<Option<Uint32Array>> {
    let (old, new, form) = pair(&old_text, &new_text);
    Ok(line_runs(&old, &new, form, &options, None)?.map(Uint32Array::new))
}

#[napi(
    js_name = "lineRunsAsync",
    ts_return_type = "Promise<Uint32Array | null>"
)]
pub fn lines_async(
    #[napi(ts_arg_type = "string")] old_text: TextInput<'_>,
    #[napi(ts_arg_type = "string")] new_text: TextInput<'_>,
    options: Options,
    token: Option<&CancelToken>,
) -> AsyncTask<Comparison> {
    let (old, new, form) = pair(&old_text, &new_text);
    let input = Input::Lines(old.into_owned(), new.into_owned(), form);
    Comparison::new(input, options, token)
}

#[napi(js_name = "characterRuns")]
pub fn characters(
    #[napi(ts_arg_type = "string")] old_text: TextInput<'_>,
    #[napi(ts_arg_type = "string")] new_text: TextInput<'_>,
    options: Options,
) -> Result<Option<Uint32Array>> {
    let (old, new) = (old_text.characters(), new_text.characters());
    Ok(character_runs(&old, &new, &options, None)?.map(Uint32Array::new))
}

#[napi(
    js_name = "characterRunsAsync",
    ts_return_type = "Promise<Uint32Array | null>"
)]
pub fn characters_async(
    #[napi(ts_arg_type = "string")] old_text: TextInput<'_>,
    #[napi(ts_arg_type = "string")] new_text: TextInput<'_>,
    options: Options,
    token: Option<&CancelToken>,
) -> AsyncTask<Comparison> {
    let input = Input::Characters(old_text.characters(), new_text.characters());
    Comparison::new(input, options, token)
}

#[napi(js_name = "tokenRuns")]
pub fn tokens(old_ids: &[u32], new_ids: &[u32], options: Options) -> Result<Option<Uint32Array>> {
    Ok(token_runs(old_ids, new_ids, &options, None)?.map(Uint32Array::new))
}

#[napi(
    js_name = "tokenRunsAsync",
    ts_return_type = "Promise<Uint32Array | null>"
)]
pub fn tokens_async(
    old_ids: &[u32],
    new_ids: &[u32],
    options: Options,
    token: Option<&CancelToken>,
) -> AsyncTask<Comparison> {
    Comparison::new(
        Input::Tokens(old_ids.to_vec(), new_ids.to_vec()),
        options,
        token,
    )
}

enum Input {
    Lines(Vec<u8>, Vec<u8>, Form),
    Characters(Vec<u32>, Vec<u32>),
    Tokens(Vec<u32>, Vec<u32>),
}

/// A comparison on a thread, with its own copy of what it compares.
pub struct Comparison {
    input: Input,
    options: Options,
    cancel: Option<Arc<AtomicBool>>,
}

impl Comparison {
    fn new(input: Input, options: Options, token: Option<&CancelToken>) -> AsyncTask<Self> {
        AsyncTask::new(Self {
            input,
            options,
            cancel: token.map(|token| Arc::clone(&token.flag)),
        })
    }
}

impl Task for Comparison {
    type Output = Option<Vec<u32>>;
    type JsValue = Option<Uint32Array>;

    fn compute(&mut self) -> Result<Self::Output> {
        let (options, cancel) = (&self.options, self.cancel.as_deref());
        match &self.input {
            Input::Lines(old, new, form) => line_runs(old, new, *form, options, cancel),
            Input::Characters(old, new) => character_runs(old, new, options, cancel),
            Input::Tokens(old, new) => token_runs(old, new, options, cancel),
        }
    }

    fn resolve(&mut self, _: Env, output: Self::Output) -> Result<Self::JsValue> {
        Ok(output.map(Uint32Array::new))
    }
}

/// Runs as the caller reads them, four numbers each: kind (0 equal, 1 removed, 2 added), tokens, and the code
/// units that they take in the old and in the new text.
type Runs = Vec<u32>;

fn line_runs(
    old: &[u8],
    new: &[u8],
    form: Form,
    options: &Options,
    cancel: Option<&AtomicBool>,
) -> Result<Option<Runs>> {
    let settings = settings(options, form.encoding(), cancel);
    let diff = diff_lines(old, new, &settings).map_err(diff_fault)?;
    Ok(diff.map(|diff| {
        numbers(diff.edits(), |edit| {
            (
                units(&diff.old_text(edit), form),
                units(&diff.new_text(edit), form),
            )
        })
    }))
}

fn character_runs(
    old: &[u32],
    new: &[u32],
    options: &Options,
    cancel: Option<&AtomicBool>,
) -> Result<Option<Runs>> {
    let settings = settings(options, Encoding::Utf8, cancel);
    let diff = diff_tokens(old, new, &settings).map_err(diff_fault)?;
    let units = |characters: &[u32], start: u32, len: u32| {
        let (start, len) = (start as usize, len as usize);
        let pairs = characters[start..start + len]
            .iter()
            .filter(|&&c| c > 0xffff);
        len + pairs.count()
    };
    Ok(diff.map(|diff| {
        numbers(&diff.edits, |edit| match edit.kind {
            EditKind::Equal => {
                let units = units(old, edit.old_start, edit.len);
                (units, units)
            }
            EditKind::Removed => (units(old, edit.old_start, edit.len), 0),
            EditKind::Added => (0, units(new, edit.new_start, edit.len)),
        })
    }))
}

fn token_runs(
    old: &[u32],
    new: &[u32],
    options: &Options,
    cancel: Option<&AtomicBool>,
) -> Result<Option<Runs>> {
    let settings = settings(options, Encoding::Utf8, cancel);
    let diff = diff_tokens(old, new, &settings).map_err(diff_fault)?;
    Ok(diff.map(|diff| numbers(&diff.edits, |_| (0, 0))))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "strings have less than 2^30 code units"
)]
fn numbers(edits: &[Edit], lengths: impl Fn(&Edit) -> (usize, usize)) -> Runs {
    let run = |edit: &Edit| {
        let kind = match edit.kind {
            EditKind::Equal => 0,
            EditKind::Removed => 1,
            EditKind::Added => 2,
        };
        let (old, new) = lengths(edit);
        [kind, edit.len, old as u32, new as u32]
    };
    edits.iter().flat_map(run).collect()
}
