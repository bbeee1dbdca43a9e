//! zstd, on this thread or on one of the pool.

use fishplate_tokenizer::CompressionError;
use napi::bindgen_prelude::{AsyncTask, Buffer, Result, Uint8ArraySlice};
use napi::{Env, Error, Task};
use napi_derive::napi;

use crate::fault;

#[napi]
pub fn compress(
    data: Uint8ArraySlice<'_>,
    level: i32,
    dictionary: Uint8ArraySlice<'_>,
) -> Result<Buffer> {
    buffer(fishplate_tokenizer::compress(&data, level, &dictionary))
}

#[napi]
pub fn decompress(
    data: Uint8ArraySlice<'_>,
    max_bytes: f64,
    dictionary: Uint8ArraySlice<'_>,
) -> Result<Buffer> {
    buffer(fishplate_tokenizer::decompress(
        &data,
        size(max_bytes),
        &dictionary,
    ))
}

#[napi]
pub fn train_dictionary(samples: Vec<Uint8ArraySlice<'_>>, max_bytes: f64) -> Result<Buffer> {
    let samples: Vec<Vec<u8>> = samples.iter().map(|sample| sample.to_vec()).collect();
    buffer(fishplate_tokenizer::train_dictionary(
        &samples,
        size(max_bytes),
    ))
}

#[napi(ts_return_type = "Promise<Buffer>")]
pub fn compress_async(
    data: Uint8ArraySlice<'_>,
    level: i32,
    dictionary: Uint8ArraySlice<'_>,
) -> AsyncTask<Compression> {
    let dictionary = dictionary.to_vec();
    AsyncTask::new(Compression::Compress(data.to_vec(), level, dictionary))
}

#[napi(ts_return_type = "Promise<Buffer>")]
pub fn decompress_async(
    data: Uint8ArraySlice<'_>,
    max_bytes: f64,
    dictionary: Uint8ArraySlice<'_>,
) -> AsyncTask<Compression> {
    let dictionary = dictionary.to_vec();
    AsyncTask::new(Compression::Decompress(
        data.to_vec(),
        size(max_bytes),
        dictionary,
    ))
}

#[napi(ts_return_type = "Promise<Buffer>")]
pub fn train_dictionary_async(
    samples: Vec<Uint8ArraySlice<'_>>,
    max_bytes: f64,
) -> AsyncTask<Compression> {
    let samples = samples.iter().map(|sample| sample.to_vec()).collect();
    AsyncTask::new(Compression::Train(samples, size(max_bytes)))
}

/// Work for a thread of the pool. It has copies: a caller may change its Buffers meanwhile.
pub enum Compression {
    Compress(Vec<u8>, i32, Vec<u8>),
    Decompress(Vec<u8>, usize, Vec<u8>),
    Train(Vec<Vec<u8>>, usize),
}

impl Task for Compression {
    type Output = Vec<u8>;
    type JsValue = Buffer;

    fn compute(&mut self) -> Result<Vec<u8>> {
        let bytes = match self {
            Self::Compress(data, level, dictionary) => {
                fishplate_tokenizer::compress(data, *level, dictionary)
            }
            Self::Decompress(data, max_bytes, dictionary) => {
                fishplate_tokenizer::decompress(data, *max_bytes, dictionary)
            }
            Self::Train(samples, max_bytes) => {
                fishplate_tokenizer::train_dictionary(samples, *max_bytes)
            }
        };
        bytes.map_err(|error| compression_fault(&error))
    }

    fn resolve(&mut self, _: Env, bytes: Vec<u8>) -> Result<Buffer> {
        Ok(bytes.into())
    }
}

fn buffer(bytes: std::result::Result<Vec<u8>, CompressionError>) -> Result<Buffer> {
    bytes
        .map(Into::into)
        .map_err(|error| compression_fault(&error))
}

fn compression_fault(error: &CompressionError) -> Error {
    let code = match error {
        CompressionError::Damaged(_) => "DATA_DAMAGED",
        CompressionError::TooLarge { .. } => "OUTPUT_TOO_LARGE",
        CompressionError::Samples(_) => "SAMPLES_UNFIT",
        CompressionError::Refused(_) => "ENGINE_FAULT",
    };
    fault(code, error)
}

/// TypeScript lets whole numbers only through.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturates"
)]
fn size(bytes: f64) -> usize {
    bytes as usize
}
