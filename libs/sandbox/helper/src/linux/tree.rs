//! Signals to all processes of a command.

use fishplate_sandbox_helper::Strategy;

use super::{kernel, measure};

/// Asks all of them to end.
pub fn terminate(strategy: Strategy) {
    if strategy == Strategy::Plain {
        let own = rustix::process::getpid().as_raw_nonzero().get();
        for process in measure::descendants(&measure::processes(), own) {
            let _ = kernel::signal(process.pid, libc::SIGTERM);
        }
    } else {
        // All of the namespace but the first process, which this is.
        let _ = kernel::signal(-1, libc::SIGTERM);
    }
}

/// Ends all that came of this process, which must be the one that orphans come to. In a namespace that is the kernel's work.
pub fn kill_descendants() {
    let own = rustix::process::getpid().as_raw_nonzero().get();
    loop {
        let left = measure::descendants(&measure::processes(), own);
        // Stopped first, so that nothing that is looked at later has just made another.
        for process in &left {
            let _ = kernel::signal(process.pid, libc::SIGSTOP);
        }
        for process in &left {
            let _ = kernel::signal(process.pid, libc::SIGKILL);
        }
        while let Ok(Some(_)) = kernel::reap() {}
        if left.is_empty() {
            return;
        }
        rustix::thread::sched_yield();
    }
}
