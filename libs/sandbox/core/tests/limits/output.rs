//! What a command writes, and who takes it.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use fishplate_sandbox::{Event, Flow, HIGH_WATER, LimitHit, Limits, Output, Supervisor};

use super::{by_all_means, command, here, launch, sandbox};

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
                let (Output::Stdout(bytes) | Output::Stderr(bytes)) = output else {
                    return;
                };
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
