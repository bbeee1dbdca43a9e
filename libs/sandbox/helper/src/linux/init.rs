//! The first process of the namespaces: it builds the view, starts the command, reaps, and watches the limits.

use fishplate_sandbox_helper::{Plan, Step, Strategy};
use rustix::fd::{AsFd, AsRawFd, OwnedFd};
use rustix::pipe::PipeFlags;
use rustix::process::{DumpableBehavior, Signal};

use super::command::{self, Streams};
use super::handover::{self, Handed};
use super::held;
use super::kernel::{self, Fork, channel};
use super::view::{self, View};
use super::watch::{Watch, open_kill_counts};
use super::{Failure, Outcome, network, tell, tree};

/// Does all of it, and ends.
pub fn run(strategy: Strategy, leash: &OwnedFd) -> ! {
    if let Err(failure) = supervise(strategy, leash) {
        tell(channel(), failure.report());
    }
    if strategy == Strategy::Plain {
        tree::kill_descendants();
    }
    kernel::exit(0)
}

fn supervise(strategy: Strategy, leash: &OwnedFd) -> Outcome {
    let fork = Failure::at(Step::Fork);
    if strategy == Strategy::Plain {
        let own = rustix::process::getpid();
        rustix::process::set_child_subreaper(Some(own)).map_err(&fork)?;
    } else {
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).map_err(&fork)?;
    }
    // What the outer process holds must not be held here too.
    kernel::close_all_but(&[channel().as_raw_fd(), leash.as_raw_fd()]).map_err(&fork)?;
    let events = kernel::child_events().map_err(&fork)?;
    // The outer process maps users meanwhile. Where it ended before the signal above was set, so does this one.
    let mut go = [0];
    if rustix::io::read(leash, &mut go).unwrap_or(0) == 0 {
        kernel::exit(0);
    }
    let Some(handed) = handover::receive(leash.as_fd())? else {
        kernel::exit(0);
    };
    let Handed {
        plan,
        streams,
        groups,
        ..
    } = handed;
    let kills = open_kill_counts(&plan);
    let (command, view) = if strategy == Strategy::Plain {
        hide()?;
        match kernel::fork_into(0).map_err(&fork)? {
            Fork::Child => command::run(&plan, &streams, &groups, || true),
            Fork::Parent { pid, .. } => (pid, None),
        }
    } else {
        let (pid, view) = start_beside(&plan, leash, &streams, &groups)?;
        (pid, Some(view))
    };
    drop((streams, groups));
    Watch::new(&plan, command, view, kills).until_the_end(&events, leash)
}

/// From processes of the same user.
fn hide() -> Outcome {
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .map_err(Failure::at(Step::Fork))
}

/// Starts the command's process first: it makes its network while this one builds the view, which is about as much work.
fn start_beside<'a>(
    plan: &'a Plan,
    leash: &OwnedFd,
    streams: &Streams,
    groups: &[OwnedFd],
) -> Outcome<(i32, View<'a>)> {
    let fork = Failure::at(Step::Fork);
    let pair = || rustix::pipe::pipe_with(PipeFlags::CLOEXEC).map_err(&fork);
    let ((connected, connect), (started, start)) = (pair()?, pair()?);
    let (pid, pidfd) = match kernel::fork_into(0).map_err(&fork)? {
        Fork::Child => {
            drop((connected, start));
            if let Err(failure) = network::set_up(plan) {
                tell(channel(), failure.report());
                kernel::exit(127);
            }
            let mut go = [0];
            if rustix::io::write(&connect, &go).is_err() {
                kernel::exit(127);
            }
            command::run(plan, streams, groups, || {
                rustix::io::read(&started, &mut go).unwrap_or(0) > 0
            })
        }
        Fork::Parent { pid, pidfd } => (pid, pidfd),
    };
    drop((connect, started));
    // Not before: the other is to be entered, which is until its exec as this one was when it was made.
    hide()?;
    // Where the outer process has ended, so does this one.
    let held = || held::receive(leash).unwrap_or_else(|| kernel::exit(0));
    let view = view::build(plan, held)?;
    let mut go = [0];
    // The other has told why, where there is nothing to read.
    if rustix::io::read(&connected, &mut go).unwrap_or(0) > 0 {
        network::join(plan, &pidfd)?;
        rustix::io::write(&start, &go).map_err(&fork)?;
    }
    Ok((pid, view))
}
