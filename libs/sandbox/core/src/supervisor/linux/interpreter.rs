//! Which interpreter a program names that is there and yet was not found: the kernel says of both the same.

use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use fishplate_sandbox_helper::Plan;

/// As much of a first line as the kernel reads.
const LINE: usize = 256;
/// Program headers that are looked at.
const MOST_HEADERS: u16 = 64;
/// The type of the header that names the loader.
const PT_INTERP: u32 = 3;

/// A program, and what should run it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Interpreter {
    pub(super) program: PathBuf,
    /// Its path, without a carriage return at its end.
    pub(super) path: String,
    /// Whether there was one: the file has line ends of Windows.
    pub(super) has_return: bool,
}

/// Of the program of a plan.
pub(super) fn of(plan: &Plan) -> Option<Interpreter> {
    let program = find(plan)?;
    let mut file = open(&program)?;
    let mut start = [0; LINE];
    let length = file.read(&mut start).ok()?;
    let start = start.get(..length)?;
    if let Some(line) = start.strip_prefix(b"#!") {
        let line = line.split(|byte| *byte == b'\n').next()?;
        let word = line.trim_ascii_start();
        let word = word.split(|byte| matches!(byte, b' ' | b'\t')).next()?;
        let name = word.strip_suffix(b"\r").unwrap_or(word);
        return Some(Interpreter {
            program,
            path: String::from_utf8_lossy(name).into_owned(),
            has_return: name.len() < word.len(),
        });
    }
    let path = loader(&file, start)?;
    Some(Interpreter {
        program,
        path,
        has_return: false,
    })
}

/// Waits for nobody: by now a pipe may stand where the program stood, and this is a thread of all commands.
fn open(program: &Path) -> Option<File> {
    let mut options = File::options();
    let file = options
        .read(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(program)
        .ok()?;
    file.metadata().ok()?.is_file().then_some(file)
}

/// The file that the helper came to: as a path, or the first of that name in the command's `PATH`.
fn find(plan: &Plan) -> Option<PathBuf> {
    let cwd = path_of(plan.cwd.as_bytes());
    let name = plan.program.as_bytes();
    if name.contains(&b'/') {
        return Some(cwd.join(path_of(name)));
    }
    let path = plan
        .env
        .iter()
        .find_map(|variable| variable.as_bytes().strip_prefix(b"PATH="))?;
    path.split(|byte| *byte == b':')
        .map(|directory| cwd.join(path_of(directory)).join(path_of(name)))
        .find(|candidate| candidate.is_file())
}

fn path_of(bytes: &[u8]) -> &Path {
    Path::new(std::ffi::OsStr::from_bytes(bytes))
}

/// What a program of 64 bits names as its loader.
fn loader(file: &File, start: &[u8]) -> Option<String> {
    if !start.starts_with(b"\x7fELF\x02\x01") {
        return None;
    }
    let table = u64::from_le_bytes(start.get(32..40)?.try_into().ok()?);
    let size = u16::from_le_bytes(start.get(54..56)?.try_into().ok()?);
    let count = u16::from_le_bytes(start.get(56..58)?.try_into().ok()?);
    for index in 0..count.min(MOST_HEADERS) {
        let mut header = [0; 56];
        let at = table.checked_add(u64::from(index) * u64::from(size))?;
        file.read_exact_at(&mut header, at).ok()?;
        let kind = u32::from_le_bytes(header.get(..4)?.try_into().ok()?);
        if kind == PT_INTERP {
            let at = u64::from_le_bytes(header.get(8..16)?.try_into().ok()?);
            let mut name = [0; LINE];
            let length = file.read_at(&mut name, at).ok()?;
            let name = name.get(..length)?.split(|byte| *byte == 0).next()?;
            return Some(String::from_utf8_lossy(name).into_owned());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::open;
    use crate::files::trial::Trial;

    #[test]
    fn a_pipe_in_the_place_of_a_program_is_not_waited_for() {
        let trial = Trial::new("interpreter");
        let pipe = trial.at("program");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.is_ok_and(|status| status.success()));
        assert!(open(&pipe).is_none());
        std::fs::write(trial.at("text"), "#!/missing\n").expect("written");
        assert!(open(&trial.at("text")).is_some());
    }
}
