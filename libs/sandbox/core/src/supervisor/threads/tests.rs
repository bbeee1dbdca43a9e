//! The logic of [`super::Commands`], with the process group of an ordinary command in the place of a confined one.

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::{Begun, Commands, Ending, Running, Told, Tree, start_soon};
use crate::capabilities::Enforcement;
use crate::policy::Limits;
use crate::supervisor::{Event, LimitHit, Outcome, StartError, Stdin};

struct Group {
    pid: Pid,
    child: Mutex<std::process::Child>,
}

impl Tree for Group {
    fn terminate(&self) {
        let _ = kill_process_group(self.pid, Signal::TERM);
    }

    fn kill(&self) {
        let _ = kill_process_group(self.pid, Signal::KILL);
    }

    fn abandon(&self) {}

    fn wait(&self) -> Result<Ending, StartError> {
        let status = self.child.lock().expect("a child").wait()?;
        self.kill();
        Ok(Ending {
            exit_code: status.code(),
            signal: status.signal(),
            ..Ending::default()
        })
    }
}

enum Seen {
    Out(Vec<u8>),
    Drained,
    End(Box<Outcome>),
}

fn start(
    commands: &Commands,
    script: &str,
    stdin: Stdin,
    limits: Limits,
) -> (Running, Receiver<Seen>) {
    let mut child = Command::new("sh")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .expect("a shell");
    let pid = Pid::from_raw(i32::try_from(child.id()).expect("a number")).expect("a number");
    let begun = Begun {
        stdin: child.stdin.take().map(|pipe| Box::new(pipe) as _),
        stdout: Box::new(child.stdout.take().expect("a pipe")),
        stderr: Box::new(child.stderr.take().expect("a pipe")),
        tree: Arc::new(Group {
            pid,
            child: Mutex::new(child),
        }),
    };
    let told = Told {
        stdin,
        limits,
        grace: Duration::from_millis(200),
        enforcement: Enforcement::none("a test"),
        started: Instant::now(),
    };
    let (sender, receiver) = mpsc::channel();
    let handler = move |event: Event<'_>| {
        let _ = sender.send(match event {
            Event::Stdout(bytes) | Event::Stderr(bytes) => Seen::Out(bytes.to_vec()),
            Event::StdinDrained => Seen::Drained,
            Event::Listener(_) => return,
            Event::End(end) => Seen::End(Box::new(end.expect("it was started"))),
        });
    };
    let running = commands.lead(begun, told, Box::new(handler));
    (running.expect("threads"), receiver)
}

/// All output, and the end.
fn finish(seen: &Receiver<Seen>) -> (Vec<u8>, Outcome) {
    let mut output = Vec::new();
    loop {
        match seen.recv_timeout(Duration::from_secs(60)).expect("an end") {
            Seen::Out(bytes) => output.extend(bytes),
            Seen::Drained => {}
            Seen::End(outcome) => return (output, *outcome),
        }
    }
}

fn run(script: &str, stdin: Stdin, limits: Limits) -> (Vec<u8>, Outcome) {
    let commands = Commands::default();
    let (_running, seen) = start(&commands, script, stdin, limits);
    finish(&seen)
}

#[test]
fn input_comes_back_and_the_exit_code_is_told() {
    let input = vec![b'x'; 3 << 20];
    let (output, outcome) = run(
        "cat; exit 3",
        Stdin::Bytes(input.clone()),
        Limits::default(),
    );
    assert_eq!(output, input);
    assert_eq!((outcome.exit_code, outcome.signal), (Some(3), None));
    assert_eq!((outcome.limit_hit, outcome.truncated), (None, false));
}

#[test]
fn time_on_the_clock_ends_a_command_that_ignores_the_request() {
    let limits = Limits {
        wall_ms: Some(100),
        ..Limits::default()
    };
    let script = "trap '' TERM; while :; do sleep 1; done";
    let (_, outcome) = run(script, Stdin::Null, limits);
    assert!(outcome.timed_out);
    assert_eq!(outcome.limit_hit, Some(LimitHit::WallMs));
    assert_eq!(outcome.signal, Some(9));
}

#[test]
fn a_flood_of_output_is_cut_at_the_limit_and_ends() {
    let limits = Limits {
        output_bytes: Some(100_000),
        ..Limits::default()
    };
    let (output, outcome) = run("while :; do echo flood; done", Stdin::Null, limits);
    assert_eq!(output.len(), 100_000);
    assert!(outcome.truncated);
    assert_eq!(outcome.limit_hit, Some(LimitHit::OutputBytes));
}

#[test]
fn a_command_whose_output_is_paused_waits_and_goes_on() {
    let commands = Commands::default();
    let script = "head -c 8000000 /dev/zero; echo done >&2";
    let (running, seen) = start(&commands, script, Stdin::Open, Limits::default());
    running.pause_output();
    let mut early = 0;
    while let Ok(Seen::Out(bytes)) = seen.recv_timeout(Duration::from_millis(300)) {
        early += bytes.len();
    }
    assert!(early < 8_000_000, "{early} bytes came while it was paused");
    running.resume_output();
    let (rest, outcome) = finish(&seen);
    assert_eq!(early + rest.len(), 8_000_005);
    assert_eq!(outcome.exit_code, Some(0));
}

#[test]
fn what_is_given_while_it_runs_is_read_and_told_of() {
    let commands = Commands::default();
    let (running, seen) = start(
        &commands,
        "read a; echo got $a; cat",
        Stdin::Open,
        Limits::default(),
    );
    assert!(running.write_stdin(b"one\n".to_vec()));
    let mut drained = false;
    let mut output = Vec::new();
    while !drained || output != b"got one\n" {
        match seen.recv_timeout(Duration::from_secs(60)).expect("told") {
            Seen::Out(bytes) => output.extend(bytes),
            Seen::Drained => drained = true,
            Seen::End(_) => panic!("it ended early"),
        }
    }
    running.close_stdin();
    assert_eq!(finish(&seen).1.exit_code, Some(0));
    assert!(running.write_stdin(b"late".to_vec()));
}

#[test]
fn a_stranger_with_the_pipe_holds_up_no_end() {
    let script = "setsid sh -c 'exec sleep 5' & exit 0";
    let started = Instant::now();
    let (_, outcome) = run(script, Stdin::Null, Limits::default());
    assert_eq!(outcome.exit_code, Some(0));
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn it_ends_when_it_is_asked_and_at_once_when_it_is_ended() {
    let commands = Commands::default();
    for now in [false, true] {
        let (running, seen) = start(&commands, "exec sleep 1000", Stdin::Null, Limits::default());
        if now {
            running.kill_now();
        } else {
            running.kill();
        }
        let expected = if now { Signal::KILL } else { Signal::TERM };
        assert_eq!(finish(&seen).1.signal, Some(expected.as_raw()));
    }
}

#[test]
fn dropping_all_ends_all() {
    let commands = Commands::default();
    let (_running, seen) = start(&commands, "exec sleep 1000", Stdin::Null, Limits::default());
    drop(commands);
    assert_eq!(finish(&seen).1.signal, Some(9));
}

#[test]
fn what_keeps_a_command_from_starting_is_told_to_the_handler() {
    let (sender, receiver) = mpsc::channel();
    let handler = move |event: Event<'_>| {
        if let Event::End(end) = event {
            let _ = sender.send(end.map(|_| ()).map_err(|error| error.code()));
        }
    };
    let running = start_soon(Box::new(handler), |_handler| Err(StartError::Unsupported));
    assert_eq!(
        receiver.try_recv(),
        Ok(Err("ENFORCEMENT_UNAVAILABLE")),
        "before it returns"
    );
    // One that nobody leads takes all orders.
    running.kill();
    running.kill_now();
    running.resume_output();
    assert!(running.write_stdin(b"into nothing".to_vec()));
    running.close_stdin();
}
