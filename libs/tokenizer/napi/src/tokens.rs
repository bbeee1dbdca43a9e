//! Counting, encoding, decoding. Tokenizers are kept, one an encoding and thread, with what their caches have learnt. Arrays are
//! copied into memory of the engine's own: what it only refers to is not freed before its event loop turns.

use std::cell::RefCell;

use fishplate_tokenizer::{Encoding, SpecialTokens, Tokenizer};
use napi::Env;
use napi::bindgen_prelude::{Array, BufferSlice, Result, Uint32ArraySlice};
use napi_derive::napi;

use crate::fault;
use crate::text::{TextArgument, TextBuffer};

/// What a string of V8 may have: UTF-8 of so many bytes always fits into one.
const MOST_TEXT_BYTES: usize = (1 << 29) - 24;

struct Kept {
    text: TextBuffer,
    tokenizers: [Option<Box<Tokenizer>>; Encoding::ALL.len()],
}

thread_local! {
    static KEPT: RefCell<Kept> = RefCell::new(Kept {
        text: TextBuffer::new(),
        tokenizers: Default::default(),
    });
}

/// Hands the tokenizer of an encoding, by its place in `Encoding::ALL`, and the buffers for text.
fn with<R>(
    encoding: u32,
    work: impl FnOnce(&mut Tokenizer, &mut TextBuffer) -> Result<R>,
) -> Result<R> {
    KEPT.with_borrow_mut(|Kept { text, tokenizers }| {
        let place = encoding as usize;
        let (Some(kept), Some(&encoding)) = (tokenizers.get_mut(place), Encoding::ALL.get(place))
        else {
            return Err(fault("ENCODING_UNKNOWN", format!("no encoding {encoding}")));
        };
        let tokenizer = kept.get_or_insert_with(|| Box::new(Tokenizer::new(encoding)));
        work(tokenizer, text)
    })
}

/// A text has fewer tokens than bytes, and no JavaScript string has 4 GiB of them.
fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn special(all: bool, names: Vec<String>) -> SpecialTokens {
    if all {
        SpecialTokens::All
    } else {
        SpecialTokens::Named(names)
    }
}

#[napi]
pub fn count(
    #[napi(ts_arg_type = "string | Uint8Array")] text: TextArgument,
    encoding: u32,
) -> Result<u32> {
    with(encoding, |tokenizer, buffer| {
        Ok(number(tokenizer.count(buffer.read(&text)?)))
    })
}

/// Negative where there are more than `limit`.
#[napi]
pub fn count_within(
    #[napi(ts_arg_type = "string | Uint8Array")] text: TextArgument,
    encoding: u32,
    limit: u32,
) -> Result<i64> {
    with(encoding, |tokenizer, buffer| {
        let count = tokenizer.count_within(buffer.read(&text)?, limit as usize);
        Ok(count.map_or(-1, |count| number(count).into()))
    })
}

/// Counts of the texts from `start` up to `end`.
#[napi]
pub fn count_batch<'env>(
    env: &'env Env,
    texts: Array<'_>,
    start: u32,
    end: u32,
    encoding: u32,
) -> Result<Uint32ArraySlice<'env>> {
    with(encoding, |tokenizer, buffer| {
        let mut counts = Vec::with_capacity(end.saturating_sub(start) as usize);
        for index in start..end {
            let text = texts.get::<TextArgument>(index)?;
            let text = text.ok_or_else(|| fault("INPUT_INVALID", format!("no text at {index}")))?;
            counts.push(number(tokenizer.count(buffer.read(&text)?)));
        }
        Uint32ArraySlice::copy_from(env, counts)
    })
}

#[napi]
pub fn count_special(
    #[napi(ts_arg_type = "string | Uint8Array")] text: TextArgument,
    encoding: u32,
    all: bool,
    names: Vec<String>,
) -> Result<u32> {
    with(encoding, |tokenizer, buffer| {
        let text = buffer.read(&text)?;
        Ok(number(tokenizer.count_with(text, &special(all, names))))
    })
}

#[napi]
pub fn encode<'env>(
    env: &'env Env,
    #[napi(ts_arg_type = "string | Uint8Array")] text: TextArgument,
    encoding: u32,
) -> Result<Uint32ArraySlice<'env>> {
    with(encoding, |tokenizer, buffer| {
        let mut tokens = Vec::new();
        tokenizer.encode(buffer.read(&text)?, &mut tokens);
        Uint32ArraySlice::copy_from(env, tokens)
    })
}

#[napi]
pub fn encode_special<'env>(
    env: &'env Env,
    #[napi(ts_arg_type = "string | Uint8Array")] text: TextArgument,
    encoding: u32,
    all: bool,
    names: Vec<String>,
) -> Result<Uint32ArraySlice<'env>> {
    with(encoding, |tokenizer, buffer| {
        let mut tokens = Vec::new();
        tokenizer.encode_with(buffer.read(&text)?, &special(all, names), &mut tokens);
        Uint32ArraySlice::copy_from(env, tokens)
    })
}

/// The first special token among these that the text holds.
#[napi]
pub fn find_special(
    #[napi(ts_arg_type = "string | Uint8Array")] text: TextArgument,
    encoding: u32,
    all: bool,
    names: Vec<String>,
) -> Result<Option<String>> {
    with(encoding, |tokenizer, buffer| {
        let text = buffer.read(&text)?;
        let found = tokenizer.find_special(text, &special(all, names));
        Ok(found.and_then(|range| text.get(range)).map(str::to_owned))
    })
}

/// Where each token ends, in UTF-16 code units.
#[napi]
pub fn token_ends<'env>(
    env: &'env Env,
    #[napi(ts_arg_type = "string | Uint8Array")] text: TextArgument,
    encoding: u32,
) -> Result<Uint32ArraySlice<'env>> {
    with(encoding, |tokenizer, buffer| {
        let mut ends = Vec::new();
        tokenizer.token_ends(buffer.read(&text)?, &mut ends);
        Uint32ArraySlice::copy_from(env, ends)
    })
}

#[napi]
pub fn decode_bytes<'env>(
    env: &'env Env,
    tokens: Uint32ArraySlice<'_>,
    encoding: u32,
) -> Result<BufferSlice<'env>> {
    BufferSlice::copy_from(env, decoded(&tokens, encoding)?)
}

#[napi]
pub fn decode_text(tokens: Uint32ArraySlice<'_>, encoding: u32) -> Result<String> {
    let bytes = decoded(&tokens, encoding)?;
    if bytes.len() > MOST_TEXT_BYTES {
        let length = bytes.len();
        let message =
            format!("the tokens have {length} bytes, and a string may have {MOST_TEXT_BYTES}");
        return Err(fault("INPUT_INVALID", message));
    }
    Ok(match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    })
}

fn decoded(tokens: &[u32], encoding: u32) -> Result<Vec<u8>> {
    with(encoding, |tokenizer, _| {
        let mut bytes = Vec::new();
        let outcome = tokenizer.decode(tokens, &mut bytes);
        outcome.map_err(|error| fault("TOKEN_UNKNOWN", error))?;
        Ok(bytes)
    })
}
