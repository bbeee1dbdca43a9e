//! Work that several threads share: each keeps what it finds, and leaves half of it to those that have none.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

/// The threads of one piece of work, and the jobs that they have left to each other.
#[derive(Debug)]
pub(crate) struct Crew<Job> {
    threads: usize,
    shared: Mutex<Shared<Job>>,
    more: Condvar,
    /// Threads without a job; changed under the lock of `shared`.
    idle: AtomicUsize,
}

#[derive(Debug)]
struct Shared<Job> {
    jobs: Vec<Job>,
    is_over: bool,
}

impl<Job: Send> Crew<Job> {
    /// For as many threads, beginning with one job or with none.
    pub fn new(threads: usize, first: Option<Job>) -> Self {
        Self {
            threads,
            shared: Mutex::new(Shared {
                jobs: first.into_iter().collect(),
                is_over: false,
            }),
            more: Condvar::new(),
            idle: AtomicUsize::new(0),
        }
    }

    /// Runs `thread` on each of the threads, the calling one among them; each takes its jobs by [`Crew::next`].
    pub fn run(&self, thread: impl Fn() + Sync) {
        std::thread::scope(|scope| {
            for _ in 1..self.threads {
                scope.spawn(&thread);
            }
            thread();
        });
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
        if idle == self.threads && shared.jobs.is_empty() {
            shared.is_over = true;
            self.more.notify_all();
        }
        loop {
            if let Some(job) = shared.jobs.pop() {
                self.idle.fetch_sub(1, Ordering::Relaxed);
                return Some(job);
            }
            if shared.is_over {
                return None;
            }
            shared = self
                .more
                .wait(shared)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Shared<Job>> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{AtomicUsize, Crew, Ordering};

    /// Each job of a number makes as many smaller ones: all are done, each once, by however many threads.
    #[test]
    fn every_job_is_done_once() {
        for threads in [1, 2, 3, 8] {
            let crew = Crew::new(threads, Some(8_usize));
            let done = AtomicUsize::new(0);
            crew.run(|| {
                let mut own = Vec::new();
                while let Some(job) = crew.next(&mut own) {
                    done.fetch_add(1, Ordering::Relaxed);
                    own.extend(0..job);
                }
            });
            assert_eq!(done.into_inner(), 256, "{threads} threads");
        }
    }

    #[test]
    fn no_job_is_no_work() {
        let crew = Crew::<u8>::new(3, None);
        crew.run(|| assert!(crew.next(&mut Vec::new()).is_none()));
    }
}
