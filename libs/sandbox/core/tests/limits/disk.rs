//! What is written to files.

use fishplate_sandbox::{LimitHit, Limits};

use super::{by_all_means, python};

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
