//! Node-API binding of `fishplate-syntax`: conversion only. What the functions mean is documented where they are
//! public, in `@fishplate/diff/syntax`.
#![allow(
    missing_docs,
    reason = "the binding is internal; its TypeScript side is documented"
)]

use std::time::Duration;

use fishplate_syntax::{Declaration, Language, Outline, SyntaxError, outline};
use napi::bindgen_prelude::{AsyncTask, Buffer, Env, Error, Result, Status, Task};
use napi_derive::napi;

/// The version that the loading library must have.
#[napi]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

#[napi]
pub fn language_names() -> Vec<&'static str> {
    Language::names().collect()
}

/// Null where the ending of the file's name is that of no language.
#[napi]
#[allow(
    clippy::needless_pass_by_value,
    reason = "Node-API functions take what was converted for them"
)]
pub fn language_of_path(path: String) -> Option<&'static str> {
    Language::from_path(&path).map(Language::name)
}

#[napi(object, js_name = "NativeDeclaration", object_from_js = false)]
pub struct DeclarationJs {
    pub kind: &'static str,
    pub name: String,
    /// Index of its owner.
    pub parent: Option<u32>,
    pub first_line: u32,
    pub last_line: u32,
    pub start: u32,
    pub end: u32,
    pub signature: String,
    pub body: String,
}

#[napi(object, js_name = "NativeOutline", object_from_js = false)]
pub struct OutlineJs {
    pub declarations: Vec<DeclarationJs>,
    pub rest: String,
    pub has_errors: bool,
}

/// Parses on a thread of the pool.
#[napi(ts_return_type = "Promise<NativeOutline>")]
#[allow(
    clippy::needless_pass_by_value,
    reason = "Node-API functions take what was converted for them"
)]
pub fn outline_async(
    text: Buffer,
    language: String,
    timeout_ms: u32,
) -> Result<AsyncTask<Parsing>> {
    let language = Language::from_name(&language)
        .ok_or_else(|| Error::new(Status::InvalidArg, format!("no language {language:?}")))?;
    Ok(AsyncTask::new(Parsing {
        text: text.to_vec(),
        language,
        time_limit: Duration::from_millis(timeout_ms.into()),
    }))
}

/// A parse with its own copy of the text, which the caller may change meanwhile.
pub struct Parsing {
    text: Vec<u8>,
    language: Language,
    time_limit: Duration,
}

impl Task for Parsing {
    type Output = Outline;
    type JsValue = OutlineJs;

    fn compute(&mut self) -> Result<Outline> {
        outline(&self.text, self.language, self.time_limit).map_err(|error| {
            let code = match error {
                SyntaxError::TooLarge { .. } => "INPUT_TOO_LARGE",
                SyntaxError::TimedOut { .. } => "SYNTAX_TIMED_OUT",
            };
            Error::from_reason(format!("{code}: {error}"))
        })
    }

    fn resolve(&mut self, _: Env, outline: Outline) -> Result<OutlineJs> {
        Ok(OutlineJs {
            declarations: outline.declarations.into_iter().map(converted).collect(),
            rest: hex(outline.rest),
            has_errors: outline.has_errors,
        })
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "texts are under 32 MiB, and so is all that counts in them"
)]
fn converted(declaration: Declaration) -> DeclarationJs {
    DeclarationJs {
        kind: declaration.kind.name(),
        name: declaration.name,
        parent: declaration.parent.map(|index| index as u32),
        first_line: declaration.lines.0 as u32,
        last_line: declaration.lines.1 as u32,
        start: declaration.bytes.start as u32,
        end: declaration.bytes.end as u32,
        signature: hex(declaration.signature),
        body: hex(declaration.body),
    }
}

fn hex(hash: u64) -> String {
    format!("{hash:016x}")
}
