//! System calls that no library wraps, each with a safe face.

use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;
use std::ptr;

use rustix::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use rustix::io::Errno;

pub type Result<T> = std::result::Result<T, Errno>;

/// Which side of a fork this is.
pub enum Fork {
    Child,
    Parent { pid: i32, pidfd: OwnedFd },
}

fn last_error() -> Errno {
    Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO)
}

fn checked(result: libc::c_long) -> Result<libc::c_long> {
    if result < 0 {
        Err(last_error())
    } else {
        Ok(result)
    }
}

/// Forks into new namespaces, with a descriptor of the child.
pub fn fork_into(namespaces: libc::c_int) -> Result<Fork> {
    let mut pidfd: libc::c_int = -1;
    let flags = libc::c_long::from(namespaces | libc::CLONE_PIDFD | libc::SIGCHLD);
    // SAFETY: without a stack and CLONE_VM this is fork; this process has one thread, so the child's memory is whole.
    // `pidfd` lives for the call. The order of the last two arguments, which are null, does not matter.
    let pid = checked(unsafe {
        libc::syscall(libc::SYS_clone, flags, 0, &raw mut pidfd, 0usize, 0usize)
    })?;
    if pid == 0 {
        return Ok(Fork::Child);
    }
    Ok(Fork::Parent {
        pid: i32::try_from(pid).map_err(|_| Errno::OVERFLOW)?,
        // SAFETY: the kernel has just made it, and nobody else owns it.
        pidfd: unsafe { OwnedFd::from_raw_fd(pidfd) },
    })
}

/// What a mount becomes: flags set and cleared, and whether events of it are private from now on.
#[derive(Clone, Copy, Default)]
pub struct MountChange {
    pub set: u64,
    pub clear: u64,
    pub private: bool,
}

/// Changes the mount at a path, or all below it.
pub fn change_mount(
    at: BorrowedFd<'_>,
    path: &CStr,
    recursive: bool,
    change: MountChange,
) -> Result<()> {
    let attributes = libc::mount_attr {
        attr_set: change.set,
        attr_clr: change.clear,
        propagation: if change.private { libc::MS_PRIVATE } else { 0 },
        userns_fd: 0,
    };
    let flags = libc::AT_EMPTY_PATH
        | libc::AT_SYMLINK_NOFOLLOW
        | if recursive { libc::AT_RECURSIVE } else { 0 };
    // SAFETY: both pointers live for the call, and the size is that of the structure.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            at.as_raw_fd(),
            path.as_ptr(),
            flags,
            &raw const attributes,
            size_of::<libc::mount_attr>(),
        )
    };
    checked(result).map(drop)
}

/// Closes every descriptor from `first` on, or marks it to be closed by exec.
pub fn close_from(first: RawFd, at_exec: bool) -> Result<()> {
    close_range(first, RawFd::MAX, at_exec)
}

/// Closes every descriptor but those.
pub fn close_all_but(keep: &[RawFd]) -> Result<()> {
    let mut keep = keep.to_vec();
    keep.sort_unstable();
    let mut next = 0;
    for fd in keep {
        if fd > next {
            close_range(next, fd - 1, false)?;
        }
        next = fd + 1;
    }
    close_range(next, RawFd::MAX, false)
}

fn close_range(first: RawFd, last: RawFd, at_exec: bool) -> Result<()> {
    let flags = if at_exec {
        libc::CLOSE_RANGE_CLOEXEC
    } else {
        0
    };
    // SAFETY: the callers own what they close: they begin new processes, and use what they name only.
    let result = unsafe { libc::syscall(libc::SYS_close_range, first, last, flags) };
    checked(result).map(drop)
}

/// Makes `fd` also the descriptor `number`, which stays open over exec.
pub fn duplicate_to(fd: BorrowedFd<'_>, number: RawFd) -> Result<()> {
    // SAFETY: `number` is one of the standard three, which no value of this program owns.
    checked(unsafe { libc::c_long::from(libc::dup2(fd.as_raw_fd(), number)) }).map(drop)
}

/// The descriptor 0, the channel.
pub fn channel() -> BorrowedFd<'static> {
    // SAFETY: the helper is started with it, and it is closed by nobody.
    unsafe { BorrowedFd::borrow_raw(0) }
}

/// Gives every signal its default action: what the host ignores, a command would ignore too.
pub fn default_signals() {
    for signal in 1..=64 {
        // SAFETY: sets no handler. Refusals (SIGKILL, SIGSTOP) change nothing.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
}

/// Blocks every signal, or none.
pub fn block_signals(block: bool) {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: the set is filled before it is read, and lives for the calls.
    unsafe {
        if block {
            libc::sigfillset(set.as_mut_ptr());
        } else {
            libc::sigemptyset(set.as_mut_ptr());
        }
        libc::sigprocmask(libc::SIG_SETMASK, set.as_ptr(), ptr::null_mut());
    }
}

/// A descriptor that is readable when a child has ended. The signal must be blocked.
pub fn child_events() -> Result<OwnedFd> {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: the set is filled before it is read, and lives for the call.
    let fd = checked(unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), libc::SIGCHLD);
        libc::c_long::from(libc::signalfd(
            -1,
            set.as_ptr(),
            libc::SFD_CLOEXEC | libc::SFD_NONBLOCK,
        ))
    })?;
    let fd = RawFd::try_from(fd).map_err(|_| Errno::OVERFLOW)?;
    // SAFETY: the kernel has just made it, and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// A child that has ended.
pub struct Reaped {
    pub pid: i32,
    pub status: i32,
    pub user_us: u64,
    pub system_us: u64,
    pub max_rss_bytes: u64,
}

/// Takes one child that has ended; `None` where none has.
pub fn reap() -> Result<Option<Reaped>> {
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: both pointers live for the call; zeroes are a valid rusage.
    let (pid, usage) = unsafe {
        let pid = libc::wait4(-1, &raw mut status, libc::WNOHANG, usage.as_mut_ptr());
        (pid, usage.assume_init())
    };
    if pid < 0 {
        return Err(last_error());
    }
    let micros = |time: libc::timeval| {
        u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000
            + u64::try_from(time.tv_usec).unwrap_or(0)
    };
    Ok((pid > 0).then(|| Reaped {
        pid,
        status,
        user_us: micros(usage.ru_utime),
        system_us: micros(usage.ru_stime),
        max_rss_bytes: u64::try_from(usage.ru_maxrss).unwrap_or(0) * 1024,
    }))
}

/// Sends a signal; -1: to every process that this one may send it to.
pub fn signal(pid: i32, signal: i32) -> Result<()> {
    // SAFETY: no memory is involved.
    checked(unsafe { libc::c_long::from(libc::kill(pid, signal)) }).map(drop)
}

/// Gives this process an empty network of its own.
pub fn leave_network() -> Result<()> {
    // SAFETY: no memory and no descriptors are involved, and this process has one thread.
    checked(unsafe { libc::c_long::from(libc::unshare(libc::CLONE_NEWNET)) }).map(drop)
}

/// Turns the loopback device on.
pub fn loopback_up(socket: BorrowedFd<'_>) -> Result<()> {
    // SAFETY: zeroes are a valid ifreq.
    let mut request: libc::ifreq = unsafe { MaybeUninit::zeroed().assume_init() };
    for (to, from) in request.ifr_name.iter_mut().zip(b"lo") {
        *to = from.cast_signed();
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    // SAFETY: the request lives for the call and is what SIOCSIFFLAGS reads.
    let result = unsafe {
        libc::ioctl(
            socket.as_raw_fd(),
            libc::SIOCSIFFLAGS as libc::Ioctl,
            &raw const request,
        )
    };
    checked(result.into()).map(drop)
}

/// Gives up all capabilities for good: none to have, none to gain by exec, the rules for it locked.
pub fn drop_capabilities(may_lock: bool) -> Result<()> {
    #[repr(C)]
    struct Header {
        version: u32,
        pid: i32,
    }
    const VERSION_3: u32 = 0x2008_0522;
    // SECBIT_NOROOT, NO_SETUID_FIXUP, NO_CAP_AMBIENT_RAISE with their locks, and KEEP_CAPS locked off.
    const SECURE: libc::c_ulong = 0b1110_1111;
    if may_lock {
        for capability in 0..64 {
            // SAFETY: no memory is involved.
            if unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) } < 0 {
                match last_error() {
                    Errno::INVAL => break,
                    error => return Err(error),
                }
            }
        }
        // SAFETY: no memory is involved.
        checked(unsafe { libc::prctl(libc::PR_SET_SECUREBITS, SECURE, 0, 0, 0) }.into())?;
    }
    let header = Header {
        version: VERSION_3,
        pid: 0,
    };
    let none = [0u32; 6];
    // SAFETY: version 3 reads two triples of words, and both live for the call.
    let result = unsafe { libc::syscall(libc::SYS_capset, &raw const header, none.as_ptr()) };
    checked(result).map(drop)
}

/// An instruction of a filter.
pub type Instruction = libc::sock_filter;

/// Filters this thread's system calls and those of all that come of it.
pub fn install_filter(program: &[Instruction]) -> Result<()> {
    let program = libc::sock_fprog {
        len: u16::try_from(program.len()).map_err(|_| Errno::TOOBIG)?,
        filter: program.as_ptr().cast_mut(),
    };
    // SAFETY: the kernel copies the program, which lives for the call, and checks it.
    let result = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            0,
            &raw const program,
        )
    };
    checked(result).map(drop)
}

/// What a Landlock ruleset handles, as the kernel has it.
#[repr(C)]
pub struct RulesetAttributes {
    pub files: u64,
    pub network: u64,
    pub scoped: u64,
}

/// A new ruleset. `size` is how much of the attributes the kernel's version knows.
pub fn landlock_ruleset(attributes: &RulesetAttributes, size: usize) -> Result<OwnedFd> {
    let size = size.min(size_of::<RulesetAttributes>());
    // SAFETY: the attributes live for the call, and `size` is at most their size.
    let fd = checked(unsafe {
        libc::syscall(
            libc::SYS_landlock_create_ruleset,
            &raw const *attributes,
            size,
            0,
        )
    })?;
    let fd = RawFd::try_from(fd).map_err(|_| Errno::OVERFLOW)?;
    // SAFETY: the kernel has just made it, and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Allows `access` below an open path.
pub fn landlock_allow_path(ruleset: &OwnedFd, path: &OwnedFd, access: u64) -> Result<()> {
    #[repr(C, packed)]
    struct PathBeneath {
        access: u64,
        parent: i32,
    }
    let rule = PathBeneath {
        access,
        parent: path.as_raw_fd(),
    };
    landlock_rule(ruleset, 1, (&raw const rule).cast())
}

/// Allows `access` to a TCP port.
pub fn landlock_allow_port(ruleset: &OwnedFd, port: u16, access: u64) -> Result<()> {
    #[repr(C)]
    struct NetPort {
        access: u64,
        port: u64,
    }
    let rule = NetPort {
        access,
        port: port.into(),
    };
    landlock_rule(ruleset, 2, (&raw const rule).cast())
}

fn landlock_rule(ruleset: &OwnedFd, kind: libc::c_int, rule: *const libc::c_void) -> Result<()> {
    // SAFETY: the two callers pass the structure of the kind, which lives for the call.
    let result = unsafe {
        libc::syscall(
            libc::SYS_landlock_add_rule,
            ruleset.as_raw_fd(),
            kind,
            rule,
            0,
        )
    };
    checked(result).map(drop)
}

/// Holds this thread, and all that comes of it, to a ruleset.
pub fn landlock_restrict(ruleset: &OwnedFd) -> Result<()> {
    // SAFETY: no memory is involved.
    let result = unsafe {
        libc::syscall(
            libc::SYS_landlock_restrict_self,
            ruleset.as_fd().as_raw_fd(),
            0,
        )
    };
    checked(result).map(drop)
}

/// Becomes another program; returns only where that failed.
pub fn exec(program: &CStr, args: &[CString], env: &[CString]) -> Errno {
    let pointers = |list: &[CString]| -> Vec<*const libc::c_char> {
        let texts = list.iter().map(|text| text.as_ptr());
        texts.chain([ptr::null()]).collect()
    };
    let (args, env) = (pointers(args), pointers(env));
    // SAFETY: both lists end in null, and all texts live for the call.
    unsafe { libc::execve(program.as_ptr(), args.as_ptr(), env.as_ptr()) };
    last_error()
}

/// Ends this process.
pub fn exit(code: i32) -> ! {
    // SAFETY: no memory is involved; nothing is to be run at the end.
    unsafe { libc::_exit(code) }
}
