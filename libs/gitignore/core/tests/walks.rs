//! What a walk does beside git's own listing: options, links, repositories below, roots that are none.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use fishplate_gitignore::{
    Batch, Control, FileKind, Matcher, OpenError, RepositoryError, Request, WalkError, list, walk,
};

/// A directory that is removed at the end of a test.
struct Tree(PathBuf);

impl Tree {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let base = fs::canonicalize(std::env::temp_dir()).expect("it is there");
        let root = base.join(format!("fishplate-{name}-{}", std::process::id()));
        drop(fs::remove_dir_all(&root));
        fs::create_dir_all(&root).expect("it is made");
        let tree = Self(root);
        for (path, content) in files {
            tree.write(path, content);
        }
        tree
    }

    fn write(&self, path: &str, content: &str) {
        let file = self.0.join(path);
        fs::create_dir_all(file.parent().expect("it has one")).expect("it is made");
        fs::write(file, content).expect("it is written");
    }

    fn git(&self, args: &[&str]) -> String {
        let output = Command::new("git")
            .args(["-c", "user.name=t", "-c", "user.email=t@t.invalid"])
            .args(args)
            .current_dir(&self.0)
            .output()
            .expect("git runs");
        assert!(output.status.success(), "git {args:?}: {output:?}");
        String::from_utf8(output.stdout).expect("it is UTF-8")
    }

    fn list(&self, request: &Request) -> Vec<String> {
        names(list(&self.0, request, &Control::default()))
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn names(listing: Result<fishplate_gitignore::Listing, WalkError>) -> Vec<String> {
    let paths = String::from_utf8(listing.expect("it is listed").paths).expect("it is UTF-8");
    paths.split_terminator('\0').map(str::to_owned).collect()
}

fn globs(list: &[&str]) -> Vec<Vec<u8>> {
    list.iter().map(|glob| glob.as_bytes().to_vec()).collect()
}

#[test]
fn a_glob_that_matches_a_directory_takes_all_in_it_and_the_nearest_decides() {
    let tree = Tree::new(
        "globs",
        &[
            ("src/a.ts", ""),
            ("src/deep/b.md", ""),
            ("src/test/c.ts", ""),
            ("other.ts", ""),
        ],
    );
    tree.git(&["init", "-q"]);
    for is_tracked in [false, true] {
        if is_tracked {
            tree.git(&["add", "."]);
        }
        for (given, expected) in [
            (
                &["src"] as &[&str],
                vec!["src/a.ts", "src/deep/b.md", "src/test/c.ts"],
            ),
            (
                &["src/"],
                vec!["src/a.ts", "src/deep/b.md", "src/test/c.ts"],
            ),
            (&["src", "!test"], vec!["src/a.ts", "src/deep/b.md"]),
            (&["src", "!*.md"], vec!["src/a.ts", "src/test/c.ts"]),
            (&["!src", "*.ts"], vec!["other.ts"]),
            (&["!*.ts"], vec!["src/deep/b.md"]),
        ] {
            let request = Request {
                globs: globs(given),
                ..Request::default()
            };
            assert_eq!(tree.list(&request), expected, "{given:?}, {is_tracked}");
        }
        let both = Request {
            globs: globs(&["src"]),
            types: globs(&["*.ts"]),
            ..Request::default()
        };
        assert_eq!(tree.list(&both), ["src/a.ts", "src/test/c.ts"]);
    }
}

#[test]
fn repositories_below_obey_globs_types_and_depth() {
    let tree = Tree::new("below", &[("a.ts", ""), ("vendor/lib/x", "")]);
    tree.git(&["init", "-q"]);
    tree.git(&["init", "-q", "vendor/lib"]);
    let with = |request: Request| tree.list(&request);
    let of = |list: &[&str]| Request {
        globs: globs(list),
        ..Request::default()
    };
    assert_eq!(with(Request::default()), ["a.ts", "vendor/lib/"]);
    assert_eq!(with(of(&["vendor"])), ["vendor/lib/"]);
    assert_eq!(with(of(&["lib/"])), ["vendor/lib/"]);
    assert_eq!(with(of(&["*.ts"])), ["a.ts"]);
    assert_eq!(with(of(&["!lib"])), ["a.ts"]);
    let types = Request {
        types: globs(&["*.ts"]),
        ..Request::default()
    };
    assert_eq!(with(types), ["a.ts"]);
    for (depth, expected) in [(1, vec!["a.ts"]), (2, vec!["a.ts", "vendor/lib/"])] {
        let request = Request {
            max_depth: Some(depth),
            ..Request::default()
        };
        assert_eq!(with(request), expected);
    }
}

#[test]
fn files_that_git_does_not_know_hide_tracked_files_too() {
    let tree = Tree::new(
        "extra",
        &[
            ("a.log", ""),
            ("keep.log", ""),
            ("out/b", ""),
            ("out/c.log", ""),
            ("gen/d", ""),
            ("sub/e.log", ""),
        ],
    );
    tree.git(&["init", "-q"]);
    tree.git(&["add", "."]);
    tree.write(".gitignore", "out/\n");
    tree.write("sub/.gitignore", "!e.log\n");
    tree.write(".ignore", "*.log\n!keep.log\ngen/\n");
    let request = Request {
        extra_files: vec![b".ignore".to_vec()],
        hidden: false,
        ..Request::default()
    };
    assert_eq!(tree.list(&request), ["keep.log", "out/b", "sub/e.log"]);
    fs::remove_file(tree.0.join("keep.log")).expect("it is removed");
    assert_eq!(tree.list(&request), ["keep.log", "out/b", "sub/e.log"]);
    let mut matcher = Matcher::open(&tree.0, &request.extra_files).expect("it opens");
    for (path, expected) in [
        ("a.log", false),
        ("keep.log", true),
        ("out/b", true),
        ("out/c.log", false),
        ("out/new", false),
        ("gen/d", false),
        ("sub/e.log", true),
    ] {
        let answer = matcher.is_listed(path.as_bytes()).expect("it is answered");
        assert_eq!(answer, expected, "{path}");
    }
}

#[test]
fn without_deleted_each_file_is_on_the_disk_and_of_the_kind_it_has_there() {
    let tree = Tree::new(
        "deleted",
        &[
            ("gone", ""),
            ("a", ""),
            ("became-link", ""),
            ("became-directory", ""),
            ("d/in", ""),
            ("out/kept", ""),
            ("out/gone", ""),
        ],
    );
    symlink("a", tree.0.join("link")).expect("it is made");
    tree.git(&["init", "-q"]);
    tree.git(&["add", "."]);
    tree.write(".gitignore", "out/\n");
    for path in [
        "gone",
        "became-link",
        "became-directory",
        "out/gone",
        "link",
    ] {
        fs::remove_file(tree.0.join(path)).expect("it is removed");
    }
    symlink("a", tree.0.join("became-link")).expect("it is made");
    tree.write("link", "a file by now");
    tree.write("became-directory/new", "");
    fs::rename(tree.0.join("d"), tree.0.join("e")).expect("it is moved");
    symlink("e", tree.0.join("d")).expect("it is made");
    for stat in [false, true] {
        let request = Request {
            deleted: false,
            stat,
            ..Request::default()
        };
        let found = Mutex::new(Vec::new());
        let take = |batch: Batch| {
            let mut found = found.lock().expect("nobody panicked");
            for index in 0..batch.ends.len() {
                let name = String::from_utf8_lossy(batch.path(index)).into_owned();
                assert!(!stat || batch.stats[index].is_some(), "{name}");
                found.push((name, batch.kinds[index]));
            }
        };
        walk(&tree.0, &request, &Control::default(), &take).expect("it is walked");
        let mut found = found.into_inner().expect("nobody panicked");
        found.sort_by(|one, other| one.0.cmp(&other.0));
        let expected = [
            (".gitignore", FileKind::File),
            ("a", FileKind::File),
            ("became-directory/new", FileKind::File),
            ("became-link", FileKind::Link),
            ("d", FileKind::Link),
            ("e/in", FileKind::File),
            ("link", FileKind::File),
            ("out/kept", FileKind::File),
        ];
        let expected = expected.map(|(name, kind)| (name.to_owned(), kind));
        assert_eq!(found, expected, "stat: {stat}");
    }
}

#[test]
fn files_that_are_gone_stay_listed_with_sizes_too() {
    let tree = Tree::new("gone", &[("a", "123"), ("b", "1")]);
    tree.git(&["init", "-q"]);
    tree.git(&["add", "."]);
    fs::remove_file(tree.0.join("b")).expect("it is removed");
    for request in [
        Request {
            stat: true,
            ..Request::default()
        },
        Request {
            max_file_size: Some(3),
            ..Request::default()
        },
    ] {
        assert_eq!(tree.list(&request), ["a", "b"]);
    }
    let small = Request {
        max_file_size: Some(2),
        ..Request::default()
    };
    assert_eq!(tree.list(&small), ["b"]);
}

#[test]
fn links_are_followed_once_for_each_directory_and_none_vanishes() {
    let tree = Tree::new(
        "links",
        &[
            ("real/a", ""),
            (".gitignore", "skipped/\n"),
            ("skipped/x", ""),
        ],
    );
    let outside = Tree::new("links-outside", &[("far/b", "")]);
    for index in 0..12 {
        let directory = tree.0.join(format!("d{index:02}"));
        fs::create_dir(&directory).expect("it is made");
        fs::write(directory.join("f"), "").expect("it is written");
        for other in 0..12 {
            symlink(
                format!("../d{other:02}"),
                directory.join(format!("l{other:02}")),
            )
            .expect("it is made");
        }
    }
    symlink(outside.0.join("far"), tree.0.join("out1")).expect("it is made");
    symlink(outside.0.join("far"), tree.0.join("out2")).expect("it is made");
    symlink("nowhere", tree.0.join("dangling")).expect("it is made");
    symlink("real", tree.0.join("skipped/link")).expect("it is made");
    let request = Request {
        follow_links: true,
        ..Request::default()
    };
    let mut expected = vec![".gitignore".to_owned()];
    expected.extend((0..12).map(|index| format!("d{index:02}/f")));
    expected.extend(["dangling", "out1/b", "real/a"].map(str::to_owned));
    assert_eq!(tree.list(&request), expected);
    tree.git(&["init", "-q"]);
    tree.git(&["add", "--force", "dangling", "skipped/link", "real"]);
    let more = ["dangling", "out1/b", "real/a", "skipped/link"];
    expected.truncate(13);
    expected.extend(more.map(str::to_owned));
    assert_eq!(tree.list(&request), expected);
    let sized = Request {
        stat: true,
        ..request
    };
    assert_eq!(tree.list(&sized), expected);
}

#[test]
fn a_root_in_a_git_directory_is_refused_as_git_refuses_it() {
    let tree = Tree::new("inside", &[("a", ""), ("plain/.git/x", "")]);
    tree.git(&["init", "-q"]);
    for below in [".git", ".git/refs", "plain/.git"] {
        let root = tree.0.join(below);
        let refused = list(&root, &Request::default(), &Control::default());
        let Err(WalkError::Open(OpenError::GitDirectory { path })) = refused else {
            panic!("{below}: {refused:?}");
        };
        assert_eq!(path, root);
        assert!(matches!(
            Matcher::open(&root, &[]),
            Err(OpenError::GitDirectory { .. })
        ));
        let apart = Request {
            no_repository: true,
            ..Request::default()
        };
        assert!(list(&root, &apart, &Control::default()).is_ok());
    }
}

#[test]
fn a_damaged_configuration_is_an_error_that_names_the_file() {
    let tree = Tree::new("config", &[("a", "")]);
    tree.git(&["init", "-q"]);
    for damage in ["[core\n", "[core]\n\tignoreCase = perhaps\n"] {
        tree.write(".git/config", damage);
        let refused = list(&tree.0, &Request::default(), &Control::default());
        let Err(WalkError::Open(OpenError::Repository(RepositoryError::Config { path, .. }))) =
            refused
        else {
            panic!("{damage}: {refused:?}");
        };
        assert_eq!(path, tree.0.join(".git/config"));
    }
}

#[test]
fn only_the_repository_itself_says_where_its_tree_is() {
    let tree = Tree::new("own", &[("a", ""), ("b.tmp", ""), ("other/x", "")]);
    tree.git(&["init", "-q"]);
    tree.write(".git/more", "[core]\n\tworktree = ../other\n\texcludesFile = .git/mine\n[extensions]\n\tobjectFormat = sha256\n");
    tree.write(".git/mine", "*.tmp\n");
    tree.git(&["config", "include.path", "more"]);
    tree.git(&["add", "a"]);
    assert_eq!(tree.list(&Request::default()), ["a", "other/x"]);
    let mut matcher = Matcher::open(&tree.0, &[]).expect("it opens");
    let decision = matcher.explain(b"b.tmp", None).expect("it is ignored");
    let told = tree.git(&["check-ignore", "-v", "b.tmp"]);
    let source = String::from_utf8(decision.source).expect("it is UTF-8");
    assert_eq!(told, format!("{source}:1:*.tmp\tb.tmp\n"));
}

#[test]
fn includes_that_ask_for_the_branch_count() {
    let tree = Tree::new("branch", &[("a", ""), ("b.tmp", "")]);
    tree.git(&["init", "-q", "-b", "main"]);
    tree.write(".git/mine", "*.tmp\n");
    tree.write(".git/more", "[core]\n\texcludesFile = .git/mine\n");
    tree.git(&["config", "includeIf.onbranch:main.path", "more"]);
    for (branch, expected) in [("main", vec!["a"]), ("other", vec!["a", "b.tmp"])] {
        tree.git(&["symbolic-ref", "HEAD", &format!("refs/heads/{branch}")]);
        assert_eq!(tree.list(&Request::default()), expected, "{branch}");
        let theirs = tree.git(&["ls-files", "-co", "--exclude-standard"]);
        assert_eq!(theirs.lines().collect::<Vec<_>>(), expected, "{branch}");
    }
}

#[test]
fn a_sparse_index_lists_what_is_checked_out() {
    let tree = Tree::new("sparse", &[("kept/a", ""), ("left/b", ""), ("top", "")]);
    tree.git(&["init", "-q"]);
    tree.git(&["add", "."]);
    tree.git(&["commit", "-q", "-m", "x"]);
    tree.git(&["sparse-checkout", "set", "--cone", "--sparse-index", "kept"]);
    assert_eq!(tree.list(&Request::default()), ["kept/a", "top"]);
    tree.write("left/new", "");
    assert_eq!(
        tree.list(&Request::default()),
        ["kept/a", "left/new", "top"]
    );
}

#[test]
fn split_and_sha256_indexes_are_read() {
    let split = Tree::new("split", &[("a", ""), ("b.log", "")]);
    split.git(&["init", "-q"]);
    split.git(&["add", "."]);
    split.git(&["update-index", "--split-index"]);
    split.write(".gitignore", "*.log\n");
    split.write("c", "");
    split.git(&["add", "c"]);
    assert_eq!(
        split.list(&Request::default()),
        [".gitignore", "a", "b.log", "c"]
    );
    let sha256 = Tree::new("sha256", &[("a", ""), ("b.log", "")]);
    sha256.git(&["init", "-q", "--object-format=sha256"]);
    sha256.git(&["add", "."]);
    sha256.write(".gitignore", "*.log\n");
    assert_eq!(
        sha256.list(&Request::default()),
        [".gitignore", "a", "b.log"]
    );
}

#[test]
fn an_index_that_is_no_plain_file_is_an_error_and_waited_for_by_nobody() {
    let tree = Tree::new("pipes", &[("a", "")]);
    tree.git(&["init", "-q"]);
    tree.git(&["add", "."]);
    tree.git(&["update-index", "--split-index"]);
    let git = tree.0.join(".git");
    let shared = fs::read_dir(&git)
        .expect("it is there")
        .filter_map(Result::ok)
        .find(|entry| {
            entry
                .file_name()
                .to_string_lossy()
                .starts_with("sharedindex.")
        })
        .expect("it is split")
        .path();
    fs::remove_file(&shared).expect("it is removed");
    let made = Command::new("mkfifo")
        .arg(&shared)
        .status()
        .expect("it runs");
    assert!(made.success());
    let refused = || {
        let ended = list(&tree.0, &Request::default(), &Control::default());
        matches!(
            ended,
            Err(WalkError::Repository(RepositoryError::Index { .. }))
        )
    };
    assert!(refused());
    fs::remove_file(git.join("index")).expect("it is removed");
    symlink("index", git.join("index")).expect("it is made");
    assert!(refused(), "a link to itself is no empty index");
}

#[test]
fn what_was_a_file_and_is_a_repository_by_now_is_listed_once() {
    let tree = Tree::new("twice", &[("x", ""), ("s/f", "")]);
    tree.git(&["init", "-q"]);
    tree.git(&["add", "x"]);
    fs::remove_file(tree.0.join("x")).expect("it is removed");
    tree.write("x/in", "");
    tree.git(&["init", "-q", "x"]);
    // No repository of its own: it leads to the one around.
    symlink(tree.0.join(".git"), tree.0.join("s/.git")).expect("it is made");
    let theirs = tree.git(&["ls-files", "-co", "--exclude-standard"]);
    let mut theirs: Vec<&str> = theirs.lines().collect();
    theirs.sort_unstable();
    assert_eq!(tree.list(&Request::default()), theirs);
    assert_eq!(theirs, ["s/f", "x"]);
}

#[test]
fn index_entries_that_lead_out_of_the_tree_are_none() {
    let tree = Tree::new("escape", &[("a", "")]);
    tree.git(&["init", "-q"]);
    tree.git(&["add", "a"]);
    let index = tree.0.join(".git/index");
    let bytes = fs::read(&index).expect("it is read");
    // The entry's name is its only byte `a` with a length of 1 before it.
    let at = bytes
        .windows(4)
        .position(|bytes| bytes == [0, 1, b'a', 0])
        .expect("it is there");
    for name in [b'.', b'/'] {
        let mut changed = bytes.clone();
        changed[at + 2] = name;
        fs::write(&index, changed).expect("it is written");
        assert_eq!(tree.list(&Request::default()), ["a"]);
    }
}

#[test]
fn bare_repositories_and_trees_that_are_gone_are_refused_as_git_refuses_them() {
    let tree = Tree::new("bare", &[("a", "")]);
    tree.git(&["init", "-q", "--bare", "own.git"]);
    tree.git(&["init", "-q"]);
    let refused = |below: &str| {
        list(
            &tree.0.join(below),
            &Request::default(),
            &Control::default(),
        )
    };
    assert!(matches!(
        refused("own.git"),
        Err(WalkError::Open(OpenError::GitDirectory { .. }))
    ));
    tree.write(".git/config", "[core]\n\tworktree = /no/such/place\n");
    assert!(matches!(
        refused(""),
        Err(WalkError::Open(OpenError::Repository(
            RepositoryError::Config { .. }
        )))
    ));
    tree.write(".git/config", "[core]\n\tbare = true\n");
    assert!(matches!(
        refused(""),
        Err(WalkError::Open(OpenError::GitDirectory { .. }))
    ));
}

#[test]
fn a_path_in_other_letters_than_the_index_has_is_not_listed_twice() {
    let tree = Tree::new("letters", &[("Dir/F", "")]);
    tree.git(&["init", "-q"]);
    tree.git(&["add", "."]);
    tree.git(&["config", "core.ignoreCase", "true"]);
    fs::rename(tree.0.join("Dir"), tree.0.join("DIR")).expect("it is moved");
    assert_eq!(tree.list(&Request::default()), ["Dir/F"]);
    let mut matcher = Matcher::open(&tree.0, &[]).expect("it opens");
    assert_eq!(matcher.is_listed(b"Dir/F").ok(), Some(true));
    assert_eq!(matcher.is_listed(b"DIR/F").ok(), Some(false));
}

#[test]
fn whoever_takes_batches_may_panic_and_it_is_an_error() {
    let tree = Tree::new("panic", &[("a", ""), ("d/b", "")]);
    for threads in [1, 4] {
        let request = Request {
            threads: Some(threads),
            ..Request::default()
        };
        let ended = walk(&tree.0, &request, &Control::default(), &|_| {
            panic!("no room")
        });
        assert!(matches!(ended, Err(WalkError::Fault(said)) if said == "no room"));
    }
}

#[test]
fn batches_have_no_more_files_than_asked_for() {
    let tree = Tree::new("batches", &[]);
    for index in 0..250 {
        tree.write(&format!("file-{index}"), "");
    }
    let request = Request {
        batch: 100,
        threads: Some(1),
        ..Request::default()
    };
    let sizes = Mutex::new(Vec::new());
    let take = |batch: Batch| {
        sizes
            .lock()
            .expect("nobody panicked")
            .push(batch.ends.len());
    };
    let control = Control::default();
    walk(&tree.0, &request, &control, &take).expect("it is walked");
    assert_eq!(sizes.into_inner().expect("nobody panicked"), [100, 100, 50]);
    assert_eq!(control.found.into_inner(), 250);
}

#[test]
fn a_walk_ends_within_a_large_directory() {
    let tree = Tree::new("large", &[]);
    for index in 0..5000 {
        tree.write(&format!("file-{index}"), "");
    }
    let request = Request {
        batch: 10,
        threads: Some(1),
        ..Request::default()
    };
    let control = Control::default();
    let is_told = AtomicBool::new(false);
    let take = |_: Batch| {
        is_told.store(true, Ordering::Relaxed);
        control.cancelled.store(true, Ordering::Relaxed);
    };
    let ended = walk(&tree.0, &request, &control, &take);
    assert!(matches!(ended, Err(WalkError::Cancelled)));
    assert!(is_told.into_inner());
    assert!(control.found.into_inner() < 2000, "it went on to the end");
}

#[test]
fn a_matcher_tells_what_a_walk_gets_to() {
    let tree = Tree::new(
        "reached",
        &[
            ("a", ""),
            ("nested/x", ""),
            ("real/y", ""),
            (".gitignore", "*.log\n"),
        ],
    );
    tree.git(&["init", "-q"]);
    tree.git(&["init", "-q", "nested"]);
    symlink("real", tree.0.join("link")).expect("it is made");
    let mut matcher = Matcher::open(&tree.0, &[]).expect("it opens");
    for (path, expected) in [
        ("a", true),
        ("a.log", false),
        ("nested/x", false),
        ("nested/", true),
        ("link", true),
        ("link/y", false),
        ("real/y", true),
    ] {
        let answer = matcher.is_listed(path.as_bytes()).expect("it is answered");
        assert_eq!(answer, expected, "{path}");
    }
    tree.write(".git/index", "nonsense");
    matcher
        .refresh(&[b".git/index".to_vec()])
        .expect("the root is there");
    let refused = matcher.is_listed(b"a");
    assert!(matches!(refused, Err(RepositoryError::Index { .. })));
    let root: &Path = &tree.0;
    fs::remove_dir_all(root).expect("it is removed");
    assert!(matcher.refresh_all().is_err());
}
