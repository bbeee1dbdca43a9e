//! Tunnels, by CONNECT or SOCKS: what the client says first is checked before a byte of it goes on.
//!
//! | first bytes | ports 80 and 443 | other ports |
//! | --- | --- | --- |
//! | TLS | the server's name (SNI) must be the tunnel's host | the same |
//! | a line of HTTP/1 | each request is read, and its `Host` must be the tunnel's | the same |
//! | anything else | refused | passed on: who allows `db.example.com:5432` allows what is spoken there |
//!
//! Of a TLS connection nothing but its first messages can be seen: not what is asked for behind it, nor the name within an
//! encrypted hello (ECH), whose outer name is checked.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, timeout};

use super::Shared;
use super::allow_list::DEFAULT_PORTS;
use super::connect::{OpenError, open};
use super::denial::{Denial, DenialReason};
use super::handshake::{Checked, check};
use super::host::Host;
use super::http::{Endpoint, serve_in_tunnel};
use super::opening::{Opening, opening};
use super::socks::{
    NO_AUTHENTICATION, NO_METHOD, Reply, SocksError, VERSION, read_greeting, read_request,
};
use super::stream::{Peer, ReadError, pass_both};

/// TLS's fatal alert "unrecognized_name".
const ALERT: &[u8] = &[21, 3, 3, 0, 2, 2, 112];
/// How long a client may take to receive an answer of the proxy's own.
const ANSWER_TIME: Duration = Duration::from_secs(10);

/// Serves a client that speaks SOCKS.
pub(super) async fn serve_socks(shared: &Shared, mut client: Peer) {
    let deadline = Instant::now() + shared.options.head_time;
    let greeting = client.reader.read_message(deadline, read_greeting).await;
    let Ok((is_open, length)) = greeting else {
        return;
    };
    client.reader.consume(length);
    let method = if is_open {
        NO_AUTHENTICATION
    } else {
        NO_METHOD
    };
    if !answer(&mut client, &[VERSION, method]).await || !is_open {
        return client.finish().await;
    }
    let (host, port) = match client.reader.read_message(deadline, read_request).await {
        Ok((host, port, length)) => {
            client.reader.consume(length);
            (host, port)
        }
        Err(ReadError::Refused(error)) => {
            if let SocksError::Host { text, error } = &error {
                shared.denials.record(&Denial::malformed(text, *error));
            }
            answer(&mut client, &error.reply().bytes()).await;
            return client.finish().await;
        }
        Err(ReadError::Ended | ReadError::TimedOut) => return,
    };
    match open_server(shared, &host, port).await {
        Ok((server, address)) => {
            if answer(&mut client, &Reply::Succeeded.bytes()).await {
                let endpoint = Endpoint {
                    host,
                    port,
                    address,
                };
                serve(shared, client, server, &endpoint).await;
            }
        }
        Err(error) => {
            answer(&mut client, &reply(&error).bytes()).await;
            client.finish().await;
        }
    }
}

/// Connects to where a tunnel leads.
pub(super) async fn open_server(
    shared: &Shared,
    host: &Host,
    port: u16,
) -> Result<(Peer, SocketAddr), OpenError> {
    let stream = open(shared, host, port).await?;
    let address = stream.peer_addr().map_err(OpenError::Unreachable)?;
    Ok((Peer::new(stream), address))
}

/// Writes an answer of the proxy's own. Whether it could be written in time.
pub(super) async fn answer(client: &mut Peer, bytes: &[u8]) -> bool {
    matches!(
        timeout(ANSWER_TIME, client.writer.write_all(bytes)).await,
        Ok(Ok(()))
    )
}

/// Serves an open tunnel to its end.
pub(super) async fn serve(
    shared: &Shared,
    mut client: Peer,
    mut server: Peer,
    endpoint: &Endpoint,
) {
    let is_web = DEFAULT_PORTS.contains(&endpoint.port);
    let Some(opening) = listen(shared, &mut client, &mut server, is_web).await else {
        return;
    };
    let denied = match opening {
        Opening::Http => return serve_in_tunnel(shared, client, server, endpoint).await,
        Opening::Tls => {
            let checked = check(shared, &mut client, &mut server, &endpoint.host);
            match timeout(shared.options.idle_time, checked).await {
                Ok(Checked::Passed) => None,
                Ok(Checked::Denied(reason)) => Some(reason),
                Ok(Checked::Gone) | Err(_) => return,
            }
        }
        Opening::Other if is_web => Some(DenialReason::UnknownProtocol),
        Opening::Other | Opening::Undecided => None,
    };
    match denied {
        None => pass_both(client, server, shared.options.idle_time).await,
        Some(reason) => {
            let denial = Denial::new(&endpoint.host, endpoint.port, reason);
            shared.denials.record(&denial);
            if opening == Opening::Tls {
                answer(&mut client, ALERT).await;
            }
            client.finish().await;
        }
    }
}

/// Waits until the client's protocol can be told; `None` where it never can. Meanwhile a server that speaks first is heard,
/// unless the port is one of the web's, where none does. [`Opening::Undecided`] is a client that has sent all it will.
async fn listen(
    shared: &Shared,
    client: &mut Peer,
    server: &mut Peer,
    is_web: bool,
) -> Option<Opening> {
    let options = &shared.options;
    let mut deadline = Instant::now() + options.idle_time;
    let mut is_server_heard = !is_web;
    loop {
        let has_begun = !client.reader.bytes().is_empty();
        match opening(client.reader.bytes()) {
            Opening::Undecided => {}
            known => return Some(known),
        }
        tokio::select! {
            result = client.reader.fill() => match result {
                Ok(0) if is_web => return None,
                // A client that only listens, or whose few bytes are no request of HTTP.
                Ok(0) => return Some(Opening::Undecided),
                Ok(_) if !has_begun => deadline = Instant::now() + options.head_time,
                Ok(_) => {}
                Err(_) => return None,
            },
            result = server.reader.fill(), if is_server_heard => match result {
                Ok(0) => is_server_heard = false,
                Ok(length) => {
                    if !answer(client, server.reader.bytes()).await {
                        return None;
                    }
                    server.reader.consume(length);
                    if !has_begun {
                        deadline = Instant::now() + options.idle_time;
                    }
                }
                Err(_) => return None,
            },
            () = tokio::time::sleep_until(deadline) => return None,
        }
    }
}

fn reply(error: &OpenError) -> Reply {
    use std::io::ErrorKind;
    match error {
        OpenError::Denied(_) => Reply::NotAllowed,
        OpenError::NoAddress(_) => Reply::HostUnreachable,
        OpenError::TimedOut => Reply::TimedOut,
        OpenError::Unreachable(error) => match error.kind() {
            ErrorKind::ConnectionRefused => Reply::Refused,
            ErrorKind::NetworkUnreachable => Reply::NetworkUnreachable,
            ErrorKind::HostUnreachable => Reply::HostUnreachable,
            ErrorKind::TimedOut => Reply::TimedOut,
            _ => Reply::Failure,
        },
    }
}
