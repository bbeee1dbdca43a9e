//! Strings and bytes as the core takes them. A string is written once, as UTF-16 into a buffer that is kept, and made
//! UTF-8 in another one: a third of the time of letting V8 write UTF-8, and no call to ask for a length.

use std::ptr;

use fishplate_tokenizer::utf8_from_utf16;
use napi::bindgen_prelude::{
    FromNapiValue, Result, TypeName, Uint8ArraySlice, ValidateNapiValue, ValueType,
};
use napi::{check_status, sys};

use crate::fault;

/// Units that the buffer has from the start: most strings fit.
const ROOM: usize = 1 << 12;

/// Units and bytes that are kept from one call to the next.
const KEPT: usize = 1 << 20;

/// A string or a Uint8Array, not read yet.
pub struct TextArgument {
    env: sys::napi_env,
    value: sys::napi_value,
}

impl TypeName for TextArgument {
    fn type_name() -> &'static str {
        "string | Uint8Array"
    }

    fn value_type() -> ValueType {
        ValueType::Unknown
    }
}

// What is neither string nor bytes is refused on reading.
impl ValidateNapiValue for TextArgument {
    unsafe fn validate(_: sys::napi_env, _: sys::napi_value) -> Result<sys::napi_value> {
        Ok(ptr::null_mut())
    }
}

impl FromNapiValue for TextArgument {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> Result<Self> {
        Ok(Self { env, value })
    }
}

/// Buffers for strings.
pub struct TextBuffer {
    units: Vec<u16>,
    bytes: Vec<u8>,
}

impl TextBuffer {
    pub fn new() -> Self {
        Self {
            units: vec![0; ROOM],
            bytes: Vec::new(),
        }
    }

    /// The text as UTF-8, until the next one is read.
    pub fn read(&mut self, text: &TextArgument) -> Result<&str> {
        self.bytes.clear();
        self.bytes.shrink_to(KEPT);
        // SAFETY: `text` is an argument of the running call, so both handles are valid.
        if let Some(length) = unsafe { self.write_units(text.env, text.value) }? {
            utf8_from_utf16(
                self.units.get(..length).unwrap_or_default(),
                &mut self.bytes,
            );
            if self.units.len() > KEPT {
                self.units = vec![0; ROOM];
            }
        } else {
            // SAFETY: as above; anything but a Uint8Array is an error.
            let given = unsafe { Uint8ArraySlice::from_napi_value(text.env, text.value) }
                .map_err(|error| fault("INPUT_INVALID", error.reason))?;
            self.bytes
                .extend_from_slice(String::from_utf8_lossy(&given).as_bytes());
        }
        std::str::from_utf8(&self.bytes).map_err(|error| fault("ENGINE_FAULT", error))
    }

    /// Writes the units of a string; none where the value is no string.
    ///
    /// # Safety
    /// `env` must be the environment of the running call, `value` a value of it.
    unsafe fn write_units(
        &mut self,
        env: sys::napi_env,
        value: sys::napi_value,
    ) -> Result<Option<usize>> {
        let mut written = 0;
        let (buffer, room) = (self.units.as_mut_ptr(), self.units.len());
        // SAFETY: the buffer holds `room` units.
        let status =
            unsafe { sys::napi_get_value_string_utf16(env, value, buffer, room, &raw mut written) };
        if status == sys::Status::napi_string_expected {
            return Ok(None);
        }
        check_status!(status)?;
        if written + 1 < room {
            return Ok(Some(written));
        }
        // The last unit is a NUL, so the string may go on.
        let mut length = 0;
        // SAFETY: without a buffer only the length is written.
        check_status!(unsafe {
            sys::napi_get_value_string_utf16(env, value, ptr::null_mut(), 0, &raw mut length)
        })?;
        self.units.resize(length + 1, 0);
        let (buffer, room) = (self.units.as_mut_ptr(), self.units.len());
        // SAFETY: the buffer holds `room` units.
        check_status!(unsafe {
            sys::napi_get_value_string_utf16(env, value, buffer, room, &raw mut written)
        })?;
        Ok(Some(written))
    }
}
