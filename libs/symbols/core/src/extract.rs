//! Symbols and names of a text, by tree-sitter.

use std::time::Duration;

use fishplate_syntax::{Language, TagKind, TagLimits, Tagger, Tags, TagsError};
use serde::Serialize;

use crate::symbol::{Reference, Symbol, SymbolKind};

/// Bytes in which a binary file shows that it is one, as git looks for a NUL.
const BINARY_PROBE: usize = 8000;

/// Bounds of one file.
#[derive(Clone, Copy, Debug)]
pub struct ExtractLimits {
    /// Most bytes; larger files are skipped.
    pub bytes: usize,
    /// Longest time; slower files are skipped.
    pub time: Duration,
}

impl Default for ExtractLimits {
    fn default() -> Self {
        Self {
            bytes: 1 << 20,
            time: Duration::from_secs(5),
        }
    }
}

/// What a text declares and uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extracted {
    /// In the order of the text.
    pub symbols: Vec<Symbol>,
    /// Where each of the symbols begins: line and column, from 0; what stands before its name belongs to it.
    pub starts: Vec<(u32, u32)>,
    /// Each name once.
    pub references: Vec<Reference>,
    /// Name of the language that it was read as.
    pub language: &'static str,
    /// True where parts do not fit the grammar; what stands there may be missing.
    pub has_errors: bool,
}

/// Why a text was not read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "camelCase")]
pub enum Refused {
    /// The ending of the name is that of no language.
    #[error("its ending is that of no language that is read")]
    Language,
    /// It has a NUL near its start.
    #[error("it is binary")]
    Binary,
    /// It has more bytes than are read.
    #[error("it is larger than {0} bytes")]
    TooLarge(usize),
    /// It took longer than it may.
    #[error("reading it took longer than {0} ms")]
    TimedOut(u128),
    /// The caller does not want it any more.
    #[error("it was cancelled")]
    Cancelled,
}

/// Reads texts one after the other; a thread needs one of its own.
#[derive(Default)]
pub struct Extractor {
    tagger: Tagger,
}

impl Extractor {
    /// Whether files of a name are read.
    pub fn reads(path: &str) -> bool {
        Language::from_path(path).is_some_and(Tagger::reads)
    }

    /// Lists what a text declares and uses. Bytes that are not UTF-8 count as U+FFFD, as in JavaScript.
    ///
    /// # Errors
    ///
    /// [`Refused`]; never for code that is broken.
    pub fn extract(
        &mut self,
        path: &str,
        source: &[u8],
        limits: ExtractLimits,
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<Extracted, Refused> {
        let language = Language::from_path(path).filter(|language| Tagger::reads(*language));
        let language = language.ok_or(Refused::Language)?;
        if source.len() > limits.bytes {
            return Err(Refused::TooLarge(limits.bytes));
        }
        let probe = source.get(..BINARY_PROBE).unwrap_or(source);
        if probe.contains(&0) {
            return Err(Refused::Binary);
        }
        let language = match language {
            Language::C if path.ends_with(".h") && is_cpp(source) => Language::Cpp,
            language => language,
        };
        let text = String::from_utf8_lossy(source);
        let limits = TagLimits {
            // Replaced bytes make a text longer, and the file is measured already.
            bytes: usize::MAX,
            time: limits.time,
            whole: false,
        };
        let tags = self.tagger.read(&text, language, limits, is_cancelled);
        let tags = tags.map_err(|error| match error {
            TagsError::Cancelled => Refused::Cancelled,
            TagsError::TimedOut { limit_ms, .. } => Refused::TimedOut(limit_ms),
            TagsError::TooLarge { limit, .. } => Refused::TooLarge(limit),
            TagsError::Unsupported(_) => Refused::Language,
        })?;
        Ok(extracted(tags, language.name()))
    }
}

/// Headers say by their words what they are: none of these is C.
fn is_cpp(source: &[u8]) -> bool {
    const MARKS: [&[u8]; 7] = [
        b"class ",
        b"namespace ",
        b"template<",
        b"template <",
        b"std::",
        b"public:",
        b"private:",
    ];
    let begins = |line: &[u8]| {
        let line = line.trim_ascii_start();
        MARKS.iter().any(|mark| line.starts_with(mark))
    };
    source.split(|byte| *byte == b'\n').any(begins)
}

fn extracted(tags: Tags, language: &'static str) -> Extracted {
    let starts = tags.definitions.iter();
    let starts = starts.map(|tag| (tag.start.line, tag.start.column));
    let references = tags.references.into_iter().map(|used| Reference {
        name: used.name,
        count: used.count,
    });
    Extracted {
        starts: starts.collect(),
        symbols: tags.definitions.into_iter().map(symbol).collect(),
        references: references.collect(),
        language,
        has_errors: tags.has_errors,
    }
}

fn symbol(tag: fishplate_syntax::Tag) -> Symbol {
    Symbol {
        kind: kind(tag.kind),
        line: tag.name_at.line,
        column: tag.name_at.column,
        end_line: Some(tag.end.line),
        end_column: Some(tag.end.column),
        name: tag.name,
        container: tag.container,
        signature: Some(tag.signature),
        exported: tag.exported,
    }
}

fn kind(kind: TagKind) -> SymbolKind {
    match kind {
        TagKind::Module => SymbolKind::Module,
        TagKind::Namespace => SymbolKind::Namespace,
        TagKind::Class => SymbolKind::Class,
        TagKind::Method => SymbolKind::Method,
        TagKind::Property => SymbolKind::Property,
        TagKind::Field => SymbolKind::Field,
        TagKind::Constructor => SymbolKind::Constructor,
        TagKind::Enum => SymbolKind::Enum,
        TagKind::Interface => SymbolKind::Interface,
        TagKind::Function => SymbolKind::Function,
        TagKind::Variable => SymbolKind::Variable,
        TagKind::Constant => SymbolKind::Constant,
        TagKind::EnumMember => SymbolKind::EnumMember,
        TagKind::Struct => SymbolKind::Struct,
        TagKind::TypeParameter => SymbolKind::TypeParameter,
    }
}
