//! The head of an HTTP request, as a proxy takes it.

use super::fields::{
    BodyLength, Fields, HeadError, MAX_FIELDS, head_length, write_field, write_length,
};
use super::host::{Authority, Host};

/// The protocols that a connection may change to. Not HTTP/2 nor TLS: behind these, nobody could see anymore which host
/// a request is for.
const UPGRADES: [&str; 3] = ["websocket", "tcp", "spdy/3.1"];

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its method.
    pub method: String,
    /// What it asks for.
    pub target: Target,
    /// The number behind `HTTP/1.`: 0 or 1.
    pub minor: u8,
    /// Its fields.
    pub fields: Fields,
    /// How long its body is; never [`BodyLength::UntilEnd`].
    pub length: BodyLength,
    /// The protocol that it asks to change to, where that may be.
    pub upgrade: Option<String>,
}

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// `CONNECT host:port`.
    Tunnel {
        /// The host.
        host: Host,
        /// The port.
        port: u16,
    },
    /// `http://host:port/path`: through this proxy.
    Absolute {
        /// The host.
        host: Host,
        /// The port; 80 where none is named.
        port: u16,
        /// Path and query.
        path: String,
    },
    /// `/path` or `*`: to the server itself, in a tunnel.
    Origin {
        /// Path and query.
        path: String,
    },
}

/// Reads a head from the beginning of what a client sent, and how many bytes it takes; `None` where more are needed.
///
/// # Errors
///
/// [`HeadError`]; what is longer than `limit` bytes is [`HeadError::TooLong`].
pub fn read_request(bytes: &[u8], limit: usize) -> Result<Option<(Request, usize)>, HeadError> {
    let Some(length) = head_length(bytes, limit)? else {
        return Ok(None);
    };
    let mut headers = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut head = httparse::Request::new(&mut headers);
    let status = head
        .parse(bytes.get(..length).unwrap_or_default())
        .map_err(|error| match error {
            httparse::Error::TooManyHeaders => HeadError::TooLong(limit),
            httparse::Error::Version => HeadError::Version,
            error => HeadError::Syntax(error),
        })?;
    let (Some(method), Some(target), Some(minor)) = (head.method, head.path, head.version) else {
        return Err(HeadError::Refused("the first line is not whole"));
    };
    if status != httparse::Status::Complete(length) {
        return Err(HeadError::Refused("the head is not whole"));
    }
    let target = read_target(method, target)?;
    let fields = Fields::read(head.headers)?;
    let is_tunnel = matches!(target, Target::Tunnel { .. });
    if fields.is_chunked && minor == 0 {
        return Err(HeadError::Refused("HTTP/1.0 knows no Transfer-Encoding"));
    }
    if is_tunnel && (fields.is_chunked || fields.length.is_some()) {
        return Err(HeadError::Refused("CONNECT has no body"));
    }
    let needs_host = minor == 1 && !is_tunnel;
    if fields.host.is_none() && (needs_host || matches!(target, Target::Origin { .. })) {
        return Err(HeadError::Refused("there is no Host"));
    }
    let length_of_body = match fields.length {
        _ if fields.is_chunked => BodyLength::Chunked,
        Some(length) => BodyLength::Bytes(length),
        None => BodyLength::Bytes(0),
    };
    let upgrade = fields.upgrade.clone().filter(|protocol| {
        let is_known = UPGRADES
            .iter()
            .any(|known| protocol.eq_ignore_ascii_case(known));
        is_known && minor == 1 && length_of_body == BodyLength::Bytes(0)
    });
    let request = Request {
        method: method.to_owned(),
        target,
        minor,
        fields,
        length: length_of_body,
        upgrade,
    };
    Ok(Some((request, length)))
}

impl Request {
    /// The host that `Host` names, if it is not this one.
    pub fn other_host(&self, host: &Host, port: u16) -> Option<&Authority> {
        let is_same =
            |named: &Authority| named.host == *host && named.port.is_none_or(|named| named == port);
        self.fields.host.as_ref().filter(|named| !is_same(named))
    }

    /// Writes the head for the server. `Host` is what was checked, and no further request follows on the connection.
    pub fn write(&self, host: &Host, port: u16, path: &str) -> Vec<u8> {
        let mut output = format!("{} {path} HTTP/1.1\r\n", self.method).into_bytes();
        let authority = Authority {
            host: host.clone(),
            port: Some(port).filter(|&port| port != 80),
        };
        write_field("Host", authority.to_string().as_bytes(), &mut output);
        self.fields.write(&mut output);
        if self.length != BodyLength::Bytes(0) || self.fields.length.is_some() {
            write_length(self.length, &mut output);
        }
        if self.fields.expects_continue && self.minor == 1 {
            write_field("Expect", b"100-continue", &mut output);
        }
        match &self.upgrade {
            Some(protocol) => {
                write_field("Connection", b"Upgrade", &mut output);
                write_field("Upgrade", protocol.as_bytes(), &mut output);
            }
            None => write_field("Connection", b"close", &mut output),
        }
        output.extend_from_slice(b"\r\n");
        output
    }
}

fn read_target(method: &str, target: &str) -> Result<Target, HeadError> {
    if !target.bytes().all(|byte| byte.is_ascii_graphic()) || target.contains(['#', '\\']) {
        return Err(HeadError::Refused(
            "the target holds characters that have to be percent-encoded",
        ));
    }
    let host = |text: &str| {
        Authority::parse(text).map_err(|error| HeadError::Host {
            field: "the target",
            text: text.to_owned(),
            error,
        })
    };
    if method == "CONNECT" {
        let Authority { host, port } = host(target)?;
        let port = port.ok_or(HeadError::Refused("CONNECT needs host:port"))?;
        return Ok(Target::Tunnel { host, port });
    }
    if target.starts_with('/') || (target == "*" && method == "OPTIONS") {
        return Ok(Target::Origin {
            path: target.to_owned(),
        });
    }
    let (scheme, rest) = target
        .split_once("://")
        .ok_or(HeadError::Refused("the target is no URL and no path"))?;
    if !scheme.eq_ignore_ascii_case("http") {
        return Err(HeadError::Refused(
            "only http:// URLs are taken; for others use CONNECT",
        ));
    }
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let Authority { host, port } = host(authority)?;
    let path = match path {
        "" if method == "OPTIONS" => "*".to_owned(),
        path if path.starts_with('/') => path.to_owned(),
        query => format!("/{query}"),
    };
    Ok(Target::Absolute {
        host,
        port: port.unwrap_or(80),
        path,
    })
}

#[cfg(test)]
mod tests {
    use super::{Request, Target, read_request};
    use crate::proxy::fields::{BodyLength, HeadError};
    use crate::proxy::host::Host;
    use proptest::prelude::*;

    const LIMIT: usize = 1000;

    fn read(head: &str) -> Result<Request, HeadError> {
        let result = read_request(head.as_bytes(), LIMIT)?;
        let (request, length) = result.expect("a whole head");
        assert_eq!(length, head.len());
        Ok(request)
    }

    fn host(text: &str) -> Host {
        Host::parse(text).expect("a host")
    }

    #[test]
    fn targets_have_three_forms() {
        for (line, target) in [
            (
                "CONNECT A.com:443",
                Target::Tunnel {
                    host: host("a.com"),
                    port: 443,
                },
            ),
            (
                "GET http://a.com",
                Target::Absolute {
                    host: host("a.com"),
                    port: 80,
                    path: "/".into(),
                },
            ),
            (
                "GET HTTP://a.com:8080/x?y",
                Target::Absolute {
                    host: host("a.com"),
                    port: 8080,
                    path: "/x?y".into(),
                },
            ),
            (
                "GET http://a.com?y",
                Target::Absolute {
                    host: host("a.com"),
                    port: 80,
                    path: "/?y".into(),
                },
            ),
            (
                "OPTIONS http://a.com",
                Target::Absolute {
                    host: host("a.com"),
                    port: 80,
                    path: "*".into(),
                },
            ),
            ("GET /x", Target::Origin { path: "/x".into() }),
            ("OPTIONS *", Target::Origin { path: "*".into() }),
        ] {
            let request = read(&format!("{line} HTTP/1.1\r\nHost: a.com\r\n\r\n"));
            assert_eq!(request.map(|request| request.target), Ok(target), "{line}");
        }
    }

    #[test]
    fn targets_that_servers_read_differently_are_refused() {
        for line in [
            "CONNECT a.com",
            "CONNECT http://a.com:443",
            "CONNECT a.com:443/x",
            "CONNECT /x",
            "GET http://user:pass@a.com/",
            "GET http://a.com@evil.com/",
            "GET http://a.com\\@evil.com/",
            "GET http://a.com#@evil.com/",
            "GET http:///x",
            "GET http:a.com/",
            "GET https://a.com/",
            "GET ftp://a.com/",
            "GET a.com",
            "GET *",
            "GET http://0x7f.1/",
            "GET http://a.com:99999/",
            "GET  http://a.com/",
            "GET\thttp://a.com/",
        ] {
            let result = read(&format!("{line} HTTP/1.1\r\nHost: a.com\r\n\r\n"));
            assert_eq!(result.expect_err(line).status(), 400, "{line}");
        }
    }

    #[test]
    fn smuggling_forms_are_refused() {
        for fields in [
            "Host: a.com\r\nContent-Length: 5\r\nTransfer-Encoding: chunked",
            "Host: a.com\r\nContent-Length: 5\r\nContent-Length: 5",
            "Host: a.com\r\nContent-Length: 5, 5",
            "Host: a.com\r\nContent-Length: +5",
            "Host: a.com\r\nContent-Length: 0x5",
            "Host: a.com\r\nContent-Length: 5 5",
            "Host: a.com\r\nContent-Length:",
            "Host: a.com\r\nContent-Length: 99999999999999999999999",
            "Host: a.com\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            "Host: a.com\r\nTransfer-Encoding: gzip, chunked",
            "Host: a.com\r\nTransfer-Encoding: identity",
            "Host: a.com\r\nTransfer-Encoding: xchunked",
            "Host: a.com\r\nTransfer-Encoding : chunked",
            "Host: a.com\r\nTransfer-Encoding\t: chunked",
            "Host: a.com\r\nTransfer-Encoding:\r\n chunked",
            "Host: a.com\r\n folded: yes",
            "Host: a.com\r\nX: a\r\n\tb",
            "Host: a.com\r\nX: a\nY: b",
            "Host: a.com\r\nX: a\rY: b",
            "Host: a.com\r\nX: a\0b",
            "Host: a.com\r\nX",
            "Host: a.com\r\n: x",
            "Host: a.com\r\nHost: a.com",
            "Host: a.com, b.com",
            "Host: a.com b.com",
            "Host: user@a.com",
            "Host: a.com/x",
            "Host:",
            "X: no host",
            " Host: a.com",
            "Host: a.com\r\nConnection: close, Host",
            "Host: a.com\r\nConnection: content-length\r\nContent-Length: 5",
            "Host: a.com\r\nExpect: something",
        ] {
            let result = read(&format!("POST http://a.com/ HTTP/1.1\r\n{fields}\r\n\r\n"));
            assert_eq!(result.expect_err(fields).status(), 400, "{fields}");
        }
        let old = read("POST http://a.com/ HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n");
        assert_eq!(old.expect_err("HTTP/1.0").status(), 400);
        let body = read("CONNECT a.com:443 HTTP/1.1\r\nContent-Length: 5\r\n\r\n");
        assert_eq!(body.expect_err("CONNECT with a body").status(), 400);
        assert_eq!(
            read_request(b"GET / HTTP/1.1\n\n", LIMIT)
                .expect_err("LF")
                .status(),
            400
        );
        assert_eq!(
            read_request(b"PRI * HTTP/2.0\r\n\r\n", LIMIT)
                .expect_err("2")
                .status(),
            505
        );
    }

    #[test]
    fn a_head_beyond_the_limits_is_refused() {
        let long = format!("GET / HTTP/1.1\r\nX: {}", "a".repeat(LIMIT));
        assert_eq!(
            read_request(long.as_bytes(), LIMIT)
                .expect_err("long")
                .status(),
            431
        );
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(129));
        assert_eq!(
            read_request(many.as_bytes(), LIMIT)
                .expect_err("many")
                .status(),
            431
        );
        assert_eq!(
            read_request(&b"\r\n".repeat(LIMIT), LIMIT)
                .expect_err("empty")
                .status(),
            431
        );
    }

    #[test]
    fn fields_of_one_connection_and_credentials_for_a_proxy_do_not_go_on() {
        let request = read(
            "POST http://a.com:8080/x HTTP/1.1\r\nHost: a.com:8080\r\nProxy-Authorization: Basic x\r\nX-Mine: 1\r\n\
             Connection: keep-alive, x-mine\r\nKeep-Alive: 5\r\nProxy-Connection: keep-alive\r\nTE: trailers\r\n\
             Upgrade: h2c\r\nHTTP2-Settings: x\r\nAuthorization: Bearer y\r\nContent-Length: 5\r\n\r\n",
        )
        .expect("a request");
        assert_eq!(request.length, BodyLength::Bytes(5));
        let written = request.write(&host("a.com"), 8080, "/x");
        assert_eq!(
            String::from_utf8_lossy(&written),
            "POST /x HTTP/1.1\r\nHost: a.com:8080\r\nAuthorization: Bearer y\r\nContent-Length: 5\r\nConnection: close\r\n\r\n"
        );
    }

    #[test]
    fn only_protocols_that_hide_no_further_request_are_changed_to() {
        for (protocol, is_taken) in [
            ("WebSocket", true),
            ("h2c", false),
            ("TLS/1.2", false),
            ("websocket, h2c", false),
        ] {
            let head = format!(
                "GET http://a.com/ HTTP/1.1\r\nHost: a.com\r\nConnection: Upgrade\r\nUpgrade: {protocol}\r\n\r\n"
            );
            let request = read(&head).expect("a request");
            assert_eq!(request.upgrade.is_some(), is_taken, "{protocol}");
        }
    }

    #[test]
    fn another_host_is_told() {
        let request = read("GET http://a.com/ HTTP/1.1\r\nHost: b.com\r\n\r\n").expect("a request");
        assert!(request.other_host(&host("a.com"), 80).is_some());
        let request =
            read("GET http://a.com/ HTTP/1.1\r\nHost: A.COM.\r\n\r\n").expect("a request");
        assert!(request.other_host(&host("a.com"), 80).is_none());
        let request =
            read("GET http://a.com/ HTTP/1.1\r\nHost: a.com:81\r\n\r\n").expect("a request");
        assert!(request.other_host(&host("a.com"), 80).is_some());
    }

    proptest! {
        #[test]
        fn a_head_is_the_same_however_much_follows_it(
            fields in "([A-Za-z-]{1,12}: [ -~]{0,12}\r\n){0,4}",
            tail in proptest::collection::vec(any::<u8>(), 0..30),
        ) {
            let head = format!("GET http://a.com/ HTTP/1.1\r\nHost: a.com\r\n{fields}\r\n");
            let alone = read_request(head.as_bytes(), LIMIT);
            let followed = read_request(&[head.as_bytes(), &tail].concat(), LIMIT);
            prop_assert_eq!(alone, followed);
            for end in 0..head.len() {
                prop_assert!(!matches!(read_request(&head.as_bytes()[..end], LIMIT), Ok(Some(_))));
            }
        }

        // What is written for the server reads as the same request again.
        #[test]
        fn what_is_written_reads_as_what_was_read(
            fields in "(((X-[A-Za-z]{1,5}|Connection|TE|Upgrade|Expect): ?[a-zA-Z0-9,-]{0,12}|Content-Length: [0-9]{1,4})\r\n){0,4}",
        ) {
            let head = format!("POST http://a.com/x HTTP/1.1\r\nHost: a.com\r\n{fields}\r\n");
            if let Ok(Some((request, _))) = read_request(head.as_bytes(), LIMIT) {
                let written = request.write(&host("a.com"), 80, "/x");
                let (again, length) = read_request(&written, LIMIT * 2).expect("a request").expect("whole");
                prop_assert_eq!(length, written.len());
                prop_assert_eq!(again.length, request.length);
                prop_assert_eq!(again.fields.end_to_end, request.fields.end_to_end);
                prop_assert_eq!(again.upgrade, request.upgrade);
            }
        }

        #[test]
        fn any_bytes_are_a_request_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read_request(&bytes, LIMIT);
            let _ = read_request(&[b"GET / HTTP/1.1\r\n", bytes.as_slice(), b"\r\n\r\n"].concat(), LIMIT);
        }
    }
}
