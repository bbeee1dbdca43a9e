//! The variables of a command: what the policy passes on, what it sets, and what the sandbox itself must set.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use crate::policy::{EnvPolicy, Inherit};
#[cfg(any(not(windows), test))]
use crate::proxy::AllowList;

const CORE: [&str; 9] = [
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TERM", "TZ",
];
/// Programs on Windows do not start without these.
const CORE_OF_WINDOWS: [&str; 6] = [
    "SYSTEMROOT",
    "SYSTEMDRIVE",
    "WINDIR",
    "COMSPEC",
    "PATHEXT",
    "USERPROFILE",
];
#[cfg(any(not(windows), test))]
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The variables that a policy comes to.
pub(crate) fn of_policy(
    policy: &EnvPolicy,
    host: &[(OsString, OsString)],
) -> BTreeMap<OsString, OsString> {
    let is_same = |one: &OsStr, other: &str| {
        if cfg!(windows) {
            one.eq_ignore_ascii_case(other)
        } else {
            one == other
        }
    };
    let is_core = |name: &OsStr| {
        CORE.iter().any(|core| is_same(name, core))
            || name.as_encoded_bytes().starts_with(b"LC_")
            || cfg!(windows) && CORE_OF_WINDOWS.iter().any(|core| is_same(name, core))
    };
    let passed = |name: &OsStr| {
        policy.inherit == Inherit::Core && is_core(name)
            || policy.pass.iter().any(|pass| is_same(name, pass))
    };
    let mut variables: BTreeMap<OsString, OsString> = host
        .iter()
        .filter(|(name, _)| passed(name))
        .cloned()
        .collect();
    if policy.inherit == Inherit::Core && !cfg!(windows) {
        variables
            .entry("PATH".into())
            .or_insert_with(|| DEFAULT_PATH.into());
    }
    for (name, value) in &policy.set {
        variables.insert(name.into(), value.into());
    }
    variables
}

/// Sends programs to the proxy at this port of loopback; but not to what listens on loopback beside them, unless the list means
/// the host's loopback.
#[cfg(any(not(windows), test))]
pub(crate) fn set_proxy(
    variables: &mut BTreeMap<OsString, OsString>,
    port: u16,
    hosts: &AllowList,
) {
    let http = format!("http://127.0.0.1:{port}");
    let socks = format!("socks5h://127.0.0.1:{port}");
    let own = LOOPBACK.into_iter().filter(|name| !hosts.names(name));
    let local = own.collect::<Vec<_>>().join(",");
    for (name, value) in [
        ("HTTP_PROXY", &http),
        ("HTTPS_PROXY", &http),
        ("ALL_PROXY", &socks),
        ("NO_PROXY", &local),
    ] {
        variables.insert(name.into(), value.into());
        variables.insert(name.to_ascii_lowercase().into(), value.into());
    }
    variables.insert("NODE_USE_ENV_PROXY".into(), "1".into());
}

#[cfg(test)]
mod tests {
    use super::{of_policy, set_proxy};
    use crate::policy::{EnvPolicy, Inherit};
    use crate::proxy::AllowList;
    use std::collections::BTreeMap;
    use std::ffi::{OsStr, OsString};

    fn host() -> Vec<(OsString, OsString)> {
        [
            ("PATH", "/bin"),
            ("LC_ALL", "C"),
            ("TOKEN", "s"),
            ("MINE", "m"),
        ]
        .map(|(name, value)| (name.into(), value.into()))
        .to_vec()
    }

    #[test]
    fn secrets_of_the_host_are_passed_on_by_name_only() {
        let policy = EnvPolicy {
            pass: vec!["MINE".into()],
            ..EnvPolicy::default()
        };
        let names: Vec<_> = of_policy(&policy, &host()).into_keys().collect();
        assert_eq!(names, ["LC_ALL", "MINE", "PATH"]);
    }

    #[test]
    fn nothing_inherited_is_nothing_but_what_is_set() {
        let policy = EnvPolicy {
            inherit: Inherit::None,
            set: [("A".to_owned(), "b".to_owned())].into(),
            ..EnvPolicy::default()
        };
        let mut variables = of_policy(&policy, &host());
        assert_eq!(variables.len(), 1);
        set_proxy(&mut variables, 3128, &AllowList::default());
        assert_eq!(
            variables[&OsString::from("https_proxy")],
            "http://127.0.0.1:3128"
        );
        assert_eq!(variables[&OsString::from("NODE_USE_ENV_PROXY")], "1");
    }

    #[test]
    fn loopback_that_the_list_names_is_reached_by_the_proxy() {
        let no_proxy = |entries: &[&str]| {
            let entries: Vec<_> = entries.iter().map(|&entry| entry.to_owned()).collect();
            let mut variables = BTreeMap::new();
            let list = AllowList::parse(&entries).expect("a list");
            set_proxy(&mut variables, 3128, &list);
            assert_eq!(
                variables.get(OsStr::new("NO_PROXY")),
                variables.get(OsStr::new("no_proxy"))
            );
            variables.remove(OsStr::new("NO_PROXY")).expect("it is set")
        };
        assert_eq!(no_proxy(&["example.com"]), "localhost,127.0.0.1,::1");
        assert_eq!(no_proxy(&["127.0.0.1:8080"]), "localhost,::1");
        assert_eq!(no_proxy(&["localhost:3000"]), "127.0.0.1,::1");
        // Programs take `localhost` for all that ends so.
        assert_eq!(no_proxy(&["*.localhost:3000", "[::1]:1"]), "127.0.0.1");
        assert_eq!(no_proxy(&["app.localhost"]), "127.0.0.1,::1");
    }
}
