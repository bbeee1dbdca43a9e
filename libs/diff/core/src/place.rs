//! The text that hunks are placed in: where they stand, and what comes of them.

use crate::line_endings::Conversion;
use crate::locate::{HunkOutcome, HunkStatus, MAX_CANDIDATES, RejectReason, Strategy};
use crate::nearest::nearest;
use crate::occurrences::occurrences;
use crate::patch::{Hunk, LineKind};

/// Hunks of a patch for which the nearest place is looked for.
const MAX_NEAREST: usize = 16;

/// A line without its newline, and whether it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SourceLine<'s> {
    content: &'s [u8],
    newline: bool,
}

/// Cuts a text into lines.
pub(crate) fn source_lines(source: &[u8]) -> Vec<SourceLine<'_>> {
    let split = source.split_inclusive(|&b| b == b'\n');
    split
        .map(|raw| match raw.strip_suffix(b"\n") {
            Some(content) => SourceLine {
                content,
                newline: true,
            },
            None => SourceLine {
                content: raw,
                newline: false,
            },
        })
        .collect()
}

/// A line of a hunk after conversion of its ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct PatchLine<'h> {
    content: &'h [u8],
    cr: bool,
    newline: bool,
}

impl PatchLine<'_> {
    fn same_content(&self, line: &SourceLine<'_>) -> bool {
        match (self.cr, line.content.split_last()) {
            (false, _) => line.content == self.content,
            (true, Some((b'\r', content))) => content == self.content,
            (true, _) => false,
        }
    }

    fn matches(&self, line: &SourceLine<'_>) -> bool {
        self.newline == line.newline && self.same_content(line)
    }
}

/// What a hunk replaces and by what.
pub(crate) struct Sides<'h> {
    old: Vec<PatchLine<'h>>,
    new: Vec<PatchLine<'h>>,
    /// Index of the line that the header names.
    pub(crate) stated: isize,
}

impl<'h> Sides<'h> {
    pub(crate) fn new(hunk: &Hunk<'h>, conversion: Conversion) -> Self {
        let (mut old, mut new) = (Vec::new(), Vec::new());
        for (i, line) in hunk.lines.iter().enumerate() {
            let newline = hunk
                .lines
                .get(i + 1)
                .is_none_or(|l| l.kind != LineKind::NoNewline);
            let (content, cr) = conversion.line(hunk, i);
            let line_of_patch = PatchLine {
                content,
                cr,
                newline,
            };
            match line.kind {
                LineKind::Context | LineKind::Bare => {
                    old.push(line_of_patch);
                    new.push(line_of_patch);
                }
                LineKind::Removed => old.push(line_of_patch),
                LineKind::Added => new.push(line_of_patch),
                LineKind::NoNewline => {}
            }
        }
        let stated = isize::try_from(hunk.old_start)
            .unwrap_or(isize::MAX / 4)
            .min(isize::MAX / 4);
        Self {
            old,
            new,
            stated: (stated - 1).max(0),
        }
    }
}

/// The source, and the result as far as hunks have been applied.
pub(crate) struct Text<'s> {
    source: &'s [u8],
    lines: &'s [SourceLine<'s>],
    /// Lines of the source that are done with.
    done: usize,
    /// Their length in bytes.
    done_bytes: usize,
    out: Vec<u8>,
    /// Searches for a nearest place that are still allowed.
    nearest_left: usize,
}

impl<'s> Text<'s> {
    pub(crate) fn new(source: &'s [u8], lines: &'s [SourceLine<'s>]) -> Self {
        let out = Vec::with_capacity(source.len() + source.len() / 8);
        Self {
            source,
            lines,
            done: 0,
            done_bytes: 0,
            out,
            nearest_left: MAX_NEAREST,
        }
    }

    /// The line at which a hunk is to be applied.
    pub(crate) fn locate(
        &self,
        sides: &Sides<'_>,
        shift: isize,
        max_offset: Option<usize>,
    ) -> Result<usize, RejectReason> {
        let expected = usize::try_from(sides.stated + shift).ok();
        let mut reason = RejectReason::NoMatch;
        if let Some(at) = expected
            && self.stands_at(at, sides)
        {
            if !self.ends_well(at, sides) {
                reason = RejectReason::EofMismatch;
            } else if at >= self.done {
                return Ok(at);
            } else {
                reason = RejectReason::Overlap;
            }
        } else if expected.is_some_and(|at| self.stands_but_for_newlines(at, sides)) {
            reason = RejectReason::EofMismatch;
        }
        // Lines without any context could go anywhere.
        if sides.old.is_empty() {
            return Err(reason);
        }
        let near = |at: usize| {
            max_offset.is_none_or(|max| (at as isize - sides.stated).unsigned_abs() <= max)
        };
        let mut places = occurrences(&sides.old, self.lines, PatchLine::matches)
            .filter(|&at| at >= self.done && near(at) && self.ends_well(at, sides))
            .take(MAX_CANDIDATES);
        match (places.next(), places.next()) {
            (None, _) => Err(reason),
            (Some(at), None) => Ok(at),
            (Some(first), Some(second)) => {
                let all = [first, second].into_iter().chain(places);
                Err(RejectReason::Ambiguous {
                    candidates: all.map(|at| at + 1).collect(),
                })
            }
        }
    }

    fn stands_at(&self, at: usize, sides: &Sides<'_>) -> bool {
        self.lines.get(at..).is_some_and(|lines| {
            lines.len() >= sides.old.len() && sides.old.iter().zip(lines).all(|(a, b)| a.matches(b))
        })
    }

    fn stands_but_for_newlines(&self, at: usize, sides: &Sides<'_>) -> bool {
        self.lines.get(at..).is_some_and(|lines| {
            lines.len() >= sides.old.len()
                && sides.old.iter().zip(lines).all(|(a, b)| a.same_content(b))
        })
    }

    /// Whether only the last line of the result would be without newline.
    fn ends_well(&self, at: usize, sides: &Sides<'_>) -> bool {
        let at_end = at + sides.old.len() == self.lines.len();
        let open_lines = sides.new.iter().filter(|line| !line.newline).count();
        let open_last = sides.new.last().is_some_and(|line| !line.newline);
        let new_is_whole = open_lines == usize::from(open_last) && (!open_last || at_end);
        let before_is_whole = sides.new.is_empty()
            || at == 0
            || self.lines.get(at - 1).is_none_or(|line| line.newline);
        new_is_whole && before_is_whole
    }

    /// Applies a hunk at line `at`.
    pub(crate) fn replace(&mut self, at: usize, sides: &Sides<'_>) {
        self.copy_to(at);
        for line in &sides.new {
            self.out.extend_from_slice(line.content);
            if line.cr {
                self.out.push(b'\r');
            }
            if line.newline {
                self.out.push(b'\n');
            }
        }
        let end = at + sides.old.len();
        self.done_bytes += bytes(&self.lines[at..end]);
        self.done = end;
    }

    /// Copies the source up to line `at`.
    fn copy_to(&mut self, at: usize) {
        let end = self.done_bytes + bytes(&self.lines[self.done..at]);
        self.out
            .extend_from_slice(&self.source[self.done_bytes..end]);
        (self.done, self.done_bytes) = (at, end);
    }

    /// The outcome of a hunk that has no place.
    pub(crate) fn rejected(
        &mut self,
        reason: RejectReason,
        sides: &Sides<'_>,
        expected: isize,
    ) -> HunkOutcome {
        let nearest = match reason {
            RejectReason::NoMatch if self.nearest_left > 0 => {
                self.nearest_left -= 1;
                let text: Vec<&[u8]> = self.lines.iter().map(|line| line.content).collect();
                let wanted: Vec<&[u8]> = sides.old.iter().map(|line| line.content).collect();
                nearest(&text, &wanted)
            }
            _ => None,
        };
        let similarity = match reason {
            RejectReason::NoMatch => nearest.map_or(0.0, |nearest| nearest.similarity),
            _ => 1.0,
        };
        let line = expected.max(0);
        HunkOutcome {
            status: HunkStatus::Rejected(reason),
            strategy: Strategy::Offset,
            line: line as usize + 1,
            offset: line - sides.stated,
            similarity,
            nearest,
        }
    }

    /// The result, the source behind the last hunk included.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.copy_to(self.lines.len());
        self.out
    }
}

fn bytes(lines: &[SourceLine<'_>]) -> usize {
    lines
        .iter()
        .map(|line| line.content.len() + usize::from(line.newline))
        .sum()
}
