//! Opening a store: identity, lock, log.

use std::collections::{HashSet, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Condvar, Mutex};

use crate::cache::Cache;
use crate::catalog::Catalog;
use crate::error::{Result, StorageError};
use crate::fill::SegmentFile;
use crate::fork::process_id;
use crate::format::{LOG, Paths, PruneMark, SegmentHeader, StoreId, decode_store, encode_store};
use crate::lock::Lock;
use crate::options::Options;
use crate::record::seed;
use crate::recover::{OpenReport, Tail, mend, read_tail, report};
use crate::roll::create;
use crate::segment::{self, Segment};
use crate::state::{Active, Committer, Inner, State};
use crate::system::{Access, System, read_file, write_durably};

/// A store that was opened, before its threads run.
pub struct Opened {
    /// What it holds.
    pub inner: Inner,
    /// The writer's claim.
    pub lock: Option<Lock>,
    /// What was found.
    pub report: OpenReport,
}

/// What is read of a log.
pub struct Loaded {
    /// Segments; the last with its end.
    pub segments: Vec<Segment>,
    /// Content of the last.
    pub tail: Tail,
    /// First event and segment that are there.
    pub mark: PruneMark,
    /// Segments that a prune left over.
    pub leftovers: Vec<u64>,
}

/// Opens a store.
pub fn open(directory: &Path, options: &Options) -> Result<Opened> {
    options.check()?;
    let system = options.system.clone();
    let directory = &absolute(directory)?;
    let paths = Paths {
        root: directory.clone(),
        log: LOG,
    };
    let network = network_of(&*system, directory)?;
    if let Some(kind) = network.clone().filter(|_| !options.allow_network) {
        return Err(StorageError::NetworkFileSystem {
            path: directory.to_owned(),
            kind,
        });
    }
    if options.read_only {
        open_to_read(system, paths, options)
    } else {
        open_to_write(system, paths, options, network.is_none())
    }
}

/// Where a directory is, also after the process has changed its own: files are opened as long as the store is.
pub fn absolute(directory: &Path) -> Result<PathBuf> {
    std::path::absolute(directory).map_err(|error| StorageError::io("find", directory, &error))
}

/// The network file system of a directory, or of what will hold it.
pub fn network_of(system: &dyn System, directory: &Path) -> Result<Option<String>> {
    let mut path = directory;
    loop {
        match system.network(path) {
            Ok(kind) => return Ok(kind),
            Err(error) if error.kind() == io::ErrorKind::NotFound => match path.parent() {
                Some(parent) => path = parent,
                None => return Ok(None),
            },
            Err(error) => return Err(StorageError::io("open", directory, &error)),
        }
    }
}

fn open_to_read(system: Arc<dyn System>, paths: Paths, options: &Options) -> Result<Opened> {
    let Some(bytes) = read_file(&*system, &paths.store(), 128)? else {
        return Err(StorageError::NotFound { path: paths.root });
    };
    let (id, _) = decode_store(&bytes, &paths.store(), false)?;
    let loaded = load_beside_writer(&*system, &paths, &id)?;
    let found = report(
        &loaded.tail,
        loaded
            .segments
            .last()
            .map_or(0, |segment| segment.header.number),
    );
    let inner = inner(system, paths, options, id, loaded, None);
    Ok(Opened {
        inner,
        lock: None,
        report: found,
    })
}

/// Reads a log that may change meanwhile: what looks damaged is looked at again.
pub fn load_beside_writer(system: &dyn System, paths: &Paths, id: &StoreId) -> Result<Loaded> {
    let mut attempt = 0;
    loop {
        match load(system, paths, id, false) {
            Err(
                StorageError::Corruption { .. }
                | StorageError::Io {
                    kind: io::ErrorKind::NotFound,
                    ..
                },
            ) if attempt < 5 => {
                attempt += 1;
                std::thread::sleep(std::time::Duration::from_millis(2 << attempt));
            }
            loaded => return loaded,
        }
    }
}

/// Reads the prune mark, the segments and the content of the last.
pub fn load(system: &dyn System, paths: &Paths, id: &StoreId, writes: bool) -> Result<Loaded> {
    let mark = segment::read_mark(system, paths, id)?;
    let mut listing = segment::load(system, paths, id, mark, writes)?;
    let missing = || StorageError::corrupt(1, 0, "the store has no segments");
    let last = listing.segments.last_mut().ok_or_else(missing)?;
    let number = last.header.number;
    let path = paths.segment(number);
    let (file, _) = segment::open(system, paths, number, Access::Read)
        .map_err(|error| StorageError::io("read", &path, &error))?;
    let tail = read_tail(&*file, last, paths)?;
    if let Some(problem) = tail.catalog.broken() {
        return Err(StorageError::corrupt(number, tail.position.offset, problem));
    }
    last.end = tail.position.offset;
    last.sealed = tail.sealed;
    last.states = if tail.sealed { tail.seal.states } else { 0 };
    last.marks.clone_from(&tail.seal.marks);
    Ok(Loaded {
        segments: listing.segments,
        tail,
        mark,
        leftovers: listing.leftovers,
    })
}

/// The shared part of a handle.
pub fn inner(
    system: Arc<dyn System>,
    paths: Paths,
    options: &Options,
    id: StoreId,
    loaded: Loaded,
    active: Option<Active>,
) -> Inner {
    let state = State {
        segments: loaded.segments,
        catalog: loaded.tail.catalog,
        position: loaded.tail.position,
        handed: loaded.tail.position.next - 1,
        time: loaded.tail.time,
        keeps_times: false,
        active,
        poisoned: None,
        closed: false,
        waiters: VecDeque::new(),
        expected: 1,
        wake_at: 1,
        committer: Committer::Busy,
        sleepers: 0,
        committing: false,
        watchers: Vec::new(),
        next_watcher: 0,
        filler: None,
    };
    Inner {
        system,
        paths,
        options: options.clone(),
        id,
        pid: process_id(),
        before: AtomicU64::new(loaded.mark.before),
        first_segment: AtomicU64::new(loaded.mark.segment),
        state: Mutex::new(state),
        commit: Condvar::new(),
        changed: Condvar::new(),
        checkpoints: Mutex::new(()),
        cache: Mutex::new(Cache::default()),
    }
}

fn open_to_write(
    system: Arc<dyn System>,
    paths: Paths,
    options: &Options,
    local: bool,
) -> Result<Opened> {
    let fail = |error: io::Error| StorageError::io("create", &paths.root, &error);
    system.create_directory(&paths.root).map_err(fail)?;
    let lock = Lock::take(&system, &paths, local)?;
    finish_salvage(&*system, &paths)?;
    let stored = read_file(&*system, &paths.store(), 128)?;
    let created = stored.is_none();
    let id = match stored {
        Some(bytes) => decode_store(&bytes, &paths.store(), true)?.0,
        None => make(&*system, &paths, options)?,
    };
    let loaded = load(&*system, &paths, &id, true)?;
    // First, since mending may need their room.
    remove_leftovers(&*system, &paths, &loaded);
    let (found, active) = ready(&*system, &paths, options, &loaded)?;
    let inner = inner(system, paths, options, id, loaded, Some(active));
    let sealed = {
        let mut state = inner
            .state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let (sealed, next) = (
            state.segments.last().is_some_and(|segment| segment.sealed),
            state.segment() + 1,
        );
        if sealed {
            state.begin(&inner, next)
        } else {
            Ok(())
        }
    };
    sealed?;
    Ok(Opened {
        inner,
        lock: Some(lock),
        report: OpenReport { created, ..found },
    })
}

/// Mends the last segment and opens it for writing.
fn ready(
    system: &dyn System,
    paths: &Paths,
    options: &Options,
    loaded: &Loaded,
) -> Result<(OpenReport, Active)> {
    let Some(last) = loaded.segments.last() else {
        return Err(StorageError::corrupt(1, 0, "the store has no segments"));
    };
    let number = last.header.number;
    let path = paths.segment(number);
    let fail = |error: io::Error| StorageError::io("open", &path, &error);
    let (file, _) = segment::open(system, paths, number, Access::Write).map_err(fail)?;
    let found = mend(system, paths, &file, last, &loaded.tail)?;
    let length = file.len().map_err(fail)?;
    let ahead = system.open(&path, Access::Write).map_err(fail)?;
    let active = Active {
        file: Arc::new(SegmentFile::new(file, ahead, length, options.segment_bytes)),
        seed: seed(&last.header.id, number),
        written: last.end,
        synced: last.end,
        is_synced: false,
        buffer: Vec::new(),
        seal: loaded.tail.seal.clone(),
    };
    Ok((found, active))
}

/// Makes a store: the log first, the identity last.
fn make(system: &dyn System, paths: &Paths, options: &Options) -> Result<StoreId> {
    let log = paths.log();
    let fail = |error: io::Error| StorageError::io("create", &log, &error);
    match segment::numbers(system, paths)?.as_slice() {
        [] => {}
        [1] if is_unused(system, paths)? => system.remove(&paths.segment(1)).map_err(fail)?,
        _ => return Err(StorageError::corrupt(0, 0, "the file STORE is missing")),
    }
    system.create_directory(&log).map_err(fail)?;
    system.sync_directory(&paths.root).map_err(fail)?;
    if let Some(parent) = paths
        .root
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
    {
        system.sync_directory(parent).map_err(fail)?;
    }
    let mut id = [0; 16];
    system.random(&mut id).map_err(fail)?;
    let header = SegmentHeader {
        id,
        number: 1,
        first: 1,
        created: system.now(),
        previous: 0,
    };
    create(
        system,
        &paths.segment(1),
        &header,
        &Catalog::default(),
        options.segment_bytes,
    )?;
    write_durably(
        system,
        &paths.store(),
        &[&encode_store(&id, header.created)],
    )?;
    Ok(id)
}

/// Whether segment 1 is what an interrupted creation leaves: nothing behind its directory.
fn is_unused(system: &dyn System, paths: &Paths) -> Result<bool> {
    let path = paths.segment(1);
    let fail = |error: io::Error| StorageError::io("read", &path, &error);
    let (file, bytes) = segment::open(system, paths, 1, Access::Read).map_err(fail)?;
    let Ok((header, checksum)) = SegmentHeader::decode(&bytes, 1, &path, true) else {
        return Ok(false);
    };
    let first = Segment {
        header,
        checksum,
        end: 0,
        sealed: false,
        states: 0,
        marks: Vec::new(),
    };
    let tail = read_tail(&*file, &first, paths);
    Ok(tail.is_ok_and(|tail| {
        tail.seal.records == 1
            && tail.position.next == 1
            && tail.ending == crate::scan::Ending::Clean
    }))
}

/// Ends a salvage that was interrupted between its two renames.
pub fn finish_salvage(system: &dyn System, paths: &Paths) -> Result<()> {
    let (salvaged, log) = (paths.salvaged(), paths.log());
    let complete = read_file(system, &salvaged.join("COMPLETE"), 1)?.is_some();
    let fail = |error: io::Error| StorageError::io("finish salvage", &salvaged, &error);
    if complete
        && matches!(system.list(&log), Err(error) if error.kind() == io::ErrorKind::NotFound)
    {
        system.rename(&salvaged, &log).map_err(fail)?;
        system.sync_directory(&paths.root).map_err(fail)?;
        return system.remove(&log.join("COMPLETE")).map_err(fail);
    }
    Ok(())
}

/// Removes what nobody needs. A failure is no reason not to open: the next opener tries again.
fn remove_leftovers(system: &dyn System, paths: &Paths, loaded: &Loaded) {
    for &number in &loaded.leftovers {
        let _ = system.remove(&paths.segment(number));
    }
    let remove_unfinished = |directory: &Path| {
        for name in system.list(directory).unwrap_or_default() {
            if name.ends_with(".tmp") {
                let path: PathBuf = directory.join(&name);
                let _ = system
                    .remove(&path)
                    .or_else(|_| system.remove_directory(&path));
            }
        }
    };
    remove_unfinished(&paths.root);
    remove_unfinished(&paths.log());
    let _ = system.remove(&paths.log().join("COMPLETE"));
    let used: HashSet<&str> = loaded
        .tail
        .catalog
        .checkpoints
        .values()
        .filter_map(|it| it.blob.as_deref())
        .collect();
    for folder in system.list(&paths.blobs()).unwrap_or_default() {
        let folder = paths.blobs().join(folder);
        for name in system.list(&folder).unwrap_or_default() {
            if !used.contains(name.as_str()) {
                let _ = system.remove(&folder.join(name));
            }
        }
    }
}
