//! What a container has changed on disk, written down before it is done, so that another process can take it back after this
//! one was killed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::windows::ffi::{OsStrExt, OsStringExt};
use std::os::windows::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::access;
use super::container::{Sid, unregister};

/// One container's journal. The file is open to nobody else as long as the process lives that writes it.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: Option<File>,
    entry: Entry,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Entry {
    container: String,
    /// A directory to remove, in UTF-16.
    scratch: Vec<u16>,
    /// Whose access lists have entries for the container, in UTF-16.
    paths: Vec<Vec<u16>>,
}

impl Journal {
    /// Begins one, before the container is made.
    pub(super) fn begin(container: &str, scratch: &Path) -> io::Result<Self> {
        let folder = folder();
        fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{container}.json"));
        let mut options = OpenOptions::new();
        options
            .read(true)
            .write(true)
            .create_new(true)
            .share_mode(0);
        let file = options.open(&path)?;
        let mut journal = Self {
            path,
            file: Some(file),
            entry: Entry {
                container: container.to_owned(),
                scratch: scratch.as_os_str().encode_wide().collect(),
                paths: Vec::new(),
            },
        };
        journal.write()?;
        Ok(journal)
    }

    /// Writes down whose access lists are about to be changed.
    pub(super) fn will_change<'a>(
        &mut self,
        paths: impl Iterator<Item = &'a Path>,
    ) -> io::Result<()> {
        let paths = paths.map(|path| path.as_os_str().encode_wide().collect());
        self.entry.paths.extend(paths);
        self.write()
    }

    fn write(&mut self) -> io::Result<()> {
        let bytes = serde_json::to_vec(&self.entry).map_err(io::Error::other)?;
        if let Some(file) = &mut self.file {
            file.rewind()?;
            file.write_all(&bytes)?;
            file.set_len(bytes.len() as u64)?;
            file.sync_data()?;
        }
        Ok(())
    }

    /// Takes all of it back. Where that fails, the journal stays for the next process.
    pub(super) fn take_back(&mut self) {
        let undone = self.entry.take_back();
        self.file = None;
        if undone.is_ok() {
            let _ = fs::remove_file(&self.path);
        }
    }

    /// Takes back what processes left that are gone.
    pub(super) fn take_back_what_was_left() {
        let Ok(entries) = fs::read_dir(folder()) else {
            return;
        };
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            // Whose process lives cannot be opened.
            let file = OpenOptions::new()
                .read(true)
                .write(true)
                .share_mode(0)
                .open(&path);
            let Ok(mut file) = file else { continue };
            let mut bytes = Vec::new();
            let entry = match file.read_to_end(&mut bytes) {
                Ok(_) => serde_json::from_slice::<Entry>(&bytes),
                Err(_) => continue,
            };
            // One that was cut short by the end of its process was so before anything was changed.
            if entry.map_or(Ok(()), |entry| entry.take_back()).is_ok() {
                drop(file);
                let _ = fs::remove_file(&path);
            }
        }
    }
}

impl Entry {
    fn take_back(&self) -> io::Result<()> {
        let path = |units: &[u16]| PathBuf::from(std::ffi::OsString::from_wide(units));
        let sid = Sid::of(&self.container)?;
        let mut undone = Ok(());
        // Inner ones first, as they were put in last.
        for changed in self.paths.iter().rev() {
            undone = undone.and(access::take_back(&path(changed), sid.get()));
        }
        let _ = fs::remove_dir_all(path(&self.scratch));
        unregister(&self.container);
        undone
    }
}

/// Of the user, and not of a project.
fn folder() -> PathBuf {
    std::env::var_os("LOCALAPPDATA")
        .map_or_else(std::env::temp_dir, PathBuf::from)
        .join("fishplate")
        .join("sandbox")
}
