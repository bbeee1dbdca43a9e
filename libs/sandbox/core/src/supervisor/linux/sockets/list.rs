//! The kernel's list of bound sockets, of this network namespace: by `sock_diag`, which tells the file that each is bound to, or, on
//! kernels without that, by `/proc/net/unix`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::net::netlink::SOCK_DIAG;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socket_with,
};

/// A socket with a name in the file system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bound {
    /// Its own number, by which descriptors of processes name it.
    pub(super) socket: u64,
    /// As it was bound: the file may have been moved since, and the path be relative to a directory that nobody remembers.
    pub(super) path: PathBuf,
    /// The file, where the kernel tells it.
    pub(super) file: Option<File>,
    /// The user that made it, where the kernel tells that.
    pub(super) user: Option<u32>,
}

/// A file as the kernel has it: the lower half of its number, and the number of its file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct File {
    pub(super) inode: u32,
    pub(super) device: u32,
}

/// All of them, and how many more there are of which too little is told. `None`: there is no list.
pub(super) fn bound() -> Option<(Vec<Bound>, usize)> {
    match diagnosed() {
        Ok(found) => Some((found, 0)),
        Err(_) => Some(listed(&std::fs::read("/proc/net/unix").ok()?)),
    }
}

const HEADER: usize = 16;
const MESSAGE: usize = 16;
const DONE: u16 = 3;
const BY_FAMILY: u16 = 20;
const INTERRUPTED: u16 = 0x10;
const NAME: u16 = 0;
const FILE: u16 = 1;
const USER: u16 = 7;
const SHOW_USER: u32 = 0x40;
const ESTABLISHED: u8 = 1;
const DATAGRAM: u8 = 2;
/// More than the kernel puts into one answer.
const ANSWER: usize = 64 << 10;
/// Sockets come and go while the list is made.
const TRIES: u32 = 5;

fn diagnosed() -> rustix::io::Result<Vec<Bound>> {
    let socket = socket_with(
        AddressFamily::NETLINK,
        SocketType::RAW,
        SocketFlags::CLOEXEC,
        Some(SOCK_DIAG),
    )?;
    let mut buffer = vec![0; ANSWER];
    for _ in 0..TRIES {
        send(&socket, &request(), SendFlags::empty())?;
        let mut found = Vec::new();
        let mut is_whole = true;
        'answers: loop {
            let (length, _) = recv(&socket, &mut buffer[..], RecvFlags::empty())?;
            let mut rest = buffer.get(..length).unwrap_or_default();
            if rest.is_empty() {
                return Err(Errno::PROTO);
            }
            while !rest.is_empty() {
                let (kind, flags, body, next) = message(rest).ok_or(Errno::PROTO)?;
                rest = next;
                is_whole &= flags & INTERRUPTED == 0;
                match kind {
                    BY_FAMILY => found.extend(diagnosis(body)),
                    DONE => break 'answers,
                    _ => return Err(Errno::OPNOTSUPP),
                }
            }
        }
        if is_whole {
            return Ok(found);
        }
    }
    Err(Errno::AGAIN)
}

/// All sockets of the family, whatever their state, with names and files.
fn request() -> Vec<u8> {
    const REQUEST_DUMP: u16 = 0x301;
    let mut bytes = Vec::with_capacity(40);
    bytes.extend(40u32.to_ne_bytes());
    bytes.extend(BY_FAMILY.to_ne_bytes());
    bytes.extend(REQUEST_DUMP.to_ne_bytes());
    bytes.extend([0; 8]);
    // The family, and states.
    bytes.extend([1, 0, 0, 0]);
    bytes.extend(u32::MAX.to_ne_bytes());
    bytes.extend([0; 4]);
    bytes.extend((1u32 << NAME | 1 << FILE | SHOW_USER).to_ne_bytes());
    bytes.extend([0; 8]);
    bytes
}

fn two(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..at + 2)?.try_into().ok()?;
    Some(u16::from_ne_bytes(bytes))
}

fn four(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + 4)?.try_into().ok()?;
    Some(u32::from_ne_bytes(bytes))
}

/// The first message: its kind, flags and body, and what comes after it.
fn message(bytes: &[u8]) -> Option<(u16, u16, &[u8], &[u8])> {
    let length = usize::try_from(four(bytes, 0)?).ok()?;
    let body = bytes.get(HEADER..length)?;
    let next = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    Some((two(bytes, 4)?, two(bytes, 6)?, body, next))
}

/// A socket, where it has a name in the file system.
fn diagnosis(body: &[u8]) -> Option<Bound> {
    let [_, kind, state, ..] = body else {
        return None;
    };
    if *state == ESTABLISHED && *kind != DATAGRAM {
        // A connection has the name of what it was made to, and takes no other.
        return None;
    }
    let socket = u64::from(four(body, 4)?);
    let (mut path, mut file, mut user) = (None, None, None);
    let mut rest = body.get(MESSAGE..)?;
    while let (Some(length), Some(kind)) = (two(rest, 0), two(rest, 2)) {
        let value = rest.get(4..usize::from(length))?;
        match kind {
            NAME if !matches!(value, [] | [0, ..]) => {
                let end = value.iter().position(|byte| *byte == 0);
                let name = value.get(..end.unwrap_or(value.len()))?;
                path = Some(PathBuf::from(OsStr::from_bytes(name)));
            }
            FILE => {
                file = Some(File {
                    inode: four(value, 0)?,
                    device: four(value, 4)?,
                });
            }
            USER => user = four(value, 0),
            _ => {}
        }
        rest = rest
            .get(usize::from(length).next_multiple_of(4)..)
            .unwrap_or_default();
    }
    let path = path?;
    Some(Bound {
        socket,
        path,
        file,
        user,
    })
}

/// What `/proc/net/unix` tells.
fn listed(text: &[u8]) -> (Vec<Bound>, usize) {
    let mut found = Vec::new();
    let mut broken = 0;
    for line in text.split(|byte| *byte == b'\n').skip(1) {
        match parse(line) {
            Line::Unnamed => {}
            Line::Bound { inode, path } => found.push(Bound {
                socket: inode,
                path: path.to_path_buf(),
                file: None,
                user: None,
            }),
            Line::Broken => broken += 1,
        }
    }
    (found, broken)
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
    use super::{Line, bound, diagnosed, parse};
    use std::os::unix::fs::MetadataExt;
    use std::os::unix::net::UnixListener;
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

    #[test]
    fn the_kernel_tells_the_file_of_a_socket_whatever_its_name() {
        let place = std::env::temp_dir().join(format!("fp\nlist {}", std::process::id()));
        let _socket = UnixListener::bind(&place).expect("bound");
        let number = std::fs::metadata(&place).expect("there").ino();
        let (found, broken) = bound().expect("a list");
        let own = found.iter().find(|bound| bound.path == place);
        std::fs::remove_file(&place).expect("removed");
        match diagnosed() {
            Ok(_) => {
                let file = own.and_then(|bound| bound.file).expect("its file");
                assert_eq!(u64::from(file.inode), number & 0xffff_ffff);
                assert_eq!(broken, 0);
                let user = own.and_then(|bound| bound.user).expect("its user");
                assert_eq!(user, rustix::process::geteuid().as_raw());
            }
            // Without it, the name has two lines.
            Err(_) => assert!(broken > 0),
        }
    }
}
