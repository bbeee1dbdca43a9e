//! A path as text: whether it can be one, and the names that it is made of.

#[cfg(unix)]
use std::ffi::OsStr;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::names::{NAME_BYTES, NameError, PATH_BYTES};

/// Whether any system takes it.
pub(crate) fn check(path: &Path) -> Result<(), NameError> {
    let bytes = path.as_os_str().as_encoded_bytes();
    if bytes.is_empty() {
        return Err(NameError::Empty);
    }
    // Before anything that takes time by the byte.
    if bytes.len() >= PATH_BYTES {
        return Err(too_long(path));
    }
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        return Err(NameError::Nul { at });
    }
    let longest = bytes
        .split(|byte| *byte == b'/' || (cfg!(windows) && *byte == b'\\'))
        .map(<[u8]>::len)
        .max()
        .unwrap_or_default();
    // Windows counts in UTF-16 units; a name of 255 of those has up to 765 bytes.
    let most = if cfg!(windows) {
        NAME_BYTES * 3
    } else {
        NAME_BYTES
    };
    if longest > most {
        return Err(NameError::TooLong {
            what: "a name in the path",
            bytes: longest,
            most,
        });
    }
    #[cfg(windows)]
    check_for_windows(path)?;
    Ok(())
}

#[cfg(windows)]
fn check_for_windows(path: &Path) -> Result<(), NameError> {
    use std::path::{Component, Prefix};
    for component in path.components() {
        match component {
            // What `canonicalize` answers begins so; from outside it is refused by `check_windows_start` in `evaluate`.
            Component::Prefix(prefix)
                if !matches!(prefix.kind(), Prefix::Disk(_) | Prefix::VerbatimDisk(_)) =>
            {
                crate::names::check_windows_start(&path.to_string_lossy())?;
            }
            Component::Normal(name) => crate::names::check_windows_name(&name.to_string_lossy())?,
            _ => {}
        }
    }
    Ok(())
}

pub(crate) fn too_long(path: &Path) -> NameError {
    NameError::TooLong {
        what: "the path",
        bytes: path.as_os_str().len(),
        most: PATH_BYTES - 1,
    }
}

/// Where an absolute path begins, and its names; a slash at the end is one more name, `.`.
#[cfg(unix)]
pub(crate) fn split(path: &Path) -> (Option<PathBuf>, Vec<OsString>) {
    use std::os::unix::ffi::OsStrExt;
    let bytes = path.as_os_str().as_bytes();
    let mut names: Vec<OsString> = bytes
        .split(|byte| *byte == b'/')
        .filter(|name| !name.is_empty())
        .map(|name| OsStr::from_bytes(name).to_owned())
        .collect();
    if bytes.ends_with(b"/") {
        names.push(OsString::from("."));
    }
    (bytes.starts_with(b"/").then(|| PathBuf::from("/")), names)
}

#[cfg(not(unix))]
pub(crate) fn split(path: &Path) -> (Option<PathBuf>, Vec<OsString>) {
    use std::path::Component;
    let mut anchor = None::<PathBuf>;
    let mut names = Vec::new();
    for component in path.components() {
        match component {
            // Roots are spelled so by `canonicalize`, and paths below them are compared part by part.
            Component::Prefix(prefix) => anchor = Some(begin(prefix)),
            Component::RootDir => anchor.get_or_insert_default().push(component.as_os_str()),
            other => names.push(other.as_os_str().to_owned()),
        }
    }
    if path.as_os_str().as_encoded_bytes().ends_with(b"/")
        || path.as_os_str().as_encoded_bytes().ends_with(b"\\")
    {
        names.push(OsString::from("."));
    }
    (anchor, names)
}

/// Drives as `canonicalize` spells them, so that paths compare with roots part by part.
#[cfg(not(unix))]
fn begin(prefix: std::path::PrefixComponent<'_>) -> PathBuf {
    match prefix.kind() {
        std::path::Prefix::Disk(drive) => {
            PathBuf::from(format!("{}{}:", r"\\?\", char::from(drive)))
        }
        _ => PathBuf::from(prefix.as_os_str()),
    }
}
