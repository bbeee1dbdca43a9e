//! Attacks by links, second names, and paths that end in strange ways.

use std::fs;
use std::path::Path;

use fishplate_sandbox::{FileError, FileKind};

use crate::world::{World, names};
use crate::{MIB, PLAIN, code};

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
