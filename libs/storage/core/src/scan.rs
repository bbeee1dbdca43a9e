//! Reads the records of one segment in order, and judges what is behind the last valid one.

use std::io;

use crate::format::{HEADER_BYTES, SegmentHeader, StoreId};
use crate::record::{
    ALIGNMENT, FLAG_CONTINUES, FLAG_GAP, MAX_STREAM, RECORD_HEADER, RecordHeader, kind, seed,
};
use crate::system::{StoredFile, read_full};

const WINDOW: usize = 1 << 20;
/// What a disk writes whole or not at all.
const SECTOR: u64 = 512;

/// Where a reader stands in a segment, and what the next record must continue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Offset of the next record.
    pub offset: u64,
    /// Checksum of the record before.
    pub previous: u32,
    /// Number of the next event.
    pub next: u64,
    /// Records of the current batch that are still to come.
    pub batch: u32,
}

impl Position {
    /// The first record of a segment.
    pub fn start(header: &SegmentHeader, checksum: u32) -> Self {
        Self {
            offset: HEADER_BYTES as u64,
            previous: checksum,
            next: header.first,
            batch: 0,
        }
    }

    /// Checks that a record continues what is before; says what does not fit.
    pub fn check(&self, header: &RecordHeader) -> Result<(), &'static str> {
        if header.previous != self.previous {
            return Err("the record does not continue the one before it");
        }
        let continues = header.flags & FLAG_CONTINUES != 0;
        if continues != (self.batch > 0) || (continues && header.batch != self.batch - 1) {
            return Err("the record does not continue its batch");
        }
        let numbered = if header.kind != kind::EVENT {
            header.seq == self.next - 1
        } else if header.flags & FLAG_GAP == 0 {
            header.seq == self.next
        } else {
            header.seq >= self.next && header.seq < u64::MAX
        };
        if numbered {
            Ok(())
        } else {
            Err("the record has the wrong sequence number")
        }
    }

    /// The position behind a record.
    pub fn after(&self, header: &RecordHeader) -> Self {
        Self {
            offset: self.offset + header.total() as u64,
            previous: header.checksum,
            next: if header.kind == kind::EVENT {
                header.seq + 1
            } else {
                self.next
            },
            batch: header.batch,
        }
    }
}

/// A record that is whole and at its place.
#[derive(Debug)]
pub struct Record<'a> {
    /// Its header.
    pub header: RecordHeader,
    /// Its payload.
    pub payload: &'a [u8],
}

/// What is found at a position.
#[derive(Debug)]
pub enum Found<'a> {
    /// A record.
    Record(Record<'a>),
    /// The end of the file, or nothing but zeros up to it.
    End,
    /// Something else, and what does not fit.
    Bad(&'static str),
}

/// How the written part of the last segment ends.
#[derive(Debug, PartialEq, Eq)]
pub enum Ending {
    /// As it should.
    Clean,
    /// By a write that a crash interrupted.
    Torn(&'static str),
    /// By damage: valid records follow.
    Corrupt(&'static str),
}

/// A window over a segment's file.
#[derive(Debug)]
pub struct Scanner<'a> {
    file: &'a dyn StoredFile,
    seed: u32,
    end: u64,
    window: Vec<u8>,
    window_at: u64,
}

impl<'a> Scanner<'a> {
    /// Reads up to `end`, which is at most the length of the file.
    pub fn new(file: &'a dyn StoredFile, id: &StoreId, segment: u64, end: u64) -> Self {
        Self {
            file,
            seed: seed(id, segment),
            end,
            window: Vec::new(),
            window_at: 0,
        }
    }

    /// Bytes of the segment; fewer where it ends.
    fn bytes(&mut self, offset: u64, count: usize) -> io::Result<&[u8]> {
        let available = usize::try_from(self.end.saturating_sub(offset)).unwrap_or(usize::MAX);
        let count = count.min(available);
        let skip = offset
            .checked_sub(self.window_at)
            .and_then(|skip| usize::try_from(skip).ok());
        let inside = skip.filter(|skip| skip + count <= self.window.len());
        let skip = match inside {
            Some(skip) => skip,
            None => {
                self.window.resize(count.max(WINDOW).min(available), 0);
                let read = read_full(self.file, &mut self.window, offset)?;
                self.window.truncate(read);
                self.window_at = offset;
                0
            }
        };
        let end = (skip + count).min(self.window.len());
        Ok(self.window.get(skip..end).unwrap_or_default())
    }

    fn record_at(&mut self, offset: u64) -> io::Result<Result<RecordHeader, &'static str>> {
        let (seed, end) = (self.seed, self.end);
        let head = self.bytes(offset, RECORD_HEADER)?;
        if head.len() < RECORD_HEADER {
            return Ok(Err("the file ends within a record header"));
        }
        let Some(header) = RecordHeader::decode(head, seed, offset) else {
            return Ok(Err("the record header does not match its checksum"));
        };
        if offset + header.total() as u64 > end {
            return Ok(Err("the file ends within a record"));
        }
        let whole = self.bytes(offset, header.total())?;
        if !header.verify(whole, seed, offset) {
            return Ok(Err("the record does not match its checksum"));
        }
        let stream = usize::from(header.stream);
        let name = whole
            .get(RECORD_HEADER..RECORD_HEADER + stream)
            .unwrap_or_default();
        if stream > MAX_STREAM || std::str::from_utf8(name).is_err() {
            return Ok(Err("the stream name is not valid"));
        }
        Ok(Ok(header))
    }

    /// What is at a position.
    pub fn next(&mut self, position: &Position) -> io::Result<Found<'_>> {
        if position.offset >= self.end {
            return Ok(Found::End);
        }
        let header = match self.record_at(position.offset)? {
            Ok(header) => header,
            Err(reason) => {
                let zeros = self.zeros_until(position.offset)? >= self.end;
                return Ok(if zeros {
                    Found::End
                } else {
                    Found::Bad(reason)
                });
            }
        };
        if let Err(reason) = position.check(&header) {
            return Ok(Found::Bad(reason));
        }
        let whole = self.bytes(position.offset, header.total())?;
        let payload = whole.get(header.payload_range()).unwrap_or_default();
        Ok(Found::Record(Record { header, payload }))
    }

    /// The next valid record at or behind an offset, whatever is before it.
    pub fn next_valid(&mut self, from: u64) -> io::Result<Option<(u64, RecordHeader)>> {
        let mut offset = from.next_multiple_of(ALIGNMENT as u64);
        while offset + RECORD_HEADER as u64 <= self.end {
            if self.bytes(offset + 4, 4)? == [0; 4] {
                let zeros = self.zeros_until(offset + 4)?;
                // A header checksum may itself be zero, so its record is tried all the same.
                if zeros >= offset + RECORD_HEADER as u64 {
                    offset = (zeros & !(ALIGNMENT as u64 - 1))
                        .saturating_sub(RECORD_HEADER as u64)
                        .max(offset + 8);
                    continue;
                }
            }
            if let Ok(header) = self.record_at(offset)? {
                return Ok(Some((offset, header)));
            }
            offset += ALIGNMENT as u64;
        }
        Ok(None)
    }

    /// The offset of the first byte that is not zero, or the end.
    fn zeros_until(&mut self, from: u64) -> io::Result<u64> {
        let mut offset = from;
        while offset < self.end {
            // What is in the window first, so that small steps stay cheap.
            let inside = (self.window_at + self.window.len() as u64).saturating_sub(offset);
            let count = usize::try_from(inside)
                .ok()
                .filter(|&count| count > 0 && offset >= self.window_at);
            let bytes = self.bytes(offset, count.unwrap_or(WINDOW))?;
            if bytes.is_empty() {
                break;
            }
            if let Some(found) = bytes.iter().position(|&byte| byte != 0) {
                return Ok(offset + found as u64);
            }
            offset += bytes.len() as u64;
        }
        Ok(self.end)
    }

    /// Last byte that is not zero, plus one; `from` where there is none behind it.
    pub fn written_end(&mut self, from: u64) -> io::Result<u64> {
        let mut last = from;
        let mut offset = from;
        while offset < self.end {
            let bytes = self.bytes(offset, WINDOW)?;
            if bytes.is_empty() {
                break;
            }
            if let Some(found) = bytes.iter().rposition(|&byte| byte != 0) {
                last = offset + found as u64 + 1;
            }
            offset += bytes.len() as u64;
        }
        Ok(last)
    }

    /// Judges the end: `cut` is where the last whole batch ends, `bad` the first place without a valid record.
    pub fn judge(
        &mut self,
        cut: u64,
        bad: u64,
        reason: Option<&'static str>,
    ) -> io::Result<Ending> {
        let Some(reason) = reason else {
            return Ok(if cut < bad {
                Ending::Torn("a batch was not written whole")
            } else {
                Ending::Clean
            });
        };
        let Some((first, _)) = self.next_valid(bad + ALIGNMENT as u64)? else {
            return Ok(Ending::Torn(reason));
        };
        if !self.has_lost_sector(bad, first)? {
            return Ok(Ending::Corrupt(reason));
        }
        let mut next = Some(first);
        while let Some(offset) = next {
            let Some((offset, header)) = self.next_valid(offset)? else {
                break;
            };
            if header.synced > bad {
                return Ok(Ending::Corrupt(reason));
            }
            next = Some(offset + header.total() as u64);
        }
        Ok(Ending::Torn(
            "parts of the last writes did not reach the disk",
        ))
    }

    /// Whether a sector between the bad place and the next valid record was never written: it is zero behind the bad place.
    fn has_lost_sector(&mut self, bad: u64, next: u64) -> io::Result<bool> {
        let mut sector = bad / SECTOR * SECTOR;
        while sector < next {
            let start = sector.max(bad);
            if self.zeros_until(start)? >= (sector + SECTOR).min(self.end) {
                return Ok(true);
            }
            sector += SECTOR;
        }
        Ok(false)
    }
}
