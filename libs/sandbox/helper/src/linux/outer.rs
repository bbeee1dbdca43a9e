//! The outer process: the supervisor's child, outside of the namespaces.

use std::io::IoSliceMut;
use std::mem::MaybeUninit;

use fishplate_sandbox_helper::{KILL, Plan, Refusal, Report, Step, Strategy, TERMINATE};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{CWD, Mode, OFlags, mkdirat};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendFlags, SocketFlags,
    SocketType, recvmsg, send, socketpair,
};
use rustix::process::{Signal, WaitId, WaitIdOptions, pidfd_send_signal, waitid};

use super::changes::Changes;
use super::command::Streams;
use super::held::{self, HOLD};
use super::kernel::{self, Fork, channel};
use super::protect::Protection;
use super::{Failure, Outcome, cleanup, init, repository, tell, tree, view};

/// The init process tells that it is the last one, and goes.
pub const ALONE: u8 = b'A';

/// A plan is a few kilobytes and what the command's arguments and variables are, which the kernel bounds too.
const PLAN_BYTES: u64 = 64 << 20;

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
    let received = match receive() {
        Ok(received) => received,
        // Nobody there any more: nothing was started.
        Err(Failure {
            errno: Errno::PIPE, ..
        }) => return 0,
        Err(failure) => {
            tell(channel(), failure.report());
            return 1;
        }
    };
    let plan = received.plan;
    let mut world = Outside::default();
    let ended = run_plan(&plan, received.streams, &mut world);
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

struct Received {
    plan: Plan,
    streams: Streams,
}

fn receive() -> Outcome<Received> {
    let step = Failure::at(Step::Plan);
    let mut byte = [0];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(4))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let message = recvmsg(
        channel(),
        &mut [IoSliceMut::new(&mut byte)],
        &mut ancillary,
        RecvFlags::CMSG_CLOEXEC,
    )
    .map_err(&step)?;
    if message.bytes == 0 {
        return Err(step(Errno::PIPE));
    }
    let mut fds = ancillary.drain().flat_map(|message| match message {
        RecvAncillaryMessage::ScmRights(fds) => fds.collect::<Vec<_>>(),
        _ => Vec::new(),
    });
    let (Some(plan), Some(input), Some(output), Some(errors)) =
        (fds.next(), fds.next(), fds.next(), fds.next())
    else {
        return Err(step(Errno::BADF));
    };
    let plan = read_plan(&plan).map_err(&step)?;
    let streams = Streams {
        input,
        output,
        errors,
    };
    Ok(Received { plan, streams })
}

fn read_plan(file: &OwnedFd) -> kernel::Result<Plan> {
    let size = rustix::fs::fstat(file)?.st_size;
    let size = u64::try_from(size).map_err(|_| Errno::INVAL)?;
    if size > PLAN_BYTES {
        return Err(Errno::FBIG);
    }
    let mut bytes = vec![0; usize::try_from(size).map_err(|_| Errno::FBIG)?];
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match rustix::io::pread(file, rest, filled as u64)? {
            0 => return Err(Errno::INVAL),
            count => filled += count,
        }
    }
    Plan::decode(&bytes).map_err(|_| Errno::INVAL)
}

/// Answers the init process where that is still on its way out, and all others have ended.
fn run_plan(plan: &Plan, streams: Streams, world: &mut Outside) -> Outcome<Option<Init>> {
    let step = Failure::at(Step::Fork);
    if plan.strategy == Strategy::Plain {
        let own = rustix::process::getpid();
        rustix::process::set_child_subreaper(Some(own)).map_err(&step)?;
    }
    if !plan.scratch.is_empty() {
        mkdirat(CWD, &plan.scratch, Mode::RWXU).map_err(Failure::within(Step::View, 20))?;
    }
    cleanup::make_cgroups(&plan.cgroups)?;
    let groups = cleanup::open_cgroups(&plan.cgroups)?;
    let (leash_end, leash) = socketpair(
        AddressFamily::UNIX,
        SocketType::STREAM,
        SocketFlags::CLOEXEC,
        None,
    )
    .map_err(&step)?;
    let forked = kernel::fork_into(namespaces(plan)).map_err(Failure::at(Step::Namespaces))?;
    let (pid, init) = match forked {
        Fork::Child => {
            drop(leash);
            init::run(plan, streams, &leash_end, groups)
        }
        Fork::Parent { pid, pidfd } => (pid, pidfd),
    };
    drop((streams, leash_end, groups));
    let init = Init { pidfd: init, leash };
    if let Err(failure) = attend(plan, pid, &init, world) {
        init.kill();
        init.wait();
        return Err(failure);
    }
    if watch(plan, &init, world) {
        return Ok(Some(init));
    }
    init.wait();
    Ok(None)
}

/// Does for the init process what has to be done outside, while that goes on with the rest.
fn attend(plan: &Plan, pid: i32, init: &Init, world: &mut Outside) -> Outcome {
    map_users(plan, pid)?;
    init.order(b'G');
    if view::has_view(plan.strategy) {
        // The init process has its own by now.
        rustix::process::umask(Mode::empty());
        world.changes = Changes::of(plan).ok();
        world.protection.prepare(plan)?;
        init.tell(&held::encode(&world.protection.held));
    }
    Ok(())
}

/// All but the network, which the command's process makes for itself.
fn namespaces(plan: &Plan) -> libc::c_int {
    let mut flags = match plan.strategy {
        Strategy::Plain => return 0,
        Strategy::Privileged => 0,
        Strategy::User => libc::CLONE_NEWUSER,
    };
    flags |= libc::CLONE_NEWNS
        | libc::CLONE_NEWPID
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWUTS
        | libc::CLONE_NEWCGROUP;
    flags
}

/// The init process, as its parent holds it.
struct Init {
    pidfd: OwnedFd,
    leash: OwnedFd,
}

impl Init {
    fn order(&self, what: u8) {
        let _ = send(&self.leash, &[what], SendFlags::NOSIGNAL);
    }

    /// An init process that is gone is seen elsewhere.
    fn tell(&self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            match send(&self.leash, bytes, SendFlags::NOSIGNAL) {
                Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
                Err(Errno::INTR) => {}
                Err(_) => return,
            }
        }
    }

    fn kill(&self) {
        let _ = pidfd_send_signal(&self.pidfd, Signal::KILL);
    }

    fn wait(&self) {
        let which = WaitId::PidFd(self.pidfd.as_fd());
        while let Err(Errno::INTR) = waitid(which.clone(), WaitIdOptions::EXITED) {}
    }
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
        let timeout = (has_view && world.changes.is_none()).then_some(&LOOK);
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
        let matters = changed && world.changes.as_ref().is_some_and(Changes::take);
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
    if held != known {
        init.order(HOLD);
        init.tell(&held);
    }
    true
}

/// Maps the users of the new namespace to themselves, so that files keep their owners' names: all that this process has
/// where it may, else its own.
fn map_users(plan: &Plan, pid: i32) -> Outcome {
    if plan.strategy != Strategy::User {
        return Ok(());
    }
    map_users_of(pid).map_err(Failure::at(Step::Users))
}

fn map_users_of(pid: i32) -> kernel::Result<()> {
    let write = |name: &str, text: &str| {
        let path = format!("/proc/{pid}/{name}");
        let file = rustix::fs::open(path, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
        rustix::io::write(&file, text.as_bytes()).map(drop)
    };
    let (user, group) = (rustix::process::geteuid(), rustix::process::getegid());
    if user.is_root() {
        let whole = write("uid_map", &identity("uid_map")?)
            .and_then(|()| write("gid_map", &identity("gid_map")?));
        if whole != Err(Errno::PERM) {
            return whole;
        }
    }
    write("uid_map", &format!("{0} {0} 1", user.as_raw()))?;
    write("setgroups", "deny")?;
    write("gid_map", &format!("{0} {0} 1", group.as_raw()))
}

/// A map of all that this process' own namespace has.
fn identity(name: &str) -> kernel::Result<String> {
    let path = format!("/proc/self/{name}");
    let file = rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    let mut bytes = vec![0; 4096];
    let length = rustix::io::read(&file, &mut bytes)?;
    let text = String::from_utf8_lossy(bytes.get(..length).unwrap_or_default()).into_owned();
    let mut map = String::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        if let (Some(first), _, Some(count)) = (words.next(), words.next(), words.next()) {
            map.push_str(&format!("{first} {first} {count}\n"));
        }
    }
    Ok(map)
}
