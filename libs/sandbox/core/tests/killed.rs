//! The supervising process is killed at any moment: nothing is left running, mounted or lying about.
#![cfg(target_os = "linux")]

mod arena;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arena::{Mode, World};

/// Each test looks for any helper that runs, so one runs at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Helpers, and processes whose arguments or variables have this text.
fn processes_with(text: &str) -> Vec<String> {
    let own = std::process::id().to_string();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").expect("listed").flatten() {
        let pid = entry.file_name().to_string_lossy().into_owned();
        if pid == own || pid.parse::<u32>().is_err() {
            continue;
        }
        let read = |name: &str| fs::read(entry.path().join(name)).unwrap_or_default();
        let has = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).contains(text);
        let helper =
            fs::read_link(entry.path().join("exe")).is_ok_and(|path| path == arena::helper());
        if helper || has(read("cmdline")) || has(read("environ")) {
            found.push(format!(
                "{pid} {}",
                String::from_utf8_lossy(&read("cmdline"))
            ));
        }
    }
    found
}

/// Control groups of these hosts.
fn groups(hosts: &[u32]) -> Vec<String> {
    let is_own = |name: &str| {
        hosts
            .iter()
            .any(|pid| name.starts_with(&format!("fishplate-{pid}-")))
    };
    let mut found = Vec::new();
    let mut open = vec![Path::new("/sys/fs/cgroup").to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                if is_own(&entry.file_name().to_string_lossy()) {
                    found.push(entry.path().display().to_string());
                }
                open.push(entry.path());
            }
        }
    }
    found
}

fn killed_at_random(mode: Mode, rounds: u64) -> Vec<u32> {
    let world = World::new(mode);
    let mark = format!("fishplate-killed-{}-{}", std::process::id(), mode.means);
    let mut policy = world.policy();
    policy["env"]["set"] = serde_json::json!({ "MARK": mark });
    policy["limits"] = serde_json::json!({ "memoryBytes": 512 << 20, "processes": 100 });
    let script = "setsid sleep 30 & (trap '' TERM HUP; sleep 30) & sleep 30";
    // A seeded walk over moments: between the steps of starting and well into the run.
    let mut seed = 0x9e37_79b9_u64;
    let mut ran = 0;
    let mut hosts = Vec::new();
    for round in 0..rounds {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let delay = Duration::from_micros((seed >> 33) % 90_000);
        let mut host = world
            .confined_command(&policy, &["/bin/sh", "-c", script])
            .env("TMPDIR", world.path("home"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it runs");
        hosts.push(host.id());
        std::thread::sleep(delay);
        // The host, two processes of the helper, and some of the command.
        ran += usize::from(processes_with(&mark).len() > 4);
        host.kill().expect("killed");
        host.wait().expect("waited for");
        let patience = Instant::now() + Duration::from_secs(10);
        loop {
            let running = processes_with(&mark);
            let left = world.left();
            if running.is_empty() && left.is_empty() {
                break;
            }
            assert!(
                Instant::now() < patience,
                "{mode:?} round {round} after {delay:?}: {running:?} {left:?}"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    let _ = writeln!(
        std::io::stderr(),
        "{mode:?}: killed {rounds} times, {ran} of them while the command ran"
    );
    assert!(
        ran > 0,
        "the command was never running when its host was killed"
    );
    let scratch = fs::read_dir(world.path("home")).expect("listed").count();
    assert_eq!(scratch, 0, "temporary directories are left");
    hosts
}

#[test]
fn nothing_is_left_when_the_host_is_killed() {
    let _alone = alone();
    let mounts = || fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let before = mounts();
    let mut hosts = Vec::new();
    for mode in arena::modes() {
        let rounds = if mode.means == "user" { 35 } else { 15 };
        hosts.extend(killed_at_random(mode, rounds));
    }
    assert_eq!(mounts(), before);
    assert_eq!(groups(&hosts), Vec::<String>::new());
}

#[test]
fn a_helper_that_is_killed_takes_its_command_along_and_leaves_nothing() {
    let _alone = alone();
    for mode in arena::modes() {
        let world = World::new(mode);
        let mark = format!(
            "fishplate-orphan-{}-{}-{}",
            std::process::id(),
            mode.root,
            mode.means
        );
        let mut policy = world.policy();
        policy["env"]["set"] = serde_json::json!({ "MARK": mark });
        let mut host = world.confined_command(&policy, &["/bin/sh", "-c", "sleep 30 & sleep 30"]);
        let mut host = host.stderr(Stdio::null()).spawn().expect("it runs");
        let patience = Instant::now() + Duration::from_secs(10);
        while processes_with(&mark).len() < 6 && Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(5));
        }
        let parent_is = |entry: &fs::DirEntry, pid: u32| {
            fs::read_to_string(entry.path().join("status"))
                .is_ok_and(|status| status.contains(&format!("PPid:\t{pid}\n")))
        };
        let helper = fs::read_dir("/proc")
            .expect("listed")
            .flatten()
            .find(|entry| parent_is(entry, host.id()))
            .expect("a helper");
        let pid = helper.file_name().to_string_lossy().into_owned();
        let killed = std::process::Command::new("kill")
            .args(["-9", &pid])
            .status();
        assert!(killed.is_ok_and(|status| status.success()));
        let ended = host.wait().expect("waited for");
        assert!(!ended.success());
        let patience = Instant::now() + Duration::from_secs(10);
        while !processes_with(&mark).is_empty() {
            assert!(
                Instant::now() < patience,
                "{mode:?}: {:?}",
                processes_with(&mark)
            );
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(world.left(), Vec::<String>::new(), "{mode:?}");
    }
}

#[test]
fn two_runs_share_their_placeholders() {
    let _alone = alone();
    let mode = Mode {
        root: arena::is_root(),
        means: "user",
    };
    let world = World::new(mode);
    let run = |seconds: &str| {
        let script = format!("sleep {seconds}; echo x > .bashrc || mkdir .vscode");
        let mut command = world.confined_command(&world.policy(), &["/bin/sh", "-c", &script]);
        command.stderr(Stdio::null()).spawn().expect("it runs")
    };
    let (mut long, mut short) = (run("1.5"), run("0.2"));
    short.wait().expect("waited for");
    assert!(
        world.left().contains(&".bashrc".to_owned()),
        "the longer run still needs it"
    );
    long.wait().expect("waited for");
    assert_eq!(world.left(), Vec::<String>::new());
}

#[test]
fn a_placeholder_that_was_left_behind_is_taken_up_and_removed() {
    let _alone = alone();
    use std::os::unix::fs::PermissionsExt;
    let mode = Mode {
        root: arena::is_root(),
        means: "user",
    };
    let world = World::new(mode);
    let left = world.path("ws/.git");
    fs::create_dir(&left).expect("made");
    fs::set_permissions(&left, fs::Permissions::from_mode(0o1755)).expect("set");
    // An ordinary empty directory is somebody's own.
    fs::create_dir(world.path("ws/.vscode")).expect("made");
    let ended = world.confined(
        &world.policy(),
        &["/bin/sh", "-c", "mkdir .git/hooks; mv .git x; echo ok"],
        &[],
    );
    assert_eq!(ended.stdout(), "ok\n");
    assert_eq!(world.left(), [".vscode"]);
}

#[test]
fn what_the_host_puts_into_a_placeholder_stays() {
    let _alone = alone();
    let mode = Mode {
        root: arena::is_root(),
        means: "user",
    };
    let world = World::new(mode);
    let mut command = world.confined_command(&world.policy(), &["/bin/sh", "-c", "sleep 1"]);
    let mut running = command.stderr(Stdio::null()).spawn().expect("it runs");
    let patience = Instant::now() + Duration::from_secs(10);
    while !world.path("ws/.git").exists() && Instant::now() < patience {
        std::thread::sleep(Duration::from_millis(5));
    }
    fs::write(world.path("ws/.git/HEAD"), "ref: refs/heads/main\n").expect("written");
    running.wait().expect("waited for");
    assert_eq!(world.left(), [".git"]);
    assert!(world.path("ws/.git/HEAD").exists());
}
