//! Reads the last segment when a store is opened, and mends what a crash left. See `docs/formats/storage.md`.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::catalog::Catalog;
use crate::error::{Result, StorageError};
use crate::format::{FORMAT_VERSION, Paths};
use crate::record::kind;
use crate::scan::{Ending, Found, Position, Scanner};
use crate::segment::{Mark, Seal, Segment};
use crate::system::{StoredFile, System, read_full, write_durably, write_full};

/// How far marks are apart.
const MARK_EVERY: u64 = 256 << 10;

/// What opening a store found and did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenReport {
    /// Whether the store was made.
    pub created: bool,
    /// Last event that was kept; 0 where there is none.
    pub recovered_to: u64,
    /// Bytes that were cut off the end of the log (by a reader: that are passed over).
    pub dropped_bytes: u64,
    /// Why; `None` when nothing was cut.
    pub reason: Option<String>,
    /// Segment that was cut.
    pub segment: u64,
    /// Offset from which it was cut.
    pub offset: u64,
    /// File that keeps what was cut.
    pub quarantined: Option<PathBuf>,
}

/// What the last segment holds.
#[derive(Debug)]
pub struct Tail {
    /// Behind the last whole batch.
    pub position: Position,
    /// What is alive there.
    pub catalog: Catalog,
    /// Of the last record.
    pub time: u64,
    /// The last record says that everything below was synced.
    pub synced: u64,
    /// Whether the segment is sealed.
    pub sealed: bool,
    /// What its seal says, or would say.
    pub seal: Seal,
    /// How it ends.
    pub ending: Ending,
    /// Behind the last byte that is not zero.
    pub written: u64,
}

/// Reads the records of a segment from the beginning.
pub fn read_tail(file: &dyn StoredFile, segment: &Segment, paths: &Paths) -> Result<Tail> {
    let number = segment.header.number;
    let path = paths.segment(number);
    let fail = |error: io::Error| StorageError::io("read", &path, &error);
    let length = file.len().map_err(fail)?;
    let mut scanner = Scanner::new(file, &segment.header.id, number, length);
    let start = Position::start(&segment.header, segment.checksum);
    let mut tail = Tail {
        position: start,
        catalog: Catalog::default(),
        time: segment.header.created,
        synced: 0,
        sealed: false,
        seal: Seal::default(),
        ending: Ending::Clean,
        written: 0,
    };
    let mut position = start;
    let mut batch = Vec::new();
    let reason = loop {
        let record = match scanner.next(&position).map_err(fail)? {
            Found::Record(record) if !tail.sealed => record,
            Found::Record(_) => break Some("a record follows the seal"),
            Found::End => break None,
            Found::Bad(reason) => break Some(reason),
        };
        let header = record.header;
        if header.kind < kind::OPTIONAL && !(kind::EVENT..=kind::BRANCH).contains(&header.kind) {
            return Err(StorageError::NewerFormat {
                path,
                found: FORMAT_VERSION + 1,
                needed: FORMAT_VERSION + 1,
                supported: FORMAT_VERSION,
            });
        }
        if (position == start) != (header.kind == kind::DIRECTORY) {
            return Err(StorageError::corrupt(
                number,
                position.offset,
                "the directory is not the first record",
            ));
        }
        note(
            &mut tail.seal,
            header.kind,
            header.seq,
            header.total(),
            &position,
        );
        if header.kind != kind::EVENT {
            batch.push((header.kind, record.payload.to_vec(), position.offset));
        }
        position = position.after(&header);
        tail.time = header.time;
        tail.synced = header.synced;
        if header.batch == 0 {
            for (record_kind, payload, offset) in batch.drain(..) {
                let applied = tail.catalog.apply(record_kind, &payload, number, offset);
                applied.map_err(|reason| StorageError::corrupt(number, offset, reason))?;
                tail.sealed |= record_kind == kind::SEAL;
            }
            tail.position = position;
        }
    };
    tail.seal.marks.retain(|mark| mark.1 < tail.position.offset);
    if tail.position == start {
        let reason = "the directory at the beginning of the segment is damaged";
        return Err(StorageError::corrupt(number, start.offset, reason));
    }
    tail.ending = scanner
        .judge(tail.position.offset, position.offset, reason)
        .map_err(fail)?;
    if let Ending::Corrupt(reason) = tail.ending {
        return Err(StorageError::corrupt(
            number,
            position.offset,
            format!("{reason}, and valid records follow"),
        ));
    }
    if tail.ending != Ending::Clean {
        tail.written = scanner.written_end(tail.position.offset).map_err(fail)?;
        recount(&mut scanner, segment, &mut tail).map_err(fail)?;
    }
    Ok(tail)
}

/// Takes a record, which stands at a position, into what the seal will say.
pub fn note(seal: &mut Seal, record_kind: u8, seq: u64, total: usize, position: &Position) {
    if record_kind == kind::SEAL {
        return;
    }
    seal.records += 1;
    if record_kind == kind::CHECKPOINT {
        seal.states += total as u64;
    }
    if record_kind != kind::EVENT {
        return;
    }
    // A mark stands before a batch, never within one.
    if position.offset >= seal.marks.last().map_or(0, |mark| mark.1) + MARK_EVERY
        && position.batch == 0
    {
        let mark: Mark = (position.next, position.offset, position.previous);
        seal.marks.push(mark);
    }
    if seal.events == 0 {
        seal.first = seq;
    }
    seal.last = seq;
    seal.events += 1;
}

/// Counts again without the batch that was cut.
fn recount(scanner: &mut Scanner<'_>, segment: &Segment, tail: &mut Tail) -> io::Result<()> {
    let mut seal = Seal::default();
    let mut position = Position::start(&segment.header, segment.checksum);
    tail.synced = 0;
    while position.offset < tail.position.offset {
        let Found::Record(record) = scanner.next(&position)? else {
            break;
        };
        let header = record.header;
        note(
            &mut seal,
            header.kind,
            header.seq,
            header.total(),
            &position,
        );
        tail.time = header.time;
        tail.synced = header.synced;
        position = position.after(&header);
    }
    tail.seal = seal;
    Ok(())
}

/// Tells of a torn tail.
pub fn report(tail: &Tail, segment: u64) -> OpenReport {
    let mut report = OpenReport {
        recovered_to: tail.position.next - 1,
        ..OpenReport::default()
    };
    if let Ending::Torn(reason) = tail.ending {
        report.dropped_bytes = tail.written.saturating_sub(tail.position.offset);
        report.reason = Some(reason.to_owned());
        report.segment = segment;
        report.offset = tail.position.offset;
    }
    report
}

/// Puts a torn tail aside, writes zeros in its place, and makes sure that what is kept is on the disk.
pub fn mend(
    system: &dyn System,
    paths: &Paths,
    file: &Arc<dyn StoredFile>,
    segment: &Segment,
    tail: &Tail,
) -> Result<OpenReport> {
    let number = segment.header.number;
    let path = paths.segment(number);
    let fail = |error: io::Error| StorageError::io("mend", &path, &error);
    let mut report = report(tail, number);
    let cut = tail.position.offset;
    if report.reason.is_some() {
        let bytes = read_range(&**file, cut, tail.written).map_err(fail)?;
        let directory = paths.quarantine();
        system.create_directory(&directory).map_err(fail)?;
        let name = format!("{}-{number:016x}-{cut}.bin", system.now());
        let kept = directory.join(name);
        write_durably(system, &kept, &[&bytes])?;
        report.quarantined = Some(kept);
        write_full(&**file, &vec![0; bytes.len()], cut).map_err(fail)?;
    }
    // Bytes may be in the cache of the system alone, marked as written by a sync that failed before. So they are written anew.
    let mut offset = tail.synced;
    while offset < cut {
        let end = cut.min(offset + (1 << 20));
        let bytes = read_range(&**file, offset, end).map_err(fail)?;
        write_full(&**file, &bytes, offset).map_err(fail)?;
        offset = end;
    }
    file.sync().map_err(fail)?;
    Ok(report)
}

fn read_range(file: &dyn StoredFile, from: u64, to: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(to.saturating_sub(from)).unwrap_or(0)];
    let count = read_full(file, &mut bytes, from)?;
    bytes.truncate(count);
    Ok(bytes)
}
