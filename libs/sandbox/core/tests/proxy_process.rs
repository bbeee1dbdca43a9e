//! What the proxy costs its process: threads, descriptors, memory. One test in a process of its own, since others would count.
//!
//! `FISHPLATE_PROXY_BYTES=1000000000 cargo test -p fishplate-sandbox --release --test proxy_process -- --nocapture` sends 1 GB and
//! prints figures.
#![cfg(target_os = "linux")]

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use fishplate_sandbox::proxy::{AllowList, Options, Proxy};

const CONNECTIONS: usize = 200;

/// A value of /proc/self/status.
fn status(name: &str) -> usize {
    let text = fs::read_to_string("/proc/self/status").expect("procfs");
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .expect(name);
    let number = line
        .trim_start_matches(':')
        .split_whitespace()
        .next()
        .expect("a number");
    number.parse().expect("a number")
}

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").expect("procfs").count()
}

fn proxy_threads() -> usize {
    let tasks = fs::read_dir("/proc/self/task").expect("procfs");
    let name =
        |task: fs::DirEntry| fs::read_to_string(task.path().join("comm")).unwrap_or_default();
    tasks
        .filter_map(Result::ok)
        .map(name)
        .filter(|name| name.starts_with("fishplate"))
        .count()
}

fn tunnel(proxy: &Proxy, target: &str) -> TcpStream {
    let mut stream = TcpStream::connect(proxy.address()).expect("the proxy");
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .expect("a timeout");
    write!(stream, "CONNECT {target} HTTP/1.1\r\n\r\n").expect("the proxy reads");
    let mut answer = [0; b"HTTP/1.1 200 Connection established\r\n\r\n".len()];
    stream.read_exact(&mut answer).expect("an answer");
    stream
}

/// Sends as much as it is asked for.
fn serve(mut stream: TcpStream) {
    let mut request = [0; 8];
    while stream.read_exact(&mut request).is_ok() {
        let mut left = u64::from_be_bytes(request);
        let part = vec![0xa5; 256 * 1024];
        while left > 0 {
            let length = usize::try_from(left).unwrap_or(usize::MAX).min(part.len());
            if stream.write_all(&part[..length]).is_err() {
                return;
            }
            left -= length as u64;
        }
    }
}

fn fetch(stream: &mut TcpStream, bytes: u64) -> f64 {
    let begin = Instant::now();
    // The first byte makes it no HTTP and no TLS.
    stream
        .write_all(&bytes.to_be_bytes())
        .expect("the other side reads");
    let (mut left, mut buffer) = (bytes, vec![0; 256 * 1024]);
    while left > 0 {
        let length = stream.read(&mut buffer).expect("bytes");
        assert!(length > 0, "{left} bytes are missing");
        left -= length as u64;
    }
    begin.elapsed().as_secs_f64()
}

#[test]
fn threads_descriptors_and_memory_are_bounded_and_given_back() {
    let bytes = std::env::var("FISHPLATE_PROXY_BYTES")
        .map_or(100_000_000, |text| text.parse().expect("a number"));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let server = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let spawned = std::thread::Builder::new()
                .stack_size(64 * 1024)
                .spawn(|| serve(stream));
            spawned.expect("a thread");
        }
    });
    let target = server.to_string();
    let before = descriptors();
    let list = AllowList::parse(std::slice::from_ref(&target)).expect("a list");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let proxy = Proxy::start(listener, list, Options::default()).expect("a proxy");

    let mut first = tunnel(&proxy, &target);
    fetch(&mut first, 1_000_000);
    let quiet = status("VmRSS");
    let through = fetch(&mut first, bytes);
    let grown = status("VmRSS").saturating_sub(quiet);
    let mut direct = TcpStream::connect(server).expect("the server");
    let without = fetch(&mut direct, bytes);
    println!(
        "{bytes} bytes: {through:.2} s through the proxy, {without:.2} s without, {:.2} as fast; {grown} KiB grown",
        without / through
    );
    assert!(grown < 8 * 1024, "{grown} KiB for one transfer");

    let quiet = status("VmRSS");
    let mut many: Vec<_> = (1..CONNECTIONS).map(|_| tunnel(&proxy, &target)).collect();
    many.iter_mut().for_each(|stream| {
        fetch(stream, 100_000);
    });
    let grown = status("VmRSS").saturating_sub(quiet);
    println!(
        "{CONNECTIONS} connections, idle behind 100 kB each: {grown} KiB grown, threads and buffers of the server included"
    );
    assert!(
        grown < 16 * 1024,
        "{grown} KiB for {CONNECTIONS} connections"
    );
    assert_eq!(proxy_threads(), 1);

    proxy.shutdown();
    // A thread that has been waited for can be seen for a moment still.
    let begin = Instant::now();
    while proxy_threads() > 0 && begin.elapsed() < Duration::from_secs(5) {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(proxy_threads(), 0);
    drop((first, many, direct));
    let begin = Instant::now();
    // The server's own descriptors close as its threads see the end.
    while descriptors() > before {
        assert!(
            begin.elapsed() < Duration::from_secs(10),
            "{} descriptors, {before} before",
            descriptors()
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}
