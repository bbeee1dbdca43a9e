//! What a policy names: its own paths, and those that count where it says nothing else.

use std::path::PathBuf;

use super::Policy;

/// Below each writable root: what other programs would later run, or trust.
pub const DEFAULT_PROTECTED: &[&str] = &[
    ".git/hooks",
    ".git/config",
    ".git/commondir",
    ".git/config.worktree",
    ".git/modules",
    ".fishplate",
    ".bashrc",
    ".bash_profile",
    ".bash_login",
    ".bash_logout",
    ".profile",
    ".zshrc",
    ".zshenv",
    ".zprofile",
    ".zlogin",
    ".zlogout",
    ".config/fish",
    ".vscode/tasks.json",
    ".vscode/launch.json",
    ".vscode/settings.json",
    ".idea/runConfigurations",
    ".idea/workspace.xml",
];

/// Secrets that agents have no business with, where a policy says nothing else. `~` is the home directory.
pub const DEFAULT_READ_DENY: &[&str] = &[
    "~/.ssh",
    "~/.gnupg",
    "~/.aws",
    "~/.azure",
    "~/.config/gcloud",
    "~/.config/gh",
    "~/.kube",
    "~/.docker/config.json",
    "~/.netrc",
    "~/.git-credentials",
    "~/.pgpass",
    "~/.pypirc",
    "~/.cargo/credentials.toml",
];

/// What nobody may read, each with the name of its clause.
pub(super) fn named_denials(policy: &Policy) -> Vec<(PathBuf, String)> {
    match &policy.read_deny {
        Some(paths) => numbered(paths, "policy.readDeny"),
        None => DEFAULT_READ_DENY
            .iter()
            .map(|name| (PathBuf::from(name), format!("default readDeny {name}")))
            .collect(),
    }
}

/// What is protected below each root, each with the name of its clause.
pub(super) fn named_protections(policy: &Policy) -> Vec<(PathBuf, String)> {
    let defaults = if policy.protects_defaults() {
        DEFAULT_PROTECTED
    } else {
        &[]
    };
    let mut named: Vec<_> = defaults
        .iter()
        .map(|name| {
            (
                PathBuf::from(name),
                format!("default protected path {name}"),
            )
        })
        .collect();
    named.extend(numbered(&policy.protected_paths, "policy.protectedPaths"));
    named
}

fn numbered(paths: &[PathBuf], list: &str) -> Vec<(PathBuf, String)> {
    paths
        .iter()
        .enumerate()
        .map(|(index, path)| (path.clone(), format!("{list}[{index}]")))
        .collect()
}
