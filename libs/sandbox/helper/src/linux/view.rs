//! The view of files: the host's, read-only, with what the plan lays over it.
//!
//! The namespace is a copy of the host's mounts, so nothing is bound as a whole and no root is changed: one call makes all of
//! it read-only, and what differs is put on top. Writable places are cloned before that call, and so keep what the host had
//! them be. All private directories are parts of one temporary file system.

use std::ffi::{CStr, CString};

use fishplate_sandbox_helper::{Plan, Step, Strategy};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, mkdirat, mknodat, openat, symlinkat};
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MoveMountFlags, OpenTreeFlags, fsconfig_create,
    fsconfig_set_string, fsmount, fsopen, move_mount, open_tree,
};

use super::held::Held;
use super::kernel::{self, MountChange};
use super::opened::Thing;
use super::{Failure, Outcome, hold, root};

const READ_ONLY: u64 = libc::MOUNT_ATTR_RDONLY;
const TAME: u64 = libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV;
const DEVICES: [&CStr; 6] = [c"null", c"zero", c"full", c"random", c"urandom", c"tty"];
/// Names in `/dev` that lead elsewhere.
const DEVICE_LINKS: [(&CStr, &CStr); 5] = [
    (c"fd", c"/proc/self/fd"),
    (c"stdin", c"/proc/self/fd/0"),
    (c"stdout", c"/proc/self/fd/1"),
    (c"stderr", c"/proc/self/fd/2"),
    (c"ptmx", c"pts/ptmx"),
];

/// Builds it in the namespace of this process, whose users are mapped. `held` tells the protected paths once they are known.
pub fn build(plan: &Plan, held: impl FnOnce() -> Vec<Held>) -> Outcome<View<'_>> {
    let old_mask = rustix::process::umask(Mode::empty());
    let built = Builder { plan }.build(held);
    rustix::process::umask(old_mask);
    built.map(|scratch| View { plan, scratch })
}

/// A view that stands.
pub struct View<'a> {
    plan: &'a Plan,
    /// What covers are made of.
    scratch: OwnedFd,
}

impl View<'_> {
    /// Holds what the host has replaced. Answers what was not held until now.
    pub fn hold_again(&self, held: &[Held]) -> kernel::Result<Vec<Thing>> {
        hold::hold_again(&self.scratch, self.plan, held)
    }
}

struct Builder<'a> {
    plan: &'a Plan,
}

/// A tree of mounts that is not anywhere yet, and where it goes.
struct Loose<'a> {
    tree: OwnedFd,
    path: &'a CStr,
}

impl Builder<'_> {
    fn build(&self, held: impl FnOnce() -> Vec<Held>) -> Outcome<OwnedFd> {
        let at = |stage| Failure::within(Step::View, stage);
        let roots = self.clone_roots().map_err(at(1))?;
        let devices = clone_devices().map_err(at(2))?;
        let keep = self.clone_kept().map_err(at(3))?;
        self.close_the_host().map_err(at(4))?;
        let scratch = self.scratch().map_err(at(5))?;
        // Anywhere will do to make it part of this namespace: more goes on top of it.
        attach(&scratch, c"/dev").map_err(at(6))?;
        self.hide(&scratch).map_err(at(7))?;
        mount_devices(&scratch, &devices).map_err(at(8))?;
        self.mount_proc(&scratch).map_err(at(9))?;
        let (below, above): (Vec<_>, Vec<_>) = keep
            .into_iter()
            .partition(|kept| roots.iter().any(|root| is_below(kept.path, root.path)));
        for loose in above.iter().chain(&roots).chain(&below) {
            self.place(loose).map_err(at(10))?;
        }
        for (index, path) in held().iter().enumerate() {
            let detail = 1000 + u32::try_from(index).unwrap_or(0);
            hold::hold(&scratch, path).map_err(at(detail))?;
        }
        for (index, path) in self.plan.deny.iter().enumerate() {
            let detail = 2000 + u32::try_from(index).unwrap_or(0);
            hold::cover(&scratch, path).map_err(at(detail))?;
        }
        Ok(scratch)
    }

    fn clone_roots(&self) -> kernel::Result<Vec<Loose<'_>>> {
        if self.plan.full_access {
            return Ok(Vec::new());
        }
        let clone = |path| {
            let tree = clone_place(path)?;
            let change = MountChange {
                set: TAME,
                private: true,
                ..MountChange::default()
            };
            kernel::change_mount(tree.as_fd(), c"", true, change)?;
            Ok(Loose { tree, path })
        };
        self.plan.roots.iter().map(|path| clone(path)).collect()
    }

    fn clone_kept(&self) -> kernel::Result<Vec<Loose<'_>>> {
        let mut kept = Vec::new();
        for path in &self.plan.keep {
            let tree = match clone_place(path) {
                Err(Errno::NOENT | Errno::ACCESS) => continue,
                other => other?,
            };
            let change = MountChange {
                set: TAME | READ_ONLY,
                private: true,
                ..MountChange::default()
            };
            kernel::change_mount(tree.as_fd(), c"", true, change)?;
            kept.push(Loose { tree, path });
        }
        Ok(kept)
    }

    /// Everything read-only, nothing runs as its owner, no devices; and what the host mounts later does not come in.
    fn close_the_host(&self) -> kernel::Result<()> {
        let set = if self.plan.full_access {
            TAME
        } else {
            TAME | READ_ONLY
        };
        let change = MountChange {
            set,
            private: true,
            ..MountChange::default()
        };
        kernel::change_mount(CWD, c"/", true, change)
    }

    /// The one temporary file system, with the places that are made of it.
    fn scratch(&self) -> kernel::Result<OwnedFd> {
        let size = CString::new(self.plan.limits.tmp_bytes.to_string()).unwrap_or_default();
        let context = fsopen(c"tmpfs", FsOpenFlags::FSOPEN_CLOEXEC)?;
        fsconfig_set_string(&context, c"size", &size)?;
        fsconfig_set_string(&context, c"nr_inodes", c"1048576")?;
        fsconfig_set_string(&context, c"mode", c"0755")?;
        fsconfig_create(&context)?;
        let scratch = fsmount(
            &context,
            FsMountFlags::FSMOUNT_CLOEXEC,
            MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NODEV,
        )?;
        let shared = Mode::from_raw_mode(0o1777);
        let usual = Mode::from_raw_mode(0o755);
        mkdirat(&scratch, c"shm", shared)?;
        mkdirat(&scratch, c"none", Mode::empty())?;
        make_file(scratch.as_fd(), c"nothing")?;
        mkdirat(&scratch, c"empty", usual)?;
        mknodat(&scratch, c"nobody", FileType::Socket, Mode::empty(), 0)?;
        for (index, (_, writable)) in self.plan.hidden.iter().enumerate() {
            let mode = if *writable { shared } else { usual };
            mkdirat(&scratch, place_name(index), mode)?;
        }
        mkdirat(&scratch, c"dev", usual)?;
        let dev = openat(
            &scratch,
            c"dev",
            OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        )?;
        for device in DEVICES {
            make_file(dev.as_fd(), device)?;
        }
        for (name, target) in DEVICE_LINKS {
            symlinkat(target, &dev, name)?;
        }
        mkdirat(&dev, c"pts", usual)?;
        mkdirat(&dev, c"shm", usual)?;
        Ok(scratch)
    }

    /// Lays empty directories over what is hidden.
    fn hide(&self, scratch: &OwnedFd) -> kernel::Result<()> {
        for (index, (path, writable)) in self.plan.hidden.iter().enumerate() {
            let tree = clone_of(scratch, &place_name(index))?;
            attach(&tree, path)?;
            if *writable {
                continue;
            }
            for (link, target) in &self.plan.links {
                if is_below(link, path) {
                    make_parents(link)?;
                    symlinkat(target, CWD, link)?;
                }
            }
        }
        Ok(())
    }

    fn mount_proc(&self, scratch: &OwnedFd) -> kernel::Result<()> {
        let context = fsopen(c"proc", FsOpenFlags::FSOPEN_CLOEXEC)?;
        fsconfig_create(&context)?;
        let flags = MountAttrFlags::MOUNT_ATTR_NOSUID
            | MountAttrFlags::MOUNT_ATTR_NODEV
            | MountAttrFlags::MOUNT_ATTR_NOEXEC
            | MountAttrFlags::MOUNT_ATTR_RDONLY;
        let proc = fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, flags)?;
        attach(&proc, c"/proc")?;
        // Cloned while all of it is read-only.
        let mut closed = Vec::new();
        for path in &self.plan.read_only {
            match clone_tree(path) {
                Ok(tree) => closed.push(Loose { tree, path }),
                Err(Errno::NOENT) => {}
                Err(error) => return Err(error),
            }
        }
        let writable = MountChange {
            clear: READ_ONLY,
            ..MountChange::default()
        };
        kernel::change_mount(proc.as_fd(), c"", false, writable)?;
        self.bound_process_numbers()?;
        for loose in &closed {
            attach(&loose.tree, loose.path)?;
        }
        for path in &self.plan.masks {
            hold::cover(scratch, path)?;
        }
        Ok(())
    }

    /// The kernel's own end to a fork bomb, where it has one for each namespace.
    fn bound_process_numbers(&self) -> kernel::Result<()> {
        let most = self.plan.limits.pid_max;
        if most == 0 {
            return Ok(());
        }
        let flags = OFlags::WRONLY | OFlags::CLOEXEC;
        let file = rustix::fs::open(c"/proc/sys/kernel/pid_max", flags, Mode::empty())?;
        rustix::io::write(&file, most.to_string().as_bytes()).map(drop)
    }

    /// Puts a tree where it goes, which may have to be made where it lies below something hidden.
    fn place(&self, loose: &Loose<'_>) -> kernel::Result<()> {
        let hidden = self.plan.hidden.iter().map(|(path, _)| path.as_c_str());
        let is_hidden = hidden
            .chain([c"/dev/shm"])
            .any(|path| is_below(loose.path, path));
        if is_hidden {
            make_parents(loose.path)?;
            let kind = FileType::from_raw_mode(fstat(&loose.tree)?.st_mode);
            let made = if kind == FileType::Directory {
                mkdirat(CWD, loose.path, Mode::from_raw_mode(0o755))
            } else {
                make_file(CWD, loose.path)
            };
            match made {
                // Below a root that is there already, it is there too.
                Ok(()) | Err(Errno::EXIST | Errno::ROFS) => {}
                Err(error) => return Err(error),
            }
        }
        let place = root::open(loose.path)?;
        let flags =
            MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
        move_mount(&loose.tree, c"", &place, c"", flags)
    }
}

fn clone_devices() -> kernel::Result<Vec<Option<OwnedFd>>> {
    let clone = |name: &&CStr| {
        let path = CString::new([b"/dev/", name.to_bytes()].concat()).unwrap_or_default();
        match clone_tree(&path) {
            Ok(tree) => Ok(Some(tree)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error),
        }
    };
    DEVICES.iter().map(clone).collect()
}

fn mount_devices(scratch: &OwnedFd, devices: &[Option<OwnedFd>]) -> kernel::Result<()> {
    let shm = clone_of(scratch, c"shm")?;
    // From here on what is made of it can be written through none of its mounts but those that have been cloned.
    let change = MountChange {
        set: READ_ONLY,
        ..MountChange::default()
    };
    kernel::change_mount(scratch.as_fd(), c"", false, change)?;
    let dev = clone_of(scratch, c"dev")?;
    let below = |name: &CStr, tree: &OwnedFd| {
        let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
        move_mount(tree, c"", &dev, name, flags)
    };
    attach(&dev, c"/dev")?;
    for (name, tree) in DEVICES.iter().zip(devices) {
        if let Some(tree) = tree {
            below(name, tree)?;
        }
    }
    below(c"shm", &shm)?;
    let context = fsopen(c"devpts", FsOpenFlags::FSOPEN_CLOEXEC)?;
    fsconfig_set_string(&context, c"mode", c"0620")?;
    fsconfig_set_string(&context, c"ptmxmode", c"0666")?;
    fsconfig_create(&context)?;
    let flags = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NOEXEC;
    let terminals = fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, flags)?;
    below(c"pts", &terminals)
}

/// One file or directory, without what is mounted below it.
fn clone_tree(path: &CStr) -> kernel::Result<OwnedFd> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    open_tree(CWD, path, flags)
}

/// A place of the policy with all that is mounted below it.
fn clone_place(path: &CStr) -> kernel::Result<OwnedFd> {
    let place = root::open(path)?;
    let flags = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_EMPTY_PATH
        | OpenTreeFlags::AT_RECURSIVE;
    open_tree(&place, c"", flags)
}

/// A part of the temporary file system, as a mount of its own.
pub fn clone_of(scratch: &OwnedFd, name: &CStr) -> kernel::Result<OwnedFd> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    open_tree(scratch, name, flags)
}

fn attach(tree: &OwnedFd, path: &CStr) -> kernel::Result<()> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
    move_mount(tree, c"", CWD, path, flags)
}

fn make_file(at: BorrowedFd<'_>, name: &CStr) -> kernel::Result<()> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    openat(at, name, flags, Mode::empty()).map(drop)
}

/// Makes the directories above a path, as far as they are missing.
fn make_parents(path: &CStr) -> kernel::Result<()> {
    let bytes = path.to_bytes();
    for (index, byte) in bytes.iter().enumerate().skip(1) {
        if *byte != b'/' {
            continue;
        }
        let parent = bytes.get(..index).unwrap_or_default();
        let parent = CString::new(parent).map_err(|_| Errno::INVAL)?;
        match mkdirat(CWD, &parent, Mode::from_raw_mode(0o755)) {
            Ok(()) | Err(Errno::EXIST | Errno::ROFS) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn place_name(index: usize) -> CString {
    CString::new(format!("place{index}")).unwrap_or_default()
}

/// Whether a path is another, or lies below it.
fn is_below(path: &CStr, above: &CStr) -> bool {
    let (path, above) = (path.to_bytes(), above.to_bytes());
    match path.strip_prefix(above) {
        Some(rest) => rest.is_empty() || rest.starts_with(b"/") || above == b"/",
        None => false,
    }
}

/// Whether a strategy has a view of its own.
pub fn has_view(strategy: Strategy) -> bool {
    strategy != Strategy::Plain
}
