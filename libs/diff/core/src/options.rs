//! What a caller may ask of a diff, and which engine answered.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// How the bytes of a text stand for characters.
///
/// Comparison is by bytes and needs no encoding. It matters where white space is recognised: trimming
/// for [`CompareOptions::ignore_whitespace`] and reading patch headers, both by JavaScript's
/// `String.prototype.trim` set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Encoding {
    /// UTF-8; invalid sequences are allowed and are never white space. WTF-8 counts as UTF-8.
    #[default]
    Utf8,
    /// One byte a character, U+0000 to U+00FF.
    Latin1,
}

/// The engine a caller asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Algorithm {
    /// [`Exact`](Self::Exact) while it is cheap, by counted work and never by the clock, then the
    /// smallest diff that a second budget allows.
    #[default]
    Auto,
    /// Greedy Myers with npm diff's tie-breaking: the same script as npm diff 9, minimal.
    Exact,
    /// Rarest common runs first, as in JGit and git.
    Histogram,
    /// Lines that occur once on both sides first (Bram Cohen), minimal diffs in between.
    Patience,
}

/// The engine that made a diff.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AlgorithmUsed {
    /// Greedy Myers: minimal, and the same script as npm diff 9.
    Exact,
    /// Another engine whose script is as short as the exact one's but breaks ties in its own way.
    Minimal,
    /// Histogram; not always minimal.
    Histogram,
    /// Anchored on rare common lines; not always minimal.
    Patience,
}

impl AlgorithmUsed {
    /// The name by which the result is reported: `"exact"`, `"minimal"`, `"histogram"`, `"patience"`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Minimal => "minimal",
            Self::Histogram => "histogram",
            Self::Patience => "patience",
        }
    }
}

/// When two lines count as equal.
///
/// The default is byte equality, the newline included: a last line without newline differs from the same
/// line with one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CompareOptions {
    /// Compare lines without leading and trailing white space (and so without their newlines).
    pub ignore_whitespace: bool,
    /// Compare lines without their newline. Has no effect with `ignore_whitespace`.
    pub ignore_newline_at_eof: bool,
    /// Read each `\r\n` as `\n`, for comparison and in the output. A `\r` that ends the last line without
    /// a `\n` stays.
    pub strip_trailing_cr: bool,
    /// What the bytes mean when white space is trimmed.
    pub encoding: Encoding,
}

impl CompareOptions {
    /// Whether lines are equal exactly when their bytes are, newline included. The encoding has no part in that.
    pub(crate) fn by_bytes(self) -> bool {
        !self.ignore_whitespace && !self.ignore_newline_at_eof && !self.strip_trailing_cr
    }
}

/// How a diff is made.
///
/// ```
/// use fishplate_diff::{Algorithm, DiffOptions, diff_lines};
///
/// let options = DiffOptions { algorithm: Algorithm::Patience, ..DiffOptions::default() };
/// let diff = diff_lines(b"a\nb\n", b"a\nc\n", &options)?.expect("only strict diffs can be absent");
/// assert_eq!(diff.algorithm().as_str(), "patience");
/// # Ok::<(), fishplate_diff::DiffError>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct DiffOptions<'a> {
    /// The engine asked for.
    pub algorithm: Algorithm,
    /// When lines count as equal.
    pub compare: CompareOptions,
    /// Largest edit length (removed plus added lines) that the exact engine may reach.
    pub max_edit_length: Option<usize>,
    /// Time after which the diff is given up (`strict`) or finished coarsely. Checked every few thousand
    /// steps; splitting into lines always runs to its end. A coarse finish may take the same time again.
    pub timeout: Option<Duration>,
    /// Raised by another thread to end the diff with [`DiffError::Cancelled`](crate::DiffError::Cancelled).
    pub cancel: Option<&'a AtomicBool>,
    /// Only the exact engine will do: past `max_edit_length` or `timeout` the answer is `Ok(None)`, as npm
    /// diff answers `undefined`. Counts with [`Algorithm::Exact`] only.
    pub strict: bool,
    /// Slide changed blocks to where git's indent heuristic would put them. Not done for the exact engine.
    pub indent_heuristic: bool,
}
