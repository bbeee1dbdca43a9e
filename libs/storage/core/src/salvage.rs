//! Making a damaged store usable again, with all that is still valid.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::catalog::{Catalog, Checkpoint};
use crate::error::{Result, StorageError};
use crate::format::{
    LOG, Paths, PruneMark, SALVAGED, SegmentHeader, StoreId, decode_store, encode_mark,
    encode_store,
};
use crate::lock::Lock;
use crate::open::{absolute, finish_salvage, inner, network_of};
use crate::options::Options;
use crate::record::{FLAG_CONTINUES, RECORD_HEADER, RecordHeader, kind};
use crate::recover::Tail;
use crate::roll::create;
use crate::scan::{Ending, Scanner};
use crate::segment::{self, Seal};
use crate::state::{Draft, Inner, State};
use crate::store::Store;
use crate::system::{Access, StoredFile, System, read_file, read_full, write_durably};
use crate::verify::Problem;

/// What salvage kept and lost.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SalvageReport {
    /// Events that were kept.
    pub events: u64,
    /// First and last numbers of events that are missing.
    pub missing: Vec<(u64, u64)>,
    /// Checkpoints that were kept.
    pub checkpoints: u64,
    /// Ids of checkpoints that cannot be decoded any more.
    pub lost_checkpoints: Vec<String>,
    /// Where damage was found.
    pub problems: Vec<Problem>,
    /// Where the old log is now.
    pub quarantined: PathBuf,
}

/// Writes the log of a damaged store anew, with every event and checkpoint that is still valid, and puts the old one into `quarantine/`.
/// Takes as much room as the log while it runs. A crash in between leaves the old log or the new one.
///
/// # Errors
/// [`StorageError::Locked`] while the store is open, [`StorageError::NotFound`] without segments, and those of the system.
pub fn salvage(directory: &Path, options: &Options) -> Result<SalvageReport> {
    options.check()?;
    let system = options.system.clone();
    let directory = &absolute(directory)?;
    let old = Paths {
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
    if system.list(directory).is_err() {
        return Err(StorageError::NotFound { path: old.root });
    }
    let _lock = Lock::take(&system, &old, network.is_none())?;
    finish_salvage(&*system, &old)?;
    let numbers = segment::numbers(&*system, &old)?;
    if numbers.is_empty() {
        return Err(StorageError::NotFound { path: old.root });
    }
    let mut report = SalvageReport::default();
    let id = identity(&*system, &old, &numbers, &mut report)?;
    let mark = segment::read_mark(&*system, &old, &id).unwrap_or_else(|error| {
        report.problems.push(Problem {
            segment: 0,
            offset: 0,
            reason: error.to_string(),
        });
        PruneMark {
            before: 1,
            segment: 1,
        }
    });
    let new = Paths {
        log: SALVAGED,
        ..old.clone()
    };
    if system.list(&new.log()).is_ok() {
        system
            .remove_directory(&new.log())
            .map_err(|error| StorageError::io("clear", &new.log(), &error))?;
    }
    system
        .create_directory(&new.log())
        .map_err(|error| StorageError::io("create", &new.log(), &error))?;
    let target = target(&system, &new, options, id, mark)?;
    let mut copier = Copier {
        alive: Catalog::default(),
        pending: Vec::new(),
        next: mark.before,
        floor: mark.before,
        report,
        before: mark.before,
    };
    {
        let mut state = target.lock()?;
        state.keeps_times = true;
        for &number in &numbers {
            copier.copy(&*system, &old, &target, &mut state, number)?;
        }
        copier.finish(&target, &mut state)?;
    }
    let Copier {
        alive, mut report, ..
    } = copier;
    keep_checkpoints(&system, &old, options, id, &target, &alive, &mut report)?;
    target.lock()?.sync(&target)?;
    write_durably(&*system, &new.log().join("COMPLETE"), &[b"1"])?;
    report.quarantined = replace(&*system, &old, &new, &id, mark)?;
    Ok(report)
}

/// The id of the store, from whatever still tells it.
fn identity(
    system: &dyn System,
    paths: &Paths,
    numbers: &[u64],
    report: &mut SalvageReport,
) -> Result<StoreId> {
    let stored = read_file(system, &paths.store(), 128)?;
    let known = stored.map(|bytes| decode_store(&bytes, &paths.store(), true));
    match known {
        Some(Ok((id, _))) => return Ok(id),
        Some(Err(error @ StorageError::NewerFormat { .. })) => return Err(error),
        _ => report.problems.push(Problem {
            segment: 0,
            offset: 0,
            reason: "the file STORE is missing or damaged".to_owned(),
        }),
    }
    for &number in numbers {
        let path = paths.segment(number);
        let opened = segment::open(system, paths, number, Access::Read);
        let (_, bytes) = opened.map_err(|error| StorageError::io("read", &path, &error))?;
        if let Ok((header, _)) = SegmentHeader::decode(&bytes, number, &path, true) {
            return Ok(header.id);
        }
    }
    Err(StorageError::corrupt(
        0,
        0,
        "neither STORE nor any segment tells the id of the store, without which no record can be checked",
    ))
}

/// A log to write to.
fn target(
    system: &Arc<dyn System>,
    paths: &Paths,
    options: &Options,
    id: StoreId,
    mark: PruneMark,
) -> Result<Inner> {
    // Times of events are kept, so that this one must not be above them.
    let header = SegmentHeader {
        id,
        number: mark.segment,
        first: mark.before,
        created: 0,
        previous: 0,
    };
    let path = paths.segment(mark.segment);
    let (segment, active, position) = create(
        &**system,
        &path,
        &header,
        &Catalog::default(),
        options.segment_bytes,
    )?;
    let tail = Tail {
        position,
        catalog: Catalog::default(),
        time: 0,
        synced: 0,
        sealed: false,
        seal: Seal::default(),
        ending: Ending::Clean,
        written: 0,
    };
    let loaded = crate::open::Loaded {
        segments: vec![segment],
        tail,
        mark,
        leftovers: Vec::new(),
    };
    Ok(inner(
        system.clone(),
        paths.clone(),
        options,
        id,
        loaded,
        Some(active),
    ))
}

/// A valid record, copied out of its segment.
struct Kept {
    header: RecordHeader,
    stream: String,
    payload: Vec<u8>,
    offset: u64,
}

struct Copier {
    alive: Catalog,
    /// Records of a batch that is not whole yet.
    pending: Vec<Kept>,
    /// Number of the next event, if none is missing.
    next: u64,
    /// Numbers below were certainly given.
    floor: u64,
    report: SalvageReport,
    before: u64,
}

impl Copier {
    fn copy(
        &mut self,
        system: &dyn System,
        paths: &Paths,
        target: &Inner,
        state: &mut State,
        number: u64,
    ) -> Result<()> {
        let path = paths.segment(number);
        let fail = |error: io::Error| StorageError::io("read", &path, &error);
        let (file, bytes) = segment::open(system, paths, number, Access::Read).map_err(fail)?;
        match SegmentHeader::decode(&bytes, number, &path, true) {
            Ok((header, _)) => self.floor = self.floor.max(header.first),
            Err(error @ StorageError::NewerFormat { .. }) => return Err(error),
            Err(error) => self.damage(number, 0, error.to_string()),
        }
        let length = file.len().map_err(fail)?;
        let mut scanner = Scanner::new(&*file, &target.id, number, length);
        let mut offset = crate::format::HEADER_BYTES as u64;
        while let Some((found, header)) = scanner.next_valid(offset).map_err(fail)? {
            if found > offset {
                self.damage(number, offset, "no valid record".to_owned());
                self.pending.clear();
            }
            offset = found + header.total() as u64;
            let kept = read_record(&*file, header, found).map_err(fail)?;
            let continues = header.flags & FLAG_CONTINUES != 0;
            let fits = self.pending.last().is_some_and(|last| {
                last.header.checksum == header.previous && last.header.batch == header.batch + 1
            });
            if !continues || !fits {
                self.pending.clear();
            }
            if continues && !fits {
                self.damage(
                    number,
                    found,
                    "the batch of the record is not whole".to_owned(),
                );
                continue;
            }
            self.pending.push(kept);
            if header.batch == 0 {
                self.keep(target, state, number)?;
            }
        }
        if scanner.written_end(offset).map_err(fail)? > offset {
            self.damage(number, offset, "no valid record".to_owned());
        }
        self.pending.clear();
        Ok(())
    }

    fn damage(&mut self, segment: u64, offset: u64, reason: String) {
        self.report.problems.push(Problem {
            segment,
            offset,
            reason,
        });
    }

    /// Writes the events of a whole batch, and notes what else it says.
    fn keep(&mut self, target: &Inner, state: &mut State, number: u64) -> Result<()> {
        let batch = std::mem::take(&mut self.pending);
        let mut events = Vec::with_capacity(batch.len());
        for kept in &batch {
            if kept.header.kind != kind::EVENT {
                if let Err(reason) =
                    self.alive
                        .apply(kept.header.kind, &kept.payload, number, kept.offset)
                {
                    self.damage(number, kept.offset, reason);
                }
                continue;
            }
            if kept.header.seq < self.next {
                continue;
            }
            if kept.header.seq > self.next {
                self.report.missing.push((self.next, kept.header.seq - 1));
            }
            let jump = (kept.header.seq > self.next).then_some(kept.header.seq);
            self.next = kept.header.seq + 1;
            state.time = state.time.max(kept.header.time);
            events.push((jump, kept));
        }
        let payloads: Vec<[&[u8]; 1]> = events
            .iter()
            .map(|(_, kept)| [kept.payload.as_slice()])
            .collect();
        let with_payloads = events.iter().zip(&payloads);
        let drafts: Vec<Draft<'_>> = with_payloads
            .map(|((jump, kept), payload)| Draft {
                jump: *jump,
                ..Draft::new(kind::EVENT, &kept.stream, payload)
            })
            .collect();
        if !drafts.is_empty() {
            self.report.events += drafts.len() as u64;
            state.push_timed(target, &drafts)?;
            if state.is_full() {
                state.write_out(target)?;
            }
        }
        Ok(())
    }

    /// Makes sure that numbers which were given are not given again.
    fn finish(&mut self, target: &Inner, state: &mut State) -> Result<()> {
        if self.floor > self.next {
            self.report.missing.push((self.next, self.floor - 1));
            let number = state.segment();
            state.seal(target)?;
            state.position.next = self.floor;
            state.begin(target, number + 1)?;
        }
        let branches: Vec<Vec<u8>> = self
            .alive
            .branches
            .values()
            .map(|branch| serde_json::to_vec(branch).unwrap_or_default())
            .collect();
        for json in &branches {
            state.push(target, &[Draft::new(kind::BRANCH, "", &[json])])?;
        }
        self.report.missing.retain(|&(_, last)| last >= self.before);
        state.sync(target)
    }
}

fn read_record(file: &dyn StoredFile, header: RecordHeader, offset: u64) -> io::Result<Kept> {
    let mut bytes = vec![0; header.total()];
    read_full(file, &mut bytes, offset)?;
    let range = header.payload_range();
    let stream = bytes.get(RECORD_HEADER..range.start).unwrap_or_default();
    let stream = String::from_utf8_lossy(stream).into_owned();
    let payload = bytes.get(range).unwrap_or_default().to_vec();
    Ok(Kept {
        header,
        stream,
        payload,
        offset,
    })
}

/// Copies the checkpoints that can still be decoded, bases first.
fn keep_checkpoints(
    system: &Arc<dyn System>,
    old: &Paths,
    options: &Options,
    id: StoreId,
    target: &Inner,
    alive: &Catalog,
    report: &mut SalvageReport,
) -> Result<()> {
    let source = reader(system, old, options, id, target)?;
    let mut order: Vec<&Checkpoint> = alive.checkpoints.values().collect();
    order.sort_by_key(|checkpoint| checkpoint.depth);
    let mut kept = BTreeSet::new();
    let mut state = target.lock()?;
    for checkpoint in order {
        let has_base = checkpoint
            .base
            .as_ref()
            .is_none_or(|base| kept.contains(base));
        let whole = has_base && source.load(alive, checkpoint).is_ok();
        let inline = match (&checkpoint.blob, checkpoint.segment, checkpoint.offset) {
            (Some(_), _, _) => Some(Vec::new()),
            (None, Some(segment), Some(offset)) => source.inner.read_inline(segment, offset).ok(),
            _ => None,
        };
        let Some(inline) = inline.filter(|_| whole) else {
            report.lost_checkpoints.push(checkpoint.id.clone());
            continue;
        };
        let moved = Checkpoint {
            segment: None,
            offset: None,
            ..checkpoint.clone()
        };
        let json = serde_json::to_vec(&moved).unwrap_or_default();
        let length = u32::try_from(json.len()).unwrap_or(u32::MAX).to_le_bytes();
        state.push(
            target,
            &[Draft::new(
                kind::CHECKPOINT,
                &checkpoint.stream,
                &[&length, &json, &inline],
            )],
        )?;
        kept.insert(checkpoint.id.clone());
        report.checkpoints += 1;
    }
    Ok(())
}

/// A handle that only loads checkpoints, from the old log.
fn reader(
    system: &Arc<dyn System>,
    old: &Paths,
    options: &Options,
    id: StoreId,
    target: &Inner,
) -> Result<Store> {
    let options = Options {
        read_only: true,
        ..options.clone()
    };
    let state = target.lock()?;
    let tail = Tail {
        position: state.position,
        catalog: Catalog::default(),
        time: 0,
        synced: 0,
        sealed: false,
        seal: Seal::default(),
        ending: Ending::Clean,
        written: 0,
    };
    let loaded = crate::open::Loaded {
        segments: Vec::new(),
        tail,
        mark: PruneMark {
            before: 1,
            segment: 1,
        },
        leftovers: Vec::new(),
    };
    Ok(Store::without_threads(inner(
        system.clone(),
        old.clone(),
        &options,
        id,
        loaded,
        None,
    )))
}

/// Puts the new log in the place of the old one.
fn replace(
    system: &dyn System,
    old: &Paths,
    new: &Paths,
    id: &StoreId,
    mark: PruneMark,
) -> Result<PathBuf> {
    let quarantine = old.quarantine();
    let fail = |error: io::Error| StorageError::io("replace", &old.log(), &error);
    system.create_directory(&quarantine).map_err(fail)?;
    write_durably(system, &old.store(), &[&encode_store(id, system.now())])?;
    write_durably(system, &old.mark(), &[&encode_mark(id, mark)])?;
    let mut time = system.now();
    let names = system.list(&quarantine).map_err(fail)?;
    while names.contains(&format!("log-{time}")) {
        time += 1;
    }
    let kept = quarantine.join(format!("log-{time}"));
    system.rename(&old.log(), &kept).map_err(fail)?;
    system.sync_directory(&old.root).map_err(fail)?;
    system.rename(&new.log(), &old.log()).map_err(fail)?;
    system.sync_directory(&old.root).map_err(fail)?;
    system.sync_directory(&quarantine).map_err(fail)?;
    system.remove(&old.log().join("COMPLETE")).map_err(fail)?;
    Ok(kept)
}
