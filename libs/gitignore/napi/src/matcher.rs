//! Answers about single paths.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fishplate_gitignore::{Decision, IndexFile, Matcher, Tracked};
use napi::Result;
use napi::bindgen_prelude::{AsyncTask, Buffer, Env, Task};
use napi_derive::napi;

use crate::{open_fault, path_of, pieces, repository_fault};

#[napi(object, js_name = "NativeDecision", object_from_js = false)]
pub struct DecisionJs {
    pub source: Buffer,
    pub line: u32,
    pub pattern: Buffer,
    pub negated: bool,
}

impl From<Decision> for DecisionJs {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "ignore files are under 100 MiB"
    )]
    fn from(decision: Decision) -> Self {
        Self {
            source: decision.source.into(),
            line: decision.line as u32,
            pattern: decision.pattern.into(),
            negated: decision.negated,
        }
    }
}

/// Keeps what it has read.
#[napi(js_name = "NativeMatcher")]
pub struct MatcherJs {
    matcher: Arc<Mutex<Matcher>>,
}

#[napi]
impl MatcherJs {
    #[napi(constructor)]
    pub fn new(root: String, extra_files: Buffer) -> Result<Self> {
        let matcher = Matcher::open(&path_of(&root)?, &pieces(&extra_files));
        let matcher = matcher.map_err(|error| open_fault(&error))?;
        Ok(Self {
            matcher: Arc::new(Mutex::new(matcher)),
        })
    }

    #[napi(getter)]
    pub fn has_repository(&self) -> bool {
        self.lock().scope().repository.is_some()
    }

    #[napi]
    pub fn is_ignored(&self, path: Buffer, is_directory: Option<bool>) -> bool {
        self.lock().is_ignored(&path, is_directory)
    }

    /// A byte for each of the paths joined by NULs: 1 where it is ignored. A slash at its end says that one is a directory;
    /// without one it is none.
    #[napi]
    pub fn are_ignored(&self, paths: Buffer) -> Buffer {
        let bytes: &[u8] = &paths;
        let mut matcher = self.lock();
        let answers = bytes.split(|&byte| byte == 0).map(|path| {
            let bare = path.strip_suffix(b"/");
            u8::from(matcher.is_ignored(bare.unwrap_or(path), Some(bare.is_some())))
        });
        answers.collect::<Vec<u8>>().into()
    }

    /// Whether a listing has a path; one with a slash at its end is a repository that is not tracked.
    #[napi]
    pub fn is_listed(&self, path: Buffer) -> Result<bool> {
        let answer = self.lock().is_listed(&path);
        answer.map_err(|error| repository_fault(&error))
    }

    /// Whether it stays listed though it is gone.
    #[napi]
    pub fn is_tracked(&self, path: Buffer) -> Result<bool> {
        let answer = self.lock().is_tracked(&path);
        answer.map_err(|error| repository_fault(&error))
    }

    /// Whether a listing gets into a directory.
    #[napi]
    pub fn is_reached(&self, directory: Buffer) -> Result<bool> {
        let answer = self.lock().is_reached(&directory);
        answer.map_err(|error| repository_fault(&error))
    }

    #[napi]
    pub fn explain(&self, path: Buffer, is_directory: Option<bool>) -> Option<DecisionJs> {
        self.lock().explain(&path, is_directory).map(Into::into)
    }

    /// Whether more than the paths, which are joined by NULs, may be listed otherwise than before.
    #[napi]
    pub fn refresh(&self, paths: Buffer) -> Result<bool> {
        let answer = self.lock().refresh(&pieces(&paths));
        answer.map_err(|error| open_fault(&error))
    }

    /// Forgets everything.
    #[napi]
    pub fn refresh_all(&self) -> Result<()> {
        let answer = self.lock().refresh_all();
        answer.map_err(|error| open_fault(&error))
    }

    /// Reads the index on a thread of the pool, where it was not read yet.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn read_index(&self) -> AsyncTask<ReadIndex> {
        AsyncTask::new(ReadIndex {
            unread: self.lock().unread_index(),
            matcher: Arc::clone(&self.matcher),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Matcher> {
        self.matcher.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub struct ReadIndex {
    unread: Option<(IndexFile, u64)>,
    matcher: Arc<Mutex<Matcher>>,
}

impl Task for ReadIndex {
    type Output = Option<Tracked>;
    type JsValue = ();

    fn compute(&mut self) -> Result<Self::Output> {
        let tracked = self.unread.as_ref().map(|(file, _)| file.read());
        tracked
            .transpose()
            .map_err(|error| repository_fault(&error))
    }

    fn resolve(&mut self, _: Env, tracked: Self::Output) -> Result<()> {
        if let (Some(tracked), Some((_, generation))) = (tracked, &self.unread) {
            let mut matcher = self.matcher.lock().unwrap_or_else(PoisonError::into_inner);
            matcher.use_index(tracked, *generation);
        }
        Ok(())
    }
}
