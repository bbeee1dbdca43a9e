//! A whole workspace, and what changed in it.

use std::fs::{canonicalize, read_dir};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use crate::error::SymbolsError;
use crate::extract::Extractor;
use crate::extract_disk::skip;
use crate::extract_files::{ExtractControl, ExtractOptions, ExtractReport, extract_files};
use crate::index::{FileSymbols, SymbolIndex};

/// Directories that are not entered where the caller names no files.
const LEFT_OUT: [&str; 2] = [".git", "node_modules"];

/// Why there is no index.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// The root is no directory that can be read.
    #[error("{} is no directory that can be read: {message}", path.display())]
    Root {
        /// The root.
        path: PathBuf,
        /// Words of the system.
        message: String,
    },
    /// It was cancelled.
    #[error("it was cancelled")]
    Cancelled,
    /// The index does not take what was found.
    #[error(transparent)]
    Index(#[from] SymbolsError),
}

/// Indexes the files below a directory: those given, by paths relative to it with `/` between their parts, or all that a
/// plain walk finds, without `.git`, `node_modules` and links.
///
/// # Errors
///
/// [`WorkspaceError`]. Files that cannot be read are none: they are in the report.
pub fn index_workspace(
    root: &Path,
    files: Option<Vec<String>>,
    options: ExtractOptions,
    control: &ExtractControl,
) -> Result<(SymbolIndex, ExtractReport), WorkspaceError> {
    let root = directory(root)?;
    let mut walked = ExtractReport::default();
    let files = match files {
        Some(files) => {
            control.total.store(files.len(), Ordering::Relaxed);
            files
        }
        None => walk(&root, control, &mut walked)?,
    };
    let mut index = SymbolIndex::new();
    let mut refused = None;
    let mut take = |_, file: Option<FileSymbols>| {
        if let Some(file) = file
            && refused.is_none()
            && let Err(error) = index.update_file(&file.path, &file.symbols, &file.references)
        {
            refused = Some(error);
            control.cancelled.store(true, Ordering::Relaxed);
        }
    };
    let mut report = extract_files(&root, &files, options, control, &mut take);
    if let Some(error) = refused {
        return Err(error.into());
    }
    if control.is_cancelled() {
        return Err(WorkspaceError::Cancelled);
    }
    report.other_languages += walked.other_languages;
    report.skipped += walked.skipped;
    report.named.splice(0..0, walked.named);
    Ok((index, report))
}

/// Reads files again, for an index that is to have what is in them now. Gives what they have, and the paths of those that
/// it should forget.
///
/// # Errors
///
/// [`WorkspaceError`].
pub fn refresh_files(
    root: &Path,
    files: &[String],
    options: ExtractOptions,
    control: &ExtractControl,
) -> Result<(Vec<FileSymbols>, Vec<String>, ExtractReport), WorkspaceError> {
    let root = directory(root)?;
    control.total.store(files.len(), Ordering::Relaxed);
    let (mut found, mut lost) = (Vec::new(), Vec::new());
    let mut take = |path, file: Option<FileSymbols>| match file {
        Some(file) => found.push(file),
        None => lost.push(path),
    };
    let report = extract_files(&root, files, options, control, &mut take);
    if control.is_cancelled() {
        return Err(WorkspaceError::Cancelled);
    }
    Ok((found, lost, report))
}

fn directory(root: &Path) -> Result<PathBuf, WorkspaceError> {
    let refuse = |message: String| WorkspaceError::Root {
        path: root.to_owned(),
        message,
    };
    let found = canonicalize(root).map_err(|error| refuse(error.to_string()))?;
    if !found.is_dir() {
        return Err(refuse("it is a file".to_owned()));
    }
    Ok(found)
}

/// The files of languages that are read, sorted by their directories.
fn walk(
    root: &Path,
    control: &ExtractControl,
    report: &mut ExtractReport,
) -> Result<Vec<String>, WorkspaceError> {
    let mut files = Vec::new();
    let mut directories = vec![String::new()];
    while let Some(directory) = directories.pop() {
        if control.is_cancelled() {
            return Err(WorkspaceError::Cancelled);
        }
        let entries = match read_dir(root.join(&directory)) {
            Ok(entries) => entries,
            Err(error) if directory.is_empty() => {
                return Err(WorkspaceError::Root {
                    path: root.to_owned(),
                    message: error.to_string(),
                });
            }
            Err(error) => {
                report.skip(directory, skip(&error));
                continue;
            }
        };
        for entry in entries.flatten() {
            // Names that are not UTF-8 could not be told to anyone.
            let (Ok(kind), Ok(name)) = (entry.file_type(), entry.file_name().into_string()) else {
                continue;
            };
            let path = if directory.is_empty() {
                name.clone()
            } else {
                format!("{directory}/{name}")
            };
            if kind.is_dir() && !LEFT_OUT.contains(&name.as_str()) {
                directories.push(path);
            } else if kind.is_file() && Extractor::reads(&name) {
                files.push(path);
                control.total.fetch_add(1, Ordering::Relaxed);
            } else if kind.is_file() {
                report.other_languages += 1;
            }
        }
    }
    files.sort_unstable();
    Ok(files)
}
