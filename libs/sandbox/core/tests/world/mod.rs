//! A place on disk for one test: a workspace, things outside of it, things that are denied.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use fishplate_sandbox::{Files, Grant, Grants, Intent, Mode, Policy, Rules};

const NEST: &str = "nest/nest/nest/nest";

static NEXT: AtomicU32 = AtomicU32::new(0);

pub struct World {
    pub top: PathBuf,
    base: PathBuf,
}

impl World {
    /// `ws`, `root2` (writable), `out` (not), `secret` (denied), each with a file or two.
    pub fn new(name: &str) -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let base =
            std::env::temp_dir().join(format!("fishplate-{name}-{}-{number}", std::process::id()));
        let _ = fs::remove_dir_all(&base);
        // Some way down, so that a stray `..` still ends in it.
        fs::create_dir_all(base.join(NEST)).expect("a directory");
        let base = fs::canonicalize(base).expect("a path");
        let world = Self {
            top: base.join(NEST),
            base,
        };
        for directory in [
            "ws/dir",
            "ws/.git/hooks",
            "ws/.vscode",
            "root2",
            "out/dir",
            "secret/deep",
        ] {
            fs::create_dir_all(world.at(directory)).expect("a directory");
        }
        for file in [
            "ws/file",
            "ws/dir/file",
            "ws/.git/config",
            "ws/.git/HEAD",
            "root2/file",
            "out/file",
            "out/dir/file",
            "secret/key",
            "secret/deep/key",
        ] {
            fs::write(world.at(file), format!("content of {file}")).expect("a file");
        }
        world
    }

    pub fn at(&self, path: &str) -> PathBuf {
        self.top.join(path)
    }

    /// Whether a path that is free of links lies below the world's top: what tests may change.
    pub fn contains(&self, path: &Path) -> bool {
        path.starts_with(&self.top) && path != self.top
    }

    /// Whether the directories above the top hold nothing but each other.
    pub fn is_tight(&self) -> bool {
        self.top
            .ancestors()
            .skip(1)
            .take_while(|above| above.starts_with(&self.base))
            .all(|above| fs::read_dir(above).is_ok_and(|entries| entries.count() == 1))
    }

    pub fn link(&self, path: &str, target: impl AsRef<Path>) {
        std::os::unix::fs::symlink(target, self.at(path)).expect("a link");
    }

    pub fn policy(&self, mode: Mode) -> Policy {
        Policy {
            mode,
            writable_roots: vec![self.at("root2")],
            read_deny: Some(vec![self.at("secret"), self.at("ws/denied.txt")]),
            protected_paths: vec![PathBuf::from("locked"), PathBuf::from("deep/er/locked")],
            private_tmp: Some(false),
            ..Policy::default()
        }
    }

    pub fn rules(&self, mode: Mode) -> Rules {
        Rules::new(self.policy(mode), &self.at("ws"), None).expect("rules")
    }

    pub fn files(&self) -> Files {
        Files::open(&self.rules(Mode::WorkspaceWrite)).expect("files")
    }

    /// With everything granted that can be.
    pub fn granted(&self) -> Files {
        let files = self.files();
        files.update_grants(all_of("/", files.rules()));
        files
    }

    pub fn text(&self, path: &str) -> String {
        fs::read_to_string(self.at(path)).expect("a file")
    }

    /// Everything at a path: names, kinds, modes, contents, times.
    pub fn picture(&self, path: &str) -> BTreeMap<PathBuf, String> {
        let mut picture = BTreeMap::new();
        paint(&self.at(path), &mut picture);
        picture
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.base);
    }
}

pub fn all_of(path: &str, rules: &Rules) -> Grants {
    let grant = Grant {
        id: Some("all".to_owned()),
        path: PathBuf::from(path),
        intents: Intent::ALL.to_vec(),
        recursive: Some(true),
        expires_at_ms: None,
    };
    Grants::new(vec![grant], rules).expect("grants")
}

fn paint(path: &Path, picture: &mut BTreeMap<PathBuf, String>) {
    let Ok(stats) = fs::symlink_metadata(path) else {
        return;
    };
    let what = if stats.is_dir() {
        for entry in fs::read_dir(path).expect("a directory") {
            paint(&entry.expect("an entry").path(), picture);
        }
        String::from("directory")
    } else if stats.is_symlink() {
        format!("link {:?}", fs::read_link(path).expect("a link"))
    } else if stats.is_file() {
        String::from_utf8_lossy(&fs::read(path).expect("a file")).into_owned()
    } else {
        String::from("other")
    };
    let line = format!(
        "{:o} {} {}.{} {what}",
        stats.permissions().mode(),
        stats.ino(),
        stats.mtime(),
        stats.mtime_nsec()
    );
    picture.insert(path.to_path_buf(), line);
}

/// The file's names, as text.
pub fn names(listing: &fishplate_sandbox::Listing) -> Vec<String> {
    let text = |name: &std::ffi::OsString| String::from_utf8_lossy(name.as_bytes()).into_owned();
    listing
        .entries
        .iter()
        .map(|entry| text(&entry.name))
        .collect()
}

pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// xorshift64*: the same numbers on every machine.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(number).expect("31 bits") % bound
    }

    pub fn pick<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[self.below(list.len())]
    }
}
