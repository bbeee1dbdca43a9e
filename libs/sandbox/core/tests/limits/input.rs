//! What a command reads.

use std::sync::mpsc;

use fishplate_sandbox::{Event, Limits, Stdin, Supervisor};

use super::{here, launch, run};

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
