//! Patches and edits onto texts.

use fishplate_diff::{
    ApplyOptions, EditRejectReason, EditStatus, HunkStatus, LocateOptions, Nearest, RejectReason,
    SearchReplace, apply_edits, apply_patch, apply_unified,
};
use napi::bindgen_prelude::{Result, Utf16String};
use napi_derive::napi;

use crate::fault::{Code, fault};
use crate::patch::single;
use crate::text::{Form, TextInput, TextOutput, encode_wtf8};

#[napi(object, js_name = "NativeApplyOptions", object_to_js = false)]
pub struct Options {
    pub fuzz_factor: u32,
    pub auto_convert_line_endings: bool,
}

/// What became of a hunk or an edit.
#[napi(object, js_name = "NativeOutcome", object_from_js = false)]
pub struct Outcome {
    #[napi(ts_type = "'applied' | 'rejected'")]
    pub status: String,
    pub code: Option<String>,
    pub strategy: Option<String>,
    pub line: Option<u32>,
    pub offset: Option<i64>,
    pub similarity: Option<f64>,
    pub candidates: Option<Vec<u32>>,
    #[napi(ts_type = "NativePlace")]
    pub nearest: Option<Place>,
}

#[napi(object, js_name = "NativePlace", object_from_js = false)]
pub struct Place {
    pub line: u32,
    pub similarity: f64,
}

#[napi(object, js_name = "NativeAppliedPatch", object_from_js = false)]
pub struct AppliedPatch {
    #[napi(ts_type = "string | Buffer")]
    pub text: Option<TextOutput>,
    pub hunks: Vec<Outcome>,
}

#[napi(object, js_name = "NativeAppliedEdits", object_from_js = false)]
pub struct AppliedEdits {
    #[napi(ts_type = "string | Buffer")]
    pub text: Option<TextOutput>,
    pub edits: Vec<Outcome>,
}

#[napi(object, js_name = "NativeEdit", object_to_js = false)]
pub struct Edit {
    #[napi(ts_type = "string")]
    pub search: Utf16String,
    #[napi(ts_type = "string")]
    pub replace: Utf16String,
}

#[napi(js_name = "applyPatch", ts_return_type = "string | null")]
pub fn apply(
    #[napi(ts_arg_type = "string")] source: TextInput<'_>,
    #[napi(ts_arg_type = "string")] patch: TextInput<'_>,
    options: Options,
) -> Result<Option<TextOutput>> {
    let patch = patch.utf8();
    let settings = ApplyOptions {
        fuzz_factor: options.fuzz_factor as usize,
        auto_convert_line_endings: options.auto_convert_line_endings,
    };
    apply_patch(&source.utf8(), &single(&patch)?, &settings)
        .map(|text| TextOutput::new(text, Form::Wtf8))
        .transpose()
}

#[napi(js_name = "applyUnified")]
pub fn apply_to(
    #[napi(ts_arg_type = "string | Uint8Array")] source: TextInput<'_>,
    #[napi(ts_arg_type = "string | Uint8Array")] patch: TextInput<'_>,
) -> Result<AppliedPatch> {
    let patch = patch.utf8();
    let file = single(&patch)?;
    if file.is_binary {
        return Err(fault(
            Code::PatchBinary,
            "the patch says that a binary file changed",
        ));
    }
    let outcome = apply_unified(&source.utf8(), &file, &LocateOptions::default());
    let hunks = outcome.hunks.into_iter().map(|hunk| {
        let offset = Some(hunk.offset as i64);
        let base = Outcome {
            line: Some(number(hunk.line)),
            offset,
            similarity: Some(hunk.similarity),
            ..applied(hunk.strategy.as_str())
        };
        match hunk.status {
            HunkStatus::Applied => base,
            HunkStatus::Rejected(RejectReason::Ambiguous { candidates }) => {
                rejected(base, "AMBIGUOUS", Some(candidates), None)
            }
            HunkStatus::Rejected(RejectReason::EofMismatch) => {
                rejected(base, "END_OF_FILE", None, None)
            }
            HunkStatus::Rejected(RejectReason::Overlap) => rejected(base, "OVERLAP", None, None),
            HunkStatus::Rejected(_) => rejected(base, "NO_MATCH", None, hunk.nearest),
        }
    });
    Ok(AppliedPatch {
        hunks: hunks.collect(),
        text: outcome
            .text
            .map(|text| TextOutput::new(text, source.form()))
            .transpose()?,
    })
}

#[napi(js_name = "applyEdits")]
pub fn edit(
    #[napi(ts_arg_type = "string")] text: TextInput<'_>,
    edits: Vec<Edit>,
) -> Result<AppliedEdits> {
    let pairs: Vec<(Vec<u8>, Vec<u8>)> = edits
        .iter()
        .map(|edit| (encode_wtf8(&edit.search), encode_wtf8(&edit.replace)))
        .collect();
    let changes: Vec<SearchReplace<'_>> = pairs
        .iter()
        .map(|(search, replace)| SearchReplace { search, replace })
        .collect();
    let outcome = apply_edits(&text.utf8(), &changes);
    let edits = outcome.edits.into_iter().map(|edit| {
        let base = Outcome {
            line: edit.line.map(number),
            ..applied(edit.strategy.as_str())
        };
        match edit.status {
            EditStatus::Applied => base,
            EditStatus::Rejected(EditRejectReason::Ambiguous { lines }) => {
                rejected(base, "AMBIGUOUS", Some(lines), None)
            }
            EditStatus::Rejected(EditRejectReason::EmptySearch) => {
                rejected(base, "EMPTY_SEARCH", None, None)
            }
            EditStatus::Rejected(EditRejectReason::NoChange) => {
                rejected(base, "NO_CHANGE", None, None)
            }
            EditStatus::Rejected(_) => rejected(base, "NO_MATCH", None, edit.nearest),
        }
    });
    Ok(AppliedEdits {
        edits: edits.collect(),
        text: outcome
            .text
            .map(|text| TextOutput::new(text, Form::Wtf8))
            .transpose()?,
    })
}

fn applied(strategy: &str) -> Outcome {
    Outcome {
        status: "applied".to_owned(),
        code: None,
        strategy: Some(strategy.to_owned()),
        line: None,
        offset: None,
        similarity: None,
        candidates: None,
        nearest: None,
    }
}

fn rejected(
    base: Outcome,
    code: &str,
    candidates: Option<Vec<usize>>,
    nearest: Option<Nearest>,
) -> Outcome {
    Outcome {
        status: "rejected".to_owned(),
        code: Some(code.to_owned()),
        strategy: None,
        candidates: candidates.map(|lines| lines.into_iter().map(number).collect()),
        nearest: nearest.map(|Nearest { line, similarity }| Place {
            line: number(line),
            similarity,
        }),
        ..base
    }
}

/// Lines that a text of at most 4 GiB can have.
fn number(line: usize) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX)
}
