//! How a command starts, and why one does not.

use std::path::Path;
use std::sync::{Arc, mpsc};

use fishplate_sandbox::{
    Command, Event, Finished, Launch, Limits, Means, StartError, Stdin, Supervisor,
};

use super::{MEANS, arena, by_all_means, command, here, launch, python, run, sandbox};

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
fn errors_of_starting_are_not_exit_codes() {
    let world = here();
    std::fs::write(world.path("ws/data"), "no program").expect("written");
    let code = |command: &str| {
        run(launch(&world, &[command], Limits::default())).map_err(|error| error.code())
    };
    assert_eq!(code("no-such-program").err(), Some("COMMAND_NOT_FOUND"));
    assert_eq!(code("/no/such/program").err(), Some("COMMAND_NOT_FOUND"));
    assert_eq!(code("./data").err(), Some("COMMAND_NOT_EXECUTABLE"));
    assert_eq!(code("/etc").err(), Some("COMMAND_NOT_EXECUTABLE"));
    assert_eq!(code("a\0b").err(), Some("INPUT_INVALID"));
    let long = "x".repeat(200_000);
    let long = run(launch(&world, &["echo", &long], Limits::default())).err();
    assert_eq!(long.map(|error| error.code()), Some("INPUT_INVALID"));
    let mut elsewhere = launch(&world, &["true"], Limits::default());
    elsewhere.cwd = Some("/no/such/folder".into());
    assert_eq!(
        run(elsewhere).err().map(|error| error.code()),
        Some("CWD_INVALID")
    );
    let mut without = launch(&world, &["true"], Limits::default());
    without.helper = "/no/such/helper".into();
    assert_eq!(
        run(without).err().map(|error| error.code()),
        Some("ENFORCEMENT_UNAVAILABLE")
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
        Some("ENFORCEMENT_UNAVAILABLE")
    );
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

#[test]
fn what_is_started_on_another_thread_tells_all_by_its_end() {
    let world = here();
    let supervisor = Supervisor::new().expect("a supervisor");
    let (sender, receiver) = mpsc::channel();
    let begin = |launch: Launch| {
        let sender = sender.clone();
        let handler = move |event: Event<'_>| {
            if let Event::End(end) = event {
                let _ = sender.send(end.map(|outcome| (outcome.exit_code, outcome.signal)));
            }
        };
        supervisor.start_soon(launch, Box::new(handler))
    };
    let command = |command: &[&str]| launch(&world, command, Limits::default());
    let ended = || receiver.recv().expect("an end");
    begin(command(&["sh", "-c", "exit 7"]));
    assert_eq!(ended().ok(), Some((Some(7), None)));
    begin(command(&["a\0b"]));
    let code = ended().map_err(|error| error.code());
    assert_eq!(code.err(), Some("INPUT_INVALID"));
    let mut missing = command(&["true"]);
    missing.helper = "/no/such/helper".into();
    begin(missing);
    let code = ended().map_err(|error| error.code());
    assert_eq!(code.err(), Some("ENFORCEMENT_UNAVAILABLE"));
    // What is given and ordered at once may come before the start.
    let mut reader = command(&["sh", "-c", "read line; exit $line"]);
    reader.stdin = Stdin::Open;
    let running = begin(reader);
    running.write_stdin(b"9\n".to_vec());
    running.close_stdin();
    assert_eq!(ended().ok(), Some((Some(9), None)));
    begin(command(&["sleep", "60"])).kill_now();
    assert_eq!(ended().ok(), Some((None, Some(9))));
    for _ in 0..3 {
        begin(command(&["sleep", "60"]));
    }
    drop(supervisor);
    for _ in 0..3 {
        // Ended, or refused where it had not begun.
        let end = ended();
        let is_refused = matches!(end, Err(StartError::Stopped));
        assert!(is_refused || end.is_ok(), "{end:?}");
    }
}
