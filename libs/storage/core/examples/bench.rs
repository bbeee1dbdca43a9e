//! Figures of the log and of checkpoints against the same bytes through the bare system.
//!
//!     cargo run --release -p fishplate-storage --example bench [DIRECTORY]
//!
//! Medians of several rounds that take turns. Absolute times are those of the disk at hand; the ratios are what counts.

use std::error::Error;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Instant;

use fishplate_storage::{CheckpointOptions, Durability, Fill, Options, Query, Store};

type Outcome<T> = Result<T, Box<dyn Error>>;

const EVENT: usize = 1300;
const ROUNDS: usize = 7;

fn main() -> Outcome<()> {
    let directory = std::env::args()
        .nth(1)
        .map_or_else(std::env::temp_dir, PathBuf::from);
    let directory = directory.join(format!("fishplate-storage-bench-{}", std::process::id()));
    std::fs::create_dir_all(&directory)?;
    let result = run(&directory);
    std::fs::remove_dir_all(&directory)?;
    result
}

fn run(directory: &Path) -> Outcome<()> {
    appends(directory)?;
    groups(directory)?;
    replay(directory)?;
    for size in [100_000, 1_000_000, 10_000_000] {
        checkpoints(directory, size)?;
    }
    Ok(())
}

/// JSON as agents write it: mostly text, some structure, little repetition.
fn message(seed: usize) -> String {
    const WORDS: [&str; 24] = [
        "function",
        "returns",
        "the",
        "error",
        "when",
        "a",
        "file",
        "is",
        "missing",
        "test",
        "expected",
        "const",
        "value",
        "path",
        "src/index.ts",
        "await",
        "result",
        "of",
        "line",
        "change",
        "because",
        "not",
        "undefined",
        "import",
    ];
    let mut state = seed as u64 * 0x9E37_79B9 + 1;
    let mut text = String::new();
    while text.len() < EVENT - 110 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        text.push_str(WORDS[(state >> 33) as usize % WORDS.len()]);
        text.push(if state >> 61 == 0 { '\u{2028}' } else { ' ' });
        if (state >> 40).is_multiple_of(7) {
            text.push_str(&format!("{:x} ", state >> 44));
        }
    }
    format!(
        "{{\"id\":\"msg_{seed:08}\",\"role\":\"assistant\",\"step\":{seed},\"content\":\"{text}\"}}"
    )
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn fresh(directory: &Path, name: &str) -> Outcome<PathBuf> {
    let path = directory.join(name);
    if path.exists() {
        std::fs::remove_dir_all(&path)?;
    }
    std::fs::create_dir_all(&path)?;
    Ok(path)
}

fn bare_file(path: &Path) -> Outcome<File> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .read(true)
        .write(true)
        .open(path)?;
    // The log has its zeros written ahead by a thread; the bare file gets them before the clock starts.
    for at in 0..16 {
        file.write_all_at(&vec![0; 1 << 20], at << 20)?;
    }
    file.sync_all()?;
    Ok(file)
}

fn appends(directory: &Path) -> Outcome<()> {
    const COUNT: usize = 10_000;
    let events: Vec<String> = (0..COUNT).map(message).collect();
    let (mut ours, mut bare, mut slowest) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let store = Store::open(&fresh(directory, "append")?, &Options::default())?;
        let start = Instant::now();
        for event in &events {
            let before = Instant::now();
            store.append(event.as_bytes(), "", Durability::Os)?;
            slowest.push(before.elapsed().as_secs_f64() * 1e6);
        }
        ours.push(start.elapsed().as_secs_f64());
        store.close()?;
        let file = bare_file(&directory.join("bare"))?;
        let start = Instant::now();
        let mut offset = 0;
        for event in &events {
            // A header of the same size before each event, by one vectored write.
            let parts = [
                std::io::IoSlice::new(&[1; 48]),
                std::io::IoSlice::new(event.as_bytes()),
            ];
            offset += rustix::io::pwritev(&file, &parts, offset)? as u64;
        }
        bare.push(start.elapsed().as_secs_f64());
    }
    slowest.sort_by(f64::total_cmp);
    let (ours, bare) = (median(ours), median(bare));
    let percentile = slowest[slowest.len() * 99 / 100];
    println!(
        "append os, {COUNT} events of {EVENT} B: {:.2} us each, pwritev {:.2} us: {:.2}x; P99 {percentile:.0} us",
        ours * 1e6 / COUNT as f64,
        bare * 1e6 / COUNT as f64,
        ours / bare
    );
    Ok(())
}

fn groups(directory: &Path) -> Outcome<()> {
    const FLIGHT: usize = 64;
    const GROUPS: usize = 60;
    let events: Vec<String> = (0..FLIGHT * GROUPS).map(message).collect();
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let store = Store::open(&fresh(directory, "group")?, &Options::default())?;
        let (sender, receiver) = mpsc::channel();
        let start = Instant::now();
        for group in events.chunks(FLIGHT) {
            for event in group {
                let sender = sender.clone();
                store.append_with(
                    &[event.as_bytes()],
                    "",
                    Box::new(move |result| drop(sender.send(result))),
                )?;
            }
            for _ in group {
                receiver.recv()??;
            }
        }
        ours.push(start.elapsed().as_secs_f64());
        store.close()?;
        let file = bare_file(&directory.join("bare"))?;
        let start = Instant::now();
        let mut offset = 0;
        for group in events.chunks(FLIGHT) {
            let bytes = group.concat();
            file.write_all_at(bytes.as_bytes(), offset)?;
            offset += bytes.len() as u64;
            file.sync_data()?;
        }
        bare.push(start.elapsed().as_secs_f64());
    }
    let (ours, bare) = (median(ours), median(bare));
    println!(
        "append group, {FLIGHT} in flight: {:.0} us a group, pwrite + fdatasync {:.0} us: {:.2}x",
        ours * 1e6 / GROUPS as f64,
        bare * 1e6 / GROUPS as f64,
        ours / bare
    );
    Ok(())
}

fn resident() -> Outcome<f64> {
    let status = std::fs::read_to_string("/proc/self/statm")?;
    let pages: f64 = status.split(' ').nth(1).unwrap_or("0").parse()?;
    Ok(pages * 4096.0 / 1e6)
}

fn replay(directory: &Path) -> Outcome<()> {
    const COUNT: usize = 100_000;
    let path = fresh(directory, "replay")?;
    let store = Store::open(&path, &Options::default())?;
    for seed in 0..COUNT {
        store.append(message(seed).as_bytes(), "", Durability::Memory)?;
    }
    store.close()?;
    let mut times = Vec::new();
    let mut grown = 0.0_f64;
    let mut opened = Vec::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let store = Store::open(&path, &Options::default())?;
        opened.push(start.elapsed().as_secs_f64() * 1e3);
        let before = resident()?;
        let start = Instant::now();
        let mut cursor = store.replay(&Query::default())?;
        let (mut slab, mut entries) = (vec![0; 256 << 10], Vec::new());
        let (mut count, mut bytes) = (0, 0);
        loop {
            match cursor.fill(&mut slab, &mut entries)? {
                Fill::Events => {
                    count += entries.len();
                    bytes += entries
                        .iter()
                        .map(|entry| entry.end - entry.start)
                        .sum::<usize>();
                }
                Fill::Needs(size) => slab.resize(size, 0),
                Fill::End => break,
            }
        }
        times.push(start.elapsed().as_secs_f64() * 1e3);
        grown = grown.max(resident()? - before);
        assert_eq!((count, bytes > COUNT * 1000), (COUNT, true));
    }
    println!(
        "replay of {COUNT} events of {EVENT} B: {:.1} ms; resident memory +{grown:.1} MB; open {:.1} ms",
        median(times),
        median(opened)
    );
    Ok(())
}

fn checkpoints(directory: &Path, size: usize) -> Outcome<()> {
    let count = size / EVENT;
    let messages: Vec<String> = (0..count).map(message).collect();
    let state = |step: usize, more: usize| {
        let mut messages = messages.clone();
        messages.extend((0..more).map(|index| message(1_000_000 + index)));
        format!(
            "{{\"currentStep\":{step},\"messages\":[{}],\"status\":\"running\"}}",
            messages.join(",")
        )
        .into_bytes()
    };
    let (first, grown) = (state(5, 0), state(16, 3));
    let (mut full, mut bare, mut delta, mut load, mut load_delta) =
        (vec![], vec![], vec![], vec![], vec![]);
    let (mut stored, mut stored_delta) = (0, 0);
    for _ in 0..ROUNDS {
        let path = fresh(directory, "checkpoints")?;
        let store = Store::open(&path, &Options::default())?;
        let owned = first.clone();
        let start = Instant::now();
        stored = store
            .save_checkpoint("a", owned, &CheckpointOptions::default())?
            .stored;
        full.push(start.elapsed().as_secs_f64() * 1e3);
        let owned = grown.clone();
        let options = CheckpointOptions {
            base: Some("a".to_owned()),
            ..CheckpointOptions::default()
        };
        let start = Instant::now();
        let saved = store.save_checkpoint("b", owned, &options)?;
        delta.push(start.elapsed().as_secs_f64() * 1e3);
        assert_eq!(saved.base.as_deref(), Some("a"));
        stored_delta = saved.stored;
        store.close()?;
        for (id, times) in [("a", &mut load), ("b", &mut load_delta)] {
            let store = Store::open(&path, &Options::default())?;
            let start = Instant::now();
            let loaded = store.load_checkpoint(id)?;
            times.push(start.elapsed().as_secs_f64() * 1e3);
            assert!(loaded.is_some_and(|loaded| *loaded
                == if id == "a" {
                    first.clone()
                } else {
                    grown.clone()
                }));
        }
        let bare_path = directory.join("bare");
        let start = Instant::now();
        std::fs::write(&bare_path, &first)?;
        File::open(&bare_path)?.sync_data()?;
        bare.push(start.elapsed().as_secs_f64() * 1e3);
    }
    println!(
        "checkpoint of {size} B: full {:.2} ms ({stored} B stored; bare write + fdatasync {:.2} ms), delta {:.2} ms ({stored_delta} B), load {:.2} ms, of the delta {:.2} ms",
        median(full),
        median(bare),
        median(delta),
        median(load),
        median(load_delta)
    );
    Ok(())
}
