//! Real processes on a real disk: killed, forked, two at once, readers beside a writer.
#![cfg(unix)]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fishplate_storage::{CheckpointOptions, Durability, Fill, Options, Query, StorageError, Store};
use support::{Random, size};

fn payload(seq: u64) -> Vec<u8> {
    let mut random = Random(seq);
    (0..random.below(3000))
        .map(|_| random.next() as u8)
        .collect()
}

fn small() -> Options {
    let mut options = Options::default();
    options.segment_bytes = 256 << 10;
    options
}

/// Runs one of the roles below in another process.
fn spawn(role: &str, directory: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "role", "--nocapture", "--test-threads=1"])
        .env("FISHPLATE_ROLE", role)
        .env("FISHPLATE_DIRECTORY", directory)
        .stdout(Stdio::piped())
        .stdin(Stdio::piped())
        .spawn()
        .unwrap()
}

/// No test by itself: what the other processes do.
#[test]
fn role() {
    let Ok(role) = std::env::var("FISHPLATE_ROLE") else {
        return;
    };
    let directory = std::env::var_os("FISHPLATE_DIRECTORY").unwrap();
    let directory = Path::new(&directory);
    match role.as_str() {
        "writer" => write_until_killed(directory),
        "holder" => {
            let _store = Store::open(directory, &small()).unwrap();
            say("ready");
            let _ = std::io::stdin().read(&mut [0]);
        }
        "limited" => write_to_the_limit(directory),
        other => panic!("{other}"),
    }
}

fn say(line: &str) {
    // One write, so that a kill leaves no half line of two.
    std::io::stdout()
        .lock()
        .write_all(format!("\n{line}\n").as_bytes())
        .unwrap();
}

fn write_until_killed(directory: &Path) {
    let store = Store::open(directory, &small()).unwrap();
    say("ready");
    let mut round = 0;
    loop {
        round += 1;
        let first = store.last_seq().unwrap() + 1;
        for seq in first..first + 16 {
            let tell = move |result: Result<(), StorageError>| {
                result.unwrap();
                say(&format!("ack {seq}"));
            };
            store
                .append_with(&[&payload(seq)], "group", Box::new(tell))
                .unwrap();
        }
        let next = first + 16;
        store.append(&payload(next), "os", Durability::Os).unwrap();
        say(&format!("ack {next}"));
        let batch: Vec<Vec<u8>> = (next + 1..next + 5).map(payload).collect();
        let parts: Vec<&[u8]> = batch.iter().map(Vec::as_slice).collect();
        store
            .append_batch(&parts, "batch", Durability::Sync)
            .unwrap();
        say(&format!("ack {}", next + 4));
        let id = format!("c{}", round % 3);
        let saved = store
            .save_checkpoint(&id, payload(next).repeat(40), &CheckpointOptions::default())
            .unwrap();
        say(&format!("saved {id} {} {next}", saved.crc));
        if round % 20 == 0 {
            store.prune(next - 100).unwrap();
            say(&format!("pruned {}", next - 100));
        }
    }
}

/// The last word of the last whole line that begins so.
fn last_number(lines: &[String], word: &str) -> u64 {
    let numbers = lines
        .iter()
        .filter_map(|line| line.strip_prefix(word)?.trim().parse().ok());
    numbers.max().unwrap_or(0)
}

#[test]
fn what_was_acknowledged_before_kill_9_is_there_after_it() {
    let directory = tempfile::tempdir().unwrap();
    let mut random = Random(3);
    let mut acknowledged = 0;
    for _ in 0..size("FISHPLATE_KILLS", 20) {
        let mut child = spawn("writer", directory.path());
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let reader = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            output.read_to_end(&mut bytes).unwrap();
            // A last line without its end may be half a number.
            let end = bytes.iter().rposition(|&byte| byte == b'\n').unwrap_or(0);
            String::from_utf8_lossy(&bytes[..end])
                .lines()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        });
        std::thread::sleep(Duration::from_millis(15 + random.below(120) as u64));
        child.kill().unwrap();
        child.wait().unwrap();
        let lines = reader.join().unwrap();
        acknowledged = acknowledged.max(last_number(&lines, "ack "));
        let store = Store::open(directory.path(), &small()).unwrap();
        assert!(
            store.last_seq().unwrap() >= acknowledged,
            "{acknowledged} {:?}",
            store.open_report()
        );
        let events = store.events(&Query::default()).unwrap();
        let first = store.stats().unwrap().first_seq;
        assert!(first >= last_number(&lines, "pruned "));
        assert_eq!(events.len() as u64, store.last_seq().unwrap() + 1 - first);
        for event in events {
            assert_eq!(event.data, payload(event.seq));
        }
        for (id, (crc, seq)) in saved(&lines) {
            let state = store.load_checkpoint(&id).unwrap().unwrap();
            // The one that was being saved when the kill came may be newer.
            let found = store.checkpoint(&id).unwrap().unwrap();
            assert!(found.crc == crc || found.seq >= seq);
            assert_eq!(state.len() as u64, found.size);
        }
        assert!(store.verify().unwrap().problems.is_empty());
    }
    assert!(acknowledged > 100);
}

fn saved(lines: &[String]) -> std::collections::BTreeMap<String, (u32, u64)> {
    let mut saved = std::collections::BTreeMap::new();
    for line in lines.iter().filter_map(|line| line.strip_prefix("saved ")) {
        let words: Vec<&str> = line.split(' ').collect();
        if let [id, crc, seq] = words[..] {
            saved.insert(id.to_owned(), (crc.parse().unwrap(), seq.parse().unwrap()));
        }
    }
    saved
}

#[test]
fn a_second_writer_is_refused_with_the_name_of_the_first_until_that_is_dead() {
    let directory = tempfile::tempdir().unwrap();
    let mut child = spawn("holder", directory.path());
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while lines.next().unwrap().unwrap() != "ready" {}
    match Store::open(directory.path(), &small()) {
        Err(StorageError::Locked {
            pid, since, claim, ..
        }) => {
            assert_eq!(pid, child.id());
            assert!(since > 0 && claim.exists());
        }
        other => panic!("{other:?}"),
    }
    let mut reads = small();
    reads.read_only = true;
    assert_eq!(
        Store::open(directory.path(), &reads)
            .unwrap()
            .last_seq()
            .unwrap(),
        0,
        "readers need no lock"
    );
    child.kill().unwrap();
    child.wait().unwrap();
    let store = Store::open(directory.path(), &small()).unwrap();
    assert!(
        matches!(Store::open(directory.path(), &small()), Err(StorageError::Locked { pid, .. }) if pid == std::process::id())
    );
    drop(store);
    Store::open(directory.path(), &small()).unwrap();
}

#[test]
fn of_many_that_take_over_a_dead_claim_at_once_at_most_one_writes() {
    let directory = tempfile::tempdir().unwrap();
    for round in 0..size("FISHPLATE_TAKEOVERS", 15) {
        let mut child = spawn("holder", directory.path());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        while lines.next().unwrap().unwrap() != "ready" {}
        child.kill().unwrap();
        child.wait().unwrap();
        let holders = AtomicU64::new(0);
        let wins = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| {
                    for _ in 0..8 {
                        match Store::open(directory.path(), &small()) {
                            Ok(store) => {
                                assert_eq!(
                                    holders.fetch_add(1, Ordering::SeqCst),
                                    0,
                                    "two writers in round {round}"
                                );
                                wins.fetch_add(1, Ordering::SeqCst);
                                std::thread::sleep(Duration::from_millis(1));
                                holders.fetch_sub(1, Ordering::SeqCst);
                                drop(store);
                            }
                            Err(error) => assert_eq!(error.code(), "STORAGE_LOCKED", "{error}"),
                        }
                    }
                });
            }
        });
        assert!(wins.load(Ordering::SeqCst) > 0);
    }
}

#[test]
fn a_fork_with_the_store_open_writes_nothing_and_leaves_the_claim() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), &small()).unwrap();
    store.append(b"parent", "", Durability::Group).unwrap();
    // SAFETY: the child only calls the store, which must notice before it takes a lock, and leaves by _exit.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0);
    if pid == 0 {
        let refused = matches!(
            store.append(b"child", "", Durability::Os),
            Err(StorageError::Forked { .. })
        ) && matches!(
            store.save_checkpoint("c", Vec::new(), &CheckpointOptions::default()),
            Err(StorageError::Forked { .. })
        ) && matches!(store.prune(5), Err(StorageError::Forked { .. }))
            && matches!(store.close(), Err(StorageError::Forked { .. }));
        drop(store);
        // SAFETY: ends the process without the parent's exit handlers.
        unsafe { libc::_exit(i32::from(!refused)) };
    }
    let mut status = 0;
    // SAFETY: waits for the child that was just made.
    assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
    assert_eq!(status, 0);
    assert_eq!(
        store
            .append(b"parent again", "", Durability::Group)
            .unwrap(),
        2
    );
    assert!(
        matches!(
            Store::open(directory.path(), &small()),
            Err(StorageError::Locked { .. })
        ),
        "the claim is still there"
    );
}

#[test]
fn a_reader_beside_a_writer_sees_everything_in_order_and_prunes_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let writer = Store::open(directory.path(), &small()).unwrap();
    let mut reads = small();
    reads.read_only = true;
    let count = size("FISHPLATE_BESIDE", 6000);
    let reader = Store::open(directory.path(), &reads).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let tail = scope.spawn(|| {
            let mut cursor = reader.follow(&Query::default()).unwrap();
            let (mut slab, mut entries) = (vec![0; 32 << 10], Vec::new());
            let mut next = 1;
            while next <= count {
                match cursor.fill(&mut slab, &mut entries).unwrap() {
                    Fill::Needs(size) => slab.resize(size, 0),
                    Fill::End => drop(reader.wait(next - 1, Duration::from_millis(50)).unwrap()),
                    Fill::Events => {
                        for entry in &entries {
                            assert_eq!(entry.seq, next);
                            assert_eq!(slab[entry.start..entry.end], payload(next % 50));
                            next += 1;
                        }
                    }
                }
            }
        });
        let verify = scope.spawn(|| {
            let mut rounds = 0;
            while !done.load(Ordering::Relaxed) {
                let fresh = Store::open(directory.path(), &reads).unwrap();
                assert!(fresh.verify().unwrap().problems.is_empty());
                rounds += 1;
            }
            rounds
        });
        for seq in 1..=count {
            let level = if seq % 7 == 0 {
                Durability::Memory
            } else {
                Durability::Os
            };
            writer.append(&payload(seq % 50), "", level).unwrap();
        }
        writer.flush().unwrap();
        tail.join().unwrap();
        done.store(true, Ordering::Relaxed);
        assert!(verify.join().unwrap() > 0);
    });
    let before = count - 10;
    let mut behind = reader.replay(&Query::default()).unwrap();
    let report = writer.prune(before).unwrap();
    assert!(report.segments > 0);
    let seen = reader.events(&Query::default()).unwrap();
    assert_eq!(seen.first().map(|event| event.seq), Some(before));
    let (mut slab, mut entries) = (vec![0; 256 << 10], Vec::new());
    assert_eq!(behind.fill(&mut slab, &mut entries).unwrap(), Fill::Events);
    assert_eq!(
        entries[0].seq, before,
        "a cursor from before the prune sees nothing of what is gone"
    );
    writer
        .save_checkpoint("c", payload(7), &CheckpointOptions::default())
        .unwrap();
    assert_eq!(
        reader.load_checkpoint("c").unwrap().unwrap().to_vec(),
        payload(7)
    );
    writer.prune(u64::MAX).unwrap();
    assert_eq!(reader.events(&Query::default()).unwrap(), []);
    assert_eq!(
        writer.append(b"next", "", Durability::Group).unwrap(),
        count + 1
    );
    assert!(reader.wait(count, Duration::from_secs(5)).unwrap());
    assert!(reader.append(b"no", "", Durability::Os).is_err());
}

#[test]
fn a_watch_calls_back_when_an_event_comes() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), &small()).unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    let again = sender.clone();
    let id = store
        .watch(
            0,
            Box::new(move |result| sender.send(result.is_ok()).unwrap()),
        )
        .unwrap();
    let other = store
        .watch(5, Box::new(move |_| again.send(false).unwrap()))
        .unwrap();
    store.append(b"x", "", Durability::Group).unwrap();
    assert!(receiver.recv_timeout(Duration::from_secs(5)).unwrap());
    assert!(!store.unwatch(id).unwrap());
    assert!(store.unwatch(other).unwrap());
    let start = Instant::now();
    assert!(!store.wait(1, Duration::from_millis(30)).unwrap());
    assert!(start.elapsed() >= Duration::from_millis(30));
}

/// Files of this process cannot grow above a size: as on a full disk, from the kernel itself.
fn write_to_the_limit(directory: &Path) {
    let mut options = Options::default();
    options.segment_bytes = 64 << 20;
    let store = Store::open(directory, &options).unwrap();
    let limit = libc::rlimit {
        rlim_cur: 3 << 20,
        rlim_max: 3 << 20,
    };
    // SAFETY: plain system calls; the limit concerns this process alone, and the signal is to become an error.
    unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
        assert_eq!(libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit), 0);
    }
    let mut last = 0;
    let error = loop {
        match store.append(&payload(last + 1), "", Durability::Group) {
            Ok(seq) => last = seq,
            Err(error) => break error,
        }
    };
    assert_eq!(
        store.append(b"x", "", Durability::Os).unwrap_err().code(),
        "STORAGE_POISONED"
    );
    say(&format!("ack {last}"));
    say(&format!("error {}", error.code()));
}

#[test]
fn a_limit_of_the_file_size_is_an_error_and_nothing_is_lost() {
    let directory = tempfile::tempdir().unwrap();
    let child = spawn("limited", directory.path());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let last = last_number(&lines, "ack ");
    assert!(last > 1000 && text.contains("error STORAGE_IO"), "{text}");
    let store = Store::open(directory.path(), &Options::default()).unwrap();
    let events = store.events(&Query::default()).unwrap();
    assert!(events.len() as u64 >= last);
    assert!(events.iter().all(|event| event.data == payload(event.seq)));
}

#[test]
fn every_level_is_there_after_close_and_threads_may_share_a_store() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), &small()).unwrap();
    let levels = [
        Durability::Memory,
        Durability::Os,
        Durability::Group,
        Durability::Sync,
    ];
    std::thread::scope(|scope| {
        for level in levels {
            let store = &store;
            scope.spawn(move || {
                for _ in 0..200 {
                    store.append(&[level as u8; 900], "", level).unwrap();
                }
            });
        }
    });
    store.close().unwrap();
    assert!(matches!(
        store.append(b"x", "", Durability::Os),
        Err(StorageError::Closed)
    ));
    let store = Store::open(directory.path(), &small()).unwrap();
    let events = store.events(&Query::default()).unwrap();
    assert_eq!(events.len(), 800);
    for level in levels {
        assert_eq!(
            events
                .iter()
                .filter(|event| event.data == [level as u8; 900])
                .count(),
            200
        );
    }
}
