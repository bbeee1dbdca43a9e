//! Any bytes are the head of a request or of a response, or none.
#![no_main]

use fishplate_sandbox::proxy::fields::BodyLength;
use fishplate_sandbox::proxy::request::{Target, read_request};
use fishplate_sandbox::proxy::response::read_response;
use libfuzzer_sys::fuzz_target;

const LIMIT: usize = 4096;
/// What is written is longer than what was read by a few fields.
const WRITTEN: usize = 2 * LIMIT;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(Some((response, length))) = read_response(bytes, "GET", LIMIT) {
        assert!(length <= bytes.len());
        let written = response.write(response.length, true);
        let again = read_response(&written, "GET", WRITTEN).expect("a response");
        let (again, _) = again.expect("whole");
        assert_eq!(
            (again.status, again.length),
            (response.status, response.length)
        );
    }
    let Ok(Some((request, length))) = read_request(bytes, LIMIT) else {
        return;
    };
    assert!(length <= bytes.len());
    assert_eq!(
        read_request(&bytes[..length], LIMIT),
        Ok(Some((request.clone(), length)))
    );
    let Target::Absolute { host, port, path } = &request.target else {
        return;
    };
    let written = request.write(host, *port, path);
    let (again, length) = read_request(&written, WRITTEN)
        .expect("a request")
        .expect("whole");
    assert_eq!(length, written.len());
    assert_eq!(again.target, Target::Origin { path: path.clone() });
    assert_eq!(again.length, request.length);
    assert!(again.length != BodyLength::UntilEnd && again.other_host(host, *port).is_none());
    assert_eq!(again.fields.end_to_end, request.fields.end_to_end);
    for field in &again.fields.end_to_end {
        let name = field.name.to_ascii_lowercase();
        assert!(!name.starts_with("proxy-auth") && name != "te" && name != "keep-alive");
    }
});
