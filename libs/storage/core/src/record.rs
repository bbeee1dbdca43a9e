//! Records: what they look like, and their checksums. See `docs/formats/storage.md`.

use crate::format::{StoreId, u32_at, u64_at};

/// Bytes of a record header.
pub const RECORD_HEADER: usize = 48;
/// Records begin at multiples of this.
pub const ALIGNMENT: usize = 8;
/// Longest stream name in bytes.
pub const MAX_STREAM: usize = 255;
/// Largest event in bytes.
pub const MAX_EVENT: usize = 256 << 20;
/// Flag: numbers are missing before this event.
pub const FLAG_GAP: u8 = 1;
/// Flag: the record continues a batch.
pub const FLAG_CONTINUES: u8 = 2;

/// Kinds of records.
pub mod kind {
    /// An event.
    pub const EVENT: u8 = 1;
    /// A checkpoint.
    pub const CHECKPOINT: u8 = 2;
    /// The end of a checkpoint.
    pub const TOMBSTONE: u8 = 3;
    /// All that is alive when a segment begins.
    pub const DIRECTORY: u8 = 4;
    /// The end of a segment.
    pub const SEAL: u8 = 5;
    /// A stream that continues another.
    pub const BRANCH: u8 = 6;
    /// Kinds from here on may be skipped by who does not know them.
    pub const OPTIONAL: u8 = 128;
}

/// Header of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordHeader {
    /// Of everything but itself, and of the place.
    pub checksum: u32,
    /// Checksum of the record before.
    pub previous: u32,
    /// Bytes of the payload.
    pub payload: u32,
    /// What it is.
    pub kind: u8,
    /// Flags.
    pub flags: u8,
    /// Bytes of the stream name.
    pub stream: u16,
    /// How many records of the batch follow.
    pub batch: u32,
    /// Number of the event, or of the last one before.
    pub seq: u64,
    /// Milliseconds since 1970.
    pub time: u64,
    /// Everything in the segment below this was synced before.
    pub synced: u64,
}

/// What is given to write a record.
#[derive(Debug, Clone, Copy)]
pub struct NewRecord<'a> {
    /// What it is.
    pub kind: u8,
    /// Flags.
    pub flags: u8,
    /// Stream name.
    pub stream: &'a str,
    /// How many records of the batch follow.
    pub batch: u32,
    /// Number.
    pub seq: u64,
    /// Time.
    pub time: u64,
    /// What was synced.
    pub synced: u64,
    /// The payload, in parts.
    pub payload: &'a [&'a [u8]],
}

/// Where the checksums of a segment begin.
pub fn seed(id: &StoreId, segment: u64) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(id);
    hasher.update(&segment.to_le_bytes());
    hasher.finalize()
}

/// Size of a record with its padding.
pub fn record_bytes(stream: usize, payload: usize) -> usize {
    (RECORD_HEADER + stream + payload).next_multiple_of(ALIGNMENT)
}

/// Appends a record that will stand at `offset`; its checksum.
pub fn encode(
    out: &mut Vec<u8>,
    seed: u32,
    offset: u64,
    previous: u32,
    record: &NewRecord<'_>,
) -> u32 {
    let start = out.len();
    let payload: usize = record.payload.iter().map(|part| part.len()).sum();
    let total = record_bytes(record.stream.len(), payload);
    out.reserve(total);
    let mut header = [0_u8; RECORD_HEADER];
    let mut at = 8;
    let mut put = |bytes: &[u8]| {
        if let Some(room) = header.get_mut(at..at + bytes.len()) {
            room.copy_from_slice(bytes);
        }
        at += bytes.len();
    };
    put(&previous.to_le_bytes());
    // Limits are checked before, so that both fit.
    put(&u32::try_from(payload).unwrap_or(u32::MAX).to_le_bytes());
    put(&[record.kind, record.flags]);
    put(&u16::try_from(record.stream.len())
        .unwrap_or(u16::MAX)
        .to_le_bytes());
    put(&record.batch.to_le_bytes());
    put(&record.seq.to_le_bytes());
    put(&record.time.to_le_bytes());
    put(&record.synced.to_le_bytes());
    let (checksums, fields) = header.split_at_mut(8);
    let header_checksum = continue_crc(continue_crc(seed, &offset.to_le_bytes()), fields);
    if let Some(room) = checksums.get_mut(4..) {
        room.copy_from_slice(&header_checksum.to_le_bytes());
    }
    out.extend_from_slice(&header);
    out.extend_from_slice(record.stream.as_bytes());
    for part in record.payload {
        out.extend_from_slice(part);
    }
    out.resize(start + total, 0);
    let covered = out.get(start + 4..).unwrap_or_default();
    let checksum = continue_crc(continue_crc(seed, &offset.to_le_bytes()), covered);
    if let Some(room) = out.get_mut(start..start + 4) {
        room.copy_from_slice(&checksum.to_le_bytes());
    }
    checksum
}

fn continue_crc(crc: u32, bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(crc);
    hasher.update(bytes);
    hasher.finalize()
}

impl RecordHeader {
    /// Reads a header; `None` unless its checksum says that it was written for this place.
    pub fn decode(bytes: &[u8], seed: u32, offset: u64) -> Option<Self> {
        let fields = bytes.get(8..RECORD_HEADER)?;
        let expected = continue_crc(continue_crc(seed, &offset.to_le_bytes()), fields);
        // No record has kind 0, so that zeros are never one.
        if u32_at(bytes, 4) != expected || bytes.get(16) == Some(&0) {
            return None;
        }
        Some(Self {
            checksum: u32_at(bytes, 0),
            previous: u32_at(bytes, 8),
            payload: u32_at(bytes, 12),
            kind: *bytes.get(16)?,
            flags: *bytes.get(17)?,
            stream: u16::from_le_bytes([*bytes.get(18)?, *bytes.get(19)?]),
            batch: u32_at(bytes, 20),
            seq: u64_at(bytes, 24),
            time: u64_at(bytes, 32),
            synced: u64_at(bytes, 40),
        })
    }

    /// Size of the record with its padding.
    pub fn total(&self) -> usize {
        record_bytes(usize::from(self.stream), self.payload as usize)
    }

    /// Where the payload is, from the beginning of the record.
    pub fn payload_range(&self) -> std::ops::Range<usize> {
        let start = RECORD_HEADER + usize::from(self.stream);
        start..start + self.payload as usize
    }

    /// Whether the whole record, with its padding, is what was written for this place.
    pub fn verify(&self, record: &[u8], seed: u32, offset: u64) -> bool {
        let Some(covered) = record.get(4..self.total()) else {
            return false;
        };
        continue_crc(continue_crc(seed, &offset.to_le_bytes()), covered) == self.checksum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let record = NewRecord {
            kind: kind::EVENT,
            flags: 0,
            stream: "s",
            batch: 0,
            seq: 7,
            time: 9,
            synced: 64,
            payload: &[payload],
        };
        encode(&mut out, seed(&[1; 16], 1), 64, 5, &record);
        out
    }

    #[test]
    fn any_flipped_bit_is_seen() {
        let bytes = sample(b"payload");
        let start = seed(&[1; 16], 1);
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let header = RecordHeader::decode(&changed, start, 64);
            assert!(
                !header.is_some_and(|header| header.verify(&changed, start, 64)),
                "bit {bit}"
            );
        }
    }

    #[test]
    fn a_record_is_valid_at_its_own_place_only() {
        let bytes = sample(b"payload");
        assert!(RecordHeader::decode(&bytes, seed(&[1; 16], 1), 64).is_some());
        assert!(
            RecordHeader::decode(&bytes, seed(&[1; 16], 1), 72).is_none(),
            "another offset"
        );
        assert!(
            RecordHeader::decode(&bytes, seed(&[1; 16], 2), 64).is_none(),
            "another segment"
        );
        assert!(
            RecordHeader::decode(&bytes, seed(&[2; 16], 1), 64).is_none(),
            "another store"
        );
    }
}
