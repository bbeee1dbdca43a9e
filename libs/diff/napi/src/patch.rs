//! Patches as text: taken apart and turned round.

use std::borrow::Cow;

use fishplate_diff::{FileHeaders, FilePatch, ParseError, format_patch, parse_patch};
use napi::bindgen_prelude::{Error, Float64Array, Result, Utf16String};
use napi_derive::napi;

use crate::fault::{Code, fault};
use crate::text::{TextInput, TextOutput, decode_wtf8};

/// A file of a patch, under the names that npm diff gives its parts.
#[napi(object, js_name = "NativeFilePatch", object_from_js = false)]
pub struct File {
    pub index: Option<Utf16String>,
    pub is_git: Option<bool>,
    pub old_file_name: Option<Utf16String>,
    pub new_file_name: Option<Utf16String>,
    pub is_rename: Option<bool>,
    pub is_copy: Option<bool>,
    pub is_create: Option<bool>,
    pub new_mode: Option<Utf16String>,
    pub is_delete: Option<bool>,
    pub old_mode: Option<Utf16String>,
    pub is_binary: Option<bool>,
    pub old_header: Option<Utf16String>,
    pub new_header: Option<Utf16String>,
    /// For each hunk: old start, old lines, new start, new lines, and the number of lines after its header.
    pub ranges: Float64Array,
}

#[napi(js_name = "parsePatch")]
pub fn parse(#[napi(ts_arg_type = "string")] text: TextInput<'_>) -> Result<Vec<File>> {
    let bytes = text.utf8();
    let files = parse_patch(&bytes).map_err(malformed)?;
    Ok(files.iter().map(file).collect())
}

#[napi(js_name = "reversePatch", ts_return_type = "string | Buffer")]
pub fn reverse(
    #[napi(ts_arg_type = "string | Uint8Array")] patch: TextInput<'_>,
) -> Result<TextOutput> {
    let bytes = patch.utf8();
    let files = parse_patch(&bytes).map_err(malformed)?;
    let mut reversed = Vec::with_capacity(bytes.len());
    for file in files.iter().rev() {
        format_patch(&file.reversed(), FileHeaders::FILE_ONLY, &mut reversed)
            .map_err(|error| fault(Code::PatchMalformed, error))?;
    }
    TextOutput::new(reversed, patch.form())
}

/// The only file of a patch.
///
/// # Errors
/// `PATCH_MALFORMED`, or `PATCH_MULTIPLE_FILES` where there are several.
pub fn single<'a>(patch: &'a [u8]) -> Result<FilePatch<'a>> {
    let mut files = parse_patch(patch).map_err(malformed)?;
    if files.len() > 1 {
        return Err(fault(
            Code::PatchMultipleFiles,
            "applyPatch only works with a single input.",
        ));
    }
    Ok(files.pop().unwrap_or_default())
}

fn malformed(error: ParseError) -> Error {
    fault(Code::PatchMalformed, error)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "JavaScript's numbers, as npm diff reads them"
)]
fn file(patch: &FilePatch<'_>) -> File {
    let text = |part: &Option<Cow<'_, [u8]>>| {
        part.as_deref()
            .map(|part| Utf16String::from(decode_wtf8(part)))
    };
    let flag = |set: bool| set.then_some(true);
    let ranges = patch.hunks.iter().flat_map(|hunk| {
        [
            hunk.old_start,
            hunk.old_lines,
            hunk.new_start,
            hunk.new_lines,
            hunk.lines.len(),
        ]
        .map(|number| number as f64)
    });
    File {
        index: text(&patch.index),
        is_git: flag(patch.is_git),
        old_file_name: text(&patch.old_name),
        new_file_name: text(&patch.new_name),
        is_rename: flag(patch.is_rename),
        is_copy: flag(patch.is_copy),
        is_create: flag(patch.is_create),
        new_mode: text(&patch.new_mode),
        is_delete: flag(patch.is_delete),
        old_mode: text(&patch.old_mode),
        is_binary: flag(patch.is_binary),
        old_header: text(&patch.old_header),
        new_header: text(&patch.new_header),
        ranges: Float64Array::new(ranges.collect()),
    }
}
