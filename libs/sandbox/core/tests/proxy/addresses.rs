//! Attacks by what names lead to, and by how addresses are written.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;

use crate::support::{
    Names, Server, codes, loopback, read_some, socks, socks_name, start, talk, tunnel,
};

fn connect(target: &str) -> Vec<u8> {
    format!("CONNECT {target} HTTP/1.1\r\n\r\n").into_bytes()
}

#[test]
fn a_name_that_leads_inside_is_refused_unless_the_address_is_named() {
    for address in [
        "127.0.0.1",
        "0.0.0.0",
        "10.1.2.3",
        "172.20.0.1",
        "192.168.0.1",
        "169.254.1.1",
        "169.254.169.254",
        "168.63.129.16",
        "100.64.0.1",
        "100.100.100.200",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "64:ff9b::a00:1",
        "64:ff9b:1::1",
        "2002:7f00:1::1",
        "2001:0:7f00:1::1",
        "fd00:ec2::254",
        "fc00::1",
        "fe80::1",
        "ff02::1",
        "2001:db8::1",
    ] {
        let names = Names::new(&[("good.test", &[&[address]])]);
        // The same address with another port, and another one with this port, do not count.
        let proxy = start(
            &[
                "good.test".into(),
                "127.0.0.1:444".into(),
                "10.1.2.4".into(),
            ],
            &names,
        );
        let answer = talk(&proxy, &connect("good.test:443"));
        assert!(answer.starts_with("HTTP/1.1 403"), "{address}: {answer}");
        assert_eq!(codes(&proxy), ["good.test special-address"], "{address}");
        let entry = proxy
            .violations()
            .first()
            .and_then(fishplate_sandbox::proxy::Denial::entry);
        assert!(
            answer.contains(&format!("add {:?}", entry.expect("an entry"))),
            "{answer}"
        );
    }
}

#[test]
fn a_named_address_is_reached_through_a_name_and_by_itself() {
    let server = Server::echo();
    let names = Names::of("good.test", &server);
    let proxy = start(&server.entries("good.test"), &names);
    for target in [
        format!("good.test:{}", server.port()),
        server.address.to_string(),
    ] {
        let mut stream = tunnel(&proxy, &target);
        stream.write_all(b"ping\n").expect("the proxy reads");
        assert_eq!(read_some(&mut stream), b"ping\n");
    }
    assert_eq!(names.count(), 1);
}

#[test]
fn a_name_that_changes_its_address_after_the_check_gains_nothing() {
    // The good server stands for a public one; the secret one is not named.
    let good = Server::http();
    let address = SocketAddr::new(loopback().into(), good.port());
    let secret = Server::start(address, crate::support::answer_http).expect("a server");
    let (first, second) = (
        good.address.ip().to_string(),
        secret.address.ip().to_string(),
    );
    let names = Names::new(&[("rebind.test", &[&[&first], &[&second]])]);
    let proxy = start(&good.entries("rebind.test"), &names);
    let target = format!("rebind.test:{}", good.port());
    // One tunnel, several requests: all go where the check was made.
    let mut stream = tunnel(&proxy, &target);
    for _ in 0..3 {
        write!(stream, "GET / HTTP/1.1\r\nHost: {target}\r\n\r\n").expect("the proxy reads");
        let mut answer = String::new();
        while !answer.contains("Connection: close\r\n\r\n") {
            answer += &String::from_utf8_lossy(&read_some(&mut stream));
        }
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    assert_eq!(names.count(), 1);
    // The next one asks again, and is refused.
    assert!(talk(&proxy, &connect(&target)).starts_with("HTTP/1.1 403"));
    assert_eq!(names.count(), 2);
    assert_eq!(secret.connections.load(Ordering::Relaxed), 0);
}

#[test]
fn of_several_addresses_only_the_permitted_ones_are_tried() {
    let good = Server::echo();
    let address = SocketAddr::new(loopback().into(), good.port());
    let secret = Server::start(address, crate::support::echo).expect("a server");
    let (inside, outside) = (
        secret.address.ip().to_string(),
        good.address.ip().to_string(),
    );
    let names = Names::new(&[("mixed.test", &[&[&inside, &outside, "169.254.169.254"]])]);
    let proxy = start(&good.entries("mixed.test"), &names);
    let mut stream = tunnel(&proxy, &format!("mixed.test:{}", good.port()));
    stream.write_all(b"ping\n").expect("the proxy reads");
    assert_eq!(read_some(&mut stream), b"ping\n");
    assert_eq!(secret.connections.load(Ordering::Relaxed), 0);
}

#[test]
fn addresses_in_odd_spellings_are_refused_without_asking_anybody() {
    let server = Server::echo();
    let names = Names::new(&[]);
    let port = server.port();
    let proxy = start(&[format!("127.0.0.1:{port}"), "*.good.test".into()], &names);
    for host in [
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "127.1",
        "127.0.1",
        "0177.0.0.1",
        "127.0.0.1.",
        "127.0.0.01",
        "0",
        "[fe80::1%25lo]",
        "[::1%lo]",
        "[127.0.0.1]",
        "%31%32%37.0.0.1",
        "\u{ff11}27.0.0.1",
        "127\u{3002}0.0.1",
        "good.test:80:80",
    ] {
        let answer = talk(&proxy, &connect(&format!("{host}:{port}")));
        assert!(answer.starts_with("HTTP/1.1 400"), "{host}: {answer}");
        let head = format!("GET http://{host}:{port}/ HTTP/1.1\r\nHost: x\r\n\r\n");
        let answer = talk(&proxy, head.as_bytes());
        assert!(answer.starts_with("HTTP/1.1 400"), "{host}: {answer}");
        assert_eq!(
            socks(&proxy, &socks_name(host.as_bytes(), port)).0,
            2,
            "{host}"
        );
    }
    let codes = codes(&proxy);
    for host in ["0x7f.1", "2130706433"] {
        assert!(codes.iter().any(|code| code.contains(host)), "{codes:?}");
    }
    assert_eq!(names.count(), 0);
    assert_eq!(server.connections.load(Ordering::Relaxed), 0);
}

#[test]
fn an_address_is_allowed_in_the_form_that_is_named_only() {
    let server = Server::echo();
    let names = Names::new(&[]);
    let address = server.address;
    let proxy = start(&[address.to_string()], &names);
    let mapped = format!("[::ffff:{}]:{}", address.ip(), address.port());
    assert!(talk(&proxy, &connect(&mapped)).starts_with("HTTP/1.1 403"));
    let other = format!("127.0.0.1:{}", address.port());
    assert!(talk(&proxy, &connect(&other)).starts_with("HTTP/1.1 403"));
    assert_eq!(server.connections.load(Ordering::Relaxed), 0);
    tunnel(&proxy, &address.to_string());
}

#[test]
fn localhost_is_this_machine_whatever_a_name_server_says() {
    let local = SocketAddr::new(std::net::Ipv4Addr::LOCALHOST.into(), 0);
    let server = Server::start(local, crate::support::echo).expect("a server");
    let names = Names::new(&[
        ("localhost", &[&["192.0.2.1"]]),
        ("app.localhost", &[&["192.0.2.1"]]),
    ]);
    let port = server.port();
    let proxy = start(
        &[format!("localhost:{port}"), format!("*.localhost:{port}")],
        &names,
    );
    for host in ["localhost", "LOCALHOST.", "app.localhost"] {
        let mut stream = tunnel(&proxy, &format!("{host}:{port}"));
        stream.write_all(b"ping\n").expect("the proxy reads");
        assert_eq!(read_some(&mut stream), b"ping\n");
    }
    assert_eq!(names.count(), 0);
    // The address by itself is not named by that.
    assert!(talk(&proxy, &connect(&server.address.to_string())).starts_with("HTTP/1.1 403"));
}

#[test]
fn a_name_without_an_address_and_a_port_without_a_server_are_told_apart() {
    let closed = Server::echo();
    let address = closed.address;
    drop(closed);
    let ip = address.ip().to_string();
    let names = Names::new(&[("closed.test", &[&[&ip]]), ("empty.test", &[&[]])]);
    let port = address.port();
    let entries =
        ["closed.test", "empty.test", "unknown.test"].map(|name| format!("{name}:{port}"));
    let proxy = start(
        &[entries.as_slice(), &[address.to_string()]].concat(),
        &names,
    );
    for (name, reply) in [("closed.test", 5), ("empty.test", 4), ("unknown.test", 4)] {
        let answer = talk(&proxy, &connect(&format!("{name}:{port}")));
        assert!(answer.starts_with("HTTP/1.1 502"), "{name}: {answer}");
        assert_eq!(
            socks(&proxy, &socks_name(name.as_bytes(), port)).0,
            reply,
            "{name}"
        );
    }
    assert!(proxy.violations().is_empty());
}
