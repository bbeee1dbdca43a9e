//! zstd, with limits.

use std::io::{self, Read};

use thiserror::Error;

/// Log 2 of the largest window that a frame may ask for: 128 MiB, which is what zstd allows itself.
const WINDOW_LOG: u32 = 27;

/// Why nothing came of it.
#[derive(Debug, Error)]
pub enum CompressionError {
    /// The data is no zstd, is cut off, is damaged, or was written with another dictionary.
    #[error("the data cannot be read as zstd: {0}")]
    Damaged(io::Error),
    /// The data would be larger than the caller allows.
    #[error("the data is larger than {max_bytes} bytes when it is decompressed")]
    TooLarge {
        /// What the caller allows.
        max_bytes: usize,
    },
    /// There is no dictionary in the samples.
    #[error("no dictionary can be made of the samples: {0}")]
    Samples(io::Error),
    /// zstd refused to compress.
    #[error("zstd cannot compress: {0}")]
    Refused(io::Error),
}

/// One frame with its size and a checksum. `level` is from -7, the fastest, to 22; 3 is usual.
///
/// # Errors
/// [`CompressionError::Refused`] where memory is short.
///
/// ```
/// use fishplate_tokenizer::{compress, decompress};
///
/// let frame = compress(&[7; 100_000], 3, &[])?;
/// assert!(frame.len() < 100);
/// assert_eq!(decompress(&frame, 100_000, &[])?, [7; 100_000]);
/// assert!(decompress(&frame, 99_999, &[]).is_err());
/// # Ok::<(), fishplate_tokenizer::CompressionError>(())
/// ```
pub fn compress(data: &[u8], level: i32, dictionary: &[u8]) -> Result<Vec<u8>, CompressionError> {
    let run = || {
        let mut compressor = zstd::bulk::Compressor::with_dictionary(level, dictionary)?;
        compressor.include_checksum(true)?;
        compressor.compress(data)
    };
    run().map_err(CompressionError::Refused)
}

/// All frames of `data`, one behind the other.
///
/// # Errors
/// [`CompressionError::TooLarge`] as soon as there are more than `max_bytes`, [`CompressionError::Damaged`].
pub fn decompress(
    data: &[u8],
    max_bytes: usize,
    dictionary: &[u8],
) -> Result<Vec<u8>, CompressionError> {
    let decoder = zstd::stream::read::Decoder::with_dictionary(data, dictionary);
    let mut decoder = decoder.map_err(CompressionError::Damaged)?;
    decoder
        .window_log_max(WINDOW_LOG)
        .map_err(CompressionError::Damaged)?;
    let mut bytes = Vec::new();
    let most = u64::try_from(max_bytes)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    decoder
        .take(most)
        .read_to_end(&mut bytes)
        .map_err(CompressionError::Damaged)?;
    if bytes.len() > max_bytes {
        return Err(CompressionError::TooLarge { max_bytes });
    }
    Ok(bytes)
}

/// A dictionary for payloads that are small and alike, of at most `max_bytes`.
///
/// # Errors
/// [`CompressionError::Samples`] where they are too few, or too small.
pub fn train_dictionary(
    samples: &[Vec<u8>],
    max_bytes: usize,
) -> Result<Vec<u8>, CompressionError> {
    zstd::dict::from_samples(samples, max_bytes).map_err(CompressionError::Samples)
}
