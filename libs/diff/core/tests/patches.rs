//! What patches mean: reading, writing, reversing and applying them, case by case.

use fishplate_diff::{
    ApplyOptions, Encoding, FileHeaders, FilePatch, FormatError, HunkLine, LineKind,
    ParseErrorKind, apply_patch, format_patch, format_patches, parse_patch, parse_patch_in,
};

fn one(text: &str) -> FilePatch<'_> {
    let mut patches = parse_patch(text.as_bytes()).expect("a good patch");
    assert_eq!(patches.len(), 1);
    patches.remove(0)
}

fn error(text: &str) -> (String, usize) {
    let error = parse_patch(text.as_bytes()).expect_err("a bad patch");
    (error.to_string(), error.line)
}

fn name(bytes: &Option<std::borrow::Cow<'_, [u8]>>) -> String {
    String::from_utf8_lossy(bytes.as_deref().unwrap_or(b"(none)")).into_owned()
}

fn text_of(patch: &FilePatch<'_>) -> String {
    let mut out = Vec::new();
    format_patch(patch, FileHeaders::ALL, &mut out).expect("it has names");
    String::from_utf8(out).expect("UTF-8")
}

fn apply(source: &str, patch: &str, fuzz_factor: usize) -> Option<String> {
    let options = ApplyOptions {
        fuzz_factor,
        ..ApplyOptions::default()
    };
    apply_patch(source.as_bytes(), &one(patch), &options)
        .map(|text| String::from_utf8(text).expect("UTF-8"))
}

#[test]
fn an_empty_text_is_one_empty_patch() {
    assert_eq!(one(""), FilePatch::default());
}

#[test]
fn a_count_that_is_left_out_is_one_and_an_empty_side_is_numbered_from_the_line_behind() {
    let hunk = &one("@@ -3 +4,0 @@\n-a\n").hunks[0];
    assert_eq!(
        (
            hunk.old_start,
            hunk.old_lines,
            hunk.new_start,
            hunk.new_lines
        ),
        (3, 1, 5, 0)
    );
}

#[test]
fn an_empty_line_in_a_hunk_is_a_context_line_without_marker() {
    let patch = one("@@ -1,2 +1,2 @@\n-a\n+b\n\n");
    assert_eq!(
        patch.hunks[0].lines[2],
        HunkLine {
            kind: LineKind::Bare,
            content: b""
        }
    );
    assert_eq!(
        apply("a\n\n", "@@ -1,2 +1,2 @@\n-a\n+b\n\n", 0).as_deref(),
        Some("b\n\n")
    );
}

#[test]
fn text_between_files_is_passed_over() {
    let text = "mail\n--- a\n+++ b\n@@ -1 +1 @@\n-a\n+b\nOnly in x: y\n--- c\n+++ d\n@@ -1 +1 @@\n-a\n+b\n-- \n2.1\n";
    assert!(
        parse_patch(text.as_bytes()).is_err(),
        "a signature line looks like a removal"
    );
    let patches = parse_patch(&text.as_bytes()[..text.len() - 8]).expect("good");
    assert_eq!(
        patches
            .iter()
            .map(|p| name(&p.new_name))
            .collect::<Vec<_>>(),
        ["b", "d"]
    );
}

#[test]
fn git_headers_are_read() {
    let patch = one(
        "diff --git a/x y b/z\nold mode 100644\nnew mode 100755\nsimilarity index 90%\n\
         rename from x y\nrename to \"z\\303\\244\"\n--- a/x y\t\n+++ \"b/z\\303\\244\"\n@@ -1 +1 @@\n-a\n+b\n",
    );
    assert!(patch.is_git && patch.is_rename && !patch.is_copy);
    assert_eq!(
        (name(&patch.old_name), name(&patch.new_name)),
        ("a/x y".into(), "b/zä".into())
    );
    assert_eq!(
        (name(&patch.old_mode), name(&patch.new_mode)),
        ("100644".into(), "100755".into())
    );
    let created = one("diff --git a/x b/x\nnew file mode 100644\nindex 0000000..e69de29\n");
    assert!(created.is_create && created.hunks.is_empty());
    for text in [
        "Binary files a/x and b/x differ\n",
        "GIT binary patch\nliteral 1\nIcmZPo000310RR91\n\n",
    ] {
        let text = format!("diff --git a/x b/x\nindex 1..2\n{text}");
        assert!(one(&text).is_binary);
    }
}

#[test]
fn unquoted_names_are_split_in_the_middle() {
    let patch = one("diff --git a/x b/y b/x b/y\nindex 1..2\n");
    assert_eq!(
        (name(&patch.old_name), name(&patch.new_name)),
        ("a/x b/y".into(), "b/x b/y".into())
    );
    assert_eq!(one("diff --git nonsense\n").old_name, None);
}

#[test]
fn index_lines_start_a_file() {
    let text = "Index: a b \n===\nIndex: c\n--- c\told\n+++ c\n";
    let patches = parse_patch(text.as_bytes()).expect("good");
    assert_eq!(
        patches.iter().map(|p| name(&p.index)).collect::<Vec<_>>(),
        ["a b", "c"]
    );
    assert_eq!(name(&patches[1].old_header), "old");
    assert_eq!(
        name(&one("diff -r 12ab -r 34cd .hgignore\n").index),
        ".hgignore"
    );
    assert_eq!(name(&one("diff -r 12ab -r 34cd").index), "-r 34cd");
    assert_eq!(one("diff -r 12ab").index, None);
}

#[test]
fn latin1_names_become_utf8_and_lines_stay() {
    let text = b"--- caf\xe9\xa0\n+++ \"\\303\\251\"\n@@ -1 +1 @@\n-\xe9\n+\xe8\n";
    let patches = parse_patch_in(text, Encoding::Latin1).expect("good");
    assert_eq!(
        (name(&patches[0].old_name), name(&patches[0].new_name)),
        ("café".into(), "é".into())
    );
    assert_eq!(patches[0].hunks[0].lines[0].content, b"\xe9");
}

#[test]
fn what_is_wrong_with_a_hunk_is_told_with_its_line() {
    assert_eq!(
        error("\n\n@@ -1 +1 @@\nx\n"),
        ("Hunk at line 3 contained invalid line x".into(), 3)
    );
    assert_eq!(
        error("@@ -1,2 +1,2 @@\n-a\n-b"),
        (
            "Added line count did not match for hunk at line 1".into(),
            1
        )
    );
    assert_eq!(
        error("@@ -1,2 +1 @@\n+a\n-c"),
        (
            "Removed line count did not match for hunk at line 1".into(),
            1
        )
    );
    assert_eq!(
        error("@@ -1 +1 @@\n-a\n+b\n+c\n").0,
        "Hunk at line 1 has more lines than expected (expected 1 old lines and 1 new lines)"
    );
    let unreadable = parse_patch(b"@@ fn main @@\n-a\n+b\n").expect_err("no numbers");
    assert_eq!(
        (unreadable.kind, unreadable.line),
        (ParseErrorKind::HunkHeader, 1)
    );
}

#[test]
fn half_a_file_header_is_an_error() {
    assert_eq!(
        error("--- a\n@@ -1 +1 @@\n").0,
        "Missing \"+++ ...\" file header for a"
    );
    assert_eq!(error("+++ b\n").0, "Missing \"--- ...\" file header for b");
}

#[test]
fn numbers_beyond_reason_are_cut() {
    let hunk = &one("@@ -99999999999999999999999 +1 @@\n-a\n+b\n").hunks[0];
    assert_eq!(hunk.old_start, 1 << 53);
    let patch = "@@ -99999999999999999999999 +1 @@\n-a\n+b\n";
    assert_eq!(apply("x\na\n", patch, 2).as_deref(), Some("x\nb\n"));
}

#[test]
fn headers_are_written_as_asked() {
    let patch = FilePatch {
        old_name: Some(b"a b\"".as_slice().into()),
        new_name: Some(b"a b\"".as_slice().into()),
        old_header: Some(b"".as_slice().into()),
        new_header: Some(b"now".as_slice().into()),
        ..FilePatch::default()
    };
    let underline = "=".repeat(67);
    assert_eq!(
        text_of(&patch),
        format!("Index: a b\"\n{underline}\n--- \"a b\\\"\"\n+++ \"a b\\\"\"\tnow\n")
    );
    let mut none = Vec::new();
    format_patch(&patch, FileHeaders::NONE, &mut none).expect("it has names");
    assert_eq!(none, b"\n");
    let mut out = Vec::new();
    let two = [patch.clone(), patch];
    let refused = format_patches(&two, FileHeaders::NONE, &mut out);
    assert_eq!(refused, Err(FormatError::MissingFileHeaders));
    format_patches(&two, FileHeaders::FILE_ONLY, &mut out).expect("they have names");
    assert_eq!(out.iter().filter(|&&b| b == b'\n').count(), 5);
}

#[test]
fn git_patches_name_a_real_file_on_both_sides() {
    let patch = FilePatch {
        old_name: Some(b"/dev/null".as_slice().into()),
        new_name: Some(b"b/x".as_slice().into()),
        is_git: true,
        is_create: true,
        ..FilePatch::default()
    };
    assert_eq!(
        text_of(&patch),
        "diff --git a/x b/x\nnew file mode 100644\n"
    );
    assert_eq!(
        text_of(&patch.reversed()),
        "diff --git a/x b/x\ndeleted file mode 100644\n"
    );
    let nameless = FilePatch {
        is_git: true,
        ..FilePatch::default()
    };
    let refused = format_patch(&nameless, FileHeaders::ALL, &mut Vec::new());
    assert_eq!(refused, Err(FormatError::MissingOldName));
}

#[test]
fn a_copy_is_undone_by_deletion() {
    let patch =
        one("diff --git a/x b/y\ncopy from x\ncopy to y\n--- a/x\n+++ b/y\n@@ -1 +1 @@\n-a\n+b\n");
    let undone = patch.reversed();
    assert_eq!(
        (name(&undone.old_name), name(&undone.new_name)),
        ("a/y".into(), "/dev/null".into())
    );
    assert!(undone.is_delete && !undone.is_copy && undone.hunks.is_empty());
}

#[test]
fn a_hunk_moves_to_the_nearest_place_ahead_before_back() {
    let patch = "@@ -3 +3 @@\n-x\n+y\n";
    assert_eq!(
        apply("a\nx\nb\nx\n", patch, 0).as_deref(),
        Some("a\nx\nb\ny\n")
    );
    assert_eq!(
        apply("a\nx\nb\nc\nx\n", patch, 0).as_deref(),
        Some("a\ny\nb\nc\nx\n")
    );
    assert_eq!(apply("a\nb\n", patch, 0), None);
}

#[test]
fn fuzz_bends_context_but_not_what_touches_a_change() {
    let patch = "@@ -1,4 +1,4 @@\n 1\n 2\n-3\n+x\n 4\n";
    assert_eq!(apply("one\n2\n3\n4\n", patch, 0), None);
    assert_eq!(
        apply("one\n2\n3\n4\n", patch, 1).as_deref(),
        Some("one\n2\nx\n4\n")
    );
    assert_eq!(apply("1\ntwo\n3\n4\n", patch, 1), None);
    assert_eq!(
        apply("1\nextra\n2\n3\n4\n", patch, 1).as_deref(),
        Some("1\nextra\n2\nx\n4\n")
    );
    assert_eq!(apply("2\n3\n4\n", patch, 1).as_deref(), Some("2\nx\n4\n"));
}

#[test]
fn the_final_newline_must_agree_unless_fuzz_is_allowed() {
    let adds = "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n";
    assert_eq!(apply("a", adds, 0).as_deref(), Some("b\n"));
    assert_eq!(apply("a\n", adds, 0), None);
    assert_eq!(apply("a\n", adds, 1).as_deref(), Some("b\n"));
    let removes = "@@ -1 +1 @@\n-a\n+b\n\\ No newline at end of file\n";
    assert_eq!(apply("a\n", removes, 0).as_deref(), Some("b"));
    assert_eq!(apply("a", removes, 0), None);
}

#[test]
fn line_endings_are_converted_when_each_side_has_one_kind() {
    let unix = "@@ -1,2 +1,2 @@\n a\n-b\n+c\n";
    assert_eq!(apply("a\r\nb\r\n", unix, 0).as_deref(), Some("a\r\nc\r\n"));
    assert_eq!(apply("a\r\nb\n", unix, 0), None);
    let windows = "@@ -1,2 +1,2 @@\n a\r\n-b\r\n+c\r\n";
    assert_eq!(apply("a\nb\n", windows, 0).as_deref(), Some("a\nc\n"));
    let plain = ApplyOptions {
        auto_convert_line_endings: false,
        ..ApplyOptions::default()
    };
    assert_eq!(apply_patch(b"a\r\nb\r\n", &one(unix), &plain), None);
}

#[test]
fn fuzz_on_repeating_lines_ends() {
    let source = "a\n".repeat(400);
    let context = " a\n".repeat(60);
    let patch = format!("@@ -1,122 +1,121 @@\n{context} b\n{context}-c\n");
    assert_eq!(apply(&source, &patch, 12), None);
}

#[test]
fn a_long_run_of_context_does_not_need_a_deep_stack() {
    let context = " b\n".repeat(20_000);
    let patch = format!("@@ -1,20001 +1,20000 @@\n{context}-c\n");
    let source = "a\n".repeat(20_000);
    assert_eq!(apply(&source, &patch, 3), None);
}

#[test]
fn a_missing_long_hunk_in_a_long_text_is_missed_quickly() {
    let context = " a\n".repeat(50_000);
    let patch = format!("@@ -1,50001 +1,50000 @@\n{context}-c\n");
    let source = "a\n".repeat(200_000);
    assert_eq!(apply(&source, &patch, 0), None);
}
