//! What the policy says about one action on one path.
//!
//! A path is resolved first, as the kernel would: what counts is the place that it leads to. The last link is followed by
//! read, write, list and execute, and stands for itself in create, delete, rename and move.
//!
//! | place | read, list, execute | create, write | delete, rename, move |
//! | --- | --- | --- | --- |
//! | below `/proc/PID`, `/proc/kcore`, or more links than the kernel follows | deny | deny | deny |
//! | `readDeny`, at it or below, by any name | deny | deny | deny |
//! | holds something of `readDeny` | as below | as below | deny |
//! | protected, at it or below, by any name | as below | deny | deny |
//! | holds something protected (`.git`) | as below | deny; a directory may be created | deny |
//! | anywhere else in `full-access` | allow | allow | allow |
//! | below a writable root | allow | allow | confirm |
//! | a writable root itself | allow | allow | confirm |
//! | the machine's `/tmp`, `/var/tmp`, `/dev/shm` with `privateTmp`, outside the workspace and the roots | confirm | confirm | confirm |
//! | outside the roots; in `read-only` everywhere | allow | confirm | confirm |
//!
//! The first line that fits counts. A grant turns *confirm* into *allow* and never touches *deny*.
//!
//! Writing an existing file below a root is allowed without asking: it is what agents do all day, and the runtime keeps what
//! was there. Deleting and moving ask, since a person who looks for the file no longer finds it. Overwriting *outside* of
//! the roots asks as creating there does. A `create` that ends in a slash is that of a directory: an empty `.vscode/` is
//! harmless, where a file `.git` would tell git to take its hooks and configuration from elsewhere.
//!
//! A command has a `/tmp` of its own. The file tools work on the machine's, where other programs keep theirs: so it asks.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize, Serializer};

use crate::clauses::forbidden;
use crate::grants::Grants;
use crate::names::{Disk, NameError, is_below};
use crate::policy::{Mode, Rules};
use crate::resolve::{ResolveError, Resolved, resolve};

const TMP: &[&str] = &[
    "/tmp",
    "/var/tmp",
    "/dev/shm",
    "/private/tmp",
    "/private/var/tmp",
];

/// What is to be done with a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Intent {
    /// Read the content or the metadata of a file.
    Read,
    /// Write a file, whether it is there or not.
    Write,
    /// Make a file, a link or, where the path ends in a slash, a directory that is not there.
    Create,
    /// Remove a file, a link or a directory.
    Delete,
    /// Give another name in the same directory.
    Rename,
    /// Put into another directory.
    Move,
    /// Read the names in a directory.
    List,
    /// Run a file as a program.
    Execute,
}

impl Intent {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Read,
        Self::Write,
        Self::Create,
        Self::Delete,
        Self::Rename,
        Self::Move,
        Self::List,
        Self::Execute,
    ];

    /// Whether a link at the end of the path is followed.
    pub fn follows_last_link(self) -> bool {
        matches!(self, Self::Read | Self::Write | Self::List | Self::Execute)
    }

    /// Whether what is on disk stays as it is.
    pub fn is_reading(self) -> bool {
        matches!(self, Self::Read | Self::List | Self::Execute)
    }

    /// Whether what stands at the path is gone from there afterwards, with all that lies below it.
    pub(crate) fn takes_away(self) -> bool {
        matches!(self, Self::Delete | Self::Rename | Self::Move)
    }
}

impl fmt::Display for Intent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Create => "create",
            Self::Delete => "delete",
            Self::Rename => "rename",
            Self::Move => "move",
            Self::List => "list",
            Self::Execute => "execute",
        })
    }
}

/// The answer in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It may be done.
    Allow,
    /// It may not be done, whoever confirms it.
    Deny,
    /// It may be done once a person has granted it.
    NeedsConfirmation,
}

/// The answer, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// The answer.
    pub decision: Verdict,
    /// In one sentence, for the person and the model.
    pub reason: String,
    /// The clause that decided, as in `policy.readDeny[2]`, `default protected path .git/hooks`, `grant g1`.
    pub rule: String,
    /// Where the path leads, free of links. In JSON, bytes that are not UTF-8 are replaced.
    #[serde(serialize_with = "lossy")]
    pub resolved_path: PathBuf,
}

pub(crate) fn lossy<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
}

/// Decides about `intent` on `path`; a relative path lies below the workspace. Looks at the disk, changes nothing.
///
/// ```
/// use fishplate_sandbox::{Grants, Intent, Policy, Rules, Verdict, evaluate};
/// use std::path::Path;
///
/// # let workspace = std::env::temp_dir().join(format!("fishplate-doc-evaluate-{}", std::process::id()));
/// # std::fs::create_dir_all(&workspace)?;
/// let rules = Rules::new(Policy::default(), &workspace, None)?;
/// let decide = |path, intent| evaluate(&rules, &Grants::none(), Path::new(path), intent);
/// assert_eq!(decide("src/main.rs", Intent::Write)?.decision, Verdict::Allow);
/// assert_eq!(decide("src/main.rs", Intent::Delete)?.decision, Verdict::NeedsConfirmation);
/// let hook = decide(".git/hooks/pre-commit", Intent::Write)?;
/// assert_eq!((hook.decision, hook.rule.as_str()), (Verdict::Deny, "default protected path .git/hooks"));
/// # std::fs::remove_dir(&workspace)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`NameError`] where the path is none: empty, with a NUL, too long, or a name that Windows reads as something else.
pub fn evaluate(
    rules: &Rules,
    grants: &Grants,
    path: &Path,
    intent: Intent,
) -> Result<Decision, NameError> {
    let follow = intent.follows_last_link();
    Ok(consider(rules, grants, path, intent, follow)?.0)
}

/// The decision, and the place that it is about; no place where the path leads to none that may be looked at.
pub(crate) fn consider(
    rules: &Rules,
    grants: &Grants,
    path: &Path,
    intent: Intent,
    follow_last: bool,
) -> Result<(Decision, Option<Resolved>), NameError> {
    #[cfg(windows)]
    crate::names::check_windows_start(&path.to_string_lossy())?;
    let resolved = match resolve(path, &rules.workspace, follow_last) {
        Ok(resolved) => resolved,
        Err(ResolveError::Name(error)) => return Err(error),
        Err(ResolveError::Loop(path)) => {
            let reason =
                "its symbolic links lead round in a circle, or are more than the kernel follows";
            return Ok((deny(reason, "path resolution", &path), None));
        }
        Err(ResolveError::Processes(path)) => {
            let reason =
                "it leads to open files, memory or environment of processes outside the sandbox";
            return Ok((deny(reason, "processes outside the sandbox", &path), None));
        }
    };
    Ok((judge(rules, grants, &resolved, intent), Some(resolved)))
}

/// The decision about a path that is resolved.
pub(crate) fn judge(
    rules: &Rules,
    grants: &Grants,
    resolved: &Resolved,
    intent: Intent,
) -> Decision {
    let path = resolved.path.as_path();
    if let Some(decision) = forbidden(rules, resolved, intent) {
        return decision;
    }
    if rules.policy.mode == Mode::FullAccess {
        return allow(
            "the policy allows it everywhere",
            "policy.mode full-access",
            path,
        );
    }
    let root = rules
        .writable_roots
        .iter()
        .position(|root| is_below(path, root, Disk::HERE));
    if let Some(index) = root {
        let name = root_name(rules, index);
        if !intent.takes_away() {
            return allow("it lies below a writable root", &name, path);
        }
        let reason = format!("to {intent} takes away what a person may look for");
        return confirm(grants, intent, path, &reason, &name);
    }
    if rules.policy.has_private_tmp()
        && !is_below(path, &rules.workspace, Disk::HERE)
        && TMP
            .iter()
            .any(|tmp| is_below(path, Path::new(tmp), Disk::HERE))
    {
        let reason = "it lies in the machine's temporary directory, of which a command sees none";
        return confirm(grants, intent, path, reason, "policy.privateTmp");
    }
    if intent.is_reading() {
        return allow("nothing keeps it from being read", "readable machine", path);
    }
    let (reason, rule) = if rules.policy.mode == Mode::ReadOnly {
        ("the policy allows no change", "policy.mode read-only")
    } else {
        (
            "it lies outside the writable roots",
            "outside policy.writableRoots",
        )
    };
    confirm(grants, intent, path, reason, rule)
}

fn root_name(rules: &Rules, index: usize) -> String {
    // The workspace is the first root; another may be named twice, or be the workspace: so the name is looked for.
    let Some(root) = rules
        .writable_roots
        .get(index)
        .filter(|root| **root != rules.workspace)
    else {
        return "workspace".to_owned();
    };
    let named = rules.policy.writable_roots.iter().position(|given| {
        fs::canonicalize(rules.workspace.join(given)).is_ok_and(|path| path == *root)
    });
    named.map_or_else(
        || format!("writable root {}", root.display()),
        |index| format!("policy.writableRoots[{index}]"),
    )
}

fn confirm(grants: &Grants, intent: Intent, path: &Path, reason: &str, rule: &str) -> Decision {
    if let Some(name) = grants.covering(path, intent) {
        return allow("a person has granted it", &name, path);
    }
    answer(Verdict::NeedsConfirmation, reason, rule, path)
}

fn allow(reason: &str, rule: &str, path: &Path) -> Decision {
    answer(Verdict::Allow, reason, rule, path)
}

pub(crate) fn deny(reason: &str, rule: &str, path: &Path) -> Decision {
    answer(Verdict::Deny, reason, rule, path)
}

fn answer(decision: Verdict, reason: &str, rule: &str, path: &Path) -> Decision {
    Decision {
        decision,
        reason: reason.to_owned(),
        rule: rule.to_owned(),
        resolved_path: path.to_path_buf(),
    }
}
