//! Applies a patch as npm diff 9's `applyPatch` does, its way of fitting hunks included.
//!
//! A hunk that does not fit at its place is tried at growing distance, with no mismatch first, then with one
//! and so on up to the fuzz factor. The result says only whether all hunks fitted; for where and how see
//! [`apply_unified`](crate::apply_unified), which also refuses to guess between two places.

use crate::fit::{Fitter, line_at, line_number};
use crate::line_endings::Conversion;
use crate::patch::{FilePatch, Hunk, LineKind};

/// Lines past the end of a text at which a hunk is still placed; npm diff fills any such gap with empty
/// lines.
const MAX_GAP: i64 = 1 << 20;

/// How [`apply_patch`] may bend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApplyOptions {
    /// Context lines that may be missing, extra or different in each hunk.
    pub fuzz_factor: usize,
    /// Convert the line endings of the patch when it and the text each use one kind only, and not the same.
    pub auto_convert_line_endings: bool,
}

impl Default for ApplyOptions {
    fn default() -> Self {
        Self {
            fuzz_factor: 0,
            auto_convert_line_endings: true,
        }
    }
}

/// Applies `patch` to `source`; `None` when a hunk fits nowhere (npm diff's `false`).
///
/// Removed lines must be there, and so must the context right before and after an insertion, whatever the
/// fuzz. With `fuzz_factor` 0 a hunk costs O(bytes); npm diff's search is exponential in the fuzz factor, this
/// one tries each combination of hunk line, text line and mismatches left once, up to a fixed amount of work:
/// a hunk that takes more counts as fitting nowhere.
///
/// ```
/// use fishplate_diff::{ApplyOptions, apply_patch, parse_patch};
///
/// let patch = &parse_patch(b"@@ -1,2 +1,2 @@\n a\n-b\n+B\n")?[0];
/// let moved = apply_patch(b"new\na\nb\n", patch, &ApplyOptions::default());
/// assert_eq!(moved.as_deref(), Some(&b"new\na\nB\n"[..]));
/// assert_eq!(apply_patch(b"a\nc\n", patch, &ApplyOptions::default()), None);
/// # Ok::<(), fishplate_diff::ParseError>(())
/// ```
#[must_use]
pub fn apply_patch(
    source: &[u8],
    patch: &FilePatch<'_>,
    options: &ApplyOptions,
) -> Option<Vec<u8>> {
    let conversion = if options.auto_convert_line_endings {
        Conversion::between(source, patch)
    } else {
        Conversion::Keep
    };
    let Some(last) = patch.hunks.last() else {
        return Some(source.to_vec());
    };
    let mut lines: Vec<&[u8]> = source.split(|&b| b == b'\n').collect();
    adjust_end(&mut lines, last, options.fuzz_factor)?;
    let mut out = Joined::new(source.len());
    let mut min_line = 0_i64;
    let mut offset = 0_i64;
    for hunk in &patch.hunks {
        let mut fitter = Fitter::new(&lines, hunk, conversion);
        let (at, fitted) = fitter.fit(min_line, offset, options.fuzz_factor)?;
        if at - lines.len() as i64 > MAX_GAP {
            return None;
        }
        for i in min_line..at {
            out.push(line_at(&lines, i).unwrap_or_default(), false);
        }
        for (line, cr) in fitted.lines {
            out.push(line, cr);
        }
        min_line = fitted.end;
        offset = at + 1 - line_number(hunk.old_start);
    }
    for i in min_line..lines.len() as i64 {
        out.push(line_at(&lines, i).unwrap_or_default(), false);
    }
    Some(out.text)
}

/// Adds or drops the empty last line (that stands for a final newline) as the last hunk tells; `None` when
/// that contradicts the text and no fuzz is allowed.
fn adjust_end(lines: &mut Vec<&[u8]>, last: &Hunk<'_>, fuzz: usize) -> Option<()> {
    let follows = |kind| {
        last.lines
            .windows(2)
            .any(|w| w[0].kind == kind && w[1].kind == LineKind::NoNewline)
    };
    let (remove, add) = (follows(LineKind::Added), follows(LineKind::Removed));
    let has_newline = lines.last().is_some_and(|line| line.is_empty());
    let contradicts = match (remove, add) {
        (true, true) => has_newline,
        (true, false) => !has_newline,
        (false, true) => has_newline,
        (false, false) => false,
    };
    if contradicts {
        return (fuzz > 0).then_some(());
    }
    match (remove, add) {
        (true, false) => drop(lines.pop()),
        (false, true) => lines.push(b""),
        _ => {}
    }
    Some(())
}

/// Lines joined by newlines.
struct Joined {
    text: Vec<u8>,
    first: bool,
}

impl Joined {
    fn new(capacity: usize) -> Self {
        Self {
            text: Vec::with_capacity(capacity + capacity / 8),
            first: true,
        }
    }

    fn push(&mut self, line: &[u8], cr: bool) {
        if !self.first {
            self.text.push(b'\n');
        }
        self.first = false;
        self.text.extend_from_slice(line);
        if cr {
            self.text.push(b'\r');
        }
    }
}
