//! What does not depend on a container: processes in jobs, by the system itself or by Wine.

use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::{
    Confined, Found, Job, LimitHit, Start, begun, command_line, find, plain, shell, units, wide,
};
use crate::capabilities::Enforcement;
use crate::policy::Limits;
use crate::supervisor::threads::{Commands, Told};
use crate::supervisor::{Event, Outcome, Stdin};

/// Runs a script of `cmd.exe` in a job.
fn run(script: &str, stdin: Stdin, limits: Limits) -> (String, Outcome) {
    let program = shell();
    let args: Vec<_> = ["/d", "/c", script]
        .iter()
        .map(|arg| units(arg.as_ref()))
        .collect();
    let mut line = command_line(&units(program.as_os_str()), &args).expect("a line");
    line.push(0);
    let root = std::env::var_os("SystemRoot").expect("a variable");
    let variables = [
        (units("SystemRoot".as_ref()), units(&root)),
        (units("GIVEN".as_ref()), units("a value".as_ref())),
    ];
    let job = Job::new(&limits).expect("a job");
    let start = Start {
        program: &wide(program.as_os_str()),
        line,
        variables: &super::variables::block(variables).expect("a block"),
        cwd: &wide(std::env::temp_dir().as_os_str()),
        confined: Confined::NotAtAll,
        has_input: stdin != Stdin::Null,
    };
    let started = super::spawn::start(start, &job).expect("started");
    let told = Told {
        stdin,
        limits,
        grace: Duration::from_millis(100),
        enforcement: Enforcement::none("a test"),
        started: Instant::now(),
    };
    let (sender, receiver) = mpsc::channel();
    let mut output = Vec::new();
    let handler = move |event: Event<'_>| match event {
        Event::Stdout(bytes) | Event::Stderr(bytes) => output.extend_from_slice(bytes),
        Event::End(end) => {
            let text = String::from_utf8_lossy(&output).into_owned();
            sender.send((text, end.expect("an end"))).expect("told");
        }
        Event::StdinDrained | Event::Listener(_) => {}
    };
    let commands = Commands::default();
    let _running = commands
        .lead(begun(started, job, limits, None), told, Box::new(handler))
        .expect("led");
    receiver
        .recv_timeout(Duration::from_secs(120))
        .expect("an end")
}

#[test]
fn output_variables_and_exit_code_are_its_own() {
    let (output, outcome) = run("echo got %GIVEN% & exit 7", Stdin::Null, Limits::default());
    assert!(output.contains("got a value"), "{output}");
    assert_eq!((outcome.exit_code, outcome.signal), (Some(7), None));
}

#[test]
fn input_is_read_to_its_end() {
    // A second `set /p` finds the rest of a pipe on Windows, and nothing under Wine, which has read all of it for the first.
    let input = Stdin::Bytes(b"one\r\n".to_vec());
    let (output, outcome) = run("set /p A=& set A", input, Limits::default());
    assert!(output.contains("A=one"), "{output}");
    assert_eq!(outcome.exit_code, Some(0));
}

#[test]
fn time_on_the_clock_ends_all_of_it() {
    let limits = Limits {
        wall_ms: Some(500),
        ..Limits::default()
    };
    let (_, outcome) = run("for /l %i in () do @rem", Stdin::Null, limits);
    assert!(outcome.timed_out);
    assert_eq!((outcome.exit_code, outcome.signal), (None, Some(9)));
    assert_eq!(outcome.limit_hit, Some(LimitHit::WallMs));
}

#[test]
fn commands_are_found_in_the_path_and_nowhere_else() {
    let system = shell().parent().expect("a directory").to_path_buf();
    let nowhere = Path::new(r"C:\nowhere");
    let found = find("cmd".as_ref(), system.as_os_str(), nowhere).expect("found");
    assert!(matches!(found, Found::Program(path) if path.ends_with("cmd.exe")));
    assert!(find("cmd".as_ref(), "".as_ref(), &system).is_err());
    assert!(find("cmd".as_ref(), ".".as_ref(), &system).is_err());
    for attack in [
        r"\\host\share\x.exe",
        r"\\?\C:\x.exe",
        "nul",
        "a:b",
        "cmd.exe.",
    ] {
        assert!(
            find(attack.as_ref(), system.as_os_str(), &system).is_err(),
            "{attack}"
        );
    }
}

#[test]
fn drives_are_spelled_plainly() {
    assert_eq!(plain(Path::new(r"\\?\C:\a")), Path::new(r"C:\a"));
    assert_eq!(plain(Path::new(r"\\?\UNC\a\b")), Path::new(r"\\?\UNC\a\b"));
}
