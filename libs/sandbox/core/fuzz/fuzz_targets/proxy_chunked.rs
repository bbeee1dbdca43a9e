//! Any bytes are a body in chunks, whole or cut.
#![no_main]

use fishplate_sandbox::proxy::chunked::{ChunkReader, LAST_CHUNK, write_chunk};
use libfuzzer_sys::fuzz_target;

fn read(bytes: &[u8], cut: usize) -> Option<(Vec<u8>, usize, bool)> {
    let (mut reader, mut content, mut taken) = (ChunkReader::default(), Vec::new(), 0);
    for part in bytes.chunks(cut) {
        taken += reader.read(part, &mut content).ok()?;
    }
    Some((content, taken, reader.is_done()))
}

fuzz_target!(|input: (&[u8], u8)| {
    let (bytes, cut) = input;
    let whole = read(bytes, usize::MAX);
    let parts = read(bytes, usize::from(cut).max(1));
    assert_eq!(whole, parts);
    if let Some((content, _, true)) = whole {
        let mut again = Vec::new();
        write_chunk(&content, &mut again);
        again.extend_from_slice(LAST_CHUNK);
        assert_eq!(read(&again, usize::MAX), Some((content, again.len(), true)));
    }
});
