//! What the host replaces while a command runs: the kernel drops what was mounted upon it, and it is held again.
#![cfg(target_os = "linux")]

mod arena;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{ChildStdout, Stdio};

use arena::{Mode, World};

/// Without namespaces nothing is mounted, and that is reported.
fn modes() -> impl Iterator<Item = Mode> {
    let modes = arena::modes().into_iter();
    modes.filter(|mode| mode.means != "landlock")
}

/// A command that has begun, and waits until a file `go` is there.
struct Waiting {
    child: std::process::Child,
    lines: BufReader<ChildStdout>,
}

impl Waiting {
    fn new(world: &World, policy: &serde_json::Value, then: &str) -> Self {
        let script = format!("echo ready; while ! test -e go; do sleep 0.02; done; {then}");
        let mut child = world
            .confined_command(policy, &["/bin/sh", "-c", &script])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it runs");
        let mut lines = BufReader::new(child.stdout.take().expect("piped"));
        let mut line = String::new();
        lines.read_line(&mut line).expect("read");
        assert_eq!(line, "ready\n");
        Self { child, lines }
    }

    /// Until something is mounted upon each of the paths, as the command sees them.
    fn until_held(&self, paths: &[std::path::PathBuf]) {
        for _ in 0..1000 {
            let is_held = |pid: &u32| {
                let mounts = fs::read_to_string(format!("/proc/{pid}/mountinfo"));
                let mounts = mounts.unwrap_or_default();
                let places: Vec<_> = mounts
                    .lines()
                    .filter_map(|line| line.split(' ').nth(4))
                    .collect();
                paths
                    .iter()
                    .all(|path| places.contains(&path.to_str().expect("text")))
            };
            if descendants(self.child.id()).iter().any(is_held) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        panic!("{paths:?} are not held");
    }

    /// Lets it go on, and answers what it printed.
    fn go(mut self, world: &World) -> String {
        fs::write(world.path("ws/go"), "").expect("written");
        let rest: Vec<String> = self.lines.by_ref().lines().map_while(Result::ok).collect();
        self.child.wait().expect("it ends");
        rest.join("\n")
    }
}

impl Drop for Waiting {
    /// Also where a test fails: it would wait for ever.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn replace(path: &Path, content: &str) {
    let new = path.with_extension("new");
    fs::write(&new, content).expect("written");
    fs::rename(new, path).expect("renamed");
}

/// Processes that came of one.
fn descendants(ancestor: u32) -> Vec<u32> {
    let mut family = vec![ancestor];
    let parents: Vec<(u32, u32)> = fs::read_dir("/proc")
        .expect("listed")
        .flatten()
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            let (_, fields) = stat.rsplit_once(')')?;
            Some((pid, fields.split_whitespace().nth(1)?.parse().ok()?))
        })
        .collect();
    while let Some((pid, _)) = parents
        .iter()
        .find(|(pid, parent)| family.contains(parent) && !family.contains(pid))
    {
        family.push(*pid);
    }
    family
}

#[test]
fn a_protected_file_that_the_host_replaces_stays_protected() {
    for mode in modes() {
        for confined in [false, true] {
            let world = World::new(mode);
            fs::create_dir_all(world.path("ws/.git")).expect("made");
            for name in ["ws/.git/config", "ws/.bashrc"] {
                fs::write(world.path(name), "old\n").expect("written");
            }
            world.own();
            let attack = "echo EVIL >> .git/config; echo EVIL >> .bashrc; mkdir -p .vscode; echo EVIL > .vscode/tasks.json; echo end";
            if confined {
                let waiting = Waiting::new(&world, &world.policy(), attack);
                replace(&world.path("ws/.git/config"), "new\n");
                replace(&world.path("ws/.bashrc"), "new\n");
                // One that stood in for what was missing, and one that was there.
                fs::remove_file(world.path("ws/.vscode")).expect("a placeholder");
                let held = ["ws/.git/config", "ws/.bashrc", "ws/.vscode"];
                waiting.until_held(&held.map(|name| world.path(name)));
                assert_eq!(waiting.go(&world), "end", "{mode:?}");
            } else {
                world.plain(&["/bin/sh", "-c", attack], &[]);
            }
            let evil = ["ws/.git/config", "ws/.bashrc", "ws/.vscode/tasks.json"]
                .map(|name| fs::read_to_string(world.path(name)).unwrap_or_default())
                .concat()
                .matches("EVIL")
                .count();
            assert_eq!(evil, if confined { 0 } else { 3 }, "{mode:?}");
            if confined {
                assert!(!world.path("ws/.vscode").exists(), "{:?}", world.left());
            }
        }
    }
}

#[test]
fn a_repository_that_the_host_replaces_stays_protected() {
    for mode in modes() {
        let world = World::new(mode);
        fs::create_dir_all(world.path("ws/.git/hooks")).expect("made");
        fs::create_dir_all(world.path("ws/next/hooks")).expect("made");
        world.own();
        let attack = "echo EVIL > .git/hooks/post-commit; echo EVIL > .git/config; echo fine > .git/index; echo end";
        let waiting = Waiting::new(&world, &world.policy(), attack);
        fs::rename(world.path("ws/.git"), world.path("ws/before")).expect("renamed");
        fs::rename(world.path("ws/next"), world.path("ws/.git")).expect("renamed");
        waiting.until_held(&["ws/.git/hooks", "ws/.git/config"].map(|name| world.path(name)));
        assert_eq!(waiting.go(&world), "end", "{mode:?}");
        assert!(
            !world.path("ws/.git/hooks/post-commit").exists(),
            "{mode:?}"
        );
        assert!(!world.path("ws/.git/config").exists(), "{mode:?}");
        assert!(world.path("ws/.git/index").exists(), "{mode:?}");
    }
}

#[test]
fn a_denied_file_that_the_host_replaces_or_makes_stays_denied() {
    for mode in modes() {
        let world = World::new(mode);
        let (key, later) = (world.path("secret/key"), world.path("secret/later"));
        let mut policy = world.policy();
        policy["readDeny"] = serde_json::json!([key, later]);
        let attack = "cat $S/key $S/later 2>/dev/null; echo end";
        let plain = world.plain(&["/bin/sh", "-c", attack], &[]);
        assert!(String::from_utf8_lossy(&plain.stdout).contains("SECRET-KEY"));
        let waiting = Waiting::new(&world, &policy, attack);
        replace(&key, "SECRET-KEY\n");
        fs::write(&later, "SECRET-KEY\n").expect("written");
        world.own();
        waiting.until_held(&[key, later]);
        assert_eq!(waiting.go(&world), "end", "{mode:?}");
    }
}

/// What was opened in the moment in between would stay open: the command is ended, and its result says so.
#[test]
fn a_command_that_has_a_replaced_file_open_is_ended() {
    for mode in modes() {
        let world = World::new(mode);
        fs::write(world.path("ws/.bashrc"), "old\n").expect("written");
        fs::write(world.path("ws/next"), "new\n").expect("written");
        world.own();
        // The file is opened under the name that it has before it becomes the protected one.
        let script = "exec 3>>next; echo ready; sleep 60; echo EVIL >&3";
        let child = world
            .confined_command(&world.policy(), &["/bin/sh", "-c", script])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = child.expect("it runs");
        let mut lines = BufReader::new(child.stdout.take().expect("piped"));
        lines.read_line(&mut String::new()).expect("read");
        fs::rename(world.path("ws/next"), world.path("ws/.bashrc")).expect("renamed");
        let ended = child.wait_with_output().expect("it ends");
        let told = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(
            told.contains("had opened it before it was held again"),
            "{mode:?} {told}"
        );
        assert_eq!(
            fs::read_to_string(world.path("ws/.bashrc")).expect("read"),
            "new\n"
        );
    }
}

/// The person goes on working: no run is ended for it, and nothing is left.
#[test]
fn git_of_the_host_works_while_a_command_runs() {
    if !arena::has("git") {
        return arena::skip("git beside a command", "git is not there");
    }
    for mode in modes() {
        let world = World::new(mode);
        let git = |script: &str| {
            let output = world.plain(&["/bin/sh", "-c", script], &[]);
            assert!(output.status.success(), "{mode:?} {output:?}");
        };
        git(
            "git init -q . && git config user.email a@b.c && git config user.name n && git commit -q --allow-empty -m one",
        );
        let waiting = Waiting::new(
            &world,
            &world.policy(),
            "git log --oneline | wc -l; echo EVIL >> .git/config; echo end",
        );
        for number in 0..5 {
            git(&format!(
                "git config a.b{number} c && echo {number} > f && git add f && git commit -qm {number} && git checkout -q -b s{number}"
            ));
        }
        git("git sparse-checkout set --no-cone '/*' && git worktree list && git gc -q");
        let held = ["ws/.git/config", "ws/.git/config.worktree"];
        waiting.until_held(&held.map(|name| world.path(name)));
        assert_eq!(waiting.go(&world), "6\nend", "{mode:?}");
        let config = fs::read_to_string(world.path("ws/.git/config")).expect("read");
        assert!(
            config.contains("b4 = c") && !config.contains("EVIL"),
            "{config}"
        );
        assert!(!world.path("ws/.git/commondir").exists());
        assert!(world.path("ws/.git/config.worktree").exists());
        let _ = writeln!(std::io::stderr(), "{mode:?}: git went on");
    }
}

/// Directories are watched up to a number; beyond it they are looked at.
#[test]
fn what_lies_in_more_directories_than_are_watched_stays_protected() {
    for mode in modes() {
        let world = World::new(mode);
        let name = |number: usize| format!("d{number}/file");
        for number in 0..520 {
            fs::create_dir(world.path(&format!("ws/d{number}"))).expect("made");
            fs::write(world.path(&format!("ws/{}", name(number))), "original").expect("written");
        }
        world.own();
        // In the order of names it is the last.
        let last = world.path("ws/d99/file");
        let policy = serde_json::json!({
            "protectedPaths": (0..520).map(name).collect::<Vec<_>>(),
            "require": "none",
        });
        let waiting = Waiting::new(&world, &policy, "echo x > d99/file");
        fs::write(world.path("ws/d99/new"), "another").expect("written");
        fs::rename(world.path("ws/d99/new"), &last).expect("moved");
        world.own();
        waiting.until_held(std::slice::from_ref(&last));
        waiting.go(&world);
        assert_eq!(fs::read(&last).expect("read"), b"another", "{mode:?}");
    }
}

/// What stands in is made again outside, and has to be covered again inside, whoever of the two is faster.
#[test]
fn what_stands_in_is_covered_again_as_often_as_the_host_removes_it() {
    for mode in modes() {
        let world = World::new(mode);
        let attack = "mkdir .vscode; echo EVIL > .vscode/tasks.json";
        let waiting = Waiting::new(&world, &world.policy(), attack);
        let held = world.path("ws/.vscode");
        for _ in 0..60 {
            fs::remove_file(&held).expect("a placeholder");
            waiting.until_held(std::slice::from_ref(&held));
        }
        waiting.go(&world);
        assert!(!held.exists(), "{mode:?}");
    }
}
