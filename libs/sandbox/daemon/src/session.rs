//! What one client has opened and runs, and the methods that it calls.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fishplate_sandbox::{
    Enforcement, EnvPolicy, FileKind, Inherit, Intent, OpenError, Policy, Require, Sandbox,
    Supervisor, WriteOptions,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::fault::{Fault, INVALID_REQUEST, METHOD_NOT_FOUND};
use crate::message::{Request, answer, from_base64, refusal, to_base64};
use crate::outgoing::{FLOW_BYTES, MOST_BYTES, Outgoing};
use crate::run::{Runs, StartParams};

/// The version that a client must have.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Sandboxes of one client at once.
pub const MOST_SANDBOXES: usize = 256;

/// The largest file that is read, in bytes: as base64 it fits a message.
pub const MOST_FILE_BYTES: u64 = 32 << 20;

/// Names of a directory that are listed.
const MOST_NAMES: usize = 100_000;

/// File actions of one client at once; one more waits, and all requests after it.
const MOST_FILE_THREADS: usize = 4;

/// How long commands have to be gone when they are ended; what is left then is the supervisor's.
const LAST_COMMANDS: Duration = Duration::from_secs(5);

/// What is to be done after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// The next one.
    Continue,
    /// The daemon ends.
    Shutdown,
}

/// One client. Dropping it ends all that it runs, and waits until that is gone.
#[derive(Debug)]
pub struct Session {
    supervisor: Arc<Supervisor>,
    helper: Arc<Path>,
    outgoing: Arc<Outgoing>,
    sandboxes: HashMap<u64, Arc<Sandbox>>,
    last_sandbox: u64,
    runs: Runs,
    file_threads: Arc<AtomicUsize>,
    is_initialized: bool,
}

impl Session {
    /// A client that has not said which version it is.
    pub fn new(supervisor: Arc<Supervisor>, helper: Arc<Path>, outgoing: Arc<Outgoing>) -> Self {
        Self {
            supervisor,
            helper,
            runs: Runs::new(Arc::clone(&outgoing)),
            outgoing,
            sandboxes: HashMap::new(),
            last_sandbox: 0,
            file_threads: Arc::default(),
            is_initialized: false,
        }
    }

    /// Whether the client has said which version it is.
    pub fn is_initialized(&self) -> bool {
        self.is_initialized
    }

    /// Does what a body asks for; the answer goes to the queue, at once or later.
    pub fn handle(&mut self, body: &[u8]) -> Then {
        let request = match Request::parse(body) {
            Ok(request) => request,
            Err(fault) => {
                if self.outgoing.wait_for_room(FLOW_BYTES) {
                    self.outgoing.send(refusal(None, &fault));
                }
                return Then::Continue;
            }
        };
        if !self.outgoing.wait_for_room(room_for(&request.method)) {
            return Then::Continue;
        }
        let reply = Reply {
            id: request.id.map(ToOwned::to_owned),
            outgoing: Arc::clone(&self.outgoing),
        };
        match self.call(&request, reply.clone()) {
            Ok(then) => then,
            Err(fault) => {
                reply.refuse(&fault);
                Then::Continue
            }
        }
    }

    fn call(&mut self, request: &Request<'_>, reply: Reply) -> Result<Then, Fault> {
        let method = &*request.method;
        if !self.is_initialized && method != "initialize" {
            let message = format!("{method} was called before initialize");
            return Err(Fault::of_request(INVALID_REQUEST, message));
        }
        match method {
            "initialize" => reply.give(&self.initialize(&request.params()?)?),
            "open" => reply.give(&self.open(&request.params()?)?),
            "evaluate" => reply.give(&self.evaluate(&request.params()?)?),
            "updateGrants" => reply.give(&self.update_grants(&request.params()?)?),
            "readFile" => self.read_file(request.params()?, reply)?,
            "writeFile" => self.write_file(request.params()?, reply)?,
            "list" => self.list(request.params()?, reply)?,
            "start" => reply.give(&self.start(request.params()?)?),
            "input" => reply.give(&self.runs.input(&request.params()?)?),
            "kill" => {
                let RunParams { run } = request.params()?;
                self.runs.kill(run);
                reply.give(&());
            }
            "close" => reply.give(&self.close(&request.params()?)?),
            "shutdown" => {
                let NoParams {} = request.params()?;
                reply.give(&());
                return Ok(Then::Shutdown);
            }
            _ => {
                let message = format!("there is no method {method:?}");
                return Err(Fault::of_request(METHOD_NOT_FOUND, message));
            }
        }
        Ok(Then::Continue)
    }

    fn initialize(&mut self, params: &InitializeParams) -> Result<Initialized, Fault> {
        if params.version != VERSION {
            return Err(Fault::of_version(&params.version, VERSION));
        }
        self.is_initialized = true;
        Ok(Initialized {
            version: VERSION,
            pid: std::process::id(),
        })
    }

    fn open(&mut self, params: &OpenParams<'_>) -> Result<Opened, Fault> {
        if self.sandboxes.len() >= MOST_SANDBOXES {
            let message = format!("{MOST_SANDBOXES} sandboxes are open: close one first");
            return Err(Fault::failed("OPTION_INVALID", message));
        }
        let policy = without_variables(params.policy.map_or("{}", RawValue::get))?;
        let home = params.home.as_deref().map(Path::new);
        let sandbox = Sandbox::open(Path::new(&params.workspace), &policy, home, &self.helper)?;
        if let Some(grants) = params.grants {
            sandbox.update_grants(grants.get())?;
        }
        let enforcement = sandbox.enforcement()?;
        let workspace = sandbox.rules().workspace.to_str().ok_or_else(|| {
            Fault::failed(
                "WORKSPACE_INVALID",
                "the workspace, free of links, is not of UTF-8",
            )
        })?;
        let opened = Opened {
            sandbox: self.last_sandbox + 1,
            workspace: workspace.to_owned(),
            level: enforcement.meets(),
            enforcement,
        };
        self.last_sandbox = opened.sandbox;
        self.sandboxes.insert(opened.sandbox, Arc::new(sandbox));
        Ok(opened)
    }

    fn evaluate(&self, params: &EvaluateParams) -> Result<impl Serialize + use<>, Fault> {
        let sandbox = self.sandbox(params.sandbox)?;
        let path = Path::new(&params.path);
        Ok(sandbox.files().evaluate(path, params.intent)?)
    }

    fn update_grants(&self, params: &GrantParams<'_>) -> Result<(), Fault> {
        self.sandbox(params.sandbox)?
            .update_grants(params.grants.get())?;
        Ok(())
    }

    fn read_file(&self, params: ReadParams, reply: Reply) -> Result<(), Fault> {
        let most = params.max_bytes.unwrap_or(MOST_FILE_BYTES);
        self.on_file(params.sandbox, reply, move |sandbox| {
            let most = most.min(MOST_FILE_BYTES);
            let content = sandbox.files().read_file(Path::new(&params.path), most)?;
            Ok(Content {
                data: to_base64(&content),
            })
        })
    }

    fn write_file(&self, params: WriteParams, reply: Reply) -> Result<(), Fault> {
        let data = from_base64(&params.data, "data")?;
        self.on_file(params.sandbox, reply, move |sandbox| {
            let path = Path::new(&params.path);
            sandbox
                .files()
                .write_file(path, &data, WriteOptions::default())?;
            Ok(())
        })
    }

    fn list(&self, params: PathParams, reply: Reply) -> Result<(), Fault> {
        self.on_file(params.sandbox, reply, move |sandbox| {
            let listing = sandbox.files().list(Path::new(&params.path), MOST_NAMES)?;
            let entries = listing.entries.into_iter().map(|entry| Entry {
                name: entry.name.to_string_lossy().into_owned(),
                kind: kind_name(entry.kind),
            });
            Ok(Entries {
                entries: entries.collect(),
            })
        })
    }

    fn start(&self, params: StartParams) -> Result<(), Fault> {
        let sandbox = self.sandbox(params.sandbox)?;
        self.runs.start(&self.supervisor, sandbox, params)
    }

    fn close(&mut self, params: &SandboxParams) -> Result<(), Fault> {
        self.sandbox(params.sandbox)?;
        self.sandboxes.remove(&params.sandbox);
        self.runs.kill_of(params.sandbox);
        Ok(())
    }

    fn sandbox(&self, id: u64) -> Result<&Arc<Sandbox>, Fault> {
        let closed = || Fault::failed("SANDBOX_CLOSED", format!("no sandbox {id} is open"));
        self.sandboxes.get(&id).ok_or_else(closed)
    }

    /// On a thread of its own: a slow disk must not keep a `kill` from being read.
    fn on_file<Answer: Serialize>(
        &self,
        sandbox: u64,
        reply: Reply,
        act: impl FnOnce(&Sandbox) -> Result<Answer, Fault> + Send + 'static,
    ) -> Result<(), Fault> {
        let sandbox = Arc::clone(self.sandbox(sandbox)?);
        let work = move || match act(&sandbox) {
            Ok(answer) => reply.give(&answer),
            Err(fault) => reply.refuse(&fault),
        };
        if self.file_threads.load(Ordering::Acquire) >= MOST_FILE_THREADS {
            work();
            return Ok(());
        }
        let place = FileThread::take(&self.file_threads);
        let spawned = std::thread::Builder::new().spawn(move || {
            let _place = place;
            work();
        });
        spawned
            .map(drop)
            .map_err(|error| Fault::failed("IO", format!("no thread for the file: {error}")))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.runs.end_all(LAST_COMMANDS);
    }
}

/// A policy under which a command has the variables that its client sends, and none of this process.
fn without_variables(policy: &str) -> Result<String, Fault> {
    let mut policy = Policy::from_json(policy).map_err(OpenError::from)?;
    policy.env = EnvPolicy {
        inherit: Inherit::None,
        ..EnvPolicy::default()
    };
    serde_json::to_string(&policy).map_err(|error| Fault::failed("ENGINE_FAULT", error.to_string()))
}

/// What may wait for the client when a request is done: one that ends something is not held up by output.
fn room_for(method: &str) -> usize {
    match method {
        "kill" | "close" | "shutdown" => MOST_BYTES,
        _ => FLOW_BYTES,
    }
}

/// Where an answer goes; nowhere for a notification.
#[derive(Clone, Debug)]
struct Reply {
    id: Option<Box<RawValue>>,
    outgoing: Arc<Outgoing>,
}

impl Reply {
    fn give(&self, result: &impl Serialize) {
        let Some(id) = &self.id else { return };
        match answer(id, result) {
            Ok(body) => self.outgoing.send(body),
            Err(error) => self.refuse(&Fault::failed("ENGINE_FAULT", error.to_string())),
        }
    }

    fn refuse(&self, fault: &Fault) {
        if let Some(id) = &self.id {
            self.outgoing.send(refusal(Some(id), fault));
        }
    }
}

/// Counts a thread as long as it works, also where it panics.
struct FileThread(Arc<AtomicUsize>);

impl FileThread {
    fn take(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(count))
    }
}

impl Drop for FileThread {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

fn kind_name(kind: FileKind) -> &'static str {
    match kind {
        FileKind::File => "file",
        FileKind::Directory => "directory",
        FileKind::Link => "link",
        FileKind::Other => "other",
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoParams {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InitializeParams {
    version: String,
}

#[derive(Serialize)]
struct Initialized {
    version: &'static str,
    pid: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenParams<'body> {
    workspace: String,
    #[serde(borrow, default)]
    policy: Option<&'body RawValue>,
    #[serde(borrow, default)]
    grants: Option<&'body RawValue>,
    #[serde(default)]
    home: Option<String>,
}

#[derive(Serialize)]
struct Opened {
    sandbox: u64,
    workspace: String,
    enforcement: Enforcement,
    level: Require,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EvaluateParams {
    sandbox: u64,
    path: String,
    intent: Intent,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GrantParams<'body> {
    sandbox: u64,
    #[serde(borrow)]
    grants: &'body RawValue,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ReadParams {
    sandbox: u64,
    path: String,
    #[serde(default)]
    max_bytes: Option<u64>,
}

#[derive(Serialize)]
struct Content {
    data: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WriteParams {
    sandbox: u64,
    path: String,
    data: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PathParams {
    sandbox: u64,
    path: String,
}

#[derive(Serialize)]
struct Entries {
    entries: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    name: String,
    kind: &'static str,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RunParams {
    run: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SandboxParams {
    sandbox: u64,
}
