//! Limits, times, ends.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use fishplate_sandbox::proxy::{Options, Resolve};

use crate::support::{
    Names, Server, dial, loopback, options, read_all, read_some, start, start_with, talk, tunnel,
    wait_for,
};

/// Answers when it is let.
struct Stuck(Mutex<Receiver<()>>);

impl Resolve for Stuck {
    fn resolve(&self, _name: &str) -> std::io::Result<Vec<std::net::IpAddr>> {
        let receiver = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = receiver.recv();
        Ok(Vec::new())
    }
}

#[test]
fn each_half_of_a_tunnel_ends_by_itself_and_no_tail_is_lost() {
    const LENGTH: usize = 3_000_000;
    // Answers only when the client has said all, and the client reads late.
    let server = Server::new(|mut connection| {
        let mut all = Vec::new();
        let _ = connection.read_to_end(&mut all);
        let _ = connection.stream.write_all(&all);
        let _ = connection.stream.write_all(b"tail");
    });
    let proxy = start(
        &server.entries("good.test"),
        &Names::of("good.test", &server),
    );
    let mut stream = tunnel(&proxy, &format!("good.test:{}", server.port()));
    let mut sent = vec![0; LENGTH];
    sent.iter_mut()
        .enumerate()
        .for_each(|(at, byte)| *byte = u8::try_from(at % 251).expect("small"));
    stream.write_all(&sent).expect("the proxy reads");
    stream.shutdown(Shutdown::Write).expect("an end");
    std::thread::sleep(Duration::from_millis(300));
    sent.extend_from_slice(b"tail");
    assert!(read_all(&mut stream) == sent);
}

#[test]
fn a_client_that_only_listens_hears_the_server_to_its_end() {
    let server = Server::new(|mut connection| {
        let _ = connection.stream.write_all(b"the time\r\n");
    });
    let proxy = start(
        &server.entries("good.test"),
        &Names::of("good.test", &server),
    );
    let mut stream = tunnel(&proxy, &format!("good.test:{}", server.port()));
    stream.shutdown(Shutdown::Write).expect("an end");
    assert_eq!(read_all(&mut stream), b"the time\r\n");
}

#[test]
fn a_broken_transfer_does_not_look_whole() {
    let server = Server::new(|mut connection| {
        connection.read_until(b"\r\n\r\n");
        let _ = connection
            .stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    });
    let proxy = start(
        &server.entries("good.test"),
        &Names::of("good.test", &server),
    );
    let mut stream = dial(&proxy);
    write!(
        stream,
        "GET http://good.test:{0}/ HTTP/1.1\r\nHost: good.test:{0}\r\n\r\n",
        server.port()
    )
    .expect("the proxy reads");
    let mut answer = Vec::new();
    let error = stream.read_to_end(&mut answer).expect_err("a reset");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[test]
fn an_answer_before_the_end_of_the_request_reaches_the_client() {
    let server = Server::new(|mut connection| {
        connection.read_until(b"\r\n\r\n");
        let _ = connection
            .stream
            .write_all(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
    });
    let proxy = start(
        &server.entries("good.test"),
        &Names::of("good.test", &server),
    );
    let mut stream = dial(&proxy);
    let head = format!(
        "POST http://good.test:{0}/ HTTP/1.1\r\nHost: good.test:{0}\r\nContent-Length: 50000000\r\n\r\n",
        server.port()
    );
    stream.write_all(head.as_bytes()).expect("the proxy reads");
    stream
        .write_all(&vec![b'x'; 100_000])
        .expect("the proxy reads");
    let answer = String::from_utf8_lossy(&read_all(&mut stream)).into_owned();
    assert!(
        answer.starts_with("HTTP/1.1 413") && answer.ends_with("\r\n\r\nno"),
        "{answer}"
    );
}

#[test]
fn a_receiver_that_does_not_read_holds_the_sender_back() {
    // Whoever buffers without a bound takes all of these at once.
    const OFFERED: usize = 200_000_000;
    let server = Server::new(|connection| {
        std::thread::sleep(Duration::from_secs(3));
        drop(connection);
    });
    let proxy = start(
        &server.entries("good.test"),
        &Names::of("good.test", &server),
    );
    let mut stream = tunnel(&proxy, &format!("good.test:{}", server.port()));
    stream
        .set_write_timeout(Some(Duration::from_millis(500)))
        .expect("a timeout");
    let part = vec![0; 1_000_000];
    let mut taken = 0;
    while taken < OFFERED {
        match stream.write(&part) {
            Ok(length) => taken += length,
            Err(_) => break,
        }
    }
    assert!(taken < OFFERED / 2, "{taken} bytes were taken");
}

#[test]
fn a_connection_without_a_byte_ends_and_one_that_moves_does_not() {
    let server = Server::echo();
    let names = Names::of("good.test", &server);
    let idle_time = Duration::from_millis(600);
    let proxy = start_with(
        &server.entries("good.test"),
        Options {
            idle_time,
            ..options(&names)
        },
    );
    let target = format!("good.test:{}", server.port());
    let (mut moving, mut idle) = (tunnel(&proxy, &target), tunnel(&proxy, &target));
    idle.write_all(b"once\n").expect("the proxy reads");
    assert_eq!(read_some(&mut idle), b"once\n");
    for _ in 0..8 {
        moving.write_all(b"ping\n").expect("the proxy reads");
        assert_eq!(read_some(&mut moving), b"ping\n");
        std::thread::sleep(Duration::from_millis(200));
    }
    idle.set_read_timeout(Some(Duration::from_millis(50)))
        .expect("a timeout");
    let result = idle.read(&mut [0; 10]);
    let is_over = match &result {
        Ok(length) => *length == 0,
        Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
    };
    assert!(is_over, "{result:?}");
}

#[test]
fn connections_beyond_the_bound_wait_for_their_turn() {
    let server = Server::echo();
    let names = Names::of("good.test", &server);
    let proxy = start_with(
        &server.entries("good.test"),
        Options {
            connections: 2,
            ..options(&names)
        },
    );
    let target = format!("good.test:{}", server.port());
    let (first, _second) = (tunnel(&proxy, &target), tunnel(&proxy, &target));
    let mut third = dial(&proxy);
    write!(third, "CONNECT {target} HTTP/1.1\r\n\r\n").expect("the system reads");
    third
        .set_read_timeout(Some(Duration::from_millis(300)))
        .expect("a timeout");
    assert!(third.read(&mut [0; 10]).is_err());
    drop(first);
    third
        .set_read_timeout(Some(Duration::from_secs(10)))
        .expect("a timeout");
    assert!(read_some(&mut third).starts_with(b"HTTP/1.1 200"));
}

#[test]
fn a_server_that_does_not_answer_is_given_up_in_time() {
    // A queue that is full: the system drops what comes further.
    let listener = TcpListener::bind((loopback(), 0)).expect("a listener");
    let address = listener.local_addr().expect("an address");
    let mut queued = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
        queued.push(stream);
        assert!(queued.len() < 10_000);
    }
    let names = Names::new(&[]);
    let connect_time = Duration::from_millis(500);
    let proxy = start_with(
        &[address.to_string()],
        Options {
            connect_time,
            ..options(&names)
        },
    );
    let head = format!("CONNECT {address} HTTP/1.1\r\n\r\n");
    assert!(talk(&proxy, head.as_bytes()).starts_with("HTTP/1.1 504"));
    // One that just connects does not hold the end up.
    let proxy = start(&[address.to_string()], &names);
    let mut stream = dial(&proxy);
    stream.write_all(head.as_bytes()).expect("the proxy reads");
    std::thread::sleep(Duration::from_millis(100));
    let begin = Instant::now();
    proxy.shutdown();
    assert!(begin.elapsed() < Duration::from_secs(1));
    assert_eq!(read_all(&mut stream), b"");
}

#[test]
fn a_resolver_that_hangs_is_given_up_and_holds_nothing_up() {
    let (sender, receiver) = channel();
    let connect_time = Duration::from_millis(400);
    let stuck = Options {
        resolver: Arc::new(Stuck(Mutex::new(receiver))),
        connect_time,
        lookups: 2,
        ..Options::default()
    };
    let server = Server::echo();
    let address = server.address.to_string();
    let proxy = start_with(&["slow.test".into(), address.clone()], stuck);
    let clients: Vec<_> = (0..6)
        .map(|_| {
            let mut stream = dial(&proxy);
            stream
                .write_all(b"CONNECT slow.test:443 HTTP/1.1\r\n\r\n")
                .expect("the proxy reads");
            stream
        })
        .collect();
    // Others are served meanwhile.
    tunnel(&proxy, &address);
    for mut stream in clients {
        assert!(read_all(&mut stream).starts_with(b"HTTP/1.1 504"));
    }
    let mut stream = dial(&proxy);
    stream
        .write_all(b"CONNECT slow.test:443 HTTP/1.1\r\n\r\n")
        .expect("the proxy reads");
    let begin = Instant::now();
    proxy.shutdown();
    assert!(begin.elapsed() < Duration::from_secs(1));
    assert_eq!(read_all(&mut stream), b"");
    drop(sender);
}

#[test]
fn a_shutdown_ends_every_connection_and_closes_the_socket() {
    let server = Server::http();
    let names = Names::of("good.test", &server);
    let proxy = start(&server.entries("good.test"), &names);
    let address = proxy.address();
    let target = format!("good.test:{}", server.port());
    let mut streams: Vec<_> = (0..20).map(|_| tunnel(&proxy, &target)).collect();
    streams.push(dial(&proxy));
    proxy.shutdown();
    for mut stream in streams {
        assert_eq!(read_all(&mut stream), b"");
    }
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn each_denial_is_told_once_while_it_happens() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let list = Arc::clone(&told);
    let names = Names::new(&[]);
    let proxy = start_with(
        &["good.test".into()],
        Options {
            on_denial: Some(Arc::new(move |denial| {
                list.lock().expect("a lock").push(denial.clone());
            })),
            ..options(&names)
        },
    );
    for _ in 0..3 {
        talk(&proxy, b"CONNECT evil.test:443 HTTP/1.1\r\n\r\n");
        talk(&proxy, b"CONNECT evil.test:444 HTTP/1.1\r\n\r\n");
    }
    wait_for("two denials", || told.lock().expect("a lock").len() == 2);
    assert_eq!(*told.lock().expect("a lock"), proxy.violations());
}
