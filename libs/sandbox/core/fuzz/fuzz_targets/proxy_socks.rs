//! Any bytes are messages of SOCKS, or none.
#![no_main]

use fishplate_sandbox::proxy::opening::opening;
use fishplate_sandbox::proxy::socks::{read_greeting, read_request};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = opening(bytes);
    if let Ok(Some((_, length))) = read_greeting(bytes) {
        assert!(length <= bytes.len());
        assert_eq!(read_greeting(&bytes[..length - 1]), Ok(None));
    }
    if let Ok(Some((_, port, length))) = read_request(bytes) {
        assert!(port != 0 && length <= bytes.len());
        assert_eq!(read_request(&bytes[..length - 1]), Ok(None));
    }
});
