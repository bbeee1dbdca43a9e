//! What the processes of a command use now, as `/proc` tells it.

use std::ffi::CString;

use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, Mode, OFlags, RawDir};
use std::mem::MaybeUninit;

/// Descriptors that are looked at in one round.
const DESCRIPTORS: u32 = 16_384;

/// One process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Process {
    pub pid: i32,
    pub parent: i32,
    pub threads: u64,
    /// Of its own and of children that it waited for, in clock ticks.
    pub ticks: u64,
    pub resident_pages: u64,
}

/// All processes that `/proc` shows.
pub fn processes() -> Vec<Process> {
    let mut found = Vec::new();
    let Ok(directory) = open(c"/proc", OFlags::DIRECTORY) else {
        return found;
    };
    let mut space = [MaybeUninit::uninit(); 8192];
    let mut entries = RawDir::new(directory, &mut space);
    while let Some(Ok(entry)) = entries.next() {
        let Ok(pid) = entry.file_name().to_str().unwrap_or_default().parse() else {
            continue;
        };
        if let Some(process) = read(pid, "stat").as_deref().and_then(parse) {
            found.push(process);
        }
    }
    found
}

/// Those that came of `ancestor`.
pub fn descendants(all: &[Process], ancestor: i32) -> Vec<Process> {
    let mut family = vec![ancestor];
    let mut found: Vec<Process> = Vec::new();
    loop {
        let before = found.len();
        for process in all {
            if family.contains(&process.parent) && !family.contains(&process.pid) {
                family.push(process.pid);
                found.push(*process);
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

/// Bytes that a process, and children that it waited for, gave to disks.
pub fn written(pid: i32) -> u64 {
    let text = read(pid, "io").unwrap_or_default();
    field(&text, "write_bytes:").unwrap_or(0)
}

/// What a process holds in memory that is not of files: its share of anonymous memory, and of shared memory, in bytes.
pub fn memory_share(pid: i32) -> (u64, u64) {
    let text = read(pid, "smaps_rollup").unwrap_or_default();
    let kilobytes = |name| field(&text, name).unwrap_or(0) * 1024;
    (kilobytes("Pss_Anon:"), kilobytes("Pss_Shmem:"))
}

/// How many processes a control group lost for want of memory.
pub fn killed_for_memory(file: &OwnedFd) -> u64 {
    let mut bytes = [0; 1024];
    let length = rustix::io::pread(file, &mut bytes, 0).unwrap_or(0);
    let text = std::str::from_utf8(bytes.get(..length).unwrap_or_default()).unwrap_or_default();
    field(text, "oom_kill ").unwrap_or(0)
}

/// Bytes that a file system holds.
pub fn held(place: &OwnedFd) -> u64 {
    rustix::fs::fstatfs(place).map_or(0, |now| {
        let blocks = now.f_blocks.saturating_sub(now.f_bfree);
        blocks * u64::try_from(now.f_bsize).unwrap_or(0)
    })
}

/// Bytes of the System V memory of this namespace, whether or not any process has it mapped.
pub fn segments() -> u64 {
    let Ok(file) = open(c"/proc/sysvipc/shm", OFlags::empty()) else {
        return 0;
    };
    let mut text = Vec::new();
    let mut part = [0; 8192];
    while let Ok(length @ 1..) = rustix::io::read(&file, &mut part) {
        text.extend_from_slice(part.get(..length).unwrap_or_default());
    }
    let text = String::from_utf8_lossy(&text);
    // The last two columns: what is in memory, and what was moved to a disk.
    let bytes = |line: &str| -> u64 {
        let columns = line.split_whitespace().skip(14);
        columns
            .filter_map(|column| column.parse::<u64>().ok())
            .sum()
    };
    text.lines().skip(1).map(bytes).sum()
}

/// Bytes of files that are in memory alone and that processes have open, whether or not any has them mapped.
pub fn open_memory(processes: &[Process]) -> u64 {
    let mut seen: Vec<(u64, u64)> = Vec::new();
    let mut left = DESCRIPTORS;
    for process in processes {
        let path = CString::new(format!("/proc/{}/fd", process.pid)).unwrap_or_default();
        let Ok(directory) = open(&path, OFlags::DIRECTORY) else {
            continue;
        };
        let mut space = [MaybeUninit::uninit(); 8192];
        let mut entries = RawDir::new(&directory, &mut space);
        while let (Some(Ok(entry)), 1..) = (entries.next(), left) {
            left -= 1;
            let name = entry.file_name();
            let mut target = [MaybeUninit::uninit(); 8];
            let Ok((target, _)) = rustix::fs::readlinkat_raw(&directory, name, &mut target[..])
            else {
                continue;
            };
            if !target.starts_with(b"/memfd:") {
                continue;
            }
            if let Ok(found) = rustix::fs::statat(&directory, name, AtFlags::empty()) {
                let blocks = u64::try_from(found.st_blocks).unwrap_or(0);
                if !seen.iter().any(|(inode, _)| *inode == found.st_ino) {
                    seen.push((found.st_ino, blocks * 512));
                }
            }
        }
    }
    seen.iter().map(|(_, bytes)| bytes).sum()
}

/// The number behind a name at the start of a line.
fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

fn parse(stat: &str) -> Option<Process> {
    let pid = stat.split(' ').next()?.parse().ok()?;
    // The name in parentheses may hold anything; what follows the last one does not.
    let rest = stat.get(stat.rfind(')')? + 2..)?;
    let fields: Vec<&str> = rest.split(' ').collect();
    let number = |index: usize| {
        fields
            .get(index)
            .and_then(|field| field.parse::<u64>().ok())
    };
    if matches!(fields.first(), Some(&"Z" | &"X")) {
        // It has ended, and only its parent has not looked yet.
        return Some(Process {
            pid,
            parent: fields.get(1)?.parse().ok()?,
            threads: 1,
            ticks: (11..=14).filter_map(number).sum(),
            resident_pages: 0,
        });
    }
    Some(Process {
        pid,
        parent: fields.get(1)?.parse().ok()?,
        threads: number(17)?,
        ticks: (11..=14).filter_map(number).sum(),
        resident_pages: number(21)?,
    })
}

fn open(path: &std::ffi::CStr, flags: OFlags) -> rustix::io::Result<OwnedFd> {
    rustix::fs::open(
        path,
        OFlags::RDONLY | OFlags::CLOEXEC | flags,
        Mode::empty(),
    )
}

fn read(pid: i32, name: &str) -> Option<String> {
    let path = CString::new(format!("/proc/{pid}/{name}")).ok()?;
    let file = open(&path, OFlags::empty()).ok()?;
    let mut bytes = vec![0; 2048];
    let length = rustix::io::read(&file, &mut bytes).ok()?;
    bytes.truncate(length);
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
