//! How what was appended becomes visible: to the writer's own process, and to readers beside it.

use std::io;
use std::sync::atomic::Ordering;

use crate::error::{Result, StorageError};
use crate::format::SegmentHeader;
use crate::open::load_beside_writer;
use crate::record::kind;
use crate::recover::note;
use crate::scan::{Found, Position, Scanner};
use crate::segment::{self, Segment};
use crate::state::{Inner, State};
use crate::system::{Access, StoredFile, read_full};

impl Inner {
    /// Makes everything visible that was appended until now.
    pub fn refresh(&self, state: &mut State) -> Result<()> {
        if !self.options.read_only {
            // After a failure, what was written before it can still be read.
            return if state.poisoned.is_some() {
                Ok(())
            } else {
                state.write_out(self)
            };
        }
        let mark = segment::read_mark(&*self.system, &self.paths, &self.id)?;
        self.before.fetch_max(mark.before, Ordering::AcqRel);
        self.first_segment.fetch_max(mark.segment, Ordering::AcqRel);
        let last = state.last();
        match self.follow(state) {
            Err(StorageError::Io {
                kind: io::ErrorKind::NotFound,
                ..
            }) => {
                // The writer pruned the segment that we were in.
                let loaded = load_beside_writer(&*self.system, &self.paths, &self.id)?;
                state.segments = loaded.segments;
                state.catalog = loaded.tail.catalog;
                state.position = loaded.tail.position;
            }
            followed => followed?,
        }
        let first = self.first_segment.load(Ordering::Acquire);
        let hidden = state
            .segments
            .iter()
            .take_while(|segment| segment.header.number < first)
            .count();
        state
            .segments
            .drain(..hidden.min(state.segments.len().saturating_sub(1)));
        if state.last() > last {
            self.changed.notify_all();
        }
        Ok(())
    }

    fn follow(&self, state: &mut State) -> Result<()> {
        loop {
            let number = state.segment();
            let path = self.paths.segment(number);
            let fail = |error: io::Error| StorageError::io("read", &path, &error);
            if !state.segments.last().is_some_and(|segment| segment.sealed) {
                let file = self.system.open(&path, Access::Read).map_err(fail)?;
                self.read_new(state, &*file).map_err(|error| match error {
                    Problem::Read(error) => fail(error),
                    Problem::Record(offset, reason) => {
                        StorageError::corrupt(number, offset, reason)
                    }
                })?;
            }
            if !state.segments.last().is_some_and(|segment| segment.sealed) {
                return Ok(());
            }
            let next = number + 1;
            let path = self.paths.segment(next);
            let (_, bytes) = match segment::open(&*self.system, &self.paths, next, Access::Read) {
                Ok(opened) => opened,
                // Not begun yet, or pruned already: then a later one is there.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    let later = segment::numbers(&*self.system, &self.paths)?
                        .last()
                        .is_some_and(|&last| last > next);
                    return if later {
                        Err(StorageError::io("read", &path, &error))
                    } else {
                        Ok(())
                    };
                }
                Err(error) => return Err(StorageError::io("read", &path, &error)),
            };
            let (header, checksum) = SegmentHeader::decode(&bytes, next, &path, false)?;
            if header.previous != state.position.previous || header.id != self.id {
                return Err(StorageError::corrupt(
                    next,
                    56,
                    "the segment does not continue the one before it",
                ));
            }
            state.position = Position::start(&header, checksum);
            let end = state.position.offset;
            state.segments.push(Segment {
                header,
                checksum,
                end,
                sealed: false,
                states: 0,
                marks: Vec::new(),
            });
        }
    }

    /// Takes whole batches in; what is not whole yet is the end for now.
    fn read_new(
        &self,
        state: &mut State,
        file: &dyn StoredFile,
    ) -> std::result::Result<(), Problem> {
        let mut head = [0; 8];
        read_full(file, &mut head, state.position.offset).map_err(Problem::Read)?;
        if head == [0; 8] {
            return Ok(());
        }
        let number = state.segment();
        let length = file.len().map_err(Problem::Read)?;
        let mut scanner = Scanner::new(file, &self.id, number, length);
        let mut position = state.position;
        let marks = state
            .segments
            .last()
            .map(|segment| segment.marks.clone())
            .unwrap_or_default();
        let mut seal = segment::Seal {
            marks,
            ..segment::Seal::default()
        };
        let mut batch = Vec::new();
        while let Found::Record(record) = scanner.next(&position).map_err(Problem::Read)? {
            let header = record.header;
            if header.kind < kind::OPTIONAL && header.kind > kind::BRANCH {
                return Err(Problem::Record(
                    position.offset,
                    "a kind of record that only newer releases know",
                ));
            }
            note(
                &mut seal,
                header.kind,
                header.seq,
                header.total(),
                &position,
            );
            if header.kind != kind::EVENT {
                batch.push((header.kind, record.payload.to_vec(), position.offset));
            }
            position = position.after(&header);
            if header.batch > 0 {
                continue;
            }
            let mut sealed = false;
            for (record_kind, payload, offset) in batch.drain(..) {
                let applied = state.catalog.apply(record_kind, &payload, number, offset);
                applied.map_err(|_| Problem::Record(offset, "the payload cannot be read"))?;
                sealed |= record_kind == kind::SEAL;
            }
            state.position = position;
            if let Some(segment) = state.segments.last_mut() {
                segment.end = position.offset;
                segment.sealed = sealed;
            }
            if sealed {
                break;
            }
        }
        if let Some(segment) = state.segments.last_mut() {
            let end = segment.end;
            segment.marks = seal.marks;
            segment.marks.retain(|mark| mark.1 < end);
        }
        Ok(())
    }
}

enum Problem {
    Read(io::Error),
    Record(u64, &'static str),
}
