//! All files at once, sorted.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::found::{Batch, Problem};
use crate::request::{Control, Request};
use crate::walk::{WalkError, walk};

/// A sorted listing.
#[derive(Debug)]
pub struct Listing {
    /// Each path with a NUL behind it.
    pub paths: Vec<u8>,
    /// How many.
    pub count: usize,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

/// All files below `root`, sorted by the bytes of their paths, and what could not be read.
///
/// # Errors
///
/// [`WalkError`].
pub fn list(root: &Path, request: &Request, control: &Control) -> Result<Listing, WalkError> {
    let batches = Mutex::new(Vec::new());
    // Each thread sorts what it found; what is left is to merge a few sorted runs.
    let take = |batch: Batch| {
        let mut order: Vec<usize> = (0..batch.ends.len()).collect();
        order.sort_unstable_by_key(|&index| batch.path(index));
        batches
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((batch, order));
    };
    let problems = walk(root, request, control, &take)?;
    let batches = batches.into_inner().unwrap_or_else(PoisonError::into_inner);
    let bytes = batches
        .iter()
        .map(|(batch, order)| batch.names.len() + order.len())
        .sum();
    let mut order: Vec<&[u8]> =
        Vec::with_capacity(batches.iter().map(|(_, order)| order.len()).sum());
    for (batch, sorted) in &batches {
        order.extend(sorted.iter().map(|&index| batch.path(index)));
    }
    order.sort();
    order.dedup();
    let mut paths = Vec::with_capacity(bytes);
    for path in &order {
        paths.extend_from_slice(path);
        paths.push(0);
    }
    Ok(Listing {
        count: order.len(),
        paths,
        problems,
    })
}
