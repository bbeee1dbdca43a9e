//! Any patch on any text: no panic, no hang, and where both ways apply in place they agree.
#![no_main]

use fishplate_diff::{
    ApplyOptions, LocateOptions, SearchReplace, Strategy, apply_edits, apply_patch, apply_unified,
    parse_patch,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &[u8])| {
    let (choice, bytes) = input;
    let (source, patch_text) = bytes.split_at(bytes.len() / 3);
    let halves = patch_text.split_at(patch_text.len() / 2);
    let _ = apply_edits(
        source,
        &[SearchReplace {
            search: halves.0,
            replace: halves.1,
        }],
    );
    let Ok(patches) = parse_patch(patch_text) else {
        return;
    };
    for patch in &patches {
        let options = ApplyOptions {
            fuzz_factor: usize::from(choice & 3),
            auto_convert_line_endings: choice & 4 != 0,
        };
        let _ = apply_patch(source, patch, &options);
        let strict = apply_unified(source, patch, &LocateOptions::default());
        let in_place = strict
            .hunks
            .iter()
            .all(|h| h.strategy == Strategy::Exact && h.offset == 0);
        // npm diff, and so the lenient way, puts a hunk of line 0 before the text.
        let ascending = patch.hunks.iter().all(|hunk| hunk.old_start > 0)
            && patch
                .hunks
                .windows(2)
                .all(|w| w[0].old_start + w[0].old_lines <= w[1].old_start);
        if let (Some(text), true, true) = (strict.text, in_place, ascending) {
            assert_eq!(
                apply_patch(source, patch, &ApplyOptions::default()),
                Some(text)
            );
        }
    }
});
