//! Errors as they go over the wire: a number of JSON-RPC, and the code of the track in `data.code`.

use fishplate_sandbox::{Decision, FileError, GrantError, NameError, OpenError, StartError};
use serde::Serialize;

/// The body is no JSON.
pub const PARSE_ERROR: i32 = -32700;
/// The JSON is no request.
pub const INVALID_REQUEST: i32 = -32600;
/// There is no such method.
pub const METHOD_NOT_FOUND: i32 = -32601;
/// The parameters are not those of the method.
pub const INVALID_PARAMS: i32 = -32602;
/// The method did not succeed; `data.code` says why.
pub const FAILED: i32 = -32000;

/// The `error` of an answer.
#[derive(Clone, Debug, Serialize)]
pub struct Fault {
    /// A number of JSON-RPC.
    pub code: i32,
    /// What was wrong.
    pub message: String,
    /// For programs.
    pub data: FaultData,
}

/// The `data` of an error.
#[derive(Clone, Debug, Serialize)]
pub struct FaultData {
    /// As docs/errors.md has it.
    pub code: &'static str,
    /// Of `ACCESS_DENIED`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<Box<Decision>>,
    /// Of a client of another version: that of this daemon.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<&'static str>,
}

impl Fault {
    /// An error of JSON-RPC itself.
    pub fn of_request(code: i32, message: impl Into<String>) -> Self {
        Self::new(code, "INPUT_INVALID", message)
    }

    /// A method that did not succeed.
    pub fn failed(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(FAILED, code, message)
    }

    /// A client that is not of this version.
    pub fn of_version(asked: &str, own: &'static str) -> Self {
        let message = format!(
            "the client is of version {asked:?}, and this daemon of {own}: both must be the same"
        );
        let mut fault = Self::new(FAILED, "SIDECAR_UNAVAILABLE", message);
        fault.data.version = Some(own);
        fault
    }

    fn new(code: i32, name: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            data: FaultData {
                code: name,
                decision: None,
                version: None,
            },
        }
    }
}

impl From<OpenError> for Fault {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Files(error) => error.into(),
            error => Self::failed(error.code(), error.to_string()),
        }
    }
}

impl From<GrantError> for Fault {
    fn from(error: GrantError) -> Self {
        Self::failed(error.code(), error.to_string())
    }
}

impl From<NameError> for Fault {
    fn from(error: NameError) -> Self {
        Self::failed(error.code(), error.to_string())
    }
}

impl From<FileError> for Fault {
    fn from(error: FileError) -> Self {
        let mut fault = Self::failed(error.code(), error.to_string());
        if let FileError::AccessDenied(decision) = error {
            fault.data.decision = Some(decision);
        }
        fault
    }
}

impl From<StartError> for Fault {
    fn from(error: StartError) -> Self {
        Self::failed(error.code(), error.to_string())
    }
}
