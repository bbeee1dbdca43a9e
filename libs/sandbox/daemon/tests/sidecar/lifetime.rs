//! Who may come, and what is left when somebody is gone.

use std::fs::{self, Permissions};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, Output};

use crate::world::{DAEMON, Daemon, Folder, processes_with, refused, shell, until};
use serde_json::json;

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Starts a command with these words, that leaves a second process behind which ignores signals.
fn run_for_long(daemon: &Daemon, word: &str, workspace: &Path) -> crate::world::Client {
    let mut client = daemon.client();
    let sandbox = client.open(workspace, &json!({}));
    let script = format!("trap '' TERM HUP; (setsid sleep {word} &) ; sleep {word}");
    client.call("start", shell(sandbox, 1, &script));
    until("both run", || processes_with(word) == 2);
    client
}

#[test]
fn a_client_that_is_gone_leaves_nothing_running() {
    let (mut daemon, workspace) = (Daemon::start(), Folder::new());
    let client = run_for_long(&daemon, "40.0101", &workspace.0);
    drop(client);
    until("nothing is left", || processes_with("40.0101") == 0);
    assert!(!daemon.has_ended());
    daemon.client();
}

#[test]
fn a_daemon_that_is_killed_leaves_nothing_running() {
    let (daemon, workspace) = (Daemon::start(), Folder::new());
    let mut client = run_for_long(&daemon, "40.0201", &workspace.0);
    daemon.signal("KILL");
    until("nothing is left", || processes_with("40.0201") == 0);
    assert_eq!(client.receive(), None);
}

#[test]
fn a_signal_ends_the_daemon_what_it_runs_and_its_socket() {
    let (mut daemon, workspace) = (Daemon::start(), Folder::new());
    let _client = run_for_long(&daemon, "40.0301", &workspace.0);
    daemon.signal("TERM");
    until("it has ended", || daemon.has_ended());
    assert_eq!(processes_with("40.0301"), 0);
    assert_eq!(fs::read_dir(&daemon.folder.0).unwrap().count(), 0);
    assert!(daemon.process.wait().unwrap().success());
}

#[test]
fn shutdown_is_answered_and_ends_the_daemon() {
    let (mut daemon, workspace) = (Daemon::start(), Folder::new());
    let mut client = run_for_long(&daemon, "40.0401", &workspace.0);
    assert!(client.call("shutdown", json!({})).is_null());
    until("it has ended", || daemon.has_ended());
    assert_eq!(processes_with("40.0401"), 0);
}

#[test]
fn a_daemon_ends_with_its_parent_and_removes_its_directory() {
    let mut daemon = Daemon::start_in(Folder::new(), &["--parent"]);
    let client = daemon.client();
    drop(daemon.process.stdin.take());
    // Another thread of the parent, it may be.
    std::thread::sleep(std::time::Duration::from_millis(100));
    assert!(!daemon.has_ended());
    drop(client);
    until("it has ended", || daemon.has_ended());
    assert!(!daemon.folder.0.exists());
}

#[test]
fn without_a_parent_the_end_of_input_is_nothing() {
    let mut daemon = Daemon::start();
    drop(daemon.process.stdin.take());
    std::thread::sleep(std::time::Duration::from_millis(100));
    daemon.client();
}

#[test]
fn a_directory_that_others_may_enter_is_refused() {
    let folder = Folder::new();
    for mode in [0o755, 0o710, 0o701, 0o770] {
        fs::set_permissions(&folder.0, Permissions::from_mode(mode)).unwrap();
        let output = refused(&folder.socket());
        assert_eq!(output.status.code(), Some(69));
        assert!(said(&output).contains("mode 0700"), "{}", said(&output));
    }
    let missing = refused(&folder.0.join("no/s"));
    assert_eq!(missing.status.code(), Some(69));
}

#[test]
fn a_directory_that_is_a_link_or_of_somebody_else_is_refused() {
    let (folder, target) = (Folder::new(), Folder::new());
    let link = folder.0.join("link");
    std::os::unix::fs::symlink(&target.0, &link).unwrap();
    assert_eq!(refused(&link.join("s")).status.code(), Some(69));
    if is_root() {
        std::os::unix::fs::chown(&target.0, Some(65534), None).unwrap();
        let output = refused(&target.socket());
        assert!(said(&output).contains("65534"), "{}", said(&output));
    }
}

#[test]
fn a_socket_that_was_left_behind_is_replaced() {
    let folder = Folder::new();
    drop(UnixListener::bind(folder.socket()).unwrap());
    fs::write(folder.0.join("s.lock"), "").unwrap();
    let daemon = Daemon::start_in(folder, &[]);
    daemon.client();
    let mode = fs::metadata(daemon.folder.socket()).unwrap().permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
}

#[test]
fn what_is_no_socket_is_left_as_it_is() {
    let folder = Folder::new();
    fs::write(folder.socket(), "mine").unwrap();
    let output = refused(&folder.socket());
    assert_eq!(output.status.code(), Some(69), "{}", said(&output));
    assert_eq!(fs::read(folder.socket()).unwrap(), b"mine");
}

#[test]
fn a_second_daemon_leaves_the_first_one_alone() {
    let daemon = Daemon::start();
    let output = refused(&daemon.folder.socket());
    assert_eq!(output.status.code(), Some(75), "{}", said(&output));
    daemon.client();
}

#[test]
fn of_many_daemons_that_start_at_once_one_serves() {
    let folder = Folder::new();
    let socket = folder.socket();
    let mut children: Vec<_> = (0..8)
        .map(|_| {
            Command::new(DAEMON)
                .arg("--socket")
                .arg(&socket)
                .arg("--helper")
                .arg(crate::world::helper())
                .stderr(std::process::Stdio::null())
                .stdout(std::process::Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    let mut codes = Vec::new();
    until("all but one have ended", || {
        children.retain_mut(|child| match child.try_wait().unwrap() {
            Some(status) => {
                codes.push(status.code());
                false
            }
            None => true,
        });
        codes.len() >= 7
    });
    assert_eq!(codes, [Some(75); 7]);
    let [server] = &mut children[..] else {
        panic!("one serves");
    };
    server.kill().unwrap();
    server.wait().unwrap();
}

#[test]
fn another_user_is_refused_even_where_the_directory_lets_him_in() {
    if !is_root() {
        eprintln!("skipped: only root can act as somebody else");
        return;
    }
    let daemon = Daemon::start();
    fs::set_permissions(&daemon.folder.0, Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(daemon.folder.socket(), Permissions::from_mode(0o666)).unwrap();
    let socket = daemon.folder.socket();
    let somebody = std::thread::spawn(move || {
        // Of this thread alone: the C library, which would change all threads, is not asked.
        let uid = rustix::process::Uid::from_raw(65534);
        rustix::thread::set_thread_res_uid(uid, uid, uid).unwrap();
        let mut text = String::new();
        let mut stream = UnixStream::connect(socket).unwrap();
        stream.read_to_string(&mut text).unwrap();
        text
    });
    let text = somebody.join().unwrap();
    assert!(
        text.contains("SIDECAR_UNAVAILABLE") && text.contains("65534"),
        "{text}"
    );
    fs::set_permissions(&daemon.folder.0, Permissions::from_mode(0o700)).unwrap();
    daemon.client();
}

#[test]
fn a_process_of_other_namespaces_is_refused() {
    let daemon = Daemon::start();
    let script = "socket(my $s, AF_UNIX, SOCK_STREAM, 0) or die $!;\
        connect($s, pack_sockaddr_un($ARGV[0])) or die $!; local $/; print scalar(<$s>)";
    let client = |namespace: &str| {
        let output = Command::new("unshare")
            .args([namespace, "perl", "-MSocket", "-e", script])
            .arg(daemon.folder.socket())
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned() + &said(&output)
    };
    for (namespace, kind) in [("--map-root-user", "user"), ("--mount", "mnt")] {
        if namespace == "--mount" && !is_root() {
            continue;
        }
        let text = client(namespace);
        if text.starts_with("unshare:") {
            eprintln!("skipped: this machine lets nobody make a {kind} namespace: {text}");
            continue;
        }
        let refused = format!("another {kind} namespace");
        assert!(
            text.contains("SIDECAR_UNAVAILABLE") && text.contains(&refused),
            "{text}"
        );
    }
}

#[test]
fn a_command_cannot_ask_the_daemon_for_another_sandbox() {
    let daemon = Daemon::start();
    let mut client = daemon.client();
    // Its socket in plain sight.
    let workspace = daemon.folder.0.clone();
    let sandbox = client.open(&workspace, &json!({ "network": "full" }));
    let script = "perl -MSocket -e 'socket(my $s, AF_UNIX, SOCK_STREAM, 0) or die $!; \
        connect($s, pack_sockaddr_un(\"s\")) or die $!; local $/; print scalar(<$s>)'";
    let (ended, stdout, stderr) = client.run(sandbox, script);
    let stdout = String::from_utf8_lossy(&stdout);
    let is_refused = ended["exitCode"] != 0 || stdout.contains("namespace");
    assert!(is_refused, "{ended} {stdout} {}", stderr.escape_ascii());
    // Out here, where nothing holds it, it is let in.
    daemon.client();
}

#[test]
fn the_version_and_wrong_options_are_told() {
    let version = Command::new(DAEMON).arg("--version").output().unwrap();
    let expected = format!("fishplate-sandboxd {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(String::from_utf8_lossy(&version.stdout), expected);
    let wrong = Command::new(DAEMON).arg("--port").output().unwrap();
    assert_eq!(wrong.status.code(), Some(64));
    let helperless = Command::new(DAEMON)
        .args(["--socket", "/no/s", "--helper", "/no/helper"])
        .output()
        .unwrap();
    assert_eq!(helperless.status.code(), Some(69));
    assert!(said(&helperless).contains("/no/helper"));
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
