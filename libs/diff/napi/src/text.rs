//! Strings across the boundary without loss: UTF-16 in, Latin-1 or WTF-8 in the core, and back.
//!
//! The binding's own `String` is UTF-8, which replaces lone surrogates and takes twice the time. Most source text
//! has code units below 256 only and narrows to one byte each; other text becomes WTF-8, which is UTF-8 generalised
//! to lone surrogates (<https://simonsapin.github.io/wtf-8/>). Both keep equal strings equal as bytes.

use std::borrow::Cow;
use std::ptr;

use fishplate_diff::Encoding;
use napi::bindgen_prelude::{
    Buffer, Env, Error, FromNapiValue, JsValue, Result, Status, ToNapiValue, TypeName,
    Uint8ArraySlice, ValidateNapiValue, ValueType, type_of,
};
use napi::{check_status, sys};

use crate::fault::{Code, fault};

/// A string or bytes, as a caller passes it.
pub enum TextInput<'env> {
    /// A string of code units below 128, as most source text is.
    Ascii(Vec<u8>),
    /// Any other string.
    Units(Vec<u16>),
    /// Bytes, where they lie in the caller's memory.
    Bytes(Uint8ArraySlice<'env>),
}

impl TypeName for TextInput<'_> {
    fn type_name() -> &'static str {
        "string | Uint8Array"
    }

    fn value_type() -> ValueType {
        ValueType::Unknown
    }
}

// What is neither string nor bytes is refused on reading.
impl ValidateNapiValue for TextInput<'_> {
    unsafe fn validate(_: sys::napi_env, _: sys::napi_value) -> Result<sys::napi_value> {
        Ok(ptr::null_mut())
    }
}

impl FromNapiValue for TextInput<'_> {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> Result<Self> {
        match type_of!(env, value)? {
            // SAFETY: `env` and `value` are those of this call, and `value` is a string.
            ValueType::String => unsafe { read_string(env, value) },
            ValueType::Object => {
                // SAFETY: as above; anything but a Uint8Array is an error.
                unsafe { Uint8ArraySlice::from_napi_value(env, value) }.map(Self::Bytes)
            }
            other => Err(Error::new(
                Status::InvalidArg,
                format!("text must be a string or a Uint8Array, not {other}"),
            )),
        }
    }
}

/// Reads ASCII as bytes and other strings as UTF-16; V8 says at once which it is, by the lengths.
///
/// # Safety
/// `env` must be the environment of the running call, `value` a string of it.
unsafe fn read_string(env: sys::napi_env, value: sys::napi_value) -> Result<TextInput<'static>> {
    let (mut length, mut utf8_length, mut written) = (0, 0, 0);
    // SAFETY: without a buffer only the length is written.
    check_status!(unsafe {
        sys::napi_get_value_string_utf16(env, value, ptr::null_mut(), 0, &mut length)
    })?;
    // SAFETY: as above.
    check_status!(unsafe {
        sys::napi_get_value_string_utf8(env, value, ptr::null_mut(), 0, &mut utf8_length)
    })?;
    let room = length + 1;
    if length == utf8_length {
        let mut bytes: Vec<u8> = Vec::with_capacity(room);
        // SAFETY: the buffer holds `room` bytes, of which `written` are then initialised.
        unsafe {
            let buffer = bytes.as_mut_ptr().cast();
            check_status!(sys::napi_get_value_string_latin1(
                env,
                value,
                buffer,
                room,
                &mut written
            ))?;
            bytes.set_len(written);
        }
        return Ok(TextInput::Ascii(bytes));
    }
    let mut units: Vec<u16> = Vec::with_capacity(room);
    // SAFETY: the buffer holds `room` units, of which `written` are then initialised.
    unsafe {
        let buffer = units.as_mut_ptr();
        check_status!(sys::napi_get_value_string_utf16(
            env,
            value,
            buffer,
            room,
            &mut written
        ))?;
        units.set_len(written);
    }
    Ok(TextInput::Units(units))
}

/// V8's `String::kMaxLength` on 64-bit platforms, in code units.
const MAX_STRING_LENGTH: usize = 0x1fff_ffe8;

/// How bytes in the core spell the caller's text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A string whose code units are all below 256, one byte each.
    Latin1,
    /// Any other string.
    Wtf8,
    /// Bytes of the caller's own.
    Bytes,
}

impl Form {
    /// What the core must know of the form: how white space is spelt.
    pub fn encoding(self) -> Encoding {
        match self {
            Self::Latin1 => Encoding::Latin1,
            Self::Wtf8 | Self::Bytes => Encoding::Utf8,
        }
    }
}

/// Two texts in one form, so that equal strings are equal bytes.
pub fn pair<'a>(
    old: &'a TextInput<'_>,
    new: &'a TextInput<'_>,
) -> (Cow<'a, [u8]>, Cow<'a, [u8]>, Form) {
    if let (Some(old), Some(new)) = (old.latin1(), new.latin1()) {
        return (old, new, Form::Latin1);
    }
    let form = match (old.form(), new.form()) {
        (Form::Wtf8, Form::Wtf8) => Form::Wtf8,
        _ => Form::Bytes,
    };
    (old.utf8(), new.utf8(), form)
}

impl TextInput<'_> {
    /// The form of what [`utf8`](Self::utf8) gives.
    pub fn form(&self) -> Form {
        match self {
            Self::Ascii(_) | Self::Units(_) => Form::Wtf8,
            Self::Bytes(_) => Form::Bytes,
        }
    }

    /// The text as UTF-8 (a string's lone surrogates as in WTF-8), or the caller's bytes as they are.
    pub fn utf8(&self) -> Cow<'_, [u8]> {
        match self {
            Self::Ascii(bytes) => Cow::Borrowed(bytes),
            Self::Units(units) => Cow::Owned(encode_wtf8(units)),
            Self::Bytes(bytes) => Cow::Borrowed(bytes),
        }
    }

    /// The numbers of the characters: code points, and code units where they are lone surrogates.
    pub fn characters(&self) -> Vec<u32> {
        match self {
            Self::Ascii(bytes) => bytes.iter().copied().map(u32::from).collect(),
            Self::Units(units) => char::decode_utf16(units.iter().copied())
                .map(|decoded| {
                    decoded.map_or_else(|lone| lone.unpaired_surrogate().into(), u32::from)
                })
                .collect(),
            Self::Bytes(bytes) => bytes.iter().copied().map(u32::from).collect(),
        }
    }

    /// One byte for each code unit, where all are below 256.
    fn latin1(&self) -> Option<Cow<'_, [u8]>> {
        match self {
            Self::Ascii(bytes) => Some(Cow::Borrowed(bytes)),
            Self::Units(units) => narrow(units).map(Cow::Owned),
            Self::Bytes(_) => None,
        }
    }
}

/// Text on its way to the caller: a string, or a Buffer where bytes came in.
pub struct TextOutput {
    bytes: Vec<u8>,
    form: Form,
}

impl TextOutput {
    /// # Errors
    /// `OUTPUT_TOO_LARGE` where a string cannot be as long.
    pub fn new(bytes: Vec<u8>, form: Form) -> Result<Self> {
        // UTF-16 never has more units than UTF-8 has bytes.
        if form != Form::Bytes && bytes.len() > MAX_STRING_LENGTH {
            let length = bytes.len();
            return Err(fault(
                Code::OutputTooLarge,
                format!("the result has {length} bytes, and a string holds {MAX_STRING_LENGTH}"),
            ));
        }
        Ok(Self { bytes, form })
    }
}

impl TypeName for TextOutput {
    fn type_name() -> &'static str {
        "string | Buffer"
    }

    fn value_type() -> ValueType {
        ValueType::Unknown
    }
}

impl ValidateNapiValue for TextOutput {}

impl ToNapiValue for TextOutput {
    unsafe fn to_napi_value(env: sys::napi_env, text: Self) -> Result<sys::napi_value> {
        let js = Env::from_raw(env);
        match text.form {
            Form::Wtf8 if !text.bytes.is_ascii() => {
                Ok(js.create_string_utf16(decode_wtf8(&text.bytes))?.raw())
            }
            Form::Latin1 | Form::Wtf8 => Ok(js.create_string_latin1(&text.bytes)?.raw()),
            // SAFETY: `env` is the environment that this call was given.
            Form::Bytes => unsafe { Buffer::to_napi_value(env, Buffer::from(text.bytes)) },
        }
    }
}

impl FromNapiValue for TextOutput {
    // The derive for object fields asks for it; no function takes a `TextOutput`.
    unsafe fn from_napi_value(_: sys::napi_env, _: sys::napi_value) -> Result<Self> {
        Err(Error::from_reason("text of a result is never read back"))
    }
}

/// Code units of a text in one of the forms of a string.
pub fn units(text: &[u8], form: Form) -> usize {
    match form {
        Form::Latin1 | Form::Bytes => text.len(),
        // A sequence of four bytes is a surrogate pair.
        Form::Wtf8 => text
            .iter()
            .map(|&byte| usize::from(byte & 0xc0 != 0x80) + usize::from(byte >= 0xf0))
            .sum(),
    }
}

/// The code units as bytes, where all are below 256.
fn narrow(units: &[u16]) -> Option<Vec<u8>> {
    // Without an early exit both loops run on vectors of units.
    let union = units.iter().fold(0, |union, unit| union | unit);
    #[expect(clippy::cast_possible_truncation, reason = "all units are below 256")]
    (union < 256).then(|| units.iter().map(|&unit| unit as u8).collect())
}

/// UTF-16 as UTF-8, a lone surrogate as the three bytes that its number would have.
pub fn encode_wtf8(units: &[u16]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(units.len() + units.len() / 2);
    for decoded in char::decode_utf16(units.iter().copied()) {
        match decoded {
            Ok(scalar) => {
                bytes.extend_from_slice(scalar.encode_utf8(&mut [0; 4]).as_bytes());
            }
            Err(lone) => {
                let [high, low] = lone.unpaired_surrogate().to_be_bytes();
                bytes.extend_from_slice(&[
                    0xe0 | high >> 4,
                    0x80 | (high & 0x0f) << 2 | low >> 6,
                    0x80 | low & 0x3f,
                ]);
            }
        }
    }
    bytes
}

/// Bytes that are neither UTF-8 nor a lone surrogate become U+FFFD, as in `TextDecoder`.
pub fn decode_wtf8(mut bytes: &[u8]) -> Vec<u16> {
    let mut units = Vec::with_capacity(bytes.len());
    loop {
        let error = match std::str::from_utf8(bytes) {
            Ok(text) => {
                units.extend(text.encode_utf16());
                return units;
            }
            Err(error) => error,
        };
        let (valid, rest) = bytes.split_at(error.valid_up_to());
        units.extend(String::from_utf8_lossy(valid).encode_utf16());
        if let [0xed, high @ 0xa0..=0xbf, low @ 0x80..=0xbf, ..] = *rest {
            units.push(0xd000 | u16::from(high & 0x3f) << 6 | u16::from(low & 0x3f));
            bytes = &rest[3..];
        } else {
            units.push(0xfffd);
            bytes = &rest[error.error_len().unwrap_or(rest.len())..];
        }
    }
}
