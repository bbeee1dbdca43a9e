//! Ordinary programs, which must not notice that they are confined.
#![cfg(target_os = "linux")]

mod arena;

use std::process::Command;

use arena::{Mode, World};

/// A program, what it must print, and whether it needs more than Landlock alone leaves it.
struct Program {
    name: &'static str,
    needs: &'static str,
    script: &'static str,
    prints: &'static str,
    needs_namespaces: bool,
}

const fn program(
    name: &'static str,
    needs: &'static str,
    script: &'static str,
    prints: &'static str,
) -> Program {
    Program {
        name,
        needs,
        script,
        prints,
        needs_namespaces: false,
    }
}

const fn in_namespaces(mut program: Program) -> Program {
    program.needs_namespaces = true;
    program
}

const PROGRAMS: &[Program] = &[
    program("pipes", "sh", "printf 'b\\na\\n' | sort | tr a-z A-Z | tr -d '\\n'", "AB"),
    program("mktemp", "mktemp", "f=$(mktemp) && echo x > $f && d=$(mktemp -d) && test -d $d && cat $f", "x"),
    program("here_documents", "bash", "bash -c 'cat <(echo a) - <<< b' | tr -d '\\n'", "ab"),
    program("background_jobs", "sh", "sleep 0.05 & wait; echo done", "done"),
    program("devices", "sh", "head -c 4 /dev/urandom | wc -c; echo x > /dev/null; echo y > /dev/stderr; head -c 2 /dev/zero | od -An -tx1", "4\n 00 00"),
    program("own_process_files", "sh", "grep -c Name /proc/self/status; test -r /proc/cpuinfo && test -r /proc/meminfo && echo yes", "1\nyes"),
    program("rename_and_link_in_the_workspace", "sh", "mkdir a b; echo x > a/f; mv a/f b/f; ln b/f a/g; ln -s g a/h; cat a/h; chmod 600 a/g; touch -d 2001-01-01 a/g; rm -r a b", "x"),
    program("sqlite", "sqlite3", "sqlite3 t.db 'pragma journal_mode=wal; create table t(a); insert into t values(42); select a from t'", "wal\n42"),
    program("python_threads_and_files", "python3", "/usr/bin/python3 -c \"
import threading,tempfile,subprocess
r=[]; t=[threading.Thread(target=r.append,args=(i,)) for i in range(8)]
[x.start() for x in t]; [x.join() for x in t]
with tempfile.NamedTemporaryFile() as f: f.write(b'x')
print(len(r), subprocess.run(['echo','sub'],capture_output=True,text=True).stdout.strip())\"", "8 sub"),
    in_namespaces(program("python_multiprocessing", "python3", "/usr/bin/python3 -c \"
import multiprocessing as m
if __name__ == '__main__':
  with m.Pool(2) as p: print(sum(p.map(abs,[-1,-2,-3])))
  l=m.Lock(); l.acquire(); l.release(); q=m.Queue(); q.put(7); print(q.get())\"", "6\n7")),
    in_namespaces(program("local_sockets", "python3", "/usr/bin/python3 -c \"
import socket,threading
s=socket.socket(socket.AF_UNIX); s.bind('own.sock'); s.listen()
c=socket.socket(socket.AF_UNIX); c.connect('own.sock'); a,_=s.accept(); c.send(b'hi'); print(a.recv(2).decode())
t=socket.create_server(('127.0.0.1',0)); d=socket.create_connection(t.getsockname()); e,_=t.accept(); d.send(b'tcp'); print(e.recv(3).decode())
x,y=socket.socketpair(); x.send(b'p'); print(y.recv(1).decode())\"; rm own.sock", "hi\ntcp\np")),
    in_namespaces(program("pseudo_terminals", "python3", "/usr/bin/python3 -c \"
import pty,os
pid,fd=pty.fork()
if pid==0: os.execvp('tty',['tty'])
print(os.read(fd,99).decode().strip().startswith('/dev/pts/')); os.waitpid(pid,0)\"", "True")),
    program("node_spawn_sync", "node", "node -e \"console.log(require('child_process').spawnSync('echo',['hi']).stdout.toString().trim())\"", "hi"),
    program("node_workers", "node", "node -e \"const {Worker}=require('worker_threads');new Worker('require(\\\"worker_threads\\\").parentPort.postMessage(6*7)',{eval:true}).on('message',console.log)\"", "42"),
    program("node_fork", "node", "printf 'process.on(\"message\",m=>{process.send(m+1);process.exit()})' > c.js; node -e \"const c=require('child_process').fork('c.js');c.on('message',m=>console.log(m));c.send(41)\"; rm c.js", "42"),
    in_namespaces(program("node_http", "node", "node -e \"const s=require('http').createServer((q,r)=>r.end('ok')).listen(0,'127.0.0.1',async()=>{console.log(await(await fetch('http://127.0.0.1:'+s.address().port)).text());s.close()})\"", "ok")),
    program("npm_install_of_a_folder", "npm", "mkdir dep app; echo '{\"name\":\"dep\",\"version\":\"1.0.0\",\"main\":\"i.js\"}' > dep/package.json; echo 'module.exports=5' > dep/i.js; cd app; echo '{\"name\":\"app\"}' > package.json; npm install --offline --no-audit --no-fund --cache $W/.npm ../dep > /dev/null 2>$W/npm.err || cat $W/npm.err; node -p 'require(\"dep\")'; cd ..; rm -rf dep app .npm npm.err", "5"),
];

fn modes() -> Vec<Mode> {
    let modes = arena::modes();
    modes
        .into_iter()
        .filter(|mode| mode.means != "privileged")
        .collect()
}

#[test]
fn they_do_what_they_do_without_a_sandbox() {
    let mut problems = Vec::new();
    for program in PROGRAMS {
        if !arena::has(program.needs) {
            arena::skip(program.name, &format!("{} is not there", program.needs));
            continue;
        }
        for mode in modes() {
            if program.needs_namespaces && mode.means == "landlock" {
                continue;
            }
            let world = World::new(mode);
            let ended = world.confined(&world.policy(), &["/bin/sh", "-c", program.script], &[]);
            if ended.stdout().trim_end() != program.prints {
                problems.push(format!(
                    "{} {mode:?}: {:?} {}",
                    program.name,
                    ended.stdout(),
                    ended.stderr()
                ));
            }
            let left = world.left();
            if left.iter().any(|name| name.starts_with('.')) {
                problems.push(format!("{} {mode:?}: left {left:?}", program.name));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn cargo_builds_a_crate_offline() {
    if !arena::has("cargo") {
        return arena::skip("cargo", "cargo is not there");
    }
    let world = World::new(Mode {
        root: arena::is_root(),
        means: "user",
    });
    let home = std::env::home_dir().unwrap_or_default();
    let mut policy = world.policy();
    policy["env"]["pass"] =
        serde_json::json!(["PATH", "RUSTUP_HOME", "CARGO_HOME", "RUSTUP_TOOLCHAIN"]);
    let rustup =
        std::env::var("RUSTUP_HOME").unwrap_or_else(|_| home.join(".rustup").display().to_string());
    let cargo =
        std::env::var("CARGO_HOME").unwrap_or_else(|_| home.join(".cargo").display().to_string());
    let script = "cargo init -q --vcs none --name tiny . && cargo run -q --offline";
    let ended = world.confined(
        &policy,
        &["/bin/sh", "-c", script],
        &[("RUSTUP_HOME", rustup), ("CARGO_HOME", cargo)],
    );
    assert_eq!(ended.stdout(), "Hello, world!\n", "{}", ended.stderr());
}

/// A repository with one commit, made outside.
fn repository(mode: Mode) -> World {
    let world = World::new(mode);
    let script = "git init -q . && git config user.email a@b.c && git config user.name n && echo 1 > f && git add -A && git commit -qm one";
    let made = world.plain(&["/bin/sh", "-c", script], &[]);
    assert!(made.status.success(), "{made:?}");
    world
}

#[test]
fn git_works_in_a_repository_and_sees_nothing_of_the_sandbox() {
    for mode in modes() {
        let world = repository(mode);
        let script = "git status --porcelain --ignored; echo 2 > f; echo n > g; git add -A && git commit -qm two && git log --oneline | wc -l; \
            git checkout -q -b side && git stash list && git clean -fdxn; git status --porcelain --ignored; git ls-files | tr '\\n' ' '; \
            git merge -q --no-edit HEAD~0; git gc -q 2>/dev/null; git fsck 2>/dev/null; git worktree list | wc -l";
        let ended = world.confined(&world.policy(), &["/bin/sh", "-c", script], &[]);
        assert_eq!(ended.stdout(), "2\nf g 1\n", "{mode:?} {}", ended.stderr());
        assert_eq!(world.left(), [".git", "f", "g"]);
        // While it runs, the host's git sees nothing either.
        let mut running = world
            .confined_command(&world.policy(), &["sh", "-c", "sleep 1"])
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("it runs");
        std::thread::sleep(std::time::Duration::from_millis(500));
        let seen = world.plain(&["git", "status", "--porcelain", "--ignored"], &[]);
        assert_eq!(String::from_utf8_lossy(&seen.stdout), "", "{mode:?}");
        assert!(running.wait().expect("it ends").success());
    }
}

#[test]
fn a_workspace_without_a_repository_finds_the_one_above_and_makes_none() {
    for mode in modes().into_iter().filter(|mode| mode.means == "user") {
        let world = World::new(mode);
        let above = Command::new("git")
            .args(["init", "-q"])
            .arg(&world.base)
            .status();
        assert!(above.is_ok_and(|status| status.success()));
        world.own();
        let script = "git rev-parse --show-prefix; git status --porcelain . ; git init -q . 2>/dev/null && echo made";
        let ended = world.confined(&world.policy(), &["/bin/sh", "-c", script], &[]);
        assert_eq!(ended.stdout(), "ws/\n", "{mode:?} {}", ended.stderr());
        assert_eq!(world.left(), Vec::<String>::new());
    }
}

#[test]
fn what_was_protected_and_is_a_link_or_a_file_stays() {
    let world = World::new(Mode {
        root: arena::is_root(),
        means: "user",
    });
    // A worktree's `.git` is a file, `.bashrc` a link to a file in the workspace, `.vscode` a link to nowhere.
    std::fs::write(world.path("ws/.git"), "gitdir: /nowhere\n").expect("written");
    std::fs::write(world.path("ws/dotrc"), "fine\n").expect("written");
    std::os::unix::fs::symlink("dotrc", world.path("ws/.bashrc")).expect("linked");
    std::os::unix::fs::symlink("/nowhere/at/all", world.path("ws/.vscode")).expect("linked");
    let script = "rm -f .git; mkdir .git; mv .git x; echo e > .bashrc; rm -f .bashrc; echo e > dotrc; mv dotrc y; rm -f .vscode; mkdir .vscode; echo end";
    let ended = world.confined(&world.policy(), &["/bin/sh", "-c", script], &[]);
    assert_eq!(ended.stdout(), "end\n", "{}", ended.stderr());
    assert_eq!(
        world.left(),
        [".bashrc", ".git", ".vscode", "dotrc"],
        "{}",
        ended.stderr()
    );
    let read = |name: &str| std::fs::read_to_string(world.path(name)).unwrap_or_default();
    assert_eq!(read("ws/.git"), "gitdir: /nowhere\n");
    assert_eq!(read("ws/dotrc"), "fine\n");
    assert!(world.path("ws/.vscode").is_symlink());
}

#[test]
fn a_workspace_below_tmp_or_shared_memory_is_there_and_nothing_else() {
    for base in ["/tmp", "/dev/shm"] {
        let folder = format!("{base}/fishplate-ws-{}", std::process::id());
        std::fs::create_dir_all(&folder).expect("made");
        let output = Command::new(arena::confine())
            .arg(arena::helper())
            .args([
                folder.as_str(),
                r#"{"protectDefaults":false}"#,
                "user",
                "sh",
                "-c",
            ])
            .arg("echo x > f; pwd; ls /tmp /dev/shm | grep -v fishplate-ws | grep -c .")
            .output()
            .expect("it runs");
        let written = std::fs::read_to_string(format!("{folder}/f"));
        std::fs::remove_dir_all(&folder).expect("removed");
        assert_eq!(written.unwrap_or_default(), "x\n", "{output:?}");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.starts_with(&folder), "{text}");
    }
}

#[test]
fn each_mode_of_a_policy_writes_where_it_says() {
    let script = "echo x > f && echo ws; echo x > ../outside/o && echo outside; mktemp > /dev/null && echo tmp; echo x > .git && echo git; ls > /dev/null && echo read";
    for mode in modes() {
        let landlock = mode.means == "landlock";
        for (name, expected) in [
            ("read-only", "tmp read"),
            ("workspace-write", "ws tmp read"),
            ("full-access", "ws outside tmp read"),
        ] {
            let world = World::new(mode);
            let mut policy = world.policy();
            policy["mode"] = name.into();
            let ended = world.confined(&policy, &["/bin/sh", "-c", script], &[]);
            let printed = ended.stdout();
            let printed: Vec<&str> = printed.lines().collect();
            let mut expected: Vec<&str> = expected.split(' ').collect();
            if landlock && name != "read-only" {
                // Protected paths are what Landlock alone does not hold, and that is reported.
                expected.insert(expected.len() - 1, "git");
                assert!(ended.weaker().contains(&"protectedPaths".to_owned()));
            }
            assert_eq!(printed, expected, "{mode:?} {name} {}", ended.stderr());
        }
    }
}
