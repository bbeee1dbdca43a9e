//! Moves changed blocks to where a reader expects them.
//!
//! A block of changed lines can slide down a line when its first line equals the line behind it, and up
//! likewise; the script stays as short as it is. As in git: blocks that touch are joined, a block that can
//! be beside a change of the other side goes there, and any other goes to the place that the indent
//! heuristic (M. Haggerty, git 2.11) scores best.

use crate::block::Marks;
use crate::intern::Ids;

/// Blank lines looked at around a split.
const MAX_BLANKS: usize = 20;
/// Indents beyond this count as this.
const MAX_INDENT: i32 = 200;
/// Lines that the heuristic looks back from the lowest place of a block.
const MAX_SLIDING: usize = 100;

/// Slides the changed blocks of both sides. `old_indent` and `new_indent` give the indent of a line, `None`
/// for a blank one (see [`indent_of`]).
pub(crate) fn slide(
    ids: &Ids,
    marks: &mut Marks,
    old_indent: impl Fn(usize) -> Option<i32>,
    new_indent: impl Fn(usize) -> Option<i32>,
) {
    Slider {
        ids: &ids.old,
        changed: &mut marks.removed,
        other: &marks.added,
        indent: old_indent,
    }
    .run();
    Slider {
        ids: &ids.new,
        changed: &mut marks.added,
        other: &marks.removed,
        indent: new_indent,
    }
    .run();
}

/// Columns of white space that `line` starts with, tabs to the next multiple of 8; `None` when it has
/// nothing else.
pub(crate) fn indent_of(line: &[u8]) -> Option<i32> {
    let mut indent = 0;
    for byte in line {
        match byte {
            b' ' => indent += 1,
            b'\t' => indent += 8 - indent % 8,
            b'\n' | b'\r' | 0x0b | 0x0c => {}
            _ => return Some(indent),
        }
        if indent >= MAX_INDENT {
            return Some(MAX_INDENT);
        }
    }
    None
}

struct Slider<'m, I> {
    ids: &'m [u32],
    changed: &'m mut [bool],
    other: &'m [bool],
    indent: I,
}

/// The changed lines (often none) between two kept ones.
#[derive(Clone, Copy)]
struct Group {
    start: usize,
    end: usize,
}

impl Group {
    fn first(changed: &[bool]) -> Self {
        Self {
            start: 0,
            end: run_end(changed, 0),
        }
    }

    fn is_empty(self) -> bool {
        self.start == self.end
    }

    fn next(self, changed: &[bool]) -> Option<Self> {
        (self.end < changed.len()).then(|| Self {
            start: self.end + 1,
            end: run_end(changed, self.end + 1),
        })
    }

    fn previous(self, changed: &[bool]) -> Option<Self> {
        let end = self.start.checked_sub(1)?;
        Some(Self {
            start: run_start(changed, end),
            end,
        })
    }
}

fn run_end(changed: &[bool], from: usize) -> usize {
    from + changed[from..].iter().take_while(|&&c| c).count()
}

fn run_start(changed: &[bool], to: usize) -> usize {
    to - changed[..to].iter().rev().take_while(|&&c| c).count()
}

impl<I: Fn(usize) -> Option<i32>> Slider<'_, I> {
    fn run(mut self) {
        let mut group = Group::first(self.changed);
        let mut other = Group::first(self.other);
        loop {
            if !group.is_empty() {
                self.place(&mut group, &mut other);
            }
            match (group.next(self.changed), other.next(self.other)) {
                (Some(next), Some(next_other)) => (group, other) = (next, next_other),
                _ => return,
            }
        }
    }

    fn place(&mut self, group: &mut Group, other: &mut Group) {
        let (mut earliest_end, mut beside_other);
        loop {
            let size = group.end - group.start;
            while self.up(group, other) {}
            earliest_end = group.end;
            beside_other = !other.is_empty();
            while self.down(group, other) {
                beside_other |= !other.is_empty();
            }
            // Joined another group on the way: there may be more room above now.
            if group.end - group.start == size {
                break;
            }
        }
        if group.end == earliest_end {
            return;
        }
        if beside_other {
            while other.is_empty() && self.up(group, other) {}
            return;
        }
        let best = self.best_end(*group, earliest_end);
        while group.end > best && self.up(group, other) {}
    }

    fn up(&mut self, group: &mut Group, other: &mut Group) -> bool {
        if group.start == 0 || self.ids[group.start - 1] != self.ids[group.end - 1] {
            return false;
        }
        let Some(previous) = other.previous(self.other) else {
            return false;
        };
        *other = previous;
        group.start -= 1;
        group.end -= 1;
        self.changed[group.start] = true;
        self.changed[group.end] = false;
        group.start = run_start(self.changed, group.start);
        true
    }

    fn down(&mut self, group: &mut Group, other: &mut Group) -> bool {
        if group.end == self.ids.len() || self.ids[group.start] != self.ids[group.end] {
            return false;
        }
        let Some(next) = other.next(self.other) else {
            return false;
        };
        *other = next;
        self.changed[group.start] = false;
        self.changed[group.end] = true;
        group.start += 1;
        group.end = run_end(self.changed, group.end + 1);
        true
    }

    /// The end of `group` with the lowest score, the lowest place on a tie.
    fn best_end(&self, group: Group, earliest_end: usize) -> usize {
        let size = group.end - group.start;
        let first = earliest_end
            .max(group.start.saturating_sub(1))
            .max(group.end.saturating_sub(MAX_SLIDING));
        let mut best = (first, self.score(first) + self.score(first - size));
        for end in first + 1..=group.end {
            let score = self.score(end) + self.score(end - size);
            if score.compared_to(best.1) <= 0 {
                best = (end, score);
            }
        }
        best.0
    }

    /// How bad a split before line `at` looks.
    fn score(&self, at: usize) -> Score {
        let len = self.ids.len();
        let indent = if at < len { (self.indent)(at) } else { None };
        let (blanks_before, before) = self.nearest_text((0..at).rev());
        let (blanks_after, after) = self.nearest_text(at + 1..len);
        let mut penalty = 0;
        if before.is_none() && blanks_before == 0 {
            penalty += 1;
        }
        if at >= len {
            penalty += 21;
        }
        let blanks_after = if indent.is_none() {
            1 + blanks_after
        } else {
            0
        };
        let blanks = blanks_before + blanks_after;
        penalty += -30 * blanks + 6 * blanks_after;
        let by_blank = |with: i32, without: i32| if blanks != 0 { with } else { without };
        let effective = indent.or(after);
        if let (Some(indent), Some(before)) = (effective, before) {
            if indent > before {
                penalty += by_blank(10, -4);
            } else if indent < before {
                let goes_on = after.is_some_and(|after| after > indent);
                penalty += if goes_on {
                    by_blank(17, 24)
                } else {
                    by_blank(17, 23)
                };
            }
        }
        Score {
            indent: effective.unwrap_or(-1),
            penalty,
        }
    }

    /// How many blank lines `lines` begin with, and the indent of the line behind them.
    fn nearest_text(&self, lines: impl Iterator<Item = usize>) -> (i32, Option<i32>) {
        let mut blanks = 0;
        for line in lines {
            let indent = (self.indent)(line);
            if indent.is_some() {
                return (blanks, indent);
            }
            blanks += 1;
            if blanks as usize == MAX_BLANKS {
                return (blanks, Some(0));
            }
        }
        (blanks, None)
    }
}

#[derive(Clone, Copy)]
struct Score {
    indent: i32,
    penalty: i32,
}

impl std::ops::Add for Score {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            indent: self.indent + other.indent,
            penalty: self.penalty + other.penalty,
        }
    }
}

impl Score {
    fn compared_to(self, other: Self) -> i32 {
        60 * (self.indent - other.indent).signum() + self.penalty - other.penalty
    }
}

#[cfg(test)]
mod tests {
    use crate::{Algorithm, DiffOptions, EditKind, diff_lines};

    fn added(old: &str, new: &str) -> String {
        let options = DiffOptions {
            algorithm: Algorithm::Histogram,
            indent_heuristic: true,
            ..DiffOptions::default()
        };
        let diff = diff_lines(old.as_bytes(), new.as_bytes(), &options).expect("small");
        let diff = diff.expect("not strict");
        let added = diff
            .edits()
            .iter()
            .filter(|edit| edit.kind == EditKind::Added);
        added
            .map(|edit| String::from_utf8_lossy(&diff.text(edit)).into_owned())
            .collect()
    }

    #[test]
    fn an_added_function_is_whole() {
        let old = "fn a() {\n    one();\n}\n\nfn c() {\n    three();\n}\n";
        let new =
            "fn a() {\n    one();\n}\n\nfn b() {\n    two();\n}\n\nfn c() {\n    three();\n}\n";
        assert_eq!(added(old, new), "fn b() {\n    two();\n}\n\n");
    }

    #[test]
    fn an_added_loop_keeps_its_head() {
        let old = "for a {\n    x\n}\n";
        let new = "for a {\n    x\n}\nfor a {\n    y\n}\n";
        assert_eq!(added(old, new), "for a {\n    y\n}\n");
    }

    #[test]
    fn indent_counts_tabs_to_the_next_multiple_of_eight() {
        assert_eq!(super::indent_of(b"  \tx"), Some(8));
        assert_eq!(super::indent_of(b" \t x\n"), Some(9));
        assert_eq!(super::indent_of(b" \t\r\n"), None);
    }
}
