//! The head of an HTTP response, as a proxy takes it from a server.

use super::fields::{
    BodyLength, Fields, HeadError, MAX_FIELDS, head_length, write_field, write_length,
};

/// A response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// From 100 to 999.
    pub status: u16,
    /// The words behind it.
    pub reason: String,
    /// Its fields.
    pub fields: Fields,
    /// How long its body is.
    pub length: BodyLength,
}

/// Reads a head from the beginning of what a server sent, and how many bytes it takes; `None` where more are needed.
///
/// # Errors
///
/// [`HeadError`]; what is longer than `limit` bytes is [`HeadError::TooLong`].
pub fn read_response(
    bytes: &[u8],
    method: &str,
    limit: usize,
) -> Result<Option<(Response, usize)>, HeadError> {
    let Some(length) = head_length(bytes, limit)? else {
        return Ok(None);
    };
    let mut headers = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut head = httparse::Response::new(&mut headers);
    let complete = head
        .parse(bytes.get(..length).unwrap_or_default())
        .map_err(|error| match error {
            httparse::Error::TooManyHeaders => HeadError::TooLong(limit),
            httparse::Error::Version => HeadError::Version,
            error => HeadError::Syntax(error),
        })?;
    let Some(status) = head.code.filter(|&status| status >= 100) else {
        return Err(HeadError::Refused("the status is no status"));
    };
    if complete != httparse::Status::Complete(length) {
        return Err(HeadError::Refused("the head is not whole"));
    }
    let fields = Fields::read(head.headers)?;
    let has_no_body = method == "HEAD" || status < 200 || status == 204 || status == 304;
    let length_of_body = match fields.length {
        _ if has_no_body => BodyLength::Bytes(0),
        _ if fields.is_chunked => BodyLength::Chunked,
        Some(length) => BodyLength::Bytes(length),
        None => BodyLength::UntilEnd,
    };
    let response = Response {
        status,
        reason: head.reason.unwrap_or_default().to_owned(),
        fields,
        length: length_of_body,
    };
    Ok(Some((response, length)))
}

impl Response {
    /// Writes the head for the client: with this length of the body, and whether the connection goes on behind it.
    pub fn write(&self, length: BodyLength, is_persistent: bool) -> Vec<u8> {
        let mut output = format!("HTTP/1.1 {} {}\r\n", self.status, self.reason).into_bytes();
        self.fields.write(&mut output);
        if self.status >= 200 {
            match self.fields.length {
                // What a HEAD's answer or a 304 says is not about its own body.
                Some(named) if length == BodyLength::Bytes(0) && self.status != 204 => {
                    write_length(BodyLength::Bytes(named), &mut output);
                }
                _ if length == BodyLength::Bytes(0) => {}
                _ => write_length(length, &mut output),
            }
            if !is_persistent {
                write_field("Connection", b"close", &mut output);
            }
        }
        if let (101, Some(protocol)) = (self.status, &self.fields.upgrade) {
            write_field("Connection", b"Upgrade", &mut output);
            write_field("Upgrade", protocol.as_bytes(), &mut output);
        }
        output.extend_from_slice(b"\r\n");
        output
    }
}

#[cfg(test)]
mod tests {
    use super::read_response;
    use crate::proxy::fields::BodyLength;
    use proptest::prelude::*;

    fn length(head: &str, method: &str) -> BodyLength {
        let result = read_response(head.as_bytes(), method, 1000).expect("a response");
        result.expect("whole").0.length
    }

    #[test]
    fn a_body_is_as_long_as_status_method_and_fields_say() {
        let with_length = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n";
        assert_eq!(length(with_length, "GET"), BodyLength::Bytes(7));
        assert_eq!(length(with_length, "HEAD"), BodyLength::Bytes(0));
        assert_eq!(
            length("HTTP/1.1 200 OK\r\n\r\n", "GET"),
            BodyLength::UntilEnd
        );
        assert_eq!(
            length("HTTP/1.1 204 No\r\n\r\n", "GET"),
            BodyLength::Bytes(0)
        );
        assert_eq!(
            length("HTTP/1.1 304\r\nContent-Length: 9\r\n\r\n", "GET"),
            BodyLength::Bytes(0)
        );
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert_eq!(length(chunked, "GET"), BodyLength::Chunked);
    }

    #[test]
    fn responses_of_two_lengths_are_refused() {
        for fields in [
            "Content-Length: 1\r\nTransfer-Encoding: chunked",
            "Content-Length: 1\r\nContent-Length: 2",
            "Transfer-Encoding: gzip",
            "X: a\r\n folded",
        ] {
            let head = format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\n");
            assert!(
                read_response(head.as_bytes(), "GET", 1000).is_err(),
                "{fields}"
            );
        }
    }

    #[test]
    fn the_length_that_a_head_request_asks_about_goes_on() {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nProxy-Authenticate: x\r\n\r\n";
        let (response, _) = read_response(head.as_bytes(), "HEAD", 1000)
            .expect("a response")
            .expect("whole");
        let written = response.write(response.length, true);
        assert_eq!(
            String::from_utf8_lossy(&written),
            "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_response_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read_response(&[b"HTTP/1.1 ", bytes.as_slice(), b"\r\n\r\n"].concat(), "GET", 1000);
        }
    }
}
