//! A daemon in a directory of its own, and clients that speak to it.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use fishplate_sandboxd::frame::frame;
use serde_json::{Value, json};

pub const DAEMON: &str = env!("CARGO_BIN_EXE_fishplate-sandboxd");

/// The helper, built once as it ships.
pub fn helper() -> &'static Path {
    static HELPER: OnceLock<PathBuf> = OnceLock::new();
    HELPER.get_or_init(|| {
        if let Some(built) = std::env::var_os("FISHPLATE_SANDBOX_HELPER") {
            return built.into();
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
        let target = std::env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| root.join("target"), PathBuf::from)
            .join("static");
        let built = Command::new(env!("CARGO"))
            .current_dir(&root)
            .args([
                "rustc",
                "--quiet",
                "--release",
                "--package",
                "fishplate-sandbox-helper",
            ])
            .args(["--bin", "fishplate-sandbox-helper", "--target-dir"])
            .arg(&target)
            .args(["--", "-C", "target-feature=+crt-static"])
            .args(["-C", "relocation-model=static", "-C", "panic=abort"])
            .status()
            .unwrap();
        assert!(built.success(), "the helper does not build");
        target.join("release/fishplate-sandbox-helper")
    })
}

/// A directory of mode 0700 that is gone in the end.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        static LAST: AtomicUsize = AtomicUsize::new(0);
        let name = format!(
            "sandboxd-{}-{}",
            std::process::id(),
            LAST.fetch_add(1, Ordering::Relaxed)
        );
        let path = fs::canonicalize(std::env::temp_dir()).unwrap().join(name);
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        Self(path)
    }

    pub fn socket(&self) -> PathBuf {
        self.0.join("s")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What a daemon says that cannot serve.
pub fn refused(socket: &Path) -> Output {
    Command::new(DAEMON)
        .arg("--socket")
        .arg(socket)
        .arg("--helper")
        .arg(helper())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

pub struct Daemon {
    pub process: Child,
    pub folder: Folder,
}

impl Daemon {
    /// One that serves until it is ended.
    pub fn start() -> Self {
        Self::start_in(Folder::new(), &[])
    }

    pub fn start_in(folder: Folder, args: &[&str]) -> Self {
        let mut process = Command::new(DAEMON)
            .arg("--socket")
            .arg(folder.socket())
            .arg("--helper")
            .arg(helper())
            .args(args)
            .env("SECRET_OF_THE_DAEMON", "told")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        assert_eq!(line, "listening\n");
        Self { process, folder }
    }

    pub fn client(&self) -> Client {
        let mut client = self.stranger();
        let version = env!("CARGO_PKG_VERSION");
        let answer = client.call("initialize", json!({ "version": version }));
        assert_eq!(answer["pid"], self.process.id());
        client
    }

    /// A client that has not said its version.
    pub fn stranger(&self) -> Client {
        Client::new(UnixStream::connect(self.folder.socket()).unwrap())
    }

    /// Its memory, in bytes: `VmRSS` now, `VmHWM` at most.
    pub fn memory(&self, field: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(field)).unwrap();
        let kilobytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kilobytes << 10
    }

    pub fn signal(&self, name: &str) {
        let pid = self.process.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(sent.unwrap().success());
    }

    pub fn has_ended(&mut self) -> bool {
        self.process.try_wait().unwrap().is_some()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub struct Client {
    pub stream: UnixStream,
    buffer: Vec<u8>,
    last: u64,
    /// What came between answers.
    pub notes: Vec<Value>,
}

impl Client {
    fn new(stream: UnixStream) -> Self {
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        Self {
            stream,
            buffer: Vec::new(),
            last: 0,
            notes: Vec::new(),
        }
    }

    pub fn send(&mut self, body: &[u8]) {
        self.stream.write_all(&frame(body)).unwrap();
    }

    pub fn request(&mut self, method: &str, params: &Value) -> u64 {
        self.last += 1;
        let request =
            json!({ "jsonrpc": "2.0", "id": self.last, "method": method, "params": params });
        self.send(request.to_string().as_bytes());
        self.last
    }

    /// The result.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "made for the call, and read better so"
    )]
    pub fn call(&mut self, method: &str, params: Value) -> Value {
        let answer = self.answer(method, &params);
        assert!(answer.get("error").is_none(), "{answer}");
        answer["result"].clone()
    }

    /// The error.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "made for the call, and read better so"
    )]
    pub fn fail(&mut self, method: &str, params: Value) -> Value {
        self.answer(method, &params)["error"].clone()
    }

    fn answer(&mut self, method: &str, params: &Value) -> Value {
        let id = self.request(method, params);
        loop {
            let message = self.receive().expect("the daemon hung up");
            if message.get("id").is_some_and(|found| *found == id) {
                return message;
            }
            self.notes.push(message);
        }
    }

    /// The next message; none where the daemon hung up.
    pub fn receive(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = std::str::from_utf8(&self.buffer[..end]).unwrap();
                let length: usize = head
                    .strip_prefix("Content-Length: ")
                    .unwrap()
                    .parse()
                    .unwrap();
                let whole = end + 4 + length;
                if self.buffer.len() >= whole {
                    let message = serde_json::from_slice(&self.buffer[end + 4..whole]).unwrap();
                    self.buffer.drain(..whole);
                    return Some(message);
                }
            }
            let mut piece = vec![0; 1 << 20];
            match self.stream.read(&mut piece) {
                Ok(0) => return None,
                Ok(count) => self.buffer.extend_from_slice(&piece[..count]),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("{error}"),
            }
        }
    }

    pub fn open(&mut self, workspace: &Path, policy: &Value) -> u64 {
        let params = json!({ "workspace": workspace, "policy": policy });
        self.call("open", params)["sandbox"].as_u64().unwrap()
    }

    /// The end of a run, with its output.
    pub fn ended(&mut self, run: u64) -> (Value, Vec<u8>, Vec<u8>) {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let mut notes = std::mem::take(&mut self.notes).into_iter();
        loop {
            let note = notes.next().or_else(|| self.receive());
            let note = note.expect("the daemon hung up");
            let params = &note["params"];
            if params["run"] != run {
                self.notes.push(note);
                continue;
            }
            if note["method"] == "ended" {
                self.notes.extend(notes);
                return (params.clone(), stdout, stderr);
            }
            if note["method"] == "drained" {
                continue;
            }
            let data = params["data"].as_str().unwrap();
            let bytes = fishplate_sandboxd::message::from_base64(data, "data").unwrap();
            match params["stream"].as_str().unwrap() {
                "stdout" => stdout.extend(bytes),
                "stderr" => stderr.extend(bytes),
                other => panic!("{other}"),
            }
        }
    }

    pub fn run(&mut self, sandbox: u64, script: &str) -> (Value, Vec<u8>, Vec<u8>) {
        self.call("start", shell(sandbox, 1, script));
        self.ended(1)
    }
}

/// Parameters of `start`, for a script.
pub fn shell(sandbox: u64, run: u64, script: &str) -> Value {
    json!({
        "sandbox": sandbox, "run": run, "command": "/bin/sh", "args": ["-c", script],
        "env": { "PATH": "/usr/local/bin:/usr/bin:/bin" },
    })
}

/// How many processes of the machine have these words in their command line.
pub fn processes_with(word: &str) -> usize {
    let found = fs::read_dir("/proc").unwrap().flatten();
    let has_word = |path: PathBuf| {
        fs::read(path.join("cmdline")).is_ok_and(|line| {
            line.split(|&byte| byte == 0)
                .any(|arg| arg == word.as_bytes())
        })
    };
    found.filter(|entry| has_word(entry.path())).count()
}

/// Waits until it is so.
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < end, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
