//! How a command is ended, and what its helper leaves.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use fishplate_sandbox::{Event, LimitHit, Limits, Means, Supervisor};

use super::{arena, here, launch};

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

/// A script around the real helper, that writes down each of its starts.
fn counting_helper(world: &super::World) -> std::path::PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let (script, starts) = (world.path("helper.sh"), world.path("starts"));
    let text = format!(
        "#!/bin/sh\necho $$ >> {starts:?}\nexec {:?}\n",
        arena::helper()
    );
    std::fs::write(&script, text).expect("written");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("set");
    script
}

fn starts(world: &super::World) -> Vec<String> {
    let text = std::fs::read_to_string(world.path("starts")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// Whoever may signal the helper could stop it, and the clock must not stop with it.
#[test]
fn a_helper_that_somebody_stops_does_not_stop_the_clock() {
    for means in super::MEANS {
        if means == Means::PrivilegedNamespaces && !arena::is_root() {
            continue;
        }
        let world = here();
        let supervisor = Supervisor::new().expect("a supervisor");
        let (sender, receiver) = mpsc::channel();
        let limits = Limits {
            wall_ms: Some(1500),
            ..Limits::default()
        };
        let mut stopped = launch(&world, &["sh", "-c", "echo x; exec sleep 60"], limits);
        stopped.strongest = means;
        stopped.helper = counting_helper(&world);
        let handler = move |event: Event<'_>| match event {
            Event::Stdout(_) => drop(sender.send(None)),
            Event::End(end) => drop(sender.send(Some(end))),
            _ => {}
        };
        supervisor
            .start(stopped, Box::new(handler))
            .expect("started");
        assert!(receiver.recv().expect("output").is_none());
        // The last of them: the ones before were probes.
        let pid = starts(&world).pop().expect("a start");
        let stop = std::process::Command::new("kill")
            .args(["-STOP", &pid])
            .status();
        assert!(stop.is_ok_and(|status| status.success()));
        let end = receiver.recv().expect("an end").expect("a command");
        let outcome = end.expect("it ran");
        assert!(outcome.timed_out, "{means:?}: {outcome:?}");
        assert_eq!(outcome.limit_hit, Some(LimitHit::WallMs));
        // The patience with a helper that does not answer is ten seconds.
        assert!(outcome.duration < Duration::from_secs(9), "{outcome:?}");
        assert_eq!(starts(&world).last(), Some(&pid), "no other had to take up");
        let left = world.left();
        assert!(left.is_empty(), "{means:?}: {left:?}");
    }
}

/// What is killed and then stopped is ended once: killing the helper itself would leave its work to another one.
#[test]
fn a_killed_command_of_a_stopped_supervisor_is_ended_by_its_own_helper() {
    let world = here();
    let supervisor = Supervisor::new().expect("a supervisor");
    let (sender, receiver) = mpsc::channel();
    let tell = |sender: mpsc::Sender<bool>| -> fishplate_sandbox::Handler {
        Box::new(move |event| match event {
            Event::Stdout(_) => drop(sender.send(false)),
            Event::End(_) => drop(sender.send(true)),
            _ => {}
        })
    };
    let mut soon = launch(
        &world,
        &["sh", "-c", "echo x; exec sleep 60"],
        Limits::default(),
    );
    soon.helper = counting_helper(&world);
    let running = supervisor.start(soon, tell(sender)).expect("started");
    assert_eq!(receiver.recv(), Ok(false));
    let before = starts(&world);
    running.kill_now();
    running.kill_now();
    drop(supervisor);
    assert_eq!(receiver.recv(), Ok(true));
    assert_eq!(starts(&world), before, "no other had to take up");
    assert_eq!(world.left(), Vec::<String>::new());
}
