//! The first messages of TLS in a tunnel, until nothing more of them can be read in the clear.
//!
//! A server may ask for a second hello, and a client could name another host in that. So no handshake record behind the
//! first hello goes on before the server's answer to it is known; what is sent early (0-RTT) is not held back.

use tokio::time::Instant;

use super::Shared;
use super::client_hello::{ClientHello, read_client_hello};
use super::denial::DenialReason;
use super::host::Host;
use super::server_hello::{ServerHello, read_server_hello, record};
use super::stream::{Activity, Peer, ReadError, write_all};

/// The most that is held back of a client, before the server has answered.
const MAX_HELD: usize = 64 * 1024;
const HANDSHAKE: u8 = 22;

/// How the first messages ended.
pub(super) enum Checked {
    /// All names are the tunnel's; what is not passed on yet is left in the readers.
    Passed,
    /// Not so.
    Denied(DenialReason),
    /// A side is gone, or too slow.
    Gone,
}

/// Checks and passes on what a client and a server of TLS say first. How long they may take is the caller's to say.
pub(super) async fn check(
    shared: &Shared,
    client: &mut Peer,
    server: &mut Peer,
    host: &Host,
) -> Checked {
    let activity = Activity::new(shared.options.idle_time);
    let length = match read_hello(shared, client, host).await {
        Ok(length) => length,
        Err(ended) => return ended,
    };
    let Ok(()) = pass(client, server, length, &activity).await else {
        return Checked::Gone;
    };
    let mut answer = Vec::new();
    let mut has_ended = false;
    loop {
        match read_server_hello(&answer) {
            ServerHello::Other => return Checked::Passed,
            ServerHello::Retry => break,
            ServerHello::Partial => {}
        }
        let held = client.reader.bytes().len();
        match record(client.reader.bytes()) {
            Some((kind, length)) if kind != HANDSHAKE && length <= held => {
                let Ok(()) = pass(client, server, length, &activity).await else {
                    return Checked::Gone;
                };
                continue;
            }
            // Nothing is left that could be a hello.
            None if has_ended && held == 0 => return Checked::Passed,
            _ => {}
        }
        tokio::select! {
            result = server.reader.fill() => match result {
                Ok(0) => return Checked::Gone,
                Ok(length) => {
                    answer.extend_from_slice(server.reader.bytes());
                    let sent = write_all(&mut client.writer, server.reader.bytes(), &activity);
                    let Ok(()) = sent.await else {
                        return Checked::Gone;
                    };
                    server.reader.consume(length);
                }
                Err(_) => return Checked::Gone,
            },
            result = client.reader.fill(), if !has_ended && held < MAX_HELD => match result {
                Ok(length) => has_ended = length == 0,
                Err(_) => return Checked::Gone,
            },
        }
    }
    retry(shared, client, server, host, &activity).await
}

/// Behind a HelloRetryRequest: passes on what is no handshake, and the second hello once it is checked.
async fn retry(
    shared: &Shared,
    client: &mut Peer,
    server: &mut Peer,
    host: &Host,
    activity: &Activity,
) -> Checked {
    let deadline = Instant::now() + shared.options.head_time;
    loop {
        let parse = |bytes: &[u8]| -> Result<_, ()> {
            Ok(record(bytes).filter(|(kind, length)| *kind == HANDSHAKE || *length <= bytes.len()))
        };
        let Ok((kind, length)) = client.reader.read_message(deadline, parse).await else {
            return Checked::Gone;
        };
        if kind == HANDSHAKE {
            break;
        }
        let Ok(()) = pass(client, server, length, activity).await else {
            return Checked::Gone;
        };
    }
    match read_hello(shared, client, host).await {
        Ok(_) => Checked::Passed,
        Err(ended) => ended,
    }
}

/// Reads a hello and checks its name. How many bytes it takes; they are not used yet.
async fn read_hello(shared: &Shared, client: &mut Peer, host: &Host) -> Result<usize, Checked> {
    let deadline = Instant::now() + shared.options.head_time;
    match client
        .reader
        .read_message(deadline, read_client_hello)
        .await
    {
        Ok((hello, length)) => match check_name(&hello, host) {
            None => Ok(length),
            Some(reason) => Err(Checked::Denied(reason)),
        },
        Err(ReadError::Refused(_)) => Err(Checked::Denied(DenialReason::UnknownProtocol)),
        Err(ReadError::Ended | ReadError::TimedOut) => Err(Checked::Gone),
    }
}

async fn pass(
    client: &mut Peer,
    server: &mut Peer,
    length: usize,
    activity: &Activity,
) -> std::io::Result<()> {
    let bytes = client.reader.bytes().get(..length).unwrap_or_default();
    write_all(&mut server.writer, bytes, activity).await?;
    client.reader.consume(length);
    Ok(())
}

/// What is wrong with the name that a hello asks for. An address has no name; a client may send none then.
fn check_name(hello: &ClientHello, host: &Host) -> Option<DenialReason> {
    let is_same = match (&hello.server_name, host) {
        (Some(name), host) => Host::parse(name).as_ref() == Ok(host),
        (None, Host::Address(_)) => true,
        (None, Host::Name(_)) => false,
    };
    (!is_same).then(|| DenialReason::other_host(hello.server_name.as_deref()))
}
