//! Landlock: the second lock on files where there is a view of its own, the first where there is none.

use std::ffi::CStr;

use fishplate_sandbox_helper::{NetworkPlan, Plan, Step, Strategy};
use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::kernel::{self, RulesetAttributes};
use super::{Failure, Outcome, root};

const EXECUTE: u64 = 1;
const WRITE_FILE: u64 = 1 << 1;
const READ_FILE: u64 = 1 << 2;
const READ_DIR: u64 = 1 << 3;
const REFER: u64 = 1 << 13;
const TRUNCATE: u64 = 1 << 14;
const IOCTL_DEV: u64 = 1 << 15;
/// All of the first version: the three above, and making and removing of every kind.
const VERSION_1: u64 = (1 << 13) - 1;
const CONNECT_TCP: u64 = 1 << 1;
const BIND_TCP: u64 = 1;
const SCOPES: u64 = 0b11;
/// What a rule on something that is no directory may grant.
const OF_FILES: u64 = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV;
/// Devices that every program may use.
const DEVICES: [&CStr; 7] = [
    c"/dev/null",
    c"/dev/zero",
    c"/dev/full",
    c"/dev/random",
    c"/dev/urandom",
    c"/dev/tty",
    c"/dev/ptmx",
];

/// Makes the ruleset; it holds once it is [`kernel::landlock_restrict`]ed. Paths are opened while that is still allowed.
pub fn ruleset(plan: &Plan) -> Outcome<Option<OwnedFd>> {
    if plan.landlock == 0 {
        return Ok(None);
    }
    make(plan).map(Some).map_err(Failure::at(Step::Landlock))
}

fn make(plan: &Plan) -> kernel::Result<OwnedFd> {
    let version = plan.landlock;
    let mut files = VERSION_1;
    for (since, right) in [(2, REFER), (3, TRUNCATE), (5, IOCTL_DEV)] {
        if version >= since {
            files |= right;
        }
    }
    // Without a network of its own, ports are all that can be told apart.
    let own_network = plan.strategy != Strategy::Plain || plan.network == NetworkPlan::Full;
    let network = if version >= 4 && !own_network {
        CONNECT_TCP | BIND_TCP
    } else {
        0
    };
    let attributes = RulesetAttributes {
        files,
        network,
        scoped: if version >= 6 { SCOPES } else { 0 },
    };
    let size = match version {
        0..=3 => 8,
        4..=5 => 16,
        _ => 24,
    };
    let rules = Rules {
        ruleset: kernel::landlock_ruleset(&attributes, size)?,
        files,
    };
    let read = EXECUTE | READ_FILE | READ_DIR;
    if plan.full_access {
        rules.allow(c"/", files)?;
    }
    for path in &plan.roots {
        rules.allow_opened(root::open(path), files)?;
    }
    if plan.strategy == Strategy::Plain {
        for path in &plan.readable {
            rules.allow(path, read)?;
        }
        for device in DEVICES {
            rules.allow(device, READ_FILE | WRITE_FILE | IOCTL_DEV)?;
        }
        rules.allow(c"/dev/pts", READ_FILE | WRITE_FILE | READ_DIR | IOCTL_DEV)?;
        if !plan.scratch.is_empty() {
            rules.allow(&plan.scratch, files)?;
        }
    } else {
        rules.allow(c"/", read)?;
        rules.allow(c"/proc", READ_FILE | READ_DIR | WRITE_FILE)?;
        rules.allow(
            c"/dev",
            READ_FILE | READ_DIR | WRITE_FILE | TRUNCATE | IOCTL_DEV,
        )?;
        rules.allow(c"/dev/shm", files)?;
        for (path, writable) in &plan.hidden {
            if *writable {
                rules.allow(path, files)?;
            }
        }
    }
    if let (NetworkPlan::Proxy(port), true) = (plan.network, network != 0) {
        kernel::landlock_allow_port(&rules.ruleset, port, CONNECT_TCP)?;
    }
    Ok(rules.ruleset)
}

struct Rules {
    ruleset: OwnedFd,
    files: u64,
}

impl Rules {
    /// Allows what of `access` the kernel knows; a path that is not there, or out of reach, needs no rule.
    fn allow(&self, path: &CStr, access: u64) -> kernel::Result<()> {
        let opened = rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty());
        match opened {
            Err(Errno::LOOP) => Ok(()),
            other => self.allow_opened(other, access),
        }
    }

    fn allow_opened(&self, opened: kernel::Result<OwnedFd>, access: u64) -> kernel::Result<()> {
        let fd = match opened {
            Ok(fd) => fd,
            Err(Errno::NOENT | Errno::ACCESS | Errno::NOTDIR) => return Ok(()),
            Err(error) => return Err(error),
        };
        let access = access & self.files;
        match kernel::landlock_allow_path(&self.ruleset, &fd, access) {
            // No directory: of what was asked for, what files have.
            Err(Errno::INVAL) => kernel::landlock_allow_path(&self.ruleset, &fd, access & OF_FILES),
            // A pipe, a socket or a file of the kernel's own, which no rule can be about.
            Err(Errno::BADFD) => Ok(()),
            other => other,
        }
    }
}
