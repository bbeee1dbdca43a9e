//! Errors as messages that start with their code.

use fishplate_vector::VectorError;
use napi::bindgen_prelude::{Error, Status};

pub(crate) fn fault(error: VectorError) -> Error {
    Error::new(Status::GenericFailure, format!("{}: {error}", error.code()))
}

/// What the TypeScript side lets nobody pass.
pub(crate) fn invalid(message: &str) -> Error {
    Error::new(Status::InvalidArg, format!("INPUT_INVALID: {message}"))
}
