//! Where the disks of this process are mounted, and so which further paths a place has.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Component, Path, PathBuf};

/// The mounts of this process.
pub(super) struct Mounts(Vec<Mount>);

struct Mount {
    device: Vec<u8>,
    /// Which directory of its file system is mounted.
    root: PathBuf,
    place: PathBuf,
}

impl Mounts {
    pub(super) fn read() -> Self {
        let text = std::fs::read("/proc/self/mountinfo").unwrap_or_default();
        let parse = |line: &[u8]| {
            let mut words = line.split(|byte| *byte == b' ').skip(2);
            Some(Mount {
                device: words.next()?.to_vec(),
                root: unescape(words.next()?),
                place: unescape(words.next()?),
            })
        };
        let lines = text.split(|byte| *byte == b'\n');
        Self(lines.filter_map(parse).collect())
    }

    /// Other paths to the same file or directory, by mounts of the same file system elsewhere.
    pub(super) fn twins(&self, path: &Path) -> Vec<PathBuf> {
        let Ok(path) = std::fs::canonicalize(path) else {
            return Vec::new();
        };
        // The last of the longest is on top.
        let own = self
            .0
            .iter()
            .filter(|mount| path.starts_with(&mount.place))
            .max_by_key(|mount| mount.place.components().count());
        let Some(own) = own else {
            return Vec::new();
        };
        let Ok(below) = path.strip_prefix(&own.place) else {
            return Vec::new();
        };
        let inside = own.root.join(below);
        let others = self
            .0
            .iter()
            .filter(|mount| mount.device == own.device && mount.place != own.place);
        others
            .filter_map(|mount| match inside.strip_prefix(&mount.root) {
                Ok(rest) => Some(plain_join(&mount.place, rest)),
                // A part of what is denied, mounted elsewhere.
                Err(_) => mount.root.starts_with(&inside).then(|| mount.place.clone()),
            })
            .filter(|twin| *twin != path && twin.symlink_metadata().is_ok())
            .collect()
    }
}

fn plain_join(place: &Path, rest: &Path) -> PathBuf {
    rest.components()
        .filter(|part| matches!(part, Component::Normal(_)))
        .fold(place.to_path_buf(), |path, part| path.join(part))
}

/// A path of mountinfo, where space, tab, newline and backslash are octal.
fn unescape(text: &[u8]) -> PathBuf {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        let octal = (*byte == b'\\')
            .then(|| after.split_at_checked(3))
            .flatten()
            .and_then(|(digits, after)| {
                let digits = std::str::from_utf8(digits).ok()?;
                Some((u8::from_str_radix(digits, 8).ok()?, after))
            });
        let (byte, after) = octal.unwrap_or((*byte, after));
        out.push(byte);
        rest = after;
    }
    PathBuf::from(OsString::from_vec(out))
}

#[cfg(test)]
mod tests {
    use super::{Mount, Mounts, unescape};
    use std::os::unix::ffi::OsStrExt;
    use std::path::{Path, PathBuf};

    #[test]
    fn mountinfo_paths_are_unescaped() {
        assert_eq!(unescape(b"/a\\040b\\134c\\012\\"), Path::new("/a b\\c\n\\"));
        assert_eq!(
            unescape(b"/\xff"),
            Path::new(std::ffi::OsStr::from_bytes(b"/\xff"))
        );
    }

    #[test]
    fn a_bind_of_a_part_of_the_disk_is_another_path_to_what_lies_there() {
        let mount = |root: &str, place: &str| Mount {
            device: b"8:1".to_vec(),
            root: PathBuf::from(root),
            place: PathBuf::from(place),
        };
        let mounts = Mounts(vec![mount("/", "/"), mount("/", "/proc/self/root")]);
        let twins = mounts.twins(Path::new("/etc"));
        assert_eq!(twins, [Path::new("/proc/self/root/etc")]);
    }
}
