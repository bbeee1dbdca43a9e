//! Attacks by what is no regular file, by sizes without end, and by names that are none.

use std::fs;
use std::io::Write;
use std::path::Path;

use fishplate_sandbox::Intent;
use rustix::fs::{CWD, FileType, mknodat};

use crate::world::{World, is_root};
use crate::{MIB, PLAIN, code, in_time};

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
