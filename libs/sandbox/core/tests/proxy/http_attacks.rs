//! Attacks by plain HTTP to the proxy.

use std::io::{Read, Write};

use crate::support::{Names, Server, codes, dial, read_some, start, talk};

struct Case {
    server: Server,
    proxy: fishplate_sandbox::proxy::Proxy,
}

/// A server that the list has as good.test.
fn case() -> Case {
    let server = Server::http();
    let names = Names::of("good.test", &server);
    let proxy = start(&server.entries("good.test"), &names);
    Case { server, proxy }
}

impl Case {
    fn good(&self) -> String {
        format!("good.test:{}", self.server.port())
    }

    fn talk(&self, head: &str) -> String {
        talk(&self.proxy, head.replace("GOOD", &self.good()).as_bytes())
    }

    /// Nothing of an attack has reached the server.
    fn assert_untouched(&self) {
        assert_eq!(self.server.text(), "");
    }
}

fn status(answer: &str) -> &str {
    answer.get(9..12).unwrap_or(answer)
}

#[test]
fn what_is_allowed_gets_through() {
    let case = case();
    let answer = case.talk("GET http://GOOD/x?y HTTP/1.1\r\nHost: GOOD\r\n\r\n");
    assert_eq!(status(&answer), "200", "{answer}");
    let expected = format!(
        "GET /x?y HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        case.good()
    );
    assert!(answer.ends_with(&expected), "{answer}");
    assert!(case.proxy.violations().is_empty());
}

#[test]
fn a_host_off_the_list_is_refused_with_what_to_add() {
    let case = case();
    for _ in 0..2 {
        let answer = case.talk("GET http://evil.test/ HTTP/1.1\r\nHost: evil.test\r\n\r\n");
        assert_eq!(status(&answer), "403");
        let hint =
            "evil.test:80 is not in allowDomains; to allow it, add \"evil.test\" to allowDomains";
        assert!(answer.contains(hint), "{answer}");
        let answer = case.talk("CONNECT evil.test:443 HTTP/1.1\r\n\r\n");
        assert_eq!(status(&answer), "403");
    }
    assert_eq!(
        codes(&case.proxy),
        ["evil.test not-listed", "evil.test not-listed"]
    );
    case.assert_untouched();
}

#[test]
fn another_port_of_an_allowed_host_is_refused() {
    let case = case();
    let answer = case.talk("CONNECT good.test:22 HTTP/1.1\r\n\r\n");
    assert_eq!(status(&answer), "403");
    assert!(answer.contains("add \"good.test:22\""), "{answer}");
    assert_eq!(codes(&case.proxy), ["good.test other-port"]);
}

#[test]
fn names_that_look_like_an_allowed_one_are_refused() {
    let case = case();
    for name in [
        "evilgood.test",
        "good.test.evil.test",
        "good.tes",
        "x.good.test",
        "good-test",
    ] {
        let port = case.server.port();
        let answer = case.talk(&format!("CONNECT {name}:{port} HTTP/1.1\r\n\r\n"));
        assert_eq!(status(&answer), "403", "{name}");
    }
    case.assert_untouched();
}

#[test]
fn a_user_in_front_of_the_host_does_not_hide_it() {
    let case = case();
    for target in [
        "http://GOOD@evil.test/",
        "http://u:p@GOOD/",
        "http://evil.test\\@GOOD/",
        "http://evil.test#@GOOD/",
    ] {
        let answer = case.talk(&format!("GET {target} HTTP/1.1\r\nHost: GOOD\r\n\r\n"));
        assert_eq!(status(&answer), "400", "{target}");
    }
    case.assert_untouched();
}

#[test]
fn a_host_field_that_differs_from_the_target_is_refused() {
    let case = case();
    for host in ["evil.test", "good.test:1", "good.test.", "[::1]"] {
        let answer = case.talk(&format!(
            "GET http://GOOD/ HTTP/1.1\r\nHost: {host}\r\n\r\n"
        ));
        // The dot of the root makes no other name.
        let expected = if host == "good.test." { "200" } else { "400" };
        assert_eq!(status(&answer), expected, "{host}");
    }
    assert_eq!(codes(&case.proxy), ["good.test other-host"]);
    assert!(!case.server.text().contains("evil"));
}

#[test]
fn smuggled_requests_are_refused_before_the_server_sees_them() {
    let case = case();
    for fields in [
        "Content-Length: 6\r\nTransfer-Encoding: chunked",
        "Content-Length: 6\r\nContent-Length: 5",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding:\r\n chunked",
        "X: y\nTransfer-Encoding: chunked",
        "Host: GOOD",
        "Host: evil.test",
        "Connection: host",
        " Content-Length: 6",
    ] {
        let answer = case.talk(&format!(
            "POST http://GOOD/ HTTP/1.1\r\nHost: GOOD\r\n{fields}\r\n\r\n0\r\n\r\nX"
        ));
        assert_eq!(status(&answer), "400", "{fields}");
    }
    case.assert_untouched();
}

#[test]
fn a_request_within_a_body_is_no_request() {
    let case = case();
    let inner = "GET http://evil.test/ HTTP/1.1\r\nHost: evil.test\r\n\r\n";
    let answer = case.talk(&format!(
        "POST http://GOOD/ HTTP/1.1\r\nHost: GOOD\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{inner}",
        inner.len()
    ));
    assert_eq!(status(&answer), "200");
    assert!(case.proxy.violations().is_empty());
    assert!(case.server.text().ends_with(inner));
}

#[test]
fn a_malformed_chunk_ends_the_exchange() {
    let case = case();
    let answer = case.talk(
        "POST http://GOOD/ HTTP/1.1\r\nHost: GOOD\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n",
    );
    assert_eq!(answer, "");
    assert!(!case.server.text().contains("hello"));
}

#[test]
fn chunks_reach_the_server_without_extensions_and_trailers() {
    let case = case();
    let answer = case.talk(
        "POST http://GOOD/ HTTP/1.1\r\nHost: GOOD\r\nTransfer-Encoding: chunked\r\n\r\n5;evil=1\r\nhello\r\n0\r\nEvil: 1\r\n\r\n",
    );
    assert_eq!(status(&answer), "200");
    let text = case.server.text();
    assert!(text.ends_with("\r\n\r\n5\r\nhello\r\n0\r\n\r\n"), "{text}");
    assert!(!text.to_lowercase().contains("evil"), "{text}");
}

#[test]
fn a_second_request_for_another_host_on_the_same_connection_is_checked() {
    let case = case();
    let mut stream = dial(&case.proxy);
    let good = case.good();
    for _ in 0..2 {
        write!(
            stream,
            "GET http://{good}/ HTTP/1.1\r\nHost: {good}\r\n\r\n"
        )
        .expect("the proxy reads");
        let mut answer = String::new();
        while !answer.contains("Connection: close\r\n\r\n") {
            answer += &String::from_utf8_lossy(&read_some(&mut stream));
        }
        assert_eq!(status(&answer), "200");
    }
    write!(
        stream,
        "GET http://evil.test/ HTTP/1.1\r\nHost: evil.test\r\n\r\n"
    )
    .expect("the proxy reads");
    let answer = String::from_utf8_lossy(&read_some(&mut stream)).into_owned();
    assert_eq!(status(&answer), "403");
    assert_eq!(codes(&case.proxy), ["evil.test not-listed"]);
}

#[test]
fn pipelined_requests_for_different_hosts_are_checked_one_by_one() {
    let case = case();
    let answer = case.talk(
        "GET http://GOOD/1 HTTP/1.1\r\nHost: GOOD\r\n\r\nGET http://evil.test/2 HTTP/1.1\r\nHost: evil.test\r\n\r\n\
         GET http://GOOD/3 HTTP/1.1\r\nHost: GOOD\r\n\r\n",
    );
    assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 1, "{answer}");
    assert_eq!(answer.matches("HTTP/1.1 403").count(), 1, "{answer}");
    assert!(!case.server.text().contains("/3"));
}

#[test]
fn credentials_for_the_proxy_and_fields_of_one_connection_stay_here() {
    let case = case();
    let answer = case.talk(
        "GET http://GOOD/ HTTP/1.1\r\nHost: GOOD\r\nProxy-Authorization: Basic c2VjcmV0\r\nX-Hop: secret\r\n\
         Connection: close, X-Hop\r\nTE: trailers\r\nProxy-Connection: keep-alive\r\nAuthorization: mine\r\n\r\n",
    );
    assert_eq!(status(&answer), "200");
    let text = case.server.text();
    for gone in ["c2VjcmV0", "secret", "trailers", "keep-alive"] {
        assert!(!text.contains(gone), "{text}");
    }
    assert!(text.contains("Authorization: mine"));
}

#[test]
fn an_upgrade_to_http2_is_not_asked_for() {
    let case = case();
    let answer = case.talk(
        "GET http://GOOD/ HTTP/1.1\r\nHost: GOOD\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAA\r\n\r\n",
    );
    assert_eq!(status(&answer), "200");
    assert!(!case.server.text().contains("h2c") && !case.server.text().contains("Settings"));
}

#[test]
fn a_server_that_changes_protocols_unasked_is_cut_off() {
    let server = Server::new(|mut connection| {
        connection.read_until(b"\r\n\r\n");
        let answer = b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\nrest";
        let _ = connection.stream.write_all(answer);
    });
    let proxy = start(
        &server.entries("good.test"),
        &Names::of("good.test", &server),
    );
    let head = format!(
        "GET http://good.test:{0}/ HTTP/1.1\r\nHost: good.test:{0}\r\n\r\n",
        server.port()
    );
    let answer = talk(&proxy, head.as_bytes());
    assert_eq!(status(&answer), "502");
    assert!(!answer.contains("rest"));
}

#[test]
fn a_second_response_of_a_server_answers_no_other_request() {
    let server = Server::new(|mut connection| {
        connection.read_until(b"\r\n\r\n");
        let response = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
        let _ = write!(connection.stream, "{response}ok{response}no");
    });
    let proxy = start(
        &server.entries("good.test"),
        &Names::of("good.test", &server),
    );
    let head = format!(
        "GET http://good.test:{0}/ HTTP/1.1\r\nHost: good.test:{0}\r\n\r\n",
        server.port()
    );
    let answer = talk(&proxy, head.repeat(2).as_bytes());
    assert_eq!(answer.matches("\r\n\r\nok").count(), 2, "{answer}");
    assert!(!answer.contains("no"), "{answer}");
}

#[test]
fn responses_of_two_lengths_are_not_passed_on() {
    let server = Server::new(|mut connection| {
        connection.read_until(b"\r\n\r\n");
        let answer =
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
        let _ = connection.stream.write_all(answer);
    });
    let proxy = start(
        &server.entries("good.test"),
        &Names::of("good.test", &server),
    );
    let head = format!(
        "GET http://good.test:{0}/ HTTP/1.1\r\nHost: good.test:{0}\r\n\r\n",
        server.port()
    );
    assert_eq!(status(&talk(&proxy, head.as_bytes())), "502");
}

#[test]
fn a_head_without_an_end_is_refused() {
    let case = case();
    let answer = case.talk(&format!(
        "GET http://GOOD/ HTTP/1.1\r\nX: {}",
        "a".repeat(40_000)
    ));
    assert_eq!(status(&answer), "431");
    let mut stream = dial(&case.proxy);
    stream
        .write_all(b"GET http://good.test/ HTTP/1.1\r\n")
        .expect("the proxy reads");
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    assert_eq!(status(&answer), "408");
}

#[test]
fn a_head_that_drips_is_refused_in_time() {
    let case = case();
    let mut stream = dial(&case.proxy);
    let begin = std::time::Instant::now();
    let mut is_open = true;
    while is_open {
        is_open = stream.write_all(b"G").is_ok();
        std::thread::sleep(std::time::Duration::from_millis(100));
        assert!(begin.elapsed().as_secs() < 8, "still open");
    }
}

#[test]
fn an_expected_100_and_the_body_behind_it_get_through() {
    let case = case();
    let good = case.good();
    let mut stream = dial(&case.proxy);
    write!(stream, "POST http://{good}/ HTTP/1.1\r\nHost: {good}\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        .expect("the proxy reads");
    assert_eq!(read_some(&mut stream), b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"hello").expect("the proxy reads");
    let answer = String::from_utf8_lossy(&read_some(&mut stream)).into_owned();
    assert_eq!(status(&answer), "200");
    assert!(case.server.text().ends_with("\r\n\r\nhello"));
}

#[test]
fn a_websocket_is_passed_both_ways() {
    let server = Server::new(|mut connection| {
        let head = connection.read_until(b"\r\n\r\n");
        assert!(String::from_utf8_lossy(&head).contains("Upgrade: websocket"));
        let answer =
            b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nfirst";
        let _ = connection.stream.write_all(answer);
        crate::support::echo(connection);
    });
    let proxy = start(
        &server.entries("good.test"),
        &Names::of("good.test", &server),
    );
    let mut stream = dial(&proxy);
    write!(
        stream,
        "GET http://good.test:{0}/ HTTP/1.1\r\nHost: good.test:{0}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nearly",
        server.port()
    )
    .expect("the proxy reads");
    let mut answer = String::new();
    while !(answer.ends_with("firstearly")) {
        answer += &String::from_utf8_lossy(&read_some(&mut stream));
    }
    stream.write_all(b"more").expect("the proxy reads");
    assert_eq!(read_some(&mut stream), b"more");
}

#[test]
fn methods_and_targets_for_the_proxy_itself_are_refused() {
    let case = case();
    for line in [
        "GET /",
        "GET https://GOOD/",
        "GET ftp://GOOD/",
        "CONNECT good.test",
        "CONNECT http://GOOD",
        "OPTIONS *",
    ] {
        let answer = case.talk(&format!("{line} HTTP/1.1\r\nHost: GOOD\r\n\r\n"));
        assert_eq!(status(&answer), "400", "{line}");
    }
    case.assert_untouched();
}

#[test]
fn the_host_field_of_a_connect_opens_nothing() {
    let case = case();
    for (target, host, expected) in [
        ("GOOD", "127.0.0.1:1", "200"),
        ("evil.test:443", "GOOD", "403"),
        ("GOOD", "GOOD\r\nHost: GOOD", "400"),
        ("GOOD", "a b", "400"),
    ] {
        let answer = case.talk(&format!(
            "CONNECT {target} HTTP/1.1\r\nHost: {host}\r\n\r\n"
        ));
        assert_eq!(status(&answer), expected, "{target} {host}");
    }
}
