//! What requests and responses of HTTP/1 have in common: where a head ends, and the fields that say how a body is framed.
//!
//! `httparse` reads the lines; here stands what a proxy must be strict about, so that no two programs on the way see
//! different messages in the same bytes (RFC 9112, 11.2).

use super::host::{Authority, HostError};

/// The most header fields of a message.
pub const MAX_FIELDS: usize = 128;

/// Why a head is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// It has more bytes, or more fields, than the limits allow.
    #[error("the head is longer than {0} bytes or has more than {MAX_FIELDS} fields")]
    TooLong(usize),
    /// It is no HTTP.
    #[error("it is no HTTP: {0}")]
    Syntax(httparse::Error),
    /// Another version than 1.0 and 1.1.
    #[error("only HTTP/1.0 and HTTP/1.1 are supported here")]
    Version,
    /// It names no host, or not in a way that every server reads alike.
    #[error("{field} names no host: {error}")]
    Host {
        /// Where the name stands.
        field: &'static str,
        /// What stands there.
        text: String,
        /// What is wrong with it.
        error: HostError,
    },
    /// What is well formed, and yet ambiguous or not supported.
    #[error("{0}")]
    Refused(&'static str),
}

impl HeadError {
    /// The status that a client gets.
    pub fn status(&self) -> u16 {
        match self {
            Self::TooLong(_) => 431,
            Self::Version => 505,
            _ => 400,
        }
    }
}

/// How long a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyLength {
    /// So many bytes.
    Bytes(u64),
    /// In chunks.
    Chunked,
    /// Until the connection ends.
    UntilEnd,
}

/// A field that goes on to the other side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name, as it was written.
    pub name: String,
    /// Its value.
    pub value: Vec<u8>,
}

/// The fields of a head, by what a proxy does with them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    /// Those for the other side. Without those that hold for one connection, among them credentials for a proxy.
    pub end_to_end: Vec<Field>,
    /// `Host`.
    pub host: Option<Authority>,
    /// `Content-Length`.
    pub length: Option<u64>,
    /// Whether `Transfer-Encoding` is `chunked`.
    pub is_chunked: bool,
    /// Whether `Expect` is `100-continue`.
    pub expects_continue: bool,
    /// The names in `Connection`, in lower case.
    pub connection: Vec<String>,
    /// `Upgrade`, if `Connection` names it.
    pub upgrade: Option<String>,
}

/// How many bytes a head takes, empty lines in front of it included; `None` where its end is not there yet.
///
/// # Errors
///
/// [`HeadError::TooLong`] beyond `limit`, [`HeadError::Refused`] for a line that does not end in CR LF.
pub fn head_length(bytes: &[u8], limit: usize) -> Result<Option<usize>, HeadError> {
    let mut start = 0;
    while bytes
        .get(start..)
        .is_some_and(|rest| rest.starts_with(b"\r\n"))
    {
        start += 2;
    }
    let rest = bytes.get(start..).unwrap_or_default();
    let end = rest.windows(4).position(|window| window == b"\r\n\r\n");
    let head = match end {
        Some(end) => rest.get(..end + 4).unwrap_or(rest),
        None => rest,
    };
    let mut before = 0;
    for &byte in head {
        if (byte == b'\n') != (before == b'\r') {
            return Err(HeadError::Refused(
                "a line of the head does not end in CR LF",
            ));
        }
        before = byte;
    }
    match end {
        Some(end) if start + end + 4 <= limit => Ok(Some(start + end + 4)),
        None if bytes.len() < limit => Ok(None),
        _ => Err(HeadError::TooLong(limit)),
    }
}

impl Fields {
    /// Sorts the fields of a head.
    ///
    /// # Errors
    ///
    /// [`HeadError`].
    pub fn read(headers: &[httparse::Header<'_>]) -> Result<Self, HeadError> {
        let mut fields = Self::default();
        let mut upgrade = None;
        let mut has_transfer = false;
        for header in headers {
            let name = header.name.to_ascii_lowercase();
            let text = || {
                let text = std::str::from_utf8(header.value).ok();
                text.filter(|text| text.is_ascii())
                    .ok_or(HeadError::Refused(
                        "a field for this connection is not ASCII",
                    ))
            };
            match name.as_str() {
                "host" => {
                    let host = text()?;
                    let host = Authority::parse(host).map_err(|error| HeadError::Host {
                        field: "Host",
                        text: host.to_owned(),
                        error,
                    })?;
                    if fields.host.replace(host).is_some() {
                        return Err(HeadError::Refused("there is more than one Host"));
                    }
                }
                "content-length" => {
                    let length = read_length(text()?)?;
                    if fields.length.replace(length).is_some() {
                        return Err(HeadError::Refused("there is more than one Content-Length"));
                    }
                }
                "transfer-encoding" => {
                    if has_transfer {
                        return Err(HeadError::Refused(
                            "there is more than one Transfer-Encoding",
                        ));
                    }
                    if !text()?.eq_ignore_ascii_case("chunked") {
                        return Err(HeadError::Refused("Transfer-Encoding is not chunked"));
                    }
                    has_transfer = true;
                    fields.is_chunked = true;
                }
                "expect" => {
                    if !text()?.eq_ignore_ascii_case("100-continue") {
                        return Err(HeadError::Refused("Expect is not 100-continue"));
                    }
                    fields.expects_continue = true;
                }
                "connection" | "proxy-connection" => {
                    let names = text()?
                        .split(',')
                        .map(|name| name.trim().to_ascii_lowercase());
                    fields
                        .connection
                        .extend(names.filter(|name| !name.is_empty()));
                }
                "upgrade" => {
                    if upgrade.replace(text()?.to_owned()).is_some() {
                        return Err(HeadError::Refused("there is more than one Upgrade"));
                    }
                }
                "keep-alive"
                | "proxy-authenticate"
                | "proxy-authorization"
                | "proxy-authentication-info"
                | "te"
                | "trailer"
                | "http2-settings" => {}
                _ => fields.end_to_end.push(Field {
                    name: header.name.to_owned(),
                    value: header.value.to_vec(),
                }),
            }
        }
        if fields.is_chunked && fields.length.is_some() {
            return Err(HeadError::Refused(
                "there are both Content-Length and Transfer-Encoding",
            ));
        }
        if fields.names("host") || fields.names("content-length") {
            return Err(HeadError::Refused(
                "Connection names a field that is not for one connection",
            ));
        }
        let connection = std::mem::take(&mut fields.connection);
        fields
            .end_to_end
            .retain(|field| !connection.contains(&field.name.to_ascii_lowercase()));
        fields.connection = connection;
        fields.upgrade = upgrade.filter(|_| fields.names("upgrade"));
        Ok(fields)
    }

    /// Whether `Connection` names this, in lower case.
    pub fn names(&self, name: &str) -> bool {
        self.connection.iter().any(|named| named == name)
    }

    /// Whether the sender would go on with the connection behind this message.
    pub fn is_persistent(&self, minor: u8) -> bool {
        minor == 1 && !self.names("close")
    }

    /// Writes the fields for the other side.
    pub fn write(&self, output: &mut Vec<u8>) {
        for field in &self.end_to_end {
            write_field(&field.name, &field.value, output);
        }
    }
}

/// Writes one field.
pub fn write_field(name: &str, value: &[u8], output: &mut Vec<u8>) {
    output.extend_from_slice(name.as_bytes());
    output.extend_from_slice(b": ");
    output.extend_from_slice(value);
    output.extend_from_slice(b"\r\n");
}

/// Writes the field that says how long a body is.
pub fn write_length(length: BodyLength, output: &mut Vec<u8>) {
    match length {
        BodyLength::Bytes(length) => {
            write_field("Content-Length", length.to_string().as_bytes(), output);
        }
        BodyLength::Chunked => write_field("Transfer-Encoding", b"chunked", output),
        BodyLength::UntilEnd => {}
    }
}

fn read_length(text: &str) -> Result<u64, HeadError> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse()
        .ok()
        .filter(|_| is_number)
        .ok_or(HeadError::Refused("Content-Length is no decimal number"))
}
