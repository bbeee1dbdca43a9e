//! Directories that must not become repositories of git while a command runs: what git is told in one, it would run for the
//! person outside. Nothing can stand for their parts, which are ordinary names; so it is undone.

use std::ffi::{CStr, CString};

use fishplate_sandbox_helper::{Plan, Refusal, Report};
use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, RenameFlags, renameat_with, statat};
use rustix::io::Errno;

use super::kernel::channel;
use super::{root, tell};

/// Names that make one.
pub const PARTS: [&CStr; 4] = [c"HEAD", c"objects", c"refs", c"commondir"];

/// Looks at all of them, renames the `HEAD` of those that are repositories now, and tells so. Answers whether there were any.
pub fn undo(plan: &Plan) -> bool {
    let mut found = false;
    for (index, path) in plan.unborn.iter().enumerate() {
        // One that is reached by a link now was not the command's to make.
        let Ok(directory) = root::open(path) else {
            continue;
        };
        if is_repository(&directory) {
            found = true;
            rename_head(&directory);
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            tell(channel(), Report::Refused(Refusal::Repository, index));
        }
    }
    found
}

/// As git sees it, whatever the parts hold.
fn is_repository(directory: &OwnedFd) -> bool {
    let there = |name: &CStr| statat(directory, name, AtFlags::SYMLINK_NOFOLLOW).is_ok();
    there(c"HEAD") && (there(c"commondir") || there(c"objects") && there(c"refs"))
}

/// Nothing is lost: what it held is in a file beside it.
fn rename_head(directory: &OwnedFd) {
    for number in 0..1000 {
        let name = match number {
            0 => "HEAD.refused".to_owned(),
            number => format!("HEAD.refused.{number}"),
        };
        let name = CString::new(name).unwrap_or_default();
        match renameat_with(directory, c"HEAD", directory, &name, RenameFlags::NOREPLACE) {
            Err(Errno::EXIST) => {}
            _ => return,
        }
    }
}
