//! The system call filter: what no command needs and the kernel's history advises against.
//!
//! A search tree over the call's number leads to a block per filtered call, so that a call that is not filtered passes after
//! seven comparisons (and from the kernel's cache after none).

use fishplate_sandbox_helper::{NetworkPlan, Plan, Strategy};
use libc::c_long;

use super::kernel::Instruction;

const LOAD: u16 = 0x20;
const JUMP: u16 = 0x05;
const JUMP_EQUAL: u16 = 0x15;
const JUMP_AT_LEAST: u16 = 0x35;
const JUMP_ANY_BIT: u16 = 0x45;
const AND: u16 = 0x54;
const RETURN: u16 = 0x06;

const ALLOW: u32 = 0x7fff_0000;
const KILL: u32 = 0x8000_0000;
const ERRNO: u32 = 0x0005_0000;

const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;

#[cfg(target_arch = "x86_64")]
const NATIVE: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const NATIVE: u32 = 0xc000_00b7;

/// Calls from this number on are newer than this filter: as if the kernel did not have them.
const UNKNOWN: u32 = 467;

/// Set in a mode: the file runs as its owner or group.
const SET_ID: u32 = 0o6000;

/// CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET.
const NEW_NAMESPACES: u32 = 0x7e02_0000;
/// CLONE_NEWTIME, which for clone would be part of a signal's number.
const NEW_TIME: u32 = 0x80;

const F_SETLEASE: u32 = 1024;

/// Connects and sends at once: Landlock is not asked about that.
const MSG_FASTOPEN: u32 = 0x2000_0000;

const AF_UNIX: u32 = 1;
const AF_INET: u32 = 2;
const AF_INET6: u32 = 10;
const AF_NETLINK: u32 = 16;

const SOCK_STREAM: u32 = 1;
const SOCK_SEQPACKET: u32 = 5;
/// The other bits beside a type are flags.
const SOCKET_TYPE: u32 = 0xf;

const EPERM: u32 = libc::EPERM.unsigned_abs();
const ENOSYS: u32 = libc::ENOSYS.unsigned_abs();
const EACCES: u32 = libc::EACCES.unsigned_abs();
const EAFNOSUPPORT: u32 = libc::EAFNOSUPPORT.unsigned_abs();
const EPROTONOSUPPORT: u32 = libc::EPROTONOSUPPORT.unsigned_abs();
const EOPNOTSUPP: u32 = libc::EOPNOTSUPP.unsigned_abs();

/// Refused whatever the arguments: privileged, or a wide surface, or a way round the rest.
const NOT_PERMITTED: &[c_long] = &[
    libc::SYS_acct,
    libc::SYS_add_key,
    libc::SYS_bpf,
    libc::SYS_chroot,
    libc::SYS_clock_adjtime,
    libc::SYS_clock_settime,
    libc::SYS_delete_module,
    libc::SYS_fanotify_init,
    libc::SYS_finit_module,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fsopen,
    libc::SYS_fspick,
    libc::SYS_init_module,
    libc::SYS_kexec_file_load,
    libc::SYS_kexec_load,
    libc::SYS_keyctl,
    libc::SYS_lookup_dcookie,
    libc::SYS_mount,
    libc::SYS_mount_setattr,
    libc::SYS_move_mount,
    libc::SYS_nfsservctl,
    libc::SYS_open_by_handle_at,
    libc::SYS_open_tree,
    libc::SYS_perf_event_open,
    libc::SYS_pivot_root,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_reboot,
    libc::SYS_request_key,
    libc::SYS_setdomainname,
    libc::SYS_sethostname,
    libc::SYS_setns,
    libc::SYS_settimeofday,
    libc::SYS_swapoff,
    libc::SYS_swapon,
    libc::SYS_syslog,
    libc::SYS_umount2,
    libc::SYS_userfaultfd,
    libc::SYS_vhangup,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ioperm,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_iopl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_uselib,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ustat,
];

/// As if the kernel did not have them: programs go on with what they used before these.
const NOT_THERE: &[c_long] = &[
    // Its flags and modes lie in memory, where a filter cannot look.
    libc::SYS_clone3,
    libc::SYS_openat2,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_io_uring_setup,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_modify_ldt,
];

/// Objects of the machine that only a namespace keeps apart.
const SHARED_OBJECTS: &[c_long] = &[
    libc::SYS_mq_open,
    libc::SYS_msgget,
    libc::SYS_semget,
    libc::SYS_shmget,
];

/// How a process is scheduled. Which processors it may use is not among them: threads are bound to those by their numbers.
const SCHEDULING: &[c_long] = &[
    libc::SYS_sched_setattr,
    libc::SYS_sched_setparam,
    libc::SYS_sched_setscheduler,
];

/// Calls with a mode of a file, and which argument it is. Those that make a directory are not among them: the kernel takes no
/// set-id bits from their mode.
const MODES: &[(c_long, u32)] = &[
    (libc::SYS_fchmod, 1),
    (libc::SYS_fchmodat, 2),
    (libc::SYS_fchmodat2, 2),
    (libc::SYS_mknodat, 2),
    (libc::SYS_openat, 3),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_chmod, 1),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_creat, 1),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_mknod, 1),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_open, 2),
];

/// The filter of a plan.
pub fn program(plan: &Plan) -> Vec<Instruction> {
    let mut blocks = blocks(plan);
    blocks.sort_by_key(|(number, _)| *number);
    let mut out = vec![
        load(ARCHITECTURE),
        jump(JUMP_EQUAL, NATIVE, 1, 0),
        give(KILL),
        load(NUMBER),
        // The x32 calls have numbers far above, so they end here too.
        jump(JUMP_AT_LEAST, UNKNOWN, 0, 1),
        refuse(ENOSYS),
    ];
    search(&blocks, &mut out);
    out
}

type Block = (u32, Vec<Instruction>);

fn blocks(plan: &Plan) -> Vec<Block> {
    let plain = plan.strategy == Strategy::Plain;
    let mut blocks = Vec::with_capacity(96);
    let mut add = |number: c_long, block: Vec<Instruction>| {
        if let Ok(number) = u32::try_from(number) {
            blocks.push((number, block));
        }
    };
    for number in NOT_PERMITTED {
        add(*number, vec![refuse(EPERM)]);
    }
    for number in NOT_THERE {
        add(*number, vec![refuse(ENOSYS)]);
    }
    if plain {
        for number in SHARED_OBJECTS {
            add(*number, vec![refuse(ENOSYS)]);
        }
    }
    for (number, argument) in MODES {
        add(*number, refuse_bits(*argument, SET_ID));
    }
    if plan.limits.file_bytes > 0 {
        // Space taken without a write is not counted as written; callers go on with writes.
        add(libc::SYS_fallocate, vec![refuse(EOPNOTSUPP)]);
    }
    // Of itself only: limits of the process that watches would blind it.
    add(libc::SYS_prlimit64, allow_only(0, &[0], EPERM));
    add(libc::SYS_clone, refuse_bits(0, NEW_NAMESPACES));
    add(libc::SYS_unshare, refuse_bits(0, NEW_NAMESPACES | NEW_TIME));
    add(
        libc::SYS_personality,
        allow_only(0, &[0, 8, 0x2_0000, 0x2_0008, 0x4_0000, u32::MAX], EPERM),
    );
    // Leases: who opens such a file waits for its holder, the host too.
    add(libc::SYS_fcntl, refuse_values(1, &[F_SETLEASE], EPERM));
    if plain {
        for number in [libc::SYS_setpriority, libc::SYS_ioprio_set] {
            add(number, own_priority());
        }
        for number in SCHEDULING {
            add(*number, allow_only(0, &[0], EPERM));
        }
    }
    // Typing into a terminal, and its console's commands.
    let mut commands = vec![0x5412, 0x541c];
    if plain {
        // Flags of a file (immutable, append-only), which Landlock does not hold.
        commands.extend([0x4008_6602, 0x4004_6602, 0x401c_5820]);
    }
    if plan.limits.file_bytes > 0 {
        // FS_IOC_RESVSP, FS_IOC_RESVSP64, FS_IOC_ZERO_RANGE: fallocate by another name.
        commands.extend([0x4030_5828, 0x4030_582a, 0x4030_5839]);
    }
    add(libc::SYS_ioctl, refuse_values(1, &commands, EPERM));
    let datagrams = !plain || plan.network == NetworkPlan::Full;
    add(libc::SYS_socketpair, pairs(datagrams));
    add(libc::SYS_socket, sockets(plain, plan.network));
    if plain && matches!(plan.network, NetworkPlan::Proxy(_)) {
        for (number, flags) in [
            (libc::SYS_sendto, 3),
            (libc::SYS_sendmsg, 2),
            (libc::SYS_sendmmsg, 3),
        ] {
            add(number, refuse_bits(flags, MSG_FASTOPEN));
        }
    }
    blocks
}

/// Of the calling process and its group, not of another or of all of a user's. Which processes are meant stands first, from 0 for one
/// or from 1, and who it is stands second.
fn own_priority() -> Vec<Instruction> {
    vec![
        load(argument(1)),
        jump(JUMP_EQUAL, 0, 1, 0),
        refuse(EPERM),
        load(argument(0)),
        jump(JUMP_AT_LEAST, 2, 0, 1),
        refuse(EPERM),
        give(ALLOW),
    ]
}

/// A pair of datagram sockets can leave each other for any socket of the host that has a path; streams cannot. `SOCK_RAW` is another
/// name of the first.
fn pairs(datagrams: bool) -> Vec<Instruction> {
    let mut block = vec![
        load(argument(0)),
        jump(JUMP_EQUAL, AF_UNIX, 1, 0),
        refuse(EAFNOSUPPORT),
    ];
    if !datagrams {
        block.extend([
            load(argument(1)),
            mask(SOCKET_TYPE),
            jump(JUMP_EQUAL, SOCK_STREAM, 2, 0),
            jump(JUMP_EQUAL, SOCK_SEQPACKET, 1, 0),
            refuse(EACCES),
        ]);
    }
    block.push(give(ALLOW));
    block
}

/// What a socket may be. Families that no namespace holds (vsock, kernel crypto, packets, ...) never.
fn sockets(plain: bool, network: NetworkPlan) -> Vec<Instruction> {
    let route_only = [
        load(argument(2)),
        jump(JUMP_EQUAL, 0, 1, 0),
        refuse(EPROTONOSUPPORT),
        give(ALLOW),
    ];
    // A stream with the protocol of streams: no datagrams, no multipath TCP or SCTP that Landlock does not see.
    let tcp_only = [
        load(argument(1)),
        mask(SOCKET_TYPE),
        jump(JUMP_EQUAL, SOCK_STREAM, 1, 0),
        refuse(EACCES),
        load(argument(2)),
        jump(JUMP_EQUAL, 0, 2, 0),
        jump(JUMP_EQUAL, 6, 1, 0),
        refuse(EACCES),
        give(ALLOW),
    ];
    let mut block = vec![load(argument(0))];
    let mut case = |family: u32, then: &[Instruction]| {
        let length = u8::try_from(then.len()).unwrap_or(u8::MAX);
        block.push(jump(JUMP_EQUAL, family, 0, length));
        block.extend_from_slice(then);
    };
    let internet: &[Instruction] = match (plain, network) {
        (true, NetworkPlan::None) => &[refuse(EACCES)],
        (true, NetworkPlan::Proxy(_)) => &tcp_only,
        _ => &[give(ALLOW)],
    };
    case(AF_INET, internet);
    case(AF_INET6, internet);
    // Where nothing hides the host's sockets, its services would do what the command may not. Pairs are still made.
    let local = if plain && network != NetworkPlan::Full {
        refuse(EACCES)
    } else {
        give(ALLOW)
    };
    case(AF_UNIX, &[local]);
    case(AF_NETLINK, &route_only);
    block.push(refuse(EAFNOSUPPORT));
    block
}

/// A tree over sorted blocks: the number is in the accumulator.
fn search(blocks: &[Block], out: &mut Vec<Instruction>) {
    if blocks.len() > 3 {
        let (left, right) = blocks.split_at(blocks.len() / 2);
        if let Some((middle, _)) = right.first() {
            out.push(jump(JUMP_AT_LEAST, *middle, 0, 1));
            let to_right = out.len();
            out.push(jump(JUMP, 0, 0, 0));
            search(left, out);
            let distance = out.len() - to_right - 1;
            if let Some(instruction) = out.get_mut(to_right) {
                instruction.k = u32::try_from(distance).unwrap_or(0);
            }
            search(right, out);
            return;
        }
    }
    for (number, block) in blocks {
        let length = u8::try_from(block.len()).unwrap_or(u8::MAX);
        out.push(jump(JUMP_EQUAL, *number, 0, length));
        out.extend_from_slice(block);
    }
    out.push(give(ALLOW));
}

fn refuse_bits(which: u32, bits: u32) -> Vec<Instruction> {
    vec![
        load(argument(which)),
        jump(JUMP_ANY_BIT, bits, 0, 1),
        refuse(EPERM),
        give(ALLOW),
    ]
}

fn refuse_values(which: u32, values: &[u32], error: u32) -> Vec<Instruction> {
    by_value(which, values, refuse(error), give(ALLOW))
}

fn allow_only(which: u32, values: &[u32], error: u32) -> Vec<Instruction> {
    by_value(which, values, give(ALLOW), refuse(error))
}

fn by_value(
    which: u32,
    values: &[u32],
    listed: Instruction,
    other: Instruction,
) -> Vec<Instruction> {
    let mut block = vec![load(argument(which))];
    for value in values {
        block.push(jump(JUMP_EQUAL, *value, 0, 1));
        block.push(listed);
    }
    block.push(other);
    block
}

/// The lower half of an argument: the kernel looks at no more of any that is filtered.
fn argument(which: u32) -> u32 {
    16 + 8 * which
}

fn load(offset: u32) -> Instruction {
    jump(LOAD, offset, 0, 0)
}

fn mask(bits: u32) -> Instruction {
    jump(AND, bits, 0, 0)
}

fn refuse(error: u32) -> Instruction {
    give(ERRNO | error)
}

fn give(action: u32) -> Instruction {
    jump(RETURN, action, 0, 0)
}

fn jump(code: u16, k: u32, jt: u8, jf: u8) -> Instruction {
    Instruction { code, jt, jf, k }
}
