//! Sockets that programs of the host are bound to, by the kernel's list. It knows those of this network namespace, by the path
//! that they were bound with.

use std::collections::{BTreeSet, HashMap};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

/// What the list comes to.
#[derive(Debug, Default)]
pub(crate) struct HostSockets {
    pub(super) paths: BTreeSet<PathBuf>,
    /// Sockets whose place is not known: bound by a relative path, in a directory that cannot be found out any more.
    pub(crate) unplaced: usize,
}

/// Reads the list.
pub(crate) fn host_sockets() -> HostSockets {
    let Ok(text) = std::fs::read("/proc/net/unix") else {
        // Without a list nothing is known of any.
        return HostSockets {
            unplaced: 1,
            ..HostSockets::default()
        };
    };
    let mut found = HostSockets::default();
    let mut relative = Vec::new();
    for line in text.split(|byte| *byte == b'\n').skip(1) {
        match parse(line) {
            Line::Unnamed => {}
            // The file may be gone, or be another namespace's.
            Line::Bound { path, .. } if path.is_absolute() => found.add(path),
            Line::Bound { inode, path } => relative.push((inode, path)),
            Line::Broken => found.unplaced += 1,
        }
    }
    // The session's own sockets may have been made in another network.
    for name in ["SSH_AUTH_SOCK", "GPG_AGENT_INFO", "WAYLAND_DISPLAY"] {
        if let Some(path) = std::env::var_os(name).map(PathBuf::from)
            && path.is_absolute()
        {
            found.add(&path);
        }
    }
    found.add(Path::new("/var/run/docker.sock"));
    found.place(&relative);
    found
}

impl HostSockets {
    fn add(&mut self, path: &Path) {
        if is_socket(path) {
            self.paths.insert(path.to_path_buf());
        }
    }

    /// Looks for each below the working directories of the processes that have it open: it was one of them, unless that process
    /// has gone elsewhere since.
    fn place(&mut self, relative: &[(u64, &Path)]) {
        if relative.is_empty() {
            return;
        }
        let directories = directories_of(relative);
        for (inode, path) in relative {
            let candidates = directories.get(inode).into_iter().flatten();
            let place = candidates
                .map(|directory| directory.join(path))
                .find(|path| is_socket(path));
            match place {
                Some(place) => drop(self.paths.insert(place)),
                None => self.unplaced += 1,
            }
        }
    }
}

fn is_socket(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| found.file_type().is_socket())
}

/// The working directories of the processes that hold these sockets, as far as they may be looked at.
fn directories_of(sockets: &[(u64, &Path)]) -> HashMap<u64, Vec<PathBuf>> {
    let mut found: HashMap<u64, Vec<PathBuf>> = HashMap::new();
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    for process in processes {
        let is_number = process
            .file_name()
            .as_bytes()
            .iter()
            .all(u8::is_ascii_digit);
        if !is_number {
            continue;
        }
        let Ok(descriptors) = std::fs::read_dir(process.path().join("fd")) else {
            continue;
        };
        for descriptor in descriptors.flatten() {
            let Ok(link) = std::fs::read_link(descriptor.path()) else {
                continue;
            };
            let inode = socket_inode(link.as_os_str());
            if let Some(inode) = inode
                && sockets.iter().any(|(known, _)| *known == inode)
                && let Ok(directory) = std::fs::read_link(process.path().join("cwd"))
            {
                found.entry(inode).or_default().push(directory);
            }
        }
    }
    found
}

/// Of `socket:[NUMBER]`.
fn socket_inode(link: &OsStr) -> Option<u64> {
    let number = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?;
    number.parse().ok()
}

enum Line<'text> {
    /// Bound to nothing, or to an abstract name.
    Unnamed,
    Bound {
        inode: u64,
        path: &'text Path,
    },
    /// No line of its own: a path holds line ends.
    Broken,
}

/// Seven columns, the last of them the inode, and then the path, which may hold anything.
fn parse(line: &[u8]) -> Line<'_> {
    if line.is_empty() {
        return Line::Unnamed;
    }
    let mut rest = line;
    let mut column: &[u8] = &[];
    for number in 0..7 {
        rest = rest.trim_ascii_start();
        let end = rest.iter().position(|byte| *byte == b' ');
        let (one, behind) = rest.split_at(end.unwrap_or(rest.len()));
        if one.is_empty() || number == 0 && !one.ends_with(b":") {
            return Line::Broken;
        }
        (column, rest) = (one, behind);
    }
    let inode = std::str::from_utf8(column)
        .ok()
        .and_then(|text| text.parse().ok());
    match (inode, rest.strip_prefix(b" ")) {
        (None, _) => Line::Broken,
        (Some(_), None | Some([] | [b'@', ..])) => Line::Unnamed,
        (Some(inode), Some(path)) => Line::Bound {
            inode,
            path: Path::new(OsStr::from_bytes(path)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::{Line, parse};
    use std::path::Path;

    #[test]
    fn a_line_is_read_by_its_columns_whatever_the_path_holds() {
        let bound = |line| match parse(line) {
            Line::Bound { inode, path } => Some((inode, path)),
            Line::Unnamed | Line::Broken => None,
        };
        let head = b"0000000000000000: 00000002 00000000 00010000 0001 01    42 ";
        let line = [head.as_slice(), b"a b /c"].concat();
        assert_eq!(bound(&line), Some((42, Path::new("a b /c"))));
        let line = [head.as_slice(), b"/\xff"].concat();
        assert!(bound(&line).is_some_and(|(_, path)| path.is_absolute()));
        let line = [head.as_slice(), b"@abstract"].concat();
        assert!(matches!(parse(&line), Line::Unnamed));
        assert!(matches!(
            parse(b"ffff: 00000003 00000000 00000000 0001 03 16535"),
            Line::Unnamed
        ));
        assert!(matches!(parse(b"second line of a path"), Line::Broken));
    }
}
