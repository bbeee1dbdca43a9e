//! Counted work, the clock and the cancel flag in one place.
//!
//! Engines count their steps here. A budget makes an engine stop after the same number of steps on every
//! machine; the clock and the flag are looked at only every [`POLL_EVERY`] steps.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Steps between two looks at the clock and the cancel flag (some 10 to 50 microseconds).
const POLL_EVERY: u64 = 16_384;

/// Why an engine had to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The counted work is used up.
    Budget,
    /// The time is used up.
    Timeout,
    /// The cancel flag is up.
    Cancelled,
}

/// Counts steps against a budget and polls the clock and the flag.
#[derive(Debug, Clone)]
pub(crate) struct Meter<'a> {
    left: u64,
    until_poll: u64,
    deadline: Option<Instant>,
    cancel: Option<&'a AtomicBool>,
}

impl<'a> Meter<'a> {
    pub(crate) fn new(
        budget: u64,
        deadline: Option<Instant>,
        cancel: Option<&'a AtomicBool>,
    ) -> Self {
        Self {
            left: budget,
            until_poll: 0,
            deadline,
            cancel,
        }
    }

    /// The same clock and flag with another budget.
    pub(crate) fn with_budget(&self, budget: u64) -> Self {
        Self {
            left: budget,
            until_poll: 0,
            ..self.clone()
        }
    }

    /// Steps that are left.
    pub(crate) fn left(&self) -> u64 {
        self.left
    }

    /// Takes `steps` from the budget.
    #[inline]
    pub(crate) fn spend(&mut self, steps: u64) -> Result<(), Stop> {
        if self.left < steps {
            self.left = 0;
            return Err(Stop::Budget);
        }
        self.left -= steps;
        if self.until_poll > steps {
            self.until_poll -= steps;
            return Ok(());
        }
        self.poll()
    }

    /// Looks at the clock and the flag now.
    #[cold]
    pub(crate) fn poll(&mut self) -> Result<(), Stop> {
        self.until_poll = POLL_EVERY;
        if self.cancel.is_some_and(|flag| flag.load(Ordering::Relaxed)) {
            return Err(Stop::Cancelled);
        }
        match self.deadline {
            Some(deadline) if Instant::now() > deadline => Err(Stop::Timeout),
            _ => Ok(()),
        }
    }
}
