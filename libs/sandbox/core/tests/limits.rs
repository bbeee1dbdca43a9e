//! Limits: what exceeds one is ended by it, and the result says by which. Each bomb is bounded by itself too, so that a limit
//! that did not hold would fail the test, and not the machine.
#![cfg(target_os = "linux")]

use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use fishplate_sandbox::{
    Captured, Command, Event, Finished, Flow, HIGH_WATER, Launch, LimitHit, Limits, Means, Output,
    Policy, Rules, Sandbox, StartError, Stdin, Supervisor,
};

mod arena;

use arena::{Mode, World};

const USER: Mode = Mode {
    root: true,
    means: "user",
};
const MEANS: [Means; 3] = [
    Means::UserNamespaces,
    Means::PrivilegedNamespaces,
    Means::LandlockOnly,
];

fn here() -> World {
    World::new(Mode {
        root: arena::is_root(),
        ..USER
    })
}

fn launch(world: &World, command: &[&str], limits: Limits) -> Launch {
    let policy = Policy {
        require: fishplate_sandbox::Require::None,
        limits,
        ..Policy::default()
    };
    let rules = Rules::new(policy, &world.path("ws"), None).expect("rules");
    let (program, args) = command.split_first().expect("a command");
    Launch::new(arena::helper(), Arc::new(rules), *program).args(args.iter().copied())
}

fn run(launch: Launch) -> Result<Captured, StartError> {
    Supervisor::new().expect("a supervisor").run(launch)
}

/// Runs it by all means that this user has, and asks what of each.
fn by_all_means(command: &[&str], limits: Limits, ask: impl Fn(Means, Captured)) {
    for means in MEANS {
        if means == Means::PrivilegedNamespaces && !arena::is_root() {
            continue;
        }
        let world = here();
        let mut launch = launch(&world, command, limits);
        launch.strongest = means;
        ask(
            means,
            run(launch).unwrap_or_else(|error| panic!("{means:?}: {error}")),
        );
        assert!(
            world.left().iter().all(|name| !name.starts_with('.')),
            "{:?}",
            world.left()
        );
    }
}

fn python(script: &str) -> [&str; 3] {
    ["/usr/bin/python3", "-c", script]
}

#[test]
fn a_program_that_stays_within_all_limits_is_left_alone() {
    let limits = Limits {
        wall_ms: Some(60_000),
        cpu_ms: Some(30_000),
        memory_bytes: Some(512 << 20),
        processes: Some(64),
        file_bytes: Some(64 << 20),
        output_bytes: Some(1 << 20),
    };
    let script = "import os,time; b=b'x'*(32<<20); open('f','wb').write(b'y'*(8<<20)); time.sleep(0.1); print('fine')";
    by_all_means(&python(script), limits, |means, end| {
        assert_eq!(end.outcome.limit_hit, None, "{means:?}");
        assert_eq!(
            end.outcome.exit_code,
            Some(0),
            "{means:?}: {:?}",
            String::from_utf8_lossy(&end.stderr)
        );
        assert_eq!(end.stdout, b"fine\n");
    });
}

#[test]
fn time_on_the_clock_ends_a_command_that_ignores_sigterm() {
    let limits = Limits {
        wall_ms: Some(200),
        ..Limits::default()
    };
    let script = "trap '' TERM; while :; do sleep 1; done";
    by_all_means(&["sh", "-c", script], limits, |means, end| {
        assert!(end.outcome.timed_out, "{means:?}");
        assert_eq!(end.outcome.limit_hit, Some(LimitHit::WallMs));
        assert!(
            end.outcome.duration >= Duration::from_millis(600),
            "{:?}",
            end.outcome
        );
        assert!(end.outcome.duration < Duration::from_secs(20));
    });
}

#[test]
fn a_command_may_end_itself_at_sigterm() {
    let limits = Limits {
        wall_ms: Some(300),
        ..Limits::default()
    };
    let script = "trap 'echo bye; exit 7' TERM; while :; do sleep 0.05; done";
    by_all_means(&["sh", "-c", script], limits, |means, end| {
        assert_eq!(
            end.outcome.exit_code,
            Some(7),
            "{means:?} {:?}",
            end.outcome
        );
        assert!(end.outcome.timed_out);
        assert_eq!(end.stdout, b"bye\n");
    });
}

#[test]
fn processor_time_of_children_counts_together() {
    let limits = Limits {
        cpu_ms: Some(400),
        wall_ms: Some(30_000),
        ..Limits::default()
    };
    let script =
        "import os\nfor i in range(3):\n  if os.fork() == 0:\n    while True: pass\nos.wait()";
    by_all_means(&python(script), limits, |means, end| {
        assert_eq!(
            end.outcome.limit_hit,
            Some(LimitHit::CpuMs),
            "{means:?} {:?}",
            end.outcome
        );
    });
}

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

#[test]
fn a_fork_bomb_ends_at_the_limit_of_processes() {
    let limits = Limits {
        processes: Some(40),
        wall_ms: Some(30_000),
        ..Limits::default()
    };
    // A mild one first: a hundred processes that sleep.
    let mild = "import os,time\nfor i in range(100):\n  try:\n    if os.fork()==0: time.sleep(20); os._exit(0)\n  except OSError: pass\ntime.sleep(20)";
    by_all_means(&python(mild), limits, |means, end| {
        assert_eq!(
            end.outcome.limit_hit,
            Some(LimitHit::Processes),
            "{means:?} {:?}",
            end.outcome
        );
    });
    // Then one that grows without end, where the kernel bounds it also.
    let world = here();
    let bomb = "import os,time\nwhile True:\n  try: os.fork()\n  except OSError: time.sleep(0.01)";
    let end = run(launch(&world, &python(bomb), limits)).expect("it ran");
    assert_eq!(
        end.outcome.limit_hit,
        Some(LimitHit::Processes),
        "{:?}",
        end.outcome
    );
}

#[test]
fn threads_count_as_processes() {
    let limits = Limits {
        processes: Some(40),
        wall_ms: Some(30_000),
        ..Limits::default()
    };
    let script = "import threading,time\nfor i in range(80): threading.Thread(target=time.sleep,args=(20,)).start()";
    by_all_means(&python(script), limits, |means, end| {
        assert_eq!(
            end.outcome.limit_hit,
            Some(LimitHit::Processes),
            "{means:?} {:?}",
            end.outcome
        );
    });
}

#[test]
fn one_file_that_grows_is_stopped_at_the_limit() {
    let limits = Limits {
        file_bytes: Some(4 << 20),
        wall_ms: Some(30_000),
        ..Limits::default()
    };
    by_all_means(
        &["sh", "-c", "exec head -c 33554432 /dev/zero > f"],
        limits,
        |means, end| {
            assert_eq!(
                end.outcome.limit_hit,
                Some(LimitHit::FileBytes),
                "{means:?} {:?}",
                end.outcome
            );
        },
    );
}

#[test]
fn many_files_together_are_stopped_at_the_limit() {
    let limits = Limits {
        file_bytes: Some(16 << 20),
        wall_ms: Some(30_000),
        ..Limits::default()
    };
    let script = "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do head -c 4194304 /dev/zero > f$i; sleep 0.03; done; echo all";
    by_all_means(&["sh", "-c", script], limits, |means, end| {
        assert_eq!(
            end.outcome.limit_hit,
            Some(LimitHit::FileBytes),
            "{means:?} {:?}",
            end.outcome
        );
        assert!(end.stdout.is_empty());
    });
}

#[test]
fn space_taken_without_writing_counts() {
    let limits = Limits {
        file_bytes: Some(4 << 20),
        wall_ms: Some(30_000),
        ..Limits::default()
    };
    let script = "import os\nfor i in range(8):\n  f=os.open(f'f{i}',os.O_CREAT|os.O_RDWR)\n  try: os.posix_fallocate(f,0,4<<20)\n  except OSError as e: print(e.errno)\nimport time; time.sleep(0.2); print('all')";
    by_all_means(&python(script), limits, |means, end| {
        let refused = end.stdout == b"95\n95\n95\n95\n95\n95\n95\n95\nall\n";
        assert!(
            refused || end.outcome.limit_hit == Some(LimitHit::FileBytes),
            "{means:?} {end:?}"
        );
    });
}

#[test]
fn a_flood_of_output_is_cut_at_the_limit_and_ends() {
    let limits = Limits {
        output_bytes: Some(1 << 20),
        ..Limits::default()
    };
    by_all_means(&["sh", "-c", "cat /dev/zero"], limits, |means, end| {
        assert_eq!(
            end.outcome.limit_hit,
            Some(LimitHit::OutputBytes),
            "{means:?}"
        );
        assert!(end.outcome.truncated);
        assert_eq!(end.stdout.len(), 1 << 20);
    });
}

#[test]
fn a_gibibyte_of_output_passes_through() {
    let world = here();
    let launch = launch(
        &world,
        &["head", "-c", "1073741824", "/dev/zero"],
        Limits::default(),
    );
    let (sender, receiver) = mpsc::channel();
    let mut count = 0;
    let supervisor = Supervisor::new().expect("a supervisor");
    let handler = move |event: Event<'_>| match event {
        Event::Stdout(bytes) => count += bytes.len(),
        Event::End(end) => drop(sender.send((count, end.is_ok()))),
        _ => {}
    };
    supervisor
        .start(launch, Box::new(handler))
        .expect("started");
    assert_eq!(receiver.recv().expect("an end"), (1 << 30, true));
}

#[test]
fn errors_of_starting_are_not_exit_codes() {
    let world = here();
    std::fs::write(world.path("ws/data"), "no program").expect("written");
    let code = |command: &str| {
        run(launch(&world, &[command], Limits::default())).map_err(|error| error.code())
    };
    assert_eq!(
        code("no-such-program").err(),
        Some("SANDBOX_COMMAND_NOT_FOUND")
    );
    assert_eq!(
        code("/no/such/program").err(),
        Some("SANDBOX_COMMAND_NOT_FOUND")
    );
    assert_eq!(code("./data").err(), Some("SANDBOX_COMMAND_NOT_EXECUTABLE"));
    assert_eq!(code("/etc").err(), Some("SANDBOX_COMMAND_NOT_EXECUTABLE"));
    assert_eq!(code("a\0b").err(), Some("SANDBOX_INVALID_ARGUMENT"));
    let mut elsewhere = launch(&world, &["true"], Limits::default());
    elsewhere.cwd = Some("/no/such/folder".into());
    assert_eq!(
        run(elsewhere).err().map(|error| error.code()),
        Some("SANDBOX_CWD_UNUSABLE")
    );
    let mut without = launch(&world, &["true"], Limits::default());
    without.helper = "/no/such/helper".into();
    assert_eq!(
        run(without).err().map(|error| error.code()),
        Some("SANDBOX_HELPER_MISSING")
    );
    let end = run(launch(&world, &["sh", "-c", "exit 127"], Limits::default())).expect("it ran");
    assert_eq!(end.outcome.exit_code, Some(127));
}

#[test]
fn what_cannot_be_held_is_refused_where_it_is_required() {
    let world = here();
    let mut weak = launch(&world, &["true"], Limits::default());
    let mut rules = (*weak.rules).clone();
    rules.policy.require = fishplate_sandbox::Require::Full;
    weak.rules = Arc::new(rules);
    assert!(run(weak.clone()).is_ok());
    weak.strongest = Means::LandlockOnly;
    assert_eq!(
        run(weak).err().map(|error| error.code()),
        Some("SANDBOX_TOO_WEAK")
    );
}

#[test]
fn stdin_is_read_to_its_end_and_waits_for_the_reader() {
    let world = here();
    let mut all = launch(&world, &["sha256sum"], Limits::default());
    all.stdin = Stdin::Bytes(b"abc".to_vec());
    let end = run(all).expect("it ran");
    assert!(
        end.stdout.starts_with(b"ba7816bf8f01cfea414140de5dae2223"),
        "{end:?}"
    );

    let mut open = launch(&world, &["sh", "-c", "sleep 0.3; wc -c"], Limits::default());
    open.stdin = Stdin::Open;
    let (sender, receiver) = mpsc::channel();
    let supervisor = Supervisor::new().expect("a supervisor");
    let handler = move |event: Event<'_>| match event {
        Event::Stdout(bytes) => drop(sender.send(String::from_utf8_lossy(bytes).into_owned())),
        Event::StdinDrained => drop(sender.send("drained".to_owned())),
        Event::End(_) => drop(sender.send("end".to_owned())),
        _ => {}
    };
    let running = supervisor.start(open, Box::new(handler)).expect("started");
    assert!(
        !running.write_stdin(vec![b'x'; 3 << 20]),
        "more than it may hold back"
    );
    assert_eq!(receiver.recv().expect("told"), "drained");
    running.close_stdin();
    assert_eq!(receiver.recv().expect("told").trim(), "3145728");
    assert_eq!(receiver.recv().expect("told"), "end");
}

#[test]
fn a_reader_that_goes_away_takes_no_one_with_it() {
    let world = here();
    let mut gone = launch(
        &world,
        &["sh", "-c", "exec <&-; sleep 0.2"],
        Limits::default(),
    );
    gone.stdin = Stdin::Bytes(vec![b'x'; 4 << 20]);
    assert_eq!(run(gone).expect("it ran").outcome.exit_code, Some(0));
}

#[test]
fn kill_ends_the_whole_tree_and_a_dropped_supervisor_all_of_them() {
    let world = here();
    let start = Instant::now();
    let (sender, receiver) = mpsc::channel();
    let supervisor = Supervisor::new().expect("a supervisor");
    let tell = |sender: mpsc::Sender<bool>| -> fishplate_sandbox::Handler {
        Box::new(move |event| {
            if let Event::End(end) = event {
                let _ = sender
                    .send(end.is_ok_and(|end| end.signal.is_some() || end.exit_code != Some(0)));
            }
        })
    };
    let script = "trap '' TERM; sleep 60 & sleep 60 & wait; sleep 60";
    let begin = || launch(&world, &["sh", "-c", script], Limits::default());
    let running = supervisor
        .start(begin(), tell(sender.clone()))
        .expect("started");
    running.kill();
    assert!(
        receiver
            .recv_timeout(Duration::from_secs(20))
            .expect("an end")
    );
    for _ in 0..5 {
        supervisor
            .start(begin(), tell(sender.clone()))
            .expect("started");
    }
    drop(supervisor);
    for _ in 0..5 {
        assert!(
            receiver
                .recv_timeout(Duration::from_secs(1))
                .expect("told before the drop ended")
        );
    }
    assert!(start.elapsed() < Duration::from_secs(40));
}

#[test]
fn many_commands_at_once_are_served_by_one_thread() {
    let world = here();
    let threads = || {
        std::fs::read_dir("/proc/self/task")
            .expect("listed")
            .count()
    };
    let supervisor = Supervisor::new().expect("a supervisor");
    let (sender, receiver) = mpsc::channel();
    let before = threads();
    for number in 0..24 {
        let sender = sender.clone();
        let echo = launch(
            &world,
            &["sh", "-c", "sleep 0.2; echo $0", &number.to_string()],
            Limits::default(),
        );
        let mut text = String::new();
        let handler = move |event: Event<'_>| match event {
            Event::Stdout(bytes) => text.push_str(&String::from_utf8_lossy(bytes)),
            Event::End(_) => drop(sender.send((number, text.trim().parse::<i32>()))),
            _ => {}
        };
        supervisor.start(echo, Box::new(handler)).expect("started");
    }
    assert!(
        threads() <= before + 24,
        "other tests' threads come and go, but none a command"
    );
    for _ in 0..24 {
        let (number, told) = receiver.recv().expect("an end");
        assert_eq!(told, Ok(number));
    }
    assert!(Path::new("/proc/self").exists());
    assert_eq!(world.left(), Vec::<String>::new());
}

#[test]
fn with_named_hosts_the_proxy_is_all_that_is_reached() {
    use std::io::{Read, Write};
    for means in MEANS {
        if means == Means::PrivilegedNamespaces && !arena::is_root() {
            continue;
        }
        let world = here();
        let service = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = service.local_addr().expect("it has one").port();
        let script = format!(
            "import os,socket,urllib.request\n\
            print(urllib.request.urlopen('http://example.test/').read().decode())\n\
            try: socket.create_connection(('127.0.0.1', {port}), 1); print('REACHED')\n\
            except OSError: print('refused')\n\
            try: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53)); print('SENT')\n\
            except OSError: print('refused')"
        );
        let mut to_named = launch(&world, &python(&script), Limits::default());
        let mut rules = (*to_named.rules).clone();
        rules.policy.network =
            fishplate_sandbox::Network::Domains(fishplate_sandbox::AllowDomains {
                allow_domains: vec!["example.test".to_owned()],
            });
        to_named.rules = Arc::new(rules);
        to_named.strongest = means;
        let (sender, receiver) = mpsc::channel();
        let mut text = Vec::new();
        let handler = move |event: Event<'_>| match event {
            Event::Listener(listener) => drop(std::thread::spawn(move || {
                let (mut peer, _) = listener.accept().expect("a request");
                let mut request = [0; 512];
                let length = peer.read(&mut request).expect("read");
                assert!(request[..length].starts_with(b"GET http://example.test/ "));
                let answer =
                    "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nproxied";
                peer.write_all(answer.as_bytes()).expect("answered");
            })),
            Event::Stdout(bytes) | Event::Stderr(bytes) => text.extend_from_slice(bytes),
            Event::End(_) => drop(sender.send(String::from_utf8_lossy(&text).into_owned())),
            Event::StdinDrained => {}
        };
        let supervisor = Supervisor::new().expect("a supervisor");
        supervisor
            .start(to_named, Box::new(handler))
            .expect("started");
        let told = receiver.recv().expect("an end");
        assert_eq!(told, "proxied\nrefused\nrefused\n", "{means:?}");
    }
}

fn sandbox(world: &World, policy: &serde_json::Value) -> Sandbox {
    let policy = policy.to_string();
    Sandbox::open(&world.path("ws"), &policy, None, arena::helper()).expect("a sandbox")
}

fn command(program: &str, args: &[&str]) -> Command {
    Command {
        program: program.into(),
        args: args.iter().map(Into::into).collect(),
        kept_bytes: 1 << 20,
        ..Command::default()
    }
}

#[test]
fn output_that_is_not_taken_makes_the_command_wait_and_is_not_lost() {
    const ALL: usize = 64 << 20;
    let world = here();
    let sandbox = sandbox(&world, &serde_json::json!({ "require": "none" }));
    let supervisor = Supervisor::new().expect("a supervisor");
    let flow = Arc::new(Flow::default());
    let (sender, receiver) = mpsc::channel();
    let (telling, ending) = (Arc::clone(&flow), sender.clone());
    let execution = sandbox
        .start(
            &supervisor,
            command("head", &["-c", &ALL.to_string(), "/dev/zero"]),
            move |output| {
                let (Output::Stdout(bytes) | Output::Stderr(bytes)) = output;
                telling.told(bytes.len());
                let _ = sender.send(bytes.len());
            },
            move |end| {
                assert_eq!(end.expect("it ran").outcome.exit_code, Some(0));
                drop(ending);
            },
        )
        .expect("started");
    flow.of(&execution);
    // Until nothing more comes.
    let mut waiting = 0;
    while let Ok(bytes) = receiver.recv_timeout(Duration::from_secs(2)) {
        waiting += bytes;
    }
    assert!(waiting > HIGH_WATER, "{waiting}");
    assert!(waiting < HIGH_WATER + (4 << 20), "{waiting}");
    flow.taken(waiting);
    let mut total = waiting;
    while let Ok(bytes) = receiver.recv_timeout(Duration::from_secs(20)) {
        total += bytes;
        flow.taken(bytes);
    }
    assert_eq!(total, ALL);
}

#[test]
fn a_paused_command_is_ended_like_another() {
    let world = here();
    let supervisor = Supervisor::new().expect("a supervisor");
    let (sender, receiver) = mpsc::channel();
    let handler = move |event: Event<'_>| {
        if let Event::End(end) = event {
            let _ = sender.send(end.is_ok());
        }
    };
    let flood = launch(&world, &["cat", "/dev/zero"], Limits::default());
    let running = supervisor.start(flood, Box::new(handler)).expect("started");
    running.pause_output();
    running.kill();
    let end = receiver.recv_timeout(Duration::from_secs(20));
    assert_eq!(end, Ok(true));
    running.resume_output();
}

/// The variable is one that Cargo gives to tests.
#[test]
fn variables_of_the_host_are_chosen_from_only_where_they_are_given() {
    let world = here();
    let policy = serde_json::json!({
        "require": "none",
        "env": { "pass": ["CARGO_MANIFEST_DIR"] },
    });
    let sandbox = sandbox(&world, &policy);
    let supervisor = Supervisor::new().expect("a supervisor");
    let variables = |host_env| {
        let (sender, receiver) = mpsc::channel();
        let env = Command {
            host_env,
            ..command("/usr/bin/env", &[])
        };
        let on_end = move |end: Result<Finished, StartError>| drop(sender.send(end));
        sandbox
            .start(&supervisor, env, |_| {}, on_end)
            .expect("started");
        let end = receiver.recv().expect("an end").expect("it ran");
        String::from_utf8_lossy(&end.stdout).into_owned()
    };
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    let none = variables(Vec::new());
    assert!(
        !none.contains("CARGO_MANIFEST_DIR") && !none.contains("HOME="),
        "{none}"
    );
    let own = variables(std::env::vars_os().collect());
    assert!(own.contains("CARGO_MANIFEST_DIR="), "{own}");
}

#[test]
fn what_is_written_after_the_end_waits_for_nobody() {
    let world = here();
    let mut soon = launch(&world, &["true"], Limits::default());
    soon.stdin = Stdin::Open;
    let (sender, receiver) = mpsc::channel();
    let handler = move |event: Event<'_>| {
        if let Event::End(_) = event {
            let _ = sender.send(());
        }
    };
    let supervisor = Supervisor::new().expect("a supervisor");
    let running = supervisor.start(soon, Box::new(handler)).expect("started");
    receiver.recv().expect("an end");
    assert!(running.write_stdin(vec![0; 3 << 20]));
    assert!(running.write_stdin(vec![0; 3 << 20]));
}

/// The helper is a script around the real one, which tells its number and can be made slow.
#[test]
fn a_helper_that_takes_up_what_another_left_holds_up_no_other_command() {
    use std::os::unix::fs::PermissionsExt;
    let world = here();
    let (script, number, slow) = (
        world.path("helper.sh"),
        world.path("number"),
        world.path("slow"),
    );
    let text = format!(
        "#!/bin/sh\nif [ -e {slow:?} ]; then /bin/sleep 5; fi\necho $$ > {number:?}\nexec {:?}\n",
        arena::helper(),
    );
    std::fs::write(&script, text).expect("written");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("set");
    let supervisor = Supervisor::new().expect("a supervisor");
    let (sender, receiver) = mpsc::channel();
    let tell = |name: &'static str| -> fishplate_sandbox::Handler {
        let sender = sender.clone();
        Box::new(move |event| match event {
            Event::Stdout(_) => drop(sender.send("output")),
            Event::End(_) => drop(sender.send(name)),
            _ => {}
        })
    };
    let mut lost = launch(
        &world,
        &["sh", "-c", "echo x; exec sleep 60"],
        Limits::default(),
    );
    lost.helper = script;
    supervisor.start(lost, tell("lost")).expect("started");
    assert_eq!(receiver.recv(), Ok("output"));
    std::fs::write(&slow, "").expect("written");
    let pid = std::fs::read_to_string(&number).expect("told");
    let killed = std::process::Command::new("kill")
        .args(["-9", pid.trim()])
        .status();
    assert!(killed.is_ok_and(|status| status.success()));
    std::thread::sleep(Duration::from_millis(300));
    let other = launch(&world, &["true"], Limits::default());
    supervisor.start(other, tell("other")).expect("started");
    assert_eq!(receiver.recv(), Ok("other"));
    assert_eq!(receiver.recv(), Ok("lost"));
    assert!(
        world.left().iter().all(|name| !name.starts_with('.')),
        "{:?}",
        world.left()
    );
}
