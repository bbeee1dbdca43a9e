//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

/// What is told on a command line that asks for it, or is none.
pub const USAGE: &str = "\
fishplate-sandboxd --socket PATH --helper PATH [--parent]

  --socket PATH  where to listen; the directory must be yours alone (mode 0700)
  --helper PATH  the executable fishplate-sandbox-helper
  --parent       end when standard input has ended and the last client is gone
  --version      tell the version";

/// What the daemon is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// Serve.
    Serve(Options),
    /// Tell its version.
    Version,
    /// Tell its usage.
    Help,
}

/// How to serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Where to listen.
    pub socket: PathBuf,
    /// The helper's executable.
    pub helper: PathBuf,
    /// Whether the end of standard input is the end.
    pub has_parent: bool,
}

/// Why a command line is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OptionError {
    /// Not known.
    #[error("{0:?} is no option")]
    Unknown(OsString),
    /// An option without the path that belongs to it.
    #[error("{0} needs a path")]
    ValueMissing(&'static str),
    /// An option that must be there.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// An option that is there twice.
    #[error("{0} is there more than once")]
    Repeated(&'static str),
}

impl Task {
    /// Reads a command line, without the program's name.
    ///
    /// # Errors
    ///
    /// [`OptionError`].
    pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Self, OptionError> {
        let (mut socket, mut helper, mut has_parent) = (None, None, false);
        let mut args = args.into_iter();
        while let Some(arg) = args.next() {
            match arg.to_str() {
                Some("--socket") => set(&mut socket, "--socket", args.next())?,
                Some("--helper") => set(&mut helper, "--helper", args.next())?,
                Some("--parent") => has_parent = true,
                Some("--version") => return Ok(Self::Version),
                Some("--help") => return Ok(Self::Help),
                _ => return Err(OptionError::Unknown(arg)),
            }
        }
        Ok(Self::Serve(Options {
            socket: socket.ok_or(OptionError::Missing("--socket"))?,
            helper: helper.ok_or(OptionError::Missing("--helper"))?,
            has_parent,
        }))
    }
}

fn set(
    place: &mut Option<PathBuf>,
    name: &'static str,
    value: Option<OsString>,
) -> Result<(), OptionError> {
    let value = value.filter(|value| !value.is_empty());
    let value = value.ok_or(OptionError::ValueMissing(name))?;
    match place.replace(value.into()) {
        None => Ok(()),
        Some(_) => Err(OptionError::Repeated(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::{OptionError, Options, Task};

    fn parse(line: &str) -> Result<Task, OptionError> {
        Task::parse(line.split_whitespace().map(Into::into))
    }

    #[test]
    fn both_paths_are_needed_and_a_parent_is_not() {
        let options = Options {
            socket: "/s".into(),
            helper: "/h".into(),
            has_parent: false,
        };
        assert_eq!(
            parse("--socket /s --helper /h"),
            Ok(Task::Serve(options.clone()))
        );
        let with_parent = Options {
            has_parent: true,
            ..options
        };
        assert_eq!(
            parse("--parent --helper /h --socket /s"),
            Ok(Task::Serve(with_parent))
        );
        assert_eq!(parse("--socket /s"), Err(OptionError::Missing("--helper")));
        assert_eq!(parse(""), Err(OptionError::Missing("--socket")));
    }

    #[test]
    fn what_is_not_known_repeated_or_without_a_path_is_an_error() {
        assert_eq!(
            parse("--port 1"),
            Err(OptionError::Unknown("--port".into()))
        );
        assert_eq!(
            parse("--helper /h --socket"),
            Err(OptionError::ValueMissing("--socket"))
        );
        assert_eq!(
            parse("--socket /a --socket /b --helper /h"),
            Err(OptionError::Repeated("--socket"))
        );
    }

    #[test]
    fn the_version_is_told_without_anything_else() {
        assert_eq!(parse("--version"), Ok(Task::Version));
        assert_eq!(parse("--parent --help"), Ok(Task::Help));
    }
}
