//! Any operations with crashes in between, on a simulated disk, against a simple model.

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use fishplate_storage::{CheckpointOptions, Durability, Event, Query, StorageError, Store};
use proptest::prelude::*;
use support::{Fault, Machine, Random, size};

#[derive(Debug, Clone)]
enum Step {
    Append {
        stream: u8,
        size: usize,
        durability: u8,
    },
    Batch {
        count: usize,
        size: usize,
        durability: u8,
    },
    Save {
        id: u8,
        base: Option<u8>,
        size: usize,
    },
    Delete {
        id: u8,
    },
    Prune {
        back: u64,
    },
    Branch {
        stream: u8,
        back: u64,
    },
    Flush,
    Close,
    Kill,
    Crash {
        seed: u64,
    },
    /// A fault some operations later; what comes of it is checked, then the power fails.
    Fault {
        after: u64,
        fault: u8,
        seed: u64,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => (0_u8..3, 0_usize..700, 0_u8..4).prop_map(|(stream, size, durability)| Step::Append { stream, size, durability }),
        3 => (0_usize..6, 0_usize..900, 0_u8..4).prop_map(|(count, size, durability)| Step::Batch { count, size, durability }),
        4 => (0_u8..5, prop::option::of(0_u8..5), prop_oneof![6 => 0_usize..3000, 3 => 60_000_usize..150_000, 1 => 262_200_usize..300_000]).prop_map(|(id, base, size)| Step::Save { id, base, size }),
        1 => (0_u8..5).prop_map(|id| Step::Delete { id }),
        1 => (0_u64..20).prop_map(|back| Step::Prune { back }),
        1 => (3_u8..6, 0_u64..9).prop_map(|(stream, back)| Step::Branch { stream, back }),
        1 => Just(Step::Flush),
        1 => Just(Step::Close),
        1 => Just(Step::Kill),
        2 => any::<u64>().prop_map(|seed| Step::Crash { seed }),
        2 => (0_u64..30, 0_u8..4, any::<u64>()).prop_map(|(after, fault, seed)| Step::Fault { after, fault, seed }),
    ];
    prop::collection::vec(step, 1..40)
}

/// What must be there, and what may be.
#[derive(Debug, Default, Clone)]
struct Model {
    /// Every event that was ever tried, by number; a later life may have tried other ones.
    events: BTreeMap<u64, (String, Vec<u8>)>,
    /// Events up to here must be there after a loss of power.
    durable: u64,
    /// Events up to here must be there after a kill.
    written: u64,
    last: u64,
    before: u64,
    /// Prunes that may have happened.
    maybe_before: u64,
    /// Ends of batches: none may be there in part.
    batches: Vec<(u64, u64)>,
    checkpoints: BTreeMap<String, Vec<u8>>,
    /// What an operation that failed may have made of a checkpoint.
    maybe: BTreeMap<String, Option<Vec<u8>>>,
}

const ROOT: &str = "/store";

struct World {
    machine: Machine,
    store: Option<Store>,
    model: Model,
    content: Random,
}

impl World {
    fn new() -> Self {
        let machine = Machine::new(7);
        let store = Store::open(Path::new(ROOT), &machine.options()).unwrap();
        Self {
            machine,
            store: Some(store),
            model: Model {
                before: 1,
                maybe_before: 1,
                ..Model::default()
            },
            content: Random(1),
        }
    }

    fn bytes(&mut self, size: usize) -> Vec<u8> {
        // Few different words, so that states have much in common and compress.
        (0..size)
            .map(|_| (self.content.next() % 5) as u8 * 17)
            .collect()
    }

    fn append(
        &mut self,
        events: &[Vec<u8>],
        stream: &str,
        durability: u8,
    ) -> Result<(), StorageError> {
        let level = [
            Durability::Memory,
            Durability::Os,
            Durability::Group,
            Durability::Sync,
        ][usize::from(durability)];
        // A shared sync runs on a thread; the order of simulated faults should not depend on it.
        let level = if level == Durability::Group {
            Durability::Sync
        } else {
            level
        };
        let level = if level == Durability::Memory {
            Durability::Os
        } else {
            level
        };
        let first = self.model.last + 1;
        let parts: Vec<&[u8]> = events.iter().map(Vec::as_slice).collect();
        self.model.events.retain(|&seq, _| seq < first);
        self.model.batches.retain(|&(_, last)| last < first);
        for (seq, event) in (first..).zip(events) {
            self.model
                .events
                .insert(seq, (stream.to_owned(), event.clone()));
        }
        self.model
            .batches
            .push((first, first + events.len() as u64 - 1));
        let numbers = self
            .store
            .as_ref()
            .unwrap()
            .append_batch(&parts, stream, level)?;
        assert_eq!(numbers, first..first + events.len() as u64);
        self.model.last = numbers.end - 1;
        self.model.written = self.model.last;
        if level == Durability::Sync {
            self.model.durable = self.model.last;
        }
        Ok(())
    }

    fn step(&mut self, step: &Step) -> Result<(), StorageError> {
        let store = self.store.as_ref().unwrap();
        match step {
            Step::Append {
                stream,
                size,
                durability,
            } => {
                let event = self.bytes(*size);
                self.append(&[event], &format!("s{stream}"), *durability)?;
            }
            Step::Batch {
                count,
                size,
                durability,
            } => {
                let events = (0..*count).map(|_| self.bytes(*size)).collect::<Vec<_>>();
                if !events.is_empty() {
                    self.append(&events, "", *durability)?;
                }
            }
            Step::Save { id, base, size } => {
                let (id, base) = (format!("c{id}"), base.map(|base| format!("c{base}")));
                let base = base.filter(|base| self.model.checkpoints.contains_key(base));
                let mut state = base
                    .as_ref()
                    .map(|base| self.model.checkpoints[base].clone())
                    .unwrap_or_default();
                state.extend(self.bytes(*size));
                let store = self.store.as_ref().unwrap();
                self.model.maybe.insert(id.clone(), Some(state.clone()));
                let options = CheckpointOptions {
                    base,
                    ..CheckpointOptions::default()
                };
                store.save_checkpoint(&id, state.clone(), &options)?;
                self.model.maybe.remove(&id);
                self.model.checkpoints.insert(id, state);
                self.model.durable = self.model.last;
            }
            Step::Delete { id } => {
                let id = format!("c{id}");
                self.model.maybe.insert(id.clone(), None);
                let was = store.delete_checkpoint(&id)?;
                self.model.maybe.remove(&id);
                assert_eq!(was, self.model.checkpoints.remove(&id).is_some());
            }
            Step::Prune { back } => {
                let before = (self.model.last + 1).saturating_sub(*back).max(1);
                self.model.maybe_before = self.model.maybe_before.max(before);
                let report = store.prune(before)?;
                self.model.before = self.model.before.max(before);
                assert_eq!(report.before, self.model.before);
                self.model.durable = self.model.durable.max(self.model.before - 1);
            }
            Step::Branch { stream, back } => {
                let made = store.branch(
                    &format!("s{stream}"),
                    "s0",
                    self.model.last.saturating_sub(*back),
                );
                match made {
                    Ok(_) => self.model.durable = self.model.last,
                    Err(StorageError::Invalid { .. } | StorageError::Pruned { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
            Step::Flush => {
                store.flush()?;
                self.model.durable = self.model.last;
            }
            Step::Close => {
                store.close()?;
                self.model.durable = self.model.last;
                self.reopen(true);
            }
            Step::Kill => {
                self.machine.kill();
                self.reopen(true);
            }
            Step::Crash { seed } => {
                self.machine.crash(*seed);
                self.reopen(false);
            }
            Step::Fault { .. } => unreachable!("handled by the caller"),
        }
        Ok(())
    }

    /// Opens the store after its process ended, and adjusts the model to what may have been lost.
    fn reopen(&mut self, cache_survives: bool) {
        drop(self.store.take());
        let store = Store::open(Path::new(ROOT), &self.machine.options())
            .unwrap_or_else(|error| panic!("{error}\n{:?}", self.machine.files()));
        let events = store.events(&Query::default()).unwrap();
        let last = store.last_seq().unwrap();
        let kept = if cache_survives {
            self.model.written
        } else {
            self.model.durable
        };
        assert!(
            last >= kept,
            "events up to {kept} were acknowledged, but the last is {last}"
        );
        let before = store.stats().unwrap().first_seq;
        assert!(
            (self.model.before..=self.model.maybe_before.max(self.model.before)).contains(&before),
            "{before} {:?}",
            self.model.before
        );
        for &(first, end) in &self.model.batches {
            assert!(
                last < first || last >= end,
                "the batch {first}..={end} is there up to {last}"
            );
        }
        self.model.last = last;
        self.model.written = last;
        self.model.durable = last;
        self.model.before = before;
        self.model.maybe_before = before;
        self.store = Some(store);
        self.check_events(&events);
        let listed = self.store.as_ref().unwrap().list_checkpoints().unwrap();
        for (id, outcome) in std::mem::take(&mut self.model.maybe) {
            let found = self.store.as_ref().unwrap().load_checkpoint(&id).unwrap();
            let found = found.map(|state| state.to_vec());
            if found == outcome {
                match outcome {
                    Some(state) => drop(self.model.checkpoints.insert(id, state)),
                    None => drop(self.model.checkpoints.remove(&id)),
                }
            }
        }
        assert_eq!(listed.len(), self.model.checkpoints.len());
        self.check();
    }

    fn check_events(&self, events: &[Event]) {
        let expected: Vec<u64> = (self.model.before..=self.model.last).collect();
        assert_eq!(
            events.iter().map(|event| event.seq).collect::<Vec<_>>(),
            expected
        );
        for event in events {
            assert_eq!(
                (&event.stream, &event.data),
                (
                    &self.model.events[&event.seq].0,
                    &self.model.events[&event.seq].1
                )
            );
        }
        assert!(events.is_sorted_by_key(|event| event.time));
    }

    fn check(&self) {
        let store = self.store.as_ref().unwrap();
        self.check_events(&store.events(&Query::default()).unwrap());
        for (id, state) in &self.model.checkpoints {
            assert_eq!(
                store.load_checkpoint(id).unwrap().as_deref(),
                Some(state),
                "{id}"
            );
        }
        let report = store.verify().unwrap();
        assert_eq!(report.problems, [], "{report:?}");
        assert_eq!(report.checkpoints, self.model.checkpoints.len() as u64);
    }
}

fn run(steps: &[Step]) {
    let mut world = World::new();
    let mut fault: Option<u64> = None;
    for step in steps {
        if let Step::Fault {
            after,
            fault: kind,
            seed,
        } = step
        {
            let kind =
                [Fault::Write, Fault::ShortWrite, Fault::Sync, Fault::Power][usize::from(*kind)];
            world.machine.fail_after(*after, kind);
            fault = Some(*seed);
            continue;
        }
        if matches!(step, Step::Close | Step::Kill | Step::Crash { .. }) {
            world.machine.heal();
        }
        if let Err(error) = world.step(step) {
            assert!(fault.is_some(), "{error}");
            let Some(store) = &world.store else {
                panic!("no store")
            };
            if matches!(
                error,
                StorageError::Io { .. } | StorageError::Poisoned { .. }
            ) {
                // What failed while a blob was written leaves the log as it was; all else poisons.
                let poisoned = store.stats().is_ok_and(|stats| stats.poisoned.is_some());
                let again = store.append(b"after", "", Durability::Os);
                assert!(
                    !poisoned || matches!(again, Err(StorageError::Poisoned { .. })),
                    "{again:?}"
                );
                if again.is_ok() {
                    let seq = world.model.last + 1;
                    world
                        .model
                        .events
                        .insert(seq, (String::new(), b"after".to_vec()));
                    world.model.last = seq;
                    world.model.written = seq;
                }
            }
            world.machine.heal();
            world.machine.crash(fault.take().unwrap_or(0));
            world.reopen(false);
        } else if world.store.is_some()
            && matches!(step, Step::Close | Step::Kill | Step::Crash { .. })
        {
            fault = None;
        }
    }
    world.machine.heal();
    let poisoned = world.store.as_ref().unwrap().stats().unwrap().poisoned;
    if poisoned.is_none() {
        world.check();
    }
    world.machine.kill();
    world.reopen(true);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: size("FISHPLATE_CRASH_CASES", 400) as u32, max_shrink_iters: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_operations_with_crashes_in_between_equal_the_model(steps in steps()) {
        run(&steps);
    }
}
