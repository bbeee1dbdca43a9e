//! Memory, whoever holds it.

use fishplate_sandbox::{LimitHit, Limits};
use serde_json::json;

use super::arena::{self, World};
use super::{by_all_means, here, launch, python, run};

#[test]
fn memory_of_one_process_ends_at_the_limit() {
    let limits = Limits {
        memory_bytes: Some(96 << 20),
        wall_ms: Some(30_000),
        ..Limits::default()
    };
    // Half a gibibyte at the most, in steps.
    let script = "import time\nb=[]\nfor i in range(64):\n  b.append(bytearray(b'x')*(8<<20)); time.sleep(0.01)\nprint('all')";
    by_all_means(&python(script), limits, |means, end| {
        assert_eq!(
            end.outcome.limit_hit,
            Some(LimitHit::MemoryBytes),
            "{means:?} {:?}",
            end.outcome
        );
        assert!(end.stdout.is_empty());
    });
}

#[test]
fn memory_in_private_temporary_files_counts() {
    let limits = Limits {
        memory_bytes: Some(64 << 20),
        wall_ms: Some(30_000),
        ..Limits::default()
    };
    let script = "import time\nf=open('/tmp/f','wb')\nfor i in range(40):\n  f.write(b'x'*(8<<20)); f.flush(); time.sleep(0.01)\nprint('all')";
    let world = here();
    let end = run(launch(&world, &python(script), limits)).expect("it ran");
    assert!(end.stdout.is_empty(), "{end:?}");
    assert_ne!(end.outcome.exit_code, Some(0));
}

/// Each holds 192 MiB that no process has mapped in the end, and says so.
const UNMAPPED: [(&str, &str); 3] = [
    (
        "a memory file that is written",
        "import os,time\nf=os.memfd_create('f')\nfor i in range(24):\n  os.write(f,b'x'*(8<<20)); time.sleep(0.01)\n\
         time.sleep(1); print('all')",
    ),
    (
        "a memory file whose space is taken",
        "import os,time\nf=os.memfd_create('f')\nfor i in range(24):\n  os.posix_fallocate(f,i*(8<<20),8<<20); time.sleep(0.01)\n\
         time.sleep(1); print('all')",
    ),
    (
        "shared memory that is detached",
        "import ctypes,time\nc=ctypes.CDLL(None,use_errno=True)\nc.shmat.restype=ctypes.c_void_p\nheld=[]\n\
         for i in range(24):\n  s=c.shmget(0,8<<20,0o1600)\n  if s<0: raise OSError('refused')\n  \
         p=ctypes.c_void_p(c.shmat(s,None,0)); ctypes.memset(p,1,8<<20); c.shmdt(p); held.append(s); time.sleep(0.01)\n\
         time.sleep(1); print('all')\n\
         for s in held: c.shmctl(s,0,None)",
    ),
];

#[test]
fn memory_that_no_process_has_mapped_counts() {
    for (name, script) in UNMAPPED {
        for mode in arena::modes() {
            let world = World::new(mode);
            if mode.means == "user" {
                let free = world.plain(&python(script), &[]);
                assert_eq!(free.stdout, b"all\n", "{name}: cannot fail: {free:?}");
            }
            let mut policy = world.policy();
            policy["limits"] = json!({ "memoryBytes": 64 << 20, "wallMs": 60_000 });
            let ended = world.confined(&policy, &python(script), &[]);
            assert_eq!(ended.stdout(), "", "{mode:?}: {name}: {:?}", ended.told);
            // Without namespaces, System V memory is refused altogether.
            let is_refused = ended.stderr().contains("OSError: refused");
            assert!(
                ended.told["limitHit"] == "memoryBytes" || is_refused,
                "{mode:?}: {name}: {:?} {}",
                ended.told,
                ended.stderr()
            );
            assert!(!is_refused || mode.means == "landlock", "{mode:?}");
            let is_weaker = ended.weaker().contains(&"limits.memoryBytes".to_owned());
            let has_group = ended.told["enforcement"]["cgroup"].is_object();
            assert_eq!(is_weaker, !has_group, "{mode:?}: {:?}", ended.told);
        }
    }
}

/// What is charged to a group stays so, whoever holds it; so all of it must be in the group from its first moment.
#[test]
fn a_command_is_in_its_control_group_before_it_begins() {
    for mode in arena::modes() {
        let world = World::new(mode);
        let mut policy = world.policy();
        policy["limits"] = json!({ "memoryBytes": 64 << 20 });
        let ended = world.confined(&policy, &["/bin/cat", "/proc/self/cgroup"], &[]);
        if ended.told["enforcement"]["cgroup"].is_null() {
            arena::skip(&format!("control groups as {mode:?}"), "none can be made");
            continue;
        }
        let is_own = |line: &str| line.contains("memory") && line.contains("/fishplate-");
        let groups = ended.stdout();
        let version_2 = groups
            .lines()
            .any(|line| line.starts_with("0::/fishplate-"));
        assert!(
            version_2 || groups.lines().any(is_own),
            "{mode:?}: {groups}"
        );
    }
}
