//! The handle: opening, appending, waiting, closing.

use std::path::Path;
use std::sync::Arc;

use fishplate_storage::{Callback, Durability, OpenReport, Options, Store};
use napi::bindgen_prelude::{AsyncTask, FnArgs, Function, Result, Status};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;
use serde_json::json;

use crate::error::{fault, text};
use crate::work::{Work, work};

/// Ticket of what is done, and its error; null when it is on the disk.
type Done = FnArgs<(u32, Option<String>)>;
/// Keeps no process alive: who waits does.
type Tell = ThreadsafeFunction<Done, (), Done, Status, false, true>;

#[napi(object, object_to_js = false)]
pub struct NativeOptions {
    pub read_only: bool,
    pub allow_network: bool,
    pub segment_bytes: Option<f64>,
    pub map_sealed: bool,
}

impl NativeOptions {
    fn options(&self) -> Options {
        let mut options = Options::default();
        options.read_only = self.read_only;
        options.allow_network = self.allow_network;
        options.map_sealed = self.map_sealed;
        if let Some(bytes) = self.segment_bytes {
            options.segment_bytes = bytes as u64;
        }
        options
    }
}

#[napi]
pub struct NativeStore {
    pub(crate) store: Arc<Store>,
    tell: Arc<Tell>,
}

#[napi(ts_return_type = "Promise<NativeStore>")]
pub fn open_store(
    directory: String,
    options: NativeOptions,
    #[napi(ts_arg_type = "(ticket: number, error: string | null) => void")] done: Function<
        '_,
        Done,
        (),
    >,
) -> Result<AsyncTask<Work<NativeStore>>> {
    let tell = done
        .build_threadsafe_function::<Done>()
        .callee_handled::<false>()
        .weak::<true>()
        .build()?;
    let (tell, options) = (Arc::new(tell), options.options());
    Ok(work(move || {
        let store = Store::open(Path::new(&directory), &options).map_err(fault)?;
        Ok(NativeStore {
            store: Arc::new(store),
            tell,
        })
    }))
}

/// Report as JSON.
#[napi(ts_return_type = "Promise<string>")]
pub fn salvage_store(directory: String, options: NativeOptions) -> AsyncTask<Work<String>> {
    let options = options.options();
    work(move || {
        let report = fishplate_storage::salvage(Path::new(&directory), &options).map_err(fault)?;
        let problems = report.problems.iter().map(problem).collect::<Vec<_>>();
        Ok(json!({
            "events": report.events,
            "missing": report.missing,
            "checkpoints": report.checkpoints,
            "lostCheckpoints": report.lost_checkpoints,
            "problems": problems,
            "quarantined": report.quarantined,
        })
        .to_string())
    })
}

pub fn problem(problem: &fishplate_storage::Problem) -> serde_json::Value {
    json!({ "segment": problem.segment, "offset": problem.offset, "reason": problem.reason })
}

#[napi]
impl NativeStore {
    /// As JSON.
    #[napi]
    pub fn open_report(&self) -> String {
        let OpenReport {
            created,
            recovered_to,
            dropped_bytes,
            reason,
            segment,
            offset,
            quarantined,
        } = self.store.open_report();
        json!({
            "created": created,
            "recoveredTo": recovered_to,
            "droppedBytes": dropped_bytes,
            "reason": reason,
            "segment": segment,
            "offset": offset,
            "quarantined": quarantined.as_deref().map(Path::display).map(|path| path.to_string()),
        })
        .to_string()
    }

    /// Appends one event; its number. Levels: 0 memory, 1 os, 2 group, 3 sync.
    #[napi]
    pub fn append_one(&self, event: &[u8], level: u32, stream: Option<String>) -> Result<f64> {
        let stream = stream.as_deref().unwrap_or_default();
        let number = self.store.append(event, stream, durability(level));
        Ok(number.map_err(fault)? as f64)
    }

    /// Appends events that follow each other in `bytes`; the number of the first. `layout` has two members an event: its end, and
    /// the index of its stream. With a ticket above 0 it calls back when they are on the disk, else it does what the level says.
    #[napi]
    pub fn append(
        &self,
        bytes: &[u8],
        layout: &[u32],
        streams: Vec<String>,
        is_batch: bool,
        level: u32,
        ticket: u32,
    ) -> Result<f64> {
        let mut start = 0;
        let events: Vec<(&str, &[u8])> = layout
            .as_chunks::<2>()
            .0
            .iter()
            .map(|&[end, stream]| {
                let event = bytes.get(start..end as usize).unwrap_or_default();
                start = end as usize;
                (
                    streams.get(stream as usize).map_or("", String::as_str),
                    event,
                )
            })
            .collect();
        let level = durability(level);
        let numbers = if is_batch {
            let stream = streams.first().map_or("", String::as_str);
            let events: Vec<&[u8]> = events.into_iter().map(|(_, event)| event).collect();
            match ticket {
                0 => self.store.append_batch(&events, stream, level),
                _ => self
                    .store
                    .append_with(&events, stream, self.callback(ticket)),
            }
        } else {
            match ticket {
                0 => self.store.append_each(&events, level),
                _ => self.store.append_each_with(&events, self.callback(ticket)),
            }
        };
        Ok(numbers.map_err(fault)?.start as f64)
    }

    /// Calls back when all that was appended is on the disk.
    #[napi]
    pub fn flush(&self, ticket: u32) -> Result<()> {
        self.store.flush_with(self.callback(ticket)).map_err(fault)
    }

    #[napi]
    pub fn last_seq(&self) -> Result<f64> {
        Ok(self.store.last_seq().map_err(fault)? as f64)
    }

    #[napi(ts_return_type = "Promise<string>")]
    pub fn prune(&self, before: f64) -> AsyncTask<Work<String>> {
        let store = Arc::clone(&self.store);
        work(move || pruned(&store, before))
    }

    #[napi]
    pub fn prune_sync(&self, before: f64) -> Result<String> {
        pruned(&self.store, before)
    }

    #[napi(ts_return_type = "Promise<string>")]
    pub fn verify(&self) -> AsyncTask<Work<String>> {
        let store = Arc::clone(&self.store);
        work(move || {
            let report = store.verify().map_err(fault)?;
            let problems = report.problems.iter().map(problem).collect::<Vec<_>>();
            Ok(json!({
                "segments": report.segments,
                "records": report.records,
                "events": report.events,
                "checkpoints": report.checkpoints,
                "problems": problems,
            })
            .to_string())
        })
    }

    #[napi]
    pub fn stats(&self) -> Result<String> {
        let stats = self.store.stats().map_err(fault)?;
        Ok(json!({
            "firstSeq": stats.first_seq,
            "lastSeq": stats.last_seq,
            "segments": stats.segments,
            "logBytes": stats.log_bytes,
            "checkpoints": stats.checkpoints,
            "checkpointBytes": stats.checkpoint_bytes,
            "branches": stats.branches,
            "poisoned": stats.poisoned,
        })
        .to_string())
    }

    #[napi(ts_return_type = "Promise<void>")]
    pub fn close(&self) -> AsyncTask<Work<()>> {
        let store = Arc::clone(&self.store);
        work(move || store.close().map_err(fault))
    }

    fn callback(&self, ticket: u32) -> Callback {
        let tell = Arc::clone(&self.tell);
        Box::new(move |result| {
            let error = result.err().map(|error| text(&error));
            // Where the environment has ended nobody waits.
            tell.call(
                (ticket, error).into(),
                ThreadsafeFunctionCallMode::NonBlocking,
            );
        })
    }
}

fn pruned(store: &Store, before: f64) -> Result<String> {
    let report = store.prune(before as u64).map_err(fault)?;
    Ok(json!({
        "before": report.before,
        "segments": report.segments,
        "bytes": report.bytes,
    })
    .to_string())
}

fn durability(level: u32) -> Durability {
    match level {
        0 => Durability::Memory,
        1 => Durability::Os,
        2 => Durability::Group,
        _ => Durability::Sync,
    }
}
