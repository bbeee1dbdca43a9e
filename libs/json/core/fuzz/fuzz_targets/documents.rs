//! Any bytes can be opened and asked: nothing panics, and an answer is a part of the text.
#![no_main]

use fishplate_json::{Condition, Cursor, Document, LineFilter, Pointer, Scalar};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&[u8], &[u8])| {
    let (text, pointer) = input;
    let Ok(pointer) = Pointer::parse(pointer) else {
        return;
    };
    if let Ok(mut document) = Document::open(text.to_vec()) {
        let _ = (document.keys(&pointer), document.count(&pointer));
        if let Ok(Some(found)) = document.find(&pointer) {
            assert!(text.get(found.range()).is_some_and(|part| !part.is_empty()));
        }
    }
    let equals = Some(vec![Scalar::String(b"a".to_vec()), Scalar::Number(1.0)]);
    for check in [false, true] {
        let filter = LineFilter::new(
            vec![Condition {
                pointer: pointer.clone(),
                equals: equals.clone(),
            }],
            check,
        );
        let mut lines = Vec::new();
        let _ = filter.read(text, &mut Cursor::default(), usize::MAX, &mut lines);
        assert!(
            lines
                .iter()
                .all(|line| line.start < line.end && line.end <= text.len())
        );
    }
});
