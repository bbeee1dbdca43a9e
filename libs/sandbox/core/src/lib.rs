//! Commands and file actions of an agent under a policy: what is allowed is decided here, and the operating system holds it.
#![deny(missing_docs)]

mod capabilities;
mod clauses;
mod conflicts;
mod decision;
mod files;
mod flow;
mod git;
mod grants;
mod names;
mod paths;
mod policy;
pub mod proxy;
mod resolve;
mod sandbox;
mod supervisor;

pub use capabilities::{Backend, Capabilities, Cgroup, Enforcement, Weakness, capabilities};
pub use decision::{Decision, Intent, Verdict, evaluate};
pub use files::{
    Change, ChangeError, Changed, DirEntry, FileError, Files, Listing, Metadata, NewFile,
    WriteOptions,
};
pub use flow::{Flow, HIGH_WATER, LOW_WATER};
pub use grants::{Grant, GrantError, Grants};
pub use names::{Disk, NameError, check_windows_name, is_below, same_name};
pub use policy::{
    AllowDomains, DEFAULT_PROTECTED, DEFAULT_READ_DENY, EnvPolicy, Inherit, Limits, Mode, Network,
    NetworkMode, Policy, PolicyError, Require, Rules,
};
pub use resolve::FileKind;
pub use sandbox::{
    Command, Execution, Finished, OpenError, Output, Sandbox, Violation, shared_supervisor,
};
pub use supervisor::{
    Captured, DEFAULT_PROCESSES, DEFAULT_TMP_BYTES, Event, Handler, Launch, LimitHit, Means,
    Outcome, Running, StartError, Stdin, Supervisor,
};
