//! What git runs later, for the person outside: real git is asked, after an attack as it is, to prove that it can succeed, and after
//! the same one confined. And ordinary work with git goes on.
#![cfg(target_os = "linux")]

#[path = "../arena/mod.rs"]
mod arena;
mod cases;

use std::collections::HashMap;
use std::process::Output;
use std::sync::{LazyLock, Mutex};

use arena::{Ended, Mode, World};
use cases::{CASES, Case};

/// Without namespaces protected paths are not held, and that is reported.
fn modes() -> impl Iterator<Item = Mode> {
    let modes = arena::modes().into_iter();
    modes.filter(|mode| mode.means != "landlock")
}

/// A world in which the person has a configuration of git, and two repositories outside.
fn world(mode: Mode) -> World {
    let world = World::new(mode);
    let script = "git config --global user.email a@b.c; git config --global user.name n; \
        git config --global protocol.file.allow always; git config --global init.defaultBranch main; \
        for name in lib deep; do git init -q $O/$name; git -C $O/$name commit -q --allow-empty -m one; done";
    let made = outside(&world, script);
    assert!(made.status.success(), "{made:?}");
    world
}

fn variables(world: &World) -> Vec<(&'static str, String)> {
    let proof = world.path("outside/pwned").display().to_string();
    vec![
        ("P", format!("touch {proof}; false #")),
        ("HOOK", format!("#!/bin/sh\\ntouch {proof}\\nfalse\\n")),
        ("GIT_CONFIG_NOSYSTEM", "1".to_owned()),
    ]
}

/// What the person does.
fn outside(world: &World, script: &str) -> Output {
    world.plain(&["/bin/sh", "-c", script], &variables(world))
}

fn confined(world: &World, script: &str, roots: &[String]) -> Ended {
    let mut policy = world.policy();
    policy["env"]["pass"] =
        serde_json::json!(["W", "O", "HOME", "P", "HOOK", "GIT_CONFIG_NOSYSTEM"]);
    policy["writableRoots"] = serde_json::json!(roots);
    world.confined(&policy, &["/bin/sh", "-c", script], &variables(world))
}

/// What marks something that stands for a protected path.
fn marked(world: &World) -> String {
    let found = outside(
        world,
        "find $W $O -perm -1000; find $W $O -name '.fishplate*'",
    );
    String::from_utf8_lossy(&found.stdout).into_owned()
}

struct Run {
    succeeded: bool,
    text: String,
}

fn run(case: &Case, mode: Mode, is_confined: bool) -> Run {
    let world = world(mode);
    let before = outside(&world, case.before);
    assert!(before.status.success(), "{}: {before:?}", case.name);
    let text = if is_confined {
        let roots = case
            .root
            .map(|root| world.path("outside").join(root).display().to_string());
        let ended = confined(&world, case.attack, roots.as_slice());
        assert!(
            ended.told.is_object(),
            "{}: was not started: {}",
            case.name,
            ended.stderr()
        );
        assert_eq!(marked(&world), "", "{} {mode:?}", case.name);
        ended.stderr()
    } else {
        format!("{:?}", outside(&world, case.attack))
    };
    let after = outside(&world, case.after);
    Run {
        succeeded: world.path("outside/pwned").exists(),
        text: format!("{text} {after:?}"),
    }
}

/// Whether it succeeds as it is; asked once for each user.
fn unconfined(case: &Case, mode: Mode) -> Result<(), String> {
    type Known = Mutex<HashMap<(&'static str, bool), Result<(), String>>>;
    static KNOWN: LazyLock<Known> = LazyLock::new(Known::default);
    let key = (case.name, mode.root);
    if let Some(known) = KNOWN.lock().expect("not poisoned").get(&key) {
        return known.clone();
    }
    let plain = run(case, mode, false);
    let found = if plain.succeeded {
        Ok(())
    } else {
        Err(plain.text)
    };
    KNOWN
        .lock()
        .expect("not poisoned")
        .insert(key, found.clone());
    found
}

fn attack_all(mode: Mode) {
    if !modes().any(|known| known == mode) {
        return arena::skip(&format!("{mode:?}"), "only root can test it");
    }
    if !arena::has("git") {
        return arena::skip("repositories", "git is not there");
    }
    let mut problems = Vec::new();
    // By the same mounts and watches as with a namespace of users: a part of them will do.
    let step = if mode.means == "privileged" { 5 } else { 1 };
    for case in CASES.iter().step_by(step) {
        if let Err(text) = unconfined(case, mode) {
            problems.push(format!(
                "{}: cannot fail, unconfined it says {text}",
                case.name
            ));
        }
        let held = run(case, mode, true);
        if held.succeeded {
            problems.push(format!("{}: SUCCEEDS: {}", case.name, held.text));
        }
    }
    assert!(problems.is_empty(), "{mode:?}:\n{}", problems.join("\n"));
}

#[test]
fn as_root_with_user_namespaces() {
    attack_all(Mode {
        root: true,
        means: "user",
    });
}

#[test]
fn as_root_without_user_namespaces() {
    attack_all(Mode {
        root: true,
        means: "privileged",
    });
}

#[test]
fn as_nobody_with_user_namespaces() {
    attack_all(Mode {
        root: false,
        means: "user",
    });
}

/// The command is ended, its result says why, and nothing of it is lost.
#[test]
fn a_repository_made_at_the_top_is_told_of_and_undone() {
    for mode in modes() {
        let world = world(mode);
        let ended = confined(&world, "git init -q --bare . && sleep 60; echo late", &[]);
        assert_eq!(
            ended.told["violations"][0]["kind"],
            "protectedPaths",
            "{}",
            ended.stderr()
        );
        assert_eq!(ended.told["signal"], 9, "{}", ended.stderr());
        assert_eq!(ended.stdout(), "");
        let left = world.left();
        assert!(
            left.contains(&"HEAD.refused".to_owned()) && left.contains(&"config".to_owned()),
            "{left:?}"
        );
        assert!(!left.contains(&"HEAD".to_owned()), "{left:?}");
    }
}

#[test]
fn submodules_and_worktrees_are_worked_in_as_ever() {
    for mode in modes() {
        let world = world(mode);
        let made = outside(
            &world,
            "git init -q . && git submodule -q add $O/lib lib && git commit -qm one && git worktree add -q old 2>/dev/null",
        );
        assert!(made.status.success(), "{made:?}");
        let script = "set -e; git status --porcelain -uno; git -C lib status --porcelain; \
            cd lib; echo 1 > f; git add f; git commit -qm in; cd ..; git add lib; git submodule -q update 2>/dev/null || echo refused; \
            git worktree add -q new 2>/dev/null; echo 2 > new/g; git -C new add g; git -C new commit -qm new; git worktree remove new; \
            echo 3 > old/h; git -C old add h; git -C old commit -qm old; \
            echo 4 > i; git add i; git commit -qm two; git checkout -q -b side; git stash list; git gc -q; git fsck --no-progress; \
            git init -q sub; git -C sub commit -q --allow-empty -m sub; git clone -q $O/deep cloned; \
            git log --oneline | wc -l; git rev-parse --show-toplevel; git worktree list | wc -l";
        let ended = confined(&world, script, &[]);
        let top = world.path("ws").display().to_string();
        assert_eq!(
            ended.stdout(),
            format!("refused\n2\n{top}\n2\n"),
            "{mode:?} {}",
            ended.stderr()
        );
        assert_eq!(marked(&world), "");
        let seen = outside(
            &world,
            "git status --porcelain -uno; git fsck --no-progress; git rev-parse --git-common-dir",
        );
        assert_eq!(String::from_utf8_lossy(&seen.stdout), ".git\n", "{seen:?}");
    }
}

/// A workspace below a repository works with it where the policy makes the repository's directory writable.
#[test]
fn a_workspace_below_a_repository_adds_and_commits_where_its_directory_is_a_root() {
    for mode in modes() {
        let world = world(mode);
        let base = world.path("ws").parent().expect("it has one").join(".git");
        let made = outside(
            &world,
            "cd .. && git init -q . && git commit -q --allow-empty -m one",
        );
        assert!(made.status.success(), "{made:?}");
        let script = "echo 1 > f; git add f && git add . && git status --porcelain . && git commit -qm two && git log --oneline | wc -l; \
            echo x >> ../.git/config; mkdir ../.git/x && rmdir ../.git/x && echo end";
        let ended = confined(&world, script, &[base.display().to_string()]);
        assert_eq!(
            ended.stdout(),
            "A  ws/f\n2\nend\n",
            "{mode:?} {}",
            ended.stderr()
        );
        let refused = confined(&world, "echo 2 > g; git add g || echo refused", &[]);
        assert_eq!(
            refused.stdout(),
            "refused\n",
            "{mode:?} {}",
            refused.stderr()
        );
        assert_eq!(marked(&world), "");
    }
}

/// Two runs share what stands for missing paths; the last one removes it.
#[test]
fn runs_at_the_same_time_share_what_stands_in() {
    for mode in modes() {
        let world = world(mode);
        let made = outside(
            &world,
            "git init -q . && git commit -q --allow-empty -m one",
        );
        assert!(made.status.success(), "{made:?}");
        let script =
            "git status --porcelain; cat .git/commondir; sleep 0.2; git log --oneline | wc -l";
        let both: Vec<Ended> = std::thread::scope(|scope| {
            let run = || confined(&world, script, &[]);
            let threads: Vec<_> = (0..3).map(|_| scope.spawn(run)).collect();
            let ended = threads.into_iter().map(std::thread::ScopedJoinHandle::join);
            ended.collect::<Result<_, _>>().expect("no panic")
        });
        for ended in both {
            assert_eq!(ended.stdout(), ".\n1\n", "{mode:?} {}", ended.stderr());
        }
        assert_eq!(marked(&world), "");
    }
}
