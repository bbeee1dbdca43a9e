//! Where one segment ends and the next begins.

use std::path::Path;
use std::sync::Arc;

use crate::catalog::Catalog;
use crate::error::{Result, StorageError};
use crate::fill::SegmentFile;
use crate::format::SegmentHeader;
use crate::record::{NewRecord, encode, kind, seed};
use crate::scan::Position;
use crate::segment::{Seal, Segment};
use crate::state::{Active, Draft, Inner, State};
use crate::system::{Access, System, write_durably};

impl State {
    /// Seals the segment and begins the next.
    pub fn roll(&mut self, inner: &Inner) -> Result<()> {
        let number = self.segment();
        self.seal(inner)?;
        self.begin(inner, number + 1)
    }

    /// Ends the segment.
    pub fn seal(&mut self, inner: &Inner) -> Result<()> {
        let payload = self.active()?.seal.encode();
        self.encode(&Draft::new(kind::SEAL, "", &[&payload]), 0)?;
        self.write_out(inner)?;
        let (number, end) = (self.segment(), self.position.offset);
        let path = inner.paths.segment(number);
        let active = self.active()?;
        active.synced = 0;
        let states = active.seal.states;
        let finished = active.file.finish(end).and_then(|()| active.file.sync());
        if let Err(error) = finished {
            return Err(self.poison(StorageError::io("seal", &path, &error)));
        }
        if let Some(segment) = self.segments.last_mut() {
            segment.sealed = true;
            segment.states = states;
        }
        Ok(())
    }

    /// Makes a segment and writes to it from now on.
    pub fn begin(&mut self, inner: &Inner, number: u64) -> Result<()> {
        let header = SegmentHeader {
            id: inner.id,
            number,
            first: self.position.next,
            created: if self.keeps_times {
                self.time
            } else {
                self.time.max(inner.system.now())
            },
            previous: self.position.previous,
        };
        let path = inner.paths.segment(number);
        let made = create(
            &*inner.system,
            &path,
            &header,
            &self.catalog,
            inner.options.segment_bytes,
        );
        let (segment, active, position) = made.map_err(|error| self.poison(error))?;
        let is_synced = self.active.as_ref().is_some_and(|active| active.is_synced);
        self.time = header.created;
        self.segments.push(segment);
        self.active = Some(Active {
            is_synced,
            ..active
        });
        self.position = position;
        Ok(())
    }
}

/// Writes a segment with its directory.
pub fn create(
    system: &dyn System,
    path: &Path,
    header: &SegmentHeader,
    catalog: &Catalog,
    limit: u64,
) -> Result<(Segment, Active, Position)> {
    let (head, checksum) = header.encode();
    let mut position = Position::start(header, checksum);
    let seed = seed(&header.id, header.number);
    let directory = catalog.directory();
    let record = NewRecord {
        kind: kind::DIRECTORY,
        flags: 0,
        stream: "",
        batch: 0,
        seq: header.first - 1,
        time: header.created,
        synced: 0,
        payload: &[&directory],
    };
    let mut bytes = Vec::new();
    position.previous = encode(
        &mut bytes,
        seed,
        position.offset,
        position.previous,
        &record,
    );
    position.offset += bytes.len() as u64;
    let file = write_durably(system, path, &[&head, &bytes])?;
    let ahead = system
        .open(path, Access::Write)
        .map_err(|error| StorageError::io("open", path, &error))?;
    let end = position.offset;
    let active = Active {
        file: Arc::new(SegmentFile::new(file, ahead, end, limit)),
        seed,
        written: end,
        synced: end,
        is_synced: false,
        buffer: Vec::new(),
        seal: Seal {
            records: 1,
            ..Seal::default()
        },
    };
    Ok((
        Segment {
            header: *header,
            checksum,
            end,
            sealed: false,
            states: 0,
            marks: Vec::new(),
        },
        active,
        position,
    ))
}
