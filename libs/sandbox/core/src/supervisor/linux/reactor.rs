//! The thread that watches over all commands of the process.

use std::collections::HashMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::process::{WaitId, WaitIdOptions, waitid};

use super::Shared;
use super::job::{Job, Stream};

/// What another thread asks for.
pub(super) enum Order {
    Add(u64, Box<Job>),
    Kill(u64),
    KillNow(u64),
    Write(u64, Vec<u8>),
    CloseStdin(u64),
    Pause(u64),
    Resume(u64),
    Stop,
}

impl Order {
    /// The command that it is for, other than to begin with.
    pub(super) fn command(&self) -> Option<u64> {
        match self {
            Self::Kill(id)
            | Self::KillNow(id)
            | Self::Write(id, _)
            | Self::CloseStdin(id)
            | Self::Pause(id)
            | Self::Resume(id) => Some(*id),
            Self::Add(..) | Self::Stop => None,
        }
    }
}

/// What of a command is ready: the lower bits of an event's number.
const REPORT: u64 = 0;
const EXIT: u64 = 1;
const STDOUT: u64 = 2;
const STDERR: u64 = 3;
const STDIN: u64 = 4;
const KINDS: u64 = 8;

pub(super) struct Reactor {
    shared: Arc<Shared>,
    epoll: OwnedFd,
    jobs: HashMap<u64, Job>,
    /// Helpers whose command's end has been told, and that are about to exit.
    leaving: HashMap<u64, OwnedFd>,
    buffer: Vec<u8>,
    stopping: bool,
}

impl Reactor {
    pub(super) fn new(shared: Arc<Shared>) -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let wake = epoll::EventData::new_u64(0);
        epoll::add(&epoll, &shared.wake, wake, epoll::EventFlags::IN)?;
        Ok(Self {
            shared,
            epoll,
            jobs: HashMap::new(),
            leaving: HashMap::new(),
            buffer: Vec::new(),
            stopping: false,
        })
    }

    pub(super) fn run(mut self) {
        let mut events: Vec<epoll::Event> = Vec::with_capacity(64);
        while !self.stopping || !self.jobs.is_empty() || !self.leaving.is_empty() {
            events.clear();
            let timeout = self.timeout();
            // Interrupted, or told of nothing: the rest of the round does no harm.
            let _ = epoll::wait(&self.epoll, spare_capacity(&mut events), timeout.as_ref());
            for event in events.drain(..) {
                let number = event.data.u64();
                if number == 0 {
                    self.take_orders();
                } else {
                    self.on_event(number / KINDS, number % KINDS);
                }
            }
            let now = Instant::now();
            for job in self.jobs.values_mut() {
                job.on_time(now);
            }
        }
    }

    fn timeout(&self) -> Option<Timespec> {
        let next = self.jobs.values().filter_map(Job::deadline).min()?;
        let left = next.saturating_duration_since(Instant::now());
        Some(Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(left.subsec_nanos()),
        })
    }

    fn take_orders(&mut self) {
        let mut drained = [0; 8];
        let _ = rustix::io::read(&self.shared.wake, &mut drained);
        let orders = std::mem::take(&mut self.shared.queue().orders);
        for order in orders {
            match order {
                Order::Add(id, job) => self.add(id, *job),
                Order::Kill(id) => self.with(id, |job| job.terminate(Instant::now())),
                Order::KillNow(id) => self.with(id, Job::end_now),
                Order::Write(id, bytes) => {
                    self.with(id, |job| job.give(bytes));
                    self.feed(id);
                }
                Order::CloseStdin(id) => {
                    self.with(id, Job::close_input);
                    self.feed(id);
                }
                Order::Pause(id) => self.pause(id),
                Order::Resume(id) => self.resume(id),
                Order::Stop => {
                    self.shared.queue().stopped = true;
                    self.stopping = true;
                }
            }
        }
        if self.stopping {
            // What was queued in between.
            let late = std::mem::take(&mut self.shared.queue().orders);
            for order in late {
                if let Order::Add(id, job) = order {
                    self.add(id, *job);
                }
            }
            // Those too that were added behind the order to stop.
            self.jobs.values_mut().for_each(Job::end_now);
        }
    }

    fn with(&mut self, id: u64, act: impl FnOnce(&mut Job)) {
        if let Some(job) = self.jobs.get_mut(&id) {
            act(job);
        }
    }

    fn add(&mut self, id: u64, job: Job) {
        let process = &job.process;
        let sources = [
            (process.channel.as_fd(), REPORT),
            (process.pidfd.as_fd(), EXIT),
            (process.stdout.as_fd(), STDOUT),
            (process.stderr.as_fd(), STDERR),
        ];
        let added = sources
            .into_iter()
            .try_for_each(|(source, kind)| self.watch(source, id, kind, epoll::EventFlags::IN));
        let has_input = process.stdin.is_some();
        self.jobs.insert(id, job);
        if added.is_err() {
            // Without being watched it must not run.
            if let Some(mut job) = self.jobs.remove(&id) {
                self.shared.queue().unread.remove(&id);
                job.end_now();
                let _ = job.process.child.wait();
                self.told(|buffer| job.finish(buffer));
            }
        } else if has_input {
            self.feed(id);
        }
    }

    /// Its pipes are read no more, and what writes to them waits once they are full.
    fn pause(&mut self, id: u64) {
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        if !std::mem::replace(&mut job.is_paused, true) {
            for (pipe, _) in job.open_pipes() {
                let _ = epoll::delete(&self.epoll, pipe);
            }
        }
    }

    fn resume(&mut self, id: u64) {
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        if !std::mem::replace(&mut job.is_paused, false) {
            return;
        }
        let mut added = Ok(());
        for (pipe, stream) in job.open_pipes() {
            let kind = if stream == Stream::Out {
                STDOUT
            } else {
                STDERR
            };
            let data = epoll::EventData::new_u64(id * KINDS + kind);
            added = added.and(epoll::add(&self.epoll, pipe, data, epoll::EventFlags::IN));
        }
        if added.is_err() {
            // Without being read it would wait for ever.
            job.end_now();
        }
    }

    fn watch(
        &self,
        source: BorrowedFd<'_>,
        id: u64,
        kind: u64,
        flags: epoll::EventFlags,
    ) -> rustix::io::Result<()> {
        let data = epoll::EventData::new_u64(id * KINDS + kind);
        epoll::add(&self.epoll, source, data, flags)
    }

    fn feed(&mut self, id: u64) {
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        let had_pipe = job.process.stdin.is_some();
        let (taken, more) = job.feed();
        if more && let Some(stdin) = &job.process.stdin {
            // Once, until it is full again.
            let flags = epoll::EventFlags::OUT | epoll::EventFlags::ONESHOT;
            let data = epoll::EventData::new_u64(id * KINDS + STDIN);
            if epoll::modify(&self.epoll, stdin, data, flags).is_err() {
                let _ = epoll::add(&self.epoll, stdin, data, flags);
            }
        }
        let mut queue = self.shared.queue();
        if let Some(unread) = queue.unread.get_mut(&id) {
            *unread = unread.saturating_sub(taken);
            if !had_pipe {
                *unread = 0;
            }
        }
    }

    fn on_event(&mut self, id: u64, kind: u64) {
        if kind == EXIT
            && let Some(pidfd) = self.leaving.remove(&id)
        {
            let _ = epoll::delete(&self.epoll, &pidfd);
            reap(&pidfd);
            return;
        }
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        match kind {
            STDIN => self.feed(id),
            // Of the same round as what led to the pause.
            STDOUT | STDERR if job.is_paused => {}
            STDOUT | STDERR => {
                let stream = if kind == STDOUT {
                    Stream::Out
                } else {
                    Stream::Err
                };
                if !job.read(stream, &mut self.buffer) {
                    let pipe = match stream {
                        Stream::Out => &job.process.stdout,
                        Stream::Err => &job.process.stderr,
                    };
                    let _ = epoll::delete(&self.epoll, pipe);
                }
            }
            REPORT => {
                if job.on_report() {
                    self.end(id, false);
                } else if job.is_silent() {
                    let _ = epoll::delete(&self.epoll, &job.process.channel);
                }
            }
            _ => {
                let done = job.on_report();
                if !done && !job.is_taken_up() && job.take_up() {
                    // Nothing is to be read of the other helper but its end, and that can take as long as it does.
                    let _ = epoll::delete(&self.epoll, &job.process.pidfd);
                    let data = epoll::EventData::new_u64(id * KINDS + EXIT);
                    if let Some(pidfd) = job.taken_up()
                        && epoll::add(&self.epoll, pidfd, data, epoll::EventFlags::IN).is_ok()
                    {
                        return;
                    }
                }
                self.end(id, true);
            }
        }
    }

    /// All of its processes are gone.
    fn end(&mut self, id: u64, exited: bool) {
        let Some(job) = self.jobs.remove(&id) else {
            return;
        };
        self.shared.queue().unread.remove(&id);
        // By hand: a process that is being started elsewhere may still hold copies, with which closing would change nothing.
        self.unwatch(&job);
        if let Some(pidfd) = job.taken_up() {
            let _ = epoll::delete(&self.epoll, pidfd);
            reap(pidfd);
        }
        if exited || !self.leave(id, &job) {
            reap(&job.process.pidfd);
        }
        self.told(|buffer| job.finish(buffer));
    }

    fn unwatch(&self, job: &Job) {
        let process = &job.process;
        let sources = [
            process.channel.as_fd(),
            process.pidfd.as_fd(),
            process.stdout.as_fd(),
            process.stderr.as_fd(),
        ];
        for source in sources
            .into_iter()
            .chain(process.stdin.as_ref().map(AsFd::as_fd))
        {
            // Those that ended before are not watched any more.
            let _ = epoll::delete(&self.epoll, source);
        }
    }

    /// Waits for the helper's exit, which is near, without standing still. `false`: that cannot be had.
    fn leave(&mut self, id: u64, job: &Job) -> bool {
        let Ok(pidfd) = job.process.pidfd.try_clone() else {
            return false;
        };
        let watched = self.watch(pidfd.as_fd(), id, EXIT, epoll::EventFlags::IN);
        if watched.is_ok() {
            self.leaving.insert(id, pidfd);
        }
        watched.is_ok()
    }

    /// Runs the caller's code; what it breaks is its own.
    fn told(&mut self, tell: impl FnOnce(&mut Vec<u8>)) {
        let buffer = &mut self.buffer;
        let _ = catch_unwind(AssertUnwindSafe(|| tell(buffer)));
    }
}

fn reap(pidfd: &OwnedFd) {
    let which = WaitId::PidFd(pidfd.as_fd());
    let _ = waitid(which, WaitIdOptions::EXITED);
}
