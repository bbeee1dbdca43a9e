//! What a policy's `allowDomains` allows.

use std::net::{IpAddr, Ipv6Addr};

use super::host::{Authority, Host, HostError};

/// The ports of a rule that names none.
pub const DEFAULT_PORTS: [u16; 2] = [80, 443];

/// Names and addresses that may be reached.
///
/// | entry | takes |
/// | --- | --- |
/// | `example.com` | that name, ports 80 and 443 |
/// | `example.com:8443` | that name, that port |
/// | `*.example.com` | every name below it, at any depth, and **not** `example.com` itself, as in TLS certificates |
/// | `10.0.0.5`, `[::1]:8080` | that address, also where an allowed name leads there |
/// | `localhost:3000` | this machine, 127.0.0.1 and ::1 |
///
/// Case and a dot at the end do not count. International names stand in their `xn--` form (in Node,
/// `url.domainToASCII` gives it).
///
/// ```
/// use fishplate_sandbox::proxy::{AllowList, Host, Verdict};
///
/// let list = AllowList::parse(&["*.example.com".to_owned()])?;
/// let host = Host::parse("API.example.com").expect("a host");
/// assert_eq!(list.verdict(&host, 443), Verdict::Allowed);
/// assert_eq!(list.verdict(&host, 22), Verdict::OtherPort);
/// # Ok::<(), fishplate_sandbox::proxy::AllowListError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowList {
    rules: Vec<Rule>,
}

/// Whether a host may be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A rule takes it.
    Allowed,
    /// A rule takes the host, with other ports.
    OtherPort,
    /// No rule takes it.
    NotListed,
}

/// An entry that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("allowDomains[{index}] {entry:?}: {problem}")]
pub struct AllowListError {
    /// Its place in the list, from 0.
    pub index: usize,
    /// As it is written there.
    pub entry: String,
    /// What is wrong, and what to write instead.
    pub problem: EntryProblem,
}

/// What is wrong with an entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryProblem {
    /// No host, or no port.
    #[error(transparent)]
    Host(#[from] HostError),
    /// `*` alone.
    #[error("everything is allowed by `network: 'full'`, not by a list")]
    Everything,
    /// A star elsewhere than in front.
    #[error("a star stands in front of a dot only, as in *.example.com")]
    Star,
    /// A star before a whole top-level domain, or before an address.
    #[error("behind *. stands a name of at least two parts, as in *.example.com")]
    TooWide,
    /// A URL.
    #[error("write {0:?}, without scheme, user and path")]
    Url(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    host: HostRule,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum HostRule {
    Exact(Host),
    /// With the dot in front.
    Below(String),
}

impl AllowList {
    /// Reads the entries of a policy.
    ///
    /// # Errors
    ///
    /// [`AllowListError`] for the first entry that is none.
    pub fn parse(entries: &[String]) -> Result<Self, AllowListError> {
        let mut rules = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            let rule = Rule::parse(entry).map_err(|problem| AllowListError {
                index,
                entry: entry.clone(),
                problem,
            })?;
            if !rules.contains(&rule) {
                rules.push(rule);
            }
        }
        Ok(Self { rules })
    }

    /// Whether a host may be reached on a port. Of an allowed name the addresses are not yet looked at:
    /// [`AllowList::names_address`].
    pub fn verdict(&self, host: &Host, port: u16) -> Verdict {
        let mut verdict = Verdict::NotListed;
        for rule in &self.rules {
            if rule.host.takes(host) {
                if rule.takes_port(port) {
                    return Verdict::Allowed;
                }
                verdict = Verdict::OtherPort;
            }
        }
        verdict
    }

    /// Whether a rule takes this host, or a name below it, with whatever port.
    pub fn names(&self, host: &str) -> bool {
        let address = host.parse().map(Host::Address);
        let Ok(host) = address.or_else(|_| Host::parse(host)) else {
            return false;
        };
        let is_below = |rule: &Rule| match (&rule.host, &host) {
            (HostRule::Exact(Host::Name(name)) | HostRule::Below(name), Host::Name(above)) => name
                .strip_suffix(above.as_str())
                .is_some_and(|rest| rest.ends_with('.')),
            _ => false,
        };
        self.rules
            .iter()
            .any(|rule| rule.host.takes(&host) || is_below(rule))
    }

    /// Whether a rule names this very address with this port, so that it may be reached though it is a private one.
    pub fn names_address(&self, address: IpAddr, port: u16) -> bool {
        self.verdict(&Host::Address(address), port) == Verdict::Allowed
    }
}

impl Rule {
    fn parse(entry: &str) -> Result<Self, EntryProblem> {
        if let Some((_, rest)) = entry.split_once("://") {
            let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
            let host = host.rsplit('@').next().unwrap_or(host);
            return Err(EntryProblem::Url(host.to_owned()));
        }
        if let Some((host, _)) = entry.split_once('/') {
            return Err(EntryProblem::Url(host.to_owned()));
        }
        if entry == "*" || entry.starts_with("*:") || entry == "*." || entry == "*.*" {
            return Err(EntryProblem::Everything);
        }
        // Alone, an IPv6 address needs no brackets.
        if let Ok(address) = entry.parse::<Ipv6Addr>() {
            return Ok(Self {
                host: HostRule::Exact(Host::Address(IpAddr::V6(address))),
                port: None,
            });
        }
        let (name, is_below) = match entry.strip_prefix("*.") {
            Some(name) => (name, true),
            None => (entry, false),
        };
        if name.contains('*') {
            return Err(EntryProblem::Star);
        }
        let Authority { host, port } = Authority::parse(name)?;
        let host = match host {
            host if !is_below => HostRule::Exact(host),
            Host::Name(name) if name.contains('.') || name == "localhost" => {
                HostRule::Below(format!(".{name}"))
            }
            _ => return Err(EntryProblem::TooWide),
        };
        Ok(Self { host, port })
    }

    fn takes_port(&self, port: u16) -> bool {
        match self.port {
            Some(named) => named == port,
            None => DEFAULT_PORTS.contains(&port),
        }
    }
}

impl HostRule {
    fn takes(&self, host: &Host) -> bool {
        match (self, host) {
            (Self::Exact(named), host) => named == host,
            (Self::Below(suffix), Host::Name(name)) => {
                name.len() > suffix.len() && name.ends_with(suffix.as_str())
            }
            (Self::Below(_), Host::Address(_)) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AllowList, EntryProblem, Verdict};
    use crate::proxy::host::{Host, HostError};
    use proptest::prelude::*;

    fn list(entries: &[&str]) -> AllowList {
        let entries: Vec<_> = entries.iter().map(|&entry| entry.to_owned()).collect();
        AllowList::parse(&entries).expect("a list")
    }

    fn verdict(list: &AllowList, host: &str, port: u16) -> Verdict {
        list.verdict(&Host::parse(host).expect("a host"), port)
    }

    fn problem(entry: &str) -> EntryProblem {
        AllowList::parse(&["ok.example".to_owned(), entry.to_owned()])
            .expect_err(entry)
            .problem
    }

    #[test]
    fn an_exact_name_takes_itself_only() {
        let list = list(&["Example.com."]);
        assert_eq!(verdict(&list, "EXAMPLE.com", 443), Verdict::Allowed);
        assert_eq!(verdict(&list, "example.com.", 80), Verdict::Allowed);
        assert_eq!(verdict(&list, "example.com", 22), Verdict::OtherPort);
        for other in [
            "www.example.com",
            "example.co",
            "xexample.com",
            "example.com.evil.net",
            "com",
        ] {
            assert_eq!(verdict(&list, other, 443), Verdict::NotListed, "{other}");
        }
    }

    #[test]
    fn a_star_takes_every_depth_below_and_not_the_name_itself() {
        let list = list(&["*.example.com:8443"]);
        assert_eq!(verdict(&list, "a.example.com", 8443), Verdict::Allowed);
        assert_eq!(verdict(&list, "a.b.example.com", 8443), Verdict::Allowed);
        assert_eq!(verdict(&list, "a.example.com", 443), Verdict::OtherPort);
        for other in ["example.com", "evilexample.com", "a.example.com.evil.net"] {
            assert_eq!(verdict(&list, other, 8443), Verdict::NotListed, "{other}");
        }
    }

    #[test]
    fn addresses_are_taken_as_named() {
        let list = list(&["[::1]:8080", "10.0.0.5", "fd00::1"]);
        assert_eq!(verdict(&list, "[0:0::1]", 8080), Verdict::Allowed);
        assert_eq!(verdict(&list, "[::1]", 80), Verdict::OtherPort);
        assert_eq!(verdict(&list, "10.0.0.5", 443), Verdict::Allowed);
        assert_eq!(verdict(&list, "[fd00::1]", 443), Verdict::Allowed);
        assert_eq!(verdict(&list, "[::ffff:10.0.0.5]", 443), Verdict::NotListed);
    }

    #[test]
    fn entries_that_mean_something_else_are_refused() {
        assert_eq!(problem("*"), EntryProblem::Everything);
        assert_eq!(problem("*:443"), EntryProblem::Everything);
        assert_eq!(problem("*."), EntryProblem::Everything);
        for entry in ["*.com", "*.com:443", "*.0.0.1.1", "*.[::1]"] {
            let problem = problem(entry);
            assert!(
                matches!(
                    problem,
                    EntryProblem::TooWide | EntryProblem::Host(HostError::OddAddress)
                ),
                "{entry}: {problem:?}"
            );
        }
        assert_eq!(problem("*.10.0.0.1"), EntryProblem::TooWide);
        for entry in [
            "a.*.com",
            "ex*mple.com",
            "*.*.com",
            "**.example.com",
            "*example.com",
        ] {
            assert_eq!(problem(entry), EntryProblem::Star, "{entry}");
        }
        for entry in [
            "https://example.com/x",
            "http://u:p@example.com",
            "example.com/x",
        ] {
            assert_eq!(
                problem(entry),
                EntryProblem::Url("example.com".into()),
                "{entry}"
            );
        }
        assert_eq!(problem(""), EntryProblem::Host(HostError::Empty));
        assert_eq!(problem(" "), EntryProblem::Host(HostError::Character(' ')));
        assert_eq!(problem("127.1"), EntryProblem::Host(HostError::OddAddress));
        assert_eq!(problem("a:65536"), EntryProblem::Host(HostError::Port));
        assert_eq!(
            problem("user@example.com"),
            EntryProblem::Host(HostError::Character('@'))
        );
        assert_eq!(problem("fe80::1%eth0"), EntryProblem::Host(HostError::Ipv6));
        assert_eq!(
            problem("b\u{fc}cher.de"),
            EntryProblem::Host(HostError::NotAscii)
        );
    }

    #[test]
    fn an_error_says_where_and_what_to_write() {
        let error = AllowList::parse(&["a.b".into(), "https://c.d".into()]).expect_err("a URL");
        assert_eq!(
            error.to_string(),
            r#"allowDomains[1] "https://c.d": write "c.d", without scheme, user and path"#
        );
    }

    proptest! {
        #[test]
        fn a_star_is_the_same_as_asking_for_the_end_of_the_name(
            name in "[a-c]{1,2}(\\.[a-c]{1,2}){0,3}",
            suffix in "[a-c]{1,2}\\.[a-c]{1,2}",
        ) {
            let list = list(&[&format!("*.{suffix}")]);
            let labels: Vec<_> = name.split('.').collect();
            let end: Vec<_> = suffix.split('.').collect();
            let expected = labels.len() > end.len() && labels.ends_with(&end);
            prop_assert_eq!(verdict(&list, &name, 443) == Verdict::Allowed, expected);
        }

        #[test]
        fn any_text_is_an_entry_or_an_error(entry in "\\PC{0,30}|[*.:a-z0-9/\\[\\]]{0,20}") {
            let _ = AllowList::parse(&[entry]);
        }
    }
}
