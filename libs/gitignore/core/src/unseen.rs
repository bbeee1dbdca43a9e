//! Tracked files that a walk did not meet: they are gone, or lie in directories that it does not enter.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use crate::bytes::{name_of, slashes};
use crate::crew::{Crew, Panicked};
use crate::directories::Directories;
use crate::found::{Collector, FileKind};
use crate::index::IndexDirectory;
use crate::walk::Walk;

/// Paths that a thread takes at once.
const PORTION: usize = 256;

/// Lists them, as far as the request asks for them; git lists them all.
pub(crate) fn list_unseen(walk: &Walk<'_>) -> Result<(), Panicked> {
    let mut directories = Directories::default();
    let numbers: Vec<usize> = (0..walk.tracked.len())
        .filter(|&number| !walk.seen[number].load(Ordering::Relaxed))
        .filter(|&number| is_asked_for(walk, walk.tracked.path(number)))
        .filter(|&number| {
            let path = walk.tracked.path(number);
            let mut hides = || directories.around(&walk.scope, path).hides(path);
            !(walk.scope.has_extra() && hides())
        })
        .collect();
    let needs_disk =
        !walk.request.deleted || walk.request.stat || walk.request.max_file_size.is_some();
    let threads = if needs_disk { walk.threads } else { 1 };
    let portions = numbers.chunks(PORTION).map(<[usize]>::to_vec).collect();
    let crew: Crew<Vec<usize>> = Crew::new(threads.min(1 + numbers.len() / PORTION), portions);
    crew.run(|| {
        let mut found = walk.collector();
        let mut own = Vec::new();
        let mut disk = Disk::default();
        while let Some(numbers) = crew.next(&mut own) {
            for number in numbers {
                if walk.is_cancelled() {
                    break;
                }
                list_one(walk, number, &mut disk, &mut found);
            }
            found.tell();
        }
        found.flush();
    })
}

/// Whether root and options let a tracked path through.
fn is_asked_for(walk: &Walk<'_>, path: &[u8]) -> bool {
    let Some(relative) = path.strip_prefix(walk.scope.prefix.as_slice()) else {
        return false;
    };
    let request = walk.request;
    if request
        .max_depth
        .is_some_and(|most| slashes(relative).count() >= most)
    {
        return false;
    }
    let mut names = relative.split(|&byte| byte == b'/');
    if !request.hidden && names.any(|name| name.first() == Some(&b'.')) {
        return false;
    }
    if is_submodule(walk, path) {
        walk.types.is_empty() && walk.globs.wants_whole(relative, true)
    } else {
        walk.types.wants(relative, false) && walk.globs.wants_whole(relative, false)
    }
}

fn is_submodule(walk: &Walk<'_>, path: &[u8]) -> bool {
    walk.tracked.directory(path) == Some(IndexDirectory::Submodule)
}

fn list_one(walk: &Walk<'_>, number: usize, disk: &mut Disk, found: &mut Collector<'_>) {
    let path = walk.tracked.path(number);
    let is_submodule = is_submodule(walk, path);
    let mut kind = match (is_submodule, walk.tracked.is_link(number)) {
        (true, _) => FileKind::Repository,
        (false, true) => FileKind::Link,
        (false, false) => FileKind::File,
    };
    if !walk.request.deleted || walk.request.stat {
        match disk.kind_of(walk, path, is_submodule) {
            Some(found) => kind = found,
            None if walk.request.deleted => {
                let stats = walk.request.stat.then_some(None);
                return found.push(walk.relative(path), kind, stats);
            }
            None => return,
        }
    }
    if is_submodule {
        let stats = walk.request.stat.then_some(None);
        found.push(walk.relative(path), kind, stats);
    } else {
        walk.push(path, kind, || walk.scope.absolute(path), true, found);
    }
}

/// What is on the disk, with the directory asked about last: paths come in order.
#[derive(Default)]
struct Disk {
    directory: Vec<u8>,
    is_behind_link: bool,
}

impl Disk {
    /// What a tracked path is there; none where it is no such thing any more.
    fn kind_of(&mut self, walk: &Walk<'_>, path: &[u8], is_submodule: bool) -> Option<FileKind> {
        if self.lies_behind_link(walk, path) {
            return None;
        }
        let absolute = walk.scope.absolute(path);
        let stats = match fs::symlink_metadata(&absolute) {
            Ok(stats) => stats,
            Err(error) => {
                walk.report(path, error);
                return None;
            }
        };
        let leads_to_file = || {
            walk.request.follow_links && fs::metadata(&absolute).is_ok_and(|stats| stats.is_file())
        };
        if stats.is_file() || (stats.is_symlink() && leads_to_file()) {
            Some(FileKind::File)
        } else if stats.is_symlink() {
            Some(FileKind::Link)
        } else {
            (stats.is_dir() && is_submodule).then_some(FileKind::Repository)
        }
    }

    /// Whether a directory around a path is a link by now: what lies behind it is not the file that is tracked.
    fn lies_behind_link(&mut self, walk: &Walk<'_>, path: &[u8]) -> bool {
        let directory = &path[..path.len() - name_of(path).len()];
        if self.directory != directory {
            directory.clone_into(&mut self.directory);
            let above: Vec<PathBuf> = slashes(directory)
                .filter(|&end| end >= walk.scope.prefix.len())
                .map(|end| walk.scope.absolute(&directory[..end]))
                .collect();
            self.is_behind_link = above
                .iter()
                .any(|path| fs::symlink_metadata(path).is_ok_and(|stats| stats.is_symlink()));
        }
        self.is_behind_link
    }
}
