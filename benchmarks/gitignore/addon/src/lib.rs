//! Bench addon: `fishplate-gitignore` and the `ignore` crate on the same tree in the same process.
#![allow(missing_docs, reason = "an addon of one benchmark")]
#![allow(
    clippy::needless_pass_by_value,
    reason = "Node-API functions take what was converted for them"
)]

use std::path::Path;
use std::sync::Mutex;

use fishplate_gitignore::{Control, Request, list, path_bytes};
use ignore::{WalkBuilder, WalkState};
use napi::bindgen_prelude::{Buffer, Error, Result};
use napi_derive::napi;

/// NUL-joined, sorted: what `@fishplate/gitignore` hands to JavaScript.
#[napi]
pub fn fishplate(root: String) -> Result<Buffer> {
    list(Path::new(&root), &Request::default(), &Control::default())
        .map(|listing| listing.paths.into())
        .map_err(|error| Error::from_reason(error.to_string()))
}

/// The same by the parallel walk of the `ignore` crate.
#[napi]
pub fn ignore_crate(root: String) -> Buffer {
    let all = Mutex::new(Vec::new());
    let walk = WalkBuilder::new(&root)
        .hidden(false)
        .ignore(false)
        .threads(2)
        .build_parallel();
    walk.run(|| {
        let mut own = Own {
            paths: Vec::new(),
            all: &all,
        };
        let root = root.clone();
        Box::new(move |entry| {
            if let Ok(entry) = entry
                && entry.file_type().is_some_and(|kind| !kind.is_dir())
            {
                let path = entry.path().strip_prefix(&root).unwrap_or(entry.path());
                own.paths.push(path_bytes(path).into_owned());
            }
            WalkState::Continue
        })
    });
    let mut paths = all.into_inner().unwrap_or_default();
    paths.sort_unstable();
    let mut joined = paths.join(&0);
    joined.push(0);
    joined.into()
}

/// What one thread found, given to all at its end.
struct Own<'all> {
    paths: Vec<Vec<u8>>,
    all: &'all Mutex<Vec<Vec<u8>>>,
}

impl Drop for Own<'_> {
    fn drop(&mut self) {
        if let Ok(mut all) = self.all.lock() {
            all.append(&mut self.paths);
        }
    }
}
