//! Files that change no more, read through memory that the system maps.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use memmap2::Mmap;

use crate::system::StoredFile;

/// Opens a file for reading, mapped where that is possible.
pub fn open(path: &Path) -> io::Result<Arc<dyn StoredFile>> {
    let file = File::open(path)?;
    // SAFETY: only sealed segments are opened so. No store writes to one or cuts it any more: it is removed, which leaves the mapping
    // as it is. Their length is looked at before each copy, since others could cut it; what is left is told in `Options::map_sealed`.
    let map = unsafe { Mmap::map(&file) }?;
    #[cfg(unix)]
    let _ = map.advise(memmap2::Advice::Sequential);
    Ok(Arc::new(MappedFile { file, map }))
}

#[derive(Debug)]
struct MappedFile {
    file: File,
    map: Mmap,
}

impl StoredFile for MappedFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let length = usize::try_from(self.len()?)
            .unwrap_or(usize::MAX)
            .min(self.map.len());
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(length);
        let count = buffer.len().min(length - start);
        let (Some(into), Some(bytes)) =
            (buffer.get_mut(..count), self.map.get(start..start + count))
        else {
            return Ok(0);
        };
        into.copy_from_slice(bytes);
        Ok(count)
    }

    fn write_at(&self, _: &[u8], _: u64) -> io::Result<usize> {
        Err(io::ErrorKind::PermissionDenied.into())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn set_len(&self, _: u64) -> io::Result<()> {
        Err(io::ErrorKind::PermissionDenied.into())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::open;

    #[test]
    fn it_is_read_as_any_file_and_a_cut_one_ends_earlier() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&[7; 10_000]).unwrap();
        let mapped = open(file.path()).unwrap();
        let mut buffer = [0; 6000];
        assert_eq!(mapped.read_at(&mut buffer, 0).unwrap(), 6000);
        assert_eq!(mapped.read_at(&mut buffer, 6000).unwrap(), 4000);
        assert_eq!(mapped.read_at(&mut buffer, u64::MAX).unwrap(), 0);
        assert!(mapped.write_at(b"x", 0).is_err());
        file.as_file().set_len(100).unwrap();
        assert_eq!(mapped.read_at(&mut buffer, 0).unwrap(), 100);
        assert_eq!(mapped.read_at(&mut buffer, 6000).unwrap(), 0);
    }
}
