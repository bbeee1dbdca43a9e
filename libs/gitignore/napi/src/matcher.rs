//! Answers about single paths.

use fishplate_gitignore::{Decision, Matcher};
use napi::Result;
use napi::bindgen_prelude::Buffer;
use napi_derive::napi;

use crate::{fault, path_of, pieces};

#[napi(object, js_name = "NativeDecision", object_from_js = false)]
pub struct DecisionJs {
    pub source: Buffer,
    pub line: u32,
    pub pattern: Buffer,
    pub negated: bool,
}

impl From<Decision> for DecisionJs {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "files of patterns are under 100 MiB"
    )]
    fn from(decision: Decision) -> Self {
        Self {
            source: decision.source.into(),
            line: decision.line as u32,
            pattern: decision.pattern.into(),
            negated: decision.negated,
        }
    }
}

/// Keeps what it has read.
#[napi(js_name = "NativeMatcher")]
pub struct MatcherJs {
    matcher: Matcher,
}

#[napi]
impl MatcherJs {
    #[napi(constructor)]
    pub fn new(root: String, extra_files: Buffer) -> Result<Self> {
        let matcher = Matcher::open(&path_of(&root)?, &pieces(&extra_files));
        Ok(Self {
            matcher: matcher.map_err(|error| {
                fault("ROOT_INVALID", format!("{root} cannot be used: {error}"))
            })?,
        })
    }

    #[napi(getter)]
    pub fn has_repository(&self) -> bool {
        self.matcher.scope().repository.is_some()
    }

    #[napi]
    pub fn is_ignored(&mut self, path: Buffer, is_directory: Option<bool>) -> bool {
        self.matcher.is_ignored(&path, is_directory)
    }

    /// A byte for each of the paths joined by NULs: 1 where it is ignored. A slash at its end says that one is a directory;
    /// without one it is none.
    #[napi]
    pub fn are_ignored(&mut self, paths: Buffer) -> Buffer {
        let bytes: &[u8] = &paths;
        let answers = bytes.split(|&byte| byte == 0).map(|path| {
            let bare = path.strip_suffix(b"/");
            u8::from(
                self.matcher
                    .is_ignored(bare.unwrap_or(path), Some(bare.is_some())),
            )
        });
        answers.collect::<Vec<u8>>().into()
    }

    #[napi]
    pub fn is_tracked(&mut self, path: Buffer) -> bool {
        self.matcher.is_tracked(&path)
    }

    #[napi]
    pub fn explain(&mut self, path: Buffer, is_directory: Option<bool>) -> Option<DecisionJs> {
        self.matcher.explain(&path, is_directory).map(Into::into)
    }

    /// Whether a file of patterns was among the paths, which are joined by NULs.
    #[napi]
    pub fn refresh(&mut self, paths: Buffer) -> Result<bool> {
        self.matcher
            .refresh(&pieces(&paths))
            .map_err(|error| fault("ROOT_INVALID", error))
    }
}
