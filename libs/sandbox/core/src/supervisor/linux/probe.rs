//! Probes: a helper that does all but become a command tells what works here.

use std::ffi::CString;
use std::path::Path;

use fishplate_sandbox_helper::{LimitPlan, NetworkPlan, Plan, Report, Strategy};

use super::{job::confine_error, spawn};
use crate::supervisor::{Means, StartError};

/// Tries means with a version of Landlock, and with or without the kernel's bound of process numbers.
pub(crate) fn run(
    helper: &Path,
    means: Means,
    landlock: u32,
    bounds_processes: bool,
) -> Result<(), StartError> {
    let root = || CString::from(c"/");
    let plan = Plan {
        strategy: strategy(means),
        probe: true,
        network: NetworkPlan::None,
        landlock,
        private_tmp: true,
        full_access: false,
        limits: LimitPlan {
            pid_max: if bounds_processes { 4096 } else { 0 },
            tmp_bytes: 1 << 20,
            ..LimitPlan::default()
        },
        program: CString::default(),
        args: Vec::new(),
        env: Vec::new(),
        cwd: root(),
        roots: Vec::new(),
        protected: Vec::new(),
        unborn: Vec::new(),
        deny: Vec::new(),
        hidden: Vec::new(),
        keep: Vec::new(),
        links: Vec::new(),
        masks: Vec::new(),
        read_only: vec![c"/proc/sys".into()],
        readable: vec![root()],
        scratch: CString::default(),
        cgroups: Vec::new(),
    };
    let mut spawned = spawn::spawn(helper, &plan, false)?;
    let mut probed = false;
    let mut failed = None;
    loop {
        let mut message = [0; Report::SIZE];
        let flags = rustix::net::RecvFlags::empty();
        let (length, _) =
            rustix::net::recv(&spawned.channel, &mut message, flags).unwrap_or((0, 0));
        match message.get(..length).and_then(Report::decode) {
            Some(Report::Probed) => probed = true,
            Some(Report::Failed {
                step,
                errno,
                detail,
            }) => {
                let error = std::io::Error::from_raw_os_error(errno);
                failed = Some(confine_error(step, detail, error));
            }
            Some(Report::Done) | None => break,
            Some(_) => {}
        }
    }
    let status = spawned.child.wait()?;
    match (failed, probed) {
        (Some(error), _) => Err(error),
        (None, true) => Ok(()),
        (None, false) => Err(StartError::System(std::io::Error::other(format!(
            "the helper ended without an answer, {status}"
        )))),
    }
}

/// The plan's word for means.
pub(super) fn strategy(means: Means) -> Strategy {
    match means {
        Means::UserNamespaces => Strategy::User,
        Means::PrivilegedNamespaces => Strategy::Privileged,
        // Those of other systems are not taken here.
        Means::LandlockOnly | Means::Seatbelt | Means::AppContainer => Strategy::Plain,
    }
}
