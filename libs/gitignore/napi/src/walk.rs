//! Listing, and what listing and walking share.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use fishplate_gitignore::{Control, Listing, Problem, Request, list};
use napi::Result;
use napi::bindgen_prelude::{AsyncTask, Buffer, Env, Task};
use napi_derive::napi;

use crate::{path_of, pieces, walk_fault};

#[napi(object, js_name = "NativeRequest", object_to_js = false)]
pub struct RequestJs {
    pub hidden: bool,
    pub tracked: bool,
    pub follow_links: bool,
    /// Joined by NULs.
    pub extra_files: Buffer,
    pub deleted: bool,
    pub globs: Buffer,
    pub types: Buffer,
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
    pub(crate) fn request(&self, batch: usize) -> Request {
        Request {
            hidden: self.hidden,
            tracked: self.tracked,
            follow_links: self.follow_links,
            extra_files: pieces(&self.extra_files),
            deleted: self.deleted,
            globs: pieces(&self.globs),
            types: pieces(&self.types),
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
    /// The number that the system gave, where it gave one.
    pub errno: Option<i32>,
}

impl From<Problem> for ProblemJs {
    fn from(problem: Problem) -> Self {
        Self {
            path: problem.path.into(),
            message: problem.error.to_string(),
            errno: problem.error.raw_os_error(),
        }
    }
}

/// Ends a walk from outside, and tells how far it is.
#[napi(js_name = "WalkControl")]
#[derive(Default)]
pub struct ControlJs {
    pub(crate) control: Arc<Control>,
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
