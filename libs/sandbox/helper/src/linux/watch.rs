//! A command that runs, as the init process sees it: it reaps, watches the limits, and holds again what the host replaces.

use std::time::{Duration, Instant};

use fishplate_sandbox_helper::{
    LimitKind, Plan, Refusal, Report, Step, Strategy, TERMINATE, Usage,
};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags};

use super::held::{self, HOLD};
use super::kernel::{self, Reaped, channel};
use super::outer::ALONE;
use super::view::View;
use super::{Failure, Outcome, measure, opened, tell, tree};

/// How often limits are looked at first, and at the longest where none is given but that of processes.
const TICK: Duration = Duration::from_millis(15);
const SLOW_TICK: Duration = Duration::from_millis(120);

/// A command that runs.
pub struct Watch<'a> {
    plan: &'a Plan,
    command: i32,
    view: Option<View<'a>>,
    kills: Vec<OwnedFd>,
    tmp: Option<OwnedFd>,
    usage: Usage,
    cpu: Rising,
    written: Rising,
    ticks: u32,
}

impl<'a> Watch<'a> {
    /// `kills` tell of processes that were killed for want of memory.
    pub fn new(plan: &'a Plan, command: i32, view: Option<View<'a>>, kills: Vec<OwnedFd>) -> Self {
        Self {
            plan,
            command,
            view,
            kills,
            tmp: open_tmp(plan),
            usage: Usage::default(),
            cpu: Rising::default(),
            written: Rising::default(),
            ticks: 0,
        }
    }

    /// Until it has ended, or is to end: then all is ended with this process.
    pub fn until_the_end(mut self, events: &OwnedFd, leash: &OwnedFd) -> Outcome {
        let watch = Failure::at(Step::Watch);
        let mut next = Instant::now() + TICK;
        loop {
            let left = next.saturating_duration_since(Instant::now());
            let timeout = Timespec {
                tv_sec: 0,
                tv_nsec: i64::from(left.subsec_nanos()),
            };
            let mut ready = [
                PollFd::new(events, PollFlags::IN),
                PollFd::new(leash, PollFlags::IN),
            ];
            let count = match poll(&mut ready, self.watches().then_some(&timeout)) {
                Err(rustix::io::Errno::INTR) => continue,
                other => other.map_err(&watch)?,
            };
            let [child, order] = ready.map(|fd| !fd.revents().is_empty());
            if order {
                let mut byte = [0];
                match rustix::io::read(leash, &mut byte).unwrap_or(0) {
                    1 if byte == [TERMINATE] => tree::terminate(self.plan.strategy),
                    1 if byte == [HOLD] && self.hold_again(leash) => {}
                    _ => return Ok(()),
                }
            }
            if child {
                let mut drained = [0; 128];
                while rustix::io::read(events, &mut drained).is_ok() {}
                if let Some(status) = self.reap() {
                    self.tell_end(status);
                    if self.is_alone() {
                        let _ = rustix::io::write(leash, &[ALONE]);
                    }
                    return Ok(());
                }
            }
            if count == 0 || next <= Instant::now() {
                if let Some(kind) = self.excess() {
                    tell(channel(), Report::Limit(kind));
                    return Ok(());
                }
                next = Instant::now() + self.interval();
            }
        }
    }

    /// Something outside has replaced what was held. `false`: the command is to end.
    fn hold_again(&self, leash: &OwnedFd) -> bool {
        let (Some(view), Some(held)) = (&self.view, held::receive(leash)) else {
            return false;
        };
        let refusal = match view.hold_again(&held) {
            Ok(renewed) => match opened::by_another(&renewed) {
                None => return true,
                Some(pid) => Report::Refused(Refusal::Opened, pid),
            },
            Err(errno) => Report::Refused(Refusal::Uncovered, errno.raw_os_error().unsigned_abs()),
        };
        tell(channel(), refusal);
        false
    }

    /// Whether no other process is left in the namespace. Where there is one, the kernel ends it with this one.
    fn is_alone(&self) -> bool {
        self.plan.strategy != Strategy::Plain
            && kernel::signal(-1, libc::SIGKILL) == Err(rustix::io::Errno::SRCH)
    }

    fn watches(&self) -> bool {
        self.plan.limits.processes > 0 || self.exact() || !self.kills.is_empty()
    }

    /// Whether a limit other than the backstop of processes is watched.
    fn exact(&self) -> bool {
        let limits = &self.plan.limits;
        limits.cpu_ms > 0 || limits.memory_bytes > 0 || limits.file_bytes > 0
    }

    fn interval(&mut self) -> Duration {
        self.ticks = self.ticks.saturating_add(1);
        if self.exact() {
            TICK
        } else {
            (TICK * (1 + self.ticks / 20)).min(SLOW_TICK)
        }
    }

    /// Takes all that have ended; the command's status if it is among them.
    fn reap(&mut self) -> Option<i32> {
        let mut status = None;
        while let Ok(Some(reaped)) = kernel::reap() {
            self.count(&reaped);
            if reaped.pid == self.command {
                status = Some(reaped.status);
            }
        }
        status
    }

    fn count(&mut self, reaped: &Reaped) {
        self.usage.user_us += reaped.user_us;
        self.usage.system_us += reaped.system_us;
        self.usage.max_rss_bytes = self.usage.max_rss_bytes.max(reaped.max_rss_bytes);
    }

    /// Tells how the command ended; a signal (or a shell's word of one) that the kernel sends at a limit is that limit.
    fn tell_end(&mut self, status: i32) {
        let limits = &self.plan.limits;
        let by = |signal| {
            libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == signal
                || libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 128 + signal
        };
        let micros = self.usage.user_us + self.usage.system_us;
        let limit = if limits.cpu_ms > 0 && (by(libc::SIGXCPU) || micros / 1000 > limits.cpu_ms) {
            Some(LimitKind::Cpu)
        } else if limits.file_bytes > 0 && by(libc::SIGXFSZ) {
            Some(LimitKind::Files)
        } else if self.lost_to_memory() {
            Some(LimitKind::Memory)
        } else {
            None
        };
        if let Some(kind) = limit {
            tell(channel(), Report::Limit(kind));
        }
        let usage = self.usage;
        tell(channel(), Report::Exited { status, usage });
    }

    fn lost_to_memory(&self) -> bool {
        self.kills
            .iter()
            .any(|file| measure::killed_for_memory(file) > 0)
    }

    /// The limit that is exceeded now.
    fn excess(&mut self) -> Option<LimitKind> {
        let limits = self.plan.limits;
        if self.lost_to_memory() {
            return Some(LimitKind::Memory);
        }
        let own = rustix::process::getpid().as_raw_nonzero().get();
        let mut processes = measure::processes();
        if self.plan.strategy == Strategy::Plain {
            processes = measure::descendants(&processes, own);
        } else {
            processes.retain(|process| process.pid != own);
        }
        let threads: u64 = processes.iter().map(|process| process.threads).sum();
        if limits.processes > 0 && threads > u64::from(limits.processes) {
            return Some(LimitKind::Processes);
        }
        if limits.cpu_ms > 0 {
            let ticks: u64 = processes.iter().map(|process| process.ticks).sum();
            let reaped = self.usage.user_us + self.usage.system_us;
            // A tick of /proc is a hundredth of a second on every architecture.
            if self.cpu.total(ticks * 10 + reaped / 1000) > limits.cpu_ms {
                return Some(LimitKind::Cpu);
            }
        }
        if limits.memory_bytes > 0 && self.memory_exceeds(&processes, limits.memory_bytes) {
            return Some(LimitKind::Memory);
        }
        if limits.file_bytes > 0 {
            let now = processes
                .iter()
                .map(|process| measure::written(process.pid));
            let now = now.sum::<u64>() + measure::written(own);
            let held = self.tmp.as_ref().map_or(0, measure::held);
            if self.written.total(now) + held > limits.file_bytes {
                return Some(LimitKind::Files);
            }
        }
        None
    }

    fn memory_exceeds(&self, processes: &[measure::Process], most: u64) -> bool {
        let mut held = self.tmp.as_ref().map_or(0, measure::held);
        if self.kills.is_empty() {
            // No control group counts what no process has mapped.
            held += measure::open_memory(processes);
            if self.plan.strategy != Strategy::Plain {
                held += measure::segments();
            }
        }
        let page = rustix::param::page_size() as u64;
        let resident: u64 = processes
            .iter()
            .map(|process| process.resident_pages * page)
            .sum();
        if resident + held <= most {
            return false;
        }
        // Pages that processes share were counted for each, and files of programs too: now the exact shares.
        let (mut anonymous, mut shared) = (0, 0);
        for process in processes {
            let share = measure::memory_share(process.pid);
            anonymous += share.0;
            shared += share.1;
        }
        anonymous + shared.max(held) > most
    }
}

/// A total that only rises: where less is seen than before, what was seen of processes that ended without being waited for
/// is kept.
#[derive(Default)]
struct Rising {
    last: u64,
    lost: u64,
}

impl Rising {
    fn total(&mut self, seen: u64) -> u64 {
        self.lost += self.last.saturating_sub(seen);
        self.last = seen;
        seen + self.lost
    }
}

/// Where its control groups tell of processes that were killed for want of memory.
pub fn open_kill_counts(plan: &Plan) -> Vec<OwnedFd> {
    let files = plan.cgroups.iter().map(|group| &group.kills);
    files
        .filter(|file| !file.is_empty())
        .filter_map(|file| {
            rustix::fs::open(file, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()
        })
        .collect()
}

/// The private temporary directories, whose contents count as memory and as files.
fn open_tmp(plan: &Plan) -> Option<OwnedFd> {
    if plan.strategy == Strategy::Plain {
        return None;
    }
    let flags = OFlags::PATH | OFlags::CLOEXEC | OFlags::DIRECTORY;
    rustix::fs::open(c"/dev/shm", flags, Mode::empty()).ok()
}
