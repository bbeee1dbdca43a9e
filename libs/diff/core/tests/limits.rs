//! Limits of a diff: edit length, time, cancellation, and texts that are hard on the engines.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use fishplate_diff::{
    Algorithm, AlgorithmUsed, DiffError, DiffOptions, EditKind, LineDiff, diff_lines,
};

fn lines(numbers: impl Iterator<Item = usize>) -> Vec<u8> {
    numbers
        .flat_map(|n| format!("{n}\n").into_bytes())
        .collect()
}

/// What the new text must be if the script is right.
fn rebuilt(diff: &LineDiff<'_>) -> Vec<u8> {
    let kept = diff
        .edits()
        .iter()
        .filter(|edit| edit.kind != EditKind::Removed);
    kept.flat_map(|edit| diff.text(edit).into_owned()).collect()
}

#[test]
fn a_strict_diff_past_its_edit_length_is_absent() {
    let options = |max| DiffOptions {
        algorithm: Algorithm::Exact,
        max_edit_length: Some(max),
        strict: true,
        ..DiffOptions::default()
    };
    let (old, new) = (b"a\nb\n", b"a\nc\n");
    assert!(diff_lines(old, new, &options(1)).expect("small").is_none());
    assert!(diff_lines(old, new, &options(2)).expect("small").is_some());
    assert!(diff_lines(old, old, &options(0)).expect("small").is_some());
    let lenient = DiffOptions {
        strict: false,
        ..options(1)
    };
    let diff = diff_lines(old, new, &lenient)
        .expect("small")
        .expect("not strict");
    assert_eq!(diff.algorithm(), AlgorithmUsed::Minimal);
}

#[test]
fn a_raised_flag_cancels() {
    let flag = AtomicBool::new(true);
    for algorithm in [
        Algorithm::Auto,
        Algorithm::Exact,
        Algorithm::Histogram,
        Algorithm::Patience,
    ] {
        let options = DiffOptions {
            algorithm,
            cancel: Some(&flag),
            ..DiffOptions::default()
        };
        let cancelled = diff_lines(b"a\n", b"b\n", &options).map(|_| ());
        assert_eq!(cancelled, Err(DiffError::Cancelled));
    }
}

#[test]
fn a_timeout_leaves_a_coarse_but_correct_diff_or_none() {
    let old = lines((0..60_000).map(|i| i * 7919 % 60_013 % 5));
    let new = lines((0..60_000).map(|i| i * 104_729 % 60_013 % 5));
    for algorithm in [
        Algorithm::Auto,
        Algorithm::Exact,
        Algorithm::Histogram,
        Algorithm::Patience,
    ] {
        let options = DiffOptions {
            algorithm,
            timeout: Some(Duration::ZERO),
            ..DiffOptions::default()
        };
        let diff = diff_lines(&old, &new, &options)
            .expect("small")
            .expect("not strict");
        assert!(diff.timed_out());
        assert_eq!(rebuilt(&diff), new);
    }
    let strict = DiffOptions {
        algorithm: Algorithm::Exact,
        timeout: Some(Duration::ZERO),
        strict: true,
        ..DiffOptions::default()
    };
    assert!(diff_lines(&old, &new, &strict).expect("small").is_none());
}

#[test]
fn hard_texts_are_diffed_right_by_every_engine() {
    let hard: [(&str, Vec<u8>, Vec<u8>); 5] = [
        (
            "every second line changed",
            lines(0..20_000),
            lines((0..20_000).map(|i| if i % 2 == 0 { i } else { i + 100_000 })),
        ),
        (
            "neighbours swapped",
            lines(0..20_000),
            lines((0..20_000).map(|i| i ^ 1)),
        ),
        ("turned round", lines(0..5000), lines((0..5000).rev())),
        (
            "few different lines",
            lines((0..20_000).map(|i| i * i % 7)),
            lines((0..20_000).map(|i| i * i % 11)),
        ),
        (
            "blocks of growing length",
            lines(growing(false)),
            lines(growing(true)),
        ),
    ];
    for (name, old, new) in &hard {
        for algorithm in [Algorithm::Auto, Algorithm::Histogram, Algorithm::Patience] {
            let options = DiffOptions {
                algorithm,
                indent_heuristic: true,
                ..DiffOptions::default()
            };
            let diff = diff_lines(old, new, &options)
                .expect("small")
                .expect("not strict");
            assert_eq!(&rebuilt(&diff), new, "{name} by {algorithm:?}");
        }
    }
}

/// Runs of lines, each longer than the one before, with a line between that differs.
fn growing(new: bool) -> impl Iterator<Item = usize> {
    let mut next = 1_000_000;
    (0..150).flat_map(move |length| {
        let start = next;
        next += length + 1;
        (start..start + length).chain([if new { 2 * start } else { 3 * start }])
    })
}

#[test]
fn a_very_long_line_is_one_line() {
    let mut old = vec![b'x'; 20 << 20];
    let new = old.clone();
    old.push(b'y');
    let diff = diff_lines(&old, &new, &DiffOptions::default())
        .expect("fits")
        .expect("not strict");
    assert_eq!((diff.stat().removed, diff.stat().added), (1, 1));
}
