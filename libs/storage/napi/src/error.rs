//! Errors, as text that both a call and a promise carry over: code, details as JSON, message; a line each.

use fishplate_storage::StorageError;
use napi::Error;
use serde_json::{Value, json};

pub fn text(error: &StorageError) -> String {
    format!("{}\n{}\n{error}", error.code(), details(error))
}

pub fn fault(error: StorageError) -> Error {
    Error::from_reason(text(&error))
}

fn details(error: &StorageError) -> Value {
    match error {
        StorageError::Io {
            action,
            path,
            message,
            ..
        } => json!({ "action": action, "path": path, "system": message }),
        StorageError::Corruption {
            segment, offset, ..
        } => json!({ "segment": segment, "offset": offset }),
        StorageError::NewerFormat {
            path,
            found,
            needed,
            supported,
        } => json!({ "path": path, "found": found, "needed": needed, "supported": supported }),
        StorageError::Locked {
            pid,
            host,
            since,
            claim,
        } => json!({ "pid": pid, "host": host, "since": since, "claim": claim }),
        StorageError::NetworkFileSystem { path, kind } => json!({ "path": path, "kind": kind }),
        StorageError::TooLarge { bytes, limit, .. } => json!({ "bytes": bytes, "limit": limit }),
        StorageError::CheckpointNotFound { id } => json!({ "id": id }),
        StorageError::Pruned { seq, before } => json!({ "seq": seq, "before": before }),
        _ => json!({}),
    }
}
