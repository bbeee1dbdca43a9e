//! The executable of [`fishplate_sandboxd`].

use std::io::Write;
use std::process::ExitCode;

use fishplate_sandboxd::options::{Task, USAGE};
use fishplate_sandboxd::session::VERSION;

/// As sysexits.h has them.
const EX_USAGE: u8 = 64;
const EX_UNAVAILABLE: u8 = 69;
#[cfg(unix)]
const EX_TEMPFAIL: u8 = 75;

fn main() -> ExitCode {
    match Task::parse(std::env::args_os().skip(1)) {
        Ok(Task::Version) => tell(std::io::stdout(), &format!("fishplate-sandboxd {VERSION}")),
        Ok(Task::Help) => tell(std::io::stdout(), USAGE),
        Ok(Task::Serve(options)) => return serve(&options),
        Err(error) => {
            complain(&format!("{error}\n\n{USAGE}"));
            return ExitCode::from(EX_USAGE);
        }
    }
    ExitCode::SUCCESS
}

#[cfg(unix)]
fn serve(options: &fishplate_sandboxd::options::Options) -> ExitCode {
    use fishplate_sandboxd::server::{EndpointError, ServeError, serve};
    match serve(options, || tell(std::io::stdout(), "listening")) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error.to_string());
            ExitCode::from(match error {
                ServeError::Endpoint(EndpointError::InUse { .. }) => EX_TEMPFAIL,
                _ => EX_UNAVAILABLE,
            })
        }
    }
}

#[cfg(not(unix))]
fn serve(_: &fishplate_sandboxd::options::Options) -> ExitCode {
    complain("named pipes are not served yet: on this system use transport 'inproc'");
    ExitCode::from(EX_UNAVAILABLE)
}

fn complain(message: &str) {
    tell(std::io::stderr(), &format!("fishplate-sandboxd: {message}"));
}

/// Whoever does not listen any more is no reason to end.
fn tell(mut stream: impl Write, line: &str) {
    let _ = writeln!(stream, "{line}");
    let _ = stream.flush();
}
