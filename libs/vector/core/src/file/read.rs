//! Loading. Nothing of a file is believed before its checksum and its lengths are found right.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use memmap2::Mmap;

use super::header::{
    CODES, GRAPH, HEADER, Header, LABELS, MEASURES, Refusal, Section, VECTORS, damaged,
};
use crate::arena::Arena;
use crate::block::{Block, Measures};
use crate::encoding::Reader;
use crate::error::VectorError;
use crate::graph::{GraphOptions, LayeredGraph};
use crate::index::VectorIndex;
use crate::memory::Bytes;
use crate::metric::Metric;
use crate::neighbours::Graph;
use crate::rows::Rows;
use crate::scalar::Metadata;
use crate::shape::Shape;

/// Bytes of a graph that is yet to be made: version, connections, effort.
const UNMADE_GRAPH: usize = 12;

/// Loads an index from a file. With `is_mapped` vectors and codes stay in the file, and the system fetches what is looked at; the file
/// must then not be changed in place, which [`super::save`] never does. All of it is read once either way, for its checksums.
///
/// # Errors
///
/// [`VectorError::Damaged`], [`VectorError::Unsupported`], [`VectorError::Io`], [`VectorError::Memory`].
pub fn load(path: &Path, is_mapped: bool) -> Result<VectorIndex, VectorError> {
    let attempt = || -> Result<VectorIndex, Refusal> {
        let mut file = File::open(path)?;
        if !file.metadata()?.is_file() {
            return Err(Refusal::Unsupported("it is no regular file".into()));
        }
        let length = file.metadata()?.len();
        let map = if is_mapped && length > 0 {
            // SAFETY: the caller has been told that the file must not be changed in place.
            Some(Arc::new(unsafe { Mmap::map(&file) }?))
        } else {
            None
        };
        read_whole(&mut file, length, map.as_ref())
    };
    attempt().map_err(|refusal| error_of(path, refusal))
}

/// Loads an index from bytes that are no file.
///
/// # Errors
///
/// As [`load`].
pub fn read(bytes: &[u8]) -> Result<VectorIndex, VectorError> {
    let length = bytes.len() as u64;
    read_whole(&mut std::io::Cursor::new(bytes), length, None)
        .map_err(|refusal| error_of(Path::new("bytes"), refusal))
}

fn error_of(path: &Path, refusal: Refusal) -> VectorError {
    let path = path.to_owned();
    match refusal {
        Refusal::Damaged(reason) => VectorError::Damaged { path, reason },
        Refusal::Unsupported(reason) => VectorError::Unsupported { path, reason },
        Refusal::Io(source) => VectorError::Io {
            action: "load",
            path,
            source,
        },
        Refusal::Other(error) => error,
    }
}

fn read_whole(
    file: &mut (impl Read + Seek),
    length: u64,
    map: Option<&Arc<Mmap>>,
) -> Result<VectorIndex, Refusal> {
    let mut bytes = [0; HEADER];
    if length < HEADER as u64 {
        return Err(Refusal::Unsupported("it is no index of vectors".into()));
    }
    file.read_exact(&mut bytes)?;
    let header = Header::from_bytes(&bytes, length)?;
    let shape = header.shape;
    check_gaps(file, &header)?;
    let labels = labels(&whole(file, header.sections[LABELS])?, &header)?;
    let measures = whole(file, header.sections[MEASURES])?;
    let mut blocks = empty_blocks(file, &header, map)?;
    let rows_of_block = 1 << shape.block_bits();
    for (row, (label, measures)) in labels
        .into_iter()
        .zip(measures.as_chunks::<12>().0)
        .enumerate()
    {
        let Some((key, metadata)) = label else {
            continue;
        };
        let Some(block) = blocks.get_mut(row / rows_of_block) else {
            return Err(damaged("a row has no block"));
        };
        block.name(row % rows_of_block, key, metadata, measures_of(measures));
    }
    let blocks = blocks
        .into_iter()
        .map(|block| (!block.is_empty()).then(|| Arc::new(block)));
    let rows = Rows::over(shape, blocks.collect(), header.end);
    let graph = if header.has_graph {
        let bytes = whole(file, header.sections[GRAPH])?;
        Some(graph_of(&bytes, &rows, header.metric)?)
    } else {
        None
    };
    let arena =
        Arena::over(rows).map_err(|key| Refusal::Damaged(format!("key {key:?} is there twice")))?;
    Ok(VectorIndex::over(arena, header.metric, graph))
}

/// The graph of a file. One that says what it is to be made of and no more is made now: an engine without graphs has written it.
fn graph_of(bytes: &[u8], rows: &Rows, metric: Metric) -> Result<Box<dyn Graph>, Refusal> {
    if bytes.len() != UNMADE_GRAPH {
        return Ok(Box::new(LayeredGraph::from_bytes(bytes, rows, metric)?));
    }
    let mut reader = Reader::new("the graph", bytes);
    reader.u32()?;
    let options = GraphOptions {
        connections: reader.u32()? as usize,
        effort: reader.u32()? as usize,
    };
    Ok(Box::new(LayeredGraph::over(rows, metric, options)?))
}

fn measures_of(bytes: &[u8; 12]) -> Measures {
    let [norm, scale, error] =
        bytemuck::cast::<[u8; 12], [[u8; 4]; 3]>(*bytes).map(f32::from_le_bytes);
    Measures { norm, scale, error }
}

/// What lies between sections is zero: so every bit of a file counts.
fn check_gaps(file: &mut (impl Read + Seek), header: &Header) -> Result<(), Refusal> {
    let mut end = HEADER as u64;
    for section in header.sections {
        let mut gap = Vec::new();
        file.seek(SeekFrom::Start(end))?;
        file.take(section.start.saturating_sub(end))
            .read_to_end(&mut gap)?;
        if gap.iter().any(|&byte| byte != 0) {
            return Err(damaged("there is something between its sections"));
        }
        end = section.start + section.length;
    }
    Ok(())
}

/// A section in memory, once its checksum is right.
fn whole(file: &mut (impl Read + Seek), section: Section) -> Result<Vec<u8>, Refusal> {
    let length = usize::try_from(section.length).map_err(|_| damaged("a section is too long"))?;
    let mut bytes = Vec::new();
    bytes
        .try_reserve_exact(length)
        .map_err(|_| VectorError::Memory { bytes: length })?;
    bytes.resize(length, 0);
    file.seek(SeekFrom::Start(section.start))?;
    file.read_exact(&mut bytes)?;
    if crc32fast::hash(&bytes) != section.checksum {
        return Err(damaged("a section has another checksum"));
    }
    Ok(bytes)
}

type Label = Option<(Box<str>, Option<Metadata>)>;

fn labels(bytes: &[u8], header: &Header) -> Result<Vec<Label>, Refusal> {
    let mut reader = Reader::new("a label", bytes);
    let mut labels = Vec::new();
    let mut live = 0;
    for _ in 0..header.end {
        let length = usize::from(reader.u16()?);
        labels.push(if length == 0 {
            None
        } else {
            live += 1;
            Some((reader.text(length)?.into(), reader.metadata()?))
        });
    }
    reader.end()?;
    if live != header.live {
        return Err(damaged("there are more or fewer keys than it says"));
    }
    Ok(labels)
}

/// Blocks over the vectors and codes of the file, without a live row.
fn empty_blocks(
    file: &mut (impl Read + Seek),
    header: &Header,
    map: Option<&Arc<Mmap>>,
) -> Result<Vec<Block>, Refusal> {
    let shape = header.shape;
    let rows = 1_u64 << shape.block_bits();
    let count = u64::from(header.end).div_ceil(rows);
    let count = usize::try_from(count).map_err(|_| damaged("there are too many rows"))?;
    let vectors = plane(
        file,
        header.sections[VECTORS],
        shape,
        shape.vector_bytes(),
        count,
        map,
    )?;
    let codes = plane(
        file,
        header.sections[CODES],
        shape,
        shape.code_bytes(),
        count,
        map,
    )?;
    let blocks = vectors.into_iter().zip(codes);
    let blocks =
        blocks.map(|(vectors, codes)| Block::over(1 << shape.block_bits(), vectors, codes));
    Ok(blocks.collect::<Result<_, _>>()?)
}

/// The numbers of all rows, block by block. The last one, which the file may not have whole, is filled up and never mapped.
fn plane(
    file: &mut (impl Read + Seek),
    section: Section,
    shape: Shape,
    row_bytes: usize,
    count: usize,
    map: Option<&Arc<Mmap>>,
) -> Result<Vec<Bytes>, Refusal> {
    let size = row_bytes << shape.block_bits();
    let mut checksum = crc32fast::Hasher::new();
    let mut blocks = Vec::new();
    file.seek(SeekFrom::Start(section.start))?;
    let mut left = section.length;
    for number in 0..count {
        let there = usize::try_from(left.min(size as u64)).unwrap_or(size);
        left -= there as u64;
        let start = usize::try_from(section.start).unwrap_or(usize::MAX);
        let mapped = map
            .filter(|_| there == size && size > 0)
            .and_then(|map| Bytes::mapped(map, start.checked_add(number * size)?, size));
        if let Some(mapped) = mapped {
            checksum.update(mapped.as_slice());
            file.seek_relative(i64::try_from(there).unwrap_or(i64::MAX))?;
            blocks.push(mapped);
            continue;
        }
        let mut own = Bytes::zeroed(size)?;
        if let Some(part) = own.as_mut_slice()?.get_mut(..there) {
            file.read_exact(part)?;
            checksum.update(part);
        }
        blocks.push(own);
    }
    if checksum.finalize() != section.checksum {
        return Err(damaged("vectors or codes have another checksum"));
    }
    Ok(blocks)
}
