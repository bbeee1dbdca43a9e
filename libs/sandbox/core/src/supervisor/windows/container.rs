//! An `AppContainer` for one policy: an identity without any right, which is then let in where the policy says. All that was
//! changed for it is taken back when its last command has ended.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{SystemTime, UNIX_EPOCH};

use windows_sys::Win32::Security::Isolation::{
    CreateAppContainerProfile, DeleteAppContainerProfile, DeriveAppContainerSidFromAppContainerName,
};
use windows_sys::Win32::Security::{FreeSid, PSID};

use super::access::{self, Access};
use super::journal::Journal;
use super::wide;
use crate::names::{Disk, is_below};
use crate::policy::{Clause, Mode, Rules};

/// A security identifier, as the system allocated it.
#[derive(Debug)]
pub(super) struct Sid(PSID);

// SAFETY: a plain block of memory that nobody changes.
unsafe impl Send for Sid {}
// SAFETY: as above.
unsafe impl Sync for Sid {}

impl Sid {
    pub(super) fn get(&self) -> PSID {
        self.0
    }

    /// Of the container of a name, whether or not it is registered.
    pub(super) fn of(name: &str) -> io::Result<Self> {
        let name = wide(name.as_ref());
        let mut sid = null_mut();
        // SAFETY: the name ends in a NUL, and the identifier's place is one.
        let code =
            unsafe { DeriveAppContainerSidFromAppContainerName(name.as_ptr(), &raw mut sid) };
        checked(code)?;
        Ok(Self(sid))
    }
}

impl Drop for Sid {
    fn drop(&mut self) {
        // SAFETY: it was allocated for this, and nobody has it any more.
        unsafe { FreeSid(self.0) };
    }
}

/// A container with its rights.
#[derive(Debug)]
pub(super) struct Container {
    sid: Sid,
    journal: Journal,
    /// Its private temporary directory.
    pub(super) scratch: PathBuf,
}

/// What of the rules its rights depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Key {
    is_read_only: bool,
    workspace: PathBuf,
    roots: Vec<PathBuf>,
    denied: Vec<PathBuf>,
    guarded: Vec<PathBuf>,
}

static CONTAINERS: Mutex<Vec<(Key, Weak<Container>)>> = Mutex::new(Vec::new());

impl Container {
    /// The container of these rules: one that serves them already, or a new one.
    pub(super) fn of(rules: &Rules) -> io::Result<Arc<Self>> {
        let paths = |clauses: &[Clause]| clauses.iter().map(|clause| clause.path.clone()).collect();
        let key = Key {
            is_read_only: rules.policy.mode == Mode::ReadOnly,
            workspace: rules.workspace.clone(),
            roots: rules.writable_roots.clone(),
            denied: paths(&rules.denied),
            guarded: paths(&rules.guarded),
        };
        let mut containers = CONTAINERS.lock().unwrap_or_else(PoisonError::into_inner);
        containers.retain(|(_, container)| container.strong_count() > 0);
        let mut serving = containers.iter().filter(|(served, _)| *served == key);
        if let Some(container) = serving.find_map(|(_, container)| container.upgrade()) {
            return Ok(container);
        }
        let container = Arc::new(Self::make(rules)?);
        containers.push((key, Arc::downgrade(&container)));
        Ok(container)
    }

    pub(super) fn sid(&self) -> PSID {
        self.sid.get()
    }

    fn make(rules: &Rules) -> io::Result<Self> {
        Journal::take_back_what_was_left();
        let name = name();
        let scratch = std::env::temp_dir().join(&name);
        let sid = Sid::of(&name)?;
        let mut journal = Journal::begin(&name, &scratch)?;
        register(&name)?;
        fs::create_dir(&scratch)?;
        let grants = rights(rules, &scratch);
        // Told before it is done: whoever finds the journal takes back more rather than less.
        journal.will_change(grants.iter().map(|(path, _)| path.as_path()))?;
        let made = Self {
            sid,
            journal,
            scratch,
        };
        for (path, right) in &grants {
            access::grant(path, made.sid.get(), *right)?;
        }
        Ok(made)
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        self.journal.take_back();
    }
}

/// What the container may do where, outer paths first: a denial further in has the last word.
fn rights(rules: &Rules, scratch: &Path) -> Vec<(PathBuf, Access)> {
    let mut rights = vec![(scratch.to_path_buf(), Access::Write)];
    let opened = |path: &Path| {
        let mut opened = std::iter::once(&rules.workspace).chain(&rules.writable_roots);
        opened.any(|root| is_below(path, root, Disk::HERE))
    };
    if !rules.writable_roots.contains(&rules.workspace) {
        rights.push((rules.workspace.clone(), Access::Read));
    }
    rights.extend(
        rules
            .writable_roots
            .iter()
            .map(|root| (root.clone(), Access::Write)),
    );
    let held = |clauses: &[Clause], right| -> Vec<_> {
        let is_there = |path: &&PathBuf| opened(path) && fs::symlink_metadata(path).is_ok();
        let paths = clauses.iter().map(|clause| &clause.path).filter(is_there);
        paths.map(|path| (path.clone(), right)).collect()
    };
    let mut closed = held(&rules.guarded, Access::NoWrite);
    closed.extend(held(&rules.denied, Access::Nothing));
    let mut in_place: Vec<PathBuf> = Vec::new();
    for (path, _) in &closed {
        for above in path.ancestors().skip(1).take_while(|above| opened(above)) {
            if !in_place.iter().any(|held| held == above) {
                in_place.push(above.to_path_buf());
            }
        }
    }
    rights.extend(closed);
    rights.extend(in_place.into_iter().map(|path| (path, Access::InPlace)));
    rights
}

/// One that no other process or run has had.
fn name() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let time = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| time.as_millis());
    format!("fishplate.{}.{number}.{time:x}", std::process::id())
}

fn register(name: &str) -> io::Result<()> {
    let (name, words) = (wide(name.as_ref()), wide("fishplate sandbox".as_ref()));
    let mut sid = null_mut();
    // SAFETY: all texts end in a NUL, there is no list of capabilities, and the identifier's place is one.
    let code = unsafe {
        CreateAppContainerProfile(
            name.as_ptr(),
            words.as_ptr(),
            words.as_ptr(),
            null_mut(),
            0,
            &raw mut sid,
        )
    };
    checked(code)?;
    drop(Sid(sid));
    Ok(())
}

/// Its registration and its folder.
pub(super) fn unregister(name: &str) {
    let name = wide(name.as_ref());
    // SAFETY: the name ends in a NUL.
    unsafe { DeleteAppContainerProfile(name.as_ptr()) };
}

fn checked(code: i32) -> io::Result<()> {
    if code < 0 {
        return Err(io::Error::from_raw_os_error(code));
    }
    Ok(())
}
