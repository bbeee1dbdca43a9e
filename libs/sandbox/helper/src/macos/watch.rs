//! Watches over the processes of a command: its limits, orders from the supervisor, the end of the host, and its own end.

use std::io::{self, PipeReader, Read};
use std::process::Child;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use fishplate_sandbox_helper::{KILL, LimitKind, LimitPlan, Report, Step, TERMINATE, Usage};
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use super::channel::Channel;
use super::outside::{failed, read_reports};
use super::processes::{Processes, Used};

/// How often it looks.
const LOOK: Duration = Duration::from_millis(15);
/// How long processes that were killed may take to be gone.
const PATIENCE: Duration = Duration::from_secs(5);

enum Seen {
    Order(u8),
    /// The host's end of the channel is closed.
    HostGone,
    Exited,
    Inside(Vec<Report>),
}

/// Until all of it is gone; tells how it ended.
pub(super) fn watch(channel: &mut Channel, child: Child, reports: PipeReader, limits: LimitPlan) {
    let mut child = child;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let Some(pid) = pid else {
        channel.tell(failed(Step::Fork, &io::ErrorKind::InvalidData.into()));
        return;
    };
    let mut processes = Processes::of(pid);
    let (sender, seen) = mpsc::channel();
    let mut inside = None;
    let mut has_exited = false;
    match listen(channel, pid, reports, &sender) {
        Ok(()) => has_exited = follow(channel, &seen, &mut processes, &limits, &mut inside),
        Err(error) => channel.tell(failed(Step::Watch, &error)),
    }
    end(&mut processes);
    let status = child.wait();
    if inside.is_none() {
        // The pipe ends with the processes that have it.
        inside = wait_for_reports(&seen);
    }
    let inside = inside.unwrap_or_default();
    if let Some(report) = inside
        .iter()
        .find(|told| matches!(told, Report::Failed { .. }))
    {
        channel.tell(*report);
    } else if has_exited && !inside.contains(&Report::Probed) {
        // It did not get as far as the profile: nothing of the command has run.
        let error = io::Error::from_raw_os_error(libc::EPERM);
        channel.tell(failed(Step::Filter, &error));
    }
    if let Ok(status) = status {
        use std::os::unix::process::ExitStatusExt;
        channel.tell(Report::Exited {
            status: status.into_raw(),
            usage: usage(),
        });
    }
}

fn listen(
    channel: &Channel,
    pid: Pid,
    reports: PipeReader,
    sender: &Sender<Seen>,
) -> io::Result<()> {
    let mut orders = channel.for_orders()?;
    let (ordered, exited, inside) = (sender.clone(), sender.clone(), sender.clone());
    let spawn = |work: Box<dyn FnOnce() + Send>| thread::Builder::new().spawn(work).map(drop);
    spawn(Box::new(move || {
        let mut order = [0];
        while let Ok(1) = orders.read(&mut order) {
            let [order] = order;
            let _ = ordered.send(Seen::Order(order));
        }
        let _ = ordered.send(Seen::HostGone);
    }))?;
    spawn(Box::new(move || {
        // Not taken away yet, so that its number stays its own until all is ended.
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while matches!(
            waitid(WaitId::Pid(pid), options),
            Err(rustix::io::Errno::INTR)
        ) {}
        let _ = exited.send(Seen::Exited);
    }))?;
    spawn(Box::new(move || {
        let _ = inside.send(Seen::Inside(read_reports(reports)));
    }))
}

/// Until its first process has ended by itself (`true`), or all are to be killed.
fn follow(
    channel: &mut Channel,
    seen: &Receiver<Seen>,
    processes: &mut Processes,
    limits: &LimitPlan,
    inside: &mut Option<Vec<Report>>,
) -> bool {
    let mut next = Instant::now();
    loop {
        let now = Instant::now();
        if next <= now {
            next = now + LOOK;
            if let Some(kind) = exceeded(limits, processes.look()) {
                channel.tell(Report::Limit(kind));
                return false;
            }
        }
        match seen.recv_timeout(next.saturating_duration_since(now)) {
            Ok(Seen::Order(TERMINATE)) => processes.terminate(),
            Ok(Seen::Exited) => return true,
            Ok(Seen::Order(KILL) | Seen::HostGone) | Err(RecvTimeoutError::Disconnected) => {
                return false;
            }
            Ok(Seen::Inside(reports)) => *inside = Some(reports),
            Ok(Seen::Order(_)) | Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

fn exceeded(limits: &LimitPlan, used: Used) -> Option<LimitKind> {
    let over = |most: u64, used: u64| most > 0 && used > most;
    let kinds = [
        (limits.cpu_ms, used.cpu_ms, LimitKind::Cpu),
        (limits.memory_bytes, used.memory_bytes, LimitKind::Memory),
        (
            u64::from(limits.processes),
            used.threads,
            LimitKind::Processes,
        ),
        (limits.file_bytes, used.written_bytes, LimitKind::Files),
    ];
    let mut exceeded = kinds
        .into_iter()
        .filter(|(most, used, _)| over(*most, *used));
    exceeded.next().map(|(_, _, kind)| kind)
}

/// Kills until a look finds none.
fn end(processes: &mut Processes) {
    let until = Instant::now() + PATIENCE;
    loop {
        processes.kill();
        processes.look();
        if !processes.others_are_left() || Instant::now() >= until {
            return;
        }
        thread::sleep(Duration::from_millis(2));
    }
}

fn wait_for_reports(seen: &Receiver<Seen>) -> Option<Vec<Report>> {
    let until = Instant::now() + PATIENCE;
    loop {
        match seen.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(Seen::Inside(reports)) => return Some(reports),
            Ok(_) => {}
            Err(_) => return None,
        }
    }
}

/// Of what was waited for.
fn usage() -> Usage {
    let mut found = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the place is one of the kind that the call fills, and all of its bits are zero until then.
    let found = unsafe {
        libc::getrusage(libc::RUSAGE_CHILDREN, found.as_mut_ptr());
        found.assume_init()
    };
    let micros = |time: libc::timeval| {
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        seconds * 1_000_000 + u64::try_from(time.tv_usec).unwrap_or(0)
    };
    Usage {
        user_us: micros(found.ru_utime),
        system_us: micros(found.ru_stime),
        // Bytes on this system.
        max_rss_bytes: u64::try_from(found.ru_maxrss).unwrap_or(0),
    }
}
