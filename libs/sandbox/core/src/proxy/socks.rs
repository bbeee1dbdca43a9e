//! SOCKS version 5 (RFC 1928), as far as a client that connects needs it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::host::{Host, HostError};

/// The version, which is the first byte of a connection.
pub const VERSION: u8 = 5;
/// The method without a name and a password.
pub const NO_AUTHENTICATION: u8 = 0;
/// The answer where no method suits.
pub const NO_METHOD: u8 = 0xff;

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Reply {
    /// Connected.
    Succeeded = 0,
    /// Not one of the others.
    Failure = 1,
    /// The policy says no.
    NotAllowed = 2,
    /// No route.
    NetworkUnreachable = 3,
    /// No such name, or no answer of the host.
    HostUnreachable = 4,
    /// Nobody listens.
    Refused = 5,
    /// It took too long.
    TimedOut = 6,
    /// BIND, or UDP ASSOCIATE.
    CommandUnsupported = 7,
    /// An unknown kind of address.
    AddressUnsupported = 8,
}

impl Reply {
    /// Its bytes. The address in it is that of nobody: what the proxy connects from is none of the client's business.
    pub fn bytes(self) -> [u8; 10] {
        [VERSION, self as u8, 0, 1, 0, 0, 0, 0, 0, 0]
    }
}

/// Why bytes are no request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SocksError {
    /// Another version, or a byte that has to be zero.
    #[error("the bytes are no SOCKS 5")]
    Version,
    /// Not CONNECT.
    #[error("SOCKS command {0} is not supported; only CONNECT is")]
    Command(u8),
    /// No IPv4, no IPv6, no name.
    #[error("SOCKS address type {0} is not known")]
    AddressType(u8),
    /// A name that is none.
    #[error("the SOCKS request names no host: {error}")]
    Host {
        /// What stands there.
        text: String,
        /// What is wrong with it.
        error: HostError,
    },
}

impl SocksError {
    /// What the client is told.
    pub fn reply(&self) -> Reply {
        match self {
            Self::Version => Reply::Failure,
            Self::Command(_) => Reply::CommandUnsupported,
            Self::AddressType(_) => Reply::AddressUnsupported,
            Self::Host { .. } => Reply::NotAllowed,
        }
    }
}

/// Reads the first message: whether the client goes without authentication, and how many bytes it takes. `None` where more
/// are needed.
///
/// # Errors
///
/// [`SocksError::Version`].
pub fn read_greeting(bytes: &[u8]) -> Result<Option<(bool, usize)>, SocksError> {
    let (count, rest) = match bytes {
        [] | [VERSION] => return Ok(None),
        [VERSION, count, rest @ ..] => (usize::from(*count), rest),
        _ => return Err(SocksError::Version),
    };
    Ok(rest
        .get(..count)
        .map(|methods| (methods.contains(&NO_AUTHENTICATION), 2 + count)))
}

/// Reads the second message: host, port, and how many bytes it takes. `None` where more are needed.
///
/// # Errors
///
/// [`SocksError`].
pub fn read_request(bytes: &[u8]) -> Result<Option<(Host, u16, usize)>, SocksError> {
    if bytes.first().is_some_and(|&version| version != VERSION) {
        return Err(SocksError::Version);
    }
    let Some((&[_, command, reserved, kind], rest)) = bytes.split_first_chunk::<4>() else {
        return Ok(None);
    };
    if reserved != 0 {
        return Err(SocksError::Version);
    }
    if command != 1 {
        return Err(SocksError::Command(command));
    }
    let (address, rest, length) = match (kind, rest) {
        (1, rest) => match rest.split_first_chunk::<4>() {
            Some((address, rest)) => (
                Ok(Host::Address(IpAddr::V4(Ipv4Addr::from(*address)))),
                rest,
                4,
            ),
            None => return Ok(None),
        },
        (4, rest) => match rest.split_first_chunk::<16>() {
            Some((address, rest)) => (
                Ok(Host::Address(IpAddr::V6(Ipv6Addr::from(*address)))),
                rest,
                16,
            ),
            None => return Ok(None),
        },
        (3, []) => return Ok(None),
        (3, [length, rest @ ..]) => match rest.split_at_checked(usize::from(*length)) {
            Some((name, rest)) => (read_name(name), rest, 1 + name.len()),
            None => return Ok(None),
        },
        (kind, _) => return Err(SocksError::AddressType(kind)),
    };
    let Some((port, _)) = rest.split_first_chunk::<2>() else {
        return Ok(None);
    };
    let port = u16::from_be_bytes(*port);
    let address = address?;
    if port == 0 {
        return Err(SocksError::Host {
            text: format!("{address}:0"),
            error: HostError::Port,
        });
    }
    Ok(Some((address, port, 4 + length + 2)))
}

fn read_name(name: &[u8]) -> Result<Host, SocksError> {
    let text = String::from_utf8_lossy(name);
    Host::parse(&text).map_err(|error| SocksError::Host {
        text: text.into_owned(),
        error,
    })
}

#[cfg(test)]
mod tests {
    use super::{Reply, SocksError, read_greeting, read_request};
    use crate::proxy::host::Host;
    use proptest::prelude::*;

    fn request(kind: u8, address: &[u8], port: u16) -> Vec<u8> {
        [&[5, 1, 0, kind], address, &port.to_be_bytes()].concat()
    }

    fn named(name: &[u8]) -> Vec<u8> {
        let length = u8::try_from(name.len()).expect("short");
        request(3, &[&[length], name].concat(), 443)
    }

    #[test]
    fn a_greeting_offers_methods() {
        assert_eq!(read_greeting(&[5, 1, 0]), Ok(Some((true, 3))));
        assert_eq!(read_greeting(&[5, 2, 2, 0, 9]), Ok(Some((true, 4))));
        assert_eq!(read_greeting(&[5, 1, 2]), Ok(Some((false, 3))));
        assert_eq!(read_greeting(&[5, 0]), Ok(Some((false, 2))));
        assert_eq!(read_greeting(&[5, 2, 0]), Ok(None));
        assert_eq!(read_greeting(&[4, 1]), Err(SocksError::Version));
    }

    #[test]
    fn the_three_kinds_of_addresses_are_read() {
        for (bytes, host) in [
            (request(1, &[10, 0, 0, 5], 443), "10.0.0.5"),
            (
                request(4, &std::net::Ipv6Addr::LOCALHOST.octets(), 443),
                "[::1]",
            ),
            (named(b"Example.com"), "example.com"),
            (named(b"10.0.0.5"), "10.0.0.5"),
        ] {
            let expected = Host::parse(host).expect("a host");
            assert_eq!(
                read_request(&bytes),
                Ok(Some((expected, 443, bytes.len()))),
                "{host}"
            );
            for end in 0..bytes.len() {
                assert_eq!(read_request(&bytes[..end]), Ok(None), "{host} {end}");
            }
        }
    }

    #[test]
    fn other_requests_get_their_own_reply() {
        for (bytes, reply) in [
            (
                [5, 2, 0, 1, 1, 2, 3, 4, 0, 80].to_vec(),
                Reply::CommandUnsupported,
            ),
            (
                [5, 3, 0, 1, 1, 2, 3, 4, 0, 80].to_vec(),
                Reply::CommandUnsupported,
            ),
            (
                [5, 1, 0, 2, 1, 2, 3, 4, 0, 80].to_vec(),
                Reply::AddressUnsupported,
            ),
            ([4, 1, 0, 1, 1, 2, 3, 4, 0, 80].to_vec(), Reply::Failure),
            ([5, 1, 9, 1, 1, 2, 3, 4, 0, 80].to_vec(), Reply::Failure),
            (request(1, &[1, 2, 3, 4], 0), Reply::NotAllowed),
            (named(b""), Reply::NotAllowed),
            (named(b"0x7f.1"), Reply::NotAllowed),
            (named(b"a\0b.com"), Reply::NotAllowed),
            (named(b"a\xff"), Reply::NotAllowed),
        ] {
            let error = read_request(&bytes).expect_err("no request");
            assert_eq!(error.reply(), reply, "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_message_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(Some((_, length))) = read_greeting(&bytes) {
                prop_assert!(length <= bytes.len());
            }
            if let Ok(Some((_, port, length))) = read_request(&bytes) {
                prop_assert!(length <= bytes.len() && port != 0);
            }
        }
    }
}
