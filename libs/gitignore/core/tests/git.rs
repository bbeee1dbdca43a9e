//! Generated repositories, of which git itself says what is listed and why.
//!
//! `FISHPLATE_REPOSITORIES=5000 cargo test -p fishplate-gitignore --release --test git` tries more than the tests of every day.
#![cfg(unix)]

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fishplate_gitignore::{Control, Matcher, Request, list, path_from};

/// xorshift64*: the same numbers on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(number).expect("31 bits") % bound
    }

    fn pick(&mut self, list: &[&'static [u8]]) -> &'static [u8] {
        list[self.below(list.len())]
    }

    fn one_in(&mut self, chance: usize) -> bool {
        self.below(chance) == 0
    }
}

const NAMES: &[&[u8]] = &[
    b"a",
    b"b",
    b"A",
    b"foo",
    b"Foo",
    b"bar",
    b"a.log",
    b"b.log",
    b"x.LOG",
    b"build",
    b"ab",
    b"a b",
    b"[x]",
    b"#h",
    b"!n",
    b".hid",
    b"a\\b",
    b"e ",
    b"\xc3\xa9",
    b"\xff\xfe",
    b"new\nline",
    b"a-b",
    b"{a,b}",
    b"tab\t",
    b"0",
    b"foo.tar.gz",
    b"*",
];

const PIECES: &[&[u8]] = &[
    b"a",
    b"b",
    b"A",
    b"foo",
    b"bar",
    b".log",
    b"build",
    b"*",
    b"**",
    b"/",
    b"/",
    b"?",
    b"[ab]",
    b"[!a]",
    b"[^x]",
    b"[a-c]",
    b"[A-Z]",
    b"[[:alpha:]]",
    b"[[:upper:]]",
    b"[[:bad:]]",
    b"[",
    b"[]a]",
    b"\\",
    b"\\*",
    b"\\a",
    b"\\A",
    b" ",
    b"\\ ",
    b"#",
    b"!",
    b"{a,b}",
    b"\t",
    b"***",
    b"**/",
    b"/**",
    b"/*",
    b"*.",
    b"\xc3\xa9",
    b"\xff",
    b"x",
    b"-",
    b"[a-",
    b"[[:digit:]-z]",
    b"\r",
    b"foo/",
    b"ab",
    b".",
    b"..",
    b"e ",
    b"[[:space:]]",
    b"[\\]]",
    b"[a-\\c]",
    b"[[:]",
];

fn pattern(random: &mut Random) -> Vec<u8> {
    let mut line = Vec::new();
    if random.one_in(5) {
        line.push(b'!');
    }
    if random.one_in(3) {
        line.extend_from_slice(random.pick(NAMES));
    } else {
        for _ in 0..=random.below(4) {
            line.extend_from_slice(random.pick(PIECES));
        }
    }
    if random.one_in(6) {
        line.push(b'/');
    }
    if random.one_in(12) {
        line.extend_from_slice(b"  ");
    }
    if random.one_in(15) {
        line.push(b'\r');
    }
    line
}

fn patterns(random: &mut Random) -> Vec<u8> {
    let mut content = Vec::new();
    if random.one_in(10) {
        content.extend_from_slice(b"\xef\xbb\xbf");
    }
    for _ in 0..=random.below(6) {
        content.extend_from_slice(&pattern(random));
        content.push(b'\n');
    }
    if random.one_in(4) {
        content.pop();
    }
    content
}

fn git(directory: &Path, args: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new("git")
        .args([
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@t.invalid",
            "-c",
            "protocol.file.allow=always",
        ])
        .args(args)
        .current_dir(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("git runs");
    let mut stdin = child.stdin.take().expect("it is piped");
    let input = input.to_vec();
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().expect("git ends");
    writer.join().expect("the writer ends");
    let code = output.status.code();
    assert!(
        code == Some(0) || (code == Some(1) && args[0] == "check-ignore"),
        "git {args:?}: {output:?}"
    );
    output.stdout
}

fn write(path: &Path, content: &[u8]) -> bool {
    // What is a file in one path and a directory in another is left out.
    fs::create_dir_all(path.parent().expect("it has one")).is_ok()
        && fs::write(path, content).is_ok()
}

/// Makes files, directories, links and ignore files; all paths that were asked for, also those that could not be.
fn populate(root: &Path, random: &mut Random) -> Vec<Vec<u8>> {
    let mut paths = Vec::new();
    for _ in 0..random.below(40) + 5 {
        let mut path: Vec<u8> = Vec::new();
        for depth in 0..=random.below(4) {
            if depth > 0 {
                path.push(b'/');
            }
            path.extend_from_slice(random.pick(NAMES));
        }
        let absolute = root.join(path_from(&path));
        if random.one_in(15) {
            drop(symlink("a", absolute));
        } else {
            write(&absolute, b"");
        }
        paths.push(path.clone());
        while let Some(slash) = path.iter().rposition(|&byte| byte == b'/') {
            path.truncate(slash);
            if random.one_in(5) {
                write(
                    &root.join(path_from(&path)).join(".gitignore"),
                    &patterns(random),
                );
            }
            paths.push(path.clone());
        }
    }
    paths
}

/// A repository of one seed, at `top`; where it is to be listed, and paths to ask about.
fn generate(top: &Path, random: &mut Random) -> (PathBuf, Vec<Vec<u8>>) {
    fs::create_dir_all(top).expect("the directory is made");
    git(top, &["init", "-q"], b"");
    let mut root = top.to_path_buf();
    let paths = populate(&root, random);
    if random.one_in(3) {
        git(top, &["add", "--force", "."], b"");
        if random.one_in(2) {
            populate(&root, random);
        }
        for path in paths.iter().filter(|_| random.one_in(8)) {
            drop(fs::remove_file(top.join(path_from(path))));
        }
    }
    write(&top.join(".gitignore"), &patterns(random));
    if random.one_in(2) {
        write(&top.join(".git/info/exclude"), &patterns(random));
    }
    if random.one_in(3) {
        write(&top.join(".git/mine"), &patterns(random));
        let file = top.join(".git/mine");
        git(
            top,
            &["config", "core.excludesFile", &file.to_string_lossy()],
            b"",
        );
    }
    if random.one_in(3) {
        git(top, &["config", "core.ignoreCase", "true"], b"");
    }
    if random.one_in(6) {
        let nested = top.join("nested/inner");
        fs::create_dir_all(&nested).expect("the directory is made");
        git(&nested, &["init", "-q"], b"");
        write(&nested.join("in"), b"");
        if random.one_in(2) {
            git(&nested, &["commit", "-q", "--allow-empty", "-m", "x"], b"");
            git(top, &["add", "--force", "nested/inner"], b"");
        }
    }
    if random.one_in(8) {
        git(top, &["commit", "-q", "--allow-empty", "-m", "x"], b"");
        let tree = top.with_extension("tree");
        git(
            top,
            &["worktree", "add", "-q", "--detach", &tree.to_string_lossy()],
            b"",
        );
        populate(&tree, random);
        write(&tree.join(".gitignore"), &patterns(random));
        root = tree;
    } else if random.one_in(8) {
        // The working tree is another directory than the one that has `.git`.
        let tree = top.join("inner tree");
        fs::create_dir_all(&tree).expect("the directory is made");
        populate(&tree, random);
        write(&tree.join(".gitignore"), &patterns(random));
        git(top, &["config", "core.worktree", "../inner tree"], b"");
        root = tree;
    }
    (root, paths)
}

fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    bytes
        .split(|&byte| byte == 0)
        .filter(|path| !path.is_empty())
        .collect()
}

fn shown(path: &[u8]) -> String {
    path.escape_ascii().to_string()
}

/// Lists `root` with us and with git.
fn compare_listings(root: &Path, seed: u64) -> usize {
    let ours = list(root, &Request::default(), &Control::default()).expect("it is listed");
    let theirs = git(root, &["ls-files", "-co", "--exclude-standard", "-z"], b"");
    let (ours, mut theirs) = (lines(&ours.paths), lines(&theirs));
    assert!(
        ours.is_sorted_by(|one, next| one < next),
        "seed {seed}: each path once, in order"
    );
    // Git lists untracked files first, and a path in conflict once for each stage.
    theirs.sort_unstable();
    theirs.dedup();
    let difference: Vec<String> = ours
        .iter()
        .filter(|path| !theirs.contains(path))
        .map(|path| format!("ours alone: {}", shown(path)))
        .chain(
            theirs
                .iter()
                .filter(|path| !ours.contains(path))
                .map(|path| format!("git alone: {}", shown(path))),
        )
        .collect();
    assert!(
        difference.is_empty(),
        "seed {seed}, {}: {difference:#?}",
        root.display()
    );
    ours.len()
}

/// Asks both about each path; how many there are, and how many of them are ignored.
fn compare_decisions(root: &Path, paths: &[Vec<u8>], seed: u64) -> (usize, usize) {
    let mut ignored = 0;
    let mut matcher = Matcher::open(root, &[]).expect("it opens");
    let asked: Vec<&Vec<u8>> = paths
        .iter()
        .filter(|path| !is_behind_link(root, path))
        .collect();
    let input = asked
        .iter()
        .flat_map(|path| [path.as_slice(), b"\0"].concat())
        .collect::<Vec<u8>>();
    let answers = git(
        root,
        &["check-ignore", "--no-index", "-v", "-n", "-z", "--stdin"],
        &input,
    );
    let fields: Vec<&[u8]> = answers.split(|&byte| byte == 0).collect();
    for (path, answer) in asked.iter().zip(fields.chunks_exact(4)) {
        let [source, line, pattern, named] = answer else {
            unreachable!("they are four")
        };
        assert_eq!(named, &path.as_slice());
        let ours = matcher.explain(path, None);
        let theirs =
            (!source.is_empty()).then(|| (source.to_vec(), line.to_vec(), pattern.to_vec()));
        let told = ours.as_ref().map(|it| {
            (
                it.source.clone(),
                it.line.to_string().into_bytes(),
                it.pattern.clone(),
            )
        });
        let show = |it: &Option<(Vec<u8>, Vec<u8>, Vec<u8>)>| {
            it.as_ref().map(|(source, line, pattern)| {
                [shown(source), shown(line), shown(pattern)].join(":")
            })
        };
        assert_eq!(
            show(&told),
            show(&theirs),
            "seed {seed}, {}: {}",
            root.display(),
            shown(path)
        );
        let is_ignored = ours.is_some_and(|decision| !decision.negated);
        assert_eq!(matcher.is_ignored(path, None), is_ignored);
        ignored += usize::from(is_ignored);
    }
    (asked.len(), ignored)
}

/// Git refuses to speak of these.
fn is_behind_link(root: &Path, path: &[u8]) -> bool {
    let ends = path
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'/')
        .map(|(at, _)| at);
    let mut above = ends.map(|end| root.join(path_from(&path[..end])));
    above.any(|directory| fs::symlink_metadata(directory).is_ok_and(|stats| stats.is_symlink()))
}

#[test]
fn generated_repositories_are_seen_as_git_sees_them() {
    let wanted: u64 = std::env::var("FISHPLATE_REPOSITORIES")
        .map_or(120, |number| number.parse().expect("it is a number"));
    let first =
        std::env::var("FISHPLATE_SEED").map_or(1, |number| number.parse().expect("it is a number"));
    let base = fs::canonicalize(std::env::temp_dir())
        .expect("it is there")
        .join(format!("fishplate-git-{}", std::process::id()));
    let (mut compared, mut ignored) = (0, 0);
    for seed in first..first + wanted {
        let top = base.join(format!("r{seed}"));
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let (root, paths) = generate(&top, &mut random);
        compared += compare_listings(&root, seed);
        let (asked, left_out) = compare_decisions(&root, &paths, seed);
        compared += asked;
        ignored += left_out;
        let below = root.join("a");
        if fs::symlink_metadata(&below).is_ok_and(|stats| stats.is_dir()) {
            compared += compare_listings(&below, seed);
        }
        drop(fs::remove_dir_all(&base));
    }
    let share = ignored * 100 / compared;
    assert!(
        (10..60).contains(&share),
        "{share}% are ignored: too few to tell anything, or too many"
    );
    println!("{compared} paths compared, {share}% of them ignored");
}
