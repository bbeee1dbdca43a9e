//! macOS: a process that stays outside of the sandbox and watches the command, and one that becomes it inside.
//!
//! What confines is `sandbox-exec`, which the plan's arguments name; it runs this executable again, as `--inside`, which tells
//! that the profile holds before it becomes the command.

mod channel;
mod inside;
mod outside;
mod processes;
mod watch;

use std::process::ExitCode;

/// How many the descriptor of reports has inside.
const REPORTS: i32 = 3;

pub(crate) fn run() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    match arguments.next() {
        Some(word) if word == "--inside" => inside::become_command(arguments),
        _ => outside::run(),
    }
}
