//! The machine itself, through the standard library.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::system::{Access, Process, StoredFile, System};

/// The operating system.
#[derive(Debug, Default, Clone, Copy)]
pub struct OsSystem;

#[derive(Debug)]
struct OsFile(File);

impl StoredFile for OsFile {
    #[cfg(unix)]
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(&self.0, buffer, offset)
    }

    #[cfg(windows)]
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(&self.0, buffer, offset)
    }

    #[cfg(unix)]
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        std::os::unix::fs::FileExt::write_at(&self.0, bytes, offset)
    }

    #[cfg(windows)]
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_write(&self.0, bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    #[cfg(unix)]
    fn has_name(&self) -> io::Result<bool> {
        Ok(std::os::unix::fs::MetadataExt::nlink(&self.0.metadata()?) > 0)
    }
}

impl System for OsSystem {
    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn StoredFile>> {
        if access == Access::Map {
            return crate::mapped::open(path);
        }
        let mut options = OpenOptions::new();
        options
            .read(true)
            .write(!matches!(access, Access::Read | Access::Map));
        if access == Access::Create {
            options.create(true).truncate(true);
        }
        Ok(Arc::new(OsFile(options.open(path)?)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn create_directory(&self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    fn remove_directory(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir_all(path)
    }

    #[cfg(unix)]
    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    #[cfg(not(unix))]
    fn sync_directory(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(path)? {
            // Names that are not UTF-8 are none of ours.
            if let Ok(name) = entry?.file_name().into_string() {
                names.push(name);
            }
        }
        Ok(names)
    }

    #[cfg(target_os = "linux")]
    fn network(&self, path: &Path) -> io::Result<Option<String>> {
        let magic = rustix::fs::statfs(path)?.f_type;
        #[allow(
            clippy::cast_sign_loss,
            clippy::cast_possible_truncation,
            clippy::unnecessary_cast
        )]
        let magic = magic as u32;
        Ok(network_name(magic).map(str::to_owned))
    }

    /// Not detected here.
    #[cfg(not(target_os = "linux"))]
    fn network(&self, _: &Path) -> io::Result<Option<String>> {
        Ok(None)
    }

    fn now(&self) -> u64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |time| {
                u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
            })
    }

    fn random(&self, bytes: &mut [u8]) -> io::Result<()> {
        getrandom::fill(bytes).map_err(|error| io::Error::other(error.to_string()))
    }

    fn process(&self) -> Process {
        let pid = std::process::id();
        Process {
            pid,
            start: start_of(pid).unwrap_or(0),
            host: host_name(),
            boot: fs::read_to_string("/proc/sys/kernel/random/boot_id")
                .map_or_else(|_| String::new(), |id| id.trim().to_owned()),
            namespace: fs::read_link("/proc/self/ns/pid").map_or_else(
                |_| String::new(),
                |link| link.to_string_lossy().into_owned(),
            ),
        }
    }

    fn is_alive(&self, process: &Process) -> bool {
        if process.start != 0 {
            return match start_of(process.pid) {
                Ok(start) => start == process.start,
                Err(error) => error.kind() != io::ErrorKind::NotFound,
            };
        }
        exists(process.pid)
    }
}

/// Start time of a process, in clock ticks since boot.
fn start_of(pid: u32) -> io::Result<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name in parentheses may hold anything, so count from its end: field 22 is the 20th behind it.
    let fields = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let mut fields = fields.split(' ');
    // A zombie has ended: it writes nothing any more.
    if fields.next() == Some("Z") {
        return Err(io::ErrorKind::NotFound.into());
    }
    fields
        .nth(18)
        .and_then(|field| field.parse().ok())
        .ok_or_else(|| io::ErrorKind::InvalidData.into())
}

#[cfg(unix)]
fn exists(pid: u32) -> bool {
    let Some(pid) = i32::try_from(pid)
        .ok()
        .and_then(rustix::process::Pid::from_raw)
    else {
        return false;
    };
    !matches!(
        rustix::process::test_kill_process(pid),
        Err(rustix::io::Errno::SRCH)
    )
}

/// Without a way to ask, a holder counts as alive.
#[cfg(not(unix))]
fn exists(_: u32) -> bool {
    true
}

#[cfg(unix)]
fn host_name() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}

#[cfg(not(unix))]
fn host_name() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_default()
}

/// Names of file systems that reach over a network, or may, by the magic number of statfs(2).
#[cfg(target_os = "linux")]
fn network_name(magic: u32) -> Option<&'static str> {
    Some(match magic {
        0x6969 => "nfs",
        0x517B => "smb",
        0xFF53_4D42 => "cifs",
        0xFE53_4D42 => "smb2",
        0x0102_1997 => "9p",
        0x5346_414F => "afs",
        0x6B41_4653 => "kafs",
        0x00C3_6400 => "ceph",
        0x7375_7245 => "coda",
        0x564C => "ncp",
        0x6573_5546 => "fuse",
        0x0BD0_0BD0 => "lustre",
        0x0116_1970 => "gfs2",
        0x7461_636F => "ocfs2",
        0x1983_0326 => "fhgfs",
        0x4750_4653 => "gpfs",
        0x2003_0528 => "orangefs",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_alive_and_one_with_another_start_is_not() {
        let process = OsSystem.process();
        assert!(OsSystem.is_alive(&process));
        let other = Process {
            start: process.start + 1,
            ..process
        };
        assert!(!OsSystem.is_alive(&other));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn magic_numbers_are_those_of_the_kernel() {
        assert_eq!(network_name(0x6969), Some("nfs"));
        assert_eq!(network_name(0xEF53), None, "ext4 is local");
        let local = OsSystem.network(&std::env::temp_dir());
        assert!(local.is_ok(), "{local:?}");
    }
}
