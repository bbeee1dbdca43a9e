//! The deciding pattern, and the corners of how lines are read.

use fishplate_gitignore::Rules;
use proptest::prelude::*;

/// Line and pattern that decide about a path.
fn decided(content: &[u8], path: &str, is_directory: bool) -> Option<(usize, String)> {
    let rules = Rules::parse(content, false);
    let pattern = rules.decide(path.as_bytes(), &mut || is_directory)?;
    Some((pattern.line, pattern.written().escape_ascii().to_string()))
}

/// Content, path, whether that is a directory, and what decides.
type Case = (
    &'static [u8],
    &'static str,
    bool,
    Option<(usize, &'static str)>,
);

#[test]
fn lines_are_read_as_git_reads_them() {
    let cases: [Case; 16] = [
        (b"\xef\xbb\xbfa", "a", false, Some((1, "a"))),
        (b"# a\n\na\r\n", "a", false, Some((3, "a"))),
        (b"\\#a", "#a", false, Some((1, "\\\\#a"))),
        (b"a  ", "a", false, Some((1, "a"))),
        (b"a\\ ", "a ", false, Some((1, "a\\\\ "))),
        (b"a\t", "a\t", false, Some((1, "a\\t"))),
        (b"a/", "a", false, None),
        (b"a/", "a", true, Some((1, "a/"))),
        (b"/a", "b/a", false, None),
        (b"a\0b", "a", false, Some((1, "a"))),
        (b"{a,b}", "a", false, None),
        (b"a**/b", "a/x/b", false, Some((1, "a**/b"))),
        (b"a/**/b", "a/b", false, Some((1, "a/**/b"))),
        (b"[a", "[a", false, None),
        (b"*.log\n!a.log", "a.log", false, Some((2, "!a.log"))),
        (b"a\\", "a\\", false, None),
    ];
    for (content, path, is_directory, expected) in cases {
        let expected = expected.map(|(line, pattern)| (line, pattern.to_owned()));
        let shown = content.escape_ascii();
        assert_eq!(
            decided(content, path, is_directory),
            expected,
            "{shown} on {path}"
        );
    }
}

/// Ten times the input takes ten times the time, or what a noisy machine makes of it; a hundred times would be quadratic.
#[test]
fn no_pattern_takes_more_time_than_its_length() {
    let time = |line: &str| {
        let started = std::time::Instant::now();
        Rules::parse(line.as_bytes(), false).decide(b"a/b", &mut || false);
        started.elapsed()
    };
    for (start, piece, end) in [
        ("", "[", ""),
        ("", "[:", "]"),
        ("[", "[:x", "]"),
        ("", "[a", ""),
    ] {
        let line = |count: usize| format!("{start}{}{end}", piece.repeat(count));
        let least = |count: usize| (0..3).map(|_| time(&line(count))).min();
        let (short, long) = (least(20_000), least(200_000));
        let most = short.expect("three").as_secs_f64().mul_add(40.0, 0.02);
        assert!(
            long.expect("three").as_secs_f64() < most,
            "{piece}: {short:?}, {long:?}"
        );
    }
}

/// Many stars end, which they would not in exponential time.
#[test]
fn no_pattern_takes_exponential_time() {
    let pattern = format!("{}b", "a*".repeat(100));
    let stars = format!("{}b", "**/a*".repeat(100));
    let path = vec!["a".repeat(250); 16].join("/");
    for content in [pattern, stars, "*a".repeat(2000)] {
        let rules = Rules::parse(content.as_bytes(), false);
        assert!(rules.decide(path.as_bytes(), &mut || false).is_none());
    }
}

fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = proptest::sample::select(vec![
        "a", "b", ".log", "*", "**", "/", "?", "[ab]", "!", "\\", " ", "\n", "\n", "#", "x.log",
        "A", "\r",
    ]);
    proptest::collection::vec(piece, 0..30).prop_map(|list| list.concat().into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    /// What is found by hash is what trying each line would find.
    #[test]
    fn the_last_line_that_matches_decides(
        content in pieces(),
        path in proptest::sample::select(vec!["a", "b", "a/b", "x.log", "a/x.log", "A", "a.log", "b/a/b"]),
        fold in any::<bool>(),
        is_directory in any::<bool>(),
    ) {
        let found = Rules::parse(&content, fold);
        let found = found.decide(path.as_bytes(), &mut || is_directory).map(|pattern| pattern.line);
        let matching = content.split(|&byte| byte == b'\n').enumerate().filter(|(_, line)| {
            Rules::parse(line, fold).decide(path.as_bytes(), &mut || is_directory).is_some()
        });
        prop_assert_eq!(found, matching.map(|(index, _)| index + 1).last());
    }
}
