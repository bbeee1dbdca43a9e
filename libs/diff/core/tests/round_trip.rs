//! Properties that hold for every pair of texts: a patch made turns the old text into the new one, its
//! reverse turns it back, and text and structure of a patch say the same.

use fishplate_diff::{
    Algorithm, AlgorithmUsed, ApplyOptions, CompareOptions, DiffOptions, Edit, EditKind,
    FileHeaders, FilePatch, HunkStatus, LocateOptions, apply_patch, apply_unified, diff_lines,
    diff_tokens, format_patch, parse_patch,
};
use proptest::prelude::*;

const ALGORITHMS: [Algorithm; 4] = [
    Algorithm::Auto,
    Algorithm::Exact,
    Algorithm::Histogram,
    Algorithm::Patience,
];

/// Lines that are hard for a patch format, in few kinds so that many are equal.
fn line() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => (0_u8..4).prop_map(|letter| vec![b'a' + letter]),
        1 => prop::sample::select(vec![
            &b""[..], b" ", b"\t", b"\r", b"a\r", b"- b", b"-- b", b"++ b", b"@@ -1 +1 @@", b"\\ a",
            b"\xff\xfe", b"\0", b"\xc3\xa4", b"diff --git a/a b/a",
        ])
        .prop_map(<[u8]>::to_vec),
    ]
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    (
        prop::collection::vec(line(), 0..24),
        any::<bool>(),
        prop::bool::weighted(0.2),
    )
        .prop_map(|(lines, final_newline, crlf)| {
            let end: &[u8] = if crlf { b"\r\n" } else { b"\n" };
            let mut text = lines.join(end);
            if final_newline && !lines.is_empty() {
                text.extend_from_slice(end);
            }
            text
        })
}

fn options(algorithm: Algorithm, indent_heuristic: bool) -> DiffOptions<'static> {
    DiffOptions {
        algorithm,
        indent_heuristic,
        ..DiffOptions::default()
    }
}

fn named(hunks: Vec<fishplate_diff::Hunk<'_>>) -> FilePatch<'_> {
    FilePatch {
        old_name: Some(b"old name\t".as_slice().into()),
        new_name: Some(b"new".as_slice().into()),
        old_header: Some(b"".as_slice().into()),
        new_header: Some(b"2026".as_slice().into()),
        hunks,
        ..FilePatch::default()
    }
}

/// The script must name every line of both sides once, in order, and only equal lines as equal.
fn check_script(edits: &[Edit], old: &[&[u8]], new: &[&[u8]]) {
    let (mut i, mut j) = (0, 0);
    for edit in edits {
        let len = edit.len as usize;
        assert_eq!((edit.old_start as usize, edit.new_start as usize), (i, j));
        assert!(len > 0);
        match edit.kind {
            EditKind::Equal => {
                assert_eq!(old[i..i + len], new[j..j + len]);
                i += len;
                j += len;
            }
            EditKind::Removed => i += len,
            EditKind::Added => j += len,
        }
    }
    assert_eq!((i, j), (old.len(), new.len()));
    assert!(edits.windows(2).all(|pair| pair[0].kind != pair[1].kind));
}

/// Length of the shortest script, by the textbook table.
fn shortest(old: &[&[u8]], new: &[&[u8]]) -> usize {
    let mut row: Vec<usize> = (0..=new.len()).collect();
    for (i, a) in old.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in new.iter().enumerate() {
            let up = row[j + 1];
            row[j + 1] = if a == b { diagonal } else { 1 + up.min(row[j]) };
            diagonal = up;
        }
    }
    row[new.len()]
}

fn split(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|&b| b == b'\n').collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn a_patch_gives_the_new_text_and_its_reverse_the_old(
        old in text(),
        new in text(),
        algorithm in prop::sample::select(ALGORITHMS.to_vec()),
        slide in any::<bool>(),
        context in 0_usize..6,
    ) {
        let diff = diff_lines(&old, &new, &options(algorithm, slide)).unwrap().unwrap();
        check_script(diff.edits(), &split(&old), &split(&new));
        let patch = named(diff.hunks(context));
        let plain = ApplyOptions { auto_convert_line_endings: false, ..ApplyOptions::default() };
        prop_assert_eq!(apply_patch(&old, &patch, &plain), Some(new.clone()));
        prop_assert_eq!(apply_patch(&new, &patch.reversed(), &plain), Some(old.clone()));
        let outcome = apply_unified(&old, &patch, &LocateOptions::default());
        prop_assert!(outcome.hunks.iter().all(|hunk| hunk.status == HunkStatus::Applied
            && hunk.offset == 0));
        prop_assert_eq!(outcome.text, Some(new.clone()));
        let back = apply_unified(&new, &patch.reversed(), &LocateOptions::default());
        prop_assert_eq!(back.text, Some(old));
    }

    #[test]
    fn text_and_structure_of_a_patch_say_the_same(
        old in text(),
        new in text(),
        context in 0_usize..6,
    ) {
        let diff = diff_lines(&old, &new, &DiffOptions::default()).unwrap().unwrap();
        let patch = named(diff.hunks(context));
        let mut formatted = Vec::new();
        format_patch(&patch, FileHeaders::ALL, &mut formatted).unwrap();
        let mut written = Vec::new();
        diff.write_patch(&patch, FileHeaders::ALL, context, &mut written).unwrap();
        prop_assert_eq!(&formatted, &written);
        prop_assert_eq!(&parse_patch(&formatted).unwrap()[..], &[patch]);
    }

    #[test]
    fn formatting_what_was_parsed_is_stable(pieces in prop::collection::vec(patch_piece(), 0..14)) {
        let text = pieces.concat();
        for patch in parse_patch(&text).unwrap_or_default() {
            let mut once = Vec::new();
            if patch.hunks.is_empty() || format_patch(&patch, FileHeaders::FILE_ONLY, &mut once).is_err() {
                continue;
            }
            let again = parse_patch(&once).unwrap();
            prop_assert_eq!(again.len(), 1);
            prop_assert_eq!(&again[0].hunks, &patch.hunks);
            prop_assert_eq!(&again[0].old_name, &patch.old_name);
            prop_assert_eq!(&again[0].new_name, &patch.new_name);
            let mut twice = Vec::new();
            format_patch(&again[0], FileHeaders::FILE_ONLY, &mut twice).unwrap();
            prop_assert_eq!(once, twice);
        }
    }

    #[test]
    fn exact_and_minimal_diffs_are_as_short_as_can_be(old in text(), new in text()) {
        let (old_lines, new_lines) = (split(&old), split(&new));
        let least = shortest(&old_lines, &new_lines);
        for algorithm in ALGORITHMS {
            let diff = diff_lines(&old, &new, &options(algorithm, true)).unwrap().unwrap();
            check_script(diff.edits(), &old_lines, &new_lines);
            let length = diff.stat().added + diff.stat().removed;
            prop_assert!(length >= least);
            if matches!(diff.algorithm(), AlgorithmUsed::Exact | AlgorithmUsed::Minimal) {
                prop_assert_eq!(length, least);
            }
            let again = diff_lines(&old, &new, &options(algorithm, true)).unwrap().unwrap();
            prop_assert_eq!(again.edits(), diff.edits());
        }
    }

    #[test]
    fn tokens_and_lines_have_the_same_script(
        old in prop::collection::vec(0_u32..5, 0..40),
        new in prop::collection::vec(0_u32..5, 0..40),
        algorithm in prop::sample::select(ALGORITHMS.to_vec()),
    ) {
        let text = |tokens: &[u32]| -> Vec<u8> {
            tokens.iter().flat_map(|token| format!("{token}\n").into_bytes()).collect()
        };
        let (old_text, new_text) = (text(&old), text(&new));
        let options = options(algorithm, false);
        let lines = diff_lines(&old_text, &new_text, &options).unwrap().unwrap();
        let tokens = diff_tokens(&old, &new, &options).unwrap().unwrap();
        prop_assert_eq!(tokens.algorithm, lines.algorithm());
        let lengths = |edits: &[Edit]| edits.iter().filter(|e| e.kind != EditKind::Equal)
            .map(|e| e.len).sum::<u32>();
        prop_assert_eq!(lengths(&tokens.edits), lengths(lines.edits()));
        if algorithm == Algorithm::Exact {
            prop_assert_eq!(&tokens.edits[..], lines.edits());
        }
    }

    #[test]
    fn lines_that_only_look_alike_are_equal_when_asked(old in text(), ignore in any::<bool>()) {
        let compare = CompareOptions {
            ignore_whitespace: ignore,
            strip_trailing_cr: !ignore,
            ..CompareOptions::default()
        };
        let mut new = Vec::new();
        for line in split(&old) {
            let content = line.strip_suffix(b"\n").unwrap_or(line);
            new.extend_from_slice(content);
            let end: &[u8] = match (content.len() < line.len(), content.ends_with(b"\r")) {
                (true, false) => b"\r\n",
                (true, true) => b"\n",
                (false, _) => b"",
            };
            new.extend_from_slice(end);
        }
        let options = DiffOptions { compare, ..DiffOptions::default() };
        prop_assert!(diff_lines(&old, &new, &options).unwrap().unwrap().is_equal());
    }
}

/// Pieces of which patches are made, in any order.
fn patch_piece() -> impl Strategy<Value = Vec<u8>> {
    prop::sample::select(vec![
        &b"--- a/x\n+++ b/y\n"[..],
        b"--- a/x\t2020\n+++ \"b/\\303\\244\"\t2021\n",
        b"@@ -1 +1 @@\n-a\n+b\n",
        b"@@ -1,2 +1,3 @@ fn main\n a\n+b\n\n",
        b"@@ -0,0 +1 @@\n+a\n\\ No newline at end of file\n",
        b"@@ -3,1 +2,0 @@\n-a\n",
        b"diff --git a/x b/y\nsimilarity index 90%\nrename from x\nrename to y\n",
        b"diff --git a/x b/x\nold mode 100644\nnew mode 100755\n",
        b"diff --git a/x b/x\nnew file mode 100644\nindex 000..123\n",
        b"diff --git \"a/\\t\" \"b/\\t\"\ndeleted file mode 100644\nBinary files a and b differ\n",
        b"Index: a b\n===================================================================\n",
        b"Only in a: b\n",
        b"\n",
    ])
    .prop_map(<[u8]>::to_vec)
}
