//! Comparisons whose answer is runs of equal, removed and added tokens, for callers who cut their texts themselves.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use fishplate_diff::{Edit, EditKind, Encoding, WordKind, diff_lines, diff_tokens, diff_words};
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

#[napi(js_name = "wordRuns")]
pub fn words(
    #[napi(ts_arg_type = "string")] old_text: TextInput<'_>,
    #[napi(ts_arg_type = "string")] new_text: TextInput<'_>,
    padded: bool,
    options: Options,
) -> Result<Option<Uint32Array>> {
    let (old, new) = (old_text.characters(), new_text.characters());
    Ok(word_runs(&old, &new, word_kind(padded), &options, None)?.map(Uint32Array::new))
}

#[napi(
    js_name = "wordRunsAsync",
    ts_return_type = "Promise<Uint32Array | null>"
)]
pub fn words_async(
    #[napi(ts_arg_type = "string")] old_text: TextInput<'_>,
    #[napi(ts_arg_type = "string")] new_text: TextInput<'_>,
    padded: bool,
    options: Options,
    token: Option<&CancelToken>,
) -> AsyncTask<Comparison> {
    let (old, new) = (old_text.characters(), new_text.characters());
    Comparison::new(Input::Words(old, new, word_kind(padded)), options, token)
}

fn word_kind(padded: bool) -> WordKind {
    if padded {
        WordKind::Padded
    } else {
        WordKind::Plain
    }
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
    Words(Vec<u32>, Vec<u32>, WordKind),
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
            Input::Words(old, new, kind) => word_runs(old, new, *kind, options, cancel),
            Input::Tokens(old, new) => token_runs(old, new, options, cancel),
        }
    }

    fn resolve(&mut self, _: Env, output: Self::Output) -> Result<Self::JsValue> {
        Ok(output.map(Uint32Array::new))
    }
}

/// Runs as the caller reads them, four numbers each: kind (0 equal, 1 removed, 2 added), tokens, and where they
/// start and end in their text, in code units: the old one for removed runs, else the new one.
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
        let mut ends = (0, 0);
        numbers(diff.edits(), |edit| {
            let starts = ends;
            ends.0 += units(&diff.old_text(edit), form);
            ends.1 += units(&diff.new_text(edit), form);
            span(edit, starts, ends)
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
    Ok(diff.map(|diff| {
        let mut ends = (0, 0);
        numbers(&diff.edits, |edit| {
            let starts = ends;
            let (i, j, len) = (
                edit.old_start as usize,
                edit.new_start as usize,
                edit.len as usize,
            );
            if edit.kind != EditKind::Added {
                ends.0 += character_units(&old[i..i + len]);
            }
            if edit.kind != EditKind::Removed {
                ends.1 += character_units(&new[j..j + len]);
            }
            span(edit, starts, ends)
        })
    }))
}

fn word_runs(
    old: &[u32],
    new: &[u32],
    kind: WordKind,
    options: &Options,
    cancel: Option<&AtomicBool>,
) -> Result<Option<Runs>> {
    let settings = settings(options, Encoding::Utf8, cancel);
    let diff = diff_words(old, new, kind, &settings).map_err(diff_fault)?;
    let (old_offsets, new_offsets) = (offsets(old), offsets(new));
    Ok(diff.map(|diff| {
        numbers(&diff.edits, |edit| {
            let (words, offsets, start) = match edit.kind {
                EditKind::Removed => (&diff.old_words, &old_offsets, edit.old_start as usize),
                _ => (&diff.new_words, &new_offsets, edit.new_start as usize),
            };
            let last = start + edit.len as usize - 1;
            (offsets[words[start].start], offsets[words[last].end])
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

/// Start and end of an edit in the text that shows it.
fn span(edit: &Edit, starts: (usize, usize), ends: (usize, usize)) -> (usize, usize) {
    match edit.kind {
        EditKind::Removed => (starts.0, ends.0),
        EditKind::Equal | EditKind::Added => (starts.1, ends.1),
    }
}

/// Code units of characters: two beyond the first plane.
fn character_units(characters: &[u32]) -> usize {
    characters.len() + characters.iter().filter(|&&c| c > 0xffff).count()
}

/// Code units before each character, and before the end.
fn offsets(characters: &[u32]) -> Vec<usize> {
    let mut at = 0;
    let mut offsets = Vec::with_capacity(characters.len() + 1);
    for &c in characters {
        offsets.push(at);
        at += 1 + usize::from(c > 0xffff);
    }
    offsets.push(at);
    offsets
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "strings have less than 2^30 code units"
)]
fn numbers(edits: &[Edit], mut span: impl FnMut(&Edit) -> (usize, usize)) -> Runs {
    let mut runs = Vec::with_capacity(4 * edits.len());
    for edit in edits {
        let kind = match edit.kind {
            EditKind::Equal => 0,
            EditKind::Removed => 1,
            EditKind::Added => 2,
        };
        let (start, end) = span(edit);
        runs.extend([kind, edit.len, start as u32, end as u32]);
    }
    runs
}
