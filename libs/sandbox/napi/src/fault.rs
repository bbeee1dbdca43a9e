//! Errors as texts, which both a call and a promise carry over: `CODE: message`, or code, particulars as JSON, and message, a
//! line each.

use fishplate_sandbox::{
    ChangeError, Changed, Decision, FileError, GrantError, NameError, OpenError, StartError,
};
use napi::{Error, Result};
use serde::Serialize;

/// What the error of a refused action carries.
#[derive(Serialize)]
struct Denial<'a> {
    decision: &'a Decision,
}

pub fn fault(code: &str, message: impl std::fmt::Display) -> Error {
    Error::from_reason(format!("{code}: {message}"))
}

pub fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| fault("ENGINE_FAULT", error))
}

pub fn open_fault(error: &OpenError) -> Error {
    match error {
        OpenError::Files(error) => file_fault(error),
        _ => fault(error.code(), error),
    }
}

pub fn grant_fault(error: &GrantError) -> Error {
    fault(error.code(), error)
}

pub fn name_fault(error: &NameError) -> Error {
    fault(error.code(), error)
}

pub fn file_fault(error: &FileError) -> Error {
    match error {
        FileError::AccessDenied(decision) => match json(&Denial { decision }) {
            Ok(details) => Error::from_reason(format!("ACCESS_DENIED\n{details}\n{error}")),
            Err(error) => error,
        },
        _ => fault(error.code(), error),
    }
}

/// What came of a change; that a file is another one than was read is an answer too.
pub fn change_answer(result: std::result::Result<Changed, ChangeError>) -> Result<String> {
    match result {
        Ok(Changed { modes, directories }) => {
            let directories: Vec<_> = directories
                .iter()
                .map(|path| path.to_string_lossy())
                .collect();
            json(&serde_json::json!({ "modes": modes, "directories": directories }))
        }
        Err(ChangeError::Meanwhile { index, .. }) => {
            json(&serde_json::json!({ "meanwhile": index }))
        }
        Err(ChangeError::File(error)) => Err(file_fault(&error)),
        Err(error @ ChangeError::Stuck { .. }) => Err(fault(error.code(), error)),
    }
}

pub fn start_fault(error: &StartError) -> Error {
    fault(error.code(), error)
}
