//! Why a file action was not done.

use std::io;
use std::path::{Path, PathBuf};

use crate::decision::{Decision, Verdict};
use crate::names::NameError;
use crate::resolve::FileKind;

/// Why a file action was not done. Nothing was changed, unless the variant says so.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The policy says no, or asks for a person.
    #[error("{} may not be done with {}: {} ({})", .0.rule_word(), .0.resolved_path.display(), .0.reason, .0.rule)]
    AccessDenied(Box<Decision>),
    /// Nothing is there.
    #[error("{} is not there", path.display())]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// Something is there that this action is not for.
    #[error("{} is a {}", path.display(), name_of(*kind))]
    NotAFile {
        /// Where it stands.
        path: PathBuf,
        /// What it is.
        kind: FileKind,
    },
    /// A directory is needed, or a part of the path is none.
    #[error("{} is no directory, or something above it is none", path.display())]
    NotADirectory {
        /// The path.
        path: PathBuf,
    },
    /// The file has other names, at which its content would change too.
    #[error("{} has {links} names on this disk", path.display())]
    HardLinked {
        /// The name that was given.
        path: PathBuf,
        /// How many it has.
        links: u64,
    },
    /// More than was asked for.
    #[error("{} has {size} bytes or more; at most {most} were asked for", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// What is known of its size, in bytes (entries, for a directory).
        size: u64,
        /// The bound.
        most: u64,
    },
    /// A symbolic link is where none may be followed.
    #[error("{} is a symbolic link, or one took the place of a directory above it", path.display())]
    LinkInPath {
        /// The path.
        path: PathBuf,
        /// Where the link leads, where it is the last name.
        target: Option<PathBuf>,
    },
    /// The path is none.
    #[error(transparent)]
    NameInvalid(#[from] NameError),
    /// Something is there already.
    #[error("{} is there already", path.display())]
    Exists {
        /// Where.
        path: PathBuf,
    },
    /// The directory holds something.
    #[error("{} is not empty", path.display())]
    NotEmpty {
        /// The directory.
        path: PathBuf,
    },
    /// The two places are on different disks.
    #[error("{} is on another disk", path.display())]
    CrossDevice {
        /// The place to move to.
        path: PathBuf,
    },
    /// What stands there was replaced while the action ran.
    #[error("{} was replaced in the meantime", path.display())]
    Changed {
        /// The path.
        path: PathBuf,
    },
    /// The system said no.
    #[error("{} could not be used: {error}", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
}

impl Decision {
    fn rule_word(&self) -> &'static str {
        match self.decision {
            Verdict::NeedsConfirmation => "without a grant, this",
            _ => "this",
        }
    }
}

impl FileError {
    /// Of the error, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::AccessDenied(_) => "ACCESS_DENIED",
            Self::Missing { .. } => "FILE_MISSING",
            Self::NotAFile { .. } => "NOT_A_FILE",
            Self::NotADirectory { .. } => "NOT_A_DIRECTORY",
            Self::HardLinked { .. } => "HARD_LINKED",
            Self::TooLarge { .. } => "TOO_LARGE",
            Self::LinkInPath { .. } => "LINK_IN_PATH",
            Self::NameInvalid(error) => error.code(),
            Self::Exists { .. } => "EXISTS",
            Self::NotEmpty { .. } => "NOT_EMPTY",
            Self::CrossDevice { .. } => "CROSS_DEVICE",
            Self::Changed { .. } => "CHANGED",
            Self::Io { .. } => "IO",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::AccessDenied(decision) => match decision.decision {
                Verdict::NeedsConfirmation => {
                    "Ask the person, and pass a grant for the resolved path and this intent."
                }
                _ => "Choose another path; no grant opens this one, only the policy.",
            },
            Self::Missing { .. } => "List the directory above to see what is there.",
            Self::NotAFile { .. } => {
                "Use the action for what stands there: list for a directory, read_link for a link; \
                 devices, pipes and sockets are not opened."
            }
            Self::NotADirectory { .. } => {
                "Name a directory, or leave out what stands behind the file."
            }
            Self::HardLinked { .. } => {
                "Delete this name and create the file anew, which leaves the other names as they are."
            }
            Self::TooLarge { .. } => "Ask for more, or let a command read a part.",
            Self::LinkInPath { .. } => {
                "Use the path that the link leads to; where a directory was replaced in the meantime, try again."
            }
            Self::NameInvalid(_) => {
                "Use an existing spelling of the path, without what the message names."
            }
            Self::Exists { .. } => "Choose another name, or ask for the file to be replaced.",
            Self::NotEmpty { .. } => "Delete what it holds first.",
            Self::CrossDevice { .. } => "Write the content there, then delete it here.",
            Self::Changed { .. } => "Look at what is there now, and try again.",
            Self::Io { .. } => {
                "See what the system said: permissions, free space, a read-only disk."
            }
        }
    }

    /// What an answer of the system means for `path`.
    pub(crate) fn from_io(path: &Path, error: io::Error) -> Self {
        let path = path.to_path_buf();
        if error
            .get_ref()
            .is_some_and(<dyn std::error::Error + Send + Sync>::is::<LinkMet>)
        {
            return Self::LinkInPath { path, target: None };
        }
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing { path },
            io::ErrorKind::AlreadyExists => Self::Exists { path },
            io::ErrorKind::NotADirectory => Self::NotADirectory { path },
            io::ErrorKind::IsADirectory => Self::NotAFile {
                path,
                kind: FileKind::Directory,
            },
            io::ErrorKind::DirectoryNotEmpty => Self::NotEmpty { path },
            io::ErrorKind::CrossesDevices => Self::CrossDevice { path },
            _ => Self::Io { path, error },
        }
    }
}

/// The backends' word for a symbolic link in a place where none is followed.
#[derive(Debug, thiserror::Error)]
#[error("a symbolic link is in the way")]
pub(crate) struct LinkMet;

impl LinkMet {
    pub fn error() -> io::Error {
        io::Error::other(Self)
    }
}

fn name_of(kind: FileKind) -> &'static str {
    match kind {
        FileKind::File => "regular file",
        FileKind::Directory => "directory",
        FileKind::Link => "symbolic link",
        FileKind::Other => "device, pipe or socket",
    }
}
