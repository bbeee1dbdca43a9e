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

#[test]
fn no_pattern_takes_exponential_time() {
    let pattern = format!("{}b", "a*".repeat(100));
    let stars = format!("{}b", "**/a*".repeat(100));
    let path = vec!["a".repeat(250); 16].join("/");
    let started = std::time::Instant::now();
    for content in [pattern, stars, "*a".repeat(2000)] {
        Rules::parse(content.as_bytes(), false).decide(path.as_bytes(), &mut || false);
    }
    assert!(started.elapsed().as_secs() < 20);
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
