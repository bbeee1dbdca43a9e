//! Sockets of the host, by whatever name: each is first reached without a sandbox.

use std::process::Command;

use crate::arena::{self, Mode, World};

/// Runs Python in a network of its own, whose list of sockets is its own too. It has `confine`, which runs Python confined in the
/// workspace, and answers what it printed and what is told of it.
fn with_own_sockets(world: &World, script: &str) -> String {
    let head = format!(
        "import json, os, socket, subprocess\n\
         ws = {:?}\n\
         base = os.path.dirname(ws)\n\
         kept = []\n\
         def bind(path):\n  s = socket.socket(socket.AF_UNIX); s.bind(path); s.listen(9); kept.append(s)\n\
         def reach(path):\n  try: socket.socket(socket.AF_UNIX).connect(path); return 'REACHED'\n  \
           except OSError: return 'refused'\n\
         def confine(script):\n  \
           r = subprocess.run([{:?}, {:?}, ws, '{{\"require\":\"none\"}}', 'user', '/usr/bin/python3', '-c', \
           'import socket\\ndef reach(path):\\n  try: socket.socket(socket.AF_UNIX).connect(path); print(\"REACHED\")\\n  \
           except OSError: print(\"refused\")\\n' + script], capture_output=True, text=True)\n  \
           return r.stdout.strip(), r.stderr.strip()\n\
         def weaker(told):\n  return [w['clause'] for w in json.loads(told.splitlines()[-1])['enforcement']['weaker']]\n",
        world.path("ws"),
        arena::confine(),
        arena::helper(),
    );
    let mut command = Command::new("unshare");
    command.arg("-n");
    if !world.mode.root {
        command.args(["setpriv", "--reuid", "65534", "--regid", "65534"]);
        command.arg("--clear-groups");
    }
    let output = command
        .args(["/usr/bin/python3", "-c", &(head + script)])
        .env("HOME", world.path("home"))
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

const AS_ROOT: Mode = Mode {
    root: true,
    means: "user",
};
const AS_NOBODY: Mode = Mode {
    root: false,
    means: "user",
};

#[test]
fn a_socket_is_covered_however_many_others_are_hidden() {
    if !arena::is_root() {
        return arena::skip("many sockets", "only root has a network of its own here");
    }
    let world = World::new(AS_ROOT);
    let script = "\
import tempfile\n\
with tempfile.TemporaryDirectory(dir='/run') as hidden:\n  \
  for i in range(600): bind(f'{hidden}/{i}')\n  \
  bind(ws + '/sock')\n  \
  out, told = confine('reach(\"sock\")')\n  \
  print(out, weaker(told))\n";
    assert_eq!(with_own_sockets(&world, script), "refused []\n");
}

#[test]
fn more_sockets_in_sight_than_can_be_covered_start_nothing() {
    if !arena::is_root() {
        return arena::skip("many sockets", "only root has a network of its own here");
    }
    let world = World::new(AS_ROOT);
    let script = "\
for i in range(520): bind(f'{base}/outside/{i}')\n\
print(*confine('print(\"RAN\")'))\n";
    let told = with_own_sockets(&world, script);
    assert!(
        told.contains("520 sockets of the host are in sight"),
        "{told}"
    );
    assert!(!told.contains("RAN"), "{told}");
}

#[test]
fn a_socket_bound_by_a_relative_path_is_covered_or_told_of() {
    if !arena::is_root() {
        return arena::skip(
            "relative sockets",
            "only root has a network of its own here",
        );
    }
    let script = "\
os.chdir(ws)\n\
bind('sock')\n\
print(reach('sock'))\n\
out, told = confine('reach(\"sock\")')\n\
print(out, weaker(told))\n\
os.chdir('/')\n\
out, told = confine('reach(\"sock\")')\n\
print(out, weaker(told))\n";
    let told = with_own_sockets(&World::new(AS_ROOT), script);
    assert_eq!(told, "REACHED\nrefused []\nrefused []\n");
    let told = with_own_sockets(&World::new(AS_NOBODY), script);
    assert_eq!(told, "REACHED\nrefused []\nREACHED ['hostSockets']\n");
}

/// A path that is no UTF-8, or that looks like two lines, must not hide the others.
#[test]
fn a_socket_with_a_strange_name_does_not_uncover_others() {
    if !arena::is_root() {
        return arena::skip("strange sockets", "only root has a network of its own here");
    }
    let world = World::new(AS_ROOT);
    let script = "\
bind(ws + '/sock')\n\
bind(os.fsencode(base) + b'/outside/\\xff')\n\
out, told = confine('reach(\"sock\")')\n\
print(out, weaker(told))\n\
bind(ws + '/a\\nb')\n\
print(reach(ws + '/a\\nb'))\n\
out, told = confine('reach(\"sock\"); reach(\"a\\\\nb\")')\n\
print(out.split(), weaker(told))\n";
    assert_eq!(
        with_own_sockets(&world, script),
        "refused []\nREACHED\n['refused', 'refused'] []\n"
    );
}

#[test]
fn a_socket_that_was_renamed_is_covered_by_its_new_name() {
    if !arena::is_root() {
        return arena::skip("renamed sockets", "only root has a network of its own here");
    }
    let script = "\
bind(ws + '/first')\n\
os.rename(ws + '/first', ws + '/sock')\n\
print(reach(ws + '/sock'))\n\
out, told = confine('reach(\"sock\")')\n\
print(out, weaker(told))\n";
    for mode in [AS_ROOT, AS_NOBODY] {
        let told = with_own_sockets(&World::new(mode), script);
        assert_eq!(told, "REACHED\nrefused []\n", "{mode:?}");
    }
}

/// The kernel tells root alone where such a file has gone.
#[test]
fn a_socket_that_was_moved_elsewhere_is_covered_or_told_of() {
    if !arena::is_root() {
        return arena::skip("moved sockets", "only root has a network of its own here");
    }
    let script = "\
bind(base + '/outside/first')\n\
os.rename(base + '/outside/first', ws + '/sock')\n\
print(reach(ws + '/sock'))\n\
out, told = confine('reach(\"sock\")')\n\
print(out, weaker(told))\n";
    let told = with_own_sockets(&World::new(AS_ROOT), script);
    assert_eq!(told, "REACHED\nrefused []\n");
    let told = with_own_sockets(&World::new(AS_NOBODY), script);
    assert_eq!(told, "REACHED\nREACHED ['hostSockets']\n");
}

#[test]
fn a_socket_with_a_second_name_is_covered_by_both_or_told_of() {
    if !arena::is_root() {
        return arena::skip("linked sockets", "only root has a network of its own here");
    }
    let script = "\
bind(ws + '/first')\n\
os.link(ws + '/first', ws + '/sock')\n\
print(reach(ws + '/sock'))\n\
out, told = confine('reach(\"first\"); reach(\"sock\")')\n\
print(out.split(), weaker(told))\n\
os.rename(ws + '/sock', base + '/outside/sock')\n\
print(reach(base + '/outside/sock'))\n\
out, told = confine('reach(\"first\"); reach(\"../outside/sock\")')\n\
print(out.split(), weaker(told))\n";
    for mode in [AS_ROOT, AS_NOBODY] {
        let told = with_own_sockets(&World::new(mode), script);
        assert_eq!(
            told,
            "REACHED\n['refused', 'refused'] []\nREACHED\n['refused', 'REACHED'] ['hostSockets']\n",
            "{mode:?}"
        );
    }
}

#[test]
fn a_socket_whose_file_was_removed_is_no_matter_to_root() {
    if !arena::is_root() {
        return arena::skip("removed sockets", "only root has a network of its own here");
    }
    let script = "\
bind(ws + '/sock')\n\
os.unlink(ws + '/sock')\n\
print(weaker(confine('')[1]))\n";
    let told = with_own_sockets(&World::new(AS_ROOT), script);
    assert_eq!(told, "[]\n");
    // Others cannot tell it from one that was moved.
    let told = with_own_sockets(&World::new(AS_NOBODY), script);
    assert_eq!(told, "['hostSockets']\n");
}
