//! The file actions: what they do, and attacks on them.
#![cfg(target_os = "linux")]

mod world;

use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use fishplate_sandbox::{
    FileError, FileKind, Files, Intent, Mode, Policy, Rules, Verdict, WriteOptions,
};
use rustix::fs::{CWD, FileType, mknodat};
use world::{World, all_of, is_root, names};

const MIB: u64 = 1 << 20;
const PLAIN: WriteOptions = WriteOptions {
    parents: false,
    sync: false,
};

fn code<T: std::fmt::Debug>(result: Result<T, FileError>) -> &'static str {
    let error = result.expect_err("an error");
    assert!(!error.hint().is_empty() && !error.to_string().is_empty());
    error.code()
}

/// The calls in a thread, so that one that waits is a failure and no hang.
fn in_time<T: Send + 'static>(call: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || sender.send(call()));
    receiver
        .recv_timeout(Duration::from_secs(20))
        .expect("an answer in time")
}

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
fn dangling_link_write() {
    let world = World::new("dangling");
    world.link("ws/out-of-here", world.at("out/nothing"));
    world.link("ws/in-here", "nothing");
    let files = world.files();
    assert_eq!(
        code(files.write_file(Path::new("out-of-here"), b"x", PLAIN)),
        "ACCESS_DENIED"
    );
    assert_eq!(
        code(files.create_file(Path::new("out-of-here"), b"x", PLAIN)),
        "EXISTS"
    );
    match files.write_file(Path::new("in-here"), b"x", PLAIN) {
        Err(FileError::LinkInPath {
            target: Some(target),
            ..
        }) => assert_eq!(target, world.at("ws/nothing")),
        other => panic!("{other:?}"),
    }
    let files = world.granted();
    assert_eq!(
        code(files.write_file(Path::new("out-of-here"), b"x", PLAIN)),
        "LINK_IN_PATH"
    );
    assert!(!world.at("out/nothing").exists() && !world.at("ws/nothing").exists());
}

#[test]
fn hard_link_to_outside() {
    let world = World::new("hardlink");
    fs::hard_link(world.at("out/file"), world.at("ws/twin")).expect("a hard link");
    fs::hard_link(world.at("ws/.git/config"), world.at("ws/config-twin")).expect("a hard link");
    let before = world.picture("out");
    let files = world.granted();
    assert_eq!(
        code(files.write_file(Path::new("twin"), b"x", PLAIN)),
        "HARD_LINKED"
    );
    assert_eq!(
        code(files.set_mode(Path::new("twin"), 0o777)),
        "HARD_LINKED"
    );
    assert_eq!(
        code(files.write_file(Path::new("config-twin"), b"x", PLAIN)),
        "ACCESS_DENIED"
    );
    assert_eq!(world.picture("out"), before);
    assert_eq!(
        files
            .read_file(Path::new("twin"), MIB)
            .expect("reading it harms nobody"),
        b"content of out/file"
    );
    files.delete(Path::new("twin")).expect("the name alone");
    assert_eq!(world.picture("out").len(), before.len());
    assert_eq!(world.text("out/file"), "content of out/file");
}

#[test]
fn hard_link_to_a_denied_file() {
    let world = World::new("denied-twin");
    fs::write(world.at("ws/denied.txt"), "denied").expect("a file");
    fs::hard_link(world.at("ws/denied.txt"), world.at("ws/harmless")).expect("a hard link");
    let files = world.granted();
    assert_eq!(
        code(files.read_file(Path::new("harmless"), MIB)),
        "ACCESS_DENIED"
    );
    assert_eq!(code(files.metadata(Path::new("harmless"))), "ACCESS_DENIED");
    assert_eq!(
        code(files.rename(Path::new("harmless"), Path::new("x"), false)),
        "ACCESS_DENIED"
    );
}

#[test]
fn proc_self_root_and_fd_and_dev_stdin() {
    let world = World::new("procfs");
    let held = fs::File::open(world.at("secret/key")).expect("a file");
    let held = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&held));
    world.link("ws/magic", &held);
    let secret = format!("/proc/self/root{}", world.at("secret/key").display());
    let files = world.granted();
    for path in [
        held.as_str(),
        secret.as_str(),
        "magic",
        "/dev/stdin",
        "/dev/fd/0",
        "/proc/self/environ",
        "/proc/self/mem",
        "/proc/1/environ",
        "/proc/self/cwd/file",
    ] {
        assert_eq!(
            code(files.read_file(Path::new(path), MIB)),
            "ACCESS_DENIED",
            "{path}"
        );
        assert_eq!(
            code(files.write_file(Path::new(path), b"x", PLAIN)),
            "ACCESS_DENIED",
            "{path}"
        );
    }
    assert_eq!(
        code(files.list(Path::new("/proc/self/fd"), 100)),
        "ACCESS_DENIED"
    );
}

#[test]
fn fifo_device_and_socket_are_waited_for_by_nobody() {
    let world = World::new("special");
    mknodat(CWD, world.at("ws/pipe"), FileType::Fifo, 0o666.into(), 0).expect("a pipe");
    let _socket = std::os::unix::net::UnixListener::bind(world.at("ws/socket")).expect("a socket");
    let mut paths = vec![
        world.at("ws/pipe"),
        world.at("ws/socket"),
        "/dev/zero".into(),
        "/dev/tty".into(),
    ];
    if is_root()
        && mknodat(
            CWD,
            world.at("ws/device"),
            FileType::CharacterDevice,
            0o666.into(),
            rustix::fs::makedev(1, 5),
        )
        .is_ok()
    {
        paths.push(world.at("ws/device"));
    }
    for path in paths {
        let files = world.granted();
        let name = path.display().to_string();
        let (read, write, mode) = in_time(move || {
            (
                files.read_file(&path, MIB),
                files.write_file(&path, b"x", PLAIN),
                files.set_mode(&path, 0o777),
            )
        });
        assert_eq!(code(read), "NOT_A_FILE", "{name}");
        assert_eq!(code(write), "NOT_A_FILE", "{name}");
        assert_eq!(code(mode), "NOT_A_FILE", "{name}");
    }
    world
        .granted()
        .delete(Path::new("pipe"))
        .expect("its name can go");
}

#[test]
fn bounds_hold_for_sparse_growing_shrinking_and_endless_files() {
    let world = World::new("bounds");
    let files = world.files();
    let sparse = fs::File::create(world.at("ws/sparse")).expect("a file");
    sparse.set_len(1 << 40).expect("a sparse file");
    assert_eq!(code(files.read_file(Path::new("sparse"), MIB)), "TOO_LARGE");
    assert_eq!(code(files.read_file(Path::new("file"), 17)), "TOO_LARGE");
    assert_eq!(
        files.read_file(Path::new("file"), 18).expect("read").len(),
        "content of ws/file".len()
    );
    fs::write(world.at("ws/empty"), "").expect("a file");
    assert_eq!(files.read_file(Path::new("empty"), 0).expect("read"), b"");
    let version = files
        .read_file(Path::new("/proc/version"), MIB)
        .expect("a file of size 0");
    assert!(version.starts_with(b"Linux version"));
    assert_eq!(
        code(files.read_file(Path::new("/proc/version"), 3)),
        "TOO_LARGE"
    );
    let path = world.at("ws/moving");
    fs::write(&path, vec![b'x'; 100_000]).expect("a file");
    let stop = std::sync::atomic::AtomicBool::new(false);
    let (stop, path) = (&stop, &path);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut file = fs::OpenOptions::new()
                .append(true)
                .open(path)
                .expect("a file");
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                file.write_all(&[b'x'; 10_000]).expect("written");
                if file.metadata().expect("a file").len() > 400_000 {
                    file.set_len(1000).expect("cut");
                }
            }
        });
        for _ in 0..2000 {
            match files.read_file(path, 150_000) {
                Ok(content) => assert!(content.len() <= 150_000),
                Err(error) => assert_eq!(error.code(), "TOO_LARGE"),
            }
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    assert_eq!(code(files.list(Path::new(""), 5)), "NAME_INVALID");
    assert_eq!(code(files.list(Path::new("."), 2)), "TOO_LARGE");
}

#[test]
fn nul_and_ten_megabyte_paths() {
    let world = World::new("long");
    let files = world.granted();
    for path in [
        "a\0b".to_owned(),
        "a/".repeat(5_000_000),
        "x".repeat(10 << 20),
        "x".repeat(256),
        String::new(),
    ] {
        let path = Path::new(&path);
        assert_eq!(code(files.read_file(path, 1)), "NAME_INVALID");
        assert_eq!(code(files.write_file(path, b"", PLAIN)), "NAME_INVALID");
        assert_eq!(code(files.delete(path)), "NAME_INVALID");
        assert_eq!(
            code(files.rename(Path::new("file"), path, true)),
            "NAME_INVALID"
        );
        assert_eq!(code(files.create_directory(path, true)), "NAME_INVALID");
    }
    assert_eq!(
        code(files.create_link(Path::new("l"), Path::new("a\0b"))),
        "IO"
    );
}

#[test]
fn dot_dot_behind_a_link() {
    let world = World::new("dotdot");
    world.link("ws/away", world.at("out/dir"));
    let files = world.files();
    assert_eq!(
        files
            .read_file(Path::new("away/../file"), MIB)
            .expect("read"),
        b"content of out/file"
    );
    assert_eq!(
        code(files.write_file(Path::new("away/../file"), b"x", PLAIN)),
        "ACCESS_DENIED"
    );
    assert_eq!(
        code(files.write_file(Path::new("away/../../ws/../out/new"), b"x", PLAIN)),
        "ACCESS_DENIED"
    );
    assert_eq!(
        code(files.read_file(Path::new("missing/../file"), MIB)),
        "FILE_MISSING"
    );
    assert_eq!(
        code(files.read_file(Path::new("file/../file"), MIB)),
        "NOT_A_DIRECTORY"
    );
    assert_eq!(
        code(files.read_file(Path::new("away/../../secret/key"), MIB)),
        "ACCESS_DENIED"
    );
}

#[test]
fn directory_in_place_of_file_and_file_in_place_of_directory() {
    let world = World::new("kinds");
    let files = world.granted();
    let dir = Path::new("dir");
    assert_eq!(code(files.read_file(dir, MIB)), "NOT_A_FILE");
    assert_eq!(code(files.write_file(dir, b"x", PLAIN)), "NOT_A_FILE");
    assert_eq!(code(files.create_file(dir, b"x", PLAIN)), "EXISTS");
    assert_eq!(code(files.list(Path::new("file"), 9)), "NOT_A_DIRECTORY");
    assert_eq!(
        code(files.write_file(Path::new("file/below"), b"x", PLAIN)),
        "NOT_A_DIRECTORY"
    );
    assert_eq!(
        code(files.create_directory(Path::new("file/below"), true)),
        "NOT_A_DIRECTORY"
    );
    assert_eq!(
        code(files.create_directory(Path::new("file"), false)),
        "NOT_A_DIRECTORY"
    );
    assert_eq!(code(files.read_link(Path::new("file"))), "NOT_A_FILE");
}

#[test]
fn trailing_slash() {
    let world = World::new("slash");
    world.link("ws/link", "dir");
    let files = world.granted();
    assert_eq!(
        code(files.read_file(Path::new("file/"), MIB)),
        "NOT_A_DIRECTORY"
    );
    assert_eq!(
        code(files.write_file(Path::new("file/"), b"x", PLAIN)),
        "NOT_A_DIRECTORY"
    );
    assert_eq!(
        code(files.write_file(Path::new("new/"), b"x", PLAIN)),
        "NOT_A_FILE"
    );
    assert_eq!(
        code(files.create_file(Path::new("new/."), b"x", PLAIN)),
        "NOT_A_FILE"
    );
    assert_eq!(
        code(files.create_link(Path::new("new/"), Path::new("x"))),
        "NOT_A_FILE"
    );
    assert_eq!(
        code(files.rename(Path::new("file"), Path::new("new/"), false)),
        "NOT_A_DIRECTORY"
    );
    assert_eq!(code(files.delete(Path::new("file/"))), "NOT_A_DIRECTORY");
    assert_eq!(
        names(&files.list(Path::new("link/"), 9).expect("listed")),
        ["file"]
    );
    assert_eq!(
        files.metadata(Path::new("/")).expect("the top").kind,
        FileKind::Directory
    );
    assert!(!names(&files.list(Path::new("/"), 10_000).expect("listed")).is_empty());
    assert_eq!(code(files.delete(Path::new("/"))), "ACCESS_DENIED");
}

#[test]
fn rename_over_a_directory_a_link_or_itself() {
    let world = World::new("over");
    fs::create_dir(world.at("ws/empty")).expect("a directory");
    world.link("ws/link", world.at("out/file"));
    fs::hard_link(world.at("ws/file"), world.at("ws/twin")).expect("a hard link");
    let files = world.granted();
    let rename =
        |from: &str, to: &str, replace| code(files.rename(Path::new(from), Path::new(to), replace));
    assert_eq!(rename("file", "empty", true), "EXISTS");
    assert_eq!(rename("dir", "empty", true), "EXISTS");
    assert_eq!(rename("dir", "file", true), "EXISTS");
    assert_eq!(rename("file", "link", false), "EXISTS");
    assert_eq!(rename("dir/file", "link", true), "LINK_IN_PATH");
    assert_eq!(rename("file", "twin", true), "HARD_LINKED");
    assert_eq!(rename("file", "file", true), "HARD_LINKED");
    assert_eq!(rename("dir", "dir/below", false), "IO");
    assert_eq!(rename("missing", "x", false), "FILE_MISSING");
    assert_eq!(world.text("out/file"), "content of out/file");
    files
        .rename(Path::new("link"), Path::new("link2"), false)
        .expect("a link is itself");
    assert_eq!(
        fs::read_link(world.at("ws/link2")).expect("a link"),
        world.at("out/file")
    );
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

/// Runs `body` where mounts are seen by it alone; none where this process may not mount.
fn with_own_mounts<T: Send + 'static>(
    body: impl FnOnce() -> Option<T> + Send + 'static,
) -> Option<T> {
    use rustix::mount::{MountPropagationFlags, mount_change};
    use rustix::thread::{UnshareFlags, unshare_unsafe};
    let thread = std::thread::spawn(move || {
        // SAFETY: only the mounts and the working directory of this thread change, which ends after this.
        unsafe { unshare_unsafe(UnshareFlags::NEWNS | UnshareFlags::FS) }.ok()?;
        mount_change(
            "/",
            MountPropagationFlags::PRIVATE | MountPropagationFlags::REC,
        )
        .ok()?;
        body()
    });
    let done = thread.join().expect("a thread");
    assert!(
        done.is_some() || !is_root(),
        "root can mount, or this test shows nothing"
    );
    done
}

#[test]
fn a_full_disk_leaves_what_was_there() {
    let world = World::new("full");
    let disk = world.at("ws/dir");
    let rules = world.rules(Mode::WorkspaceWrite);
    with_own_mounts(move || {
        use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
        mount(
            "tmpfs",
            &disk,
            "tmpfs",
            MountFlags::empty(),
            Some(c"size=64k"),
        )
        .ok()?;
        fs::write(disk.join("file"), "old").expect("a file");
        let files = Files::open(&rules).expect("files");
        let big = vec![b'x'; 1 << 20];
        assert_eq!(
            code(files.write_file(Path::new("dir/file"), &big, PLAIN)),
            "IO"
        );
        assert_eq!(
            code(files.create_file(Path::new("dir/new"), &big, PLAIN)),
            "IO"
        );
        assert_eq!(
            files.read_file(Path::new("dir/file"), MIB).expect("read"),
            b"old"
        );
        assert_eq!(
            names(&files.list(Path::new("dir"), 9).expect("listed")),
            ["file"]
        );
        unmount(&disk, UnmountFlags::DETACH).expect("unmounted");
        Some(())
    });
}

#[test]
fn names_that_are_not_utf_8() {
    use std::os::unix::ffi::OsStrExt;
    let world = World::new("bytes");
    let files = world.granted();
    for name in [
        b"\xff\xfe".as_slice(),
        b"new\nline",
        b"back\\slash",
        b" ",
        b"-rf",
        "\u{e9}".as_bytes(),
        "e\u{301}".as_bytes(),
    ] {
        let path = Path::new(std::ffi::OsStr::from_bytes(name));
        files.create_file(path, name, PLAIN).expect("created");
        assert_eq!(files.read_file(path, MIB).expect("read"), name);
        let listed = files.list(Path::new("."), 100).expect("listed");
        assert!(
            listed
                .entries
                .iter()
                .any(|entry| entry.name == path.as_os_str())
        );
        let decision = files.evaluate(path, Intent::Read).expect("a path");
        assert!(serde_json::to_string(&decision).is_ok());
        files.delete(path).expect("deleted");
    }
}

#[test]
fn a_mount_of_a_denied_directory_elsewhere() {
    let world = World::new("mount");
    fs::create_dir(world.at("ws/mounted")).expect("a directory");
    let (from, to) = (world.at("secret"), world.at("ws/mounted"));
    let rules = world.rules(Mode::WorkspaceWrite);
    with_own_mounts(move || {
        use rustix::mount::{UnmountFlags, mount_bind, unmount};
        mount_bind(&from, &to).ok()?;
        let files = Files::open(&rules).expect("files");
        files.update_grants(all_of("/", files.rules()));
        let found = [
            files.read_file(Path::new("mounted/key"), MIB).map(drop),
            files
                .read_file(Path::new("mounted/deep/key"), MIB)
                .map(drop),
            files.list(Path::new("mounted"), 9).map(drop),
            files.write_file(Path::new("mounted/new"), b"x", PLAIN),
        ];
        let decision = files.evaluate(Path::new("mounted/deep/key"), Intent::Read);
        unmount(&to, UnmountFlags::DETACH).expect("unmounted");
        assert_eq!(found.map(code), ["ACCESS_DENIED"; 4]);
        assert_eq!(decision.expect("a path").decision, Verdict::Deny);
        Some(())
    });
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
