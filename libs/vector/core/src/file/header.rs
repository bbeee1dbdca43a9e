//! The first bytes of a file: what it holds and where.

use crate::encoding::Reader;
use crate::error::VectorError;
use crate::memory::ALIGNMENT;
use crate::metric::Metric;
use crate::shape::{Shape, Storage};

/// What every file starts with. A transfer that changes line ends changes it.
const MAGIC: &[u8; 8] = b"FPVEC\r\n\x1a";

/// The version that is written, and the only one so far.
const VERSION: u32 = 1;

/// Bytes of the header.
pub(super) const HEADER: usize = 192;

/// Where its checksum is.
const CHECKSUM: usize = HEADER - 4;

/// Sections in the order in which they lie in the file.
pub(super) const SECTIONS: usize = 5;
pub(super) const LABELS: usize = 0;
pub(super) const MEASURES: usize = 1;
pub(super) const VECTORS: usize = 2;
pub(super) const CODES: usize = 3;
pub(super) const GRAPH: usize = 4;

/// A range of the file, with the CRC-32 of its bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Section {
    pub start: u64,
    pub length: u64,
    pub checksum: u32,
}

/// What the header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub shape: Shape,
    pub metric: Metric,
    pub has_graph: bool,
    /// One more than the highest row.
    pub end: u32,
    /// Rows that hold vectors.
    pub live: u32,
    pub sections: [Section; SECTIONS],
}

impl Header {
    pub fn to_bytes(&self) -> [u8; HEADER] {
        let mut bytes = Vec::with_capacity(HEADER);
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(
            u32::try_from(self.shape.dims())
                .unwrap_or(u32::MAX)
                .to_le_bytes(),
        );
        bytes.extend([
            self.metric.number(),
            self.shape.storage().number(),
            u8::from(self.shape.keeps_vectors()),
            u8::from(self.has_graph),
        ]);
        bytes.extend(self.end.to_le_bytes());
        bytes.extend(self.live.to_le_bytes());
        bytes.extend([0; 4]);
        for section in self.sections {
            bytes.extend(section.start.to_le_bytes());
            bytes.extend(section.length.to_le_bytes());
            bytes.extend(section.checksum.to_le_bytes());
            bytes.extend([0; 4]);
        }
        bytes.resize(CHECKSUM, 0);
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        let mut header = [0; HEADER];
        header.copy_from_slice(&bytes);
        header
    }

    /// Reads a header and holds it to what can be.
    pub fn from_bytes(bytes: &[u8; HEADER], file_length: u64) -> Result<Self, Refusal> {
        let mut reader = Reader::new("the header", bytes);
        if reader.take(MAGIC.len())? != MAGIC {
            return Err(Refusal::Unsupported("it is no index of vectors".into()));
        }
        let version = reader.u32()?;
        if version != VERSION {
            return Err(Refusal::Unsupported(format!(
                "it is of format version {version}, and this reader has {VERSION}"
            )));
        }
        let checksum = bytes
            .last_chunk()
            .map(|&last| u32::from_le_bytes(last))
            .unwrap_or_default();
        if crc32fast::hash(&bytes[..CHECKSUM]) != checksum {
            return Err(damaged("the header has another checksum"));
        }
        let dims = reader.u32()? as usize;
        let [metric, storage, keeps, graph] =
            [reader.u8()?, reader.u8()?, reader.u8()?, reader.u8()?];
        let (Some(metric), Some(storage)) =
            (Metric::from_number(metric), Storage::from_number(storage))
        else {
            return Err(damaged("no metric or storage has that number"));
        };
        let shape = Shape::new(dims, storage, keeps == 1)
            .map_err(|_| damaged("no vector has that many dimensions"))?;
        let (end, live) = (reader.u32()?, reader.u32()?);
        reader.take(4)?;
        let mut sections = [Section::default(); SECTIONS];
        for section in &mut sections {
            *section = Section {
                start: reader.u64()?,
                length: reader.u64()?,
                checksum: reader.u32()?,
            };
            reader.take(4)?;
        }
        let header = Self {
            shape,
            metric,
            has_graph: graph == 1,
            end,
            live,
            sections,
        };
        header.check(file_length)?;
        Ok(header)
    }

    /// Sections follow each other, have the lengths that the rows ask for, and end where the file ends.
    fn check(&self, file_length: u64) -> Result<(), Refusal> {
        let bytes = |row: usize| u64::from(self.end).checked_mul(row as u64);
        let wanted = [
            Some(self.sections[LABELS].length),
            Some(u64::from(self.end) * 12),
            bytes(self.shape.vector_bytes()),
            bytes(self.shape.code_bytes()),
            Some(self.sections[GRAPH].length),
        ];
        let is_sound =
            self.live <= self.end && (self.has_graph || self.sections[GRAPH].length == 0);
        if !is_sound {
            return Err(damaged("the header contradicts itself"));
        }
        let mut at = Some(HEADER as u64);
        for (section, wanted) in self.sections.iter().zip(wanted) {
            at = at.and_then(|at| at.checked_next_multiple_of(ALIGNMENT as u64));
            if Some(section.start) != at || Some(section.length) != wanted {
                return Err(damaged("a section is not where it should be"));
            }
            at = section.start.checked_add(section.length);
        }
        match at {
            Some(end) if end == file_length => Ok(()),
            Some(end) if end > file_length => Err(damaged("it has been cut off")),
            _ => Err(damaged("it goes on after its end")),
        }
    }
}

/// Why a file is not read; the path is known elsewhere.
#[derive(Debug)]
pub(super) enum Refusal {
    Damaged(String),
    Unsupported(String),
    Io(std::io::Error),
    Other(VectorError),
}

pub(super) fn damaged(reason: &str) -> Refusal {
    Refusal::Damaged(reason.to_owned())
}

impl From<VectorError> for Refusal {
    fn from(error: VectorError) -> Self {
        match error {
            // An option out of bounds came from the file as well.
            VectorError::Encoding { .. } | VectorError::Option { .. } => {
                Self::Damaged(error.to_string())
            }
            other => Self::Other(other),
        }
    }
}

impl From<std::io::Error> for Refusal {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::UnexpectedEof {
            return damaged("it has been cut off");
        }
        Self::Io(error)
    }
}
