//! The socket as a file: in a directory that nobody else may enter, and of one daemon at a time.

use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// Why a socket cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// The directory is open to others.
    #[error("{}: {problem}; it must be a directory of yours with mode 0700", path.display())]
    DirectoryUnsafe {
        /// The directory.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// Another daemon serves there.
    #[error("another daemon serves {}", path.display())]
    InUse {
        /// The socket.
        path: PathBuf,
    },
    /// Something else is there.
    #[error("{} is there, and no socket of yours: it is left as it is", path.display())]
    NotOurs {
        /// The place.
        path: PathBuf,
    },
    /// The system said no.
    #[error("{}: {error}", path.display())]
    Io {
        /// The socket, its lock or its directory.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

/// A socket that is listened on. [`Endpoint::remove`] leaves nothing of it.
#[derive(Debug)]
pub struct Endpoint {
    path: PathBuf,
    lock_path: PathBuf,
    /// Held as long as the daemon serves; the system gives it up where the daemon is killed.
    _lock: File,
}

impl Endpoint {
    /// Listens. A socket that a daemon left behind is replaced: the lock says that it is gone.
    ///
    /// # Errors
    ///
    /// [`EndpointError`].
    pub fn listen(path: &Path) -> Result<(Self, UnixListener), EndpointError> {
        check_directory(path)?;
        let lock_path = lock_path(path);
        let lock = take_lock(path, &lock_path)?;
        let endpoint = Self {
            path: path.to_path_buf(),
            lock_path,
            _lock: lock,
        };
        match endpoint.bind() {
            Ok(listener) => Ok((endpoint, listener)),
            Err(error) => {
                let _ = fs::remove_file(&endpoint.lock_path);
                Err(error)
            }
        }
    }

    /// Removes the socket and its lock, so that no client comes any more.
    pub fn remove(&self) {
        let _ = fs::remove_file(&self.path);
        let _ = fs::remove_file(&self.lock_path);
    }

    /// Removes the directory too, where nothing else is in it.
    pub fn remove_directory(&self) {
        let _ = fs::remove_dir(directory(&self.path));
    }

    fn bind(&self) -> Result<UnixListener, EndpointError> {
        let path = &self.path;
        let failed = |error| EndpointError::Io {
            path: path.clone(),
            error,
        };
        match fs::symlink_metadata(path) {
            Ok(found) => {
                let is_own = found.uid() == own_uid();
                if !found.file_type().is_socket() || !is_own {
                    return Err(EndpointError::NotOurs { path: path.clone() });
                }
                // Not one that takes locks, it may be.
                if UnixStream::connect(path).is_ok() {
                    return Err(EndpointError::InUse { path: path.clone() });
                }
                fs::remove_file(path).map_err(failed)?;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        let listener = UnixListener::bind(path).map_err(failed)?;
        fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(failed)?;
        Ok(listener)
    }
}

/// The user that this process acts as.
pub fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

fn check_directory(path: &Path) -> Result<(), EndpointError> {
    let directory = directory(path);
    let unsafe_for = |problem: &str| EndpointError::DirectoryUnsafe {
        path: directory.to_path_buf(),
        problem: problem.to_owned(),
    };
    // Not followed: a link could be led elsewhere by whoever owns the directory that it lies in.
    let found = fs::symlink_metadata(directory).map_err(|error| EndpointError::Io {
        path: directory.to_path_buf(),
        error,
    })?;
    if !found.is_dir() {
        return Err(unsafe_for("it is no directory"));
    }
    if found.uid() != own_uid() {
        return Err(unsafe_for(&format!("it is of user {}", found.uid())));
    }
    if found.mode() & 0o077 != 0 {
        return Err(unsafe_for(&format!(
            "its mode is {:04o}",
            found.mode() & 0o7777
        )));
    }
    Ok(())
}

fn take_lock(path: &Path, lock_path: &Path) -> Result<File, EndpointError> {
    let failed = |error| EndpointError::Io {
        path: lock_path.to_path_buf(),
        error,
    };
    loop {
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(lock_path)
            .map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(EndpointError::InUse {
                    path: path.to_path_buf(),
                });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        // One that ends removes its lock: what was locked must be what the next one finds.
        let own = lock.metadata().map_err(failed)?;
        match fs::symlink_metadata(lock_path) {
            Ok(found) if (found.dev(), found.ino()) == (own.dev(), own.ino()) => return Ok(lock),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
    }
}
