//! Large checkpoints in files that are named by their content.

use std::fmt::Write as _;
use std::io;

use sha2::{Digest, Sha256};

use crate::error::{Result, StorageError};
use crate::format::Paths;
use crate::system::{Access, System, read_file, write_durably};

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

/// Writes a blob, unless it is there; its name.
pub fn store(system: &dyn System, paths: &Paths, bytes: &[u8]) -> Result<String> {
    let name = name_of(bytes);
    let path = paths.blob(&name);
    if let Ok(file) = system.open(&path, Access::Read)
        && file.len().is_ok_and(|length| length == bytes.len() as u64)
        && read_file(system, &path, u64::MAX)?.is_some_and(|there| there == bytes)
    {
        return Ok(name);
    }
    let fail = |error: io::Error| StorageError::io("create", &path, &error);
    if let Some(folder) = path.parent()
        && system.list(folder).is_err()
    {
        let blobs = paths.blobs();
        let is_first = system.list(&blobs).is_err();
        system.create_directory(folder).map_err(fail)?;
        if is_first {
            system.sync_directory(&paths.root).map_err(fail)?;
        }
        system.sync_directory(&blobs).map_err(fail)?;
    }
    write_durably(system, &path, &[bytes])?;
    Ok(name)
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
