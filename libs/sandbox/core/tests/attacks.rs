//! Attacks, each run twice: as it is, to prove that it can succeed, and confined, where it must not.
#![cfg(target_os = "linux")]

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::net::{TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex};

mod arena;
#[path = "attacks/cases.rs"]
mod cases;
#[path = "attacks/roots.rs"]
mod roots;
#[path = "attacks/sockets.rs"]
mod sockets;
#[path = "attacks/through_the_proxy.rs"]
mod through_the_proxy;

use arena::{Mode, World};
use cases::{ATTACKS, Attack};

/// What of the host a case can attack.
struct Host {
    victim: Child,
    _tcp: TcpListener,
    udp: UdpSocket,
    _sockets: Vec<UnixListener>,
    _datagrams: UnixDatagram,
    id: String,
    port: u16,
}

impl Host {
    fn new(world: &World) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let id = format!(
            "{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let tcp = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = tcp.local_addr().expect("it has one").port();
        let udp = UdpSocket::bind(("127.0.0.1", port)).expect("the same port");
        udp.set_nonblocking(true).expect("set");
        let abstract_name = SocketAddr::from_abstract_name(format!("fishplate-{id}"));
        let sockets = vec![
            UnixListener::bind_addr(&abstract_name.expect("a name")).expect("bound"),
            UnixListener::bind(world.path("outside/sock")).expect("bound"),
            UnixListener::bind(world.path("ws/sock")).expect("bound"),
        ];
        let datagrams = UnixDatagram::bind(world.path("outside/datagrams")).expect("bound");
        world.own();
        let mut victim = if world.mode.root || !arena::is_root() {
            Command::new("sleep")
        } else {
            let mut command = Command::new("setpriv");
            command.args([
                "--reuid",
                "65534",
                "--regid",
                "65534",
                "--clear-groups",
                "sleep",
            ]);
            command
        };
        let victim = victim
            .arg("60")
            .env("A", "SECRET-VARIABLE")
            .stdin(Stdio::null())
            .spawn()
            .expect("a victim");
        // It is another program first, of another user, until it has become what it is; its arguments come last.
        let arguments = format!("/proc/{}/cmdline", victim.id());
        while fs::read(&arguments).is_ok_and(|arguments| arguments != b"sleep\x0060\0") {
            std::thread::yield_now();
        }
        Self {
            victim,
            _tcp: tcp,
            udp,
            _sockets: sockets,
            _datagrams: datagrams,
            id,
            port,
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.victim.kill();
        let _ = self.victim.wait();
    }
}

struct Run {
    succeeded: bool,
    weaker: Vec<String>,
    text: String,
}

fn run(attack: &Attack, mode: Mode, confined: bool) -> Run {
    let world = World::new(mode);
    let mut host = Host::new(&world);
    let variables = [
        ("V", host.victim.id().to_string()),
        ("PORT", host.port.to_string()),
        ("ID", host.id.clone()),
    ];
    let command = match attack.language {
        "python3" => ["/usr/bin/python3", "-c", attack.script],
        _ => ["/bin/sh", "-c", attack.script],
    };
    let (output, weaker) = if confined {
        let ended = world.confined(&world.policy(), &command, &variables);
        assert!(
            ended.told.is_object(),
            "{}: was not started: {}",
            attack.name,
            ended.stderr()
        );
        let weaker = ended.weaker();
        (ended.output, weaker)
    } else {
        (world.plain(&command, &variables), Vec::new())
    };
    let out = world.path("out");
    fs::write(&out, &output.stdout).expect("written");
    let hex: Vec<u8> = output
        .stdout
        .iter()
        .copied()
        .skip_while(|byte| *byte != b':')
        .collect();
    fs::write(world.path("out.hex"), hex).expect("written");
    if host.udp.recv(&mut [0; 8]).is_ok() {
        fs::write(world.path("outside/datagram"), "").expect("written");
    }
    // A killed victim is a zombie until it is waited for.
    let _ = host.victim.try_wait();
    let proof = Command::new("sh")
        .args(["-c", attack.proof])
        .env("W", world.path("ws"))
        .env("O", world.path("outside"))
        .env("S", world.path("secret"))
        .env("HOME", world.path("home"))
        .env("OUT", &out)
        .envs(variables)
        .output()
        .expect("a shell");
    Run {
        succeeded: proof.status.success(),
        weaker,
        text: format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        ),
    }
}

/// Whether it succeeds as it is; asked once for each user.
fn unconfined(attack: &Attack, mode: Mode) -> Result<(), String> {
    type Known = Mutex<HashMap<(&'static str, bool), Result<(), String>>>;
    static KNOWN: LazyLock<Known> = LazyLock::new(Known::default);
    let key = (attack.name, mode.root);
    if let Some(known) = KNOWN.lock().expect("not poisoned").get(&key) {
        return known.clone();
    }
    let plain = run(attack, mode, false);
    let found = if plain.succeeded {
        Ok(())
    } else {
        Err(plain.text)
    };
    KNOWN
        .lock()
        .expect("not poisoned")
        .insert(key, found.clone());
    found
}

fn attack_all(mode: Mode) {
    if !arena::modes().contains(&mode) {
        return arena::skip(&format!("{mode:?}"), "only root can test it");
    }
    let mut problems = Vec::new();
    let mut count = 0;
    for attack in ATTACKS {
        if attack.root_only && !mode.root {
            continue;
        }
        if let Err(text) = unconfined(attack, mode) {
            if attack.not_everywhere {
                arena::skip(attack.name, "this machine allows it nowhere");
            } else {
                problems.push(format!(
                    "{}: cannot fail, unconfined it says {text}",
                    attack.name
                ));
            }
            continue;
        }
        let confined = run(attack, mode, true);
        let open = attack.weaker.filter(|_| mode.means == "landlock");
        match open {
            Some(clause) if confined.succeeded => {
                if !confined.weaker.iter().any(|weaker| weaker == clause) {
                    problems.push(format!(
                        "{}: succeeds, and {clause} is not reported",
                        attack.name
                    ));
                }
            }
            Some(clause) => problems.push(format!("{}: {clause} is held after all", attack.name)),
            None if confined.succeeded => {
                problems.push(format!("{}: SUCCEEDS: {}", attack.name, confined.text));
            }
            None => count += 1,
        }
    }
    let _ = writeln!(std::io::stderr(), "{mode:?}: {count} attacks held");
    assert!(problems.is_empty(), "{mode:?}:\n{}", problems.join("\n"));
}

#[test]
fn as_root_with_user_namespaces() {
    attack_all(Mode {
        root: true,
        means: "user",
    });
}

#[test]
fn as_root_without_user_namespaces() {
    attack_all(Mode {
        root: true,
        means: "privileged",
    });
}

#[test]
fn as_root_without_namespaces() {
    attack_all(Mode {
        root: true,
        means: "landlock",
    });
}

#[test]
fn as_nobody_with_user_namespaces() {
    attack_all(Mode {
        root: false,
        means: "user",
    });
}

#[test]
fn as_nobody_without_namespaces() {
    attack_all(Mode {
        root: false,
        means: "landlock",
    });
}

/// Mounts are made in a namespace of the test's own, so that nothing is left on the machine.
#[test]
fn a_secret_that_is_mounted_a_second_time_is_covered_there_too() {
    let mode = Mode {
        root: true,
        means: "user",
    };
    if !arena::is_root() {
        return arena::skip("a second mount of a secret", "only root can mount");
    }
    let world = World::new(mode);
    fs::create_dir(world.path("twin")).expect("made");
    fs::create_dir(world.path("part")).expect("made");
    fs::create_dir(world.path("secret/inner")).expect("made");
    fs::write(world.path("secret/inner/key"), "SECRET-KEY").expect("written");
    let confine = format!(
        "{} {} {} '{}' user cat twin/secret/key part/key",
        arena::confine().display(),
        arena::helper().display(),
        world.base.display(),
        serde_json::json!({ "readDeny": [world.path("secret")] }),
    );
    let script = format!(
        "mount --bind . twin && mount --bind secret/inner part && cat twin/secret/key part/key && echo ---- && {confine}"
    );
    let output = Command::new("unshare")
        .args(["-m", "sh", "-c", &script])
        .current_dir(&world.base)
        .output()
        .expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(text, "SECRET-KEY\nSECRET-KEY----\n", "{output:?}");
}

/// A plan goes by paths: what a command moves away with a directory above it would be open to the next one.
#[test]
fn a_secret_is_not_moved_out_of_its_cover_with_a_directory_above_it() {
    for mode in arena::modes() {
        let world = World::new(mode);
        fs::create_dir_all(world.path("ws/secrets/deep")).expect("made");
        fs::create_dir_all(world.path("ws/real/deep")).expect("made");
        for folder in ["secrets", "real"] {
            let key = world.path(&format!("ws/{folder}/deep/key"));
            fs::write(key, "SECRET-KEY").expect("written");
        }
        world.own();
        let policy = serde_json::json!({
            "readDeny": [world.path("ws/secrets/deep"), world.path("ws/real/deep/key")],
            "require": "none",
        });
        let script = "mv secrets s2; mv real r2; mv r2/deep r3; mv real/deep r4; touch fine";
        let moved = world.confined(&policy, &["sh", "-c", script], &[]);
        assert_eq!(moved.told["exitCode"], 0, "{mode:?}: {}", moved.stderr());
        let script = "cat */key */*/key";
        let read = world.confined(&policy, &["sh", "-c", script], &[]);
        let is_read = read.stdout().contains("SECRET-KEY");
        if mode.means == "landlock" {
            assert!(
                read.weaker().iter().any(|clause| clause == "readDeny"),
                "{mode:?}: {:?}",
                read.weaker()
            );
        } else {
            assert!(!is_read, "{mode:?}: {:?}", world.left());
            // `mv` may copy what it cannot move, as far as it can read it.
            for folder in ["secrets", "real"] {
                let key = world.path(&format!("ws/{folder}/deep/key"));
                assert!(key.exists(), "{mode:?}: {:?}", world.left());
            }
        }
    }
}

/// What is reported as weaker is exactly what the cases above find open, and what no case can ask.
#[test]
fn what_is_weaker_without_namespaces_is_told_clause_by_clause() {
    for mode in arena::modes() {
        let world = World::new(mode);
        let ended = world.confined(&world.policy(), &["true"], &[]);
        let mut weaker = ended.weaker();
        // What runs on this machine beside the tests decides about it.
        weaker.retain(|clause| clause != "hostSockets");
        let expected: &[&str] = if mode.means == "landlock" {
            &[
                "metadata",
                "hostProcesses",
                "treeKill",
                "protectedPaths",
                "privateTmp",
            ]
        } else {
            &[]
        };
        assert_eq!(weaker, expected, "{mode:?}");
    }
}
