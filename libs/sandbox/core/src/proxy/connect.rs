//! From a host that is asked for to a connection: the list, the lookup, the addresses, the race.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};

use super::Shared;
use super::address::{AddressKind, special_kind};
use super::allow_list::Verdict;
use super::denial::{Denial, DenialReason};
use super::host::Host;

/// How long an attempt has before the next address is tried beside it (RFC 8305).
const HEAD_START: Duration = Duration::from_millis(250);

/// Why there is no connection.
#[derive(Debug)]
pub(super) enum OpenError {
    /// The policy says no.
    Denied(Denial),
    /// The name has no address.
    NoAddress(String),
    /// No address answered as it should.
    Unreachable(io::Error),
    /// Lookup and attempts together took too long.
    TimedOut,
}

/// Connects to a host, if the policy lets it. The name is resolved once, and what was checked is what is connected to.
pub(super) async fn open(shared: &Shared, host: &Host, port: u16) -> Result<TcpStream, OpenError> {
    let deny = |reason| {
        let denial = Denial::new(host, port, reason);
        shared.denials.record(&denial);
        OpenError::Denied(denial)
    };
    match shared.list.verdict(host, port) {
        Verdict::Allowed => {}
        Verdict::OtherPort => return Err(deny(DenialReason::OtherPort)),
        Verdict::NotListed => return Err(deny(DenialReason::NotListed)),
    }
    let deadline = Instant::now() + shared.options.connect_time;
    let addresses = timeout_at(deadline, look_up(shared, host))
        .await
        .map_err(|_| OpenError::TimedOut)??;
    let is_named = |address: IpAddr| {
        shared.list.names_address(address, port)
            || (host.is_localhost() && special_kind(address) == Some(AddressKind::Loopback))
    };
    let mut reachable = Vec::new();
    let mut special = None;
    for address in addresses {
        match special_kind(address) {
            Some(kind) if !is_named(address) => special = special.or(Some((address, kind))),
            _ => reachable.push(SocketAddr::new(address, port)),
        }
    }
    if let ([], Some((address, kind))) = (reachable.as_slice(), special) {
        return Err(deny(DenialReason::SpecialAddress { address, kind }));
    }
    let stream = timeout_at(deadline, race(reachable))
        .await
        .map_err(|_| OpenError::TimedOut)?
        .map_err(OpenError::Unreachable)?;
    // From an address to itself: a service of this machine behind its public address.
    if let (Ok(local), Ok(peer)) = (stream.local_addr(), stream.peer_addr())
        && local.ip() == peer.ip()
        && !is_named(peer.ip())
    {
        let (address, kind) = (peer.ip(), AddressKind::ThisMachine);
        return Err(deny(DenialReason::SpecialAddress { address, kind }));
    }
    Ok(stream)
}

/// Connects to an address that was checked before.
pub(super) async fn reopen(shared: &Shared, address: SocketAddr) -> Result<TcpStream, OpenError> {
    let deadline = Instant::now() + shared.options.connect_time;
    timeout_at(deadline, connect(address))
        .await
        .map_err(|_| OpenError::TimedOut)?
        .map_err(OpenError::Unreachable)
}

async fn look_up(shared: &Shared, host: &Host) -> Result<Vec<IpAddr>, OpenError> {
    let name = match host {
        Host::Address(address) => return Ok(vec![*address]),
        // Not asked for: a server of names could answer with anything (RFC 6761).
        Host::Name(_) if host.is_localhost() => {
            return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        }
        Host::Name(name) => name,
    };
    match shared.lookups.look_up(name).await {
        Ok(addresses) if addresses.is_empty() => {
            Err(OpenError::NoAddress(format!("{name} has no address")))
        }
        Ok(addresses) => Ok(addresses),
        Err(error) => Err(OpenError::NoAddress(format!("{name}: {error}"))),
    }
}

/// Tries one address after the other, each with a head start, and takes the first that answers.
async fn race(addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    let mut attempts = JoinSet::new();
    let mut waiting = addresses.into_iter();
    let mut last_error = io::ErrorKind::AddrNotAvailable.into();
    loop {
        if let Some(address) = waiting.next() {
            attempts.spawn_local(connect(address));
        } else if attempts.is_empty() {
            return Err(last_error);
        }
        tokio::select! {
            Some(result) = attempts.join_next() => match result {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => last_error = error,
                Err(error) => last_error = io::Error::other(error),
            },
            () = sleep(HEAD_START), if waiting.len() > 0 => {}
        }
    }
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
