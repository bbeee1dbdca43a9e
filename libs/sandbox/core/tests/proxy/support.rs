//! Servers on loopback addresses of their own, a resolver that says what it is told, and clients that write bytes.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use fishplate_sandbox::proxy::{AllowList, Options, Proxy, Resolve};

/// An address of 127.0.0.0/8 that no other test of this run uses.
pub fn loopback() -> Ipv4Addr {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    let process = std::process::id().to_be_bytes();
    Ipv4Addr::new(
        127,
        64 | (process[2] & 63),
        process[3],
        NEXT.fetch_add(1, Ordering::Relaxed),
    )
}

/// A server, which ends when it is dropped.
pub struct Server {
    pub address: SocketAddr,
    /// What it has received, all connections together.
    pub received: Arc<Mutex<Vec<u8>>>,
    pub connections: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// One connection of a server: reads are remembered.
pub struct Connection {
    pub stream: TcpStream,
    received: Arc<Mutex<Vec<u8>>>,
}

impl Read for Connection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.stream.read(buffer)?;
        let mut received = self.received.lock().expect("a lock");
        received.extend_from_slice(&buffer[..length]);
        Ok(length)
    }
}

impl Connection {
    /// Reads until this stands at the end of what came, or the client ends.
    pub fn read_until(&mut self, end: &[u8]) -> Vec<u8> {
        let (mut bytes, mut byte) = (Vec::new(), [0]);
        while !bytes.ends_with(end) && self.read(&mut byte).is_ok_and(|length| length == 1) {
            bytes.push(byte[0]);
        }
        bytes
    }
}

impl Server {
    pub fn start(
        address: SocketAddr,
        serve: impl Fn(Connection) + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        listener.set_nonblocking(true)?;
        let received = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(AtomicUsize::new(0));
        let is_over = Arc::new(AtomicBool::new(false));
        let (all, count, over, serve) = (
            Arc::clone(&received),
            Arc::clone(&connections),
            Arc::clone(&is_over),
            Arc::new(serve),
        );
        let thread = std::thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok((stream, _)) => {
                        count.fetch_add(1, Ordering::Relaxed);
                        stream.set_nonblocking(false).expect("a blocking stream");
                        stream
                            .set_read_timeout(Some(Duration::from_secs(10)))
                            .expect("a timeout");
                        let (received, serve) = (Arc::clone(&all), Arc::clone(&serve));
                        std::thread::spawn(move || serve(Connection { stream, received }));
                    }
                    Err(_) => std::thread::sleep(Duration::from_millis(2)),
                }
            }
        });
        Ok(Self {
            address,
            received,
            connections,
            is_over,
            thread: Some(thread),
        })
    }

    /// On an address of its own, any port.
    pub fn new(serve: impl Fn(Connection) + Send + Sync + 'static) -> Self {
        Self::start(SocketAddr::new(loopback().into(), 0), serve).expect("a server")
    }

    /// On a port of the web; `None`, with a word, where this user may not.
    pub fn on_port(port: u16, serve: impl Fn(Connection) + Send + Sync + 'static) -> Option<Self> {
        match Self::start(SocketAddr::new(loopback().into(), port), serve) {
            Ok(server) => Some(server),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                eprintln!("skipped: this user may not listen on port {port}");
                None
            }
            Err(error) => panic!("port {port}: {error}"),
        }
    }

    /// Answers each request of HTTP with what it got.
    pub fn http() -> Self {
        Self::new(answer_http)
    }

    /// Sends back what comes.
    pub fn echo() -> Self {
        Self::new(echo)
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.received.lock().expect("a lock")).into_owned()
    }

    /// Entries of a list that let a name reach this server.
    pub fn entries(&self, name: &str) -> Vec<String> {
        vec![format!("{name}:{}", self.port()), self.address.to_string()]
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

pub fn echo(mut connection: Connection) {
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = connection.read(&mut buffer) {
        if connection.stream.write_all(&buffer[..length]).is_err() {
            return;
        }
    }
}

/// Reads one request, with a body of a known length or in chunks, and answers with its head.
pub fn answer_http(mut connection: Connection) {
    let head = connection.read_until(b"\r\n\r\n");
    let text = String::from_utf8_lossy(&head).into_owned();
    let field = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name))
            .map(|value| value.trim().to_owned())
    };
    if field("Expect:").is_some() {
        let _ = connection
            .stream
            .write_all(b"HTTP/1.1 100 Continue\r\n\r\n");
    }
    if let Some(length) = field("Content-Length:") {
        let mut body = vec![0; length.parse().expect("a length")];
        let _ = connection.read_exact(&mut body);
    } else if field("Transfer-Encoding:").is_some() {
        connection.read_until(b"0\r\n\r\n");
    }
    let response = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", head.len());
    let _ = connection
        .stream
        .write_all(&[response.as_bytes(), &head].concat());
}

/// Says what it is told: the answers to a name one after the other, the last for good.
#[derive(Default)]
pub struct Names {
    answers: Mutex<HashMap<String, Vec<Vec<IpAddr>>>>,
    pub lookups: AtomicUsize,
}

impl Names {
    pub fn new(names: &[(&str, &[&[&str]])]) -> Arc<Self> {
        let address = |text: &&str| text.parse().expect("an address");
        let answer = |answer: &&[&str]| answer.iter().map(address).collect();
        let entry = |(name, answers): &(&str, &[&[&str]])| {
            ((*name).to_owned(), answers.iter().map(answer).collect())
        };
        Arc::new(Self {
            answers: Mutex::new(names.iter().map(entry).collect()),
            lookups: AtomicUsize::new(0),
        })
    }

    /// One name that leads to a server.
    pub fn of(name: &str, server: &Server) -> Arc<Self> {
        Self::new(&[(name, &[&[&server.address.ip().to_string()]])])
    }

    pub fn count(&self) -> usize {
        self.lookups.load(Ordering::Relaxed)
    }
}

impl Resolve for Names {
    fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        self.lookups.fetch_add(1, Ordering::Relaxed);
        let mut all = self.answers.lock().expect("a lock");
        let answers = all.get_mut(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(if answers.len() > 1 {
            answers.remove(0)
        } else {
            answers[0].clone()
        })
    }
}

pub fn options(names: &Arc<Names>) -> Options {
    Options {
        resolver: Arc::clone(names) as Arc<dyn Resolve>,
        head_time: Duration::from_secs(2),
        connect_time: Duration::from_secs(4),
        ..Options::default()
    }
}

pub fn start_with(entries: &[String], options: Options) -> Proxy {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let list = AllowList::parse(entries).expect("a list");
    Proxy::start(listener, list, options).expect("a proxy")
}

pub fn start(entries: &[String], names: &Arc<Names>) -> Proxy {
    start_with(entries, options(names))
}

pub fn dial(proxy: &Proxy) -> TcpStream {
    let stream = TcpStream::connect(proxy.address()).expect("the proxy");
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .expect("a timeout");
    stream
}

pub fn read_some(stream: &mut TcpStream) -> Vec<u8> {
    let mut buffer = vec![0; 65536];
    let length = stream.read(&mut buffer).expect("bytes");
    buffer.truncate(length);
    buffer
}

/// All that comes until the end; a reset is an end too.
pub fn read_all(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            panic!("nothing ends: {bytes:?}")
        }
        _ => bytes,
    }
}

/// Sends bytes, and reads to the end of the answer.
pub fn talk(proxy: &Proxy, bytes: &[u8]) -> String {
    let mut stream = dial(proxy);
    stream.write_all(bytes).expect("the proxy reads");
    let _ = stream.shutdown(Shutdown::Write);
    String::from_utf8_lossy(&read_all(&mut stream)).into_owned()
}

/// Opens a tunnel by CONNECT.
pub fn tunnel(proxy: &Proxy, target: &str) -> TcpStream {
    let mut stream = dial(proxy);
    write!(
        stream,
        "CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n"
    )
    .expect("the proxy reads");
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("an answer");
        answer.push(byte[0]);
    }
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    stream
}

/// The reply to a SOCKS request, and the connection.
pub fn socks(proxy: &Proxy, request: &[u8]) -> (u8, TcpStream) {
    let mut stream = dial(proxy);
    stream.write_all(&[5, 1, 0]).expect("the proxy reads");
    let mut method = [0; 2];
    stream.read_exact(&mut method).expect("a method");
    assert_eq!(method, [5, 0]);
    stream.write_all(request).expect("the proxy reads");
    let mut reply = [0; 10];
    stream.read_exact(&mut reply).expect("a reply");
    assert_eq!((reply[0], reply[2], reply[3]), (5, 0, 1));
    (reply[1], stream)
}

/// A SOCKS request for a name.
pub fn socks_name(name: &[u8], port: u16) -> Vec<u8> {
    let length = u8::try_from(name.len()).expect("short");
    [&[5, 1, 0, 3, length], name, &port.to_be_bytes()].concat()
}

/// The codes of what was refused.
pub fn codes(proxy: &Proxy) -> Vec<String> {
    let code = |denial: fishplate_sandbox::proxy::Denial| {
        format!("{} {}", denial.host, denial.reason.code())
    };
    proxy.violations().into_iter().map(code).collect()
}

/// Waits until something is so.
pub fn wait_for(what: &str, is_so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < Duration::from_secs(10), "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn vector16(content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).expect("short");
    [&length.to_be_bytes(), content].concat()
}

/// A hello of TLS that asks for these names, one extension each, in records of at most `size` bytes.
pub fn hello(names: &[&str], size: usize) -> Vec<u8> {
    let extension = |name: &&str| {
        let list = vector16(&[&[0], vector16(name.as_bytes()).as_slice()].concat());
        [&[0, 0], vector16(&list).as_slice()].concat()
    };
    let extensions: Vec<_> = names.iter().flat_map(extension).collect();
    let body = [
        [3, 3].as_slice(),
        &[7; 32],
        &[0],
        &[0, 2, 0x13, 1],
        &[1, 0],
        &vector16(&extensions),
    ]
    .concat();
    let length = u32::try_from(body.len()).expect("short").to_be_bytes();
    let message = [&[1], &length[1..], &body].concat();
    let record = |part: &[u8]| [[22, 3, 1].as_slice(), &vector16(part)].concat();
    message.chunks(size).flat_map(record).collect()
}
