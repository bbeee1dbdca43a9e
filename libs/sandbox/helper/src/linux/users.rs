//! The users of a new namespace, mapped from outside of it.

use fishplate_sandbox_helper::{Step, Strategy};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::{Failure, Outcome, kernel};

/// Maps the users of the new namespace to themselves, so that files keep their owners' names: all that this process has
/// where it may, else its own.
pub fn map_users(strategy: Strategy, pid: i32) -> Outcome {
    if strategy != Strategy::User {
        return Ok(());
    }
    map_users_of(pid).map_err(Failure::at(Step::Users))
}

fn map_users_of(pid: i32) -> kernel::Result<()> {
    let write = |name: &str, text: &str| {
        let path = format!("/proc/{pid}/{name}");
        let file = rustix::fs::open(path, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
        rustix::io::write(&file, text.as_bytes()).map(drop)
    };
    let (user, group) = (rustix::process::geteuid(), rustix::process::getegid());
    if user.is_root() {
        let whole = write("uid_map", &identity("uid_map")?)
            .and_then(|()| write("gid_map", &identity("gid_map")?));
        if whole != Err(Errno::PERM) {
            return whole;
        }
    }
    write("uid_map", &format!("{0} {0} 1", user.as_raw()))?;
    write("setgroups", "deny")?;
    write("gid_map", &format!("{0} {0} 1", group.as_raw()))
}

/// A map of all that this process' own namespace has.
fn identity(name: &str) -> kernel::Result<String> {
    let path = format!("/proc/self/{name}");
    let file = rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    let mut bytes = vec![0; 4096];
    let length = rustix::io::read(&file, &mut bytes)?;
    let text = String::from_utf8_lossy(bytes.get(..length).unwrap_or_default()).into_owned();
    let mut map = String::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        if let (Some(first), _, Some(count)) = (words.next(), words.next(), words.next()) {
            map.push_str(&format!("{first} {first} {count}\n"));
        }
    }
    Ok(map)
}
