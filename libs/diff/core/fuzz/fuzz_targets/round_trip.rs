//! Diff, format, parse, apply and reverse give the texts back.
#![no_main]

use fishplate_diff::{
    Algorithm, ApplyOptions, DiffOptions, FileHeaders, FilePatch, LocateOptions, apply_patch,
    apply_unified, diff_lines, parse_patch,
};
use libfuzzer_sys::fuzz_target;

const ALGORITHMS: [Algorithm; 4] = [
    Algorithm::Auto,
    Algorithm::Exact,
    Algorithm::Histogram,
    Algorithm::Patience,
];

fuzz_target!(|input: (u8, &[u8])| {
    let (choice, text) = input;
    // Small alphabets make lines meet: fold most bytes onto a few.
    let text: Vec<u8> = text
        .iter()
        .map(|&b| {
            if choice & 0x80 == 0 && b < 0xf0 {
                b"ab\n\n"[usize::from(b % 4)]
            } else {
                b
            }
        })
        .collect();
    let (old, new) = text.split_at(text.len() / 2);
    let options = DiffOptions {
        algorithm: ALGORITHMS[usize::from(choice & 3)],
        indent_heuristic: choice & 4 != 0,
        ..DiffOptions::default()
    };
    let diff = diff_lines(old, new, &options).unwrap().unwrap();
    let names = FilePatch {
        old_name: Some(b"a/old".as_slice().into()),
        new_name: Some(b"b/new".as_slice().into()),
        ..FilePatch::default()
    };
    let mut patch_text = Vec::new();
    diff.write_patch(
        &names,
        FileHeaders::ALL,
        usize::from(choice >> 3 & 7),
        &mut patch_text,
    )
    .unwrap();
    let patches = parse_patch(&patch_text).unwrap();
    let [patch] = &patches[..] else {
        panic!("one patch");
    };
    let lenient = ApplyOptions {
        auto_convert_line_endings: false,
        ..ApplyOptions::default()
    };
    assert_eq!(apply_patch(old, patch, &lenient).as_deref(), Some(new));
    assert_eq!(
        apply_patch(new, &patch.reversed(), &lenient).as_deref(),
        Some(old)
    );
    let strict = LocateOptions::default();
    assert_eq!(
        apply_unified(old, patch, &strict).text.as_deref(),
        Some(new)
    );
    assert_eq!(
        apply_unified(new, &patch.reversed(), &strict)
            .text
            .as_deref(),
        Some(old)
    );
});
