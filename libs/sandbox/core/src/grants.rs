//! What a person has allowed beyond the policy: paths and intents, for a time.
//!
//! Grants live in the host. The core is given all of them at once and keeps that snapshot until the next one.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::decision::Intent;
use crate::names::{Disk, NameError, is_below, same_name};
use crate::policy::Rules;
use crate::resolve::{ResolveError, resolve};

/// Most grants in one snapshot: each decision that asks looks through them.
const MOST_GRANTS: usize = 10_000;
/// Longest id, in bytes.
const MOST_ID: usize = 200;

/// One thing that a person has allowed. It turns `needs-confirmation` into `allow`, and never `deny`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Grant {
    /// What decisions call it: `grant ID`; without one, `grant #INDEX`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What it is about; relative paths lie below the workspace. Best the `resolvedPath` of the decision that asked: links
    /// on the way are followed when the snapshot is taken, not when it is used.
    pub path: PathBuf,
    /// What may be done with it; at least one.
    pub intents: Vec<Intent>,
    /// Whether it counts for all that lies below the path too; no where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recursive: Option<bool>,
    /// When it ends, in milliseconds since 1970 UTC; never where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at_ms: Option<u64>,
}

/// Why a snapshot of grants is refused; the one before it stays.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// It is no JSON, or not of the shape of grants.
    #[error("the grants cannot be read: {0}")]
    Shape(#[from] serde_json::Error),
    /// A field has a value that it cannot have.
    #[error("grants[{index}].{field} {problem}")]
    Field {
        /// Which grant.
        index: usize,
        /// Its field.
        field: &'static str,
        /// What is wrong with the value, and what it may be.
        problem: String,
    },
    /// Over 10 000.
    #[error(
        "{count} grants are too many; at most 10000 are possible: grant a directory with recursive"
    )]
    TooMany {
        /// How many were given.
        count: usize,
    },
}

impl GrantError {
    /// Its code, as docs/errors.md has it.
    pub fn code(&self) -> &'static str {
        "GRANT_INVALID"
    }
}

/// A snapshot of grants, checked and with their paths resolved.
#[derive(Debug)]
pub struct Grants {
    list: Vec<Held>,
    taken: Instant,
}

#[derive(Debug)]
struct Held {
    name: String,
    /// Where the path leads with its last link followed, and where without.
    target: PathBuf,
    own: PathBuf,
    intents: Vec<Intent>,
    recursive: bool,
    /// On the clock of the person, and on one that never jumps, from when the snapshot was taken.
    ends: Option<(u64, Duration)>,
    /// A clock that is set back does not bring a grant back.
    over: AtomicBool,
}

impl Grants {
    /// No grant.
    pub fn none() -> Self {
        Self {
            list: Vec::new(),
            taken: Instant::now(),
        }
    }

    /// Reads grants of JSON, an array.
    ///
    /// # Errors
    ///
    /// [`GrantError`].
    pub fn from_json(text: &str, rules: &Rules) -> Result<Self, GrantError> {
        Self::new(serde_json::from_str(text)?, rules)
    }

    /// Checks grants and resolves their paths. One whose time is over is taken, and allows nothing.
    ///
    /// # Errors
    ///
    /// [`GrantError`].
    pub fn new(grants: Vec<Grant>, rules: &Rules) -> Result<Self, GrantError> {
        Self::new_at(grants, rules, wall_ms())
    }

    fn new_at(grants: Vec<Grant>, rules: &Rules, now_ms: u64) -> Result<Self, GrantError> {
        if grants.len() > MOST_GRANTS {
            return Err(GrantError::TooMany {
                count: grants.len(),
            });
        }
        let mut list: Vec<Held> = Vec::with_capacity(grants.len());
        let mut names = std::collections::HashSet::new();
        for (index, grant) in grants.into_iter().enumerate() {
            let held = hold(grant, index, rules, now_ms)?;
            if !names.insert(held.name.clone()) {
                return Err(fault(index, "id", "stands for another grant already"));
            }
            list.push(held);
        }
        Ok(Self {
            list,
            taken: Instant::now(),
        })
    }

    /// How many there are, with those whose time is over.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The name of a grant for this place, which is free of links.
    pub(crate) fn covering(&self, path: &Path, intent: Intent) -> Option<String> {
        self.covering_at(path, intent, wall_ms(), self.taken.elapsed())
    }

    fn covering_at(
        &self,
        path: &Path,
        intent: Intent,
        now_ms: u64,
        passed: Duration,
    ) -> Option<String> {
        self.list
            .iter()
            .find(|held| held.covers(path, intent) && held.lives(now_ms, passed))
            .map(|held| held.name.clone())
    }
}

impl Default for Grants {
    fn default() -> Self {
        Self::none()
    }
}

impl Held {
    fn covers(&self, path: &Path, intent: Intent) -> bool {
        let granted = if intent.follows_last_link() {
            &self.target
        } else {
            &self.own
        };
        self.intents.contains(&intent)
            && is_below(path, granted, Disk::HERE)
            && (self.recursive || same_name(path.as_os_str(), granted.as_os_str(), Disk::HERE))
    }

    fn lives(&self, now_ms: u64, passed: Duration) -> bool {
        let Some((at_ms, after)) = self.ends else {
            return true;
        };
        if now_ms >= at_ms || passed >= after {
            self.over.store(true, Ordering::Relaxed);
        }
        !self.over.load(Ordering::Relaxed)
    }
}

fn hold(grant: Grant, index: usize, rules: &Rules, now_ms: u64) -> Result<Held, GrantError> {
    if grant.intents.is_empty() {
        return Err(fault(index, "intents", "must name at least one intent"));
    }
    let name = match grant.id {
        None => format!("grant #{index}"),
        Some(id) if id.is_empty() || id.len() > MOST_ID || id.contains(char::is_control) => {
            return Err(fault(
                index,
                "id",
                "must have 1 to 200 bytes and no control character",
            ));
        }
        Some(id) => format!("grant {id}"),
    };
    let place = |follow| {
        resolve(&grant.path, &rules.workspace, follow)
            .map(|resolved| resolved.path)
            .map_err(|error| fault(index, "path", &told(&error)))
    };
    Ok(Held {
        name,
        target: place(true)?,
        own: place(false)?,
        intents: grant.intents,
        recursive: grant.recursive.unwrap_or(false),
        ends: grant
            .expires_at_ms
            .map(|at| (at, Duration::from_millis(at.saturating_sub(now_ms)))),
        over: AtomicBool::new(false),
    })
}

fn told(error: &ResolveError) -> String {
    match error {
        ResolveError::Name(NameError::Empty) => "must be a path".to_owned(),
        ResolveError::Name(error) => format!("cannot be used: {error}"),
        ResolveError::Loop(_) => "leads round in a circle of links".to_owned(),
        ResolveError::Processes(_) => {
            "leads to processes outside the sandbox, which no grant opens".to_owned()
        }
    }
}

fn fault(index: usize, field: &'static str, problem: &str) -> GrantError {
    GrantError::Field {
        index,
        field,
        problem: problem.to_owned(),
    }
}

fn wall_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

// Their paths are those of Unix.
#[cfg(all(test, unix))]
mod tests {
    use super::{Grant, GrantError, Grants};
    use crate::decision::Intent;
    use crate::policy::{Mode, Policy, Rules};
    use std::path::{Path, PathBuf};
    use std::time::Duration;

    fn rules() -> Rules {
        let policy = Policy {
            mode: Mode::ReadOnly,
            ..Policy::default()
        };
        Rules::new(policy, Path::new("/"), None).expect("rules")
    }

    fn grant(path: &str) -> Grant {
        Grant {
            id: Some("g1".to_owned()),
            path: PathBuf::from(path),
            intents: vec![Intent::Delete],
            recursive: None,
            expires_at_ms: None,
        }
    }

    fn lives(grants: &Grants, now_ms: u64, passed_ms: u64) -> bool {
        let passed = Duration::from_millis(passed_ms);
        grants
            .covering_at(Path::new("/nowhere/x"), Intent::Delete, now_ms, passed)
            .is_some()
    }

    #[test]
    fn a_clock_that_jumps_brings_no_grant_back() {
        let make = || {
            let ending = Grant {
                expires_at_ms: Some(10_000),
                ..grant("/nowhere/x")
            };
            Grants::new_at(vec![ending], &rules(), 4_000).expect("grants")
        };
        let by_the_clock = make();
        assert!(lives(&by_the_clock, 9_999, 5_999));
        assert!(!lives(&by_the_clock, 10_000, 5_999));
        assert!(
            !lives(&by_the_clock, 4_000, 5_999),
            "set back after its end"
        );
        let set_back = make();
        assert!(lives(&set_back, 1_000, 5_999));
        assert!(!lives(&set_back, 1_000, 6_000), "its six seconds are over");
        let over = Grant {
            expires_at_ms: Some(0),
            ..grant("/nowhere/x")
        };
        assert!(!lives(
            &Grants::new_at(vec![over], &rules(), 0).expect("grants"),
            0,
            0
        ));
    }

    #[test]
    fn a_grant_is_for_its_path_and_intents_alone() {
        let grants = Grants::new(vec![grant("/nowhere/x")], &rules()).expect("grants");
        let covering = |path: &str, intent| grants.covering(Path::new(path), intent);
        assert_eq!(
            covering("/nowhere/x", Intent::Delete).as_deref(),
            Some("grant g1")
        );
        assert_eq!(covering("/nowhere/x", Intent::Write), None);
        assert_eq!(covering("/nowhere/x/y", Intent::Delete), None);
        assert_eq!(covering("/nowhere", Intent::Delete), None);
        let all = Grant {
            recursive: Some(true),
            id: None,
            ..grant("/nowhere/x/")
        };
        let grants = Grants::new(vec![all], &rules()).expect("grants");
        assert_eq!(
            grants
                .covering(Path::new("/nowhere/x/y/z"), Intent::Delete)
                .as_deref(),
            Some("grant #0")
        );
        assert_eq!(
            grants.covering(Path::new("/nowhere/xy"), Intent::Delete),
            None
        );
    }

    #[test]
    fn bad_grants_are_refused_with_their_field() {
        for (text, field) in [
            (r#"[{"path":"","intents":["read"]}]"#, "path"),
            (r#"[{"path":"a\u0000b","intents":["read"]}]"#, "path"),
            (r#"[{"path":"/proc/self/root","intents":["read"]}]"#, "path"),
            (r#"[{"path":"a","intents":[]}]"#, "intents"),
            (r#"[{"id":"","path":"a","intents":["read"]}]"#, "id"),
            (r#"[{"id":"a\nb","path":"a","intents":["read"]}]"#, "id"),
            (
                r#"[{"id":"a","path":"a","intents":["read"]},{"id":"a","path":"b","intents":["read"]}]"#,
                "id",
            ),
        ] {
            match Grants::from_json(text, &rules()) {
                Err(GrantError::Field { field: found, .. }) => assert_eq!(found, field, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
        for text in [
            r#"[{"path":"a"}]"#,
            r#"[{"path":"a","intents":["fly"]}]"#,
            r#"[{"path":"a","intents":["read"],"for":1}]"#,
            "{}",
        ] {
            assert!(
                matches!(Grants::from_json(text, &rules()), Err(GrantError::Shape(_))),
                "{text}"
            );
        }
        let many = Grants::new(vec![grant("a"); 10_001], &rules());
        assert!(matches!(many, Err(GrantError::TooMany { count: 10_001 })));
    }
}
