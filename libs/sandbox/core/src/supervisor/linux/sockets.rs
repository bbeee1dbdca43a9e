//! Sockets that programs of the host are bound to, and where their files are now: a read-only mount keeps nobody from connecting.
//!
//! The kernel lists those of this network namespace, by the path that they were bound with. A file may have been moved since, may
//! have further names, and a path may be relative; so each is compared with the file that the kernel tells, and looked for.

use std::collections::BTreeSet;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

mod list;
mod owner;

use list::{Bound, File};
use owner::{Owner, Place, owners};

/// What the list comes to.
#[derive(Debug, Default)]
pub(crate) struct HostSockets {
    pub(super) paths: BTreeSet<PathBuf>,
    /// Sockets of which not every name is known, on a file system that can be seen outside of what is hidden.
    pub(crate) unplaced: usize,
}

/// Finds them. `hidden`: directories that the command does not see; `roots`: what it does see of those.
pub(crate) fn host_sockets(hidden: &[PathBuf], roots: &[PathBuf]) -> HostSockets {
    let mut found = HostSockets::default();
    let Some((bound, broken)) = list::bound() else {
        // Without a list nothing is known of any.
        found.unplaced = 1;
        return found;
    };
    found.unplaced = broken;
    let mut lost: Vec<Bound> = Vec::new();
    for one in bound {
        let is_known = one.path.is_absolute() && found.add(&one.path, one.file);
        // Connections have the name of what they were made to.
        if !is_known
            && !lost
                .iter()
                .any(|other| other.file == one.file && other.path == one.path)
        {
            lost.push(one);
        }
    }
    // The session's own sockets may have been made in another network.
    for name in ["SSH_AUTH_SOCK", "GPG_AGENT_INFO", "WAYLAND_DISPLAY"] {
        if let Some(path) = std::env::var_os(name).map(PathBuf::from)
            && path.is_absolute()
        {
            found.add(&path, None);
        }
    }
    found.add(Path::new("/var/run/docker.sock"), None);
    if !lost.is_empty() {
        found.look_for(&lost, &Seen::read(hidden, roots));
    }
    found
}

impl HostSockets {
    /// Adds a path if a socket is there, and the right one where that is known. Whether all of its names are known.
    fn add(&mut self, path: &Path, file: Option<File>) -> bool {
        let Some(names) = names_of(path, file) else {
            return false;
        };
        self.paths.insert(path.to_path_buf());
        if names < 2 {
            return true;
        }
        // Further names are mostly beside it.
        let beside = siblings(path, file);
        let known = beside.len() as u64;
        self.paths.extend(beside);
        known >= names
    }

    fn look_for(&mut self, lost: &[Bound], seen: &Seen) {
        let lost: Vec<&Bound> = lost.iter().filter(|bound| seen.shows(bound.file)).collect();
        let numbers: Vec<u64> = lost.iter().map(|bound| bound.socket).collect();
        let owners = owners(&numbers);
        let own = rustix::process::geteuid().as_raw();
        for bound in lost {
            let owners = owners.get(&bound.socket).map(Vec::as_slice);
            // What another user made, this one can seldom write to, so not connect to either; and the command has no
            // privileges to.
            let is_own = bound.user.is_none_or(|user| user == own);
            if !self.find(bound, owners.unwrap_or_default()) && is_own {
                self.unplaced += 1;
            }
        }
    }

    /// Whether it was found with all of its names, or is gone.
    fn find(&mut self, bound: &Bound, owners: &[Owner]) -> bool {
        match owners.iter().find_map(Owner::place) {
            Some(Place::Nowhere) => return true,
            Some(Place::At(path)) if self.add(&path, bound.file) => return true,
            _ => {}
        }
        // It was one of its processes' directories, unless that process has gone elsewhere since.
        let places: Vec<PathBuf> = if bound.path.is_absolute() {
            vec![bound.path.clone()]
        } else {
            let directories = owners.iter().filter_map(Owner::directory);
            directories.map(|one| one.join(&bound.path)).collect()
        };
        for place in places {
            if self.add(&place, bound.file) {
                return true;
            }
            // Programs bind to a passing name beside the one that they take in the end.
            let beside = siblings(&place, bound.file);
            if let Some(one) = beside.first() {
                return self.add(one, bound.file);
            }
        }
        false
    }
}

/// How many names a socket's file has; `None` where it is none, or another.
fn names_of(path: &Path, file: Option<File>) -> Option<u64> {
    let found = std::fs::metadata(path).ok()?;
    let is_it = found.file_type().is_socket() && is_file(found.ino(), file);
    is_it.then(|| found.nlink())
}

/// Names of the same file in the directory of a path. Without a file to compare with there are none.
fn siblings(path: &Path, file: Option<File>) -> Vec<PathBuf> {
    let (Some(directory), Some(_)) = (path.parent(), file) else {
        return Vec::new();
    };
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_socket()))
        .filter(|entry| {
            let found = entry.metadata();
            found.is_ok_and(|found| is_file(found.ino(), file))
        })
        .map(|entry| entry.path())
        .collect()
}

/// By its number alone: of some file systems a program is told another device than the kernel tells of a socket.
fn is_file(inode: u64, file: Option<File>) -> bool {
    file.is_none_or(|file| u64::from(file.inode) == inode & 0xffff_ffff)
}

/// The file systems of which something can be seen.
struct Seen(Vec<u32>);

impl Seen {
    fn read(hidden: &[PathBuf], roots: &[PathBuf]) -> Self {
        let text = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        let is_seen = |place: &Path| {
            !hidden.iter().any(|above| place.starts_with(above))
                || roots
                    .iter()
                    .any(|root| root.starts_with(place) || place.starts_with(root))
        };
        let device = |line: &str| {
            let mut words = line.split(' ').skip(2);
            let (major, minor) = words.next()?.split_once(':')?;
            let place = Path::new(words.nth(1)?);
            let number = major.parse::<u32>().ok()? << 20 | minor.parse::<u32>().ok()?;
            is_seen(place).then_some(number)
        };
        Self(text.lines().filter_map(device).collect())
    }

    fn shows(&self, file: Option<File>) -> bool {
        file.is_none_or(|file| self.0.contains(&file.device))
    }
}
