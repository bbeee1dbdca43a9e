//! What the file actions do, and what they leave as it was.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use fishplate_sandbox::{FileError, FileKind, Files, Mode, Policy, Rules, Verdict, WriteOptions};

use crate::world::{World, all_of, is_root, names};
use crate::{MIB, PLAIN, code};

#[test]
fn files_are_written_read_listed_renamed_and_deleted() {
    let world = World::new("ordinary");
    let files = world.granted();
    let path = Path::new("new/er/file.txt");
    assert_eq!(code(files.write_file(path, b"one", PLAIN)), "FILE_MISSING");
    files
        .write_file(
            path,
            b"one",
            WriteOptions {
                parents: true,
                sync: true,
            },
        )
        .expect("written");
    assert_eq!(files.read_file(path, MIB).expect("read"), b"one");
    files
        .write_file(path, b"two", PLAIN)
        .expect("written again");
    assert_eq!(world.text("ws/new/er/file.txt"), "two");
    assert_eq!(
        names(&files.list(Path::new("new/er"), 10).expect("listed")),
        ["file.txt"]
    );
    assert_eq!(code(files.create_file(path, b"three", PLAIN)), "EXISTS");
    files
        .create_file(Path::new("new/other"), b"", PLAIN)
        .expect("created");
    assert_eq!(
        code(files.rename(path, Path::new("new/other"), false)),
        "EXISTS"
    );
    files
        .rename(path, Path::new("new/other"), true)
        .expect("moved");
    assert_eq!(world.text("ws/new/other"), "two");
    files
        .rename(Path::new("new"), Path::new("newest/"), false)
        .expect("a directory renamed");
    assert_eq!(code(files.delete(Path::new("newest"))), "NOT_EMPTY");
    files.delete(Path::new("newest/other")).expect("deleted");
    files.delete(Path::new("newest/er")).expect("deleted");
    files.delete(Path::new("newest/")).expect("deleted");
    assert_eq!(code(files.delete(Path::new("newest"))), "FILE_MISSING");
    files
        .create_directory(Path::new("a/b/c"), true)
        .expect("made");
    files
        .create_directory(Path::new("a/b/c"), true)
        .expect("there already");
    assert_eq!(
        code(files.create_directory(Path::new("a/b/c"), false)),
        "EXISTS"
    );
    files
        .create_link(Path::new("a/link"), Path::new("../file"))
        .expect("a link");
    assert_eq!(
        files.read_link(Path::new("a/link")).expect("a link"),
        Path::new("../file")
    );
    assert_eq!(
        files.read_file(Path::new("a/link"), MIB).expect("read"),
        b"content of ws/file"
    );
    let stats = files.metadata(Path::new("a/link")).expect("metadata");
    assert_eq!(
        (stats.kind, stats.path),
        (FileKind::Link, world.at("ws/a/link"))
    );
    files.delete(Path::new("a/link")).expect("the link alone");
    assert_eq!(world.text("ws/file"), "content of ws/file");
    let left: Vec<_> = world
        .picture("ws")
        .into_keys()
        .filter(|path| path.to_string_lossy().contains(".fishplate-"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn what_needs_a_person_is_done_once_granted_and_no_longer_after() {
    let world = World::new("grants");
    let files = world.files();
    for (done, place) in [
        (code(files.delete(Path::new("file"))), "inside"),
        (
            code(files.rename(Path::new("file"), Path::new("file2"), false)),
            "inside",
        ),
        (
            code(files.write_file(&world.at("out/file"), b"x", PLAIN)),
            "outside",
        ),
        (
            code(files.create_file(&world.at("out/new"), b"x", PLAIN)),
            "outside",
        ),
        (
            code(files.create_directory(&world.at("out/new"), false)),
            "outside",
        ),
    ] {
        assert_eq!(done, "ACCESS_DENIED", "{place}");
    }
    match files.delete(Path::new("file")) {
        Err(FileError::AccessDenied(decision)) => {
            assert_eq!(decision.decision, Verdict::NeedsConfirmation);
        }
        other => panic!("{other:?}"),
    }
    files.update_grants(all_of(
        world.at("out").to_str().expect("text"),
        files.rules(),
    ));
    files
        .write_file(&world.at("out/file"), b"granted", PLAIN)
        .expect("written");
    assert_eq!(world.text("out/file"), "granted");
    files
        .rename(Path::new("file"), &world.at("out/moved"), false)
        .expect_err("leaving the workspace is not granted");
    files.update_grants(fishplate_sandbox::Grants::none());
    assert_eq!(
        code(files.write_file(&world.at("out/file"), b"again", PLAIN)),
        "ACCESS_DENIED"
    );
    assert_eq!(world.text("out/file"), "granted");
}

#[test]
fn a_written_file_keeps_its_mode_and_owner_and_a_new_one_obeys_the_umask() {
    let world = World::new("modes");
    let files = world.files();
    let path = world.at("ws/script");
    fs::write(&path, "old").expect("a file");
    for mode in [0o755, 0o600, 0o640] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a mode");
        files.write_file(&path, b"new", PLAIN).expect("written");
        assert_eq!(fs::metadata(&path).expect("a file").mode() & 0o7777, mode);
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o4755)).expect("a mode");
    files.write_file(&path, b"new", PLAIN).expect("written");
    assert_eq!(
        fs::metadata(&path).expect("a file").mode() & 0o7777,
        0o755,
        "no set-user-id survives a write"
    );
    files
        .write_file(Path::new("fresh"), b"", PLAIN)
        .expect("written");
    fs::write(world.at("ws/plain"), "").expect("a file");
    let mode = |name: &str| fs::metadata(world.at(name)).expect("a file").mode();
    assert_eq!(mode("ws/fresh"), mode("ws/plain"));
    files.set_mode(Path::new("fresh"), 0o7711).expect("set");
    assert_eq!(mode("ws/fresh") & 0o7777, 0o711);
    if is_root() {
        std::os::unix::fs::chown(&path, Some(1234), Some(1235)).expect("an owner");
        files.write_file(&path, b"new", PLAIN).expect("written");
        let stats = fs::metadata(&path).expect("a file");
        assert_eq!(
            (stats.uid(), stats.gid(), stats.mode() & 0o7777),
            (1234, 1235, 0o755)
        );
    } else {
        fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).expect("a mode");
        assert_eq!(
            code(files.write_file(&path, b"x", PLAIN)),
            "IO",
            "a file that its user may not write"
        );
        fs::set_permissions(world.at("out/dir"), fs::Permissions::from_mode(0o000))
            .expect("a mode");
        assert_eq!(code(files.read_file(&world.at("out/dir/file"), MIB)), "IO");
        fs::set_permissions(world.at("out/dir"), fs::Permissions::from_mode(0o755))
            .expect("a mode");
    }
}

#[test]
fn protected_paths_cannot_be_moved_planted_or_replaced() {
    let world = World::new("planted");
    let before = world.picture("ws/.git");
    fs::create_dir_all(world.at("ws/trap/hooks")).expect("a directory");
    fs::write(world.at("ws/trap/hooks/pre-commit"), "evil").expect("a file");
    let files = world.granted();
    let p = Path::new;
    for done in [
        files.rename(p(".git"), p("git2"), false),
        files.rename(p(".git/hooks"), p("hooks2"), false),
        files.rename(
            p("trap/hooks/pre-commit"),
            p(".git/hooks/pre-commit"),
            false,
        ),
        files.rename(p("trap"), p("deep"), false),
        files.rename(p("trap"), p("deep/"), false),
        files.rename(p("trap"), p("root2-is-not-here/../.git"), false),
        files.rename(p("trap"), p(".idea/"), false),
        files.delete(p(".git/config")),
        files.write_file(p(".git/config"), b"[core]", PLAIN),
        files.write_file(
            p(".git/hooks/x"),
            b"x",
            WriteOptions {
                parents: true,
                ..PLAIN
            },
        ),
        files.write_file(&world.at("root2/.git"), b"gitdir: /elsewhere", PLAIN),
        files.create_file(&world.at("root2/.git"), b"gitdir: /elsewhere", PLAIN),
        files.create_link(&world.at("root2/.git"), p("/elsewhere")),
        files.create_link(p("locked"), p("file")),
        files.create_directory(p("locked"), true),
        files.create_directory(p("deep/er/locked/x"), true),
        files.set_mode(p(".git/config"), 0o777),
    ] {
        assert_eq!(code(done), "ACCESS_DENIED");
    }
    assert_eq!(world.picture("ws/.git"), before);
    assert!(!world.at("ws/locked").exists() && !world.at("root2/.git").exists());
    assert!(!world.at("ws/deep/er/locked").exists());
    files
        .create_directory(p(".idea"), false)
        .expect("an empty directory is harmless");
    files
        .write_file(p(".vscode/extensions.json"), b"{}", PLAIN)
        .expect("beside what is protected");
}

#[test]
fn a_failed_write_leaves_what_was_there_and_no_temporary() {
    let world = World::new("failed");
    fs::create_dir(world.at("ws/sealed")).expect("a directory");
    fs::write(world.at("ws/sealed/file"), "old").expect("a file");
    if is_root() {
        return;
    }
    fs::set_permissions(world.at("ws/sealed"), fs::Permissions::from_mode(0o555)).expect("a mode");
    let files = world.granted();
    assert_eq!(
        code(files.write_file(Path::new("sealed/file"), b"new", PLAIN)),
        "IO"
    );
    assert_eq!(code(files.delete(Path::new("sealed/file"))), "IO");
    fs::set_permissions(world.at("ws/sealed"), fs::Permissions::from_mode(0o755)).expect("a mode");
    assert_eq!(world.text("ws/sealed/file"), "old");
    assert_eq!(
        fs::read_dir(world.at("ws/sealed"))
            .expect("a directory")
            .count(),
        1
    );
}

#[test]
fn read_only_and_full_access() {
    let world = World::new("modes2");
    let files = Files::open(&world.rules(Mode::ReadOnly)).expect("files");
    assert_eq!(
        files.read_file(Path::new("file"), MIB).expect("read"),
        b"content of ws/file"
    );
    assert_eq!(
        code(files.write_file(Path::new("file"), b"x", PLAIN)),
        "ACCESS_DENIED"
    );
    files.update_grants(all_of("/", files.rules()));
    assert_eq!(
        code(files.write_file(Path::new(".git/config"), b"x", PLAIN)),
        "ACCESS_DENIED"
    );
    files
        .write_file(Path::new("file"), b"granted", PLAIN)
        .expect("granted");
    let files = Files::open(&world.rules(Mode::FullAccess)).expect("files");
    files
        .write_file(&world.at("out/file"), b"full", PLAIN)
        .expect("written");
    files.delete(&world.at("out/file")).expect("deleted");
    assert_eq!(
        code(files.read_file(&world.at("secret/key"), MIB)),
        "ACCESS_DENIED"
    );
    assert_eq!(
        code(files.write_file(Path::new(".git/config"), b"x", PLAIN)),
        "ACCESS_DENIED"
    );
}

#[test]
fn the_workspace_itself_may_be_a_link_and_a_policy_without_home_works() {
    let world = World::new("linked");
    world.link("ws-link", "ws");
    let rules = Rules::new(
        Policy {
            private_tmp: Some(false),
            ..Policy::default()
        },
        &world.at("ws-link"),
        None,
    )
    .expect("rules");
    let files = Files::open(&rules).expect("files");
    files
        .write_file(Path::new("file"), b"x", PLAIN)
        .expect("written");
    files
        .write_file(&world.at("ws-link/file"), b"y", PLAIN)
        .expect("written by the link");
    assert_eq!(world.text("ws/file"), "y");
}
