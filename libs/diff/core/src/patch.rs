//! Patches as data: files, hunks, lines.

use std::borrow::Cow;

/// What follows the backslash of the usual marker line.
pub(crate) const NO_NEWLINE: &[u8] = b" No newline at end of file";

/// What a line of a hunk stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LineKind {
    /// On both sides; marker `' '`.
    Context,
    /// On the old side only; marker `'-'`.
    Removed,
    /// On the new side only; marker `'+'`.
    Added,
    /// `\ No newline at end of file`: the line before it has no newline; marker `'\'`.
    NoNewline,
    /// An empty context line that has lost its marker, as some editors and mail programs leave it.
    Bare,
}

impl LineKind {
    /// The marker as it stands in a patch: one byte, or nothing for [`Bare`](Self::Bare).
    #[must_use]
    pub const fn marker(self) -> &'static [u8] {
        match self {
            Self::Context => b" ",
            Self::Removed => b"-",
            Self::Added => b"+",
            Self::NoNewline => b"\\",
            Self::Bare => b"",
        }
    }
}

/// A line of a hunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HunkLine<'a> {
    /// What the line stands for.
    pub kind: LineKind,
    /// The line without marker and newline; a `\r` before the newline is part of it. For
    /// [`LineKind::NoNewline`] what follows the backslash.
    pub content: &'a [u8],
}

/// A run of changes with its context.
///
/// Line numbers are 1-based and, as in npm diff, name the first line of the hunk even where a side has no
/// lines: in the text of a patch such a number is one lower.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hunk<'a> {
    /// First line on the old side.
    pub old_start: usize,
    /// Number of lines on the old side.
    pub old_lines: usize,
    /// First line on the new side.
    pub new_start: usize,
    /// Number of lines on the new side.
    pub new_lines: usize,
    /// The lines.
    pub lines: Vec<HunkLine<'a>>,
}

/// The changes to one file.
///
/// Names, headers and the index are UTF-8 (or whatever bytes the patch had); contents of lines are in the
/// encoding of the patch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FilePatch<'a> {
    /// Name on the old side, with its `a/` in git patches.
    pub old_name: Option<Cow<'a, [u8]>>,
    /// Name on the new side, with its `b/` in git patches.
    pub new_name: Option<Cow<'a, [u8]>>,
    /// What follows the old name and a tab; mostly a date.
    pub old_header: Option<Cow<'a, [u8]>>,
    /// What follows the new name and a tab.
    pub new_header: Option<Cow<'a, [u8]>>,
    /// What an `Index:` or `diff -r` line names.
    pub index: Option<Cow<'a, [u8]>>,
    /// There is a `diff --git` line.
    pub is_git: bool,
    /// git says that the file is renamed.
    pub is_rename: bool,
    /// git says that the file is a copy.
    pub is_copy: bool,
    /// git says that the file is new.
    pub is_create: bool,
    /// git says that the file is deleted.
    pub is_delete: bool,
    /// git says that the file is binary: the patch does not, or not readably, hold its contents.
    pub is_binary: bool,
    /// File mode on the old side, octal digits.
    pub old_mode: Option<Cow<'a, [u8]>>,
    /// File mode on the new side, octal digits.
    pub new_mode: Option<Cow<'a, [u8]>>,
    /// The changes, in order.
    pub hunks: Vec<Hunk<'a>>,
}

/// Which header lines are written before the hunks of a patch that is not git's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileHeaders {
    /// `Index: name`, when both names are the same.
    pub index: bool,
    /// The line of equals signs.
    pub underline: bool,
    /// `---` and `+++`.
    pub file: bool,
}

impl FileHeaders {
    /// All of them; npm diff's default.
    pub const ALL: Self = Self {
        index: true,
        underline: true,
        file: true,
    };
    /// `---` and `+++` only, as diff and git write.
    pub const FILE_ONLY: Self = Self {
        index: false,
        underline: false,
        file: true,
    };
    /// None.
    pub const NONE: Self = Self {
        index: false,
        underline: false,
        file: false,
    };
}

impl Default for FileHeaders {
    fn default() -> Self {
        Self::ALL
    }
}
