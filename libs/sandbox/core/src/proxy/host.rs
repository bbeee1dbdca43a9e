//! Names and addresses as a client or a policy writes them. One spelling each: whatever a resolver or a server could read
//! as another host than we do is refused.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A host that is asked for or allowed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Host {
    /// A DNS name in lower case, without the dot of the root.
    Name(String),
    /// An address that stands for itself.
    Address(IpAddr),
}

/// A host with the port behind it, where there is one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Authority {
    /// The host.
    pub host: Host,
    /// The port, if it is named; never 0.
    pub port: Option<u16>,
}

/// Why a text names no host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum HostError {
    /// Nothing is there.
    #[error("the host is empty")]
    Empty,
    /// More than 253 bytes.
    #[error("a host name has at most 253 characters")]
    TooLong,
    /// A letter that DNS does not know.
    #[error("a host name is written in ASCII; write an international name in its xn-- form")]
    NotAscii,
    /// A character that no host has.
    #[error("{0:?} cannot stand in a host name")]
    Character(char),
    /// Empty, longer than 63 bytes, or with a hyphen at its end.
    #[error("between dots stand 1 to 63 characters that neither begin nor end with a hyphen")]
    Label,
    /// What some resolvers take for an IPv4 address: `127.1`, `0x7f000001`, `2130706433`, `0177.0.0.1`, `127.0.0.1.`.
    #[error(
        "an IPv4 address is written as four decimal numbers without leading zeros, as in 192.0.2.1"
    )]
    OddAddress,
    /// No IPv6 address, or one without its brackets.
    #[error("an IPv6 address is written in brackets, as in [2001:db8::1]")]
    Ipv6,
    /// An address of one interface only.
    #[error("an IPv6 address with a zone is not supported")]
    Zone,
    /// Not from 1 to 65535.
    #[error("a port is a decimal number from 1 to 65535")]
    Port,
}

impl Host {
    /// Reads a name, an IPv4 address, or an IPv6 address in brackets.
    ///
    /// # Errors
    ///
    /// [`HostError`], never [`HostError::Port`].
    pub fn parse(text: &str) -> Result<Self, HostError> {
        if let Some(inside) = text.strip_prefix('[') {
            let inside = inside.strip_suffix(']').ok_or(HostError::Ipv6)?;
            if inside.contains('%') {
                return Err(HostError::Zone);
            }
            let address: Ipv6Addr = inside.parse().map_err(|_| HostError::Ipv6)?;
            return Ok(Self::Address(IpAddr::V6(address)));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        if name.is_empty() {
            return Err(HostError::Empty);
        }
        if !name.is_ascii() {
            return Err(HostError::NotAscii);
        }
        if let Some(character) = name
            .chars()
            .find(|&character| !is_host_character(character))
        {
            return Err(match character {
                ':' | '%' if name.matches(':').count() > 1 => HostError::Ipv6,
                _ => HostError::Character(character),
            });
        }
        let last = name.rsplit('.').next().unwrap_or(name);
        if is_number(last) {
            return match text.parse::<Ipv4Addr>() {
                Ok(address) => Ok(Self::Address(IpAddr::V4(address))),
                Err(_) => Err(HostError::OddAddress),
            };
        }
        if name.len() > 253 {
            return Err(HostError::TooLong);
        }
        let is_label = |label: &str| {
            (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
        };
        if !name.split('.').all(is_label) {
            return Err(HostError::Label);
        }
        Ok(Self::Name(name.to_ascii_lowercase()))
    }

    /// Whether it is `localhost` or a name below it: this machine, whatever DNS says (RFC 6761).
    pub fn is_localhost(&self) -> bool {
        match self {
            Self::Name(name) => name == "localhost" || name.ends_with(".localhost"),
            Self::Address(_) => false,
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => formatter.write_str(name),
            Self::Address(IpAddr::V4(address)) => write!(formatter, "{address}"),
            Self::Address(IpAddr::V6(address)) => write!(formatter, "[{address}]"),
        }
    }
}

impl Authority {
    /// Reads `host` or `host:port`. A user in front of it (`user@host`) is refused.
    ///
    /// # Errors
    ///
    /// [`HostError`].
    pub fn parse(text: &str) -> Result<Self, HostError> {
        let (host, port) = match text.rfind(']') {
            // Brackets hold colons.
            Some(end) => match text.split_at(end + 1) {
                (host, "") => (host, None),
                (host, rest) => (host, Some(rest.strip_prefix(':').ok_or(HostError::Ipv6)?)),
            },
            None => match text.split_once(':') {
                Some((_, rest)) if rest.contains(':') => return Err(HostError::Ipv6),
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            },
        };
        Ok(Self {
            host: Host::parse(host)?,
            port: port.map(parse_port).transpose()?,
        })
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(formatter, "{}:{port}", self.host),
            None => write!(formatter, "{}", self.host),
        }
    }
}

/// Reads a port.
///
/// # Errors
///
/// [`HostError::Port`].
pub fn parse_port(text: &str) -> Result<u16, HostError> {
    if text.starts_with('0') || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(HostError::Port);
    }
    text.parse().map_err(|_| HostError::Port)
}

fn is_host_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.')
}

/// Whether a last label makes an address of a name: decimal digits, or `0x` with hexadecimal ones (the URL standard's "ends
/// in a number").
fn is_number(label: &str) -> bool {
    let hexadecimal = label
        .strip_prefix("0x")
        .or_else(|| label.strip_prefix("0X"));
    match hexadecimal {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Authority, Host, HostError};
    use proptest::prelude::*;

    #[test]
    fn a_name_has_one_spelling() {
        for text in ["Example.COM", "example.com.", "EXAMPLE.com."] {
            assert_eq!(Host::parse(text), Ok(Host::Name("example.com".into())));
        }
    }

    #[test]
    fn odd_spellings_of_addresses_are_no_names() {
        for text in [
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "127.1",
            "127.0.1",
            "0177.0.0.1",
            "127.0.0.01",
            "127.0.0.1.",
            "127.0.0.0x1",
            "1.2.3.4.5",
            "256.0.0.1",
            "foo.1",
            "foo.0X",
            "0x",
            "08",
        ] {
            assert_eq!(Host::parse(text), Err(HostError::OddAddress), "{text}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for (text, error) in [
            ("", HostError::Empty),
            (".", HostError::Empty),
            ("a..b", HostError::Label),
            (".a", HostError::Label),
            ("a..", HostError::Label),
            ("-a", HostError::Label),
            ("a-.b", HostError::Label),
            ("a b", HostError::Character(' ')),
            ("a\0.com", HostError::Character('\0')),
            ("a/b", HostError::Character('/')),
            ("a\\b", HostError::Character('\\')),
            ("user@host", HostError::Character('@')),
            ("a%2eb", HostError::Character('%')),
            ("a,b", HostError::Character(',')),
            ("b\u{fc}cher.de", HostError::NotAscii),
            ("\u{ff41}.com", HostError::NotAscii),
            ("a\u{3002}com", HostError::NotAscii),
            ("::1", HostError::Ipv6),
            ("[::1", HostError::Ipv6),
            ("[]", HostError::Ipv6),
            ("[127.0.0.1]", HostError::Ipv6),
            ("[fe80::1%eth0]", HostError::Zone),
            ("[fe80::1%25eth0]", HostError::Zone),
        ] {
            assert_eq!(Host::parse(text), Err(error), "{text:?}");
        }
        assert_eq!(Host::parse(&"a".repeat(64)), Err(HostError::Label));
        let long = ["a"; 128].join(".");
        assert_eq!(Host::parse(&long), Err(HostError::TooLong));
    }

    #[test]
    fn ports_are_decimal() {
        for text in [
            "a:", "a:0", "a:65536", "a:+1", "a:080", "a: 80", "a:8o", "[::1]:",
        ] {
            assert_eq!(Authority::parse(text), Err(HostError::Port), "{text}");
        }
        for text in ["[::1]80", "a:1:2", "[::1]x", "::1:80"] {
            assert_eq!(Authority::parse(text), Err(HostError::Ipv6), "{text}");
        }
        let authority = Authority::parse("[::1]:8080").expect("an authority");
        assert_eq!(authority.to_string(), "[::1]:8080");
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_and_read_again(text in "\\PC{0,40}|[a-zA-Z0-9.:_\\[\\]-]{0,40}") {
            if let Ok(authority) = Authority::parse(&text) {
                prop_assert_eq!(Authority::parse(&authority.to_string()), Ok(authority));
            }
        }

        // What the system's own reader of addresses takes must be canonical, or no host at all. Windows has none of this name.
        #[cfg(unix)]
        #[test]
        fn no_name_is_an_address_to_the_system(text in "(0x)?[0-9a-f]{1,9}(\\.(0x)?[0-9a-f]{0,4}){0,3}\\.?") {
            if let Ok(Host::Name(name)) = Host::parse(&text) {
                let c = std::ffi::CString::new(name.clone()).expect("no NUL");
                let mut address = 0_u32;
                // SAFETY: a C string and a place for the answer, both alive during the call.
                let taken = unsafe { inet_aton(c.as_ptr(), &raw mut address) };
                prop_assert_eq!(taken, 0, "{}", name);
            }
        }
    }

    #[cfg(unix)]
    unsafe extern "C" {
        fn inet_aton(name: *const std::ffi::c_char, address: *mut u32) -> std::ffi::c_int;
    }
}
