//! The claim of the one writer. See `docs/formats/storage.md`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::{Result, StorageError};
use crate::format::Paths;
use crate::system::{Access, Process, System, read_file, temporary_of, write_full};

const ATTEMPTS: u32 = 6;

#[derive(Serialize, Deserialize)]
struct Claim {
    #[serde(flatten)]
    process: Process,
    time: u64,
}

/// The claim of this process; given up when it is dropped.
#[derive(Debug)]
pub struct Lock {
    system: Arc<dyn System>,
    path: PathBuf,
    pid: u32,
}

impl Lock {
    /// Takes the lock, or names who has it.
    pub fn take(system: &Arc<dyn System>, paths: &Paths, local: bool) -> Result<Self> {
        let directory = paths.lock();
        system
            .create_directory(&directory)
            .map_err(|error| StorageError::io("create", &directory, &error))?;
        let process = system.process();
        let mut attempt = 0;
        loop {
            let lock = Self::claim(system, paths, &process)?;
            match lock.others(paths, &process, local)? {
                Ok(dead) => {
                    for claim in dead {
                        // Somebody else may have removed it.
                        let _ = system.remove(&claim);
                    }
                    return Ok(lock);
                }
                Err(holder) => {
                    drop(lock);
                    attempt += 1;
                    // Two that look at the same time both step back; only a holder stays.
                    if attempt == ATTEMPTS {
                        return Err(holder);
                    }
                    let mut random = [0];
                    let _ = system.random(&mut random);
                    std::thread::sleep(Duration::from_micros(500 + u64::from(random[0]) * 40));
                }
            }
        }
    }

    fn claim(system: &Arc<dyn System>, paths: &Paths, process: &Process) -> Result<Self> {
        let mut random = [0; 8];
        let directory = paths.lock();
        let fail = |error: std::io::Error| StorageError::io("claim", &directory, &error);
        system.random(&mut random).map_err(fail)?;
        let name = format!("{}-{:016x}.json", process.pid, u64::from_le_bytes(random));
        let path = directory.join(name);
        let claim = Claim {
            process: process.clone(),
            time: system.now(),
        };
        let json = serde_json::to_vec(&claim).unwrap_or_default();
        let temporary = temporary_of(&path);
        let write = || -> std::io::Result<()> {
            let file = system.open(&temporary, Access::Create)?;
            write_full(&*file, &json, 0)?;
            // A crash that kept the name without the content would leave a claim that nobody can judge.
            file.sync()?;
            system.rename(&temporary, &path)
        };
        write().map_err(|error| {
            let _ = system.remove(&temporary);
            fail(error)
        })?;
        Ok(Self {
            system: system.clone(),
            path,
            pid: process.pid,
        })
    }

    /// The claims of dead writers, or the error that names a living one.
    fn others(
        &self,
        paths: &Paths,
        us: &Process,
        local: bool,
    ) -> Result<std::result::Result<Vec<PathBuf>, StorageError>> {
        let directory = paths.lock();
        let names = self
            .system
            .list(&directory)
            .map_err(|error| StorageError::io("list", &directory, &error))?;
        let mut dead = Vec::new();
        for name in names {
            let path = directory.join(&name);
            if path == self.path {
                continue;
            }
            if !name.ends_with(".json") {
                // The unfinished claim of a writer that was killed; of a living one the number is still in use.
                let pid = name.split('-').next().and_then(|pid| pid.parse().ok());
                let asked = pid.map(|pid| Process {
                    pid,
                    start: 0,
                    ..us.clone()
                });
                if asked.is_some_and(|process| !self.system.is_alive(&process)) {
                    dead.push(path);
                }
                continue;
            }
            let Some(bytes) = read_file(&*self.system, &path, 1 << 16)? else {
                continue;
            };
            let claim = serde_json::from_slice::<Claim>(&bytes).ok();
            if claim
                .as_ref()
                .is_some_and(|claim| self.is_dead(&claim.process, us, local))
            {
                dead.push(path);
                continue;
            }
            return Ok(Err(StorageError::Locked {
                pid: claim.as_ref().map_or(0, |claim| claim.process.pid),
                host: claim.as_ref().map_or_else(
                    || "an unknown machine".to_owned(),
                    |claim| claim.process.host.clone(),
                ),
                since: claim.as_ref().map_or(0, |claim| claim.time),
                claim: path,
            }));
        }
        Ok(Ok(dead))
    }

    fn is_dead(&self, holder: &Process, us: &Process, local: bool) -> bool {
        if local && holder.boot != us.boot && !holder.boot.is_empty() && !us.boot.is_empty() {
            return true;
        }
        holder.host == us.host
            && holder.boot == us.boot
            && holder.namespace == us.namespace
            && !self.system.is_alive(holder)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // A fork must not give up the claim of its parent.
        if self.system.process().pid == self.pid {
            let _ = self.system.remove(&self.path);
        }
    }
}
