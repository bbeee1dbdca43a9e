//! What was refused, and what a user can do about it.

use std::collections::HashSet;
use std::fmt;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::address::{AddressKind, special_kind};
use super::host::{Host, HostError};

/// The most denials that are kept; a command can ask for any number of hosts.
pub const MAX_DENIALS: usize = 1000;
/// The longest text of a client's that is kept.
const MAX_TEXT: usize = 255;
/// Names of metadata services, by the clouds' manuals.
const METADATA_NAMES: [&str; 4] = [
    "metadata.google.internal",
    "metadata.goog",
    "instance-data.ec2.internal",
    "metadata.tencentyun.com",
];

/// A host that was asked for, and refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Denial {
    /// The host, as in an allow-list; what a client wrote (escaped) where that names no host.
    pub host: String,
    /// The port; 0 where none could be read.
    pub port: u16,
    /// Which rule refused it.
    pub reason: DenialReason,
}

/// Which rule refused a host.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum DenialReason {
    /// No entry takes the host.
    NotListed,
    /// An entry takes the host, with other ports.
    OtherPort,
    /// The host is, or leads to, no public address, and the list does not name this address.
    SpecialAddress {
        /// The address.
        address: IpAddr,
        /// What it is.
        kind: AddressKind,
    },
    /// In a tunnel, TLS or plain HTTP asked for another host, or for none.
    OtherHost {
        /// What was asked for, escaped; `None` for no name.
        asked: Option<String>,
    },
    /// In a tunnel to port 80 or 443 came neither TLS nor HTTP, or malformed ones.
    UnknownProtocol,
    /// The host is written in a way that programs read differently.
    Malformed(HostError),
}

impl DenialReason {
    /// A word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotListed => "not-listed",
            Self::OtherPort => "other-port",
            Self::SpecialAddress { .. } => "special-address",
            Self::OtherHost { .. } => "other-host",
            Self::UnknownProtocol => "unknown-protocol",
            Self::Malformed(_) => "malformed-host",
        }
    }

    /// [`DenialReason::OtherHost`] of what a client wrote.
    pub(super) fn other_host(asked: Option<&str>) -> Self {
        Self::OtherHost {
            asked: asked.map(escape),
        }
    }
}

impl Denial {
    /// A denial of a host that could be read.
    pub fn new(host: &Host, port: u16, reason: DenialReason) -> Self {
        Self {
            host: host.to_string(),
            port,
            reason,
        }
    }

    /// A denial of a text that names no host.
    pub fn malformed(text: &str, error: HostError) -> Self {
        Self {
            host: escape(text),
            port: 0,
            reason: DenialReason::Malformed(error),
        }
    }

    /// The entry of `allowDomains` that would allow it, where one would.
    pub fn entry(&self) -> Option<String> {
        let with_port = |host: &str| match self.port {
            80 | 443 => host.to_owned(),
            port => format!("{host}:{port}"),
        };
        match &self.reason {
            DenialReason::NotListed | DenialReason::OtherPort => Some(with_port(&self.host)),
            DenialReason::SpecialAddress { address, .. } => {
                Some(with_port(&Host::Address(*address).to_string()))
            }
            DenialReason::OtherHost { .. }
            | DenialReason::UnknownProtocol
            | DenialReason::Malformed(_) => None,
        }
    }
}

impl Denial {
    /// What the host is instead of a public one, where that can be seen without asking anybody.
    fn special(&self) -> Option<AddressKind> {
        if let DenialReason::SpecialAddress { kind, .. } = self.reason {
            return Some(kind);
        }
        let host = Host::parse(&self.host).ok()?;
        match &host {
            Host::Address(address) => special_kind(*address),
            Host::Name(_) if host.is_localhost() => Some(AddressKind::Loopback),
            Host::Name(name) if METADATA_NAMES.contains(&name.as_str()) => {
                Some(AddressKind::Metadata)
            }
            Host::Name(_) => None,
        }
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, reason } = self;
        match reason {
            DenialReason::NotListed => write!(formatter, "{host}:{port} is not in allowDomains")?,
            DenialReason::OtherPort => {
                write!(
                    formatter,
                    "allowDomains has {host}, but not with port {port}"
                )?;
            }
            DenialReason::SpecialAddress { address, kind } => write!(
                formatter,
                "{host}:{port} leads to {address}, {}, which is reached only where allowDomains names it",
                kind.words()
            )?,
            DenialReason::OtherHost { asked: Some(asked) } => write!(
                formatter,
                "a connection to {host}:{port} asked for {asked}; both must be the same host"
            )?,
            DenialReason::OtherHost { asked: None } => write!(
                formatter,
                "a TLS connection to {host}:{port} names no server (SNI), so that nobody can check it"
            )?,
            DenialReason::UnknownProtocol => write!(
                formatter,
                "a connection to {host}:{port} speaks neither TLS nor HTTP/1; other protocols need a port of their own in \
                 allowDomains, and one that is not 80 or 443"
            )?,
            DenialReason::Malformed(error) => write!(formatter, "{host}: {error}")?,
        }
        match (self.entry(), self.special()) {
            (Some(entry), Some(kind)) => write!(
                formatter,
                "; it is {}, {}: only where the command is to reach it all the same, add {entry:?} to allowDomains",
                kind.words(),
                kind.danger()
            ),
            (Some(entry), None) => {
                write!(formatter, "; to allow it, add {entry:?} to allowDomains")
            }
            (None, _) => Ok(()),
        }
    }
}

/// What is called for each new denial, on the proxy's thread: it must be quick.
pub type OnDenial = Arc<dyn Fn(&Denial) + Send + Sync>;

/// The denials so far, each once.
#[derive(Default)]
pub(super) struct DenialLog {
    entries: Mutex<Entries>,
    on_denial: Option<OnDenial>,
}

#[derive(Default)]
struct Entries {
    list: Vec<Denial>,
    seen: HashSet<(String, u16, &'static str)>,
    omitted: u64,
}

impl DenialLog {
    pub(super) fn new(on_denial: Option<OnDenial>) -> Self {
        Self {
            entries: Mutex::default(),
            on_denial,
        }
    }

    pub(super) fn record(&self, denial: &Denial) {
        {
            let mut entries = self.lock();
            let key = (denial.host.clone(), denial.port, denial.reason.code());
            if entries.seen.contains(&key) {
                return;
            }
            if entries.list.len() >= MAX_DENIALS {
                entries.omitted += 1;
                return;
            }
            entries.seen.insert(key);
            entries.list.push(denial.clone());
        }
        if let Some(on_denial) = &self.on_denial {
            // What a host's callback does wrong must not end a client's connection.
            let _ = catch_unwind(AssertUnwindSafe(|| on_denial(denial)));
        }
    }

    pub(super) fn list(&self) -> Vec<Denial> {
        self.lock().list.clone()
    }

    pub(super) fn omitted(&self) -> u64 {
        self.lock().omitted
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn escape(text: &str) -> String {
    text.chars()
        .take(MAX_TEXT)
        .flat_map(char::escape_default)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Denial, DenialLog, DenialReason, MAX_DENIALS};
    use crate::proxy::host::Host;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn denial(host: &str, port: u16, reason: DenialReason) -> Denial {
        Denial::new(&Host::parse(host).expect("a host"), port, reason)
    }

    #[test]
    fn a_denial_says_what_to_add() {
        let text = denial("a.com", 8443, DenialReason::OtherPort).to_string();
        assert_eq!(
            text,
            "allowDomains has a.com, but not with port 8443; to allow it, add \"a.com:8443\" to allowDomains"
        );
    }

    #[test]
    fn what_is_no_public_host_is_not_offered_like_one() {
        for (host, words) in [
            ("169.254.169.254", "metadata service"),
            ("metadata.google.internal", "metadata service"),
            ("10.0.0.5", "private network"),
            ("localhost", "loopback"),
            ("[::1]", "loopback"),
        ] {
            let text = denial(host, 80, DenialReason::NotListed).to_string();
            assert!(text.contains(words), "{text}");
            assert!(!text.contains("; to allow it, add"), "{text}");
        }
        let text = denial("a.com", 80, DenialReason::NotListed).to_string();
        assert!(
            text.ends_with("; to allow it, add \"a.com\" to allowDomains"),
            "{text}"
        );
    }

    #[test]
    fn each_host_and_port_is_told_once_and_the_list_has_an_end() {
        let calls = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&calls);
        let log = DenialLog::new(Some(Arc::new(move |_| {
            counter.fetch_add(1, Ordering::Relaxed);
            panic!("a callback that fails");
        })));
        for _ in 0..3 {
            for host in 0..MAX_DENIALS + 5 {
                log.record(&denial(
                    &format!("h{host}.com"),
                    443,
                    DenialReason::NotListed,
                ));
            }
        }
        assert_eq!(log.list().len(), MAX_DENIALS);
        assert_eq!(calls.load(Ordering::Relaxed), MAX_DENIALS);
        assert_eq!(log.omitted(), 15);
    }
}
