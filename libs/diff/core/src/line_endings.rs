//! When a patch and a text disagree only in `\r\n` against `\n`.

use memchr::{memchr, memchr_iter, memmem};

use crate::patch::{FilePatch, Hunk, LineKind};

/// What is to be done to the lines of a patch so that they may match a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conversion {
    Keep,
    /// Add a `\r` to each line that has none and is not the last without newline.
    ToWindows,
    /// Take one `\r` from each line that ends in one.
    ToUnix,
}

impl Conversion {
    /// The conversion that npm diff would do: only when all of one side agrees.
    pub(crate) fn between(source: &[u8], patch: &FilePatch<'_>) -> Self {
        let windows = memmem::find(source, b"\r\n").is_some();
        if windows && has_only_windows(source) && is_unix(patch) {
            Self::ToWindows
        } else if !windows && memchr(b'\n', source).is_some() && is_windows(patch) {
            Self::ToUnix
        } else {
            Self::Keep
        }
    }

    /// [`between`](Self::between), where a line that has to be found shows the difference. Lines that are added, and a last one
    /// without newline, may end as they like: a patch that has no others is to give what it says.
    pub(crate) fn needed(source: &[u8], patch: &FilePatch<'_>) -> Self {
        let shown = patch.hunks.iter().any(|hunk| {
            hunk.lines.iter().enumerate().any(|(i, line)| {
                !matches!(line.kind, LineKind::Added | LineKind::NoNewline) && !is_exempt(hunk, i)
            })
        });
        if shown {
            Self::between(source, patch)
        } else {
            Self::Keep
        }
    }

    /// Line `i` of `hunk` after the conversion: its bytes, and whether a `\r` follows them.
    pub(crate) fn line<'a>(self, hunk: &Hunk<'a>, i: usize) -> (&'a [u8], bool) {
        let content = hunk.lines[i].content;
        match self {
            Self::Keep => (content, false),
            Self::ToWindows => (content, !ends_in_cr(hunk, i) && !is_exempt(hunk, i)),
            Self::ToUnix => (content.strip_suffix(b"\r").unwrap_or(content), false),
        }
    }
}

fn has_only_windows(source: &[u8]) -> bool {
    memchr_iter(b'\n', source).all(|at| at > 0 && source[at - 1] == b'\r')
}

fn ends_in_cr(hunk: &Hunk<'_>, i: usize) -> bool {
    hunk.lines[i].content.ends_with(b"\r")
}

/// Lines that need no `\r`: the marker, and the line before it.
fn is_exempt(hunk: &Hunk<'_>, i: usize) -> bool {
    let is_marker = |i: usize| {
        hunk.lines
            .get(i)
            .is_some_and(|l| l.kind == LineKind::NoNewline)
    };
    is_marker(i) || is_marker(i + 1)
}

/// No line ends in `\r`.
fn is_unix(patch: &FilePatch<'_>) -> bool {
    patch
        .hunks
        .iter()
        .flat_map(|hunk| &hunk.lines)
        .all(|line| line.kind == LineKind::NoNewline || !line.content.ends_with(b"\r"))
}

/// All lines end in `\r`, but for those that need not, and there is one that does.
fn is_windows(patch: &FilePatch<'_>) -> bool {
    let lines = || {
        patch
            .hunks
            .iter()
            .flat_map(|hunk| (0..hunk.lines.len()).map(move |i| (hunk, i)))
    };
    lines().any(|(hunk, i)| ends_in_cr(hunk, i))
        && lines().all(|(hunk, i)| ends_in_cr(hunk, i) || is_exempt(hunk, i))
}
