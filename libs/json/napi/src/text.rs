//! Text across the boundary without loss: strings as WTF-8 and back, bytes where they lie.

use std::ops::Deref;
use std::ptr;

use napi::bindgen_prelude::{
    Env, Error, FromNapiValue, JsValue, Result, Status, ToNapiValue, TypeName, Uint8ArraySlice,
    ValidateNapiValue, ValueType, type_of,
};
use napi::{check_status, sys};

/// A string or bytes, as a caller passes it.
pub enum TextInput<'env> {
    /// A string, as WTF-8.
    String(Vec<u8>),
    /// Bytes in the caller's memory.
    Bytes(Uint8ArraySlice<'env>),
}

impl Deref for TextInput<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::String(text) => text,
            Self::Bytes(bytes) => bytes,
        }
    }
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
            ValueType::String => unsafe { read_string(env, value) }.map(Self::String),
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
unsafe fn read_string(env: sys::napi_env, value: sys::napi_value) -> Result<Vec<u8>> {
    let (mut length, mut utf8_length, mut written) = (0, 0, 0);
    // SAFETY: without a buffer only the length is written.
    check_status!(unsafe {
        sys::napi_get_value_string_utf16(env, value, ptr::null_mut(), 0, &raw mut length)
    })?;
    // SAFETY: as above.
    check_status!(unsafe {
        sys::napi_get_value_string_utf8(env, value, ptr::null_mut(), 0, &raw mut utf8_length)
    })?;
    let room = length + 1;
    if length == utf8_length {
        let mut bytes: Vec<u8> = Vec::with_capacity(room);
        let buffer = bytes.as_mut_ptr().cast();
        // SAFETY: the buffer holds `room` bytes, of which `written` are then initialised.
        unsafe {
            check_status!(sys::napi_get_value_string_latin1(
                env,
                value,
                buffer,
                room,
                &raw mut written
            ))?;
            bytes.set_len(written);
        }
        return Ok(bytes);
    }
    let mut units: Vec<u16> = Vec::with_capacity(room);
    let buffer = units.as_mut_ptr();
    // SAFETY: the buffer holds `room` units, of which `written` are then initialised.
    unsafe {
        check_status!(sys::napi_get_value_string_utf16(
            env,
            value,
            buffer,
            room,
            &raw mut written
        ))?;
        units.set_len(written);
    }
    Ok(fishplate_json::wtf8(&units))
}

/// Text on its way to the caller, as a string. ASCII is a copy; V8 reads other UTF-8.
pub struct TextOutput(pub Vec<u8>);

impl TypeName for TextOutput {
    fn type_name() -> &'static str {
        "string"
    }

    fn value_type() -> ValueType {
        ValueType::String
    }
}

impl ToNapiValue for TextOutput {
    unsafe fn to_napi_value(env: sys::napi_env, Self(text): Self) -> Result<sys::napi_value> {
        let env = Env::from_raw(env);
        if text.is_ascii() {
            return Ok(env.create_string_latin1(&text)?.raw());
        }
        if let Ok(text) = std::str::from_utf8(&text) {
            return Ok(env.create_string(text)?.raw());
        }
        let units: Vec<u16> = fishplate_json::utf16(&text).collect();
        Ok(env.create_string_utf16(units)?.raw())
    }
}
