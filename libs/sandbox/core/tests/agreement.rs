//! Generated trees with links, missing parts, protected and denied paths: what `evaluate` answers is what the file actions
//! do, and what the kernel says about where a path leads.
//!
//! `FISHPLATE_TREES=5000 cargo test -p fishplate-sandbox --release --test agreement` tries more than the tests of every day.
#![cfg(target_os = "linux")]

mod world;

use std::fs;
use std::path::{Path, PathBuf};

use fishplate_sandbox::{FileError, Files, Grant, Grants, Intent, Mode, Verdict, WriteOptions};
use world::{Random, World, all_of};

const NAMES: &[&str] = &[
    "file",
    "dir",
    "link",
    "l2",
    "l3",
    "x",
    ".git",
    "hooks",
    "config",
    "locked",
    "deep",
    "er",
    "secret",
    "key",
    "denied.txt",
    "..",
    ".",
    ".bashrc",
    "trailing/",
];

fn some_path(random: &mut Random, world: &World) -> PathBuf {
    let mut path = match random.below(6) {
        0 => world.top.clone(),
        1 => world.at("secret"),
        2 => world.at("out"),
        3 => world.at("root2"),
        _ => PathBuf::new(),
    };
    for _ in 0..=random.below(4) {
        path.push(random.pick(NAMES));
    }
    path
}

fn plant(random: &mut Random, world: &World) {
    for _ in 0..12 {
        let place = world.at("ws").join(some_path(random, world));
        // Links that were planted before may lead anywhere: nothing is planted outside of the world.
        let (Some(parent), Some(name)) = (place.parent(), place.file_name()) else {
            continue;
        };
        let Ok(parent) = fs::canonicalize(parent) else {
            continue;
        };
        let place = &parent.join(name);
        if !parent.starts_with(&world.top) || !world.contains(place) {
            continue;
        }
        let _ = match random.below(6) {
            0 => fs::create_dir(place),
            1 => fs::File::create_new(place).map(drop),
            2 => fs::hard_link(
                world.at(random.pick(&["ws/file", "ws/.git/config", "out/file", "ws/denied.txt"])),
                place,
            ),
            _ => std::os::unix::fs::symlink(some_path(random, world), place),
        };
    }
}

fn grants(random: &mut Random, world: &World, files: &Files) -> Grants {
    match random.below(3) {
        0 => Grants::none(),
        1 => all_of("/", files.rules()),
        _ => {
            let grant = Grant {
                id: None,
                path: some_path(random, world),
                intents: Intent::ALL.to_vec(),
                recursive: Some(random.below(2) == 0),
                expires_at_ms: None,
            };
            Grants::new(vec![grant], files.rules()).unwrap_or_default()
        }
    }
}

/// Does it, in the way that answers to this intent alone.
fn act(files: &Files, path: &Path, intent: Intent, home: &Path) -> Result<(), FileError> {
    let plain = WriteOptions::default();
    let beside = |name: &str| home.join(name);
    match intent {
        Intent::Read => files.read_file(path, 1000).map(drop),
        Intent::Write => files.write_file(path, b"written", plain),
        Intent::Create if path.as_os_str().as_encoded_bytes().ends_with(b"/") => {
            files.create_directory(path, false)
        }
        Intent::Create => files.create_file(path, b"created", plain),
        Intent::Delete => files.delete(path),
        Intent::List => files.list(path, 1000).map(drop),
        // A name of which nothing but the source is in question.
        Intent::Rename => files.rename(path, &beside("renamed"), false),
        Intent::Move => files.rename(path, &beside("moved"), false),
        Intent::Execute => Ok(()),
    }
}

#[test]
fn evaluate_answers_what_the_file_actions_do() {
    let trees: u64 =
        std::env::var("FISHPLATE_TREES").map_or(150, |count| count.parse().expect("a number"));
    let mut tally = std::collections::BTreeMap::new();
    for seed in 1..=trees {
        let mut random = Random(seed * 0x9e37_79b9);
        let world = World::new("agreement");
        fs::write(world.at("ws/denied.txt"), "denied").expect("a file");
        plant(&mut random, &world);
        let mode = [
            Mode::WorkspaceWrite,
            Mode::WorkspaceWrite,
            Mode::ReadOnly,
            Mode::FullAccess,
        ][random.below(4)];
        let files = Files::open(&world.rules(mode)).expect("files");
        files.update_grants(grants(&mut random, &world, &files));
        let denied = [
            world.picture("secret"),
            world.picture("ws/.git/hooks"),
            world.picture("ws/.git/config"),
            world.picture("ws/locked"),
        ];
        for _ in 0..60 {
            let path = some_path(&mut random, &world);
            let intent = Intent::ALL[random.below(Intent::ALL.len())];
            let told = format!("seed {seed} {mode:?} {intent} {}", path.display());
            let decision = files.evaluate(&path, intent).expect("a path");
            let real = fs::canonicalize(world.at("ws").join(&path));
            if let (true, Ok(real)) = (
                intent.follows_last_link() && decision.rule != "path resolution",
                real,
            ) {
                assert_eq!(decision.resolved_path, real, "{told}");
            }
            if !world.contains(&decision.resolved_path) {
                // Only asked about: it is not the test's to change.
                continue;
            }
            if matches!(intent, Intent::Rename | Intent::Move) {
                // Both names have to be allowed, and which intent it is depends on where the source lies.
                let source = decision.resolved_path.clone();
                let Some(home) = source.parent().map(Path::to_path_buf) else {
                    continue;
                };
                let home = if intent == Intent::Rename {
                    home
                } else {
                    world.at("ws/dir")
                };
                let same = source.parent() == Some(home.as_path());
                let target = home.join(if intent == Intent::Rename {
                    "renamed"
                } else {
                    "moved"
                });
                let target = files.evaluate(&target, Intent::Create).expect("a path");
                if same != (intent == Intent::Rename) || target.decision != Verdict::Allow {
                    continue;
                }
                check(&act(&files, &path, intent, &home), decision.decision, &told);
            } else {
                check(
                    &act(&files, &path, intent, Path::new("")),
                    decision.decision,
                    &told,
                );
            }
            *tally
                .entry((intent.to_string(), format!("{:?}", decision.decision)))
                .or_insert(0) += 1;
        }
        assert!(world.is_tight(), "seed {seed}: something was put outside");
        let now = [
            world.picture("secret"),
            world.picture("ws/.git/hooks"),
            world.picture("ws/.git/config"),
            world.picture("ws/locked"),
        ];
        let roots_protected = [
            true,
            true,
            true,
            mode != Mode::FullAccess || !denied[3].is_empty(),
        ];
        for ((before, now), counts) in denied.iter().zip(&now).zip(roots_protected) {
            assert!(
                !counts || before == now,
                "seed {seed}: denied or protected things changed\n{before:#?}\n{now:#?}"
            );
        }
    }
    for intent in Intent::ALL {
        for verdict in ["Allow", "Deny", "NeedsConfirmation"] {
            let met = tally.contains_key(&(intent.to_string(), verdict.to_owned()));
            // Reading asks only in private temporary directories, which these trees are none of.
            assert!(
                met || (verdict == "NeedsConfirmation" && intent.is_reading()),
                "{intent} {verdict} was never met: {tally:?}"
            );
        }
    }
}

fn check(result: &Result<(), FileError>, decided: Verdict, told: &str) {
    match (result, decided) {
        (Err(FileError::AccessDenied(done)), decided) => {
            assert_eq!(done.decision, decided, "{told}: {result:?}");
        }
        (_, Verdict::Allow) => {}
        (Ok(()), _) if told.contains(" execute ") => {}
        (other, decided) => panic!("{told}: {decided:?}, yet {other:?}"),
    }
}
