//! Full disks, and directories that are mounted a second time.

use std::fs;
use std::path::Path;

use fishplate_sandbox::{Files, Intent, Mode, Verdict};

use crate::world::{World, all_of, is_root, names};
use crate::{MIB, PLAIN, code};

/// Runs `body` where mounts are seen by it alone; none where this process may not mount.
fn with_own_mounts<T: Send + 'static>(
    body: impl FnOnce() -> Option<T> + Send + 'static,
) -> Option<T> {
    use rustix::mount::{MountPropagationFlags, mount_change};
    use rustix::thread::{UnshareFlags, unshare_unsafe};
    let thread = std::thread::spawn(move || {
        // SAFETY: only the mounts and the working directory of this thread change, which ends after this.
        unsafe { unshare_unsafe(UnshareFlags::NEWNS | UnshareFlags::FS) }.ok()?;
        mount_change(
            "/",
            MountPropagationFlags::PRIVATE | MountPropagationFlags::REC,
        )
        .ok()?;
        body()
    });
    let done = thread.join().expect("a thread");
    assert!(
        done.is_some() || !is_root(),
        "root can mount, or this test shows nothing"
    );
    done
}

#[test]
fn a_full_disk_leaves_what_was_there() {
    let world = World::new("full");
    let disk = world.at("ws/dir");
    let rules = world.rules(Mode::WorkspaceWrite);
    with_own_mounts(move || {
        use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
        mount(
            "tmpfs",
            &disk,
            "tmpfs",
            MountFlags::empty(),
            Some(c"size=64k"),
        )
        .ok()?;
        fs::write(disk.join("file"), "old").expect("a file");
        let files = Files::open(&rules).expect("files");
        let big = vec![b'x'; 1 << 20];
        assert_eq!(
            code(files.write_file(Path::new("dir/file"), &big, PLAIN)),
            "IO"
        );
        assert_eq!(
            code(files.create_file(Path::new("dir/new"), &big, PLAIN)),
            "IO"
        );
        assert_eq!(
            files.read_file(Path::new("dir/file"), MIB).expect("read"),
            b"old"
        );
        assert_eq!(
            names(&files.list(Path::new("dir"), 9).expect("listed")),
            ["file"]
        );
        unmount(&disk, UnmountFlags::DETACH).expect("unmounted");
        Some(())
    });
}

#[test]
fn a_mount_of_a_denied_directory_elsewhere() {
    let world = World::new("mount");
    fs::create_dir(world.at("ws/mounted")).expect("a directory");
    let (from, to) = (world.at("secret"), world.at("ws/mounted"));
    let rules = world.rules(Mode::WorkspaceWrite);
    with_own_mounts(move || {
        use rustix::mount::{UnmountFlags, mount_bind, unmount};
        mount_bind(&from, &to).ok()?;
        let files = Files::open(&rules).expect("files");
        files.update_grants(all_of("/", files.rules()));
        let found = [
            files.read_file(Path::new("mounted/key"), MIB).map(drop),
            files
                .read_file(Path::new("mounted/deep/key"), MIB)
                .map(drop),
            files.list(Path::new("mounted"), 9).map(drop),
            files.write_file(Path::new("mounted/new"), b"x", PLAIN),
        ];
        let decision = files.evaluate(Path::new("mounted/deep/key"), Intent::Read);
        unmount(&to, UnmountFlags::DETACH).expect("unmounted");
        assert_eq!(found.map(code), ["ACCESS_DENIED"; 4]);
        assert_eq!(decision.expect("a path").decision, Verdict::Deny);
        Some(())
    });
}
