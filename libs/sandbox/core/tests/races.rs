//! A second thread swaps what a path names, as fast as it can, while files are read, written, listed and deleted.
//!
//! The same attack on an implementation that checks with `canonicalize` and then calls `std::fs` has to succeed: else these
//! tests would show nothing.
#![cfg(target_os = "linux")]

mod world;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use fishplate_sandbox::{Files, Policy, Rules, WriteOptions};
use rustix::fs::{CWD, FileType, RenameFlags, mknodat, renameat_with};
use world::{World, all_of, names};

const ROUNDS: usize = 20_000;

/// Swaps the two names without a pause until dropped out of `body`.
fn while_swapping<T>(left: &Path, right: &Path, body: impl FnOnce() -> T) -> T {
    // One swapping thread at a time: more of them on few processors only take time from each other.
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                renameat_with(CWD, left, CWD, right, RenameFlags::EXCHANGE).expect("swapped");
            }
        });
        let guard = Stop(&stop);
        let result = body();
        drop(guard);
        result
    })
}

/// A body that panics ends the swapping too.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn arena() -> World {
    let world = World::new("race");
    for directory in ["ws/a/sub", "secret/sub", "out/sub"] {
        fs::create_dir_all(world.at(directory)).expect("a directory");
    }
    fs::write(world.at("ws/a/f"), "inside").expect("a file");
    fs::write(world.at("ws/a/sub/f"), "inside").expect("a file");
    for outside in ["secret", "out"] {
        for name in ["f", "sub/f", "victim", "only-outside"] {
            fs::write(world.at(outside).join(name), "outside").expect("a file");
        }
    }
    world.link("ws/to-secret", world.at("secret"));
    world.link("ws/to-out", world.at("out"));
    world
}

/// Reads never answer content from behind the link, where that is denied; writes, deletes and moves never reach it.
fn attack(world: &World, link: &str, outside: &str) {
    let files = world.files();
    files.update_grants(all_of(
        world.at("ws").to_str().expect("text"),
        files.rules(),
    ));
    let denied = outside == "secret";
    let before = world.picture(outside);
    let (mut done, mut refused) = (0, 0);
    let mut count = |result: Result<(), fishplate_sandbox::FileError>| match result {
        Ok(()) => done += 1,
        Err(_) => refused += 1,
    };
    let path = Path::new;
    while_swapping(&world.at("ws/a"), &world.at(link), || {
        for round in 0..ROUNDS {
            let plain = WriteOptions {
                parents: round % 16 == 1,
                sync: false,
            };
            match round % 8 {
                0 | 4 => count(
                    files
                        .read_file(path(["a/f", "a/sub/f"][round / 8 % 2]), 1000)
                        .map(|content| {
                            assert!(
                                !denied || content == b"inside",
                                "read from outside: {content:?}"
                            );
                        }),
                ),
                1 => count(files.write_file(path("a/f"), b"inside", plain)),
                2 => count(
                    files
                        .list(path(["a", "a/sub"][round / 8 % 2]), 1000)
                        .map(|listing| {
                            assert!(
                                !denied || !names(&listing).contains(&"only-outside".to_owned()),
                                "listed outside"
                            );
                        }),
                ),
                3 => count(files.create_file(path("a/victim"), b"inside", plain)),
                5 => count(files.delete(path("a/victim"))),
                6 => {
                    count(files.create_directory(path("a/sub/made/deep"), true));
                    count(files.delete(path("a/sub/made/deep")));
                    count(files.set_mode(path("a/f"), 0o600));
                }
                _ => {
                    count(files.rename(path("a/f"), path("a/sub/moved"), true));
                    count(files.rename(path("a/sub/moved"), path("a/f"), true));
                    count(files.create_link(path("a/made-link"), path("nowhere")));
                    count(files.delete(path("a/made-link")));
                }
            }
        }
    });
    assert_eq!(
        world.picture(outside),
        before,
        "something outside was changed"
    );
    assert!(
        done > ROUNDS / 50 && refused > ROUNDS / 50,
        "no race took place: {done} done, {refused} refused"
    );
}

#[test]
fn a_directory_swapped_for_a_link_to_a_denied_directory() {
    attack(&arena(), "ws/to-secret", "secret");
}

#[test]
fn a_directory_swapped_for_a_link_to_a_directory_outside() {
    attack(&arena(), "ws/to-out", "out");
}

#[test]
fn a_file_swapped_for_a_link() {
    let world = arena();
    world.link("ws/a/l", world.at("secret/f"));
    world.link("ws/a/l2", world.at("out/f"));
    let files = world.files();
    let before = [world.picture("secret"), world.picture("out")];
    let mut read = 0;
    for link in ["ws/a/l", "ws/a/l2"] {
        while_swapping(&world.at("ws/a/f"), &world.at(link), || {
            for _ in 0..ROUNDS / 4 {
                if let Ok(content) = files.read_file(Path::new("a/f"), 1000) {
                    read += 1;
                    assert!(
                        link == "ws/a/l2" || content == b"inside",
                        "read from outside"
                    );
                }
                let _ = files.write_file(Path::new("a/f"), b"inside", WriteOptions::default());
                let _ = files.set_mode(Path::new("a/f"), 0o640);
            }
        });
    }
    assert!(read > 100, "{read}");
    assert_eq!([world.picture("secret"), world.picture("out")], before);
}

#[test]
fn a_file_swapped_for_a_pipe_is_never_waited_for() {
    let world = arena();
    mknodat(CWD, world.at("ws/a/pipe"), FileType::Fifo, 0o600.into(), 0).expect("a pipe");
    let files = world.files();
    let mut seen = [0, 0];
    while_swapping(&world.at("ws/a/f"), &world.at("ws/a/pipe"), || {
        let started = Instant::now();
        for _ in 0..ROUNDS / 4 {
            match files.read_file(Path::new("a/f"), 1000) {
                Ok(content) => {
                    assert_eq!(content, b"inside");
                    seen[0] += 1;
                }
                Err(error) => {
                    assert_eq!(error.code(), "NOT_A_FILE");
                    seen[1] += 1;
                }
            }
        }
        assert!(
            started.elapsed() < Duration::from_secs(120),
            "something waited"
        );
    });
    assert!(seen.iter().all(|count| *count > 10), "{seen:?}");
}

/// What a program does that knows no better: look where the path leads, then use it.
struct Naive {
    root: PathBuf,
}

impl Naive {
    fn place(&self, path: &str) -> Option<PathBuf> {
        let path = self.root.join(path);
        let parent = fs::canonicalize(path.parent()?).ok()?;
        let real = fs::canonicalize(&path)
            .unwrap_or_else(|_| parent.join(path.file_name().unwrap_or_default()));
        real.starts_with(&self.root).then_some(path)
    }
}

/// Tries until the attack succeeds, for a minute at most.
fn falls(world: &World, mut attempt: impl FnMut(&Naive) -> bool) -> bool {
    let naive = Naive {
        root: world.at("ws"),
    };
    while_swapping(&world.at("ws/a"), &world.at("ws/to-secret"), || {
        let end = Instant::now() + Duration::from_secs(60);
        while Instant::now() < end {
            if attempt(&naive) {
                return true;
            }
        }
        false
    })
}

#[test]
fn the_same_attacks_succeed_against_checks_before_std_fs() {
    let world = arena();
    assert!(
        falls(&world, |naive| {
            naive
                .place("a/f")
                .and_then(|path| fs::read(path).ok())
                .is_some_and(|content| content == b"outside")
        }),
        "read"
    );
    assert!(
        falls(&world, |naive| {
            let _ = naive.place("a/f").map(|path| fs::write(path, "inside"));
            world.text("secret/f") != "outside"
        }),
        "write"
    );
    assert!(
        falls(&world, |naive| {
            let entries = naive
                .place("a/f")
                .and_then(|path| fs::read_dir(path.parent()?).ok());
            entries.is_some_and(|mut entries| {
                entries.any(|entry| entry.is_ok_and(|entry| entry.file_name() == "only-outside"))
            })
        }),
        "list"
    );
    assert!(
        falls(&world, |naive| {
            let _ = naive.place("a/victim").map(fs::remove_file);
            !world.at("secret/victim").exists()
        }),
        "delete"
    );
}

#[test]
fn threads_that_share_it_see_whole_files() {
    let world = arena();
    let files = Files::open(&Rules::new(Policy::default(), &world.at("ws"), None).expect("rules"))
        .expect("files");
    let contents = [vec![b'a'; 50_000], vec![b'b'; 70_000]];
    std::thread::scope(|scope| {
        for content in &contents {
            scope.spawn(|| {
                for _ in 0..500 {
                    match files.write_file(Path::new("shared"), content, WriteOptions::default()) {
                        Ok(()) => {}
                        Err(error) => assert_eq!(error.code(), "CHANGED"),
                    }
                }
            });
        }
        scope.spawn(|| {
            for _ in 0..2000 {
                if let Ok(content) = files.read_file(Path::new("shared"), 1 << 20) {
                    assert!(contents.contains(&content), "a part of a file");
                }
            }
        });
    });
    assert_eq!(
        names(&files.list(Path::new("."), 100).expect("names"))
            .iter()
            .filter(|name| name.ends_with(".tmp"))
            .count(),
        0
    );
}
