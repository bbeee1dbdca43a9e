//! Which file a command is. The system's own search begins in directories that a workspace may have filled, so it is not used.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::names::check_windows_start;
use crate::paths;
use crate::supervisor::StartError;

/// What runs: a program, or a batch file, for which `cmd.exe` does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Program(PathBuf),
    Batch(PathBuf),
}

const EXTENSIONS: [&str; 4] = ["exe", "com", "cmd", "bat"];

/// The file of a command: named by a path, or searched for in `search`, a list as in `PATH`.
pub(super) fn find(command: &OsStr, search: &OsStr, cwd: &Path) -> Result<Found, StartError> {
    let text = command.to_string_lossy();
    let unusable = |problem: String| StartError::Argument {
        field: "command",
        problem,
    };
    check_windows_start(&text).map_err(|error| unusable(error.to_string()))?;
    paths::check(Path::new(command)).map_err(|error| unusable(error.to_string()))?;
    let is_path = text.contains(['/', '\\', ':']);
    let places: Vec<PathBuf> = if is_path {
        vec![cwd.join(command)]
    } else {
        // A relative directory would be one below the workspace.
        let directories = std::env::split_paths(search).filter(|directory| directory.is_absolute());
        directories
            .map(|directory| directory.join(command))
            .collect()
    };
    for place in places {
        for candidate in candidates(&place) {
            if candidate.is_file() {
                return kind(candidate).ok_or_else(|| StartError::NotExecutable {
                    command: command.to_owned(),
                    error: std::io::Error::new(
                        std::io::ErrorKind::InvalidInput,
                        "it is no .exe, .com, .cmd or .bat",
                    ),
                });
            }
        }
    }
    Err(StartError::NotFound {
        command: command.to_owned(),
    })
}

/// The name with each extension, and itself where it has one.
fn candidates(place: &Path) -> Vec<PathBuf> {
    let mut candidates = Vec::new();
    if place.extension().is_some() {
        candidates.push(place.to_path_buf());
    }
    for extension in EXTENSIONS {
        let mut name = OsString::from(place);
        name.push(".");
        name.push(extension);
        candidates.push(name.into());
    }
    candidates
}

fn kind(path: PathBuf) -> Option<Found> {
    let extension = path.extension()?.to_string_lossy().to_ascii_lowercase();
    match extension.as_str() {
        "exe" | "com" => Some(Found::Program(path)),
        "cmd" | "bat" => Some(Found::Batch(path)),
        _ => None,
    }
}
