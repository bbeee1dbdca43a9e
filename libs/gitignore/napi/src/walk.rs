//! Listing and walking.

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use fishplate_gitignore::{Batch, Control, FileKind, Listing, Problem, Request, list, walk};
use napi::Result;
use napi::bindgen_prelude::{AsyncTask, Buffer, Env, Task};
use napi_derive::napi;

use crate::{path_of, pieces, walk_fault};

/// Batches that wait for the reader, at most.
const WAITING: usize = 4;

#[napi(object, js_name = "NativeRequest", object_to_js = false)]
pub struct RequestJs {
    pub hidden: bool,
    pub tracked: bool,
    pub follow_links: bool,
    /// Joined by NULs.
    pub extra_files: Buffer,
    pub globs: Buffer,
    pub max_depth: Option<u32>,
    pub max_file_size: Option<f64>,
    pub threads: Option<u32>,
    pub require_repository: bool,
    pub no_repository: bool,
    pub stat: bool,
}

impl RequestJs {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the caller has checked that it is a count"
    )]
    fn request(&self, batch: usize) -> Request {
        Request {
            hidden: self.hidden,
            tracked: self.tracked,
            follow_links: self.follow_links,
            extra_files: pieces(&self.extra_files),
            globs: pieces(&self.globs),
            max_depth: self.max_depth.map(|depth| depth as usize),
            max_file_size: self.max_file_size.map(|size| size as u64),
            threads: self.threads.map(|threads| threads as usize),
            require_repository: self.require_repository,
            no_repository: self.no_repository,
            stat: self.stat,
            batch,
        }
    }
}

#[napi(object, js_name = "NativeProblem", object_from_js = false)]
pub struct ProblemJs {
    pub path: Buffer,
    pub message: String,
}

impl From<Problem> for ProblemJs {
    fn from(problem: Problem) -> Self {
        Self {
            path: problem.path.into(),
            message: problem.error.to_string(),
        }
    }
}

/// Ends a walk from outside, and tells how far it is.
#[napi(js_name = "WalkControl")]
#[derive(Default)]
pub struct ControlJs {
    control: Arc<Control>,
}

#[napi]
impl ControlJs {
    #[napi(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    #[napi]
    pub fn cancel(&self) {
        self.control.cancelled.store(true, Ordering::Relaxed);
    }

    #[napi(getter)]
    pub fn found(&self) -> f64 {
        self.control.found.load(Ordering::Relaxed) as f64
    }
}

#[napi(object, js_name = "NativeListing", object_from_js = false)]
pub struct ListingJs {
    /// Each path with a NUL behind it.
    pub paths: Buffer,
    pub count: u32,
    pub problems: Vec<ProblemJs>,
}

/// Lists on a thread of the pool, and threads of its own.
#[napi(ts_return_type = "Promise<NativeListing>")]
pub fn list_files(
    root: String,
    request: RequestJs,
    control: &ControlJs,
) -> Result<AsyncTask<Listed>> {
    Ok(AsyncTask::new(Listed {
        root: path_of(&root)?,
        request: request.request(usize::MAX),
        control: Arc::clone(&control.control),
    }))
}

pub struct Listed {
    root: PathBuf,
    request: Request,
    control: Arc<Control>,
}

impl Task for Listed {
    type Output = Listing;
    type JsValue = ListingJs;

    fn compute(&mut self) -> Result<Listing> {
        list(&self.root, &self.request, &self.control).map_err(|error| walk_fault(&error))
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "a Buffer holds fewer paths"
    )]
    fn resolve(&mut self, _: Env, listing: Listing) -> Result<ListingJs> {
        Ok(ListingJs {
            paths: listing.paths.into(),
            count: listing.count as u32,
            problems: listing.problems.into_iter().map(Into::into).collect(),
        })
    }
}

#[napi(object, js_name = "NativeBatch", object_from_js = false)]
pub struct BatchJs {
    /// Each path with a NUL behind it.
    pub paths: Buffer,
    /// A byte each: 0 file, 1 link, 2 repository.
    pub kinds: Buffer,
    /// Size, modification time in ms and mode of each; empty unless asked for.
    pub stats: Vec<f64>,
    /// With the last batch.
    pub problems: Vec<ProblemJs>,
}

enum Message {
    Batch(Batch),
    End(Result<Vec<Problem>>),
}

/// A walk that runs while its batches are read.
#[napi(js_name = "NativeWalk")]
pub struct WalkJs {
    control: Arc<Control>,
    /// None once the walk is closed.
    receiver: Arc<Mutex<Option<Receiver<Message>>>>,
}

#[napi]
impl WalkJs {
    #[napi(constructor)]
    pub fn new(root: String, request: RequestJs, batch: u32, control: &ControlJs) -> Result<Self> {
        let root = path_of(&root)?;
        let request = request.request(batch as usize);
        let control = Arc::clone(&control.control);
        let (sender, receiver) = sync_channel(WAITING);
        let own = Arc::clone(&control);
        std::thread::spawn(move || run(&root, &request, &own, &sender));
        Ok(Self {
            control,
            receiver: Arc::new(Mutex::new(Some(receiver))),
        })
    }

    /// The next batch; null behind the last one.
    #[napi(ts_return_type = "Promise<NativeBatch | null>")]
    pub fn next(&self) -> AsyncTask<Next> {
        AsyncTask::new(Next {
            receiver: Arc::clone(&self.receiver),
        })
    }

    /// Ends the walk: without a receiver no thread waits for a reader. Not while a batch is being waited for.
    #[napi]
    pub fn close(&self) {
        self.control.cancelled.store(true, Ordering::Relaxed);
        if let Ok(mut receiver) = self.receiver.try_lock() {
            receiver.take();
        }
    }
}

fn run(root: &std::path::Path, request: &Request, control: &Control, sender: &SyncSender<Message>) {
    let take = |batch| {
        if sender.send(Message::Batch(batch)).is_err() {
            // Nobody reads any more.
            control.cancelled.store(true, Ordering::Relaxed);
        }
    };
    let ended = walk(root, request, control, &take).map_err(|error| walk_fault(&error));
    drop(sender.send(Message::End(ended)));
}

pub struct Next {
    /// None once the walk is closed.
    receiver: Arc<Mutex<Option<Receiver<Message>>>>,
}

impl Task for Next {
    type Output = Option<(Batch, Vec<Problem>)>;
    type JsValue = Option<BatchJs>;

    fn compute(&mut self) -> Result<Self::Output> {
        let receiver = self.receiver.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(receiver) = receiver.as_ref() else {
            return Ok(None);
        };
        match receiver.recv() {
            Ok(Message::Batch(batch)) => Ok(Some((batch, Vec::new()))),
            Ok(Message::End(ended)) => {
                let problems = ended?;
                Ok((!problems.is_empty()).then(|| (Batch::default(), problems)))
            }
            Err(_) => Ok(None),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "no file has 2^53 bytes")]
    fn resolve(&mut self, _: Env, output: Self::Output) -> Result<Self::JsValue> {
        Ok(output.map(|(batch, problems)| {
            let mut paths = Vec::with_capacity(batch.names.len() + batch.ends.len());
            for index in 0..batch.ends.len() {
                paths.extend_from_slice(batch.path(index));
                paths.push(0);
            }
            let kind = |kind: &FileKind| match kind {
                FileKind::File => 0,
                FileKind::Link => 1,
                FileKind::Repository => 2,
            };
            let stats = batch.stats.iter();
            BatchJs {
                paths: paths.into(),
                kinds: batch.kinds.iter().map(kind).collect::<Vec<u8>>().into(),
                stats: stats
                    .flat_map(|it| [it.size as f64, it.modified_ms, f64::from(it.mode)])
                    .collect(),
                problems: problems.into_iter().map(Into::into).collect(),
            }
        }))
    }
}
