//! What the policy forbids whoever asks: the places that it denies or protects, found by every name that they have.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::decision::{Decision, Intent, deny};
use crate::names::{Disk, is_below};
use crate::policy::{Clause, Rules};
use crate::resolve::{End, FileKind, Identity, Resolved, identity};

/// The things on disk that the clauses of the policy name at this moment.
#[derive(Debug)]
pub(crate) struct Known<'a> {
    denied: Vec<(Identity, &'a Clause)>,
    /// Empty where nothing is to be changed.
    guarded: Vec<(Identity, &'a Clause)>,
}

impl<'a> Known<'a> {
    /// Looks at each path that a clause names; one call of the system for each.
    pub fn look(rules: &'a Rules, intent: Intent) -> Self {
        let there = |clauses: &'a [Clause]| {
            let pair = |clause: &'a Clause| Some((target(&clause.path)?, clause));
            clauses.iter().filter_map(pair).collect()
        };
        Self {
            denied: there(&rules.denied),
            guarded: if intent.is_reading() {
                Vec::new()
            } else {
                let above = above_roots(rules);
                let mut guarded: Vec<_> = there(&rules.guarded);
                // A link to a root or above it protects its own place, not all that it leads to.
                guarded.retain(|(identity, _)| !above.contains(identity));
                guarded
            },
        }
    }

    /// The decision of the handles: on what was really opened and what it lies in. None where nothing speaks against it.
    pub fn against(&self, opened: &[Identity], path: &Path) -> Option<Decision> {
        if let Some(clause) = named(&self.denied, opened) {
            return Some(deny(DENIED, &clause.name, path));
        }
        let clause = named(&self.guarded, opened)?;
        Some(deny(PROTECTED, &clause.name, path))
    }
}

/// The roots, and what lies above them.
fn above_roots(rules: &Rules) -> Vec<Identity> {
    let roots = if rules.writable_roots.is_empty() {
        std::slice::from_ref(&rules.workspace)
    } else {
        rules.writable_roots.as_slice()
    };
    let above = roots.iter().flat_map(|root| root.ancestors());
    let above: BTreeSet<&Path> = above.collect();
    above.into_iter().filter_map(target).collect()
}

const DENIED: &str = "the policy lets nobody read it";
const PROTECTED: &str = "it is protected from changes: other programs run or trust it";

fn named<'a>(known: &[(Identity, &'a Clause)], opened: &[Identity]) -> Option<&'a Clause> {
    let hit = known.iter().find(|(identity, _)| opened.contains(identity));
    hit.map(|(_, clause)| *clause)
}

/// The decision about a place that is denied or protected, or holds such; none about any other.
pub(crate) fn forbidden(rules: &Rules, resolved: &Resolved, intent: Intent) -> Option<Decision> {
    let path = resolved.path.as_path();
    let denied = rules.denied.as_slice();
    if let Some(clause) = denied.iter().find(|clause| reaches(clause, resolved)) {
        return Some(deny(DENIED, &clause.name, path));
    }
    let guarded = if intent.is_reading() {
        &[]
    } else {
        rules.guarded.as_slice()
    };
    if let Some(clause) = guarded.iter().find(|clause| reaches(clause, resolved)) {
        return Some(deny(PROTECTED, &clause.name, path));
    }
    // Other names for the same thing: a hard link, a mount, a twin in other letters.
    if let Some(decision) = Known::look(rules, intent).against(&resolved.identities, path) {
        return Some(decision);
    }
    if intent.takes_away()
        && let Some(clause) = denied
            .iter()
            .find(|clause| is_below(&clause.path, path, Disk::HERE))
    {
        let reason = "it holds what nobody may read, which would leave its place";
        return Some(deny(reason, &clause.name, path));
    }
    if intent == Intent::Create && resolved.as_directory {
        return None;
    }
    let clause = guarded.iter().find(|clause| holds(clause, resolved))?;
    Some(deny("a protected path lies below it", &clause.name, path))
}

/// Whether the place is that of the clause or lies below it, by name or by a link on the way.
fn reaches(clause: &Clause, resolved: &Resolved) -> bool {
    std::iter::once(&resolved.path)
        .chain(&resolved.links)
        .any(|path| is_below(path, &clause.path, Disk::HERE))
}

/// Whether the clause lies below the place, by name or, between the root and the clause, as the same thing on disk.
fn holds(clause: &Clause, resolved: &Resolved) -> bool {
    if is_below(&clause.path, &resolved.path, Disk::HERE) {
        return true;
    }
    let (Some(root), Some(identity)) = (&clause.root, resolved.identity()) else {
        return false;
    };
    resolved.end == End::Found(FileKind::Directory)
        && clause
            .path
            .ancestors()
            .skip(1)
            .take_while(|above| *above != root && is_below(above, root, Disk::HERE))
            .any(|above| target(above) == Some(identity))
}

/// What stands at a path, its last link followed.
fn target(path: &Path) -> Option<Identity> {
    fs::metadata(path).ok().and_then(|stats| identity(&stats))
}
