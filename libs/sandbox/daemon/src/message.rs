//! Requests as they are read, and everything that is written.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::error::Category;
use serde_json::value::RawValue;

use crate::fault::{Fault, INVALID_PARAMS, INVALID_REQUEST, PARSE_ERROR};

/// The most bytes of a request's id, as JSON.
const MAX_ID_BYTES: usize = 256;

/// A request, or a notification where it has no id.
#[derive(Debug, Deserialize)]
pub struct Request<'body> {
    #[serde(borrow)]
    jsonrpc: Cow<'body, str>,
    /// A string or a number, as it came.
    #[serde(borrow, default)]
    pub id: Option<&'body RawValue>,
    /// The method.
    #[serde(borrow)]
    pub method: Cow<'body, str>,
    /// Its parameters, not looked at yet.
    #[serde(borrow, default)]
    params: Option<&'body RawValue>,
}

impl<'body> Request<'body> {
    /// Reads a body.
    ///
    /// # Errors
    ///
    /// A [`Fault`], to be answered without an id.
    pub fn parse(body: &'body [u8]) -> Result<Self, Fault> {
        if body.trim_ascii_start().starts_with(b"[") {
            // A list would be taken for the fields in their order.
            let message = "the message is a list; batches are not taken";
            return Err(Fault::of_request(INVALID_REQUEST, message));
        }
        let request: Self = serde_json::from_slice(body).map_err(|error| {
            let (code, what) = match error.classify() {
                Category::Data => (INVALID_REQUEST, "the message is no request"),
                _ => (PARSE_ERROR, "the message is no JSON"),
            };
            Fault::of_request(code, format!("{what}: {error}"))
        })?;
        if request.jsonrpc != "2.0" {
            let message = "`jsonrpc` must be \"2.0\"";
            return Err(Fault::of_request(INVALID_REQUEST, message));
        }
        if !request.id.is_none_or(is_id) {
            let message =
                format!("`id` must be a string or a number of at most {MAX_ID_BYTES} bytes");
            return Err(Fault::of_request(INVALID_REQUEST, message));
        }
        Ok(request)
    }

    /// The parameters of its method.
    ///
    /// # Errors
    ///
    /// A [`Fault`] where they are missing, or others.
    pub fn params<Params: Deserialize<'body>>(&self) -> Result<Params, Fault> {
        let text = self.params.map_or("{}", RawValue::get);
        if text.starts_with('[') {
            let message = format!("params of {} must be an object", self.method);
            return Err(Fault::of_request(INVALID_PARAMS, message));
        }
        serde_json::from_str(text).map_err(|error| {
            Fault::of_request(
                INVALID_PARAMS,
                format!("params of {}: {error}", self.method),
            )
        })
    }
}

fn is_id(id: &RawValue) -> bool {
    let text = id.get();
    text.len() <= MAX_ID_BYTES && text.starts_with(|first: char| "\"-0123456789".contains(first))
}

/// The answer to a request.
///
/// # Errors
///
/// Where the result cannot be JSON.
pub fn answer(id: &RawValue, result: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    #[derive(Serialize)]
    struct Answer<'a, Result> {
        jsonrpc: &'static str,
        id: &'a RawValue,
        result: &'a Result,
    }
    serde_json::to_vec(&Answer {
        jsonrpc: VERSION,
        id,
        result,
    })
}

/// The answer to a request that failed, or to what was none.
pub fn refusal(id: Option<&RawValue>, error: &Fault) -> Vec<u8> {
    #[derive(Serialize)]
    struct Refusal<'a> {
        jsonrpc: &'static str,
        id: Option<&'a RawValue>,
        error: &'a Fault,
    }
    serde_json::to_vec(&Refusal {
        jsonrpc: VERSION,
        id,
        error,
    })
    .unwrap_or_default()
}

/// A notification.
///
/// # Errors
///
/// Where the parameters cannot be JSON.
pub fn notification(method: &str, params: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    #[derive(Serialize)]
    struct Notification<'a, Params> {
        jsonrpc: &'static str,
        method: &'a str,
        params: &'a Params,
    }
    serde_json::to_vec(&Notification {
        jsonrpc: VERSION,
        method,
        params,
    })
}

const VERSION: &str = "2.0";

/// Bytes as text.
pub fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Text as bytes.
///
/// # Errors
///
/// A [`Fault`] that names the field.
pub fn from_base64(text: &str, field: &str) -> Result<Vec<u8>, Fault> {
    STANDARD.decode(text).map_err(|error| {
        Fault::of_request(INVALID_PARAMS, format!("{field} is no base64: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use super::{Request, from_base64, to_base64};
    use crate::fault::{INVALID_PARAMS, INVALID_REQUEST, PARSE_ERROR};

    fn code(body: &[u8]) -> i32 {
        Request::parse(body).unwrap_err().code
    }

    #[test]
    fn what_is_no_json_is_told_from_what_is_no_request() {
        for body in [
            &b""[..],
            b"{",
            b"\xff\xfe",
            b"nul",
            b"{\"method\":\"open\"]",
        ] {
            assert_eq!(code(body), PARSE_ERROR, "{body:?}");
        }
        for body in [
            &b"{}"[..],
            b"[]",
            b"1",
            b"null",
            br#"{"method":"open"}"#,
            br#"{"jsonrpc":"1.0","method":"open"}"#,
            br#"{"jsonrpc":"2.0","method":1}"#,
            br#"{"jsonrpc":"2.0","method":"open","id":{}}"#,
            br#"{"jsonrpc":"2.0","method":"open","id":true}"#,
            br#"[{"jsonrpc":"2.0","method":"open","id":1}]"#,
            br#" ["2.0",1,"open",{}]"#,
        ] {
            assert_eq!(code(body), INVALID_REQUEST, "{}", body.escape_ascii());
        }
    }

    #[test]
    fn deep_nesting_is_an_error_and_no_overflow_of_the_stack() {
        let deep = [vec![b'['; 1 << 20], vec![b']'; 1 << 20]].concat();
        assert!(Request::parse(&deep).is_err());
        let inside = format!(
            r#"{{"jsonrpc":"2.0","method":"open","params":{}}}"#,
            String::from_utf8(deep).unwrap()
        );
        let request = Request::parse(inside.as_bytes());
        assert!(request.is_err() || request.unwrap().params::<Vec<String>>().is_err());
    }

    #[test]
    fn parameters_that_are_missing_are_none() {
        let request = Request::parse(br#"{"jsonrpc":"2.0","id":"a","method":"open"}"#).unwrap();
        assert_eq!(request.id.unwrap().get(), "\"a\"");
        assert_eq!(
            request.params::<Vec<String>>().unwrap_err().code,
            INVALID_PARAMS
        );
    }

    #[test]
    fn bytes_come_back_from_base64_as_they_were() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(from_base64(&to_base64(&bytes), "data").unwrap(), bytes);
        assert!(
            from_base64("a b", "data")
                .unwrap_err()
                .message
                .contains("data")
        );
    }
}
