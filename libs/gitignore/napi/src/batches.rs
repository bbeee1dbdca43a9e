//! Walking: batches that a thread hands over while it goes on.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::Builder;

use fishplate_gitignore::{Batch, Control, FileKind, Problem, Request, walk};
use napi::bindgen_prelude::{Buffer, Env, Float64Array, Object};
use napi::{JsDeferred, Result};
use napi_derive::napi;

use crate::walk::{ControlJs, ProblemJs, RequestJs};
use crate::{fault, path_of, walk_fault};

/// Batches that wait for the reader, at most.
const WAITING: usize = 4;

#[napi(object, js_name = "NativeBatch", object_from_js = false)]
pub struct BatchJs {
    /// Each path with a NUL behind it.
    pub paths: Buffer,
    /// A byte each: 0 file, 1 link, 2 repository.
    pub kinds: Buffer,
    /// Size, modification time in ms and mode of each, NaN where there are none; empty unless asked for.
    pub stats: Float64Array,
    /// With the last batch.
    pub problems: Vec<ProblemJs>,
}

impl BatchJs {
    #[expect(clippy::cast_precision_loss, reason = "no file has 2^53 bytes")]
    fn new(batch: &Batch, problems: Vec<Problem>) -> Self {
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
        let stats = batch.stats.iter().flat_map(|stats| match stats {
            Some(it) => [it.size as f64, it.modified_ms, f64::from(it.mode)],
            None => [f64::NAN; 3],
        });
        Self {
            paths: paths.into(),
            kinds: batch.kinds.iter().map(kind).collect::<Vec<u8>>().into(),
            stats: stats.collect::<Vec<f64>>().into(),
            problems: problems.into_iter().map(Into::into).collect(),
        }
    }
}

/// What a walk hands over: a batch, or how it ended.
enum Message {
    Batch(Batch),
    End(Result<Vec<Problem>>),
}

impl Message {
    fn settle(self, waiting: Waiting) {
        let (batch, problems) = match self {
            Self::Batch(batch) => (batch, Vec::new()),
            Self::End(Ok(problems)) if problems.is_empty() => {
                return waiting.resolve(Box::new(|_| Ok(None)));
            }
            Self::End(Ok(problems)) => (Batch::default(), problems),
            Self::End(Err(error)) => return waiting.reject(error),
        };
        waiting.resolve(Box::new(move |_| Ok(Some(BatchJs::new(&batch, problems)))));
    }
}

/// A promise of the next batch.
type Waiting = JsDeferred<Option<BatchJs>, Answer>;
type Answer = Box<dyn FnOnce(Env) -> Result<Option<BatchJs>>>;

/// Where the walk leaves its batches, and the reader its promise: nobody waits for them on a thread of Node's pool.
#[derive(Default)]
struct Exchange {
    state: Mutex<State>,
    taken: Condvar,
}

#[derive(Default)]
struct State {
    messages: VecDeque<Message>,
    waiting: Option<Waiting>,
    is_closed: bool,
}

impl Exchange {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands over what the walk has, once there is room for it. False where nobody reads any more.
    fn give(&self, message: Message) -> bool {
        let mut state = self.lock();
        while !state.is_closed && state.messages.len() >= WAITING {
            state = self
                .taken
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if state.is_closed {
            return false;
        }
        // Behind the end every question is answered at once, also one that comes before this thread goes on.
        state.is_closed = matches!(message, Message::End(_));
        match state.waiting.take() {
            Some(waiting) => message.settle(waiting),
            None => state.messages.push_back(message),
        }
        true
    }

    fn ask(&self, waiting: Waiting) {
        let mut state = self.lock();
        if let Some(message) = state.messages.pop_front() {
            self.taken.notify_all();
            message.settle(waiting);
        } else if state.is_closed {
            waiting.resolve(Box::new(|_| Ok(None)));
        } else if state.waiting.is_some() {
            waiting.reject(fault("ENGINE_FAULT", "a batch is being waited for already"));
        } else {
            state.waiting = Some(waiting);
        }
    }

    fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        state.messages.clear();
        self.taken.notify_all();
        if let Some(waiting) = state.waiting.take() {
            waiting.resolve(Box::new(|_| Ok(None)));
        }
    }
}

/// A walk that runs while its batches are read.
#[napi(js_name = "NativeWalk")]
pub struct WalkJs {
    control: Arc<Control>,
    exchange: Arc<Exchange>,
}

#[napi]
impl WalkJs {
    #[napi(constructor)]
    pub fn new(root: String, request: RequestJs, batch: u32, control: &ControlJs) -> Result<Self> {
        let root = path_of(&root)?;
        let request = request.request(batch as usize);
        let control = Arc::clone(&control.control);
        let exchange = Arc::new(Exchange::default());
        let (own, its) = (Arc::clone(&control), Arc::clone(&exchange));
        Builder::new()
            .name("fishplate-walk".to_owned())
            .spawn(move || run(&root, &request, &own, &its))
            .map_err(|error| {
                fault(
                    "ENGINE_FAULT",
                    format!("no thread can be started: {error}; listFiles needs none"),
                )
            })?;
        Ok(Self { control, exchange })
    }

    /// The next batch; null behind the last one.
    #[napi(ts_return_type = "Promise<NativeBatch | null>")]
    pub fn next<'env>(&self, env: &'env Env) -> Result<Object<'env>> {
        let (waiting, promise) = env.create_deferred::<Option<BatchJs>, Answer>()?;
        self.exchange.ask(waiting);
        Ok(promise)
    }

    /// Ends the walk: no thread waits for a reader any more, and a promise that is waited for is null.
    #[napi]
    pub fn close(&self) {
        self.control.cancelled.store(true, Ordering::Relaxed);
        self.exchange.close();
    }
}

impl Drop for WalkJs {
    fn drop(&mut self) {
        self.close();
    }
}

fn run(root: &Path, request: &Request, control: &Control, exchange: &Exchange) {
    let take = |batch| {
        if !exchange.give(Message::Batch(batch)) {
            control.cancelled.store(true, Ordering::Relaxed);
        }
    };
    let ended = catch_unwind(AssertUnwindSafe(|| walk(root, request, control, &take)));
    let ended = match ended {
        Ok(ended) => ended.map_err(|error| walk_fault(&error)),
        Err(_) => Err(fault("ENGINE_FAULT", "the walk panicked")),
    };
    exchange.give(Message::End(ended));
}
