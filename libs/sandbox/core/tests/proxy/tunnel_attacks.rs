//! Attacks through tunnels, by CONNECT and SOCKS.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::Ordering;
use std::time::Duration;

use fishplate_sandbox::proxy::Proxy;

use crate::support::{
    Names, Server, answer_http, codes, dial, echo, hello, read_all, read_some, socks, socks_name,
    start, tunnel,
};

const ALERT: &[u8] = &[21, 3, 3, 0, 2, 2, 112];

fn proxy_to(server: &Server) -> (Proxy, String) {
    let proxy = start(
        &server.entries("good.test"),
        &Names::of("good.test", server),
    );
    (proxy, format!("good.test:{}", server.port()))
}

/// What comes back when this is said in a tunnel.
fn say(stream: &mut TcpStream, bytes: &[u8]) -> Vec<u8> {
    stream.write_all(bytes).expect("the proxy reads");
    let _ = stream.shutdown(Shutdown::Write);
    read_all(stream)
}

#[test]
fn a_hello_with_the_tunnels_name_gets_through() {
    let server = Server::echo();
    let (proxy, target) = proxy_to(&server);
    for name in ["good.test", "GOOD.Test"] {
        let bytes = hello(&[name], 16384);
        assert_eq!(say(&mut tunnel(&proxy, &target), &bytes), bytes);
    }
    assert!(proxy.violations().is_empty());
}

#[test]
fn a_hello_for_another_name_is_refused_by_an_alert() {
    let server = Server::echo();
    let (proxy, target) = proxy_to(&server);
    for name in [
        "evil.test",
        "good.test.evil.test",
        "x.good.test",
        "good.test\0.evil.test",
        "127.0.0.1",
    ] {
        let answer = say(&mut tunnel(&proxy, &target), &hello(&[name], 16384));
        assert_eq!(answer, ALERT, "{name}");
    }
    assert_eq!(server.text(), "");
    assert_eq!(codes(&proxy), ["good.test other-host"]);
}

#[test]
fn a_hello_without_a_name_is_refused() {
    let server = Server::echo();
    let (proxy, target) = proxy_to(&server);
    assert_eq!(say(&mut tunnel(&proxy, &target), &hello(&[], 16384)), ALERT);
    assert_eq!(server.text(), "");
    // An address has no name that could be sent.
    let address = server.address.to_string();
    let bytes = hello(&[], 16384);
    assert_eq!(say(&mut tunnel(&proxy, &address), &bytes), bytes);
    assert_eq!(
        say(&mut tunnel(&proxy, &address), &hello(&["evil.test"], 16384)),
        ALERT
    );
}

#[test]
fn a_hello_with_two_names_is_refused() {
    let server = Server::echo();
    let (proxy, target) = proxy_to(&server);
    let bytes = hello(&["good.test", "evil.test"], 16384);
    assert_eq!(say(&mut tunnel(&proxy, &target), &bytes), ALERT);
    assert_eq!(server.text(), "");
}

#[test]
fn a_name_cut_over_records_and_packets_is_read_whole() {
    let server = Server::echo();
    let (proxy, target) = proxy_to(&server);
    for (name, size) in [
        ("good.test", 1),
        ("good.test", 7),
        ("evil.test", 1),
        ("evil.test", 50),
    ] {
        let bytes = hello(&[name], size);
        let mut stream = tunnel(&proxy, &target);
        stream.set_nodelay(true).expect("no delay");
        for part in bytes.chunks(11) {
            stream.write_all(part).expect("the proxy reads");
            std::thread::sleep(Duration::from_millis(1));
        }
        let _ = stream.shutdown(Shutdown::Write);
        let answer = read_all(&mut stream);
        assert_eq!(answer == bytes, name == "good.test", "{name} {size}");
        assert_eq!(answer == ALERT, name == "evil.test", "{name} {size}");
    }
}

/// A server that asks for a second hello, and sends back what comes then.
fn retrying() -> Server {
    const RETRY: [u8; 32] = [
        0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8,
        0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8,
        0x33, 0x9c,
    ];
    Server::new(|mut connection| {
        connection.read_until(b"good.test");
        std::thread::sleep(Duration::from_millis(200));
        let head = [22, 3, 3, 0, 42, 2, 0, 0, 38, 3, 3];
        let _ = connection
            .stream
            .write_all(&[&head[..], &RETRY, &[0, 0x13, 1, 0]].concat()[..47]);
        echo(connection);
    })
}

#[test]
fn a_second_hello_for_another_name_is_refused() {
    let server = retrying();
    let (proxy, target) = proxy_to(&server);
    let first = hello(&["good.test"], 16384);
    let (change, early) = ([20, 3, 3, 0, 1, 1], [23, 3, 3, 0, 3, 7, 7, 7]);
    for (second, is_good) in [
        (hello(&["good.test"], 16384), true),
        (hello(&["good.test"], 5), true),
        (hello(&["evil.test"], 16384), false),
        (hello(&["evil.test"], 5), false),
        (hello(&[], 16384), false),
        (hello(&["good.test", "evil.test"], 16384), false),
    ] {
        for between in [[].as_slice(), &change, &[&early[..], &change[..]].concat()] {
            // In the same packet, and behind the server's answer.
            for is_early in [true, false] {
                let mut stream = tunnel(&proxy, &target);
                let rest = [between, &second].concat();
                if is_early {
                    stream
                        .write_all(&[first.as_slice(), &rest].concat())
                        .expect("the proxy reads");
                    stream.read_exact(&mut [0; 47]).expect("an answer");
                } else {
                    stream.write_all(&first).expect("the proxy reads");
                    stream.read_exact(&mut [0; 47]).expect("an answer");
                    stream.write_all(&rest).expect("the proxy reads");
                }
                let _ = stream.shutdown(Shutdown::Write);
                let answer = read_all(&mut stream);
                assert_eq!(answer.ends_with(&second), is_good, "{answer:?}");
                assert_eq!(answer.ends_with(ALERT), !is_good, "{answer:?}");
            }
        }
    }
    assert!(!server.text().contains("evil"));
}

#[test]
fn a_hello_behind_another_record_is_refused() {
    let server = Server::echo();
    let (proxy, target) = proxy_to(&server);
    let first = hello(&["good.test"], 20);
    let alert_between = [&first[..25], &[21, 3, 3, 0, 2, 1, 0], &first[25..]].concat();
    assert_eq!(say(&mut tunnel(&proxy, &target), &alert_between), ALERT);
    assert_eq!(server.text(), "");
}

#[test]
fn plain_http_in_a_tunnel_is_for_the_tunnels_host_only() {
    let server = Server::new(answer_http);
    let (proxy, target) = proxy_to(&server);
    let good = format!("GET / HTTP/1.1\r\nHost: {target}\r\n\r\n");
    let evil = "GET /secret HTTP/1.1\r\nHost: evil.test\r\n\r\n";
    let answer = say(&mut tunnel(&proxy, &target), good.as_bytes());
    assert!(answer.starts_with(b"HTTP/1.1 200"));
    let answer = say(&mut tunnel(&proxy, &target), evil.as_bytes());
    assert!(answer.starts_with(b"HTTP/1.1 403"));
    // Behind a good one, in the same packet.
    let answer = say(
        &mut tunnel(&proxy, &target),
        format!("{good}{evil}").as_bytes(),
    );
    let answer = String::from_utf8_lossy(&answer);
    assert_eq!(
        (
            answer.matches(" 200 OK").count(),
            answer.matches(" 403 ").count()
        ),
        (1, 1),
        "{answer}"
    );
    assert!(!server.text().contains("secret"));
    assert_eq!(codes(&proxy), ["good.test other-host"]);
}

#[test]
fn lines_that_only_lenient_servers_take_for_http_are_refused() {
    let server = Server::new(answer_http);
    let (proxy, target) = proxy_to(&server);
    for bytes in [
        "get / http/1.1\r\nHost: evil.test\r\n\r\n",
        "\r\n\r\nGET / HTTP/1.1\r\nHost: evil.test\r\n\r\n",
        "\n\nGET / HTTP/1.1\nHost: evil.test\n\n",
        "GET\t/\tHTTP/1.1\r\nHost: evil.test\r\n\r\n",
        "GET / HTTP/1.1\nHost: evil.test\n\n",
        "GET http://evil.test/ HTTP/1.1\r\nHost: GOOD\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: GOOD\r\nHost: evil.test\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "CONNECT evil.test:443 HTTP/1.1\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let answer = say(
            &mut tunnel(&proxy, &target),
            bytes.replace("GOOD", &target).as_bytes(),
        );
        let answer = String::from_utf8_lossy(&answer);
        assert!(
            answer.starts_with("HTTP/1.1 4") || answer.starts_with("HTTP/1.1 505"),
            "{bytes:?}: {answer}"
        );
    }
    assert_eq!(server.text(), "");
}

#[test]
fn a_first_line_that_waits_is_still_read_as_http() {
    let server = Server::new(answer_http);
    let (proxy, target) = proxy_to(&server);
    let mut stream = tunnel(&proxy, &target);
    for part in [
        "GE",
        "T /secr",
        "et HTT",
        "P/1.1\r",
        "\nHost: evil.test\r\n\r\n",
    ] {
        stream.write_all(part.as_bytes()).expect("the proxy reads");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(read_all(&mut stream).starts_with(b"HTTP/1.1 403"));
    // One that waits beyond the time does not get through by it.
    let mut stream = tunnel(&proxy, &target);
    stream
        .write_all(b"GET /secret HT")
        .expect("the proxy reads");
    assert_eq!(read_all(&mut stream), b"");
    assert_eq!(server.text(), "");
}

#[test]
fn other_protocols_through_443_and_80_are_refused() {
    for port in [443, 80] {
        let Some(server) = Server::on_port(port, echo) else {
            continue;
        };
        let names = Names::of("good.test", &server);
        let proxy = start(
            &["good.test".into(), server.address.ip().to_string()],
            &names,
        );
        let target = format!("good.test:{port}");
        for bytes in [
            b"SSH-2.0-evil\r\n".as_slice(),
            b"\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10",
            b"GET /\r\n",
            b"\0\0\0\0",
            b"\x16\x02\x00\x00\x05hello",
        ] {
            assert_eq!(say(&mut tunnel(&proxy, &target), bytes), b"", "{bytes:?}");
        }
        assert_eq!(server.text(), "");
        assert_eq!(codes(&proxy), ["good.test unknown-protocol"]);
        let bytes = hello(&["good.test"], 16384);
        assert_eq!(say(&mut tunnel(&proxy, &target), &bytes), bytes);
    }
}

#[test]
fn a_named_port_carries_other_protocols_also_those_where_the_server_speaks_first() {
    let server = Server::new(|mut connection| {
        let _ = connection.stream.write_all(b"220 ready\r\n");
        echo(connection);
    });
    let (proxy, target) = proxy_to(&server);
    let mut stream = tunnel(&proxy, &target);
    assert_eq!(read_some(&mut stream), b"220 ready\r\n");
    stream.write_all(b"EHLO me\r\n").expect("the proxy reads");
    assert_eq!(read_some(&mut stream), b"EHLO me\r\n");
}

#[test]
fn bytes_sent_with_the_connect_request_are_checked_too() {
    let server = Server::echo();
    let (proxy, target) = proxy_to(&server);
    for (name, is_good) in [("good.test", true), ("evil.test", false)] {
        let head = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n");
        let bytes = [head.as_bytes(), &hello(&[name], 16384)].concat();
        let answer = say(&mut dial(&proxy), &bytes);
        assert_eq!(answer.ends_with(ALERT), !is_good);
    }
    assert!(!server.text().contains("evil"));
}

#[test]
fn socks_reaches_what_is_allowed_by_name_and_nothing_else() {
    let server = Server::echo();
    let (proxy, _) = proxy_to(&server);
    let (reply, mut stream) = socks(&proxy, &socks_name(b"Good.Test.", server.port()));
    assert_eq!(reply, 0);
    assert_eq!(
        say(&mut stream, &hello(&["good.test"], 100)),
        hello(&["good.test"], 100)
    );
    let (reply, mut stream) = socks(&proxy, &socks_name(b"good.test", server.port()));
    assert_eq!(reply, 0);
    assert_eq!(say(&mut stream, &hello(&["evil.test"], 100)), ALERT);
    for (request, expected) in [
        (socks_name(b"evil.test", 443), 2),
        (socks_name(b"good.test", 22), 2),
        (socks_name(b"good.test\0evil", 443), 2),
        (socks_name(b"", 443), 2),
        (socks_name(b"good.test\r\nx", 443), 2),
        (vec![5, 1, 0, 1, 127, 0, 0, 1, 0, 80], 2),
        (vec![5, 1, 0, 1, 169, 254, 169, 254, 0, 80], 2),
        ([&[5, 1, 0, 4], [0; 16].as_slice(), &[0, 80]].concat(), 2),
        (vec![5, 2, 0, 1, 127, 0, 0, 1, 0, 80], 7),
        (vec![5, 3, 0, 1, 127, 0, 0, 1, 0, 80], 7),
        (vec![5, 1, 0, 9, 127, 0, 0, 1, 0, 80], 8),
    ] {
        let (reply, mut stream) = socks(&proxy, &request);
        assert_eq!(reply, expected, "{request:?}");
        assert_eq!(read_all(&mut stream), b"");
    }
}

#[test]
fn socks_with_a_password_and_older_socks_are_refused() {
    let server = Server::echo();
    let (proxy, _) = proxy_to(&server);
    assert_eq!(say(&mut dial(&proxy), &[5, 1, 2]), [5, 0xff]);
    assert_eq!(say(&mut dial(&proxy), &[4, 1, 0, 80, 127, 0, 0, 1, 0]), b"");
    assert_eq!(say(&mut dial(&proxy), &hello(&["good.test"], 100)), b"");
}

#[test]
fn socks_that_stops_in_the_middle_is_ended() {
    let server = Server::echo();
    let (proxy, _) = proxy_to(&server);
    for bytes in [[5].as_slice(), &[5, 1], &[5, 1, 0, 5, 1, 0, 3, 200]] {
        let mut stream = dial(&proxy);
        stream.write_all(bytes).expect("the proxy reads");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an end");
        assert!(answer.is_empty() || answer == [5, 0], "{answer:?}");
    }
    assert_eq!(server.connections.load(Ordering::Relaxed), 0);
}
