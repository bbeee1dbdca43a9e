//! What the supervisor tells the helper (the plan), and what the helper tells the supervisor (reports).
//!
//! Both are flat bytes over a socket pair that the helper has as its descriptor 0. The first message is the strategy's number, which
//! the helper needs to begin; the plan and the command's three streams come with the second one as descriptors; reports go back
//! one a message. Nothing of it is in arguments or variables.
#![deny(missing_docs)]

mod guard;
mod plan;
mod report;

pub use guard::{Guard, StandIn};
pub use plan::{CgroupPlan, LimitPlan, NetworkPlan, Plan, PlanError, Protected, Strategy};
pub use report::{LimitKind, Refusal, Report, Step, Usage};

/// Asks the helper to send SIGTERM to every process of the command.
pub const TERMINATE: u8 = b'T';

/// Asks the helper to end every process of the command at once. Closing the channel does the same.
pub const KILL: u8 = b'K';

/// The mode of what stands where a protected path is missing while a command runs: as usual, and sticky, by which one that
/// was left behind is known.
pub const PLACEHOLDER_MODE: u32 = 0o1755;

/// The detail of a failed [`Step::Exec`]: the program is there, so what the system did not find is its interpreter.
pub const PROGRAM_IS_THERE: u32 = 1;
