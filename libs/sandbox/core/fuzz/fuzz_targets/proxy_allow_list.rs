//! Any texts are entries and hosts.
#![no_main]

use fishplate_sandbox::proxy::{AllowList, Authority, Host, Verdict};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str, u16)| {
    let (entry, text, port) = input;
    let Ok(host) = Host::parse(text) else {
        return;
    };
    let written = host.to_string();
    assert_eq!(Host::parse(&written).as_ref(), Ok(&host));
    assert!(Authority::parse(&written).is_ok_and(|authority| authority.port.is_none()));
    let Ok(list) = AllowList::parse(&[entry.to_owned()]) else {
        return;
    };
    if list.verdict(&host, port) == Verdict::Allowed
        && let Host::Name(name) = &host
    {
        let entry = entry.to_ascii_lowercase();
        let rule = entry
            .split_once(':')
            .map_or(entry.as_str(), |(rule, _)| rule);
        let rule = rule.strip_suffix('.').unwrap_or(rule);
        match rule.strip_prefix('*') {
            Some(suffix) => assert!(name.ends_with(suffix) && name.len() > suffix.len()),
            None => assert_eq!(name, rule),
        }
    }
});
