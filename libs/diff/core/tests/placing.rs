//! Where hunks and edits go, and when they are refused.

use fishplate_diff::{
    DiffOptions, EditRejectReason, EditStatus, FilePatch, HunkStatus, LocateOptions, RejectReason,
    SearchReplace, Strategy, apply_edits, apply_unified, diff_lines, parse_patch,
};

fn place(source: &str, patch: &str) -> (Option<String>, Vec<fishplate_diff::HunkOutcome>) {
    place_within(source, patch, None)
}

fn place_within(
    source: &str,
    patch: &str,
    max_offset: Option<usize>,
) -> (Option<String>, Vec<fishplate_diff::HunkOutcome>) {
    let patches = parse_patch(patch.as_bytes()).expect("a good patch");
    let options = LocateOptions {
        max_offset,
        ..LocateOptions::default()
    };
    let outcome = apply_unified(source.as_bytes(), &patches[0], &options);
    (
        outcome
            .text
            .map(|text| String::from_utf8(text).expect("UTF-8")),
        outcome.hunks,
    )
}

fn refusal(source: &str, patch: &str) -> RejectReason {
    let (text, hunks) = place(source, patch);
    assert_eq!(text, None);
    match &hunks.last().expect("a hunk").status {
        HunkStatus::Rejected(reason) => reason.clone(),
        HunkStatus::Applied => panic!("it was applied"),
    }
}

#[test]
fn its_stated_line_wins_over_other_places() {
    let (text, hunks) = place("a\na\na\n", "@@ -2 +2 @@\n-a\n+b\n");
    assert_eq!(text.as_deref(), Some("a\nb\na\n"));
    assert_eq!(
        (hunks[0].strategy, hunks[0].line, hunks[0].offset),
        (Strategy::Exact, 2, 0)
    );
}

#[test]
fn the_only_other_place_is_taken_and_told() {
    let (text, hunks) = place("x\ny\na\n", "@@ -1 +1 @@\n-a\n+b\n");
    assert_eq!(text.as_deref(), Some("x\ny\nb\n"));
    assert_eq!(
        (hunks[0].strategy, hunks[0].line, hunks[0].offset),
        (Strategy::Offset, 3, 2)
    );
    let (text, hunks) = place_within("x\ny\na\n", "@@ -1 +1 @@\n-a\n+b\n", Some(1));
    assert_eq!(text, None);
    assert_eq!(hunks[0].status, HunkStatus::Rejected(RejectReason::NoMatch));
}

#[test]
fn two_other_places_are_both_named_however_far() {
    let reason = refusal("a\nx\nx\na\n", "@@ -2 +2 @@\n-a\n+b\n");
    assert_eq!(
        reason,
        RejectReason::Ambiguous {
            candidates: vec![1, 4]
        }
    );
}

#[test]
fn later_hunks_follow_the_shift_of_earlier_ones() {
    let patch = "@@ -1 +1 @@\n-a\n+A\n@@ -3 +3 @@\n-c\n+C\n";
    let (text, hunks) = place("new\na\nb\nc\nc\n", patch);
    assert_eq!(text.as_deref(), Some("new\nA\nb\nC\nc\n"));
    assert_eq!((hunks[1].strategy, hunks[1].offset), (Strategy::Exact, 1));
}

#[test]
fn one_refused_hunk_refuses_all() {
    let patch = "@@ -1 +1 @@\n-a\n+A\n@@ -3 +3 @@\n-zebra crossing\n+C\n";
    let (text, hunks) = place("a\nb\nzebra crossings\n", patch);
    assert_eq!(text, None);
    assert_eq!(hunks[0].status, HunkStatus::Applied);
    assert_eq!(hunks[1].status, HunkStatus::Rejected(RejectReason::NoMatch));
    let nearest = hunks[1].nearest.expect("a line that is alike");
    assert_eq!(nearest.line, 3);
    assert!(nearest.similarity > 0.8 && hunks[1].similarity == nearest.similarity);
}

#[test]
fn additions_without_context_stay_where_they_belong() {
    assert_eq!(
        place("a\nb\n", "@@ -1,0 +2 @@\n+x\n").0.as_deref(),
        Some("a\nx\nb\n")
    );
    assert_eq!(place("", "@@ -0,0 +1 @@\n+x\n").0.as_deref(), Some("x\n"));
    assert_eq!(refusal("a\n", "@@ -5,0 +6 @@\n+x\n"), RejectReason::NoMatch);
    assert_eq!(
        refusal("a", "@@ -1,0 +2 @@\n+x\n"),
        RejectReason::EofMismatch
    );
}

#[test]
fn the_final_newline_must_be_as_the_patch_says() {
    let open = "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n";
    assert_eq!(place("a", open).0.as_deref(), Some("b\n"));
    assert_eq!(refusal("a\n", open), RejectReason::EofMismatch);
    assert_eq!(
        refusal("a", "@@ -1 +1 @@\n-a\n+b\n"),
        RejectReason::EofMismatch
    );
    let cut = "@@ -1 +1 @@\n-a\n+b\n\\ No newline at end of file\n";
    assert_eq!(place("a\n", cut).0.as_deref(), Some("b"));
    assert_eq!(refusal("a\nc\n", cut), RejectReason::EofMismatch);
}

#[test]
fn hunks_do_not_apply_twice_to_the_same_lines() {
    let patch = "@@ -1,2 +1,2 @@\n a\n-b\n+B\n@@ -2 +2 @@\n-b\n+C\n";
    assert_eq!(refusal("a\nb\nc\n", patch), RejectReason::Overlap);
}

#[test]
fn windows_line_endings_are_kept() {
    let (text, _) = place("a\r\nb\r\n", "@@ -1,2 +1,3 @@\n a\n-b\n+c\n+d\n");
    assert_eq!(text.as_deref(), Some("a\r\nc\r\nd\r\n"));
    let (text, _) = place(
        "a\nb",
        "@@ -1,2 +1,2 @@\n a\r\n-b\n\\ No newline at end of file\n+c\r\n",
    );
    assert_eq!(text.as_deref(), Some("a\nc\n"));
}

#[test]
fn a_patch_whose_found_lines_show_no_difference_gives_what_it_says() {
    for (old, new) in [
        (&b"\na\r"[..], &b"\nb"[..]),
        (b"a\r\n", b"a\r\nb\n"),
        (b"a\n", b"a\nb\r\n"),
    ] {
        let diff = diff_lines(old, new, &DiffOptions::default())
            .unwrap()
            .unwrap();
        let mut patch = FilePatch {
            hunks: diff.hunks(0),
            ..FilePatch::default()
        };
        let made = apply_unified(old, &patch, &LocateOptions::default());
        assert_eq!(made.text.as_deref(), Some(new));
        patch = patch.reversed();
        let made = apply_unified(new, &patch, &LocateOptions::default());
        assert_eq!(made.text.as_deref(), Some(old));
    }
}

#[test]
fn edits_build_on_each_other() {
    let edits = [
        SearchReplace {
            search: b"a",
            replace: b"b b",
        },
        SearchReplace {
            search: b"b b",
            replace: b"c",
        },
    ];
    let made = apply_edits(b"x a y", &edits);
    assert_eq!(made.text.as_deref(), Some(&b"x c y"[..]));
}

#[test]
fn refused_edits_say_why() {
    let status = |text: &str, search: &str, replace: &str| {
        let edit = SearchReplace {
            search: search.as_bytes(),
            replace: replace.as_bytes(),
        };
        let mut outcome = apply_edits(text.as_bytes(), &[edit]);
        assert_eq!(outcome.text, None);
        outcome.edits.remove(0)
    };
    let rejected = EditStatus::Rejected;
    assert_eq!(
        status("a", "", "b").status,
        rejected(EditRejectReason::EmptySearch)
    );
    assert_eq!(
        status("a", "a", "a").status,
        rejected(EditRejectReason::NoChange)
    );
    let ambiguous = EditRejectReason::Ambiguous {
        lines: vec![1, 1, 2],
    };
    assert_eq!(status("aaa\naa", "aa", "b").status, rejected(ambiguous));
    let missing = status("one\n  let x = 1;\n", "let x = 2;\n", "y");
    assert_eq!(missing.status, rejected(EditRejectReason::NoMatch));
    assert_eq!(missing.nearest.expect("a line that is alike").line, 2);
}

#[test]
fn a_long_list_of_places_is_cut() {
    let text = "a\n".repeat(1000);
    let edit = SearchReplace {
        search: b"a",
        replace: b"b",
    };
    let outcome = apply_edits(text.as_bytes(), &[edit]);
    let EditStatus::Rejected(EditRejectReason::Ambiguous { lines }) = &outcome.edits[0].status
    else {
        panic!("it is ambiguous");
    };
    assert_eq!(lines.len(), 20);
}
