//! A simulated machine: a disk that loses what was not synced, and fails when told to.

#![allow(dead_code)]

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use fishplate_storage::{Access, Options, Process, StoredFile, System};

const SECTOR: usize = 512;

/// Numbers from a seed (splitmix64).
#[derive(Debug, Clone)]
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }
}

#[derive(Debug, Default, Clone)]
struct Inode {
    /// What the system shows.
    cache: Vec<u8>,
    /// What survives a loss of power.
    disk: Vec<u8>,
}

#[derive(Debug, Clone)]
enum NameChange {
    Link(PathBuf, usize),
    Unlink(PathBuf),
    Rename(PathBuf, PathBuf, usize),
}

#[derive(Debug, Default, Clone)]
struct Disk {
    inodes: Vec<Inode>,
    names: BTreeMap<PathBuf, usize>,
    durable: BTreeMap<PathBuf, usize>,
    /// Not synced yet, in order.
    changes: Vec<NameChange>,
    directories: std::collections::BTreeSet<PathBuf>,
    boot: u64,
    clock: u64,
    random: u64,
    /// Operations until the fault.
    until: Option<u64>,
    fault: Fault,
    capacity: Option<usize>,
    operations: u64,
    network: Option<String>,
}

/// What happens when the count of operations is over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Fault {
    /// Writes fail.
    #[default]
    Write,
    /// Half is written, then an error.
    ShortWrite,
    /// Syncs fail, once; what was not synced is lost.
    Sync,
    /// Nothing works any more: the power is gone.
    Power,
}

/// The machine. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Machine(Arc<Mutex<Disk>>);

#[derive(Debug)]
struct SimFile {
    machine: Machine,
    inode: usize,
    boot: u64,
}

impl Machine {
    pub fn new(seed: u64) -> Self {
        let machine = Self::default();
        {
            let mut disk = machine.0.lock().unwrap();
            disk.random = seed;
            disk.clock = 1_700_000_000_000;
        }
        machine
    }

    pub fn options(&self) -> Options {
        let mut options = Options::default();
        options.system = Arc::new(self.clone());
        options.fill_ahead = false;
        options.segment_bytes = 4096;
        options
    }

    /// Another machine with the same disk.
    pub fn copy(&self) -> Self {
        Self(Arc::new(Mutex::new(self.0.lock().unwrap().clone())))
    }

    pub fn set_clock(&self, time: u64) {
        self.0.lock().unwrap().clock = time;
    }

    pub fn set_network(&self, kind: &str) {
        self.0.lock().unwrap().network = Some(kind.to_owned());
    }

    pub fn set_capacity(&self, bytes: Option<usize>) {
        self.0.lock().unwrap().capacity = bytes;
    }

    pub fn operations(&self) -> u64 {
        self.0.lock().unwrap().operations
    }

    /// Lets the operation after `count` others fail.
    pub fn fail_after(&self, count: u64, fault: Fault) {
        let mut disk = self.0.lock().unwrap();
        disk.until = Some(count);
        disk.fault = fault;
    }

    pub fn heal(&self) {
        self.0.lock().unwrap().until = None;
    }

    /// The process is killed: the system's cache stays, open files and claims are dead.
    pub fn kill(&self) {
        let mut disk = self.0.lock().unwrap();
        disk.until = None;
        disk.boot += 1;
    }

    /// The power fails. Each sector that was not synced is old or new, each name that was not synced too, within one directory in order or not.
    pub fn crash(&self, seed: u64) {
        let mut random = Random(seed);
        let mut disk = self.0.lock().unwrap();
        disk.until = None;
        disk.boot += 1;
        let changes = std::mem::take(&mut disk.changes);
        // Some come in order up to a point, as from a journal; some in any selection.
        let in_order = random.below(2) == 0;
        let point = random.below(changes.len() + 1);
        for (index, change) in changes.into_iter().enumerate() {
            let survives = if in_order {
                index < point
            } else {
                random.below(2) == 0
            };
            if survives {
                apply(&mut disk.durable, &change);
            }
        }
        disk.names = disk.durable.clone();
        let keep_all = random.below(4) == 0;
        let lose_all = random.below(4) == 0;
        for inode in &mut disk.inodes {
            let grown = inode.cache.len() != inode.disk.len();
            let mut after = inode.disk.clone();
            if grown && (keep_all || (!lose_all && random.below(2) == 0)) {
                after.resize(inode.cache.len(), 0);
            }
            for start in (0..after.len()).step_by(SECTOR) {
                let end = (start + SECTOR).min(after.len());
                if keep_all || (!lose_all && random.below(2) == 0) {
                    for (at, byte) in after.iter_mut().enumerate().take(end).skip(start) {
                        *byte = inode.cache.get(at).copied().unwrap_or(0);
                    }
                }
            }
            inode.cache.clone_from(&after);
            inode.disk = after;
        }
    }

    /// Content of a file, to damage it.
    pub fn read(&self, path: &Path) -> Option<Vec<u8>> {
        let disk = self.0.lock().unwrap();
        disk.names
            .get(path)
            .map(|&inode| disk.inodes[inode].cache.clone())
    }

    pub fn overwrite(&self, path: &Path, content: Vec<u8>) {
        let mut disk = self.0.lock().unwrap();
        let inode = disk.names[path];
        disk.inodes[inode] = Inode {
            cache: content.clone(),
            disk: content,
        };
    }

    pub fn delete(&self, path: &Path) {
        let mut disk = self.0.lock().unwrap();
        disk.names.remove(path);
        disk.durable.remove(path);
    }

    pub fn files(&self) -> Vec<PathBuf> {
        self.0.lock().unwrap().names.keys().cloned().collect()
    }

    /// Path of the last segment.
    pub fn last_segment(&self) -> PathBuf {
        let files = self.files();
        files
            .into_iter()
            .rfind(|path| path.extension().is_some_and(|it| it == "seg"))
            .unwrap()
    }
}

fn apply(names: &mut BTreeMap<PathBuf, usize>, change: &NameChange) {
    match change {
        NameChange::Link(path, inode) => {
            names.insert(path.clone(), *inode);
        }
        NameChange::Unlink(path) => {
            names.remove(path);
        }
        NameChange::Rename(from, to, inode) => {
            if names.get(from) == Some(inode) {
                names.remove(from);
            }
            names.insert(to.clone(), *inode);
        }
    }
}

impl Disk {
    fn count(&mut self, what: &[Fault]) -> io::Result<()> {
        self.operations += 1;
        let Some(left) = self.until else {
            return Ok(());
        };
        if left > 0 {
            self.until = Some(left - 1);
            return Ok(());
        }
        if self.fault == Fault::Power || what.contains(&self.fault) {
            if self.fault != Fault::Power {
                self.until = None;
            }
            return Err(io::Error::other("simulated fault"));
        }
        Ok(())
    }
}

impl SimFile {
    fn disk(&self) -> io::Result<std::sync::MutexGuard<'_, Disk>> {
        let disk = self.machine.0.lock().unwrap();
        if disk.boot != self.boot {
            return Err(io::Error::other("the file was opened before the crash"));
        }
        Ok(disk)
    }
}

impl StoredFile for SimFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let disk = self.disk()?;
        let rest = disk.inodes[self.inode]
            .cache
            .get(offset as usize..)
            .unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let mut disk = self.disk()?;
        let counted = disk.count(&[Fault::Write]);
        let short = disk.until == Some(0) && disk.fault == Fault::ShortWrite;
        counted?;
        let count = if short {
            bytes.len().div_ceil(2)
        } else {
            bytes.len()
        };
        if short {
            disk.fault = Fault::Write;
        }
        let end = offset as usize + count;
        // Each file has one name; what has none takes no room.
        let named = disk.names.values();
        let used: usize = named.map(|&inode| disk.inodes[inode].cache.len()).sum();
        let inode = self.inode;
        let grows = end.saturating_sub(disk.inodes[inode].cache.len());
        if disk
            .capacity
            .is_some_and(|capacity| used + grows > capacity)
        {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let cache = &mut disk.inodes[inode].cache;
        if cache.len() < end {
            cache.resize(end, 0);
        }
        cache[offset as usize..end].copy_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn sync(&self) -> io::Result<()> {
        let mut disk = self.disk()?;
        let fails = disk.count(&[Fault::Sync]);
        // As on Linux: the pages stay in the cache, marked clean, but are not on the disk. The next sync of them says yes.
        fails?;
        let inode = &mut disk.inodes[self.inode];
        inode.disk = inode.cache.clone();
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut disk = self.disk()?;
        disk.count(&[Fault::Write])?;
        disk.inodes[self.inode].cache.resize(len as usize, 0);
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.disk()?.inodes[self.inode].cache.len() as u64)
    }
}

impl System for Machine {
    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn StoredFile>> {
        let mut disk = self.0.lock().unwrap();
        let found = disk.names.get(path).copied();
        let inode = match (found, access) {
            (None, Access::Create) => {
                disk.count(&[Fault::Write])?;
                disk.inodes.push(Inode::default());
                let inode = disk.inodes.len() - 1;
                disk.names.insert(path.to_owned(), inode);
                disk.changes.push(NameChange::Link(path.to_owned(), inode));
                inode
            }
            (None, _) => return Err(io::ErrorKind::NotFound.into()),
            (Some(inode), Access::Create) => {
                disk.count(&[Fault::Write])?;
                disk.inodes[inode].cache.clear();
                inode
            }
            (Some(inode), _) => inode,
        };
        Ok(Arc::new(SimFile {
            machine: self.clone(),
            inode,
            boot: disk.boot,
        }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut disk = self.0.lock().unwrap();
        disk.count(&[Fault::Write])?;
        let moved: Vec<(PathBuf, usize)> = disk
            .names
            .range(from.to_owned()..)
            .take_while(|(path, _)| path.starts_with(from))
            .map(|(path, &inode)| (path.clone(), inode))
            .collect();
        if moved.is_empty() && !disk.directories.contains(from) {
            return Err(io::ErrorKind::NotFound.into());
        }
        for (path, inode) in moved {
            let target = if path == from {
                to.to_owned()
            } else {
                to.join(path.strip_prefix(from).unwrap())
            };
            disk.names.remove(&path);
            disk.names.insert(target.clone(), inode);
            disk.changes.push(NameChange::Rename(path, target, inode));
        }
        if disk.directories.remove(from) {
            disk.directories.insert(to.to_owned());
        }
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut disk = self.0.lock().unwrap();
        disk.count(&[Fault::Write])?;
        disk.names.remove(path).ok_or(io::ErrorKind::NotFound)?;
        disk.changes.push(NameChange::Unlink(path.to_owned()));
        Ok(())
    }

    fn create_directory(&self, path: &Path) -> io::Result<()> {
        self.0.lock().unwrap().directories.insert(path.to_owned());
        Ok(())
    }

    fn remove_directory(&self, path: &Path) -> io::Result<()> {
        let mut disk = self.0.lock().unwrap();
        disk.names.retain(|name, _| !name.starts_with(path));
        disk.durable.retain(|name, _| !name.starts_with(path));
        disk.directories.retain(|name| !name.starts_with(path));
        Ok(())
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        let mut disk = self.0.lock().unwrap();
        disk.count(&[Fault::Sync])?;
        let concerns = |name: &Path| {
            name.parent() == Some(path) || name.parent().and_then(Path::parent) == Some(path)
        };
        let (synced, rest) = std::mem::take(&mut disk.changes)
            .into_iter()
            .partition(|change| match change {
                NameChange::Link(name, _)
                | NameChange::Unlink(name)
                | NameChange::Rename(_, name, _) => concerns(name),
            });
        disk.changes = rest;
        let synced: Vec<NameChange> = synced;
        for change in synced {
            apply(&mut disk.durable, &change);
        }
        Ok(())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let disk = self.0.lock().unwrap();
        let mut names: Vec<String> = Vec::new();
        let all = disk.names.keys().chain(&disk.directories);
        for name in all.filter_map(|name| name.strip_prefix(path).ok()) {
            if let Some(first) = name.components().next() {
                names.push(first.as_os_str().to_string_lossy().into_owned());
            }
        }
        names.sort();
        names.dedup();
        if names.is_empty() && !disk.directories.contains(path) {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(names)
    }

    fn network(&self, _: &Path) -> io::Result<Option<String>> {
        Ok(self.0.lock().unwrap().network.clone())
    }

    fn now(&self) -> u64 {
        self.0.lock().unwrap().clock
    }

    fn random(&self, bytes: &mut [u8]) -> io::Result<()> {
        let mut disk = self.0.lock().unwrap();
        let mut random = Random(disk.random);
        for byte in bytes {
            *byte = random.next() as u8;
        }
        disk.random = random.next();
        Ok(())
    }

    fn process(&self) -> Process {
        let boot = self.0.lock().unwrap().boot;
        Process {
            pid: 1000,
            start: 1 + boot,
            host: "simulated".into(),
            boot: format!("boot {boot}"),
            namespace: String::new(),
        }
    }

    fn is_alive(&self, process: &Process) -> bool {
        process.boot == format!("boot {}", self.0.lock().unwrap().boot)
    }
}

/// Size of a test from the environment, or the one for every day.
pub fn size(name: &str, usual: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|value| value.parse().ok())
        .unwrap_or(usual)
}
