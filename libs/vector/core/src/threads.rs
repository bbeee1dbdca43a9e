//! One piece of work on several threads, the calling one among them: what is bound by memory is read twice as fast by two.

use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread::{Builder, available_parallelism, scope};

/// Bytes that are worth a thread: reading them takes some ten times as long as starting one.
const SHARE: usize = 4 << 20;

/// Threads of one piece of work, at most.
const MOST: usize = 8;

/// Parts that work over so many bytes is worth to be divided into.
pub(crate) fn parts_of(bytes: usize) -> usize {
    let most = available_parallelism().map_or(1, std::num::NonZero::get);
    (bytes / SHARE).clamp(1, most.min(MOST))
}

/// What comes of each part, in any order. Where the system gives no thread, fewer do it.
pub(crate) fn divided<Part: Send, Done: Send>(
    parts: Vec<Part>,
    work: impl Fn(Part) -> Done + Sync,
) -> Vec<Done> {
    let others = parts.len().saturating_sub(1);
    let queue = Mutex::new(parts.into_iter());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let run = || std::iter::from_fn(next).map(&work).collect::<Vec<Done>>();
    scope(|scope| {
        let started: Vec<_> = (0..others)
            .filter_map(|_| Builder::new().spawn_scoped(scope, run).ok())
            .collect();
        let mut done = run();
        for thread in started {
            match thread.join() {
                Ok(more) => done.extend(more),
                Err(panic) => resume_unwind(panic),
            }
        }
        done
    })
}

#[cfg(test)]
mod tests {
    use super::{divided, parts_of};

    #[test]
    fn each_part_is_done_once() {
        for count in [0, 1, 2, 7] {
            let mut done = divided((0..count).collect(), |part: i32| part * 2);
            done.sort_unstable();
            assert_eq!(done, (0..count).map(|part| part * 2).collect::<Vec<_>>());
        }
    }

    #[test]
    fn parts_of_a_thing_can_be_written() {
        let mut numbers = vec![0; 10];
        divided(numbers.chunks_mut(3).collect(), |part: &mut [i32]| {
            part.fill(1);
        });
        assert_eq!(numbers, [1; 10]);
    }

    #[test]
    fn little_work_is_not_divided() {
        assert_eq!(parts_of(0), 1);
        assert_eq!(parts_of(1 << 20), 1);
        assert!(parts_of(usize::MAX) <= 8);
    }
}
