//! The order in which npm diff tries the places around the stated line of a hunk.

/// Places at growing distance from a start: one ahead, one back, two ahead and so on. Forward steps look
/// only at the upper bound, backward steps only at the lower one.
pub(crate) struct Places {
    start: i64,
    min: i64,
    max: i64,
    distance: i64,
    forward_next: bool,
    forward_done: bool,
    backward_done: bool,
}

impl Places {
    pub(crate) fn new(start: i64, min: i64, max: i64) -> Self {
        Self {
            start,
            min,
            max,
            distance: 1,
            forward_next: true,
            forward_done: false,
            backward_done: false,
        }
    }

    /// Leaves out the places up to `low`, or those from `high` on, when the start is one of them.
    pub(crate) fn skip_alike(&mut self, low: i64, high: i64) {
        if self.start >= high {
            self.forward_done = true;
            self.distance = self.start - high + 1;
        } else if self.start <= low {
            self.backward_done = true;
            self.distance = low - self.start;
        }
    }

    /// The next place to try.
    pub(crate) fn next(&mut self) -> Option<i64> {
        if self.forward_next && !self.forward_done {
            if self.backward_done {
                self.distance += 1;
            } else {
                self.forward_next = false;
            }
            let at = self.start + self.distance;
            if at <= self.max {
                return Some(at);
            }
            self.forward_done = true;
        }
        if self.backward_done {
            return None;
        }
        self.forward_next = true;
        let at = self.start - self.distance;
        if at >= self.min {
            self.distance += 1;
            return Some(at);
        }
        self.backward_done = true;
        self.next()
    }
}
