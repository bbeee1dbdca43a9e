//! Bench addon: `fishplate-tokenizer` and three crates on the same text in the same process.
#![allow(missing_docs, reason = "an addon of one benchmark")]
#![allow(
    clippy::needless_pass_by_value,
    reason = "Node-API functions take what was converted for them"
)]

use std::cell::RefCell;
use std::sync::OnceLock;

use fishplate_tokenizer::{Encoding, Tokenizer};
use napi::bindgen_prelude::{Error, Result, Uint8ArraySlice};
use napi_derive::napi;
use splintr::AnyTokenizer;

thread_local! {
    static OURS: RefCell<[Tokenizer; 2]> =
        RefCell::new([Encoding::O200kBase, Encoding::Cl100kBase].map(Tokenizer::new));
}

static SPLINTR: OnceLock<Option<AnyTokenizer>> = OnceLock::new();

#[napi]
pub fn fishplate(text: Uint8ArraySlice<'_>, cl100k: bool) -> Result<u32> {
    let text = read(&text)?;
    OURS.with_borrow_mut(|tokenizers| {
        let tokenizer = &mut tokenizers[usize::from(cl100k)];
        Ok(number(tokenizer.count(text)))
    })
}

#[napi]
pub fn tiktoken_rs(text: Uint8ArraySlice<'_>, cl100k: bool) -> Result<u32> {
    let tokenizer = if cl100k {
        tiktoken_rs::cl100k_base_singleton()
    } else {
        tiktoken_rs::o200k_base_singleton()
    };
    Ok(number(tokenizer.count_ordinary(read(&text)?)))
}

#[napi]
pub fn bpe_openai(text: Uint8ArraySlice<'_>, cl100k: bool) -> Result<u32> {
    let tokenizer = if cl100k {
        bpe_openai::cl100k_base()
    } else {
        bpe_openai::o200k_base()
    };
    Ok(number(tokenizer.count(read(&text)?)))
}

/// `o200k_base` only.
#[napi]
pub fn splintr(text: Uint8ArraySlice<'_>) -> Result<u32> {
    let tokenizer = SPLINTR.get_or_init(|| splintr::pretrained::from_pretrained("o200k_base").ok());
    let tokenizer = tokenizer
        .as_ref()
        .ok_or_else(|| Error::from_reason("splintr has no o200k_base"))?;
    Ok(number(tokenizer.encode(read(&text)?).len()))
}

fn read(text: &[u8]) -> Result<&str> {
    std::str::from_utf8(text).map_err(|error| Error::from_reason(error.to_string()))
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
