//! Reads everything and tells what is damaged.

use std::io;
use std::sync::atomic::Ordering;

use crate::cache::Cache;
use crate::error::{Result, StorageError};
use crate::format::Paths;
use crate::scan::{Found, Position, Scanner};
use crate::segment::Segment;
use crate::store::Store;
use crate::system::{Access, System};

/// Something that is damaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Segment; 0 where it is another file.
    pub segment: u64,
    /// Offset in it.
    pub offset: u64,
    /// What does not fit.
    pub reason: String,
}

/// What was read, and what is damaged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// Segments that were read.
    pub segments: u64,
    /// Records in them.
    pub records: u64,
    /// Events among them, with those that are hidden by a prune.
    pub events: u64,
    /// Checkpoints that were loaded.
    pub checkpoints: u64,
    /// Empty when all is well.
    pub problems: Vec<Problem>,
}

impl Store {
    /// Reads every record and loads every checkpoint.
    ///
    /// # Errors
    /// Those of the system; damage is no error but in the report.
    pub fn verify(&self) -> Result<VerifyReport> {
        let (segments, checkpoints) = {
            let mut state = self.inner.lock()?;
            self.inner.refresh(&mut state)?;
            (state.segments.clone(), state.catalog.clone())
        };
        let mut report = VerifyReport::default();
        let mut chain = None;
        for segment in &segments {
            let expected = chain.unwrap_or(segment.header.previous);
            if segment.header.previous != expected {
                let reason = "the segment does not continue the one before it".to_owned();
                report.problems.push(Problem {
                    segment: segment.header.number,
                    offset: 56,
                    reason,
                });
            }
            match read_all(&*self.inner.system, &self.inner.paths, segment, &mut report) {
                Ok(previous) => chain = Some(previous),
                Err(StorageError::Corruption {
                    segment,
                    offset,
                    reason,
                }) => {
                    report.problems.push(Problem {
                        segment,
                        offset,
                        reason,
                    });
                    chain = None;
                }
                // A prune removed it meanwhile.
                Err(StorageError::Io {
                    kind: io::ErrorKind::NotFound,
                    ..
                }) if segment.header.number < self.inner.first_segment.load(Ordering::Acquire) => {
                    chain = None;
                }
                Err(StorageError::Io {
                    kind: io::ErrorKind::NotFound,
                    ..
                }) => {
                    let reason = "the segment is missing".to_owned();
                    report.problems.push(Problem {
                        segment: segment.header.number,
                        offset: 0,
                        reason,
                    });
                    chain = None;
                }
                Err(error) => return Err(error),
            }
        }
        // What is in memory says nothing about the disk.
        *self
            .inner
            .cache
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = Cache::default();
        for checkpoint in checkpoints.checkpoints.values() {
            report.checkpoints += 1;
            match self.load(&checkpoints, checkpoint) {
                Err(StorageError::Corruption {
                    segment,
                    offset,
                    reason,
                }) => report.problems.push(Problem {
                    segment,
                    offset,
                    reason,
                }),
                Err(StorageError::Io {
                    kind: io::ErrorKind::NotFound,
                    ..
                }) => {
                    // Moved or deleted meanwhile, unless it is still in the catalog at the same place.
                    let now = self.checkpoint(&checkpoint.id)?;
                    if now.is_some_and(|now| {
                        now.segment == checkpoint.segment && now.offset == checkpoint.offset
                    }) {
                        let reason = format!("checkpoint {:?}: its file is missing", checkpoint.id);
                        report.problems.push(Problem {
                            segment: checkpoint.segment.unwrap_or(0),
                            offset: 0,
                            reason,
                        });
                    }
                }
                Err(error) => return Err(error),
                Ok(_) => {}
            }
        }
        Ok(report)
    }
}

/// Reads the records of a segment up to its end; the checksum of the last.
fn read_all(
    system: &dyn System,
    paths: &Paths,
    segment: &Segment,
    report: &mut VerifyReport,
) -> Result<u32> {
    let number = segment.header.number;
    let path = paths.segment(number);
    let fail = |error: io::Error| StorageError::io("read", &path, &error);
    let (file, bytes) = crate::segment::open(system, paths, number, Access::Read).map_err(fail)?;
    let (header, checksum) = crate::format::SegmentHeader::decode(&bytes, number, &path, false)?;
    if header != segment.header {
        return Err(StorageError::corrupt(
            number,
            0,
            "the segment header changed",
        ));
    }
    report.segments += 1;
    let end = segment.end.min(file.len().map_err(fail)?);
    let mut scanner = Scanner::new(&*file, &header.id, number, end);
    let mut position = Position::start(&header, checksum);
    while position.offset < segment.end {
        match scanner.next(&position).map_err(fail)? {
            Found::Record(record) => {
                report.records += 1;
                report.events += u64::from(record.header.kind == crate::record::kind::EVENT);
                position = position.after(&record.header);
            }
            Found::End => {
                return Err(StorageError::corrupt(
                    number,
                    position.offset,
                    "the log ends before it should",
                ));
            }
            Found::Bad(reason) => {
                return Err(StorageError::corrupt(number, position.offset, reason));
            }
        }
    }
    Ok(position.previous)
}
