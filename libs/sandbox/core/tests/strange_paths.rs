//! Paths of a policy that make no sense are refused, strange ones are held, and what cannot be held is told of. And programs that are
//! there though the system says that they are not.
#![cfg(target_os = "linux")]

mod arena;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use arena::{Mode, World};
use fishplate_sandbox::{Policy, PolicyError, Rules};

fn modes() -> impl Iterator<Item = Mode> {
    let modes = arena::modes().into_iter();
    modes.filter(|mode| mode.means == "user")
}

#[test]
fn paths_that_make_no_sense_are_refused_in_words() {
    let world = World::new(modes().next().expect("one"));
    let ws = world.path("ws");
    fs::create_dir_all(ws.join("root")).expect("made");
    fs::create_dir_all(world.path("home/.ssh/ws")).expect("made");
    symlink(".", ws.join("itself")).expect("linked");
    let above = world.base.display().to_string();
    let cases = [
        (
            r#"{"protectedPaths":["."]}"#,
            "protectedPaths[0] covers the root",
        ),
        (
            r#"{"protectedPaths":["a","./x/.."]}"#,
            "protectedPaths[1] covers the root",
        ),
        (
            r#"{"protectedPaths":[".."]}"#,
            "protectedPaths[0] covers the root",
        ),
        (
            r#"{"protectedPaths":["/"]}"#,
            "protectedPaths[0] covers the root",
        ),
        (
            r#"{"protectedPaths":["itself"]}"#,
            "protectedPaths[0] covers the root",
        ),
        (
            r#"{"protectedPaths":["root/"],"writableRoots":["root"]}"#,
            "protectedPaths[0] covers the root",
        ),
        (r#"{"readDeny":["/"]}"#, "readDeny[0] covers the root"),
        (r#"{"readDeny":["x",".."]}"#, "readDeny[1] covers the root"),
        (r#"{"readDeny":["."]}"#, "readDeny[0] covers the root"),
        (
            r#"{"readDeny":["root"],"writableRoots":["root"]}"#,
            "readDeny[0] covers the root",
        ),
        (
            r#"{"readDeny":["/"],"mode":"read-only"}"#,
            "readDeny[0] covers the root",
        ),
        (
            r#"{"readDeny":["/"],"mode":"full-access"}"#,
            "readDeny[0] covers the root",
        ),
        (r#"{"writableRoots":["/"]}"#, "is the whole machine"),
        (r#"{"writableRoots":["/proc"]}"#, "lies in /proc"),
        (r#"{"writableRoots":["/sys/kernel"]}"#, "lies in /sys"),
        (r#"{"writableRoots":["/dev"]}"#, "lies in /dev"),
        (
            r#"{"writableRoots":[""]}"#,
            "writableRoots[0] must be a path",
        ),
        (r#"{"readDeny":[""]}"#, "readDeny[0] must be a path"),
        (
            r#"{"protectedPaths":["a\u0000b"]}"#,
            "protectedPaths[0] must be a path",
        ),
    ];
    for (policy, expected) in cases {
        let error =
            Rules::new(Policy::from_json(policy).expect("json"), &ws, None).expect_err(policy);
        assert!(
            matches!(error, PolicyError::Field { .. }),
            "{policy}: {error:?}"
        );
        assert!(error.to_string().contains(expected), "{policy}: {error}");
    }
    let of = |policy: &str, workspace: &str, home: Option<&str>| {
        let policy = Policy::from_json(policy).expect("json");
        Rules::new(policy, workspace.as_ref(), home.map(AsRef::as_ref)).map(drop)
    };
    assert!(of("{}", "/", None).is_err());
    assert!(of("{}", "/proc", None).is_err());
    assert!(of(r#"{"mode":"read-only"}"#, "/", None).is_ok());
    assert!(of(r#"{"mode":"full-access"}"#, "/", None).is_ok());
    let home = world.path("home").display().to_string();
    let inside = format!("{home}/.ssh/ws");
    let error = of("{}", &inside, Some(&home)).expect_err("denied by default");
    assert!(
        error
            .to_string()
            .contains("default readDeny ~/.ssh covers the root"),
        "{error}"
    );
    // Sensible though unusual.
    let ws = ws.display().to_string();
    for policy in [
        r#"{"protectedPaths":["."],"mode":"full-access"}"#.to_owned(),
        r#"{"protectedPaths":["."],"mode":"read-only"}"#.to_owned(),
        r#"{"protectedPaths":["../outside"],"readDeny":["../secret/"]}"#.to_owned(),
        format!(r#"{{"writableRoots":["{above}/outside/../outside/","/dev/shm"]}}"#),
    ] {
        assert!(of(&policy, &ws, None).is_ok(), "{policy}");
    }
}

/// What is decided is what the kernel holds.
#[test]
fn strange_names_are_held_as_they_are_decided_about() {
    for mode in modes() {
        let world = World::new(mode);
        let names = ["a\nb", " c ", "d\\040e", "é", "f\"g'h"];
        for name in names {
            fs::create_dir_all(world.path("ws").join(name).join("in")).expect("made");
            fs::write(world.path("secret").join(name), "SECRET-KEY").expect("written");
        }
        world.own();
        let slashed: Vec<String> = names
            .iter()
            .map(|name| format!("./{name}//in/../"))
            .collect();
        let policy = serde_json::json!({
            "protectedPaths": slashed,
            "readDeny": names.map(|name| world.path("secret").join(name)),
            "env": { "pass": ["S"] },
        });
        let script = "for d in */; do echo x > \"$d/new\"; mv \"$d\" moved; done 2>/dev/null; cat $S/* | grep -c SECRET-KEY; echo fine > fine";
        let plain = World::new(mode);
        fs::create_dir_all(plain.path("ws/a\nb")).expect("made");
        plain.own();
        plain.plain(&["/bin/sh", "-c", script], &[]);
        assert!(plain.path("ws/moved/new").exists());
        let ended = world.confined(&policy, &["/bin/sh", "-c", script], &[]);
        assert_eq!(ended.stdout(), "1\n", "{mode:?} {}", ended.stderr());
        for name in names {
            let entries = fs::read_dir(world.path("ws").join(name)).expect("in its place");
            assert_eq!(entries.count(), 1, "{mode:?} {name:?}");
        }
        assert!(world.path("ws/fine").exists());
    }
}

#[test]
fn a_protected_file_with_another_name_is_told_of() {
    for mode in modes() {
        let world = World::new(mode);
        fs::write(world.path("ws/.bashrc"), "old\n").expect("written");
        world.own();
        let before = world.confined(&world.policy(), &["true"], &[]);
        assert_eq!(before.weaker(), Vec::<String>::new());
        fs::hard_link(world.path("ws/.bashrc"), world.path("ws/other")).expect("linked");
        let ended = world.confined(&world.policy(), &["sh", "-c", "echo EVIL >> other"], &[]);
        assert_eq!(ended.weaker(), ["protectedPaths"], "{}", ended.stderr());
        let text = fs::read_to_string(world.path("ws/.bashrc")).expect("read");
        assert!(
            text.contains("EVIL"),
            "it is held after all, so need not be told"
        );
        let mut policy = world.policy();
        policy["require"] = "full".into();
        let refused = world.confined(&policy, &["true"], &[]);
        assert!(
            refused.stderr().contains("further hard links"),
            "{}",
            refused.stderr()
        );
    }
}

#[test]
fn a_program_whose_interpreter_is_missing_is_told_apart_from_one_that_is() {
    for mode in arena::modes() {
        let world = World::new(mode);
        let scripts = [
            ("crlf", "#!/bin/sh\r\necho hi\r\n"),
            ("lost", "#! /nowhere/interpreter -x\necho hi\n"),
        ];
        fs::create_dir(world.path("ws/bin")).expect("made");
        for (name, text) in scripts {
            let path = world.path("ws/bin").join(name);
            fs::write(&path, text).expect("written");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("set");
        }
        world.own();
        let mut policy = world.policy();
        policy["env"]["set"] = serde_json::json!({ "PATH": format!("{}:/usr/bin:/bin", world.path("ws/bin").display()) });
        for (command, expected) in [
            (
                "bin/crlf",
                "interpreter /bin/sh is not to be found in the sandbox; its first line ends in a carriage return",
            ),
            ("crlf", "ws/bin/crlf), but its interpreter /bin/sh is not"),
            (
                "bin/lost",
                "interpreter /nowhere/interpreter is not to be found",
            ),
            ("bin/none", "COMMAND_NOT_FOUND"),
            ("none", "COMMAND_NOT_FOUND"),
        ] {
            let ended = world.confined(&policy, &[command], &[]);
            assert!(
                ended.stderr().contains(expected),
                "{mode:?} {command}: {}",
                ended.stderr()
            );
            let code = if expected == "COMMAND_NOT_FOUND" {
                expected
            } else {
                "COMMAND_NOT_EXECUTABLE"
            };
            assert!(
                ended.stderr().starts_with(code),
                "{mode:?} {command}: {}",
                ended.stderr()
            );
        }
    }
}

/// The kernel gives a directory no set-id bit of `mkdir`'s mode, but that of the directory above.
#[test]
fn directories_are_made_with_any_mode_and_files_get_no_set_id_bit() {
    for mode in arena::modes() {
        let world = World::new(mode);
        fs::create_dir(world.path("ws/shared")).expect("made");
        world.own();
        fs::set_permissions(world.path("ws/shared"), fs::Permissions::from_mode(0o2775))
            .expect("set");
        let script = "import os; os.mkdir('a', 0o2755); os.mkdir('shared/b', 0o2755); print(oct(os.stat('a').st_mode & 0o7000))\n\
            try: os.chmod('a', 0o2755)\nexcept PermissionError: print('refused')";
        let ended = world.confined(&world.policy(), &["/usr/bin/python3", "-c", script], &[]);
        assert_eq!(
            ended.stdout(),
            "0o0\nrefused\n",
            "{mode:?} {}",
            ended.stderr()
        );
        let inherits = fs::metadata(world.path("ws/shared/b")).expect("made");
        assert_eq!(inherits.permissions().mode() & 0o2000, 0o2000, "{mode:?}");
    }
}
