//! The outer process: the supervisor's child, outside of the namespaces.

use fishplate_sandbox_helper::{KILL, Plan, Refusal, Report, Step, Strategy, TERMINATE};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::AsFd;
use rustix::fs::{CWD, Mode, mkdirat};
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};

use super::changes::Changes;
use super::handle::Init;
use super::handover::{self, Handed};
use super::held::{self, HOLD};
use super::kernel::{self, channel};
use super::protect::Protection;
use super::{Failure, Outcome, cleanup, repository, tell, tree, view};

/// The init process tells that it is the last one, and goes.
pub const ALONE: u8 = b'A';

/// How often names are looked at where the kernel does not tell of changes.
const LOOK: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 50_000_000,
};

/// How often names that change while they are looked at are looked at again, and after what time.
const RENEWALS: u32 = 50;
const PAUSE: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 1_000_000,
};

/// Receives the plan, runs it to its end, and leaves nothing behind.
pub fn run() -> i32 {
    kernel::block_signals(true);
    kernel::default_signals();
    // Not ended with the host's terminal or group; that the channel is closed is what ends it.
    let _ = rustix::process::setsid();
    if kernel::close_from(3, false).is_err() {
        return 1;
    }
    // What needs no plan is done while that is made.
    let (mut handed, init) = match begin().and_then(await_plan) {
        Ok(Some(both)) => both,
        // Nobody there any more: nothing was started.
        Ok(None) => return 0,
        Err(failure) => {
            tell(channel(), failure.report());
            tell(channel(), Report::Done);
            return 1;
        }
    };
    let mut world = Outside::default();
    let ended = run_plan(&mut handed, init, &mut world);
    let Handed { plan, .. } = handed;
    let (ended, init) = match ended {
        Ok(init) => (Ok(()), init),
        Err(failure) => (Err(failure), None),
    };
    if plan.strategy == Strategy::Plain {
        tree::kill_descendants();
    }
    repository::undo(&plan);
    let removed = world.protection.release();
    if let Some(kind) = cleanup::remove_cgroups(&plan.cgroups) {
        tell(channel(), Report::Limit(kind));
    }
    if !plan.scratch.is_empty() {
        cleanup::remove_tree(&plan.scratch);
    }
    if let Err(failure) = ended {
        tell(channel(), failure.report());
    }
    tell(channel(), Report::Done);
    drop((removed, world));
    // Taking its namespaces down takes it as long as a few system calls, and nobody has to wait for that.
    if let Some(init) = init {
        init.wait();
    }
    0
}

/// What is held and watched outside. To end the watch takes the kernel milliseconds, so that is done last.
#[derive(Default)]
struct Outside {
    protection: Protection,
    changes: Option<Changes>,
}

impl Outside {
    /// Whether names have changed otherwise than by what was made here.
    fn have_changed(&mut self) -> bool {
        let made = std::mem::take(&mut self.protection.made);
        let changes = self.changes.as_ref();
        changes.is_some_and(|changes| changes.take(made))
    }
}

/// Starts the init process. `None`: nobody tells by which means.
fn begin() -> Outcome<Option<Init>> {
    let step = Failure::at(Step::Plan);
    let mut byte = [0];
    let (length, _) = recv(channel(), &mut byte, RecvFlags::empty()).map_err(&step)?;
    if length == 0 {
        return Ok(None);
    }
    let strategy = Strategy::from_number(byte[0]).ok_or(step(Errno::INVAL))?;
    Init::start(strategy).map(Some)
}

fn await_plan(init: Option<Init>) -> Outcome<Option<(Handed, Init)>> {
    let Some(init) = init else {
        return Ok(None);
    };
    match handover::receive(channel()) {
        Ok(Some(handed)) => Ok(Some((handed, init))),
        other => {
            init.end();
            other.map(|_| None)
        }
    }
}

/// Answers the init process where that is still on its way out, and all others have ended.
fn run_plan(handed: &mut Handed, init: Init, world: &mut Outside) -> Outcome<Option<Init>> {
    let attended = give(handed, &init).and_then(|()| attend(&handed.plan, &init, world));
    if let Err(failure) = attended {
        init.end();
        return Err(failure);
    }
    if watch(&handed.plan, &init, world) {
        return Ok(Some(init));
    }
    init.wait();
    Ok(None)
}

/// Makes what the command's processes are put into, and gives the init process all that it needs; nothing of it stays here.
fn give(handed: &mut Handed, init: &Init) -> Outcome {
    let plan = &handed.plan;
    if !plan.scratch.is_empty() {
        mkdirat(CWD, &plan.scratch, Mode::RWXU).map_err(Failure::within(Step::View, 20))?;
    }
    cleanup::make_cgroups(&plan.cgroups)?;
    handed.groups = cleanup::open_cgroups(&plan.cgroups)?;
    match handed.send(init.leash.as_fd()) {
        // It has told why it ended.
        Ok(()) | Err(Errno::PIPE) => Ok(()),
        Err(errno) => Err(Failure::at(Step::Plan)(errno)),
    }
}

/// Does for the init process what has to be done outside, while that goes on with the rest.
fn attend(plan: &Plan, init: &Init, world: &mut Outside) -> Outcome {
    if view::has_view(plan.strategy) {
        // The init process has its own by now.
        rustix::process::umask(Mode::empty());
        world.changes = Changes::of(plan).ok();
        world.protection.prepare(plan)?;
        init.tell(&held::encode(&world.protection.held));
        // Taken now, for what was made is told by now.
        if world.have_changed() && !renew(plan, init, world) {
            init.kill();
        }
    }
    Ok(())
}

/// Until the init process has ended, or has told that it is alone (`true`). An end of the channel is the supervisor's end.
fn watch(plan: &Plan, init: &Init, world: &mut Outside) -> bool {
    let has_view = view::has_view(plan.strategy);
    loop {
        let mut ready = vec![
            PollFd::from_borrowed_fd(channel(), PollFlags::IN),
            PollFd::new(&init.pidfd, PollFlags::IN),
            PollFd::new(&init.leash, PollFlags::IN),
        ];
        ready.extend(
            world
                .changes
                .iter()
                .map(|changes| PollFd::new(changes.queue(), PollFlags::IN)),
        );
        let is_told = world.changes.as_ref().is_some_and(Changes::is_whole);
        let timeout = (has_view && !is_told).then_some(&LOOK);
        if poll(&mut ready, timeout).is_err_and(|error| error != Errno::INTR) {
            init.kill();
            return false;
        }
        let happened = |which: usize| ready.get(which).is_some_and(|fd| !fd.revents().is_empty());
        let (told, ended) = (happened(0), happened(1));
        let (answered, changed) = (happened(2), happened(3));
        if answered {
            let mut byte = [0];
            let length = rustix::io::read(&init.leash, &mut byte).unwrap_or(0);
            // Its end of the leash is closed by its own end, which is waited for then.
            return length > 0 && byte[0] == ALONE;
        }
        if ended {
            return false;
        }
        if told {
            let mut byte = [0];
            let length = rustix::io::read(channel(), &mut byte).unwrap_or(0);
            if length > 0 && byte[0] == TERMINATE {
                init.order(TERMINATE);
            } else {
                init.order(KILL);
                init.kill();
                return false;
            }
        }
        let matters = changed && world.have_changed();
        if (matters || timeout.is_some()) && !renew(plan, init, world) {
            init.kill();
            return false;
        }
    }
}

/// Names have changed: what is held is held again. `false`: it cannot be, or the command did what is undone.
fn renew(plan: &Plan, init: &Init, world: &mut Outside) -> bool {
    let known = held::encode(&world.protection.held);
    // At once, for what is open meanwhile; what is to be held can be found out after.
    init.order(HOLD);
    init.tell(&known);
    if repository::undo(plan) {
        return false;
    }
    if let Some(changes) = &mut world.changes {
        changes.renew();
    }
    let mut renewed = world.protection.renew(plan);
    for _ in 0..RENEWALS {
        // Whoever changes names outside may do so again meanwhile.
        if renewed.is_ok() {
            break;
        }
        let _ = rustix::thread::nanosleep(&PAUSE);
        renewed = world.protection.renew(plan);
    }
    if let Err(failure) = renewed {
        let errno = failure.errno.raw_os_error().unsigned_abs();
        tell(channel(), Report::Refused(Refusal::Uncovered, errno));
        return false;
    }
    let held = held::encode(&world.protection.held);
    // What was made just now has no mount, also where it is held as before: the init process may have looked before it was there.
    if held != known || !world.protection.made.is_empty() {
        init.order(HOLD);
        init.tell(&held);
    }
    true
}
