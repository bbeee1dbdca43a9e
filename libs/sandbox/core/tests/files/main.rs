//! The file actions: what they do, and attacks on them.
#![cfg(target_os = "linux")]

mod actions;
mod kinds;
mod links;
mod mounts;
#[path = "../world/mod.rs"]
mod world;

use std::sync::mpsc;
use std::time::Duration;

use fishplate_sandbox::{FileError, WriteOptions};

const MIB: u64 = 1 << 20;
const PLAIN: WriteOptions = WriteOptions {
    parents: false,
    sync: false,
};

fn code<T: std::fmt::Debug>(result: Result<T, FileError>) -> &'static str {
    let error = result.expect_err("an error");
    assert!(!error.hint().is_empty() && !error.to_string().is_empty());
    error.code()
}

/// The calls in a thread, so that one that waits is a failure and no hang.
fn in_time<T: Send + 'static>(call: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || sender.send(call()));
    receiver
        .recv_timeout(Duration::from_secs(20))
        .expect("an answer in time")
}
