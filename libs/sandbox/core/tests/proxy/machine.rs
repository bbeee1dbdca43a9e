//! A service of this machine behind a public address of its own. In a network namespace with nothing but a loopback device.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::sync::atomic::Ordering;

use crate::support::{Names, Server, codes, echo, start, talk};

const PUBLIC: Ipv4Addr = Ipv4Addr::new(8, 8, 4, 4);

#[test]
fn the_machines_own_public_address_is_refused_unless_it_is_named() {
    let script = "ip link set lo up && ip address add 8.8.4.4/32 dev lo && exec \"$0\" --exact --ignored machine::in_a_namespace";
    let this = std::env::current_exe().expect("this program");
    let output = Command::new("unshare")
        .args(["--net", "--map-root-user", "sh", "-c", script])
        .arg(this)
        .output();
    match output {
        Ok(output) => {
            let (out, error) = (
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr),
            );
            if out.contains("running 1 test") {
                assert!(output.status.success(), "{out}{error}");
            } else {
                eprintln!("skipped: no network namespace: {error}");
            }
        }
        Err(error) => eprintln!("skipped: no unshare: {error}"),
    }
}

#[test]
#[ignore = "runs in a network namespace, by the test above"]
fn in_a_namespace() {
    let server = Server::start(SocketAddr::new(PUBLIC.into(), 0), echo).expect("a server");
    let port = server.port();
    let names = Names::new(&[("me.test", &[&["8.8.4.4"]])]);
    let proxy = start(&[format!("me.test:{port}")], &names);
    let head = format!("CONNECT me.test:{port} HTTP/1.1\r\n\r\n");
    let answer = talk(&proxy, head.as_bytes());
    assert!(
        answer.starts_with("HTTP/1.1 403") && answer.contains("an address of this machine"),
        "{answer}"
    );
    assert_eq!(codes(&proxy), ["me.test special-address"]);
    assert_eq!(server.text(), "");
    let proxy = start(&server.entries("me.test"), &names);
    assert!(talk(&proxy, head.as_bytes()).starts_with("HTTP/1.1 200"));
    assert!(server.connections.load(Ordering::Relaxed) > 0);
}
