//! A client that speaks HTTP: to the proxy, or in a tunnel to a server.

use std::net::SocketAddr;

use tokio::time::{Instant, timeout};

use super::Shared;
use super::connect::{OpenError, open, reopen};
use super::denial::{Denial, DenialReason};
use super::exchange::{Outcome, exchange};
use super::fields::HeadError;
use super::host::Host;
use super::request::{Request, Target, read_request};
use super::stream::{Peer, ReadError, pass_both};
use super::tunnel;

/// Where a tunnel leads, once it is checked and open.
pub(super) struct Endpoint {
    pub(super) host: Host,
    pub(super) port: u16,
    pub(super) address: SocketAddr,
}

/// What a client gets instead of a response of a server.
struct Refusal {
    status: u16,
    text: String,
}

impl Refusal {
    fn new(status: u16, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { status, text }
    }
}

impl From<OpenError> for Refusal {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Denied(denial) => Self::new(403, denial.to_string()),
            OpenError::NoAddress(problem) => Self::new(502, problem),
            OpenError::Unreachable(error) => {
                Self::new(502, format!("the host cannot be reached: {error}"))
            }
            OpenError::TimedOut => Self::new(504, "the host does not answer"),
        }
    }
}

/// Serves requests for any host that the policy allows.
pub(super) async fn serve(shared: &Shared, mut client: Peer) {
    loop {
        let request = match read(shared, &mut client).await {
            Ok(Some(request)) => request,
            Ok(None) => return client.finish().await,
            Err(refusal) => return refuse(client, &refusal).await,
        };
        let (host, port, path) = match &request.target {
            Target::Tunnel { host, port } => {
                return connect(shared, client, host, *port).await;
            }
            Target::Absolute { host, port, path } => (host, *port, path),
            Target::Origin { .. } => {
                let text = "this is a proxy: it takes CONNECT host:port and http:// URLs";
                return refuse(client, &Refusal::new(400, text)).await;
            }
        };
        if request.other_host(host, port).is_some() {
            return refuse(client, &mismatch(shared, &request, host, port, 400)).await;
        }
        let server = match open(shared, host, port).await {
            Ok(stream) => Peer::new(stream),
            Err(error) => return refuse(client, &error.into()).await,
        };
        match pass(shared, client, server, &request, host, port, path).await {
            Some(next) => client = next,
            None => return,
        }
    }
}

/// Serves requests in a tunnel, all for the host that the tunnel leads to.
pub(super) async fn serve_in_tunnel(
    shared: &Shared,
    mut client: Peer,
    server: Peer,
    endpoint: &Endpoint,
) {
    let Endpoint {
        host,
        port,
        address,
    } = endpoint;
    let mut server = Some(server);
    loop {
        let request = match read(shared, &mut client).await {
            Ok(Some(request)) => request,
            Ok(None) => return client.finish().await,
            Err(refusal) => return refuse(client, &refusal).await,
        };
        let path = match &request.target {
            Target::Origin { path } => path,
            Target::Absolute {
                host: named,
                port: named_port,
                path,
            } if named == host && named_port == port => path,
            _ => return refuse(client, &mismatch(shared, &request, host, *port, 403)).await,
        };
        if request.other_host(host, *port).is_some() {
            return refuse(client, &mismatch(shared, &request, host, *port, 403)).await;
        }
        let connection = match server.take() {
            Some(server) => server,
            None => match reopen(shared, *address).await {
                Ok(stream) => Peer::new(stream),
                Err(error) => return refuse(client, &error.into()).await,
            },
        };
        match pass(shared, client, connection, &request, host, *port, path).await {
            Some(next) => client = next,
            None => return,
        }
    }
}

/// Passes one request on. `None` where the client's connection has ended with it.
async fn pass(
    shared: &Shared,
    mut client: Peer,
    server: Peer,
    request: &Request,
    host: &Host,
    port: u16,
    path: &str,
) -> Option<Peer> {
    let head = request.write(host, port, path);
    match exchange(&shared.options, &mut client, server, request, &head).await {
        Outcome::Next => return Some(client),
        Outcome::Close => client.finish().await,
        Outcome::Upgraded(server) => pass_both(client, server, shared.options.idle_time).await,
        Outcome::NoResponse(problem) => refuse(client, &Refusal::new(502, problem)).await,
        Outcome::Abort => client.abort(),
    }
    None
}

/// `Host` does not count here: Node puts the proxy's own into it, and it goes nowhere.
async fn connect(shared: &Shared, mut client: Peer, host: &Host, port: u16) {
    let (server, address) = match tunnel::open_server(shared, host, port).await {
        Ok(opened) => opened,
        Err(error) => return refuse(client, &error.into()).await,
    };
    let endpoint = Endpoint {
        host: host.clone(),
        port,
        address,
    };
    if tunnel::answer(&mut client, b"HTTP/1.1 200 Connection established\r\n\r\n").await {
        tunnel::serve(shared, client, server, &endpoint).await;
    }
}

/// Reads the next request; `None` where the client sends no more, or not in time.
async fn read(shared: &Shared, client: &mut Peer) -> Result<Option<Request>, Refusal> {
    let options = &shared.options;
    if client.reader.bytes().is_empty() {
        match timeout(options.idle_time, client.reader.fill()).await {
            Ok(Ok(length)) if length > 0 => {}
            _ => return Ok(None),
        }
    }
    let deadline = Instant::now() + options.head_time;
    let parse = |bytes: &[u8]| read_request(bytes, options.head_bytes);
    match client.reader.read_message(deadline, parse).await {
        Ok((request, length)) => {
            client.reader.consume(length);
            Ok(Some(request))
        }
        Err(ReadError::Ended) => Ok(None),
        Err(ReadError::TimedOut) => Err(Refusal::new(408, "the request's head takes too long")),
        Err(ReadError::Refused(error)) => {
            if let HeadError::Host { text, error, .. } = &error {
                shared.denials.record(&Denial::malformed(text, *error));
            }
            Err(Refusal::new(error.status(), error.to_string()))
        }
    }
}

fn mismatch(shared: &Shared, request: &Request, host: &Host, port: u16, status: u16) -> Refusal {
    let asked = match (&request.target, request.other_host(host, port)) {
        (_, Some(authority)) => authority.to_string(),
        (Target::Absolute { host, port, .. } | Target::Tunnel { host, port }, None) => {
            format!("{host}:{port}")
        }
        (Target::Origin { path }, None) => path.clone(),
    };
    let denial = Denial::new(host, port, DenialReason::other_host(Some(&asked)));
    shared.denials.record(&denial);
    Refusal::new(status, denial.to_string())
}

async fn refuse(mut client: Peer, refusal: &Refusal) {
    let Refusal { status, text } = refusal;
    let reason = match status {
        400 => "Bad Request",
        403 => "Forbidden",
        408 => "Request Timeout",
        431 => "Request Header Fields Too Large",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        _ => "Bad Gateway",
    };
    let head = format!(
        "HTTP/1.1 {status} {reason}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\nfishplate sandbox: {text}\n",
        "fishplate sandbox: \n".len() + text.len()
    );
    if tunnel::answer(&mut client, head.as_bytes()).await {
        client.finish().await;
    }
}
