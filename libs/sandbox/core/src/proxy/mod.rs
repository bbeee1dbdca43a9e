//! The proxy that lets a sandboxed command reach the hosts of `allowDomains`, and nothing else.
//!
//! It runs outside the sandbox, on one thread of the supervising process, and is reached from inside by a listening socket
//! that it is handed: CONNECT, plain HTTP and SOCKS 5 on the same port. A name is resolved once, its addresses are checked,
//! and one of these is connected to; so nothing that a name server says later counts.
//!
//! The files that read what a client or a server writes are free of I/O: [`host`], [`allow_list`], [`address`],
//! [`fields`], [`request`], [`response`], [`chunked`], [`socks`], [`client_hello`], [`server_hello`], [`opening`].
//!
//! What it cannot see: which host is asked for behind TLS. A server that serves several names on one address and
//! certificate may answer a request for a name that the list does not have, if it stands inside the encrypted connection.

pub mod address;
pub mod allow_list;
mod body;
pub mod chunked;
pub mod client_hello;
mod connect;
pub mod denial;
mod exchange;
pub mod fields;
mod handshake;
pub mod host;
mod http;
pub mod opening;
pub mod request;
mod resolve;
pub mod response;
pub mod server_hello;
pub mod socks;
mod stream;
mod tunnel;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::LocalSet;
use tokio::time::{sleep, timeout};

pub use address::{AddressKind, special_kind};
pub use allow_list::{AllowList, AllowListError, EntryProblem, Verdict};
pub use denial::{Denial, DenialReason, OnDenial};
pub use host::{Authority, Host, HostError};
pub use resolve::{Resolve, SystemResolver};

/// How long no connection is taken after one could not be (no descriptors, no memory).
const PAUSE: Duration = Duration::from_millis(50);

/// Limits and times of a proxy, and whom it asks and tells.
#[derive(Clone)]
pub struct Options {
    /// The most bytes of a head of HTTP, of client and server: 32 KiB.
    pub head_bytes: usize,
    /// How long a client may take for a head, a SOCKS request or a TLS hello, from its first byte: 10 s.
    pub head_time: Duration,
    /// How many connections are served at once; more wait: 256.
    pub connections: usize,
    /// How long resolving and connecting may take together: 15 s.
    pub connect_time: Duration,
    /// How long a connection may stay without a byte in either direction: 10 minutes.
    pub idle_time: Duration,
    /// How many names are looked up at once: 8.
    pub lookups: usize,
    /// Who knows the addresses of names.
    pub resolver: Arc<dyn Resolve>,
    /// Who is told of each new denial, on the proxy's thread.
    pub on_denial: Option<OnDenial>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            head_bytes: 32 * 1024,
            head_time: Duration::from_secs(10),
            connections: 256,
            connect_time: Duration::from_secs(15),
            idle_time: Duration::from_secs(600),
            lookups: 8,
            resolver: Arc::new(SystemResolver),
            on_denial: None,
        }
    }
}

/// A running proxy. It ends with [`Proxy::shutdown`], and when it is dropped.
pub struct Proxy {
    address: SocketAddr,
    denials: Arc<denial::DenialLog>,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

/// What all connections of a proxy know.
struct Shared {
    list: AllowList,
    options: Options,
    lookups: resolve::Lookups,
    denials: Arc<denial::DenialLog>,
}

impl Proxy {
    /// Serves the clients of a listening socket, which the proxy closes at its end.
    ///
    /// # Errors
    ///
    /// Where the system gives no thread or no event queue, or the socket is none that listens.
    pub fn start(listener: TcpListener, list: AllowList, options: Options) -> io::Result<Self> {
        let address = listener.local_addr()?;
        listener.set_nonblocking(true)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()?;
        let listener = {
            let _context = runtime.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        let denials = Arc::new(denial::DenialLog::new(options.on_denial.clone()));
        let shared = Shared {
            list,
            lookups: resolve::Lookups::new(Arc::clone(&options.resolver), options.lookups),
            denials: Arc::clone(&denials),
            options,
        };
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("fishplate-proxy".into())
            .spawn(move || {
                let tasks = LocalSet::new();
                tasks.block_on(&runtime, async move {
                    tokio::select! {
                        _ = stopped => {}
                        () = accept(&listener, Rc::new(shared)) => {}
                    }
                });
                // Ends every connection: each is a task, and nothing else holds one.
                drop(tasks);
            })?;
        Ok(Self {
            address,
            denials,
            running: Some((stop, thread)),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What was refused so far: each host, port and kind of reason once, the first 1000 of them.
    pub fn violations(&self) -> Vec<Denial> {
        self.denials.list()
    }

    /// How many denials are missing from [`Proxy::violations`], since there were too many; those of one host are counted
    /// each.
    pub fn omitted_violations(&self) -> u64 {
        self.denials.omitted()
    }

    /// Ends the proxy with every connection, also those that are just being made, and its thread.
    ///
    /// A lookup that the system's resolver has not answered yet cannot be ended: its thread holds nothing of the proxy,
    /// and ends with the answer.
    pub fn shutdown(mut self) {
        self.stop();
    }

    fn stop(&mut self) {
        if let Some((stop, thread)) = self.running.take() {
            // It has ended by itself where nobody hears this.
            let _ = stop.send(());
            // A callback that drops its own proxy cannot wait for itself.
            if thread.thread().id() != std::thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn accept(listener: &tokio::net::TcpListener, shared: Rc<Shared>) {
    let permits = Arc::new(Semaphore::new(shared.options.connections.max(1)));
    while let Ok(permit) = Arc::clone(&permits).acquire_owned().await {
        match listener.accept().await {
            Ok((stream, _)) => {
                let shared = Rc::clone(&shared);
                tokio::task::spawn_local(async move {
                    serve(&shared, stream).await;
                    drop(permit);
                });
            }
            Err(_) => sleep(PAUSE).await,
        }
    }
}

async fn serve(shared: &Shared, stream: TcpStream) {
    // Where it cannot be set, small packets wait a little.
    let _ = stream.set_nodelay(true);
    let mut client = stream::Peer::new(stream);
    if !matches!(
        timeout(shared.options.head_time, client.reader.fill()).await,
        Ok(Ok(_))
    ) {
        return;
    }
    match client.reader.bytes() {
        [socks::VERSION, ..] => tunnel::serve_socks(shared, client).await,
        // TLS to the proxy itself, older SOCKS: nothing that an answer would be understood in.
        [byte, ..] if !byte.is_ascii_graphic() && *byte != b'\r' => {}
        _ => http::serve(shared, client).await,
    }
}
