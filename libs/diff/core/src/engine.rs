//! Chooses an engine and takes its answer.
//!
//! The choice follows counted work only, so the same texts give the same diff on every machine; the clock
//! counts only when the caller has set a timeout.

use std::time::Instant;

use crate::block::{Block, Marks};
use crate::edit::{Edit, EditKind, Script};
use crate::exact::{
    Sequences, TRACE_LIMIT_BYTES, Unfinished, search, search_while_promising, write_script,
};
use crate::histogram;
use crate::intern::Ids;
use crate::meter::{Meter, Stop};
use crate::minimal::{Quality, Solver};
use crate::patience;
use crate::{Algorithm, AlgorithmUsed, DiffError, DiffOptions};

/// Cells that the exact engine may visit for [`Algorithm::Auto`] before another takes over: three for each
/// line, but within these limits.
const EXACT_CELLS_PER_LINE: u64 = 3;
const EXACT_CELLS: std::ops::RangeInclusive<u64> = 1 << 16..=1 << 21;

/// Steps of [`Algorithm::Exact`] before it turns coarser, unless it is strict: some seconds.
const EXACT_STEPS: u64 = 1 << 30;

/// Steps that the engines behind it may count before they no longer look for the shortest script.
const MINIMAL_STEPS: u64 = 1 << 28;

/// What an engine found.
pub(crate) struct Answer {
    pub(crate) edits: Vec<Edit>,
    pub(crate) algorithm: AlgorithmUsed,
    pub(crate) timed_out: bool,
}

/// Two sequences, and how to hand them to the engines that want more than comparison.
pub(crate) trait Input: Sequences {
    /// Numbers the items. To `slide`, some common items before the sequences may be taken in again.
    fn ids(&mut self, slide: bool) -> Ids;
    /// Items at the start that are equal and not part of the sequences.
    fn head(&self) -> usize;
    /// Slides changed blocks.
    fn slide(&self, ids: &Ids, marks: &mut Marks);
}

/// Diffs `input` as asked. `None` when the strict engine met a limit of the caller.
pub(crate) fn run(
    input: &mut impl Input,
    options: &DiffOptions<'_>,
) -> Result<Option<Answer>, DiffError> {
    let mut run = Run {
        options,
        meter: fresh_meter(options),
        timed_out: false,
    };
    if run.meter.poll() == Err(Stop::Cancelled) {
        return Err(DiffError::Cancelled);
    }
    match options.algorithm {
        Algorithm::Exact => run.exact(input),
        Algorithm::Auto => run.auto(input).map(Some),
        Algorithm::Histogram | Algorithm::Patience => {
            let ids = input.ids(options.indent_heuristic);
            run.coarser(input, &ids).map(Some)
        }
    }
}

/// A meter without budget, its clock set to the timeout from now on.
fn fresh_meter<'a>(options: &DiffOptions<'a>) -> Meter<'a> {
    let deadline = options
        .timeout
        .and_then(|timeout| Instant::now().checked_add(timeout));
    Meter::new(u64::MAX, deadline, options.cancel)
}

struct Run<'o, 'c> {
    options: &'o DiffOptions<'c>,
    meter: Meter<'c>,
    timed_out: bool,
}

impl Run<'_, '_> {
    fn exact(&mut self, input: &mut impl Input) -> Result<Option<Answer>, DiffError> {
        let strict = self.options.strict;
        let max_edit_length = self.options.max_edit_length.unwrap_or(usize::MAX);
        let mut meter = self.meter.clone();
        if !strict {
            meter = meter.with_budget(EXACT_STEPS);
        }
        match search(input, max_edit_length, &mut meter) {
            Ok(moves) => return Ok(Some(exact_answer(input, &moves))),
            Err(Unfinished::Stopped(Stop::Cancelled)) => return Err(DiffError::Cancelled),
            Err(Unfinished::TraceFull(edit_length)) if strict => {
                return Err(DiffError::TraceTooLarge {
                    edit_length,
                    limit: TRACE_LIMIT_BYTES,
                });
            }
            Err(_) if strict => return Ok(None),
            Err(why) => self.note(why),
        }
        let ids = input.ids(self.options.indent_heuristic);
        self.coarser(input, &ids).map(Some)
    }

    /// The exact engine while its budget lasts and promises to be enough; then the others.
    fn auto(&mut self, input: &mut impl Input) -> Result<Answer, DiffError> {
        let (old, new) = input.numbers();
        let lines = (old.len() + new.len()) as u64;
        let cells = (EXACT_CELLS_PER_LINE * lines).clamp(*EXACT_CELLS.start(), *EXACT_CELLS.end());
        let max_edit_length = self.options.max_edit_length.unwrap_or(usize::MAX);
        // Each line may match once on top of that.
        let mut meter = self.meter.with_budget(cells + lines);
        match search_while_promising(input, max_edit_length, &mut meter) {
            Ok(moves) => return Ok(exact_answer(input, &moves)),
            Err(Unfinished::Stopped(Stop::Cancelled)) => return Err(DiffError::Cancelled),
            Err(why) => self.note(why),
        }
        let ids = input.ids(self.options.indent_heuristic);
        self.coarser(input, &ids)
    }

    /// Remembers a timeout, and gives the next engine time of its own.
    fn note(&mut self, why: Unfinished) {
        if why == Unfinished::Stopped(Stop::Timeout) {
            self.timed_out = true;
            self.meter = fresh_meter(self.options);
        }
    }

    /// The engines on ids.
    fn coarser(&mut self, input: &impl Input, ids: &Ids) -> Result<Answer, DiffError> {
        let mut meter = self.meter.with_budget(MINIMAL_STEPS);
        let mut marks = Marks::new(ids.old.len(), ids.new.len());
        let (result, coarse) = match self.options.algorithm {
            Algorithm::Auto | Algorithm::Exact => {
                let block = Block::whole(&ids.old, &ids.new);
                let quality = Solver::new(ids).solve(block, &mut marks, &mut meter);
                let used = quality.map(|quality| match quality {
                    Quality::Shortest => AlgorithmUsed::Minimal,
                    Quality::Coarse => AlgorithmUsed::Patience,
                });
                (used, AlgorithmUsed::Patience)
            }
            Algorithm::Histogram => {
                let used = AlgorithmUsed::Histogram;
                (
                    histogram::diff(ids, &mut marks, &mut meter).map(|()| used),
                    used,
                )
            }
            Algorithm::Patience => {
                let used = AlgorithmUsed::Patience;
                (
                    patience::diff(ids, &mut marks, &mut meter).map(|()| used),
                    used,
                )
            }
        };
        if result == Err(Stop::Cancelled) {
            return Err(DiffError::Cancelled);
        }
        self.timed_out |= result.is_err();
        if self.options.indent_heuristic {
            input.slide(ids, &mut marks);
        }
        let mut script = Script::default();
        script.push(EditKind::Equal, input.head());
        script.push_marks(&marks.removed, &marks.added);
        let algorithm = result.unwrap_or(coarse);
        Ok(Answer {
            edits: script.finish(),
            algorithm,
            timed_out: self.timed_out,
        })
    }
}

/// The answer of the exact engine, which has found `moves`.
fn exact_answer(input: &impl Input, moves: &[bool]) -> Answer {
    let mut script = Script::default();
    script.push(EditKind::Equal, input.head());
    write_script(input, moves, &mut script);
    Answer {
        edits: script.finish(),
        algorithm: AlgorithmUsed::Exact,
        timed_out: false,
    }
}
