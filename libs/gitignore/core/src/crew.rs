//! Work that several threads share: each keeps what it finds, and leaves half of it to those that have none.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread::Builder;

/// Bytes of a thread's stack: reading directories needs little.
const STACK: usize = 1 << 20;

/// The threads of one piece of work, and the jobs that they have left to each other.
#[derive(Debug)]
pub(crate) struct Crew<Job> {
    /// Threads wanted; how many there are is known only once they start.
    wanted: usize,
    stack: usize,
    shared: Mutex<Shared<Job>>,
    more: Condvar,
    /// Threads without a job; changed under the lock of `shared`.
    idle: AtomicUsize,
}

#[derive(Debug)]
struct Shared<Job> {
    jobs: Vec<Job>,
    /// Threads that take part.
    members: usize,
    is_over: bool,
    /// What a job said that panicked.
    panicked: Option<String>,
}

/// A job panicked: what it said.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Panicked(pub String);

impl<Job: Send> Crew<Job> {
    /// For as many threads, beginning with these jobs.
    pub fn new(threads: usize, jobs: Vec<Job>) -> Self {
        Self {
            wanted: threads,
            stack: STACK,
            shared: Mutex::new(Shared {
                jobs,
                members: 1,
                is_over: false,
                panicked: None,
            }),
            more: Condvar::new(),
            idle: AtomicUsize::new(0),
        }
    }

    /// Runs `thread` on each of the threads, the calling one among them; each takes its jobs by [`Crew::next`]. Where the
    /// system gives fewer threads, those that it gives do all of it.
    ///
    /// # Errors
    ///
    /// [`Panicked`]: the others have left what there was to do.
    pub fn run(&self, thread: impl Fn() + Sync) -> Result<(), Panicked> {
        let member = || {
            if let Err(said) = catch_unwind(AssertUnwindSafe(&thread)) {
                self.abandon(&*said);
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..self.wanted {
                // Counted before it starts: the others must not think that all is done.
                self.lock().members += 1;
                let builder = Builder::new().stack_size(self.stack);
                if builder.spawn_scoped(scope, member).is_err() {
                    self.lock().members -= 1;
                    break;
                }
            }
            member();
        });
        match self.lock().panicked.take() {
            Some(said) => Err(Panicked(said)),
            None => Ok(()),
        }
    }

    /// The next job of a thread: its own latest one, else one that another left. None once all threads want one.
    pub fn next(&self, own: &mut Vec<Job>) -> Option<Job> {
        self.share(own);
        own.pop().or_else(|| self.wait())
    }

    /// Leaves the oldest half, which has most below it.
    fn share(&self, own: &mut Vec<Job>) {
        if own.len() < 2 || self.idle.load(Ordering::Relaxed) == 0 {
            return;
        }
        let left = own.len() / 2;
        self.lock().jobs.extend(own.drain(..left));
        self.more.notify_all();
    }

    fn wait(&self) -> Option<Job> {
        let mut shared = self.lock();
        let idle = self.idle.fetch_add(1, Ordering::Relaxed) + 1;
        if idle == shared.members && shared.jobs.is_empty() {
            shared.is_over = true;
            self.more.notify_all();
        }
        loop {
            if shared.is_over {
                return None;
            }
            if let Some(job) = shared.jobs.pop() {
                self.idle.fetch_sub(1, Ordering::Relaxed);
                return Some(job);
            }
            shared = self
                .more
                .wait(shared)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Ends the work for all.
    fn abandon(&self, said: &(dyn Any + Send)) {
        let said = said
            .downcast_ref::<&str>()
            .map(|said| (*said).to_owned())
            .or_else(|| said.downcast_ref::<String>().cloned());
        let mut shared = self.lock();
        shared.jobs.clear();
        shared.is_over = true;
        shared.panicked = Some(said.unwrap_or_else(|| "a thread panicked".to_owned()));
        self.more.notify_all();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Shared<Job>> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{AtomicUsize, Crew, Ordering, Panicked};

    /// Each job of a number makes as many smaller ones; how many were done.
    fn done_by(crew: &Crew<usize>) -> usize {
        let done = AtomicUsize::new(0);
        let ended = crew.run(|| {
            let mut own = Vec::new();
            while let Some(job) = crew.next(&mut own) {
                done.fetch_add(1, Ordering::Relaxed);
                own.extend(0..job);
            }
        });
        assert_eq!(ended, Ok(()));
        done.into_inner()
    }

    #[test]
    fn every_job_is_done_once() {
        for threads in [1, 2, 3, 8] {
            let crew = Crew::new(threads, vec![8]);
            assert_eq!(done_by(&crew), 256, "{threads} threads");
        }
    }

    #[test]
    fn no_job_is_no_work() {
        let crew = Crew::<u8>::new(3, Vec::new());
        assert_eq!(
            crew.run(|| assert!(crew.next(&mut Vec::new()).is_none())),
            Ok(())
        );
    }

    #[test]
    fn threads_that_cannot_start_are_done_without() {
        let mut crew = Crew::new(4, vec![8]);
        // More than the address space holds.
        crew.stack = 1 << (usize::BITS - 8);
        assert_eq!(done_by(&crew), 256);
    }

    #[test]
    fn a_job_that_panics_ends_the_work_and_nobody_waits() {
        for threads in [1, 2, 8] {
            let crew = Crew::new(threads, vec![8_usize]);
            let ended = crew.run(|| {
                let mut own = Vec::new();
                while let Some(job) = crew.next(&mut own) {
                    assert_ne!(job, 3, "the third");
                    own.extend(0..job);
                }
            });
            let Err(Panicked(said)) = ended else {
                panic!("it must be an error");
            };
            assert!(said.contains("the third"), "{said}");
        }
    }
}
