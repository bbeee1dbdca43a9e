//! Where a hunk fits in a text, and with which mismatches, in npm diff's order of trying.
//!
//! An attempt walks down the hunk; where a line does not match it may go on in up to three ways, each at the
//! cost of one mismatch. Ways not taken yet are kept on a stack, states that have led nowhere are
//! remembered, so the number of steps is polynomial and no depth is too great.

use std::collections::HashSet;

use crate::distance::Places;
use crate::line_endings::Conversion;
use crate::occurrences::occurrences;
use crate::patch::{Hunk, LineKind};

/// Dead ends that are remembered at once.
const MAX_DEAD_ENDS: usize = 1 << 20;

/// Attempts and lines walked for one hunk with mismatches, some seconds' worth; a hunk that takes more fits nowhere.
const MAX_WORK: u64 = 1 << 26;

/// A number from a hunk header, cut so that sums cannot overflow.
pub(crate) fn line_number(number: usize) -> i64 {
    number.min(1 << 53) as i64
}

/// Line `at`, if there is one.
pub(crate) fn line_at<'l>(lines: &[&'l [u8]], at: i64) -> Option<&'l [u8]> {
    lines.get(usize::try_from(at).ok()?).copied()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operation {
    Context,
    Remove,
    Add,
    /// Markers, and what npm diff passes over.
    Ignore,
}

/// A line of the hunk after conversion of its ending.
struct Step<'h> {
    operation: Operation,
    content: &'h [u8],
    cr: bool,
}

impl PartialEq for Step<'_> {
    /// Equal steps match the same lines.
    fn eq(&self, other: &Self) -> bool {
        (self.content, self.cr) == (other.content, other.cr)
    }
}

impl Step<'_> {
    fn matches(&self, line: Option<&[u8]>) -> bool {
        line.is_some_and(|line| match (self.cr, line.split_last()) {
            (false, _) => line == self.content,
            (true, Some((b'\r', line))) => line == self.content,
            (true, _) => false,
        })
    }
}

/// A point in the attempt to fit a hunk.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct State {
    step: usize,
    at: i64,
    errors: usize,
    last_context_matched: bool,
}

/// Where an attempt can go on when it has failed further down.
struct Choice {
    state: State,
    patched: usize,
    /// Which of the three ways is next.
    way: u8,
}

/// Lines that replace those from the place of a hunk to `end`.
pub(crate) struct Fitted<'l> {
    /// Each with whether a `\r` follows it.
    pub(crate) lines: Vec<(&'l [u8], bool)>,
    pub(crate) end: i64,
}

/// Looks for the place of one hunk.
pub(crate) struct Fitter<'l, 'h> {
    lines: &'l [&'l [u8]],
    hunk: &'h Hunk<'h>,
    steps: Vec<Step<'h>>,
    dead_ends: HashSet<State>,
    work: u64,
}

impl<'h: 'l, 'l> Fitter<'l, 'h> {
    pub(crate) fn new(lines: &'l [&'l [u8]], hunk: &'h Hunk<'h>, conversion: Conversion) -> Self {
        let steps = (0..hunk.lines.len())
            .map(|i| {
                let (content, cr) = conversion.line(hunk, i);
                let operation = match hunk.lines[i].kind {
                    LineKind::Added => Operation::Add,
                    LineKind::Removed => Operation::Remove,
                    LineKind::Context => Operation::Context,
                    // A `\r` added to an empty line becomes its marker, in npm diff too.
                    LineKind::Bare if cr => Operation::Ignore,
                    LineKind::Bare => Operation::Context,
                    LineKind::NoNewline => Operation::Ignore,
                };
                Step {
                    operation,
                    content,
                    cr,
                }
            })
            .collect();
        Self {
            lines,
            hunk,
            steps,
            dead_ends: HashSet::new(),
            work: 0,
        }
    }

    /// The first place at which the hunk fits, and what it makes of the lines there.
    pub(crate) fn fit(
        &mut self,
        min_line: i64,
        offset: i64,
        fuzz: usize,
    ) -> Option<(i64, Fitted<'l>)> {
        let len = self.lines.len() as i64;
        let start = line_number(self.hunk.old_start) + offset - 1;
        let fuzz_lines = i64::try_from(fuzz)
            .unwrap_or(i64::MAX / 4)
            .min(i64::MAX / 4);
        let max_line = len - line_number(self.hunk.old_lines) + fuzz_lines;
        // More mismatches than lines on both sides cannot be met.
        let most = fuzz.min(self.lines.len() + self.steps.len());
        if let Some(fitted) = self.fit_at(start, 0) {
            return Some((start, fitted));
        }
        if let Some(at) = self.nearest_without_errors(start, min_line, max_line) {
            return self.fit_at(at, 0).map(|fitted| (at, fitted));
        }
        for errors in 1..=most {
            // Before the first line and behind the last one place is as good as another.
            let mut places = Places::new(start, min_line, max_line.min(len.max(start)));
            places.skip_alike(-((self.steps.len() + errors) as i64), len);
            let mut at = start;
            loop {
                if let Some(fitted) = self.fit_at(at, errors) {
                    return Some((at, fitted));
                }
                if self.work > MAX_WORK {
                    return None;
                }
                let Some(next) = places.next() else {
                    break;
                };
                at = next;
            }
        }
        None
    }

    /// Without mismatches a hunk fits where its old lines stand: the nearest place of those that
    /// [`Places`] would try, ahead before back.
    fn nearest_without_errors(&self, start: i64, min: i64, max: i64) -> Option<i64> {
        let old: Vec<&Step<'h>> = self
            .steps
            .iter()
            .filter(|step| matches!(step.operation, Operation::Context | Operation::Remove))
            .collect();
        occurrences(&old, self.lines, |step, line| step.matches(Some(line)))
            .map(|at| at as i64)
            .filter(|&at| if at > start { at <= max } else { at >= min })
            .min_by_key(|&at| (at.abs_diff(start), at < start))
    }

    fn fit_at(&mut self, at: i64, errors: usize) -> Option<Fitted<'l>> {
        if self.dead_ends.len() > MAX_DEAD_ENDS {
            self.dead_ends.clear();
        }
        let mut patched: Vec<(&'l [u8], bool)> = Vec::new();
        let start = State {
            step: 0,
            at,
            errors,
            last_context_matched: true,
        };
        let mut choices = Vec::new();
        let mut next = Some(start);
        loop {
            if self.work > MAX_WORK {
                return None;
            }
            if let Some(state) = next {
                match self.walk(state, &mut patched) {
                    Ok(end) => {
                        return Some(Fitted {
                            lines: patched,
                            end,
                        });
                    }
                    Err(Some(choice)) => choices.push(choice),
                    Err(None) => {}
                }
            }
            let choice = choices.last_mut()?;
            patched.truncate(choice.patched);
            let way = choice.way;
            let State {
                step, at, errors, ..
            } = choice.state;
            choice.way += 1;
            let is_removal = self.steps[step].operation == Operation::Remove;
            let line = line_at(self.lines, at);
            let state = match (way, line) {
                // The text has a line that the patch does not know (the only way for a removal).
                (1, Some(line)) if is_removal || !line.is_empty() => {
                    patched.push((line, false));
                    State {
                        step,
                        at: at + 1,
                        errors: errors - 1,
                        last_context_matched: false,
                    }
                }
                // The text has another line in the place of this one.
                (0, Some(line)) if !is_removal && !line.is_empty() => {
                    patched.push((line, false));
                    State {
                        step: step + 1,
                        at: at + 1,
                        errors: errors - 1,
                        last_context_matched: false,
                    }
                }
                // The text lacks this line.
                (2, _) if !is_removal => State {
                    step: step + 1,
                    at,
                    errors: errors - 1,
                    last_context_matched: false,
                },
                (3.., _) => {
                    choices.pop();
                    next = None;
                    continue;
                }
                _ => {
                    next = None;
                    continue;
                }
            };
            next = Some(state).filter(|state| self.dead_ends.insert(*state));
        }
    }

    /// Goes on from `state` until the hunk ends (the line behind it), a mismatch leaves a choice, or it
    /// fails.
    fn walk(
        &mut self,
        state: State,
        patched: &mut Vec<(&'l [u8], bool)>,
    ) -> Result<i64, Option<Choice>> {
        let State {
            mut at,
            errors,
            mut last_context_matched,
            ..
        } = state;
        let mut context_run = 0;
        let mut next_must_match = false;
        self.work += 8; // about what a remembered state costs
        for (i, step) in (state.step..).zip(&self.steps[state.step..]) {
            self.work += 1;
            let line = line_at(self.lines, at);
            let choice = |patched: &Vec<_>| {
                let state = State {
                    step: i,
                    at,
                    errors,
                    last_context_matched,
                };
                Some(Choice {
                    state,
                    patched: patched.len(),
                    way: 0,
                })
            };
            match step.operation {
                Operation::Ignore => {}
                Operation::Remove if step.matches(line) => {
                    at += 1;
                    context_run = 0;
                }
                Operation::Remove => {
                    let possible = errors > 0 && line.is_some();
                    return Err(if possible { choice(patched) } else { None });
                }
                Operation::Add => {
                    if !last_context_matched {
                        return Err(None);
                    }
                    patched.push((step.content, step.cr));
                    context_run = 0;
                    next_must_match = true;
                }
                Operation::Context => match line {
                    Some(text) if step.matches(line) => {
                        patched.push((text, false));
                        context_run += 1;
                        last_context_matched = true;
                        next_must_match = false;
                        at += 1;
                    }
                    _ => {
                        let possible = !next_must_match && errors > 0;
                        return Err(if possible { choice(patched) } else { None });
                    }
                },
            }
        }
        // Context at the end stays open to the next hunk.
        patched.truncate(patched.len() - context_run);
        Ok(at - context_run as i64)
    }
}
