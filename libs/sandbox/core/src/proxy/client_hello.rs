//! The first message of a TLS client, for the name it asks for (RFC 8446, RFC 6066).
//!
//! It is read strictly: what two readers could take differently (a name twice, bytes left over) is refused. Written here
//! because the crates that read it either take single records only (`tls-parser`) or bring a whole TLS stack (`rustls`).

/// The most bytes that a message may have. Post-quantum key shares need some 2 KiB.
pub const MAX_HELLO: usize = 32 * 1024;

const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const SERVER_NAME: u16 = 0;
const HOST_NAME: u8 = 0;

/// What a client says first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientHello {
    /// The name it asks for, as it stands there. With an encrypted hello (ECH) the outer one.
    pub server_name: Option<String>,
}

/// Why bytes are no hello of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HelloError {
    /// No record of TLS, or not of a handshake.
    #[error("the bytes are no TLS handshake")]
    NotTls,
    /// More than [`MAX_HELLO`] bytes.
    #[error("the TLS ClientHello is longer than {MAX_HELLO} bytes")]
    TooLong,
    /// Lengths that do not fit, or values that may not be.
    #[error("the TLS ClientHello is malformed")]
    Malformed,
    /// An extension that is there twice, or more than one name.
    #[error("the TLS ClientHello names the server more than once")]
    Ambiguous,
}

/// Reads a hello from the beginning of what a client sent, over as many records as it takes, and how many bytes these are;
/// `None` where more bytes are needed. Costs a copy of the bytes at each call.
///
/// # Errors
///
/// [`HelloError`].
pub fn read_client_hello(bytes: &[u8]) -> Result<Option<(ClientHello, usize)>, HelloError> {
    let mut message = Vec::new();
    let mut rest = bytes;
    loop {
        let Some((header, after)) = rest.split_first_chunk::<5>() else {
            let is_start = match rest {
                [] => true,
                [kind] => *kind == HANDSHAKE,
                [kind, major, ..] => *kind == HANDSHAKE && *major == 3,
            };
            return if is_start {
                Ok(None)
            } else {
                Err(HelloError::NotTls)
            };
        };
        let [kind, major, _, high, low] = *header;
        let length = usize::from(u16::from_be_bytes([high, low]));
        if kind != HANDSHAKE || major != 3 || length == 0 || length > 1 << 14 {
            return Err(HelloError::NotTls);
        }
        let (payload, is_whole) = match after.split_at_checked(length) {
            Some((payload, next)) => {
                rest = next;
                (payload, true)
            }
            None => (after, false),
        };
        message.extend_from_slice(payload);
        if let [kind, ..] = *message
            && kind != CLIENT_HELLO
        {
            return Err(HelloError::NotTls);
        }
        if let [_, a, b, c, body @ ..] = message.as_slice() {
            let length = u32::from_be_bytes([0, *a, *b, *c]);
            let length = usize::try_from(length).map_err(|_| HelloError::TooLong)?;
            if length > MAX_HELLO {
                return Err(HelloError::TooLong);
            }
            if body.len() > length {
                return Err(HelloError::Malformed);
            }
            if body.len() == length && is_whole {
                let taken = bytes.len() - rest.len();
                return read_body(body).map(|hello| Some((hello, taken)));
            }
        }
        if !is_whole {
            return Ok(None);
        }
    }
}

fn read_body(body: &[u8]) -> Result<ClientHello, HelloError> {
    let mut reader = Reader(body);
    let [major, _] = reader.array::<2>()?;
    reader.array::<32>()?;
    let session = reader.vector8()?;
    let suites = reader.vector16()?;
    let compression = reader.vector8()?;
    if major != 3
        || session.len() > 32
        || suites.is_empty()
        || suites.len() % 2 != 0
        || compression.is_empty()
    {
        return Err(HelloError::Malformed);
    }
    let mut server_name = None;
    if !reader.is_empty() {
        let mut extensions = Reader(reader.vector16()?);
        if !reader.is_empty() {
            return Err(HelloError::Malformed);
        }
        let mut seen = Vec::new();
        while !extensions.is_empty() {
            let kind = extensions.u16()?;
            let content = extensions.vector16()?;
            if seen.contains(&kind) {
                return Err(HelloError::Ambiguous);
            }
            // The longest lists have some 20; a quadratic search through thousands is an attack.
            if seen.len() == 256 {
                return Err(HelloError::Malformed);
            }
            seen.push(kind);
            if kind == SERVER_NAME {
                server_name = Some(read_server_name(content)?);
            }
        }
    }
    Ok(ClientHello { server_name })
}

fn read_server_name(content: &[u8]) -> Result<String, HelloError> {
    let mut reader = Reader(content);
    let mut names = Reader(reader.vector16()?);
    if !reader.is_empty() {
        return Err(HelloError::Malformed);
    }
    if names.u8()? != HOST_NAME {
        return Err(HelloError::Malformed);
    }
    let name = names.vector16()?;
    if !names.is_empty() {
        return Err(HelloError::Ambiguous);
    }
    match std::str::from_utf8(name) {
        Ok(name) if !name.is_empty() && name.is_ascii() => Ok(name.to_owned()),
        _ => Err(HelloError::Malformed),
    }
}

/// The rest of a structure, read from its beginning.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], HelloError> {
        let (taken, rest) = self
            .0
            .split_at_checked(length)
            .ok_or(HelloError::Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], HelloError> {
        let (taken, rest) = self
            .0
            .split_first_chunk::<N>()
            .ok_or(HelloError::Malformed)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn u8(&mut self) -> Result<u8, HelloError> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn u16(&mut self) -> Result<u16, HelloError> {
        self.array().map(u16::from_be_bytes)
    }

    fn vector8(&mut self) -> Result<&'a [u8], HelloError> {
        let length = self.u8()?;
        self.take(usize::from(length))
    }

    fn vector16(&mut self) -> Result<&'a [u8], HelloError> {
        let length = self.u16()?;
        self.take(usize::from(length))
    }
}

#[cfg(test)]
mod tests {
    use super::{ClientHello, HelloError, MAX_HELLO, read_client_hello};
    use proptest::prelude::*;
    use tls_parser::{TlsExtension, TlsMessage, TlsMessageHandshake};

    fn vector16(content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).expect("short");
        [&length.to_be_bytes(), content].concat()
    }

    fn extension(kind: u16, content: &[u8]) -> Vec<u8> {
        [kind.to_be_bytes().to_vec(), vector16(content)].concat()
    }

    fn server_name(name: &[u8]) -> Vec<u8> {
        extension(0, &vector16(&[&[0], vector16(name).as_slice()].concat()))
    }

    fn message(extensions: &[Vec<u8>]) -> Vec<u8> {
        let body = [
            [3, 3].as_slice(),
            &[7; 32],
            &[0],
            &[0, 2, 0x13, 1],
            &[1, 0],
            &vector16(&extensions.concat()),
        ]
        .concat();
        let length = u32::try_from(body.len()).expect("short").to_be_bytes();
        [&[1], &length[1..], &body].concat()
    }

    fn records(message: &[u8], size: usize) -> Vec<u8> {
        let record = |part: &[u8]| [[22, 3, 1].as_slice(), &vector16(part)].concat();
        message.chunks(size).flat_map(record).collect()
    }

    fn read(extensions: &[Vec<u8>]) -> Result<Option<ClientHello>, HelloError> {
        let result = read_client_hello(&records(&message(extensions), 16384))?;
        Ok(result.map(|(hello, _)| hello))
    }

    #[test]
    fn the_name_is_read() {
        let grease = extension(0x1a1a, &[]);
        let hello = read(&[grease, server_name(b"example.com")]).expect("a hello");
        let name = hello.and_then(|hello| hello.server_name);
        assert_eq!(name.as_deref(), Some("example.com"));
    }

    #[test]
    fn a_hello_without_a_name_has_none() {
        let hello = read(&[]).expect("a hello").expect("whole");
        assert_eq!(hello.server_name, None);
    }

    #[test]
    fn a_name_that_is_there_twice_is_refused() {
        let twice = [server_name(b"a.com"), server_name(b"b.com")];
        assert_eq!(read(&twice), Err(HelloError::Ambiguous));
        let name = |name: &[u8]| [&[0], vector16(name).as_slice()].concat();
        let list = vector16(&[name(b"a.com"), name(b"b.com")].concat());
        assert_eq!(read(&[extension(0, &list)]), Err(HelloError::Ambiguous));
    }

    #[test]
    fn names_that_are_none_are_refused() {
        for name in [b"".as_slice(), b"a\xff.com"] {
            assert_eq!(read(&[server_name(name)]), Err(HelloError::Malformed));
        }
        let other_kind = vector16(&[&[1], vector16(b"a.com").as_slice()].concat());
        assert_eq!(
            read(&[extension(0, &other_kind)]),
            Err(HelloError::Malformed)
        );
        assert_eq!(read(&[extension(0, b"")]), Err(HelloError::Malformed));
    }

    #[test]
    fn bytes_left_over_are_refused() {
        let mut long = message(&[server_name(b"a.com")]);
        long.push(0);
        let result = read_client_hello(&records(&long, 16384));
        assert_eq!(result, Err(HelloError::Malformed));
    }

    #[test]
    fn what_is_not_tls_is_known_by_its_first_bytes() {
        for bytes in [
            b"GET / HTTP/1.1".as_slice(),
            b"\x16\x02",
            b"\x17\x03\x03\x00\x01\x00",
            b"\x80\x2e\x01\x03\x01",
            b"\x16\x03\x01\x00\x00",
            b"\x16\x03\x01\xff\xff",
            b"\x16\x03\x01\x00\x04\x02\x00\x00\x00",
        ] {
            assert_eq!(
                read_client_hello(bytes),
                Err(HelloError::NotTls),
                "{bytes:?}"
            );
        }
    }

    #[test]
    fn a_length_beyond_the_limit_is_refused_before_its_bytes_come() {
        let length = u32::try_from(MAX_HELLO + 1).expect("small").to_be_bytes();
        let start = [&[1], &length[1..]].concat();
        let result = read_client_hello(&records(&start, 16384));
        assert_eq!(result, Err(HelloError::TooLong));
    }

    proptest! {
        #[test]
        fn fragments_and_parts_read_as_the_whole(
            name in "[a-z]{1,20}\\.com",
            size in 1_usize..80,
            end in 0_usize..400,
        ) {
            let extensions = [server_name(name.as_bytes()), extension(43, &[2, 3, 4])];
            let bytes = records(&message(&extensions), size);
            let followed = [bytes.as_slice(), &[23, 3, 3]].concat();
            let (hello, taken) = read_client_hello(&followed).expect("a hello").expect("whole");
            prop_assert_eq!(hello.server_name, Some(name));
            prop_assert_eq!(taken, bytes.len());
            if end < bytes.len() {
                prop_assert_eq!(read_client_hello(&bytes[..end]), Ok(None));
            }
        }

        #[test]
        fn any_bytes_are_a_hello_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read_client_hello(&bytes);
            let framed = [[22, 3, 1].as_slice(), &vector16(&bytes)].concat();
            let _ = read_client_hello(&framed);
        }

        // What we take, another parser reads as the same name.
        #[test]
        fn another_parser_reads_the_same_name(
            name in "[a-z]{1,9}",
            at in 0_usize..90,
            value: u8,
        ) {
            let mut message = message(&[extension(10, &[0, 2, 0, 29]), server_name(name.as_bytes())]);
            let at = at % message.len();
            message[at] = value;
            if let Ok(Some((hello, _))) = read_client_hello(&records(&message, 16384)) {
                let other = tls_parser::parse_tls_message_handshake(&message);
                let Ok((_, TlsMessage::Handshake(TlsMessageHandshake::ClientHello(other)))) = other else {
                    return Err(TestCaseError::fail("no hello to the other"));
                };
                let extensions = other.ext.unwrap_or_default();
                let (rest, extensions) = tls_parser::parse_tls_client_hello_extensions(extensions)
                    .map_err(|error| TestCaseError::fail(error.to_string()))?;
                // It stops at an extension whose content it does not like; those are not read here.
                prop_assume!(rest.is_empty());
                let names: Vec<_> = extensions.iter().filter_map(|extension| match extension {
                    TlsExtension::SNI(names) => Some(names.iter().map(|(_, name)| name.to_vec())),
                    _ => None,
                }).flatten().collect();
                let ours: Vec<_> = hello.server_name.into_iter().map(String::into_bytes).collect();
                prop_assert_eq!(ours, names);
            }
        }
    }
}
