//! Hits as bytes, which cross over faster than objects.

use fishplate_vector::encoding::write_metadata;
use fishplate_vector::{Hit, Rows};

/// Of each hit: row (u32), score (f64), bytes of the key (u16), key, metadata; all little-endian.
pub(crate) fn encoded(hits: &[Hit], rows: &Rows) -> Vec<u8> {
    let mut bytes = Vec::new();
    for hit in hits {
        let key = rows.key(hit.row).unwrap_or_default();
        bytes.extend(hit.row.to_le_bytes());
        bytes.extend(hit.score.to_le_bytes());
        bytes.extend(u16::try_from(key.len()).unwrap_or_default().to_le_bytes());
        bytes.extend(key.as_bytes());
        write_metadata(rows.metadata(hit.row), &mut bytes);
    }
    bytes
}
