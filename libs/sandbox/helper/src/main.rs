//! The helper: it is told a plan by the supervisor, confines itself to it, and becomes the command.
//!
//! On Linux three processes of one executable. The *outer* one is the supervisor's child: it makes what lies outside (control groups,
//! placeholders), watches the channel and cleans up, also when the supervisor was killed. The *init* one is the first process of
//! the new namespaces: it builds the view of files, reaps, and watches the limits. The third drops all privileges and
//! becomes the command. On macOS two: one outside that watches, and one inside that becomes the command.
#![cfg_attr(target_os = "linux", no_main)]

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;

/// Entry without the standard runtime's, which would cost system calls before the first useful one.
#[cfg(target_os = "linux")]
#[unsafe(no_mangle)]
extern "C" fn main(_argc: i32, _argv: *const *const u8) -> i32 {
    linux::outer::run()
}

#[cfg(target_os = "macos")]
fn main() -> std::process::ExitCode {
    macos::run()
}

/// Elsewhere nothing starts it: Windows confines without a helper.
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn main() -> std::process::ExitCode {
    std::process::ExitCode::FAILURE
}
