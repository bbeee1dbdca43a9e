//! The processes of a command: its group, and by ancestry whoever left the group.
//!
//! The system has no namespace of processes and tells of no death of an ancestor: who forks twice and leaves the group
//! between two looks is not found again.

use std::collections::HashMap;
use std::ffi::c_void;
use std::mem::{MaybeUninit, size_of};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// As `sys/proc_info.h` has them.
const PROC_PGRP_ONLY: u32 = 2;
const PROC_PPID_ONLY: u32 = 6;

/// Numbers of processes that one list holds.
const LIST: usize = 4096;

/// What they use and have used.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Used {
    pub cpu_ms: u64,
    pub memory_bytes: u64,
    pub threads: u64,
    pub written_bytes: u64,
}

#[derive(Clone, Copy, Debug)]
struct Process {
    /// When it began, in microseconds: a number can be given again.
    began: u64,
    cpu_us: u64,
    memory_bytes: u64,
    threads: u64,
    written_bytes: u64,
    is_alive: bool,
}

pub(super) struct Processes {
    first: Pid,
    known: HashMap<i32, Process>,
    /// Of those whose number another one has now.
    past: Used,
}

impl Processes {
    /// Of the leader of a group.
    pub fn of(first: Pid) -> Self {
        Self {
            first,
            known: HashMap::new(),
            past: Used::default(),
        }
    }

    /// Looks for new ones, and at all of them.
    pub fn look(&mut self) -> Used {
        let first = self.first.as_raw_nonzero().get();
        let mut found = vec![first];
        found.extend(list(PROC_PGRP_ONLY, first));
        found.extend(
            self.known
                .iter()
                .filter(|(_, known)| known.is_alive)
                .map(|(pid, _)| *pid),
        );
        let mut seen = std::collections::HashSet::new();
        while let Some(pid) = found.pop() {
            if !seen.insert(pid) {
                continue;
            }
            match look_at(pid) {
                Some(now) if self.is_known(pid, &now) => {
                    self.known.insert(pid, now);
                    found.extend(list(PROC_PPID_ONLY, pid));
                }
                _ => {
                    if let Some(known) = self.known.get_mut(&pid) {
                        known.is_alive = false;
                        known.memory_bytes = 0;
                        known.threads = 0;
                    }
                }
            }
        }
        self.used()
    }

    /// Whether it is the one that had this number before, or a new one; what the former used is kept.
    fn is_known(&mut self, pid: i32, now: &Process) -> bool {
        let Some(before) = self.known.get(&pid).copied() else {
            return true;
        };
        if before.began == now.began {
            return true;
        }
        if before.is_alive {
            // The number is a stranger's by now, unless its parent says otherwise at the next look.
            return false;
        }
        self.past.cpu_ms += before.cpu_us / 1000;
        self.past.written_bytes += before.written_bytes;
        true
    }

    fn used(&self) -> Used {
        let mut used = self.past;
        let mut cpu_us = 0;
        for process in self.known.values() {
            cpu_us += process.cpu_us;
            used.memory_bytes += process.memory_bytes;
            used.threads += process.threads;
            used.written_bytes += process.written_bytes;
        }
        used.cpu_ms += cpu_us / 1000;
        used
    }

    /// Whether any but the first is alive, which stays as a zombie until it is waited for.
    pub fn others_are_left(&self) -> bool {
        let first = self.first.as_raw_nonzero().get();
        self.known
            .iter()
            .any(|(pid, known)| *pid != first && known.is_alive)
    }

    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    pub fn kill(&self) {
        self.signal(Signal::KILL);
    }

    fn signal(&self, signal: Signal) {
        let _ = kill_process_group(self.first, signal);
        for (pid, known) in &self.known {
            let is_same = || look_at(*pid).is_some_and(|now| now.began == known.began);
            if known.is_alive
                && is_same()
                && let Some(pid) = Pid::from_raw(*pid)
            {
                let _ = kill_process(pid, signal);
            }
        }
    }
}

/// Numbers of processes of a kind.
fn list(kind: u32, of: i32) -> Vec<i32> {
    let mut numbers = vec![0i32; LIST];
    let Ok(size) = i32::try_from(LIST * size_of::<i32>()) else {
        return Vec::new();
    };
    // SAFETY: the buffer is of that size, and holds plain numbers.
    let bytes = unsafe {
        libc::proc_listpids(
            kind,
            of.unsigned_abs(),
            numbers.as_mut_ptr().cast::<c_void>(),
            size,
        )
    };
    let count = usize::try_from(bytes).unwrap_or(0) / size_of::<i32>();
    numbers.truncate(count);
    numbers.retain(|number| *number > 0);
    numbers
}

/// None: it is gone, or a zombie.
fn look_at(pid: i32) -> Option<Process> {
    let mut found = MaybeUninit::<libc::proc_taskallinfo>::zeroed();
    let size = i32::try_from(size_of::<libc::proc_taskallinfo>()).ok()?;
    // SAFETY: the place is of that size and of the kind that the call fills.
    let written = unsafe {
        libc::proc_pidinfo(
            pid,
            libc::PROC_PIDTASKALLINFO,
            0,
            found.as_mut_ptr().cast::<c_void>(),
            size,
        )
    };
    if written != size {
        return None;
    }
    // SAFETY: all of it was written, and any bits are values of its plain numbers.
    let found = unsafe { found.assume_init() };
    let (general, task) = (found.pbsd, found.ptinfo);
    let ticks = task.pti_total_user.saturating_add(task.pti_total_system);
    Some(Process {
        began: general.pbi_start_tvsec.saturating_mul(1_000_000) + general.pbi_start_tvusec,
        cpu_us: nanoseconds(ticks) / 1000,
        memory_bytes: task.pti_resident_size,
        threads: u64::try_from(task.pti_threadnum).unwrap_or(0),
        written_bytes: written_bytes(pid),
        is_alive: true,
    })
}

/// Bytes that it has had written to disk: what is still in caches is not among them.
fn written_bytes(pid: i32) -> u64 {
    let mut found = MaybeUninit::<libc::rusage_info_v2>::zeroed();
    // SAFETY: the place is of the kind that this flavour fills.
    let code =
        unsafe { libc::proc_pid_rusage(pid, libc::RUSAGE_INFO_V2, found.as_mut_ptr().cast()) };
    // SAFETY: its bits were zero before, and any bits are values of its plain numbers.
    let found = unsafe { found.assume_init() };
    if code == 0 {
        found.ri_diskio_byteswritten
    } else {
        0
    }
}

/// The system counts processor time in ticks, which are nanoseconds on Intel only.
#[allow(
    deprecated,
    reason = "libc points to a crate for these two names, which is not worth one"
)]
fn nanoseconds(ticks: u64) -> u64 {
    let mut base = libc::mach_timebase_info { numer: 1, denom: 1 };
    // SAFETY: the place is of the kind that the call fills.
    unsafe { libc::mach_timebase_info(&raw mut base) };
    let scaled = u128::from(ticks) * u128::from(base.numer) / u128::from(base.denom.max(1));
    u64::try_from(scaled).unwrap_or(u64::MAX)
}
