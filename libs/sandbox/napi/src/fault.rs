//! Errors as messages that start with a code: the only text that both a sync call and a promise carry over.

use fishplate_sandbox::{
    Decision, FileError, GrantError, NameError, OpenError, PolicyError, StartError,
};
use napi::{Error, Result};
use serde::Serialize;

pub fn fault(code: &str, message: impl std::fmt::Display) -> Error {
    Error::from_reason(format!("{code}: {message}"))
}

pub fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| fault("ENGINE_FAULT", error))
}

pub fn open_fault(error: &OpenError) -> Error {
    match error {
        OpenError::Policy(PolicyError::Workspace { .. }) => fault("WORKSPACE_INVALID", error),
        OpenError::Policy(_) | OpenError::Hosts(_) => fault("POLICY_INVALID", error),
        OpenError::Grants(error) => grant_fault(error),
        OpenError::Files(error) => file_fault(error),
    }
}

pub fn grant_fault(error: &GrantError) -> Error {
    fault("GRANT_INVALID", error)
}

pub fn name_fault(error: &NameError) -> Error {
    fault("NAME_INVALID", error)
}

pub fn file_fault(error: &FileError) -> Error {
    match error {
        FileError::AccessDenied(decision) => match denial(decision) {
            Ok(decision) => Error::from_reason(format!("ACCESS_DENIED {decision}: {error}")),
            Err(error) => error,
        },
        _ => fault(error.code(), error),
    }
}

fn denial(decision: &Decision) -> Result<String> {
    json(decision)
}

pub fn start_code(error: &StartError) -> &'static str {
    match error {
        StartError::Helper { .. } | StartError::TooWeak { .. } | StartError::Unsupported => {
            "ENFORCEMENT_UNAVAILABLE"
        }
        StartError::Argument { .. } => "INPUT_INVALID",
        StartError::NotFound { .. } => "COMMAND_NOT_FOUND",
        StartError::NotExecutable { .. } | StartError::NoInterpreter { .. } => {
            "COMMAND_NOT_EXECUTABLE"
        }
        StartError::Cwd { .. } => "CWD_INVALID",
        StartError::Confine { .. } | StartError::System(_) => "START_FAILED",
        StartError::Stopped => "SANDBOX_CLOSED",
    }
}

pub fn start_fault(error: &StartError) -> Error {
    fault(start_code(error), error)
}
