//! What the command's process gives up before it becomes the command.

use fishplate_sandbox_helper::{LimitPlan, Plan, Step, Strategy};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{Failure, Outcome, kernel};

/// Above a limit of processes: so many more can be made, so that the watch sees the excess and ends them all.
pub const SLACK: u32 = 32;

/// Gives up all capabilities.
pub fn drop_all(plan: &Plan) -> Outcome {
    let privileged = plan.strategy != Strategy::Plain || rustix::process::geteuid().is_root();
    kernel::drop_capabilities(privileged).map_err(Failure::at(Step::Privileges))
}

/// Sets the limits that the kernel holds for each process.
pub fn set_limits(limits: &LimitPlan) -> Outcome {
    let mut wanted = vec![(Resource::Core, 0)];
    if limits.cpu_ms > 0 {
        // Seconds, rounded up: the watch holds the rest.
        wanted.push((Resource::Cpu, limits.cpu_ms.div_ceil(1000)));
    }
    if limits.file_bytes > 0 {
        wanted.push((Resource::Fsize, limits.file_bytes));
    }
    if limits.processes > 0 && !rustix::process::geteuid().is_root() {
        wanted.push((
            Resource::Nproc,
            u64::from(limits.processes) + u64::from(SLACK),
        ));
    }
    for (resource, most) in wanted {
        let maximum = getrlimit(resource).maximum;
        let most = maximum.map_or(most, |maximum| maximum.min(most));
        let hard = if resource == Resource::Cpu {
            // After the signal at the soft limit, the kernel kills at the hard one.
            maximum.map_or(most + 1, |maximum| maximum.min(most + 1))
        } else {
            most
        };
        let limit = Rlimit {
            current: Some(most),
            maximum: Some(hard),
        };
        setrlimit(resource, limit).map_err(Failure::at(Step::Limits))?;
    }
    Ok(())
}
