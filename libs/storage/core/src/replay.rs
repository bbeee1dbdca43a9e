//! Reading events: raw pieces of segments in a slab of the caller, and where in it the payloads are.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::error::{Result, StorageError};
use crate::record::{RECORD_HEADER, RecordHeader, kind, seed};
use crate::scan::Position;
use crate::state::Inner;
use crate::store::Store;
use crate::system::{Access, StoredFile, read_full};

/// Which events are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// First number; those that were pruned are passed over.
    pub from: u64,
    /// Last number.
    pub to: u64,
    /// Only those of a stream, with what it continues where it is a branch.
    pub stream: Option<String>,
    /// At most so many.
    pub limit: u64,
}

impl Default for Query {
    fn default() -> Self {
        Self {
            from: 1,
            to: u64::MAX,
            stream: None,
            limit: u64::MAX,
        }
    }
}

/// An event in a slab.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Its number.
    pub seq: u64,
    /// Milliseconds since 1970.
    pub time: u64,
    /// Where its stream name begins.
    pub stream: usize,
    /// Where its payload begins, and the stream name ends.
    pub start: usize,
    /// Where its payload ends.
    pub end: usize,
}

/// What a slab was filled with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fill {
    /// With the events that `entries` names.
    Events,
    /// With nothing: there are no more for now.
    End,
    /// With nothing: the next record needs a slab of at least so many bytes.
    Needs(usize),
}

/// An event by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its number.
    pub seq: u64,
    /// Milliseconds since 1970.
    pub time: u64,
    /// Its stream.
    pub stream: String,
    /// Its payload.
    pub data: Vec<u8>,
}

/// Goes through events, piece by piece.
#[derive(Debug)]
pub struct Cursor {
    inner: Arc<Inner>,
    query: Query,
    lineage: Option<HashMap<String, u64>>,
    left: u64,
    place: Option<Place>,
    file: Option<(u64, Arc<dyn StoredFile>)>,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    segment: u64,
    position: Position,
}

/// A piece of a segment that can be read.
struct Piece {
    segment: u64,
    position: Position,
    end: u64,
    is_sealed: bool,
}

impl Store {
    /// Events that are there now; those that are appended later are not among them.
    ///
    /// # Errors
    /// Those of reading.
    pub fn replay(&self, query: &Query) -> Result<Cursor> {
        let last = self.last_seq()?;
        self.follow(&Query {
            to: query.to.min(last),
            ..query.clone()
        })
    }

    /// As [`replay`](Self::replay), but what is appended later follows: after [`Fill::End`] ask again, for example after [`Store::wait`].
    ///
    /// # Errors
    /// Those of reading.
    pub fn follow(&self, query: &Query) -> Result<Cursor> {
        let mut state = self.inner.lock()?;
        self.inner.refresh(&mut state)?;
        let lineage = query
            .stream
            .as_deref()
            .map(|stream| state.catalog.lineage(stream));
        Ok(Cursor {
            inner: self.inner.clone(),
            query: query.clone(),
            lineage,
            left: query.limit,
            place: None,
            file: None,
        })
    }

    /// All events of a query, each by itself.
    ///
    /// # Errors
    /// As [`Cursor::fill`].
    pub fn events(&self, query: &Query) -> Result<Vec<Event>> {
        let mut cursor = self.replay(query)?;
        let mut slab = vec![0; 256 << 10];
        let mut entries = Vec::new();
        let mut events = Vec::new();
        loop {
            match cursor.fill(&mut slab, &mut entries)? {
                Fill::End => return Ok(events),
                Fill::Needs(size) => slab.resize(size, 0),
                Fill::Events => events.extend(entries.iter().map(|entry| {
                    let name = slab.get(entry.stream..entry.start).unwrap_or_default();
                    Event {
                        seq: entry.seq,
                        time: entry.time,
                        stream: String::from_utf8_lossy(name).into_owned(),
                        data: slab
                            .get(entry.start..entry.end)
                            .unwrap_or_default()
                            .to_vec(),
                    }
                })),
            }
        }
    }
}

impl Cursor {
    /// Reads the next piece of the log into `slab` and tells in `entries`, in place of what was there, where the events are.
    /// Everything given was checked against its checksum. A slab of 256 KiB serves well.
    ///
    /// # Errors
    /// [`StorageError::Corruption`] where the log is damaged, and those of the system.
    pub fn fill(&mut self, slab: &mut [u8], entries: &mut Vec<Entry>) -> Result<Fill> {
        let filled = self.fill_next(slab, entries);
        if !matches!(filled, Ok(Fill::Events | Fill::Needs(_))) {
            // A cursor may be kept for long: its file would keep the room of a segment that was pruned.
            self.file = None;
        }
        filled
    }

    fn fill_next(&mut self, slab: &mut [u8], entries: &mut Vec<Entry>) -> Result<Fill> {
        entries.clear();
        while self.left > 0 {
            let Some(piece) = self.next_piece()? else {
                return Ok(Fill::End);
            };
            if piece.position.next > self.query.to {
                return Ok(Fill::End);
            }
            let Some(file) = self.open(piece.segment, piece.is_sealed)? else {
                continue;
            };
            let path = self.inner.paths.segment(piece.segment);
            let room = usize::try_from(piece.end - piece.position.offset)
                .unwrap_or(usize::MAX)
                .min(slab.len());
            let bytes = slab.get_mut(..room).unwrap_or_default();
            let fail = |error: io::Error| StorageError::io("read", &path, &error);
            let count = read_full(&*file, bytes, piece.position.offset).map_err(fail)?;
            if count < room {
                let at = piece.position.offset + count as u64;
                return Err(StorageError::corrupt(
                    piece.segment,
                    at,
                    "the file ends within the log",
                ));
            }
            if let Some(needed) = self.take(&piece, bytes, entries)? {
                return Ok(Fill::Needs(needed));
            }
            if !entries.is_empty() {
                return Ok(Fill::Events);
            }
        }
        Ok(Fill::End)
    }

    /// The records in the bytes at a piece's position; the size of the first one where it does not fit.
    fn take(
        &mut self,
        piece: &Piece,
        bytes: &[u8],
        entries: &mut Vec<Entry>,
    ) -> Result<Option<usize>> {
        let before = self.inner.before();
        let seed = seed(&self.inner.id, piece.segment);
        let mut position = piece.position;
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let bad = |reason: &str| StorageError::corrupt(piece.segment, position.offset, reason);
            if rest.len() < RECORD_HEADER {
                if at == 0 {
                    return Ok(Some(RECORD_HEADER.max(4096)));
                }
                break;
            }
            let decoded = RecordHeader::decode(rest, seed, position.offset);
            let header =
                decoded.ok_or_else(|| bad("the record header does not match its checksum"))?;
            let total = header.total();
            if total as u64 > piece.end - position.offset {
                return Err(bad("the record is longer than the log"));
            }
            if total > rest.len() {
                if header.kind != kind::EVENT {
                    // It is not given, so not read either; the next record says whether its checksum was right.
                    position.check(&header).map_err(bad)?;
                    position = position.after(&header);
                } else if at == 0 {
                    return Ok(Some(total));
                }
                break;
            }
            if !header.verify(rest, seed, position.offset) {
                return Err(bad("the record does not match its checksum"));
            }
            position.check(&header).map_err(bad)?;
            if header.kind == kind::EVENT {
                if header.seq > self.query.to || self.left == 0 {
                    self.left = 0;
                    break;
                }
                let payload = header.payload_range();
                let stream = at + RECORD_HEADER;
                let start = at + payload.start;
                let name = bytes.get(stream..start).unwrap_or_default();
                if header.seq >= self.query.from.max(before) && self.wants(name, header.seq) {
                    entries.push(Entry {
                        seq: header.seq,
                        time: header.time,
                        stream,
                        start,
                        end: at + payload.end,
                    });
                    self.left -= 1;
                }
            }
            position = position.after(&header);
            at += total;
        }
        self.place = Some(Place {
            segment: piece.segment,
            position,
        });
        Ok(None)
    }

    fn wants(&self, stream: &[u8], seq: u64) -> bool {
        let Some(lineage) = &self.lineage else {
            return true;
        };
        std::str::from_utf8(stream)
            .ok()
            .and_then(|stream| lineage.get(stream))
            .is_some_and(|&limit| seq <= limit)
    }

    /// What is to be read next, if there is something.
    fn next_piece(&mut self) -> Result<Option<Piece>> {
        let mut state = self.inner.lock()?;
        let from = self.query.from.max(self.inner.before());
        let is_new = self.place.is_none_or(|place| {
            state.segments.last().is_none_or(|last| {
                last.header.number == place.segment && last.end <= place.position.offset
            })
        });
        if is_new {
            self.inner.refresh(&mut state)?;
        }
        let mut place = match self.place {
            Some(place) if place.position.next >= from => place,
            // At the beginning, or where a prune went past us: the last segment that begins at or below the first event.
            before => {
                let index = state
                    .segments
                    .partition_point(|segment| segment.header.first <= from)
                    .saturating_sub(1);
                let Some(segment) = state.segments.get(index) else {
                    return Ok(None);
                };
                let sought = Place {
                    segment: segment.header.number,
                    position: segment.seek(from),
                };
                let at = |place: &Place| (place.segment, place.position.offset);
                before
                    .filter(|before| at(before) >= at(&sought))
                    .unwrap_or(sought)
            }
        };
        loop {
            let index = state
                .segments
                .partition_point(|segment| segment.header.number < place.segment);
            let Some(segment) = state.segments.get(index) else {
                return Ok(None);
            };
            if segment.header.number != place.segment {
                // Pruned meanwhile: the first that is left.
                place = Place {
                    segment: segment.header.number,
                    position: Position::start(&segment.header, segment.checksum),
                };
                continue;
            }
            self.place = Some(place);
            if place.position.offset < segment.end {
                return Ok(Some(Piece {
                    segment: place.segment,
                    position: place.position,
                    end: segment.end,
                    is_sealed: segment.sealed,
                }));
            }
            let Some(next) = state.segments.get(index + 1).filter(|_| segment.sealed) else {
                return Ok(None);
            };
            place = Place {
                segment: next.header.number,
                position: Position::start(&next.header, next.checksum),
            };
        }
    }

    /// The file of a segment; `None` where a prune removed it, with the next segment as the place to go on.
    fn open(&mut self, number: u64, is_sealed: bool) -> Result<Option<Arc<dyn StoredFile>>> {
        if let Some((_, file)) = self.file.as_ref().filter(|(open, _)| *open == number) {
            return Ok(Some(file.clone()));
        }
        let path = self.inner.paths.segment(number);
        let access = if is_sealed && self.inner.options.map_sealed {
            Access::Map
        } else {
            Access::Read
        };
        match self.inner.system.open(&path, access) {
            Ok(file) => {
                self.file = Some((number, file.clone()));
                Ok(Some(file))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut state = self.inner.lock()?;
                self.inner.refresh(&mut state)?;
                let index = state
                    .segments
                    .partition_point(|segment| segment.header.number <= number);
                let was_pruned = number < self.inner.first_segment.load(Ordering::Acquire);
                let next = state.segments.get(index).filter(|_| was_pruned);
                let Some(next) = next else {
                    return Err(StorageError::corrupt(number, 0, "the segment is missing"));
                };
                self.place = Some(Place {
                    segment: next.header.number,
                    position: Position::start(&next.header, next.checksum),
                });
                Ok(None)
            }
            Err(error) => Err(StorageError::io("read", &path, &error)),
        }
    }
}
