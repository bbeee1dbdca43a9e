//! What a store needs of the machine: files, a clock, randomness, processes. Tests put a simulated disk in its place.

use std::fmt::Debug;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::{Result, StorageError};

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// An existing one, for reading.
    Read,
    /// An existing one that changes no more, for reading; it may be mapped into memory.
    Map,
    /// An existing one, for reading and writing.
    Write,
    /// A new one, or an old one made empty, for reading and writing.
    Create,
}

/// An open file. Offsets and lengths are in bytes.
pub trait StoredFile: Debug + Send + Sync {
    /// Reads at an offset; may read less than asked for, 0 at the end.
    ///
    /// # Errors
    /// Those of the system.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes at an offset; may write less than asked for.
    ///
    /// # Errors
    /// Those of the system.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize>;
    /// Returns when content and length are on the disk.
    ///
    /// # Errors
    /// Those of the system.
    fn sync(&self) -> io::Result<()>;
    /// Cuts or extends the file, with zeros.
    ///
    /// # Errors
    /// Those of the system.
    fn set_len(&self, len: u64) -> io::Result<()>;
    /// Length.
    ///
    /// # Errors
    /// Those of the system.
    fn len(&self) -> io::Result<u64>;
    /// Whether a name leads to it: not once somebody has removed it.
    ///
    /// # Errors
    /// Those of the system.
    fn has_name(&self) -> io::Result<bool> {
        Ok(true)
    }
    /// Whether there is nothing in it.
    ///
    /// # Errors
    /// Those of the system.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
}

/// A process, told apart from later ones with the same number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Process id.
    pub pid: u32,
    /// Start in clock ticks since boot; 0 where the system does not tell.
    pub start: u64,
    /// Name of the machine.
    pub host: String,
    /// Id of this run of the machine; empty where the system does not tell.
    pub boot: String,
    /// Namespace of process ids; empty where the system does not tell.
    pub namespace: String,
}

/// Files, clock, randomness and processes.
pub trait System: Debug + Send + Sync {
    /// Opens a file.
    ///
    /// # Errors
    /// Those of the system.
    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn StoredFile>>;
    /// Renames a file or directory, in place of a file that is there.
    ///
    /// # Errors
    /// Those of the system.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    ///
    /// # Errors
    /// Those of the system.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes a directory with its parents; one that is there is fine.
    ///
    /// # Errors
    /// Those of the system.
    fn create_directory(&self, path: &Path) -> io::Result<()>;
    /// Removes a directory with all that is in it.
    ///
    /// # Errors
    /// Those of the system.
    fn remove_directory(&self, path: &Path) -> io::Result<()>;
    /// Returns when the names in a directory are on the disk.
    ///
    /// # Errors
    /// Those of the system.
    fn sync_directory(&self, path: &Path) -> io::Result<()>;
    /// Names in a directory, in any order.
    ///
    /// # Errors
    /// Those of the system.
    fn list(&self, path: &Path) -> io::Result<Vec<String>>;
    /// Kind of the network file system that a directory is on, if it is on one.
    ///
    /// # Errors
    /// Those of the system.
    fn network(&self, path: &Path) -> io::Result<Option<String>>;
    /// Milliseconds since 1970.
    fn now(&self) -> u64;
    /// Fills with random bytes.
    ///
    /// # Errors
    /// Those of the system.
    fn random(&self, bytes: &mut [u8]) -> io::Result<()>;
    /// This process.
    fn process(&self) -> Process;
    /// Whether a process of this machine, run and namespace is still there.
    fn is_alive(&self, process: &Process) -> bool;
}

/// Fills the buffer as far as the file goes; the number of bytes read.
pub fn read_full(file: &dyn StoredFile, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut done = 0;
    while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, offset + done as u64) {
            Ok(0) => break,
            Ok(count) => done += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

/// Writes all bytes.
pub fn write_full(file: &dyn StoredFile, bytes: &[u8], offset: u64) -> io::Result<()> {
    let mut done = 0;
    while let Some(rest) = bytes.get(done..).filter(|rest| !rest.is_empty()) {
        match file.write_at(rest, offset + done as u64) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => done += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Whole content of a file; `None` where there is none.
pub fn read_file(system: &dyn System, path: &Path, limit: u64) -> Result<Option<Vec<u8>>> {
    let fail = |error: &io::Error| StorageError::io("read", path, error);
    let file = match system.open(path, Access::Read) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(fail(&error)),
    };
    let length = file.len().map_err(|error| fail(&error))?;
    let size = usize::try_from(length.min(limit)).unwrap_or(usize::MAX);
    let mut bytes = vec![0; size];
    let count = read_full(&*file, &mut bytes, 0).map_err(|error| fail(&error))?;
    bytes.truncate(count);
    Ok(Some(bytes))
}

/// Writes a file under another name, syncs it, renames it and syncs its directory.
pub fn write_durably(
    system: &dyn System,
    path: &Path,
    parts: &[&[u8]],
) -> Result<Arc<dyn StoredFile>> {
    let temporary = temporary_of(path);
    let fail = |error: &io::Error| StorageError::io("write", path, error);
    let write = || -> io::Result<Arc<dyn StoredFile>> {
        let file = system.open(&temporary, Access::Create)?;
        let mut offset = 0;
        for part in parts {
            write_full(&*file, part, offset)?;
            offset += part.len() as u64;
        }
        file.sync()?;
        system.rename(&temporary, path)?;
        if let Some(parent) = path.parent() {
            system.sync_directory(parent)?;
        }
        Ok(file)
    };
    write().map_err(|error| {
        // On a full disk what is left of it would take the room that is missing.
        let _ = system.remove(&temporary);
        fail(&error)
    })
}

/// The name of a file that is not finished.
pub fn temporary_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".tmp");
    PathBuf::from(name)
}
