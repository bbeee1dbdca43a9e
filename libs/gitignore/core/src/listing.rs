//! All files at once, sorted.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
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

/// All files below `root`, sorted by the bytes of their paths, each once, and what could not be read.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use fishplate_gitignore::{Control, Request, list};
///
/// let root = std::env::temp_dir().join(format!("fishplate-list-{}", std::process::id()));
/// std::fs::create_dir_all(&root)?;
/// for (name, content) in [(".gitignore", "*.log\n"), ("a", ""), ("b.log", "")] {
///     std::fs::write(root.join(name), content)?;
/// }
/// let listing = list(&root, &Request::default(), &Control::default())?;
/// assert_eq!(listing.paths, b".gitignore\0a\0");
/// # std::fs::remove_dir_all(&root)?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`WalkError`].
pub fn list(root: &Path, request: &Request, control: &Control) -> Result<Listing, WalkError> {
    let runs = Mutex::new(Vec::new());
    let take = |batch: Batch| {
        // Each thread sorts what it found; what is left is to merge a few sorted runs.
        if !control.cancelled.load(std::sync::atomic::Ordering::Relaxed) {
            let run = Run::new(&batch);
            runs.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(run);
        }
    };
    let problems = walk(root, request, control, &take)?;
    let runs = runs.into_inner().unwrap_or_else(PoisonError::into_inner);
    let (paths, count) = merged(runs);
    Ok(Listing {
        count,
        paths,
        problems,
    })
}

/// Sorted paths, each with a NUL behind it.
#[derive(Debug, PartialEq, Eq)]
struct Run {
    paths: Vec<u8>,
    /// Where the first path begins that is not taken yet, and where it ends.
    start: usize,
    end: usize,
    count: usize,
}

impl Run {
    fn new(batch: &Batch) -> Self {
        let mut order: Vec<usize> = (0..batch.ends.len()).collect();
        order.sort_unstable_by_key(|&index| batch.path(index));
        order.dedup_by_key(|index| batch.path(*index));
        let mut paths = Vec::with_capacity(batch.names.len() + order.len());
        for &index in &order {
            paths.extend_from_slice(batch.path(index));
            paths.push(0);
        }
        let mut run = Self {
            paths,
            start: 0,
            end: 0,
            count: order.len(),
        };
        run.end = run.end_of(0);
        run
    }

    fn end_of(&self, start: usize) -> usize {
        let rest = &self.paths[start..];
        start
            + rest
                .iter()
                .position(|&byte| byte == 0)
                .unwrap_or(rest.len())
    }

    fn first(&self) -> &[u8] {
        &self.paths[self.start..self.end]
    }

    /// Goes on to the next path. False where there is none.
    fn advance(&mut self) -> bool {
        self.start = self.end + 1;
        if self.start >= self.paths.len() {
            return false;
        }
        self.end = self.end_of(self.start);
        true
    }
}

impl Ord for Run {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.first().cmp(other.first())
    }
}

impl PartialOrd for Run {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// All paths of sorted runs in order, each once, and how many. A run is freed as soon as it is empty.
fn merged(mut runs: Vec<Run>) -> (Vec<u8>, usize) {
    if runs.len() <= 1 {
        let only = runs.pop();
        return only.map_or((Vec::new(), 0), |run| (run.paths, run.count));
    }
    let mut paths: Vec<u8> = Vec::with_capacity(runs.iter().map(|run| run.paths.len()).sum());
    let mut last = 0;
    let mut count = 0;
    let mut runs: BinaryHeap<Reverse<Run>> = runs.into_iter().map(Reverse).collect();
    while let Some(mut least) = runs.peek_mut() {
        let run = &mut least.0;
        if count == 0 || paths[last..paths.len() - 1] != *run.first() {
            last = paths.len();
            paths.extend_from_slice(run.first());
            paths.push(0);
            count += 1;
        }
        if !run.advance() {
            std::collections::binary_heap::PeekMut::pop(least);
        }
    }
    (paths, count)
}

#[cfg(test)]
mod tests {
    use super::{Run, merged};
    use crate::found::{Batch, FileKind};

    #[test]
    fn runs_are_merged_in_order_and_each_path_comes_once() {
        let run = |paths: &[&str]| {
            let mut batch = Batch::default();
            for path in paths {
                batch.push(path.as_bytes(), FileKind::File, None);
            }
            Run::new(&batch)
        };
        let runs = vec![
            run(&["b", "a/c", "a"]),
            run(&["a-b", "a"]),
            run(&["z", "z"]),
        ];
        assert_eq!(merged(runs), (b"a\0a-b\0a/c\0b\0z\0".to_vec(), 5));
        assert_eq!(merged(vec![run(&["b", "a"])]), (b"a\0b\0".to_vec(), 2));
        assert_eq!(merged(Vec::new()), (Vec::new(), 0));
    }
}
