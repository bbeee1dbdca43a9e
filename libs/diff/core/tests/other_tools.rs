//! Patches made here must mean to git and to GNU patch what they mean to us.
//!
//! Each round writes a folder of generated files and one patch for all of them, lets the tool apply it, and
//! compares every file with what it should have become; then the same with the reversed patches.
//! `FISHPLATE_DIFF_CASES` sets the number of pairs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use fishplate_diff::{
    Algorithm, DiffOptions, FileHeaders, FilePatch, diff_lines, format_patch, parse_patch,
};

const DEFAULT_CASES: usize = 600;

#[test]
fn git_apply_agrees() {
    check("git", |folder, patch| {
        Command::new("git")
            .args([
                "-c",
                "core.autocrlf=false",
                "-c",
                "core.safecrlf=false",
                "apply",
                "-p1",
            ])
            .args(["--whitespace=nowarn", "--unidiff-zero"])
            .arg(patch)
            .current_dir(folder)
            .env(
                "GIT_CEILING_DIRECTORIES",
                folder.parent().expect("a folder in a folder"),
            )
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
    });
}

#[test]
fn gnu_patch_agrees() {
    check("patch", |folder, patch| {
        Command::new("patch")
            .args([
                "-p1",
                "-s",
                "-F0",
                "--binary",
                "--no-backup-if-mismatch",
                "-i",
            ])
            .arg(patch)
            .current_dir(folder)
            .output()
    });
}

fn check(tool: &str, apply: impl Fn(&Path, &Path) -> std::io::Result<std::process::Output>) {
    if Command::new(tool).arg("--version").output().is_err() {
        println!("skipped: {tool} is not installed");
        return;
    }
    let cases = std::env::var("FISHPLATE_DIFF_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok())
        .unwrap_or(DEFAULT_CASES);
    let root = TemporaryFolder::new(tool);
    let pairs: Vec<Pair> = (0..cases as u64).map(Pair::generate).collect();
    let forth = root.0.join("forth");
    run(&forth, &pairs, &apply, |pair| {
        (&pair.old, &pair.new, pair.patch.clone())
    });
    let back = root.0.join("back");
    run(&back, &pairs, &apply, |pair| {
        let parsed = parse_patch(&pair.patch).expect("our own patch");
        let mut reversed = Vec::new();
        for patch in &parsed {
            format_patch(&patch.reversed(), FileHeaders::FILE_ONLY, &mut reversed).expect("named");
        }
        (&pair.new, &pair.old, reversed)
    });
}

fn run<'p>(
    folder: &Path,
    pairs: &'p [Pair],
    apply: &impl Fn(&Path, &Path) -> std::io::Result<std::process::Output>,
    view: impl Fn(&'p Pair) -> (&'p Vec<u8>, &'p Vec<u8>, Vec<u8>),
) {
    fs::create_dir_all(folder).expect("a temporary folder can be made");
    let patch_file = folder.with_extension("patch");
    let mut all = Vec::new();
    for pair in pairs.iter().filter(|pair| pair.old != pair.new) {
        let (before, _, patch) = view(pair);
        fs::write(folder.join(&pair.name), before).expect("a file can be written");
        all.extend_from_slice(&patch);
    }
    fs::write(&patch_file, &all).expect("a file can be written");
    let output = apply(folder, &patch_file).expect("the tool can be run");
    let said = String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    for pair in pairs.iter().filter(|pair| pair.old != pair.new) {
        let (_, after, _) = view(pair);
        let found = fs::read(folder.join(&pair.name)).expect("the file is still there");
        assert_eq!(
            found.escape_ascii().to_string(),
            after.escape_ascii().to_string(),
            "{}",
            pair.name
        );
    }
}

struct Pair {
    name: String,
    old: Vec<u8>,
    new: Vec<u8>,
    patch: Vec<u8>,
}

impl Pair {
    fn generate(seed: u64) -> Self {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let name = format!("file{seed}");
        let old = random.text(random.clone().below(30));
        let new = if random.below(4) == 0 {
            random.text(random.clone().below(30))
        } else {
            random.changed(&old)
        };
        let algorithm = [
            Algorithm::Auto,
            Algorithm::Exact,
            Algorithm::Histogram,
            Algorithm::Patience,
        ][random.below(4)];
        let options = DiffOptions {
            algorithm,
            indent_heuristic: random.below(2) == 0,
            ..DiffOptions::default()
        };
        // Without context git takes a removed last line without newline for the equal line before it.
        let open_end = |text: &[u8]| !text.is_empty() && !text.ends_with(b"\n");
        let least = usize::from(open_end(&old) || open_end(&new));
        let context = least + random.below(5);
        let diff = diff_lines(&old, &new, &options)
            .expect("small")
            .expect("not strict");
        let headers = FilePatch {
            old_name: Some(format!("a/{name}").into_bytes().into()),
            new_name: Some(format!("b/{name}").into_bytes().into()),
            ..FilePatch::default()
        };
        let mut patch = Vec::new();
        diff.write_patch(&headers, FileHeaders::FILE_ONLY, context, &mut patch)
            .expect("named");
        Self {
            name,
            old,
            new,
            patch,
        }
    }
}

/// xorshift64*.
#[derive(Clone)]
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % limit as u64) as usize
    }

    fn line(&mut self) -> Vec<u8> {
        let odd: [&[u8]; 12] = [
            b"",
            b" ",
            b"\t{",
            b"}",
            b"x\r",
            b"-- a",
            b"++ b",
            b"\xff\xfe",
            b"\xc3\xa4",
            b"@@ -1 +1 @@",
            b"\\ No newline",
            b"Index: a",
        ];
        match self.below(4) {
            0 => odd[self.below(odd.len())].to_vec(),
            1 => format!("line {}", self.below(1000)).into_bytes(),
            _ => vec![b'a' + self.below(5) as u8],
        }
    }

    fn text(&mut self, lines: usize) -> Vec<u8> {
        let end: &[u8] = if self.below(5) == 0 { b"\r\n" } else { b"\n" };
        let mut text = Vec::new();
        for i in 0..lines {
            text.extend_from_slice(&self.line());
            if i + 1 < lines || self.below(3) > 0 {
                text.extend_from_slice(end);
            }
        }
        text
    }

    fn changed(&mut self, text: &[u8]) -> Vec<u8> {
        let mut lines: Vec<Vec<u8>> = text.split(|&b| b == b'\n').map(<[u8]>::to_vec).collect();
        for _ in 0..=self.below(5) {
            let at = self.below(lines.len() + 1);
            match self.below(3) {
                0 if at < lines.len() => drop(lines.remove(at)),
                1 if at < lines.len() => lines[at] = self.line(),
                _ => lines.insert(at, self.line()),
            }
        }
        lines.join(&b'\n')
    }
}

/// Removed when the test ends.
struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    fn new(name: &str) -> Self {
        let folder =
            std::env::temp_dir().join(format!("fishplate-diff-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a temporary folder can be made");
        Self(folder)
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
