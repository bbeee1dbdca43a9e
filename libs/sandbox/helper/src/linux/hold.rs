//! Mounts upon single paths of the view: upon what is protected itself, upon what is denied something closed. And again, where the
//! host has put another file in the place of one, and the kernel has dropped the mount with it.

use std::ffi::CStr;

use fishplate_sandbox_helper::{PLACEHOLDER_MODE, Plan};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{
    AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags, StatxAttributes, StatxFlags, fstat, statx,
};
use rustix::io::Errno;
use rustix::mount::{MoveMountFlags, OpenTreeFlags, move_mount, open_tree};

use super::held::{Held, Hold};
use super::kernel::{self, MountChange};
use super::opened::Thing;
use super::view::clone_of;

const READ_ONLY: u64 = libc::MOUNT_ATTR_RDONLY;
/// Looks at a path to cover, where it is removed again and again.
const COVER_TRIES: u32 = 100;

/// Holds what has no mount upon it any more. Answers what was not held until now.
pub fn hold_again(scratch: &OwnedFd, plan: &Plan, held: &[Held]) -> kernel::Result<Vec<Thing>> {
    let mut things = Vec::new();
    for one in held {
        let place = match open_plain(&one.path) {
            // Removed again: that will be told too.
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => continue,
            other => other?,
        };
        if is_mounted(&place)? || !is_as_told(one.how, &place)? {
            continue;
        }
        match hold_open(scratch, one.how, &place) {
            Err(Errno::NOENT) => continue,
            other => other?,
        }
        if one.how == Hold::ReadOnly {
            things.push(Thing::of(&place, false)?);
        }
    }
    for path in &plan.deny {
        let place = match rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()) {
            Err(Errno::NOENT | Errno::ACCESS | Errno::NOTDIR | Errno::LOOP) => continue,
            other => other?,
        };
        if is_mounted(&place)? {
            continue;
        }
        match cover_open(scratch, &place) {
            Err(Errno::NOENT) => continue,
            other => other?,
        }
        things.push(Thing::of(&place, true)?);
    }
    Ok(things)
}

/// Whether it is still what was seen outside: where it is not, that is told anew.
fn is_as_told(how: Hold, place: &OwnedFd) -> kernel::Result<bool> {
    let mode = fstat(place)?.st_mode;
    Ok(match how {
        Hold::ReadOnly => true,
        Hold::Place | Hold::Open => FileType::from_raw_mode(mode) == FileType::Directory,
        Hold::Cover => mode & 0o7777 == PLACEHOLDER_MODE,
    })
}

fn is_mounted(place: &OwnedFd) -> kernel::Result<bool> {
    let found = statx(place, c"", AtFlags::EMPTY_PATH, StatxFlags::empty())?;
    Ok(found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
}

/// Mounts a path upon itself, or something empty upon it, following no link on the way to it.
pub fn hold(scratch: &OwnedFd, held: &Held) -> kernel::Result<()> {
    let place = match open_plain(&held.path) {
        // The way to something that is hidden here, or was removed since: nothing is left to be kept in its place.
        Err(Errno::NOENT) if held.how == Hold::Place => return Ok(()),
        other => other?,
    };
    hold_open(scratch, held.how, &place)
}

/// A link at the end is itself.
fn open_plain(path: &CStr) -> kernel::Result<OwnedFd> {
    rustix::fs::openat2(
        CWD,
        path,
        OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC,
        Mode::empty(),
        ResolveFlags::NO_SYMLINKS,
    )
}

fn hold_open(scratch: &OwnedFd, how: Hold, place: &OwnedFd) -> kernel::Result<()> {
    if how == Hold::Cover {
        // Seen from inside it is what it is outside: nothing that git or a copy would take along.
        let kind = FileType::from_raw_mode(fstat(place)?.st_mode);
        let with = if kind == FileType::Directory {
            c"empty"
        } else {
            c"nobody"
        };
        return lay_over(scratch, with, place);
    }
    let flags = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_EMPTY_PATH
        | OpenTreeFlags::AT_RECURSIVE;
    let tree = open_tree(place, c"", flags)?;
    match how {
        Hold::ReadOnly => {
            let change = MountChange {
                set: READ_ONLY,
                ..MountChange::default()
            };
            kernel::change_mount(tree.as_fd(), c"", true, change)?;
        }
        Hold::Open => {
            let change = MountChange {
                clear: READ_ONLY,
                ..MountChange::default()
            };
            match kernel::change_mount(tree.as_fd(), c"", true, change) {
                // The host has it read-only itself.
                Err(Errno::PERM) => {}
                other => other?,
            }
        }
        Hold::Place | Hold::Cover => {}
    }
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    move_mount(&tree, c"", place, c"", flags)
}

/// Covers a path with something empty that nobody may open.
pub fn cover(scratch: &OwnedFd, path: &CStr) -> kernel::Result<()> {
    for _ in 0..COVER_TRIES {
        let place = match rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()) {
            Err(Errno::NOENT | Errno::ACCESS | Errno::NOTDIR | Errno::LOOP) => return Ok(()),
            other => other?,
        };
        match cover_open(scratch, &place) {
            // Removed since it was opened, as sockets are all the time; something else may have come in its place.
            Err(Errno::NOENT) => {}
            other => return other,
        }
    }
    Err(Errno::NOENT)
}

fn cover_open(scratch: &OwnedFd, place: &OwnedFd) -> kernel::Result<()> {
    let kind = FileType::from_raw_mode(fstat(place)?.st_mode);
    let with = if kind == FileType::Directory {
        c"none"
    } else {
        c"nothing"
    };
    lay_over(scratch, with, place)
}

fn lay_over(scratch: &OwnedFd, with: &CStr, place: &OwnedFd) -> kernel::Result<()> {
    let tree = clone_of(scratch, with)?;
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    move_mount(&tree, c"", place, c"", flags)
}
