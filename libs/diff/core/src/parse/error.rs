//! What may be wrong with a patch.

use thiserror::Error;

/// Which file header is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// `---`
    Old,
    /// `+++`
    New,
}

impl Side {
    const fn marker(self) -> &'static str {
        match self {
            Self::Old => "---",
            Self::New => "+++",
        }
    }
}

/// What is wrong with a patch.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// A line inside a hunk begins with none of `' '`, `'+'`, `'-'`, `'\'`.
    InvalidLine {
        /// The line, as UTF-8 with U+FFFD for what is not text.
        content: String,
    },
    /// A hunk has more or fewer added lines than its header says.
    AddedCount,
    /// A hunk has more or fewer removed lines than its header says.
    RemovedCount,
    /// A line that looks like part of the hunk follows its last line.
    TooManyLines {
        /// Old lines as counted.
        old_lines: usize,
        /// New lines as counted.
        new_lines: usize,
    },
    /// A line that begins with `@@` holds no line numbers (npm diff reads such a hunk as one at line `NaN`).
    HunkHeader,
    /// One of `---` and `+++` is there without the other.
    MissingFileHeader {
        /// The one that is missing.
        side: Side,
        /// The name in the one that is there.
        name: String,
    },
}

/// A patch that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}", self.message())]
pub struct ParseError {
    /// What is wrong.
    pub kind: ParseErrorKind,
    /// Line of the patch (1-based) at which the hunk starts, or for a missing file header the line at which
    /// it was expected.
    pub line: usize,
}

impl ParseError {
    fn message(&self) -> String {
        let line = self.line;
        match &self.kind {
            ParseErrorKind::InvalidLine { content } => {
                format!("Hunk at line {line} contained invalid line {content}")
            }
            ParseErrorKind::AddedCount => {
                format!("Added line count did not match for hunk at line {line}")
            }
            ParseErrorKind::RemovedCount => {
                format!("Removed line count did not match for hunk at line {line}")
            }
            ParseErrorKind::TooManyLines {
                old_lines,
                new_lines,
            } => format!(
                "Hunk at line {line} has more lines than expected (expected {old_lines} old lines and \
                 {new_lines} new lines)"
            ),
            ParseErrorKind::HunkHeader => {
                format!("Hunk at line {line} has a header without line numbers")
            }
            ParseErrorKind::MissingFileHeader { side, name } => {
                format!("Missing \"{} ...\" file header for {name}", side.marker())
            }
        }
    }
}
