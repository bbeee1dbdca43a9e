//! Time on the clock, and of processors.

use std::time::Duration;

use fishplate_sandbox::{LimitHit, Limits};

use super::{by_all_means, python};

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
