//! The Seatbelt profile of a policy: text without a single path in it, and the paths beside it as parameters.
//!
//! What is decided by path only is decided again by a pattern for paths that are not there yet: the disk takes other letter
//! cases for the same name, and the profile does not. In a pattern stands nothing but letters, digits, `_`, `-` and what this file
//! puts there; any other character of a path becomes one that matches any, which denies a little more.
//!
//! Pure: Linux builds it for its tests.

use std::ffi::OsString;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use unicode_normalization::UnicodeNormalization;

use crate::policy::{Clause, Mode, Rules};

/// What can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    Nothing,
    /// This port of loopback.
    Proxy(u16),
    Everything,
}

/// A profile for `sandbox-exec -p`, and its `-D` parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Profile {
    pub text: String,
    /// `NAME=path`, in the order of their names.
    pub parameters: Vec<OsString>,
}

/// What every program needs, and nothing that belongs to others.
const BASE: &str = r#"(version 1)
(deny default)
(allow process-exec process-fork)
(allow process-info* signal (target same-sandbox))
(allow sysctl-read)
(deny sysctl-read (sysctl-name-regex #"^kern[.]proc"))
(allow ipc-posix-sem)
(allow ipc-posix-shm-read* (ipc-posix-name "apple.shm.notification_center"))
(allow mach-lookup
  (global-name "com.apple.bsd.dirhelper")
  (global-name "com.apple.logd")
  (global-name "com.apple.system.logger")
  (global-name "com.apple.system.notification_center")
  (global-name "com.apple.system.opendirectoryd.libinfo")
  (global-name "com.apple.system.opendirectoryd.membership"))
(allow file-read* file-map-executable)
(allow file-write-data file-ioctl
  (literal "/dev/null") (literal "/dev/zero") (literal "/dev/dtracehelper"))
(allow pseudo-tty)
(allow file-read* file-write* file-ioctl (literal "/dev/ptmx"))
(allow file-read* file-write* file-ioctl
  (require-all (regex #"^/dev/ttys[0-9]+$") (extension "com.apple.sandbox.pty")))
"#;

/// Names of hosts, certificates, and the internet; sockets of files stay closed, but for the one that answers names.
const NETWORK: &str = r#"(allow network-outbound (remote ip "*:*") (literal "/private/var/run/mDNSResponder"))
(allow network-bind network-inbound (local ip "*:*"))
(allow system-socket)
(allow mach-lookup
  (global-name "com.apple.SystemConfiguration.DNSConfiguration")
  (global-name "com.apple.SystemConfiguration.configd")
  (global-name "com.apple.dnssd.service")
  (global-name "com.apple.trustd.agent"))
"#;

/// The profile. `scratch` is the private temporary directory, free of links.
pub(crate) fn profile(rules: &Rules, reach: Reach, scratch: Option<&Path>) -> Profile {
    let mut profile = Profile {
        text: BASE.to_owned(),
        parameters: Vec::new(),
    };
    if rules.policy.mode == Mode::FullAccess {
        profile
            .text
            .push_str("(allow file-write* file-link file-ioctl)\n");
    }
    let roots = rules.writable_roots.iter().map(PathBuf::as_path);
    let writable: Vec<_> = roots.chain(scratch).collect();
    profile.rule("allow file-write* file-link", &writable, |profile, path| {
        profile.below(path)
    });
    profile.network(reach, scratch);
    profile.hold(&rules.guarded, "deny file-write* file-link");
    // Last, so that nothing opens it again.
    let closed =
        "deny file-read* file-write* file-link file-clone file-map-executable process-exec";
    profile.hold(&rules.denied, closed);
    profile
}

impl Profile {
    fn network(&mut self, reach: Reach, scratch: Option<&Path>) {
        match reach {
            Reach::Nothing => {}
            Reach::Proxy(port) => {
                let _ = writeln!(
                    self.text,
                    "(allow network-outbound (remote ip \"localhost:{port}\"))"
                );
            }
            Reach::Everything => self.text.push_str(NETWORK),
        }
        // Sockets of the command's own: nobody else has any there.
        let scratch: Vec<_> = scratch.into_iter().collect();
        self.rule("allow network*", &scratch, |profile, path| {
            profile.below(path)
        });
    }

    /// Holds what the clauses name by `action`, and in their places the directories between it and a root.
    fn hold(&mut self, clauses: &[Clause], action: &str) {
        let paths: Vec<_> = clauses.iter().map(|clause| clause.path.as_path()).collect();
        self.rule(action, &paths, |profile, path| {
            profile.below(path) + &twins(path, "(/|$)")
        });
        let mut above: Vec<&Path> = Vec::new();
        for clause in clauses {
            for directory in clause.path.ancestors().skip(1) {
                // A root itself can be neither made nor moved from within it.
                let is_held = directory.parent().is_some();
                if is_held && !above.contains(&directory) {
                    above.push(directory);
                }
            }
        }
        let in_place = "deny file-write-create file-write-unlink";
        self.rule(in_place, &above, |profile, path| {
            profile.exactly(path) + &twins(path, "$")
        });
    }

    /// One rule for all paths; none for no path, which would be a rule for everything.
    fn rule(
        &mut self,
        action: &str,
        paths: &[&Path],
        mut filter: impl FnMut(&mut Self, &Path) -> String,
    ) {
        if paths.is_empty() {
            return;
        }
        let mut filters = String::new();
        for path in paths {
            filters.push_str(&filter(self, path));
        }
        let _ = writeln!(self.text, "({action}{filters})");
    }

    fn below(&mut self, path: &Path) -> String {
        self.filter("subpath", path)
    }

    fn exactly(&mut self, path: &Path) -> String {
        self.filter("literal", path)
    }

    fn filter(&mut self, kind: &str, path: &Path) -> String {
        let mut filters = String::new();
        for spelling in spellings(path) {
            let name = format!("P{}", self.parameters.len());
            let _ = write!(filters, "\n  ({kind} (param \"{name}\"))");
            let mut parameter = OsString::from(name + "=");
            parameter.push(spelling);
            self.parameters.push(parameter);
        }
        filters
    }
}

/// The path as it is, and in both normal forms where these are others.
fn spellings(path: &Path) -> Vec<OsString> {
    let mut spellings = vec![path.as_os_str().to_owned()];
    if let Some(text) = path.to_str().filter(|text| !text.is_ascii()) {
        for form in [text.nfc().collect::<String>(), text.nfd().collect()] {
            let form = OsString::from(form);
            if !spellings.contains(&form) {
                spellings.push(form);
            }
        }
    }
    spellings
}

/// Patterns for the path in any letter case, by each of its spellings.
fn twins(path: &Path, end: &str) -> String {
    let mut patterns = String::new();
    for spelling in spellings(path) {
        let _ = write!(patterns, "\n  (regex #\"^");
        for letter in spelling.to_string_lossy().chars() {
            match letter {
                'a'..='z' | 'A'..='Z' => {
                    let (small, large) = (letter.to_ascii_lowercase(), letter.to_ascii_uppercase());
                    let _ = write!(patterns, "[{small}{large}]");
                }
                '0'..='9' | '/' | '_' | '-' => patterns.push(letter),
                '.' => patterns.push_str("[.]"),
                // Letters of other scripts mean nothing in a pattern but themselves.
                _ if letter.is_alphanumeric() || is_mark(letter) => patterns.push(letter),
                _ => patterns.push('.'),
            }
        }
        let _ = write!(patterns, "{end}\")");
    }
    patterns
}

/// The accents of a decomposed letter.
fn is_mark(letter: char) -> bool {
    unicode_normalization::char::is_combining_mark(letter)
}

#[cfg(test)]
mod tests;
