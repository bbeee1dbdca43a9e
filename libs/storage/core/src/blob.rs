//! Large checkpoints in files that are named by their content.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::{Result, StorageError};
use crate::format::Paths;
use crate::system::{Access, System, read_file, write_full};

/// Folder of blobs that are being written; the next writer that opens the store removes what is left in it.
const UNFINISHED: &str = "unfinished";

/// Name of some bytes: their SHA-256 in hex.
pub fn name_of(bytes: &[u8]) -> String {
    let mut name = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        // Writing to a string cannot fail.
        let _ = write!(name, "{byte:02x}");
    }
    name
}

/// Whether a name is one that [`name_of`] makes; anything else must not become a path.
pub fn is_name(name: &str) -> bool {
    name.len() == 64
        && name
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Writes a blob, unless it is there; its name. Where it is not expected to be there, the name is found while the bytes are written.
pub fn store(system: &dyn System, paths: &Paths, bytes: &[u8], is_known: bool) -> Result<String> {
    if is_known {
        let name = name_of(bytes);
        if is_there(system, &paths.blob(&name), bytes)? {
            return Ok(name);
        }
    }
    make_folders(system, paths)?;
    let mut random = [0; 8];
    let waiting = paths.blobs().join(UNFINISHED);
    let fail = |error: io::Error| StorageError::io("write", &waiting, &error);
    system.random(&mut random).map_err(fail)?;
    let temporary = waiting.join(format!("{:016x}.tmp", u64::from_le_bytes(random)));
    let write = || -> io::Result<_> {
        let file = system.open(&temporary, Access::Create)?;
        write_full(&*file, bytes, 0)?;
        Ok(file)
    };
    let (name, written) = std::thread::scope(|scope| {
        let hashing = std::thread::Builder::new().spawn_scoped(scope, || name_of(bytes));
        let written = write();
        // Without a thread it is done here.
        let name = hashing.ok().and_then(|hashing| hashing.join().ok());
        (name.unwrap_or_else(|| name_of(bytes)), written)
    });
    let file = written.map_err(|error| {
        // On a full disk what is left of it would take the room that is missing.
        let _ = system.remove(&temporary);
        fail(error)
    })?;
    let path = paths.blob(&name);
    let folder = path.parent().unwrap_or(&waiting);
    // Renamed before it is synced: so a journal takes content and name together. Nobody looks for it before the record that names
    // it, which is written when both are on the disk.
    let put = || -> io::Result<()> {
        system.rename(&temporary, &path)?;
        file.sync()?;
        system.sync_directory(folder)
    };
    put().map_err(|error| {
        let _ = system.remove(&path);
        StorageError::io("write", &path, &error)
    })?;
    Ok(name)
}

fn is_there(system: &dyn System, path: &Path, bytes: &[u8]) -> Result<bool> {
    Ok(system
        .open(path, Access::Read)
        .is_ok_and(|file| file.len().is_ok_and(|length| length == bytes.len() as u64))
        && read_file(system, path, u64::MAX)?.is_some_and(|there| there == bytes))
}

/// Makes the folders of all blobs at once, so that no later one waits for the name of its folder.
fn make_folders(system: &dyn System, paths: &Paths) -> Result<()> {
    let blobs = paths.blobs();
    let waiting = blobs.join(UNFINISHED);
    // It is made last.
    if system.list(&waiting).is_ok() {
        return Ok(());
    }
    let make = || -> io::Result<()> {
        for first in 0..=u8::MAX {
            system.create_directory(&blobs.join(format!("{first:02x}")))?;
        }
        system.sync_directory(&paths.root)?;
        system.sync_directory(&blobs)?;
        system.create_directory(&waiting)
    };
    make().map_err(|error| StorageError::io("create", &blobs, &error))
}

/// Takes the name from a blob that no checkpoint needs; the file is the caller's to remove. `None` where there is nothing to do.
pub fn retire(system: &dyn System, paths: &Paths, name: &str) -> Option<PathBuf> {
    let retired = paths.blobs().join(UNFINISHED).join(format!("{name}.tmp"));
    let path = paths.blob(name);
    match system.rename(&path, &retired) {
        Ok(()) => Some(retired),
        Err(_) => {
            // The next opener tries again.
            let _ = system.remove(&path);
            None
        }
    }
}

/// Reads a blob; `None` where there is none.
pub fn load(system: &dyn System, paths: &Paths, name: &str, limit: u64) -> Result<Option<Vec<u8>>> {
    if !is_name(name) {
        return Err(StorageError::corrupt(
            0,
            0,
            format!("{name:?} is not the name of a blob"),
        ));
    }
    read_file(system, &paths.blob(name), limit)
}
