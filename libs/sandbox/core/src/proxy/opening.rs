//! What a client speaks in a tunnel, by its first bytes.

/// A protocol, as far as it can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// More bytes are needed.
    Undecided,
    /// A record of a TLS handshake.
    Tls,
    /// A line that a server could take for HTTP's first.
    Http,
    /// Neither.
    Other,
}

/// The longest first line that is waited for.
const MAX_LINE: usize = 16 * 1024;
/// The longest method that counts as one.
const MAX_METHOD: usize = 32;

/// Tells what a tunnel's client speaks. Wide in what it calls HTTP: lines that only a lenient server takes are meant to end
/// in the strict reader, which refuses them.
pub fn opening(bytes: &[u8]) -> Opening {
    match bytes {
        [0x16] => return Opening::Undecided,
        [0x16, 3, ..] => return Opening::Tls,
        _ => {}
    }
    let start = bytes.iter().position(|byte| !matches!(byte, b'\r' | b'\n'));
    let Some(line) = start.and_then(|start| bytes.get(start..)) else {
        return if bytes.len() > MAX_LINE {
            Opening::Other
        } else {
            Opening::Undecided
        };
    };
    let Some(end) = line.iter().position(|&byte| !is_token(byte)) else {
        return if line.len() > MAX_METHOD {
            Opening::Other
        } else {
            Opening::Undecided
        };
    };
    let is_method = (1..=MAX_METHOD).contains(&end);
    if !is_method || !matches!(line.get(end), Some(b' ' | b'\t' | 0x0b | 0x0c)) {
        return Opening::Other;
    }
    match line.iter().position(|&byte| byte == b'\n') {
        Some(end) => {
            let first = line.get(..end).unwrap_or_default().to_ascii_lowercase();
            if first.windows(5).any(|window| window == b"http/") {
                Opening::Http
            } else {
                Opening::Other
            }
        }
        None if line.len() > MAX_LINE => Opening::Other,
        None => Opening::Undecided,
    }
}

/// The characters of a method (RFC 9110, 5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::{Opening, opening};

    #[test]
    fn tls_http_and_others_are_told_apart() {
        for (bytes, expected) in [
            (b"".as_slice(), Opening::Undecided),
            (b"\x16", Opening::Undecided),
            (b"\x16\x03", Opening::Tls),
            (b"\x16\x02", Opening::Other),
            (b"GET / HTTP/1.1\r\n", Opening::Http),
            (b"get\t/ http/1.1\n", Opening::Http),
            (b"\r\n\nGET / HTTP/1.1\r\n", Opening::Http),
            (b"PRI * HTTP/2.0\r\n", Opening::Http),
            (b"GET / HT", Opening::Undecided),
            (b"GE", Opening::Undecided),
            (b"GET key\r\n", Opening::Other),
            (b"SSH-2.0-OpenSSH_9.2\r\n", Opening::Other),
            (b"\x00\x00\x00\x08\x04\xd2\x16\x2f", Opening::Other),
            (b"*1\r\n$4\r\nPING\r\n", Opening::Other),
        ] {
            assert_eq!(
                opening(bytes),
                expected,
                "{:?}",
                String::from_utf8_lossy(bytes)
            );
        }
        assert_eq!(opening(&[b'A'; 33]), Opening::Other);
        assert_eq!(opening(&[b'\r'; 17000]), Opening::Other);
    }
}
