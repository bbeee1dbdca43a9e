//! The fixed-size parts of a store's files: identity, segment header, prune mark. See `docs/formats/storage.md`.

use std::path::{Path, PathBuf};

use crate::error::{Result, StorageError};

/// Format version that is written, and the newest that is read.
pub const FORMAT_VERSION: u32 = 1;
/// Version that a reader needs for what is written.
pub const MINIMUM_READER: u32 = 1;
/// Bytes of the identity file and of a segment header.
pub const HEADER_BYTES: usize = 64;
/// Bytes of the prune mark.
pub const MARK_BYTES: usize = 40;
/// Random identity of a store, the salt of its checksums.
pub type StoreId = [u8; 16];

const STORE_MAGIC: &[u8; 8] = b"FPSTORE\0";
const SEGMENT_MAGIC: &[u8; 8] = b"FPSEGMT\0";
const MARK_MAGIC: &[u8; 8] = b"FPMARK\0\0";

/// Where the parts of a store are.
#[derive(Debug, Clone)]
pub struct Paths {
    /// The store's directory.
    pub root: PathBuf,
    /// Name of the directory of segments: [`LOG`], or another while salvage writes it.
    pub log: &'static str,
}

/// Name of the directory of segments.
pub const LOG: &str = "log";
/// Name of the directory that salvage writes.
pub const SALVAGED: &str = "log.salvage.tmp";

impl Paths {
    /// The identity file.
    pub fn store(&self) -> PathBuf {
        self.root.join("STORE")
    }
    /// The prune mark.
    pub fn mark(&self) -> PathBuf {
        self.root.join("MARK")
    }
    /// The writer's claim.
    pub fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }
    /// Segments.
    pub fn log(&self) -> PathBuf {
        self.root.join(self.log)
    }
    /// What salvage is writing.
    pub fn salvaged(&self) -> PathBuf {
        self.root.join(SALVAGED)
    }
    /// Large checkpoints.
    pub fn blobs(&self) -> PathBuf {
        self.root.join("blobs")
    }
    /// What was cut.
    pub fn quarantine(&self) -> PathBuf {
        self.root.join("quarantine")
    }
    /// One segment.
    pub fn segment(&self, number: u64) -> PathBuf {
        self.log().join(segment_name(number))
    }
    /// One blob, by the SHA-256 of its bytes in hex.
    pub fn blob(&self, name: &str) -> PathBuf {
        self.blobs().join(name.get(..2).unwrap_or("")).join(name)
    }
}

/// File name of a segment.
pub fn segment_name(number: u64) -> String {
    format!("{number:016x}.seg")
}

/// Number of a segment, from its file name.
pub fn segment_number(name: &str) -> Option<u64> {
    let number = u64::from_str_radix(name.strip_suffix(".seg")?, 16).ok()?;
    (segment_name(number) == name && number > 0).then_some(number)
}

/// A part of fixed size at an offset; zeros where the bytes do not reach.
pub fn field<const N: usize>(bytes: &[u8], offset: usize) -> [u8; N] {
    let mut field = [0; N];
    if let Some(found) = bytes.get(offset..offset + N) {
        field.copy_from_slice(found);
    }
    field
}

/// A number of 4 bytes at an offset.
pub fn u32_at(bytes: &[u8], offset: usize) -> u32 {
    u32::from_le_bytes(field(bytes, offset))
}

/// A number of 8 bytes at an offset.
pub fn u64_at(bytes: &[u8], offset: usize) -> u64 {
    u64::from_le_bytes(field(bytes, offset))
}

/// Content of the identity file.
pub fn encode_store(id: &StoreId, created: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER_BYTES);
    bytes.extend_from_slice(STORE_MAGIC);
    bytes.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
    bytes.extend_from_slice(&MINIMUM_READER.to_le_bytes());
    bytes.extend_from_slice(id);
    bytes.extend_from_slice(&created.to_le_bytes());
    seal_header(bytes, HEADER_BYTES)
}

fn seal_header(mut bytes: Vec<u8>, size: usize) -> Vec<u8> {
    bytes.resize(size - 4, 0);
    let checksum = crc32fast::hash(&bytes);
    bytes.extend_from_slice(&checksum.to_le_bytes());
    bytes
}

fn is_whole(bytes: &[u8], magic: &[u8], size: usize) -> bool {
    bytes.len() >= size
        && bytes.starts_with(magic)
        && bytes.get(..size - 4).map(crc32fast::hash) == Some(u32_at(bytes, size - 4))
}

/// Reads the identity file; also the time of creation.
pub fn decode_store(bytes: &[u8], path: &Path, writes: bool) -> Result<(StoreId, u64)> {
    check_version(bytes, STORE_MAGIC, path, writes)?;
    if !is_whole(bytes, STORE_MAGIC, HEADER_BYTES) {
        return Err(StorageError::corrupt(0, 0, "the file STORE is not whole"));
    }
    Ok((field(bytes, 16), u64_at(bytes, 32)))
}

/// A newer format is refused before anything else of it is judged.
fn check_version(bytes: &[u8], magic: &[u8], path: &Path, writes: bool) -> Result<()> {
    if bytes.len() < 16 || !bytes.starts_with(magic) {
        return Ok(());
    }
    let (found, minimum) = (u32_at(bytes, 8), u32_at(bytes, 12));
    let needed = if writes { found } else { minimum };
    // A checksum that fits tells a newer format from a damaged one; what a newer one checks is not known.
    if needed > FORMAT_VERSION && (is_whole(bytes, magic, HEADER_BYTES) || found < 1 << 16) {
        return Err(StorageError::NewerFormat {
            path: path.to_owned(),
            found,
            needed,
            supported: FORMAT_VERSION,
        });
    }
    Ok(())
}

/// Header of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentHeader {
    /// Store it belongs to.
    pub id: StoreId,
    /// Number, as in the name.
    pub number: u64,
    /// Number that the next event gets.
    pub first: u64,
    /// Time of creation.
    pub created: u64,
    /// Checksum of the last record of the segment before.
    pub previous: u32,
}

impl SegmentHeader {
    /// The bytes, and their CRC, which the first record continues.
    pub fn encode(&self) -> (Vec<u8>, u32) {
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        bytes.extend_from_slice(SEGMENT_MAGIC);
        bytes.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
        bytes.extend_from_slice(&MINIMUM_READER.to_le_bytes());
        bytes.extend_from_slice(&self.id);
        bytes.extend_from_slice(&self.number.to_le_bytes());
        bytes.extend_from_slice(&self.first.to_le_bytes());
        bytes.extend_from_slice(&self.created.to_le_bytes());
        bytes.extend_from_slice(&self.previous.to_le_bytes());
        let bytes = seal_header(bytes, HEADER_BYTES);
        let checksum = u32_at(&bytes, HEADER_BYTES - 4);
        (bytes, checksum)
    }

    /// Reads a header; also its CRC.
    pub fn decode(bytes: &[u8], number: u64, path: &Path, writes: bool) -> Result<(Self, u32)> {
        check_version(bytes, SEGMENT_MAGIC, path, writes)?;
        if !is_whole(bytes, SEGMENT_MAGIC, HEADER_BYTES) {
            return Err(StorageError::corrupt(
                number,
                0,
                "the segment header is not whole",
            ));
        }
        let header = Self {
            id: field(bytes, 16),
            number: u64_at(bytes, 32),
            first: u64_at(bytes, 40),
            created: u64_at(bytes, 48),
            previous: u32_at(bytes, 56),
        };
        if header.number != number {
            let reason = format!("the header says that this is segment {}", header.number);
            return Err(StorageError::corrupt(number, 0, reason));
        }
        if header.first == 0 {
            return Err(StorageError::corrupt(
                number,
                0,
                "events are numbered from 1",
            ));
        }
        Ok((header, u32_at(bytes, HEADER_BYTES - 4)))
    }
}

/// What a prune left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PruneMark {
    /// First event that is still there.
    pub before: u64,
    /// First segment that is still there.
    pub segment: u64,
}

/// Content of the prune mark.
pub fn encode_mark(id: &StoreId, mark: PruneMark) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(MARK_BYTES);
    bytes.extend_from_slice(MARK_MAGIC);
    bytes.extend_from_slice(&mark.before.to_le_bytes());
    bytes.extend_from_slice(&mark.segment.to_le_bytes());
    bytes.extend_from_slice(&field::<12>(id, 0));
    seal_header(bytes, MARK_BYTES)
}

/// Reads the prune mark.
pub fn decode_mark(bytes: &[u8], id: &StoreId) -> Result<PruneMark> {
    if !is_whole(bytes, MARK_MAGIC, MARK_BYTES) || field::<12>(bytes, 24) != field::<12>(id, 0) {
        return Err(StorageError::corrupt(
            0,
            0,
            "the prune mark (MARK) is not whole",
        ));
    }
    Ok(PruneMark {
        before: u64_at(bytes, 8),
        segment: u64_at(bytes, 16),
    })
}
