//! Segments on the disk: their headers and seals, which are there and which are left over.

use std::io;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::{Result, StorageError};
use crate::format::{
    HEADER_BYTES, Paths, PruneMark, SegmentHeader, StoreId, decode_mark, segment_number, u32_at,
};
use crate::record::{ALIGNMENT, RECORD_HEADER, RecordHeader, kind, seed};
use crate::scan::Position;
use crate::system::{Access, StoredFile, System, read_file, read_full};

const SEAL_MAGIC: &[u8; 4] = b"SEAL";

/// A place in a segment where a replay can begin: number of the next event, offset, checksum before.
pub type Mark = (u64, u64, u32);

/// What a seal says about its segment.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Seal {
    /// First event, 0 without events.
    pub first: u64,
    /// Last event, 0 without events.
    pub last: u64,
    /// Number of events.
    pub events: u64,
    /// Number of records before the seal.
    pub records: u64,
    /// Bytes of the records of checkpoints.
    #[serde(default)]
    pub states: u64,
    /// Where a replay can begin.
    #[serde(default)]
    pub marks: Vec<Mark>,
}

impl Seal {
    /// The payload: JSON, zeros, the size of the record and a magic word, so that it is found from the end of the file.
    pub fn encode(&self) -> Vec<u8> {
        let mut payload = serde_json::to_vec(self).unwrap_or_default();
        let total = (RECORD_HEADER + payload.len() + 8).next_multiple_of(ALIGNMENT);
        payload.resize(total - RECORD_HEADER - 8, 0);
        payload.extend_from_slice(&u32::try_from(total).unwrap_or(u32::MAX).to_le_bytes());
        payload.extend_from_slice(SEAL_MAGIC);
        payload
    }

    /// Reads a payload.
    pub fn decode(payload: &[u8]) -> Option<Self> {
        let json = payload.get(..payload.len().checked_sub(8)?)?;
        let end = json.iter().rposition(|&byte| byte != 0)? + 1;
        serde_json::from_slice(json.get(..end)?).ok()
    }
}

/// What is known of a segment.
#[derive(Debug, Clone)]
pub struct Segment {
    /// Its header.
    pub header: SegmentHeader,
    /// The header's CRC.
    pub checksum: u32,
    /// Up to where it can be read.
    pub end: u64,
    /// Whether nothing will follow.
    pub sealed: bool,
    /// Bytes of the records of checkpoints, once it is sealed.
    pub states: u64,
    /// Where a replay can begin.
    pub marks: Vec<Mark>,
}

impl Segment {
    /// The best place to begin a replay from an event.
    pub fn seek(&self, from: u64) -> Position {
        let index = self.marks.partition_point(|mark| mark.0 <= from);
        match index.checked_sub(1).and_then(|index| self.marks.get(index)) {
            Some(&(next, offset, previous)) => Position {
                offset,
                previous,
                next,
                batch: 0,
            },
            None => Position::start(&self.header, self.checksum),
        }
    }
}

/// Opens a segment and reads its header.
pub fn open(
    system: &dyn System,
    paths: &Paths,
    number: u64,
    access: Access,
) -> io::Result<(Arc<dyn StoredFile>, Vec<u8>)> {
    let file = system.open(&paths.segment(number), access)?;
    let mut bytes = vec![0; HEADER_BYTES];
    let count = read_full(&*file, &mut bytes, 0)?;
    bytes.truncate(count);
    Ok((file, bytes))
}

/// Reads the seal of a segment that is not the last: its end, its checksum and what it says.
pub fn read_seal(
    file: &dyn StoredFile,
    header: &SegmentHeader,
    path: &Path,
) -> Result<(u64, u32, Seal)> {
    let fail = |error: io::Error| StorageError::io("read", path, &error);
    let end = content_end(file).map_err(fail)?;
    let missing = |offset: u64| {
        StorageError::corrupt(
            header.number,
            offset,
            "the seal at the end of the segment is missing or damaged",
        )
    };
    let mut trailer = [0; 8];
    let Some(at) = end.checked_sub(8).filter(|&at| at >= HEADER_BYTES as u64) else {
        return Err(missing(end));
    };
    if read_full(file, &mut trailer, at).map_err(fail)? < 8 || trailer.get(4..) != Some(SEAL_MAGIC)
    {
        return Err(missing(at));
    }
    let size = u32_at(&trailer, 0);
    let Some(start) = end
        .checked_sub(u64::from(size))
        .filter(|&start| start >= HEADER_BYTES as u64)
    else {
        return Err(missing(at));
    };
    let mut bytes = vec![0; size as usize];
    let count = read_full(file, &mut bytes, start).map_err(fail)?;
    let seed = seed(&header.id, header.number);
    let Some(record) = RecordHeader::decode(&bytes, seed, start).filter(|record| {
        count == bytes.len()
            && record.kind == kind::SEAL
            && record.total() == count
            && record.verify(&bytes, seed, start)
    }) else {
        return Err(missing(start));
    };
    let seal = bytes
        .get(record.payload_range())
        .and_then(Seal::decode)
        .ok_or_else(|| missing(start))?;
    Ok((end, record.checksum, seal))
}

/// The end of a file without the zeros behind its content: a crash may keep those that were cut off.
fn content_end(file: &dyn StoredFile) -> io::Result<u64> {
    let mut end = file.len()?;
    let mut bytes = [0; 4096];
    while end > 0 {
        let start = end.saturating_sub(bytes.len() as u64);
        // The last piece first; mostly it is the only one.
        let count =
            read_full(file, &mut bytes, start)?.min(usize::try_from(end - start).unwrap_or(0));
        if let Some(last) = bytes
            .get(..count)
            .and_then(|bytes| bytes.iter().rposition(|&byte| byte != 0))
        {
            return Ok(start + last as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

/// The prune mark; that of a log that was never pruned where there is none.
pub fn read_mark(system: &dyn System, paths: &Paths, id: &StoreId) -> Result<PruneMark> {
    match read_file(system, &paths.mark(), 64)? {
        Some(bytes) => decode_mark(&bytes, id),
        None => Ok(PruneMark {
            before: 1,
            segment: 1,
        }),
    }
}

/// Numbers of the segments on the disk, rising.
pub fn numbers(system: &dyn System, paths: &Paths) -> Result<Vec<u64>> {
    let log = paths.log();
    let names = match system.list(&log) {
        Ok(names) => names,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(StorageError::io("list", &log, &error)),
    };
    let mut numbers: Vec<u64> = names
        .iter()
        .filter_map(|name| segment_number(name))
        .collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// The segments of a log, and those that a prune left over.
pub struct Listing {
    /// Segments in order. The last has neither end nor marks yet.
    pub segments: Vec<Segment>,
    /// Numbers of segments below the prune mark.
    pub leftovers: Vec<u64>,
}

/// Reads headers and seals, and checks that they make one log.
pub fn load(
    system: &dyn System,
    paths: &Paths,
    id: &StoreId,
    mark: PruneMark,
    writes: bool,
) -> Result<Listing> {
    let (leftovers, numbers): (Vec<u64>, Vec<u64>) = numbers(system, paths)?
        .into_iter()
        .partition(|&number| number < mark.segment);
    let mut listing = Listing {
        segments: Vec::with_capacity(numbers.len()),
        leftovers,
    };
    let mut next: Option<SegmentHeader> = None;
    for &number in numbers.iter().rev() {
        let path = paths.segment(number);
        if let Some(next) = &next
            && next.number != number + 1
        {
            return Err(StorageError::corrupt(
                number + 1,
                0,
                "the segment is missing",
            ));
        }
        let (file, bytes) = open(system, paths, number, Access::Read)
            .map_err(|error| StorageError::io("read", &path, &error))?;
        let (header, checksum) = SegmentHeader::decode(&bytes, number, &path, writes)?;
        if header.id != *id {
            return Err(StorageError::corrupt(
                number,
                16,
                "the segment belongs to another store",
            ));
        }
        let end = HEADER_BYTES as u64;
        let mut segment = Segment {
            header,
            checksum,
            end,
            sealed: false,
            states: 0,
            marks: Vec::new(),
        };
        if let Some(next) = &next {
            let (end, last, seal) = read_seal(&*file, &header, &path)?;
            if next.previous != last || next.first < header.first {
                let reason = "the segment does not continue the one before it";
                return Err(StorageError::corrupt(next.number, 56, reason));
            }
            segment = Segment {
                end,
                sealed: true,
                states: seal.states,
                marks: seal.marks,
                ..segment
            };
        }
        next = Some(header);
        listing.segments.push(segment);
    }
    listing.segments.reverse();
    let first = listing
        .segments
        .first()
        .map_or(0, |segment| segment.header.number);
    if first != mark.segment {
        return Err(StorageError::corrupt(
            mark.segment,
            0,
            "the segment is missing",
        ));
    }
    Ok(listing)
}
