//! A world to attack: a workspace, what lies outside of it, secrets, a victim process and listening sockets; and ways to run
//! something in it with and without confinement, as root and as an unprivileged user.
#![allow(dead_code, reason = "each test file uses a part")]

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// The user and group that unprivileged tests run as.
pub const NOBODY: u32 = 65534;

/// Who runs the supervisor, and by which means it confines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode {
    pub root: bool,
    pub means: &'static str,
}

/// How a confined command ended, as the example `confine` tells it.
#[derive(Debug)]
pub struct Ended {
    pub output: Output,
    pub told: serde_json::Value,
}

impl Ended {
    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    pub fn weaker(&self) -> Vec<String> {
        let weaker = self.told["enforcement"]["weaker"].as_array();
        weaker
            .into_iter()
            .flatten()
            .filter_map(|weakness| Some(weakness["clause"].as_str()?.to_owned()))
            .collect()
    }
}

/// The helper, built once: on musl where that target is installed, which starts faster, else on the system's own.
pub fn helper() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        if let Some(path) = std::env::var_os("FISHPLATE_SANDBOX_HELPER") {
            return path.into();
        }
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .ancestors()
            .nth(3)
            .expect("the workspace")
            .join("target/helper");
        let target = format!("{}-unknown-linux-musl", std::env::consts::ARCH);
        let build = |target: Option<&str>| {
            let mut cargo = Command::new(env!("CARGO"));
            cargo.args(["rustc", "--quiet", "-p", "fishplate-sandbox-helper"]);
            cargo.args([
                "--bin",
                "fishplate-sandbox-helper",
                "--release",
                "--target-dir",
            ]);
            cargo.arg(&folder);
            cargo.args(target.iter().flat_map(|target| ["--target", target]));
            cargo.args(["--", "-C", "target-feature=+crt-static"]);
            cargo.args(["-C", "relocation-model=static", "-C", "panic=abort"]);
            let built = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).output();
            let built = built.expect("cargo runs");
            let place = target.map_or_else(|| folder.clone(), |target| folder.join(target));
            (built, place.join("release/fishplate-sandbox-helper"))
        };
        let (built, path) = build(Some(&target));
        if built.status.success() {
            return path;
        }
        let (built, path) = build(None);
        assert!(
            built.status.success(),
            "{}",
            String::from_utf8_lossy(&built.stderr)
        );
        path
    })
}

/// The example that runs one confined command.
pub fn confine() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        // Cargo builds examples with the tests only where all tests are run.
        let built = Command::new(env!("CARGO"))
            .args([
                "build",
                "--quiet",
                "-p",
                "fishplate-sandbox",
                "--example",
                "confine",
            ])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status();
        assert!(
            built.is_ok_and(|status| status.success()),
            "the example is built"
        );
        let test = std::env::current_exe().expect("a test has a path");
        let target = test.ancestors().nth(3).expect("target/PROFILE/deps/test");
        target.join("debug/examples/confine")
    })
}

pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Says that something was not tested, on one line.
pub fn skip(what: &str, why: &str) {
    let _ = writeln!(std::io::stderr(), "skipped: {what}: {why}");
}

pub fn has(program: &str) -> bool {
    let found = Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .output();
    found.is_ok_and(|output| output.status.success())
}

/// A scratch world. Not below `/tmp`, which a confined command does not see.
pub struct World {
    pub base: PathBuf,
    pub mode: Mode,
}

impl World {
    pub fn new(mode: Mode) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "fishplate-test-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let home = std::env::home_dir().unwrap_or_default();
        let parent = if is_root() {
            Path::new("/var/cache")
        } else {
            &home
        };
        let base = parent.join(name);
        for folder in ["ws", "outside", "secret", "home"] {
            fs::create_dir_all(base.join(folder)).expect("a world is made");
        }
        fs::write(base.join("outside/victim"), "original\n").expect("written");
        fs::write(base.join("secret/key"), "SECRET-KEY\n").expect("written");
        let world = Self { base, mode };
        world.own();
        world
    }

    /// Gives all of it to the user that the mode runs as.
    pub fn own(&self) {
        fn give(path: &Path) {
            chown(path, Some(NOBODY), Some(NOBODY)).expect("root may");
            if path.is_dir() && !path.is_symlink() {
                for entry in fs::read_dir(path).expect("listed").flatten() {
                    if !entry.path().is_symlink() {
                        give(&entry.path());
                    }
                }
            }
        }
        if is_root() && !self.mode.root {
            give(&self.base);
        }
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(&self.base, open).expect("set");
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.base.join(name)
    }

    /// The usual policy: the secret folder is denied.
    pub fn policy(&self) -> serde_json::Value {
        serde_json::json!({
            "readDeny": [self.path("secret")],
            "require": "none",
            "env": { "pass": ["W", "O", "S", "V", "PORT", "ID", "HOME"] },
        })
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = if self.mode.root || !is_root() {
            Command::new(program)
        } else {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]);
            command.arg(program);
            command
        };
        command
            .current_dir(self.path("ws"))
            .env("W", self.path("ws"))
            .env("O", self.path("outside"))
            .env("S", self.path("secret"))
            .env("HOME", self.path("home"))
            .stdin(Stdio::null());
        command
    }

    /// Runs a command as it is.
    pub fn plain(&self, command: &[&str], more: &[(&str, String)]) -> Output {
        let (program, args) = command.split_first().expect("a command");
        let mut command = self.command(program);
        command.args(args).envs(more.iter().cloned());
        command.output().expect("it runs")
    }

    /// Runs it confined.
    pub fn confined(
        &self,
        policy: &serde_json::Value,
        command: &[&str],
        more: &[(&str, String)],
    ) -> Ended {
        let output = self
            .confined_command(policy, command)
            .envs(more.iter().cloned())
            .output()
            .expect("it runs");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let told = text
            .lines()
            .rev()
            .find_map(|line| serde_json::from_str(line).ok())
            .unwrap_or(serde_json::Value::Null);
        Ended { output, told }
    }

    /// The command that runs it confined.
    pub fn confined_command(&self, policy: &serde_json::Value, command: &[&str]) -> Command {
        let mut confine = self.command(confine());
        confine
            .arg(helper())
            .arg(self.path("ws"))
            .arg(policy.to_string())
            .arg(self.mode.means)
            .args(command);
        confine
    }

    /// Names in the workspace, for what is left behind.
    pub fn left(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.path("ws"))
            .expect("listed")
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.base);
    }
}

/// The modes that this user can test.
pub fn modes() -> Vec<Mode> {
    let all = [
        Mode {
            root: true,
            means: "user",
        },
        Mode {
            root: true,
            means: "privileged",
        },
        Mode {
            root: true,
            means: "landlock",
        },
        Mode {
            root: false,
            means: "user",
        },
        Mode {
            root: false,
            means: "landlock",
        },
    ];
    all.into_iter()
        .filter(|mode| is_root() || !mode.root)
        .collect()
}
