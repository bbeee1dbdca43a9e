//! zstd, as plain frames that a small decoder can read too.

use std::io::Read;

use crate::catalog::Encoding;

/// Frames of this size keep a decoder's window small.
const WINDOW_LOG: u32 = 23;
/// Below this there is nothing to gain.
const SMALLEST: usize = 128;
/// Above this the fastest levels are used: the state waits to be written.
const LARGE: usize = 512 << 10;

/// Compresses, unless that does not pay.
pub fn compress(bytes: &[u8], wanted: bool) -> (Encoding, Option<Vec<u8>>) {
    if !wanted || bytes.len() < SMALLEST {
        return (Encoding::Raw, None);
    }
    let level = if bytes.len() > LARGE { -3 } else { 1 };
    let packed = zstd::bulk::Compressor::new(level).and_then(|mut compressor| {
        compressor.set_parameter(zstd::zstd_safe::CParameter::WindowLog(
            WINDOW_LOG.min(ceil_log(bytes.len())),
        ))?;
        compressor.compress(bytes)
    });
    match packed {
        Ok(packed) if packed.len() < bytes.len() - bytes.len() / 16 => {
            (Encoding::Zstd, Some(packed))
        }
        _ => (Encoding::Raw, None),
    }
}

fn ceil_log(size: usize) -> u32 {
    size.next_power_of_two().trailing_zeros().max(10)
}

/// The bytes that were compressed; `None` where they are not valid or more than `limit`.
pub fn decompress(bytes: &[u8], expected: Option<usize>, limit: usize) -> Option<Vec<u8>> {
    if let Some(size) = expected.filter(|&size| size <= limit) {
        return zstd::bulk::decompress(bytes, size)
            .ok()
            .filter(|result| result.len() == size);
    }
    let mut result = Vec::new();
    let mut decoder = zstd::stream::read::Decoder::new(bytes).ok()?;
    let read = decoder
        .by_ref()
        .take(limit as u64 + 1)
        .read_to_end(&mut result)
        .ok()?;
    (read <= limit).then_some(result)
}
