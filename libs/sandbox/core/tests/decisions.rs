//! The matrix of places, intents and modes, and paths that are hard to read.
#![cfg(target_os = "linux")]

mod world;

use std::fs;
use std::path::{Path, PathBuf};

use fishplate_sandbox::{
    Decision, Grants, Intent, Mode, NameError, Policy, Rules, Verdict, evaluate,
};
use world::{World, all_of};

fn decide(rules: &Rules, path: impl AsRef<Path>, intent: Intent) -> Decision {
    evaluate(rules, &Grants::none(), path.as_ref(), intent).expect("a path")
}

/// One letter for each of read, list, execute, create, write, delete, rename, move.
fn letters(rules: &Rules, grants: &Grants, path: &Path) -> String {
    use Intent::{Create, Delete, Execute, List, Move, Read, Rename, Write};
    [Read, List, Execute, Create, Write, Delete, Rename, Move]
        .into_iter()
        .map(|intent| {
            match evaluate(rules, grants, path, intent)
                .expect("a path")
                .decision
            {
                Verdict::Allow => 'A',
                Verdict::Deny => 'D',
                Verdict::NeedsConfirmation => 'C',
            }
        })
        .collect()
}

fn planted() -> World {
    let world = World::new("matrix");
    world.link("ws/to-out", world.at("out/file"));
    world.link("ws/to-out-dir", world.at("out/dir"));
    world.link("ws/to-secret", world.at("secret/key"));
    world.link("ws/to-secret-dir", world.at("secret"));
    world.link("ws/to-nothing", world.at("out/nothing"));
    world.link("ws/to-file", "file");
    world.link("ws/to-hooks", ".git/hooks");
    world.link("ws/round", "round2");
    world.link("ws/round2", "round");
    world.link("out/to-ws", world.at("ws/file"));
    world.link("secret/to-ws", world.at("ws/file"));
    fs::hard_link(world.at("ws/.git/config"), world.at("ws/twin-of-config")).expect("a hard link");
    fs::write(world.at("ws/denied.txt"), "denied").expect("a file");
    fs::hard_link(world.at("ws/denied.txt"), world.at("ws/twin-of-denied")).expect("a hard link");
    world
}

/// path, then read-only, workspace-write, full-access: read list execute, create write, delete rename move.
const MATRIX: &[(&str, &str, &str, &str)] = &[
    ("ws/file", "AAACCCCC", "AAAAACCC", "AAAAAAAA"),
    ("ws/dir/missing", "AAACCCCC", "AAAAACCC", "AAAAAAAA"),
    ("ws/missing/deep/file", "AAACCCCC", "AAAAACCC", "AAAAAAAA"),
    ("root2/file", "AAACCCCC", "AAAAACCC", "AAAAAAAA"),
    ("root2", "AAACCCCC", "AAADDDDD", "AAAAAAAA"),
    ("out/file", "AAACCCCC", "AAACCCCC", "AAAAAAAA"),
    ("out/missing", "AAACCCCC", "AAACCCCC", "AAAAAAAA"),
    // Protected: itself, below it, not there yet.
    ("ws/.git/config", "AAADDDDD", "AAADDDDD", "AAADDDDD"),
    ("ws/.git/hooks", "AAADDDDD", "AAADDDDD", "AAADDDDD"),
    (
        "ws/.git/hooks/pre-commit",
        "AAADDDDD",
        "AAADDDDD",
        "AAADDDDD",
    ),
    ("ws/locked", "AAADDDDD", "AAADDDDD", "AAADDDDD"),
    ("ws/locked/below", "AAADDDDD", "AAADDDDD", "AAADDDDD"),
    ("ws/.bashrc", "AAADDDDD", "AAADDDDD", "AAADDDDD"),
    ("root2/.git/config", "AAACCCCC", "AAADDDDD", "AAAAAAAA"),
    // Holds something protected, there or not; as a directory it may be made.
    ("ws/.git", "AAADDDDD", "AAADDDDD", "AAADDDDD"),
    ("ws/deep", "AAADDDDD", "AAADDDDD", "AAADDDDD"),
    ("ws/deep/er", "AAADDDDD", "AAADDDDD", "AAADDDDD"),
    ("ws/deep/", "AAACDDDD", "AAAADDDD", "AAAADDDD"),
    ("ws", "AAADDDDD", "AAADDDDD", "AAADDDDD"),
    ("ws/.git/HEAD", "AAACCCCC", "AAAAACCC", "AAAAAAAA"),
    // Denied, by every name.
    ("secret", "DDDDDDDD", "DDDDDDDD", "DDDDDDDD"),
    ("secret/", "DDDDDDDD", "DDDDDDDD", "DDDDDDDD"),
    ("secret/key", "DDDDDDDD", "DDDDDDDD", "DDDDDDDD"),
    ("secret/missing", "DDDDDDDD", "DDDDDDDD", "DDDDDDDD"),
    ("ws/denied.txt", "DDDDDDDD", "DDDDDDDD", "DDDDDDDD"),
    ("ws/twin-of-denied", "DDDDDDDD", "DDDDDDDD", "DDDDDDDD"),
    ("ws/to-secret-dir/key", "DDDDDDDD", "DDDDDDDD", "DDDDDDDD"),
    (
        "ws/to-secret-dir/deep/../key",
        "DDDDDDDD",
        "DDDDDDDD",
        "DDDDDDDD",
    ),
    (
        "ws/to-out-dir/../../secret/key",
        "DDDDDDDD",
        "DDDDDDDD",
        "DDDDDDDD",
    ),
    ("ws/../secret/./key", "DDDDDDDD", "DDDDDDDD", "DDDDDDDD"),
    ("ws/to-secret-dir/", "DDDDDDDD", "DDDDDDDD", "DDDDDDDD"),
    // A link at the end is followed by read, list, execute, write; and is itself in the others.
    ("ws/to-secret", "DDDADCCC", "DDDADCCC", "DDDADAAA"),
    ("ws/to-out", "AAACCCCC", "AAAACCCC", "AAAAAAAA"),
    ("ws/to-nothing", "AAACCCCC", "AAAACCCC", "AAAAAAAA"),
    ("ws/to-file", "AAACCCCC", "AAAAACCC", "AAAAAAAA"),
    ("ws/to-hooks", "AAACDCCC", "AAAADCCC", "AAAADAAA"),
    ("ws/to-hooks/pre-push", "AAADDDDD", "AAADDDDD", "AAADDDDD"),
    ("out/to-ws", "AAACCCCC", "AAACACCC", "AAAAAAAA"),
    // A link that stands in a denied directory is not passed, wherever it leads.
    ("secret/to-ws", "DDDDDDDD", "DDDDDDDD", "DDDDDDDD"),
    ("ws/to-out-dir/file", "AAACCCCC", "AAACCCCC", "AAAAAAAA"),
    // `..` behind a link starts from where the link leads.
    ("ws/to-out-dir/../file", "AAACCCCC", "AAACCCCC", "AAAAAAAA"),
    ("ws/dir/../file", "AAACCCCC", "AAAAACCC", "AAAAAAAA"),
    // A hard link to something protected is that thing.
    ("ws/twin-of-config", "AAADDDDD", "AAADDDDD", "AAADDDDD"),
    ("ws/round/x", "DDDDDDDD", "DDDDDDDD", "DDDDDDDD"),
    ("ws/round", "DDDADCCC", "DDDADCCC", "DDDADAAA"),
    // The directory above holds what is denied and what is protected.
    ("", "AAACDDDD", "AAACDDDD", "AAAADDDD"),
];

#[test]
fn each_place_answers_as_the_matrix_says() {
    let world = planted();
    let mut wrong = Vec::new();
    for (mode, column) in [
        (Mode::ReadOnly, 0),
        (Mode::WorkspaceWrite, 1),
        (Mode::FullAccess, 2),
    ] {
        let rules = world.rules(mode);
        for &(path, read_only, workspace, full) in MATRIX {
            let mut expected = [read_only, workspace, full][column].to_owned();
            if mode == Mode::ReadOnly && matches!(path, "ws/to-secret" | "ws/round") {
                expected.replace_range(3..4, "C");
            }
            let found = letters(&rules, &Grants::none(), &world.at(path));
            if found != expected {
                wrong.push(format!("{mode:?} {path}: {found}, not {expected}"));
            }
            // A grant of everything opens what asks, and nothing that is denied.
            let granted = letters(&rules, &all_of("/", &rules), &world.at(path));
            assert_eq!(
                granted,
                found.replace('C', "A"),
                "{mode:?} {path} with a grant"
            );
            // Relative to the workspace it is the same place.
            let relative = PathBuf::from("..").join(path);
            if path != "ws" && !path.is_empty() {
                assert_eq!(
                    letters(&rules, &Grants::none(), &relative),
                    found,
                    "{mode:?} {path} relative"
                );
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_rule_is_the_clause_that_decides() {
    let world = planted();
    let rules = world.rules(Mode::WorkspaceWrite);
    for (path, intent, rule) in [
        ("secret/key", Intent::Read, "policy.readDeny[0]"),
        ("ws/twin-of-denied", Intent::Read, "policy.readDeny[1]"),
        (
            "ws/.git/hooks/x",
            Intent::Write,
            "default protected path .git/hooks",
        ),
        ("ws/.git", Intent::Move, "default protected path .git/hooks"),
        (
            "ws/deep/er/locked",
            Intent::Create,
            "policy.protectedPaths[1]",
        ),
        ("ws/file", Intent::Write, "workspace"),
        ("root2/file", Intent::Write, "policy.writableRoots[0]"),
        ("out/file", Intent::Write, "outside policy.writableRoots"),
        ("ws/round/x", Intent::Read, "path resolution"),
    ] {
        assert_eq!(decide(&rules, world.at(path), intent).rule, rule, "{path}");
    }
    let read_only = world.rules(Mode::ReadOnly);
    assert_eq!(
        decide(&read_only, "file", Intent::Write).rule,
        "policy.mode read-only"
    );
    let granted = evaluate(
        &rules,
        &all_of("file", &rules),
        Path::new("file"),
        Intent::Delete,
    )
    .expect("a path");
    assert_eq!(
        (granted.decision, granted.rule.as_str()),
        (Verdict::Allow, "grant all")
    );
    let home = world.at("out");
    let defaults = Rules::new(Policy::default(), &world.at("ws"), Some(&home)).expect("rules");
    let decision = decide(&defaults, home.join(".ssh/id"), Intent::Read);
    assert_eq!(
        (decision.decision, decision.rule.as_str()),
        (Verdict::Deny, "default readDeny ~/.ssh")
    );
}

#[test]
fn the_resolved_path_is_where_the_kernel_would_be() {
    let world = planted();
    let rules = world.rules(Mode::WorkspaceWrite);
    for path in [
        "to-out",
        "to-out-dir/../file",
        "to-out-dir/./file",
        "to-file",
        "dir/..",
        "to-hooks/..",
        "../ws/dir//file",
        ".",
    ] {
        let resolved = decide(&rules, path, Intent::Read).resolved_path;
        let kernel = fs::canonicalize(world.at("ws").join(path)).expect("a path");
        assert_eq!(resolved, kernel, "{path}");
    }
    assert_eq!(
        decide(&rules, "to-nothing", Intent::Write).resolved_path,
        world.at("out/nothing")
    );
    assert_eq!(
        decide(&rules, "to-nothing", Intent::Delete).resolved_path,
        world.at("ws/to-nothing")
    );
    assert_eq!(
        decide(&rules, "no/such/file", Intent::Write).resolved_path,
        world.at("ws/no/such/file")
    );
}

#[test]
fn a_denied_path_behind_a_link_made_later_is_denied() {
    let world = World::new("later");
    let policy = Policy {
        read_deny: Some(vec![world.at("later/keys")]),
        private_tmp: Some(false),
        ..Policy::default()
    };
    let rules = Rules::new(policy, &world.at("ws"), None).expect("rules");
    world.link("later", world.at("out"));
    fs::create_dir(world.at("out/keys")).expect("a directory");
    for path in ["later/keys/x", "out/keys/x", "out/keys"] {
        assert_eq!(
            decide(&rules, world.at(path), Intent::Read).decision,
            Verdict::Deny,
            "{path}"
        );
    }
    assert_eq!(
        decide(&rules, world.at("out/file"), Intent::Read).decision,
        Verdict::Allow
    );
}

#[test]
fn private_tmp_asks_for_the_machines_own() {
    let world = World::new("tmp");
    let inside = std::env::temp_dir();
    let rules = |mode| {
        Rules::new(
            Policy {
                mode,
                ..Policy::default()
            },
            &world.at("ws"),
            None,
        )
        .expect("rules")
    };
    for tmp in ["/tmp/x", "/var/tmp/x", "/dev/shm/x"] {
        assert_eq!(
            letters(
                &rules(Mode::WorkspaceWrite),
                &Grants::none(),
                Path::new(tmp)
            ),
            "CCCCCCCC",
            "{tmp}"
        );
        assert_eq!(
            letters(&rules(Mode::FullAccess), &Grants::none(), Path::new(tmp)),
            "AAAAAAAA",
            "{tmp}"
        );
    }
    assert_eq!(
        decide(&rules(Mode::ReadOnly), "/tmp/x", Intent::Read).rule,
        "policy.privateTmp"
    );
    if inside.starts_with("/tmp") {
        let own = decide(&rules(Mode::ReadOnly), "file", Intent::Read);
        assert_eq!(
            own.decision,
            Verdict::Allow,
            "the workspace may lie in /tmp itself"
        );
    }
}

#[test]
fn magic_links_and_other_processes_are_denied() {
    let world = World::new("magic");
    world.link("ws/m1", "/proc/self/root/etc/passwd");
    world.link("ws/m2", "/proc/thread-self/cwd");
    let me = std::process::id();
    let parent = rustix::process::getppid().map_or(1, |id| id.as_raw_nonzero().get());
    for mode in [Mode::ReadOnly, Mode::WorkspaceWrite, Mode::FullAccess] {
        let rules = world.rules(mode);
        let mut paths: Vec<String> = [
            "/proc/self/root",
            "/proc/self/root/etc",
            "/proc/self/fd/0",
            "/dev/stdin",
            "/dev/fd/1",
            "/proc/self/environ",
            "/proc/thread-self/exe",
            "/proc/kcore",
            "/proc/self/../self/mem",
            "m1",
            "m2/x",
        ]
        .map(str::to_owned)
        .to_vec();
        paths.extend([
            format!("/proc/{me}/environ"),
            format!("/proc/{parent}/cwd/x"),
            format!("/proc/{me}/task/{me}/fd/1"),
        ]);
        for path in paths {
            let decision = decide(&rules, &path, Intent::Read);
            assert_eq!(decision.decision, Verdict::Deny, "{mode:?} {path}");
            assert_eq!(decision.rule, "processes outside the sandbox", "{path}");
        }
        assert_eq!(
            decide(&rules, "/proc/version", Intent::Read).decision,
            Verdict::Allow
        );
    }
}

#[test]
fn names_that_are_none_are_errors() {
    let world = World::new("names");
    let rules = world.rules(Mode::WorkspaceWrite);
    let ask = |path: &str| evaluate(&rules, &Grants::none(), Path::new(path), Intent::Read);
    assert_eq!(ask("").expect_err("empty"), NameError::Empty);
    assert_eq!(ask("a\0b").expect_err("NUL"), NameError::Nul { at: 1 });
    assert!(matches!(
        ask(&"a".repeat(256)),
        Err(NameError::TooLong { most: 255, .. })
    ));
    assert!(matches!(
        ask(&format!("missing/{}", "a".repeat(256))),
        Err(NameError::TooLong { .. })
    ));
    assert!(matches!(
        ask(&"a/".repeat(5_000_000)),
        Err(NameError::TooLong { most: 4095, .. })
    ));
    assert!(matches!(
        ask(&"a".repeat(10_000_000)),
        Err(NameError::TooLong { .. })
    ));
    assert!(ask(&"a".repeat(255)).is_ok());
}

#[test]
fn decisions_are_json_as_the_page_says() {
    let world = World::new("json");
    let decision = decide(&world.rules(Mode::WorkspaceWrite), "file", Intent::Delete);
    let text = serde_json::to_value(&decision).expect("JSON");
    assert_eq!(text["decision"], "needs-confirmation");
    assert_eq!(text["rule"], "workspace");
    assert_eq!(
        text["resolvedPath"],
        world.at("ws/file").to_str().expect("text")
    );
    assert!(text["reason"].is_string());
    assert_eq!(
        serde_json::from_value::<Decision>(text).expect("a decision"),
        decision
    );
}
