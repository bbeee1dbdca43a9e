//! Any bytes are read or refused, and what is read can be written and read again.
#![no_main]

use fishplate_diff::{Encoding, FileHeaders, format_patch, parse_patch, parse_patch_in};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let _ = parse_patch_in(text, Encoding::Latin1);
    let Ok(patches) = parse_patch(text) else {
        return;
    };
    for patch in &patches {
        if !patch.is_copy {
            assert_eq!(patch.reversed().reversed().hunks, patch.hunks);
        }
        // Line 0 of a side without lines is written as -1, as npm diff does, and no longer a number then.
        let numbered = patch
            .hunks
            .iter()
            .all(|hunk| hunk.old_start > 0 && hunk.new_start > 0);
        let mut once = Vec::new();
        if patch.hunks.is_empty()
            || !numbered
            || format_patch(patch, FileHeaders::FILE_ONLY, &mut once).is_err()
        {
            continue;
        }
        // Headers with a tab or line breaks in them cannot be written so that they are read as they were.
        let Ok(again) = parse_patch(&once) else {
            continue;
        };
        assert!(again.iter().any(|again| again.hunks == patch.hunks));
    }
});
