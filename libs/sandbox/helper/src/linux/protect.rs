//! Protected paths, seen from outside: which are there, which directories lead to them, and a placeholder for what is missing.
//!
//! Each run holds a shared lock on the root directory; who gets the exclusive one at the end removes its placeholders. Removing one
//! that another run still needs would take that run's mount away with it.
//!
//! A mount holds a name against this view only. Where the host puts another file onto a protected or denied name, the kernel
//! drops the mount: [`super::changes`] sees that, and it is held again.

use std::ffi::{CStr, CString};

use fishplate_sandbox_helper::{Guard, Plan, Protected, StandIn, Step};
use rustix::fd::OwnedFd;
use rustix::fs::{FlockOperation, Mode, OFlags, flock, openat};
use rustix::io::Errno;
use rustix::thread::nanosleep;
use rustix::time::Timespec;

use super::held::{Held, Hold};
use super::placeholder::{self, Found};
use super::{Failure, Outcome, kernel};

/// Tries for a lock, 200 microseconds apart. Runs hold the exclusive one for less than that; who holds it longer is no run and
/// removes nothing, so then it goes on without.
const TRIES: u32 = 1000;

/// What stands for something missing.
struct Placeholder {
    root: usize,
    parent: OwnedFd,
    name: CString,
}

struct Root {
    path: CString,
    directory: OwnedFd,
    /// A placeholder in it, of which others are further names.
    socket: Option<OwnedFd>,
}

/// All that is protected.
#[derive(Default)]
pub struct Protection {
    pub held: Vec<Held>,
    /// Paths of what was made since they were last taken.
    pub made: Vec<Vec<u8>>,
    roots: Vec<Root>,
    placeholders: Vec<Placeholder>,
}

impl Protection {
    /// Looks at all protected paths, and makes what is missing.
    pub fn prepare(&mut self, plan: &Plan) -> Outcome {
        for (index, item) in plan.protected.iter().enumerate() {
            let detail = u32::try_from(index).unwrap_or(u32::MAX);
            self.prepare_one(item)
                .map_err(Failure::within(Step::Protect, detail))?;
        }
        Ok(())
    }

    /// Looks at them anew, for something has changed outside.
    pub fn renew(&mut self, plan: &Plan) -> Outcome {
        let held = std::mem::take(&mut self.held);
        let placeholders = std::mem::take(&mut self.placeholders);
        let outcome = self.prepare(plan);
        if outcome.is_err() {
            self.held = held;
            self.placeholders.extend(placeholders);
        }
        outcome
    }

    fn prepare_one(&mut self, item: &Protected) -> kernel::Result<()> {
        let Some(root) = self.lock_root(&item.root)? else {
            return Ok(());
        };
        let below = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut parent: Option<OwnedFd> = None;
        let mut path = item.root.as_bytes().to_vec();
        if path == b"/" {
            path.clear();
        }
        let mut names = item.below.as_bytes().split(|byte| *byte == b'/').peekable();
        while let Some(name) = names.next() {
            path.push(b'/');
            path.extend_from_slice(name);
            if self.is_closed(&path) {
                return Ok(());
            }
            let name = CString::new(name).map_err(|_| Errno::INVAL)?;
            let last = names.peek().is_none();
            let at = parent
                .as_ref()
                .or(self.roots.get(root).map(|root| &root.directory))
                .ok_or(Errno::BADF)?;
            let stand_in = match item.guard {
                Guard::All(StandIn::Nothing) => StandIn::Nothing,
                _ if name.as_c_str() == c".git" => StandIn::Directory,
                Guard::All(stand_in) if last => stand_in,
                _ => StandIn::Socket,
            };
            let mut found = placeholder::look(at, &name, stand_in)?;
            if matches!(found, Found::Missing) {
                if !matches!(item.guard, Guard::All(_)) {
                    return Ok(());
                }
                let twin = self.roots.get(root).and_then(|root| root.socket.as_ref());
                found = match placeholder::make(at, &name, stand_in, twin) {
                    Ok(Found::Missing) => return Ok(()),
                    // Made by another run, or by somebody else, in between.
                    Err(Errno::EXIST) => placeholder::look(at, &name, stand_in)?,
                    // Who starts the command cannot make it, so neither can the command.
                    Err(Errno::ACCESS | Errno::PERM | Errno::ROFS) => return Ok(()),
                    other => {
                        let found = other?;
                        self.made.push(path.clone());
                        found
                    }
                };
            }
            let placeheld = match found {
                Found::Placeholder => Some(Hold::Cover),
                Found::File => Some(Hold::ReadOnly),
                _ => None,
            };
            if let Some(how) = placeheld {
                let parent = rustix::io::fcntl_dupfd_cloexec(at, 3)?;
                if let Some(root) = self.roots.get_mut(root)
                    && root.socket.is_none()
                {
                    root.socket = placeholder::open_socket(&parent, &name);
                }
                self.placeholders.push(Placeholder { root, parent, name });
                return self.hold(&path, how);
            }
            let is_directory = matches!(found, Found::Directory);
            if is_directory && (!last || item.guard == Guard::Place) {
                let next = openat(at, &name, below, Mode::empty())?;
                self.hold(&path, Hold::Place)?;
                parent = Some(next);
            } else if is_directory && item.guard == Guard::Open {
                return self.hold(&path, Hold::Open);
            } else if matches!(found, Found::Missing) {
                return Err(Errno::BUSY);
            } else {
                // What is no directory and stands on the way must not be replaced by one.
                return self.hold(&path, Hold::ReadOnly);
            }
        }
        Ok(())
    }

    /// Whether a name is held as something that leads nowhere: what lies below it is held with it.
    fn is_closed(&self, path: &[u8]) -> bool {
        self.held
            .iter()
            .any(|held| held.how == Hold::Cover && held.path.as_bytes() == path)
    }

    /// Opens and locks a root once. `None`: it is not there, or out of reach.
    fn lock_root(&mut self, path: &CStr) -> kernel::Result<Option<usize>> {
        let known = self.roots.iter().position(|root| *root.path == *path);
        if known.is_some() {
            return Ok(known);
        }
        let directory = match super::root::open_directory(path) {
            Err(Errno::NOENT | Errno::ACCESS) => return Ok(None),
            other => other?,
        };
        for _ in 0..TRIES {
            match flock(&directory, FlockOperation::NonBlockingLockShared) {
                Err(Errno::WOULDBLOCK) => pause(),
                // File systems without locks: placeholders may then go while another run needs them.
                _ => break,
            }
        }
        self.roots.push(Root {
            path: path.to_owned(),
            directory,
            socket: None,
        });
        Ok(Some(self.roots.len() - 1))
    }

    fn hold(&mut self, path: &[u8], how: Hold) -> kernel::Result<()> {
        let known = self
            .held
            .iter_mut()
            .find(|held| held.path.as_bytes() == path);
        match known {
            // On the way to something, and protected itself.
            Some(held) if held.how == Hold::Place => held.how = how,
            Some(_) => {}
            None => self.held.push(Held {
                path: CString::new(path).map_err(|_| Errno::INVAL)?,
                how,
            }),
        }
        Ok(())
    }

    /// Removes the placeholders of roots that no other run uses. Answers descriptors of removed directories: closing them is
    /// what frees their blocks, and that can wait until all has been told.
    pub fn release(&self) -> Vec<OwnedFd> {
        let mut removed = Vec::new();
        let exclusive: Vec<bool> = self
            .roots
            .iter()
            .map(|root| flock(&root.directory, FlockOperation::NonBlockingLockExclusive).is_ok())
            .collect();
        for placeholder in &self.placeholders {
            if exclusive.get(placeholder.root) == Some(&true) {
                removed.extend(placeholder::remove(&placeholder.parent, &placeholder.name));
            }
        }
        for root in &self.roots {
            let _ = flock(&root.directory, FlockOperation::NonBlockingUnlock);
        }
        removed
    }
}

fn pause() {
    let time = Timespec {
        tv_sec: 0,
        tv_nsec: 200_000,
    };
    let _ = nanosleep(&time);
}
