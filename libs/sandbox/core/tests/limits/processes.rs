//! Processes and threads.

use fishplate_sandbox::{LimitHit, Limits};

use super::{by_all_means, here, launch, python, run};

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
