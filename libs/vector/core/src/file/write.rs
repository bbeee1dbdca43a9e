//! Saving: a temporary file beside the old one, written through to the disk, which then takes its name.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::header::{CODES, GRAPH, HEADER, Header, LABELS, MEASURES, SECTIONS, Section, VECTORS};
use crate::encoding::write_metadata;
use crate::error::VectorError;
use crate::memory::ALIGNMENT;
use crate::metric::Metric;
use crate::rows::Rows;

/// Bytes that are gathered before they are written.
const GATHERED: usize = 1 << 20;

/// Writes rows, and a graph, under a name. Until the last moment a file of that name is what it was, and afterwards it is the new
/// one whole, also where the system stops in between.
///
/// # Errors
///
/// [`VectorError::Io`]; the older file is then untouched, and the temporary one is gone.
pub fn save(
    path: &Path,
    rows: &Rows,
    metric: Metric,
    graph: Option<&[u8]>,
) -> Result<(), VectorError> {
    // Where the name is a link, what it points to is replaced.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let fail = |action: &'static str| {
        let path = target.clone();
        move |source: io::Error| VectorError::Io {
            action,
            path,
            source,
        }
    };
    let temporary = temporary_beside(&target).ok_or_else(|| {
        fail("save")(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it names no file",
        ))
    })?;
    let written = write_through(&temporary, &target, rows, metric, graph);
    let renamed = written.and_then(|()| fs::rename(&temporary, &target));
    if let Err(error) = renamed {
        // It may not even be there.
        let _ = fs::remove_file(&temporary);
        return Err(fail("save")(error));
    }
    sync_folder(&target).map_err(fail("save"))
}

fn temporary_beside(target: &Path) -> Option<PathBuf> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut name = std::ffi::OsString::from(".");
    name.push(target.file_name()?);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let time = std::time::UNIX_EPOCH
        .elapsed()
        .map_or(0, |time| time.as_nanos());
    name.push(format!(".{}-{count}-{time:x}.tmp", std::process::id()));
    Some(target.with_file_name(name))
}

fn write_through(
    temporary: &Path,
    target: &Path,
    rows: &Rows,
    metric: Metric,
    graph: Option<&[u8]>,
) -> io::Result<()> {
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(temporary)?;
    if let Ok(old) = fs::metadata(target) {
        // Who could read the old one can read the new one, and nobody else.
        file.set_permissions(old.permissions())?;
    }
    let mut out = BufWriter::with_capacity(GATHERED, file);
    write(&mut out, rows, metric, graph)?;
    out.into_inner()
        .map_err(io::IntoInnerError::into_error)?
        .sync_all()
}

#[cfg(unix)]
fn sync_folder(target: &Path) -> io::Result<()> {
    let folder = target
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    // Folders cannot be opened for that; the system keeps renames in order.
    Ok(())
}

/// Writes everything at the beginning of `out`.
pub(super) fn write(
    out: &mut (impl Write + Seek),
    rows: &Rows,
    metric: Metric,
    graph: Option<&[u8]>,
) -> io::Result<()> {
    let shape = rows.shape();
    let end = rows.end();
    let mut out = Sections {
        out,
        at: 0,
        checksum: crc32fast::Hasher::new(),
        done: [Section::default(); SECTIONS],
    };
    out.put(&[0; HEADER])?;
    let mut live = 0;
    out.section(LABELS, |out| {
        let mut bytes = Vec::new();
        for row in 0..end {
            bytes.clear();
            let key = rows.key(row).unwrap_or_default();
            bytes.extend(u16::try_from(key.len()).unwrap_or_default().to_le_bytes());
            if !key.is_empty() {
                live += 1;
                bytes.extend(key.as_bytes());
                write_metadata(rows.metadata(row), &mut bytes);
            }
            out.put(&bytes)?;
        }
        Ok(())
    })?;
    out.section(MEASURES, |out| {
        for row in 0..end {
            let measures = rows.measures(row).unwrap_or_default();
            for value in [measures.norm, measures.scale, measures.error] {
                out.put(&value.to_le_bytes())?;
            }
        }
        Ok(())
    })?;
    for (section, row_bytes) in [(VECTORS, shape.vector_bytes()), (CODES, shape.code_bytes())] {
        let free = vec![0; row_bytes << shape.block_bits()];
        out.section(section, |out| {
            let mut left = row_bytes * end as usize;
            for block in rows.all_blocks() {
                let bytes = match block {
                    Some(block) if section == VECTORS => block.vectors.as_slice(),
                    Some(block) => block.codes.as_slice(),
                    None => &free,
                };
                // Of the last block what lies beyond the last row is left out.
                let there = bytes.get(..left).unwrap_or(bytes);
                left -= there.len();
                out.put(there)?;
            }
            Ok(())
        })?;
    }
    out.section(GRAPH, |out| out.put(graph.unwrap_or_default()))?;
    let header = Header {
        shape,
        metric,
        has_graph: graph.is_some(),
        end,
        live,
        sections: out.done,
    };
    out.out.seek(SeekFrom::Start(0))?;
    out.out.write_all(&header.to_bytes())
}

/// What is written section by section.
struct Sections<'a, Out> {
    out: &'a mut Out,
    at: u64,
    checksum: crc32fast::Hasher,
    done: [Section; SECTIONS],
}

impl<Out: Write> Sections<'_, Out> {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.at += bytes.len() as u64;
        self.checksum.update(bytes);
        self.out.write_all(bytes)
    }

    fn section(
        &mut self,
        number: usize,
        write: impl FnOnce(&mut Self) -> io::Result<()>,
    ) -> io::Result<()> {
        let start = self.at.next_multiple_of(ALIGNMENT as u64);
        let gap = [0; ALIGNMENT];
        let missing = usize::try_from(start - self.at).unwrap_or_default();
        self.put(&gap[..missing])?;
        self.checksum = crc32fast::Hasher::new();
        write(self)?;
        self.done[number] = Section {
            start,
            length: self.at - start,
            checksum: self.checksum.clone().finalize(),
        };
        Ok(())
    }
}
