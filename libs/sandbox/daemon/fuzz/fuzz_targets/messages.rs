//! Any bytes, cut anywhere, are the same messages, or the same error.
#![no_main]

use fishplate_sandboxd::frame::{FrameError, Frames, MAX_BODY_BYTES, MAX_HEADER_BYTES, frame};
use fishplate_sandboxd::message::Request;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (Vec<u8>, Vec<u8>)| {
    let (bytes, cuts) = input;
    let (bodies, error) = read([bytes.as_slice()]);
    let mut rest = bytes.as_slice();
    let mut pieces = Vec::new();
    for cut in cuts {
        let (piece, after) = rest.split_at(usize::from(cut).min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    assert_eq!((bodies.clone(), error), read(pieces));
    assert!(bodies.iter().map(Vec::len).sum::<usize>() <= bytes.len());
    let framed: Vec<u8> = bodies.iter().flat_map(|body| frame(body)).collect();
    assert_eq!(read([framed.as_slice()]), (bodies.clone(), None));
    // As bodies too, which few of the above are.
    for body in bodies.iter().chain([&bytes]) {
        if let Ok(request) = Request::parse(body) {
            assert!(request.id.is_none_or(|id| id.get().len() <= MAX_HEADER_BYTES));
            let _ = request.params::<std::collections::BTreeMap<String, String>>();
        }
    }
});

fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Vec<u8>>, Option<FrameError>) {
    let mut frames = Frames::default();
    let mut bodies = Vec::new();
    for piece in pieces {
        frames.feed(piece);
        loop {
            match frames.next_body() {
                Ok(Some(body)) => {
                    assert!(body.len() <= MAX_BODY_BYTES);
                    bodies.push(body);
                }
                Ok(None) => break,
                Err(error) => return (bodies, Some(error)),
            }
        }
    }
    (bodies, None)
}
