//! Many files on threads, with progress and an end from outside.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use serde::Serialize;

use crate::extract::{ExtractLimits, Extracted, Extractor, Refused};
use crate::extract_disk::Disk;
use crate::index::FileSymbols;

/// Skipped files that a report names; the others are counted.
const NAMED: usize = 200;

/// Most threads.
const MAX_THREADS: usize = 64;

/// How much is done, and whether to go on. Shared with whoever watches.
#[derive(Debug, Default)]
pub struct ExtractControl {
    /// Set to end the work soon.
    pub cancelled: AtomicBool,
    /// Files that are to be looked at; grows while files are still being found.
    pub total: AtomicUsize,
    /// Files that have been looked at.
    pub done: AtomicUsize,
    /// Symbols that were found.
    pub symbols: AtomicUsize,
}

impl ExtractControl {
    /// Whether the work is to end.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}

/// How files are read.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExtractOptions {
    /// Bounds of each file.
    pub limits: ExtractLimits,
    /// Threads; as many as there are processors, where none are given.
    pub threads: Option<usize>,
}

/// Why a file is not in the index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "reason", content = "message")]
pub enum Skip {
    /// The ending of its name is that of no language.
    Language,
    /// It has a NUL near its start.
    Binary,
    /// It is larger than it may be.
    TooLarge,
    /// Reading it took longer than it may.
    TimedOut,
    /// It is not there, or not any more.
    Gone,
    /// It is a directory, a pipe, a device.
    NotAFile,
    /// Its name or a link leads out of the workspace.
    Outside,
    /// The system refused it, in its words.
    Unreadable(String),
    /// It could not be read for a defect of this library.
    Fault,
}

/// A file that was skipped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Skipped {
    /// Its path.
    pub path: String,
    /// Why.
    #[serde(flatten)]
    pub skip: Skip,
}

/// What became of the files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExtractReport {
    /// Files that were read.
    pub files: usize,
    /// Symbols in them.
    pub symbols: usize,
    /// Of these, files with parts that do not fit their grammar.
    pub with_errors: usize,
    /// Files of no language that is read.
    pub other_languages: usize,
    /// Files that are not there any more.
    pub gone: usize,
    /// All other files that were not read.
    pub skipped: usize,
    /// The first 200 of those.
    pub named: Vec<Skipped>,
}

impl ExtractReport {
    pub(crate) fn skip(&mut self, path: String, skip: Skip) {
        match skip {
            Skip::Language => self.other_languages += 1,
            Skip::Gone => self.gone += 1,
            skip => {
                self.skipped += 1;
                if self.named.len() < NAMED {
                    self.named.push(Skipped { path, skip });
                }
            }
        }
    }
}

/// What is handed over for each file.
type Outcome = (String, Result<Extracted, Skip>);

/// Reads files below `root`, which has no links in its own path, and hands over what is in each, in no order: `take` gets
/// a path, and what the file has or None where it has nothing to be found any more.
pub fn extract_files(
    root: &Path,
    files: &[String],
    options: ExtractOptions,
    control: &ExtractControl,
    take: &mut dyn FnMut(String, Option<FileSymbols>),
) -> ExtractReport {
    let mut report = ExtractReport::default();
    let mut settle = |(path, outcome): Outcome| {
        control.done.fetch_add(1, Ordering::Relaxed);
        match outcome {
            Ok(extracted) => {
                let found = extracted.symbols.len();
                control.symbols.fetch_add(found, Ordering::Relaxed);
                report.files += 1;
                report.symbols += found;
                report.with_errors += usize::from(extracted.has_errors);
                let file = FileSymbols {
                    path: path.clone(),
                    symbols: extracted.symbols,
                    references: extracted.references,
                };
                take(path, Some(file));
            }
            Err(skip) => {
                take(path.clone(), None);
                report.skip(path, skip);
            }
        }
    };
    let work = Work {
        root,
        files,
        limits: options.limits,
        control,
        next: AtomicUsize::new(0),
    };
    let processors = || thread::available_parallelism().map_or(1, Into::into);
    let threads = options.threads.unwrap_or_else(processors);
    let threads = threads.clamp(1, MAX_THREADS).min(files.len());
    thread::scope(|scope| {
        let (give, outcomes): (SyncSender<Outcome>, Receiver<Outcome>) = sync_channel(256);
        for number in 0..threads {
            let (give, work) = (give.clone(), &work);
            let builder = thread::Builder::new().name(format!("fishplate-symbols-{number}"));
            // Those that the system does not give are done without.
            let _ = builder.spawn_scoped(scope, move || {
                work.run(&mut |outcome| give.send(outcome).is_ok());
            });
        }
        drop(give);
        for outcome in outcomes {
            settle(outcome);
        }
    });
    // What no thread took, where there were none.
    work.run(&mut |outcome| {
        settle(outcome);
        true
    });
    report
}

struct Work<'work> {
    root: &'work Path,
    files: &'work [String],
    limits: ExtractLimits,
    control: &'work ExtractControl,
    next: AtomicUsize,
}

impl Work<'_> {
    /// Reads files until there are no more, or `give` does not want them.
    fn run(&self, give: &mut dyn FnMut(Outcome) -> bool) {
        let mut extractor = Extractor::default();
        let mut disk = Disk::new(self.root);
        while !self.control.is_cancelled() {
            let Some(path) = self.files.get(self.next.fetch_add(1, Ordering::Relaxed)) else {
                return;
            };
            let read = || self.read(&mut extractor, &mut disk, path);
            let outcome = match catch_unwind(AssertUnwindSafe(read)) {
                Ok(Err(Stop)) => return,
                Ok(Ok(outcome)) => outcome,
                Err(_) => {
                    extractor = Extractor::default();
                    Err(Skip::Fault)
                }
            };
            if !give((path.clone(), outcome)) {
                return;
            }
        }
    }

    fn read(
        &self,
        extractor: &mut Extractor,
        disk: &mut Disk<'_>,
        path: &str,
    ) -> Result<Result<Extracted, Skip>, Stop> {
        if !Extractor::reads(path) {
            return Ok(Err(Skip::Language));
        }
        let source = match disk.read(path, self.limits.bytes) {
            Ok(source) => source,
            Err(skip) => return Ok(Err(skip)),
        };
        let is_cancelled = || self.control.is_cancelled();
        let extracted = extractor.extract(path, &source, self.limits, &is_cancelled);
        Ok(match extracted {
            Ok(extracted) => Ok(extracted),
            Err(Refused::Cancelled) => return Err(Stop),
            Err(Refused::Language) => Err(Skip::Language),
            Err(Refused::Binary) => Err(Skip::Binary),
            Err(Refused::TooLarge(_)) => Err(Skip::TooLarge),
            Err(Refused::TimedOut(_)) => Err(Skip::TimedOut),
        })
    }
}

/// The work was cancelled.
struct Stop;
