//! Bodies in chunks (RFC 9112, 7.1), read strictly. Extensions and trailers are dropped, as a proxy may.

/// The longest line of a chunk's size, with its extension.
const MAX_SIZE_LINE: usize = 256;
/// The most bytes of trailers.
const MAX_TRAILERS: usize = 8 * 1024;

/// Why bytes are no body in chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the chunked body is malformed: {0}")]
pub struct ChunkError(&'static str);

/// Reads a body piece by piece.
#[derive(Debug, Default)]
pub struct ChunkReader {
    state: State,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Start,
    /// In the digits of a size.
    Size {
        size: u64,
        digits: u8,
    },
    /// Behind the digits.
    Extension {
        size: u64,
        length: usize,
    },
    /// Behind the carriage return of a size line.
    SizeEnd {
        size: u64,
    },
    /// So many bytes are to come.
    Data {
        left: u64,
    },
    /// At the carriage return behind a chunk.
    DataReturn,
    /// At the line feed behind it.
    DataEnd,
    /// In a line of the trailers, of all of which so many bytes are read.
    Trailer {
        length: usize,
        is_line_empty: bool,
    },
    /// Behind the carriage return of such a line.
    TrailerEnd {
        length: usize,
        is_line_empty: bool,
    },
    Done,
}

impl ChunkReader {
    /// Reads on: appends content to `content` and returns how many bytes of `input` it took, which is all of them unless the
    /// body ended there.
    ///
    /// # Errors
    ///
    /// [`ChunkError`]; the reader is of no use behind it.
    pub fn read(&mut self, input: &[u8], content: &mut Vec<u8>) -> Result<usize, ChunkError> {
        let mut at = 0;
        while let Some(&byte) = input.get(at) {
            if let State::Done = self.state {
                break;
            }
            if let State::Data { left } = self.state {
                let rest = input.get(at..).unwrap_or_default();
                let length = usize::try_from(left).map_or(rest.len(), |left| left.min(rest.len()));
                content.extend_from_slice(rest.get(..length).unwrap_or_default());
                at += length;
                let left = left.saturating_sub(length as u64);
                self.state = if left == 0 {
                    State::DataReturn
                } else {
                    State::Data { left }
                };
                continue;
            }
            self.state = self.state.step(byte)?;
            at += 1;
        }
        Ok(at)
    }

    /// Whether the body has ended.
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }
}

impl State {
    fn step(self, byte: u8) -> Result<Self, ChunkError> {
        let digit = char::from(byte).to_digit(16).map(u64::from);
        Ok(match (self, byte) {
            (Self::Start, _) => match digit {
                Some(size) => Self::Size { size, digits: 1 },
                None => return Err(ChunkError("a size is missing")),
            },
            (Self::Size { size, digits }, _) if digit.is_some() => {
                if digits == 15 {
                    return Err(ChunkError("a size is too large"));
                }
                Self::Size {
                    size: size * 16 + digit.unwrap_or_default(),
                    digits: digits + 1,
                }
            }
            (Self::Size { size, .. } | Self::Extension { size, .. }, b'\r') => {
                Self::SizeEnd { size }
            }
            (Self::Size { size, .. }, b';' | b' ' | b'\t') => Self::Extension { size, length: 1 },
            (Self::Size { .. }, _) => return Err(ChunkError("a size is no hexadecimal number")),
            (Self::Extension { size, length }, b'\t' | b' '..=b'~' | 0x80..) => {
                if length >= MAX_SIZE_LINE {
                    return Err(ChunkError("an extension is too long"));
                }
                Self::Extension {
                    size,
                    length: length + 1,
                }
            }
            (Self::SizeEnd { size: 0 }, b'\n') => Self::Trailer {
                length: 0,
                is_line_empty: true,
            },
            (Self::SizeEnd { size }, b'\n') => Self::Data { left: size },
            (Self::DataReturn, b'\r') => Self::DataEnd,
            (Self::DataEnd, b'\n') => Self::Start,
            (
                Self::Trailer {
                    length,
                    is_line_empty,
                },
                b'\r',
            ) => Self::TrailerEnd {
                length,
                is_line_empty,
            },
            (Self::Trailer { length, .. }, b'\t' | b' '..=b'~' | 0x80..) => {
                if length >= MAX_TRAILERS {
                    return Err(ChunkError("the trailers are too long"));
                }
                Self::Trailer {
                    length: length + 1,
                    is_line_empty: false,
                }
            }
            (
                Self::TrailerEnd {
                    is_line_empty: true,
                    ..
                },
                b'\n',
            ) => Self::Done,
            (Self::TrailerEnd { length, .. }, b'\n') => Self::Trailer {
                length: length + 1,
                is_line_empty: true,
            },
            _ => return Err(ChunkError("a line does not end in CR LF")),
        })
    }
}

/// Writes content as one chunk; empty content writes nothing, since an empty chunk ends a body.
pub fn write_chunk(content: &[u8], output: &mut Vec<u8>) {
    if !content.is_empty() {
        output.extend_from_slice(format!("{:x}\r\n", content.len()).as_bytes());
        output.extend_from_slice(content);
        output.extend_from_slice(b"\r\n");
    }
}

/// What ends a body in chunks.
pub const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

#[cfg(test)]
mod tests {
    use super::{ChunkReader, LAST_CHUNK, write_chunk};
    use proptest::prelude::*;

    fn read(bytes: &[u8]) -> Option<(Vec<u8>, usize, bool)> {
        let (mut reader, mut content) = (ChunkReader::default(), Vec::new());
        let taken = reader.read(bytes, &mut content).ok()?;
        Some((content, taken, reader.is_done()))
    }

    #[test]
    fn extensions_and_trailers_are_dropped() {
        let body = b"5;a=\"b\"\r\nhello\r\n0A ;x\r\n0123456789\r\n000\r\nA: b\r\nC: d\r\n\r\nGET /";
        assert_eq!(
            read(body),
            Some((b"hello0123456789".to_vec(), body.len() - 5, true))
        );
    }

    #[test]
    fn lines_that_servers_read_differently_are_refused() {
        for body in [
            b"5\nhello\r\n0\r\n\r\n".as_slice(),
            b"5\r\nhello\n0\r\n\r\n",
            b"5\r\nhelloX\r\n",
            b"5\rhello\r\n",
            b"0x5\r\nhello\r\n",
            b"+5\r\nhello\r\n",
            b"-1\r\n",
            b" 5\r\nhello\r\n",
            b"\r\nhello",
            b";a\r\n",
            b"5;a\nb\r\nhello\r\n",
            b"ffffffffffffffff0\r\n",
            b"0\r\n\n",
            b"0\r\nA: b\n\r\n",
            b"0\r\n\rX",
        ] {
            assert_eq!(read(body), None, "{:?}", String::from_utf8_lossy(body));
        }
        assert_eq!(read(&[b"1;".as_slice(), &[b'a'; 300]].concat()), None);
        assert_eq!(read(&[b"0\r\n".as_slice(), &[b'a'; 9000]].concat()), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_however_it_is_cut(
            pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..8),
            cut in 1_usize..30,
            tail in "[ -~]{0,5}",
        ) {
            let mut body = Vec::new();
            pieces.iter().for_each(|piece| write_chunk(piece, &mut body));
            body.extend_from_slice(LAST_CHUNK);
            let length = body.len();
            body.extend_from_slice(tail.as_bytes());
            let (mut reader, mut content, mut taken) = (ChunkReader::default(), Vec::new(), 0);
            for part in body.chunks(cut) {
                taken += reader.read(part, &mut content).expect("a body");
            }
            prop_assert!(reader.is_done());
            prop_assert_eq!(content, pieces.concat());
            prop_assert_eq!(taken, length);
        }

        #[test]
        fn any_bytes_are_a_body_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut content = Vec::new();
            if let Ok(taken) = ChunkReader::default().read(&bytes, &mut content) {
                prop_assert!(taken <= bytes.len() && content.len() <= taken);
            }
        }
    }
}
