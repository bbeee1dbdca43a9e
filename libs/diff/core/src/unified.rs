//! Cuts a script into hunks, as objects or straight as text.
//!
//! The cutting follows npm diff: changes with at most twice the context between them share a hunk, and
//! context lines are taken from the new side.

use crate::diff::LineDiff;
use crate::edit::{Edit, EditKind};
use crate::lines::Lines;
use crate::patch::{FileHeaders, FilePatch, Hunk, HunkLine, LineKind, NO_NEWLINE};
use crate::{FormatError, format};

/// The edits of one hunk and its context.
struct Span {
    first: usize,
    /// Behind the last edit that is a change.
    end: usize,
    lead: u32,
    trail: u32,
}

/// Runs of lines of one hunk: kind, first line (old side for removed ones, else new), number.
type Runs<'d> = Box<dyn Iterator<Item = (EditKind, usize, usize)> + 'd>;

fn spans(edits: &[Edit], context: usize) -> impl Iterator<Item = Span> + '_ {
    let context = u32::try_from(context).unwrap_or(u32::MAX);
    let mut at = 0;
    std::iter::from_fn(move || {
        let first = at
            + edits[at..]
                .iter()
                .position(|edit| edit.kind != EditKind::Equal)?;
        let lead = if first == 0 {
            0
        } else {
            edits[first - 1].len.min(context)
        };
        let mut end = first;
        while end < edits.len() {
            let edit = &edits[end];
            let between = edit.len <= context.saturating_mul(2) && end + 1 < edits.len();
            if edit.kind == EditKind::Equal && !between {
                break;
            }
            end += 1;
        }
        at = end;
        let trail = edits.get(end).map_or(0, |edit| edit.len.min(context));
        Some(Span {
            first,
            end,
            lead,
            trail,
        })
    })
}

impl Span {
    /// First line (1-based) and number of lines, old then new.
    fn ranges(&self, edits: &[Edit]) -> [usize; 4] {
        let (first, last) = (&edits[self.first], &edits[self.end - 1]);
        let (old_len, new_len) = match last.kind {
            EditKind::Equal => (last.len, last.len),
            EditKind::Removed => (last.len, 0),
            EditKind::Added => (0, last.len),
        };
        let old = (
            first.old_start - self.lead,
            last.old_start + old_len + self.trail,
        );
        let new = (
            first.new_start - self.lead,
            last.new_start + new_len + self.trail,
        );
        [old.0 + 1, old.1 - old.0, new.0 + 1, new.1 - new.0].map(|n| n as usize)
    }

    fn runs<'d>(&self, edits: &'d [Edit]) -> Runs<'d> {
        let lead = self.lead as usize;
        let first_new = edits[self.first].new_start as usize - lead;
        let changes = edits[self.first..self.end].iter().map(|edit| {
            let start = match edit.kind {
                EditKind::Removed => edit.old_start,
                EditKind::Equal | EditKind::Added => edit.new_start,
            };
            (edit.kind, start as usize, edit.len as usize)
        });
        let trail = edits.get(self.end).map(|edit| {
            (
                EditKind::Equal,
                edit.new_start as usize,
                self.trail as usize,
            )
        });
        Box::new(
            [(EditKind::Equal, first_new, lead)]
                .into_iter()
                .chain(changes)
                .chain(trail),
        )
    }
}

impl<'a> LineDiff<'a> {
    /// Cuts the changes into hunks with up to `context` equal lines around them.
    ///
    /// O(lines in hunks). Numbers are as in [`Hunk`].
    #[must_use]
    pub fn hunks(&self, context: usize) -> Vec<Hunk<'a>> {
        spans(&self.edits, context)
            .map(|span| {
                let [old_start, old_lines, new_start, new_lines] = span.ranges(&self.edits);
                let mut lines = Vec::with_capacity(old_lines + new_lines);
                for (kind, start, len) in span.runs(&self.edits) {
                    let side = self.side(kind);
                    for i in start..start + len {
                        let (content, newline) = side.content(i);
                        lines.push(HunkLine {
                            kind: line_kind(kind),
                            content,
                        });
                        if !newline {
                            lines.push(HunkLine {
                                kind: LineKind::NoNewline,
                                content: NO_NEWLINE,
                            });
                        }
                    }
                }
                Hunk {
                    old_start,
                    old_lines,
                    new_start,
                    new_lines,
                    lines,
                }
            })
            .collect()
    }

    /// Appends the hunks as unified diff text, without file headers; nothing when the texts are equal.
    /// Returns the number of hunks.
    ///
    /// The same bytes as formatting [`hunks`](Self::hunks), without making them.
    pub fn write_unified(&self, context: usize, out: &mut Vec<u8>) -> usize {
        out.reserve(self.unified_len(context));
        let mut hunks = 0;
        for span in spans(&self.edits, context) {
            hunks += 1;
            let [old_start, old_lines, new_start, new_lines] = span.ranges(&self.edits);
            format::push_hunk_header(old_start, old_lines, new_start, new_lines, out);
            for (kind, start, len) in span.runs(&self.edits) {
                let marker = line_kind(kind).marker();
                let side = self.side(kind);
                for i in start..start + len {
                    out.extend_from_slice(marker);
                    push_line(side, i, out);
                }
            }
        }
        hunks
    }

    /// Appends a whole patch: the headers of `patch` (whose hunks are not looked at), then the hunks of
    /// this diff. The same bytes as [`format_patch`](crate::format_patch) with those hunks.
    ///
    /// # Errors
    /// As [`format_patch`](crate::format_patch).
    pub fn write_patch(
        &self,
        patch: &FilePatch<'_>,
        headers: FileHeaders,
        context: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), FormatError> {
        let start = out.len();
        format::push_headers(patch, headers, !self.is_equal(), out)?;
        self.write_unified(context, out);
        if out.len() == start {
            out.push(b'\n');
        }
        Ok(())
    }

    /// Length of the unified text, or a little more.
    fn unified_len(&self, context: usize) -> usize {
        const HEADER: usize = 64;
        const MARKERS: usize = 2 * (NO_NEWLINE.len() + 3);
        let runs = spans(&self.edits, context).map(|span| {
            let bytes = |(kind, start, len): (EditKind, usize, usize)| {
                self.side(kind).bytes(start, start + len) + len
            };
            HEADER + span.runs(&self.edits).map(bytes).sum::<usize>()
        });
        runs.sum::<usize>() + MARKERS
    }

    fn side(&self, kind: EditKind) -> &Lines<'a> {
        match kind {
            EditKind::Removed => &self.old,
            EditKind::Equal | EditKind::Added => &self.new,
        }
    }
}

fn line_kind(kind: EditKind) -> LineKind {
    match kind {
        EditKind::Equal => LineKind::Context,
        EditKind::Removed => LineKind::Removed,
        EditKind::Added => LineKind::Added,
    }
}

fn push_line(side: &Lines<'_>, i: usize, out: &mut Vec<u8>) {
    let raw = side.raw(i);
    if side.is_verbatim() && raw.ends_with(b"\n") {
        out.extend_from_slice(raw);
        return;
    }
    let (content, newline) = side.content(i);
    out.extend_from_slice(content);
    if !newline {
        out.extend_from_slice(b"\n\\");
        out.extend_from_slice(NO_NEWLINE);
    }
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use crate::{DiffOptions, diff_lines};

    fn unified(old: &str, new: &str, context: usize) -> String {
        let diff = diff_lines(old.as_bytes(), new.as_bytes(), &DiffOptions::default())
            .expect("small")
            .expect("not strict");
        let mut out = Vec::new();
        diff.write_unified(context, &mut out);
        String::from_utf8(out).expect("UTF-8 in, UTF-8 out")
    }

    #[test]
    fn changes_close_together_share_a_hunk() {
        let old = "a\n1\n2\n3\n4\nb\n";
        let new = "A\n1\n2\n3\n4\nB\n";
        assert_eq!(unified(old, new, 2).matches("@@ -").count(), 1);
        assert_eq!(unified(old, new, 1).matches("@@ -").count(), 2);
    }

    #[test]
    fn without_context_an_insertion_names_the_line_before_it() {
        assert_eq!(unified("a\nb\n", "a\nx\nb\n", 0), "@@ -1,0 +2,1 @@\n+x\n");
        assert_eq!(unified("", "x\n", 4), "@@ -0,0 +1,1 @@\n+x\n");
    }

    #[test]
    fn a_missing_newline_is_told_on_each_side() {
        assert_eq!(
            unified("a\nb", "a\nb\n", 1),
            "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n"
        );
    }
}
