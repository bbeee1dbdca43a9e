//! Paths that the view holds, as the outer process tells them to the init process.

use std::ffi::{CStr, CString};

use rustix::fd::OwnedFd;
use rustix::io::Errno;

/// Asks the init process to hold paths again; the list follows.
pub const HOLD: u8 = b'H';

/// A path that the view holds in its place: what is mounted upon cannot be renamed or removed.
pub struct Held {
    pub path: CString,
    pub how: Hold,
}

/// What is mounted upon a path.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// Itself.
    Place,
    /// Itself, read-only.
    ReadOnly,
    /// Itself, writable below something that is read-only.
    Open,
    /// Something empty: it is a placeholder.
    Cover,
}

/// A list for the init process: its length, then each path with how it is held before it and a NUL behind.
pub fn encode(held: &[Held]) -> Vec<u8> {
    let mut list = Vec::with_capacity(1024);
    for one in held {
        list.push(match one.how {
            Hold::Place => b'p',
            Hold::ReadOnly => b'r',
            Hold::Open => b'o',
            Hold::Cover => b'c',
        });
        list.extend_from_slice(one.path.as_bytes_with_nul());
    }
    let mut bytes = (list.len() as u64).to_le_bytes().to_vec();
    bytes.extend(list);
    bytes
}

/// Reads the list from the pipe. `None`: the outer process has ended.
pub fn receive(pipe: &OwnedFd) -> Option<Vec<Held>> {
    let mut length = [0; 8];
    fill(pipe, &mut length)?;
    let mut list = vec![0; usize::try_from(u64::from_le_bytes(length)).ok()?];
    fill(pipe, &mut list)?;
    list.split_inclusive(|byte| *byte == 0)
        .map(|one| {
            let (how, path) = one.split_first()?;
            Some(Held {
                path: CStr::from_bytes_with_nul(path).ok()?.to_owned(),
                how: match how {
                    b'p' => Hold::Place,
                    b'r' => Hold::ReadOnly,
                    b'o' => Hold::Open,
                    _ => Hold::Cover,
                },
            })
        })
        .collect()
}

fn fill(pipe: &OwnedFd, mut bytes: &mut [u8]) -> Option<()> {
    while !bytes.is_empty() {
        match rustix::io::read(pipe, &mut *bytes) {
            Err(Errno::INTR) => {}
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes = bytes.get_mut(count..)?,
        }
    }
    Some(())
}
