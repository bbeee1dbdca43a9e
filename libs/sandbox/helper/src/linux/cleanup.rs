//! What is made outside for one run, and removed after it: control groups, and the temporary directory where there is no
//! private one.

use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;

use fishplate_sandbox_helper::{CgroupPlan, LimitKind, Step};
use rustix::fd::OwnedFd;
use rustix::fs::{
    AtFlags, CWD, FileType, Mode, OFlags, RawDir, chmodat, mkdirat, openat, renameat, unlinkat,
};
use rustix::io::Errno;
use rustix::thread::nanosleep;
use rustix::time::Timespec;

use super::{Failure, Outcome, kernel, measure};

/// Directories in directories that are removed where they stand; deeper ones are brought to the top first.
const DEPTH: u32 = 60;

/// Makes the control groups.
pub fn make_cgroups(groups: &[CgroupPlan]) -> Outcome {
    let step = Failure::at(Step::Cgroup);
    for group in groups {
        match mkdirat(CWD, &group.directory, Mode::from_raw_mode(0o755)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(step(error)),
        }
        for (file, value) in &group.settings {
            write_below(&group.directory, file, value.as_bytes()).map_err(&step)?;
        }
    }
    Ok(())
}

/// Opens what takes processes into them.
pub fn open_cgroups(groups: &[CgroupPlan]) -> Outcome<Vec<OwnedFd>> {
    let open = |group: &CgroupPlan| {
        let directory = open_directory(CWD, &group.directory)?;
        let flags = OFlags::WRONLY | OFlags::CLOEXEC;
        openat(&directory, c"cgroup.procs", flags, Mode::empty())
    };
    let opened = groups.iter().map(open).collect::<kernel::Result<_>>();
    opened.map_err(Failure::within(Step::Cgroup, 1))
}

/// Puts this process into them; what it starts comes after it. The kernel asks who opened them, not who writes.
pub fn enter_cgroups(groups: &[OwnedFd]) -> Outcome {
    for group in groups {
        rustix::io::write(group, b"0").map_err(Failure::within(Step::Cgroup, 2))?;
    }
    Ok(())
}

/// Removes them; whether one of their processes was killed for want of memory.
pub fn remove_cgroups(groups: &[CgroupPlan]) -> Option<LimitKind> {
    let mut hit = None;
    for group in groups {
        if !group.kills.is_empty() {
            let flags = OFlags::RDONLY | OFlags::CLOEXEC;
            let file = rustix::fs::open(&group.kills, flags, Mode::empty());
            if file.is_ok_and(|file| measure::killed_for_memory(&file) > 0) {
                hit = Some(LimitKind::Memory);
            }
        }
        // The last process may still be on its way out.
        for _ in 0..500 {
            match unlinkat(CWD, &group.directory, AtFlags::REMOVEDIR) {
                Err(Errno::BUSY) => {
                    let millisecond = Timespec {
                        tv_sec: 0,
                        tv_nsec: 1_000_000,
                    };
                    let _ = nanosleep(&millisecond);
                }
                _ => break,
            }
        }
    }
    hit
}

/// Removes a directory and all in it, following no link.
pub fn remove_tree(path: &CStr) {
    let Ok(top) = open_directory(CWD, path) else {
        return;
    };
    let mut moved = 0;
    // What was brought to the top is removed by the next round.
    loop {
        let before = moved;
        empty(&top, &top, DEPTH, &mut moved);
        if moved == before {
            break;
        }
    }
    let _ = unlinkat(CWD, path, AtFlags::REMOVEDIR);
}

fn empty(directory: &OwnedFd, top: &OwnedFd, depth: u32, moved: &mut u64) {
    let mut names: Vec<(CString, bool)> = Vec::new();
    let mut space = [MaybeUninit::uninit(); 8192];
    let mut entries = RawDir::new(directory, &mut space);
    while let Some(Ok(entry)) = entries.next() {
        if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
            let is_directory = entry.file_type() == FileType::Directory;
            names.push((entry.file_name().to_owned(), is_directory));
        }
    }
    for (name, is_directory) in names {
        if !is_directory && unlinkat(directory, &name, AtFlags::empty()).is_ok() {
            continue;
        }
        let _ = chmodat(directory, &name, Mode::RWXU, AtFlags::empty());
        if depth == 0 {
            *moved += 1;
            let place = CString::new(format!(".fishplate-{moved}")).unwrap_or_default();
            let _ = renameat(directory, &name, top, &place);
        } else if let Ok(inner) = open_directory(directory, &name) {
            empty(&inner, top, depth - 1, moved);
        }
        let _ = unlinkat(directory, &name, AtFlags::REMOVEDIR);
    }
}

fn open_directory<Fd: rustix::fd::AsFd>(at: Fd, name: &CStr) -> kernel::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(at, name, flags, Mode::empty())
}

fn write_below(directory: &CStr, file: &CStr, value: &[u8]) -> kernel::Result<()> {
    let directory = open_directory(CWD, directory)?;
    let file = openat(
        &directory,
        file,
        OFlags::WRONLY | OFlags::CLOEXEC,
        Mode::empty(),
    )?;
    rustix::io::write(&file, value).map(drop)
}
