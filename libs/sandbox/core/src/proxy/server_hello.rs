//! The first message of a TLS server, for one question: does it want a second hello of the client (RFC 8446, 4.1.4)?

/// What a server says first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerHello {
    /// More bytes are needed.
    Partial,
    /// A HelloRetryRequest: the client's next message is a hello again, which could ask for another name.
    Retry,
    /// Anything else: no hello of the client is read in the clear anymore.
    Other,
}

/// What stands in the place of the random bytes: SHA-256 of "HelloRetryRequest".
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];
/// Message type, length, version.
const BEFORE_RANDOM: usize = 1 + 3 + 2;

/// Reads the beginning of what a server sent, over as many records as it takes.
pub fn read_server_hello(bytes: &[u8]) -> ServerHello {
    let mut message = Vec::new();
    let mut rest = bytes;
    loop {
        let is_hello = message.first().is_none_or(|&kind| kind == 2);
        if !is_hello {
            return ServerHello::Other;
        }
        if let Some(random) = message.get(BEFORE_RANDOM..BEFORE_RANDOM + RETRY.len()) {
            return if random == RETRY {
                ServerHello::Retry
            } else {
                ServerHello::Other
            };
        }
        let Some((&[kind, _, _, high, low], after)) = rest.split_first_chunk::<5>() else {
            return match rest {
                [kind, ..] if *kind != 22 => ServerHello::Other,
                _ => ServerHello::Partial,
            };
        };
        let length = usize::from(u16::from_be_bytes([high, low]));
        if kind != 22 || length == 0 {
            return ServerHello::Other;
        }
        let (payload, next) = after.split_at_checked(length).unwrap_or((after, &[]));
        if payload.is_empty() {
            return ServerHello::Partial;
        }
        message.extend_from_slice(payload);
        rest = next;
    }
}

/// The kind of the record at the beginning of these bytes, and its length with its head; `None` where more are needed.
pub fn record(bytes: &[u8]) -> Option<(u8, usize)> {
    match bytes {
        [kind, _, _, high, low, ..] => {
            Some((*kind, 5 + usize::from(u16::from_be_bytes([*high, *low]))))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{RETRY, ServerHello, read_server_hello};
    use proptest::prelude::*;

    fn records(message: &[u8], size: usize) -> Vec<u8> {
        let record = |part: &[u8]| {
            let length = u16::try_from(part.len()).expect("short").to_be_bytes();
            [[22, 3, 3].as_slice(), &length, part].concat()
        };
        message.chunks(size).flat_map(record).collect()
    }

    fn hello(random: &[u8]) -> Vec<u8> {
        [&[2, 0, 0, 60, 3, 3], random, &[0; 26]].concat()
    }

    #[test]
    fn other_messages_are_others_at_once() {
        for bytes in [
            b"\x15".as_slice(),
            b"220 ready",
            &records(&[1], 9),
            &records(&[0x0b], 9),
        ] {
            assert_eq!(read_server_hello(bytes), ServerHello::Other, "{bytes:?}");
        }
        assert_eq!(read_server_hello(&[]), ServerHello::Partial);
    }

    proptest! {
        #[test]
        fn a_retry_is_known_however_it_is_cut(size in 1_usize..70, end in 0_usize..400, random: [u8; 32]) {
            let retry = records(&hello(&RETRY), size);
            prop_assert_eq!(read_server_hello(&retry), ServerHello::Retry);
            let part = read_server_hello(&retry[..end.min(retry.len())]);
            prop_assert!(part != ServerHello::Other);
            prop_assert_eq!(read_server_hello(&records(&hello(&random), size)), ServerHello::Other);
        }

        #[test]
        fn any_bytes_are_something(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = read_server_hello(&bytes);
        }
    }
}
