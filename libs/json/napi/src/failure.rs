//! Errors of the core as objects: they are values here, and TypeScript throws them.

use fishplate_json::{JsonError, position};
use napi_derive::napi;

use crate::text::TextInput;

/// Why a text was refused, and where.
#[derive(Clone)]
#[napi(object, object_from_js = false)]
pub struct NativeFailure {
    pub code: &'static str,
    pub message: String,
    /// Bytes, code units, line and column; none where no place is to blame.
    pub place: Option<NativePlace>,
}

#[derive(Clone)]
#[napi(object, object_from_js = false)]
pub struct NativePlace {
    pub bytes: f64,
    pub units: f64,
    pub line: f64,
    pub column: f64,
}

/// The failure of a text.
pub fn failure(text: &[u8], error: &JsonError) -> NativeFailure {
    NativeFailure {
        code: error.code(),
        message: error.to_string(),
        place: error.offset().map(|offset| {
            let place = position(text, offset);
            NativePlace {
                bytes: float(offset),
                units: float(place.units),
                line: float(place.line),
                column: float(place.column),
            }
        }),
    }
}

/// The text of a call as the core takes it.
pub fn checked(text: &TextInput<'_>) -> Result<(), JsonError> {
    match text {
        TextInput::String(_) => Ok(()),
        TextInput::Bytes(bytes) => fishplate_json::check_utf8(bytes),
    }
}

/// A length or an offset: no memory has 2^53 bytes.
#[expect(
    clippy::cast_precision_loss,
    reason = "no memory has as many bytes as a double cannot tell apart"
)]
pub fn float(number: usize) -> f64 {
    number as f64
}

/// A count of the caller; `Infinity` is the most that there is.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the conversion saturates, and TypeScript has checked the number"
)]
pub fn count(number: f64) -> usize {
    number as usize
}
