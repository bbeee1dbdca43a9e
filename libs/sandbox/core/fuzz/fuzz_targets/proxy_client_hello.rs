//! Any bytes are a hello of TLS, or none.
#![no_main]

use fishplate_sandbox::proxy::client_hello::read_client_hello;
use libfuzzer_sys::fuzz_target;
use tls_parser::{TlsExtension, TlsMessage, TlsMessageHandshake};

fuzz_target!(|input: (&[u8], u16, bool)| {
    let (message, cut, is_framed) = input;
    // Framed, the fuzzer gets beyond the records.
    let bytes: Vec<u8> = if is_framed {
        let size = usize::from(cut).clamp(1, 16384);
        let record = |part: &[u8]| {
            let length = u16::try_from(part.len()).unwrap_or_default();
            [[22, 3, 1].as_slice(), &length.to_be_bytes(), part].concat()
        };
        message.chunks(size).flat_map(record).collect()
    } else {
        message.to_vec()
    };
    let Ok(Some((hello, taken))) = read_client_hello(&bytes) else {
        return;
    };
    let short = usize::from(cut).min(bytes.len());
    match read_client_hello(&bytes[..short]) {
        Ok(None) => assert!(short < taken),
        Ok(Some(other)) => assert_eq!(other, (hello.clone(), taken)),
        Err(error) => panic!("a part of a hello: {error}"),
    }
    if !is_framed {
        return;
    }
    let other = tls_parser::parse_tls_message_handshake(message);
    let Ok((_, TlsMessage::Handshake(TlsMessageHandshake::ClientHello(other)))) = other else {
        return;
    };
    let Ok((rest, extensions)) =
        tls_parser::parse_tls_client_hello_extensions(other.ext.unwrap_or_default())
    else {
        return;
    };
    // It stops at an extension whose content it does not like; those are not read here.
    if rest.is_empty() {
        let mut names = Vec::new();
        for extension in &extensions {
            if let TlsExtension::SNI(list) = extension {
                names.extend(list.iter().map(|(_, name)| name.to_vec()));
            }
        }
        let ours: Vec<_> = hello
            .server_name
            .into_iter()
            .map(String::into_bytes)
            .collect();
        assert_eq!(ours, names);
    }
});
