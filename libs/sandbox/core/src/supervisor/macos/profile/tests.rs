use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::{Profile, Reach, profile, twins};
use crate::policy::{Clause, Mode, Policy, Rules};

fn rules(mode: Mode, roots: &[&str], guarded: &[&str], denied: &[&str]) -> Rules {
    let clauses = |paths: &[&str], root: Option<&str>| {
        let clause = |path: &&str| Clause {
            path: PathBuf::from(path),
            root: root.map(PathBuf::from),
            name: "a test".to_owned(),
        };
        paths.iter().map(clause).collect()
    };
    Rules {
        policy: Policy {
            mode,
            ..Policy::default()
        },
        workspace: PathBuf::from("/w"),
        writable_roots: roots.iter().map(PathBuf::from).collect(),
        read_deny: Vec::new(),
        protected: Vec::new(),
        home: None,
        denied: clauses(denied, None),
        guarded: clauses(guarded, Some("/w")),
    }
}

/// Reads a profile as the language does, as far as these are written: lists, atoms, strings and patterns; and what a
/// parameter stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Term {
    Atom(String),
    Text(String),
    Pattern(String),
    List(Vec<Term>),
}

fn read(profile: &Profile) -> Vec<Term> {
    let mut letters = profile.text.chars().peekable();
    let mut open: Vec<Vec<Term>> = vec![Vec::new()];
    while let Some(letter) = letters.next() {
        let term = match letter {
            '(' => {
                open.push(Vec::new());
                continue;
            }
            ')' => Term::List(open.pop().expect("an open list")),
            letter if letter.is_whitespace() => continue,
            '"' => {
                let text: String = letters
                    .by_ref()
                    .take_while(|letter| *letter != '"')
                    .collect();
                assert!(!text.contains('\\'), "an escape: {text}");
                Term::Text(text)
            }
            '#' => {
                assert_eq!(letters.next(), Some('"'));
                Term::Pattern(
                    letters
                        .by_ref()
                        .take_while(|letter| *letter != '"')
                        .collect(),
                )
            }
            first => {
                let mut atom = first.to_string();
                while let Some(next) =
                    letters.next_if(|next| !"()\" ".contains(*next) && !next.is_whitespace())
                {
                    atom.push(next);
                }
                Term::Atom(atom)
            }
        };
        open.last_mut().expect("a list").push(term);
    }
    assert_eq!(open.len(), 1, "a list is not closed");
    open.pop().expect("all terms")
}

/// The paths of the filters `kind` in rules that begin with `action`, with their parameters put in.
fn paths(profile: &Profile, action: &str, kind: &str) -> Vec<String> {
    let value = |name: &str| {
        let mut parameters = profile
            .parameters
            .iter()
            .map(|text| text.to_str().expect("text"));
        let found = parameters.find_map(|text| text.strip_prefix(&format!("{name}=")));
        found.expect("a parameter").to_owned()
    };
    let mut found = Vec::new();
    for term in read(profile) {
        let Term::List(terms) = term else {
            panic!("a rule is no list")
        };
        let words: Vec<_> = terms
            .iter()
            .map_while(|term| match term {
                Term::Atom(word) => Some(word.as_str()),
                _ => None,
            })
            .collect();
        if !words.join(" ").starts_with(action) {
            continue;
        }
        for filter in &terms {
            let Term::List(parts) = filter else { continue };
            match parts.as_slice() {
                [Term::Atom(named), Term::List(inner)] if named == kind => match inner.as_slice() {
                    [Term::Atom(word), Term::Text(name)] if word == "param" => {
                        found.push(value(name));
                    }
                    other => panic!("no parameter: {other:?}"),
                },
                _ => {}
            }
        }
    }
    found
}

const HOSTILE: [&str; 9] = [
    "/w/a\"b",
    "/w/a\\\"b",
    "/w/a)(allow default)",
    "/w/a\n(allow file-write*)",
    "/w/a\")) (allow default) ;",
    "/w/$(param \"P0\")",
    "/w/tab\tand;comment",
    "/w/日本/é",
    "/w/a[.*+?^${}|]",
];

#[test]
fn a_hostile_path_changes_no_rule() {
    let plain = rules(Mode::WorkspaceWrite, &["/w"], &["/w/x"], &["/w/y"]);
    let shape = |profile: &Profile| -> Vec<String> {
        let rule = |term: Term| match term {
            Term::List(terms) => {
                let words = terms.into_iter().map_while(|term| match term {
                    Term::Atom(word) => Some(word),
                    _ => None,
                });
                words.collect::<Vec<_>>().join(" ")
            }
            other => panic!("{other:?}"),
        };
        read(profile).into_iter().map(rule).collect()
    };
    let expected = shape(&profile(&plain, Reach::Nothing, None));
    for path in HOSTILE {
        let rules = rules(Mode::WorkspaceWrite, &[path], &[path], &[path]);
        let profile = profile(&rules, Reach::Nothing, None);
        assert_eq!(shape(&profile), expected, "{path:?}");
        for action in [
            "allow file-write* file-link",
            "deny file-write* file-link",
            "deny file-read*",
        ] {
            assert!(
                paths(&profile, action, "subpath").contains(&path.to_owned()),
                "{path:?} in {action}"
            );
        }
    }
}

#[test]
fn later_rules_close_what_earlier_ones_opened() {
    let rules = rules(
        Mode::WorkspaceWrite,
        &["/w", "/more"],
        &["/w/.git/hooks"],
        &["/w/.env"],
    );
    let profile = profile(&rules, Reach::Nothing, Some(Path::new("/private/t/s")));
    let at = |text: &str| {
        profile
            .text
            .find(text)
            .unwrap_or_else(|| panic!("{text} in {}", profile.text))
    };
    assert!(at("(deny default)") < at("(allow file-read*"));
    assert!(at("(allow file-write* file-link") < at("(deny file-write* file-link"));
    assert!(at("(deny file-write* file-link") < at("(deny file-read*"));
    assert_eq!(
        paths(&profile, "allow file-write* file-link", "subpath"),
        ["/w", "/more", "/private/t/s"]
    );
    assert_eq!(
        paths(&profile, "allow network*", "subpath"),
        ["/private/t/s"]
    );
}

#[test]
fn directories_above_a_protected_path_stay_in_place() {
    let rules = rules(Mode::WorkspaceWrite, &["/w"], &["/w/a/b/hooks"], &[]);
    let profile = profile(&rules, Reach::Nothing, None);
    assert_eq!(
        paths(
            &profile,
            "deny file-write-create file-write-unlink",
            "literal"
        ),
        ["/w/a/b", "/w/a", "/w"]
    );
}

#[test]
fn read_only_writes_nowhere_but_in_the_temporary_directory() {
    let rules = rules(Mode::ReadOnly, &[], &[], &[]);
    let scratch = Path::new("/private/t/s");
    let with = profile(&rules, Reach::Nothing, Some(scratch));
    assert_eq!(
        paths(&with, "allow file-write* file-link", "subpath"),
        ["/private/t/s"]
    );
    let without = profile(&rules, Reach::Nothing, None);
    assert!(!without.text.contains("(allow file-write* file-link"));
    assert!(without.parameters.is_empty());
}

#[test]
fn the_network_is_what_the_policy_says() {
    let rules = rules(Mode::WorkspaceWrite, &["/w"], &[], &[]);
    let text = |reach| profile(&rules, reach, None).text;
    assert!(!text(Reach::Nothing).contains("network"));
    let proxy = text(Reach::Proxy(3128));
    assert_eq!(proxy.matches("network").count(), 1);
    assert!(proxy.contains("(allow network-outbound (remote ip \"localhost:3128\"))"));
    assert!(text(Reach::Everything).contains("(remote ip \"*:*\")"));
}

#[test]
fn other_letter_cases_and_normal_forms_are_held_too() {
    assert_eq!(
        twins(Path::new("/w/.Git-1"), "(/|$)"),
        "\n  (regex #\"^/[wW]/[.][gG][iI][tT]-1(/|$)\")"
    );
    let accented = twins(Path::new("/w/caf\u{e9}"), "$");
    assert!(
        accented.contains("[fF]\u{e9}$") && accented.contains("[fF][eE]\u{301}$"),
        "{accented}"
    );
    let rules = rules(Mode::WorkspaceWrite, &["/w"], &["/w/caf\u{e9}"], &[]);
    let profile = profile(&rules, Reach::Nothing, None);
    assert_eq!(
        paths(&profile, "deny file-write* file-link", "subpath"),
        ["/w/caf\u{e9}", "/w/cafe\u{301}"]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_path_stays_a_parameter(path in "/[^\0]{1,40}") {
        let rules = rules(Mode::WorkspaceWrite, &[&path], &[&path], &[&path]);
        let profile = profile(&rules, Reach::Proxy(1), Some(Path::new(&path)));
        prop_assert!(paths(&profile, "deny file-read*", "subpath").contains(&path));
        for term in read(&profile) {
            prop_assert!(matches!(term, Term::List(_)), "{term:?}");
        }
    }
}
