//! Control groups: which can be made here, and what a command's limits come to in them.
//!
//! Version 1 (a tree for each resource) and 2 (one for all), below this process' own group or beside it. A group is made
//! only for a limit that nothing else of the kernel holds as well, since making one costs more than all namespaces.

use std::ffi::CString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use fishplate_sandbox_helper::CgroupPlan;

use super::plan::path_text;
use crate::capabilities::Cgroup;
use crate::policy::Limits;

const SWAP_1: &str = "memory.memsw.limit_in_bytes";
const SWAP_2: &str = "memory.swap.max";

/// A resource that can be counted, and where groups for it can be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Controller {
    pub(crate) controller: String,
    pub(crate) version: u8,
    parent: PathBuf,
    /// Whether the kernel counts what is swapped out, too.
    counts_swap: bool,
}

/// What can be counted here. Found out once, by making and removing a group for each.
fn controllers() -> &'static [Controller] {
    static FOUND: OnceLock<Vec<Controller>> = OnceLock::new();
    FOUND.get_or_init(|| {
        let found = find();
        found.iter().for_each(sweep);
        found
    })
}

/// For a report of what this machine can do.
pub(crate) fn available() -> Option<Cgroup> {
    let all = controllers();
    Some(Cgroup {
        version: all.first()?.version,
        controllers: all.iter().map(|found| found.controller.clone()).collect(),
    })
}

/// The ones that these limits need.
pub(crate) fn controllers_for(limits: &Limits, bounds_processes: bool) -> Vec<Controller> {
    let needed = |found: &&Controller| match found.controller.as_str() {
        "memory" => limits.memory_bytes.is_some(),
        _ => limits.processes.is_some() && !bounds_processes,
    };
    if limits.memory_bytes.is_none() && (limits.processes.is_none() || bounds_processes) {
        return Vec::new();
    }
    controllers().iter().filter(needed).cloned().collect()
}

/// The groups of one command.
pub(super) fn plans(limits: &Limits, bounds_processes: bool) -> Vec<CgroupPlan> {
    let mut plans: Vec<CgroupPlan> = Vec::new();
    let name = group_name();
    for found in controllers_for(limits, bounds_processes) {
        let directory = found.parent.join(&name);
        let Some(path) = path_text(&directory) else {
            continue;
        };
        let (settings, kills) = settings(&found, limits, &directory);
        // In version 2 one group counts all.
        match plans.iter_mut().find(|plan| plan.directory == path) {
            Some(plan) => {
                plan.settings.extend(settings);
                if plan.kills.is_empty() {
                    plan.kills = kills;
                }
            }
            None => plans.push(CgroupPlan {
                directory: path,
                settings,
                kills,
            }),
        }
    }
    plans
}

fn settings(
    found: &Controller,
    limits: &Limits,
    directory: &Path,
) -> (Vec<(CString, CString)>, CString) {
    let text = |value: String| CString::new(value).unwrap_or_default();
    if found.controller == "pids" {
        let most = limits.processes.unwrap_or(u32::MAX).saturating_add(32);
        let setting = (text("pids.max".to_owned()), text(most.to_string()));
        return (vec![setting], CString::default());
    }
    let most = limits.memory_bytes.unwrap_or(u64::MAX).to_string();
    let (files, kills): (&[(&str, &str, bool)], _) = if found.version == 1 {
        (
            &[
                ("memory.limit_in_bytes", most.as_str(), false),
                // Of both together, so it comes after the first.
                (SWAP_1, most.as_str(), true),
            ],
            "memory.oom_control",
        )
    } else {
        (
            &[
                ("memory.max", most.as_str(), false),
                (SWAP_2, "0", true),
                ("memory.oom.group", "1", false),
            ],
            "memory.events",
        )
    };
    let settings = files
        .iter()
        .filter(|(_, _, is_swap)| found.counts_swap || !is_swap)
        .map(|(file, value, _)| (text((*file).to_owned()), text((*value).to_owned())))
        .collect();
    let kills = path_text(&directory.join(kills)).unwrap_or_default();
    (settings, kills)
}

fn group_name() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("fishplate-{}-{number}", std::process::id())
}

fn find() -> Vec<Controller> {
    let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let mut found = Vec::new();
    for controller in ["memory", "pids"] {
        let place = in_version_1(controller, &own, &mounts).map(|parents| (1, parents));
        let place = place.or_else(|| Some((2, in_version_2(controller, &own, &mounts)?)));
        let Some((version, parents)) = place else {
            continue;
        };
        let made = |parent: PathBuf| {
            let counts_swap = try_make(&parent, controller)?;
            Some((parent, counts_swap))
        };
        if let Some((parent, counts_swap)) = parents.into_iter().find_map(made) {
            found.push(Controller {
                controller: controller.to_owned(),
                version,
                parent,
                counts_swap,
            });
        }
    }
    found
}

/// The own group of a tree of version 1, and the one above it.
fn in_version_1(controller: &str, own: &str, mounts: &str) -> Option<Vec<PathBuf>> {
    let path = own.lines().find_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let names = parts.next()?;
        names
            .split(',')
            .any(|name| name == controller)
            .then_some(parts.next()?)
    })?;
    let mount = mounts.lines().find_map(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        let [_, place, "cgroup", options, ..] = words.as_slice() else {
            return None;
        };
        options
            .split(',')
            .any(|name| name == controller)
            .then_some(*place)
    })?;
    Some(own_and_above(mount, path))
}

/// The same in the one tree of version 2, where the group hands the controller on.
fn in_version_2(controller: &str, own: &str, mounts: &str) -> Option<Vec<PathBuf>> {
    let path = own.lines().find_map(|line| line.strip_prefix("0::"))?;
    let mount = mounts.lines().find_map(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        let [_, place, "cgroup2", ..] = words.as_slice() else {
            return None;
        };
        Some(*place)
    })?;
    let hands_on = |parent: &PathBuf| {
        fs::read_to_string(parent.join("cgroup.subtree_control"))
            .is_ok_and(|names| names.split_whitespace().any(|name| name == controller))
    };
    Some(
        own_and_above(mount, path)
            .into_iter()
            .filter(hands_on)
            .collect(),
    )
}

fn own_and_above(mount: &str, path: &str) -> Vec<PathBuf> {
    let own = Path::new(mount).join(path.trim_start_matches('/'));
    let above = own.parent().filter(|above| above.starts_with(mount));
    let above = above.map(Path::to_path_buf);
    std::iter::once(own).chain(above).collect()
}

/// Whether a group with the controller's files can be made below, and this process could move one of its children into it;
/// then, whether swapped memory can be bounded there.
fn try_make(parent: &Path, controller: &str) -> Option<bool> {
    let directory = parent.join(format!("fishplate-{}-try", std::process::id()));
    fs::create_dir(&directory).ok()?;
    let file = if controller == "pids" {
        "pids.max"
    } else if directory.join("memory.max").exists() {
        "memory.max"
    } else {
        "memory.limit_in_bytes"
    };
    let writable = |path: PathBuf| fs::OpenOptions::new().write(true).open(path).is_ok();
    // Moving asks for the group above both, too.
    let can = writable(directory.join(file))
        && writable(directory.join("cgroup.procs"))
        && writable(parent.join("cgroup.procs"));
    let mut swap = [SWAP_1, SWAP_2].into_iter();
    let counts_swap = swap.any(|file| directory.join(file).exists());
    let _ = fs::remove_dir(&directory);
    can.then_some(counts_swap)
}

/// Removes empty groups of processes that are gone, which a killed machine's helper could not.
fn sweep(found: &Controller) {
    let Ok(entries) = fs::read_dir(&found.parent) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let owner = name
            .strip_prefix("fishplate-")
            .and_then(|rest| rest.split('-').next())
            .and_then(|pid| pid.parse::<u32>().ok());
        if owner.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            // Refused where processes are in it.
            let _ = fs::remove_dir(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::CString;
    use std::path::{Path, PathBuf};

    use super::{Controller, settings};
    use crate::policy::Limits;

    fn controller(version: u8, counts_swap: bool) -> Controller {
        Controller {
            controller: "memory".to_owned(),
            version,
            parent: PathBuf::from("/"),
            counts_swap,
        }
    }

    #[test]
    fn swapped_memory_is_bounded_where_the_kernel_counts_it() {
        let limits = Limits {
            memory_bytes: Some(4096),
            ..Limits::default()
        };
        let set = |version, counts_swap| -> Vec<String> {
            let found = controller(version, counts_swap);
            let (set, _) = settings(&found, &limits, Path::new("/g"));
            let text = |text: &CString| text.to_string_lossy().into_owned();
            set.iter()
                .map(|(file, value)| format!("{} {}", text(file), text(value)))
                .collect()
        };
        let all = [
            "memory.limit_in_bytes 4096",
            "memory.memsw.limit_in_bytes 4096",
        ];
        assert_eq!(set(1, true), all);
        assert_eq!(set(1, false), all[..1]);
        let all = ["memory.max 4096", "memory.swap.max 0", "memory.oom.group 1"];
        assert_eq!(set(2, true), all);
        assert_eq!(set(2, false), [all[0], all[2]]);
    }
}
