//! Messages on a stream of bytes: a header that says how long the body is, as language servers have it.

/// The most bytes of a header, its empty line included.
pub const MAX_HEADER_BYTES: usize = 4 << 10;

/// The most bytes of a body.
pub const MAX_BODY_BYTES: usize = 64 << 20;

/// Why a stream of bytes is no stream of messages. After it, where the next message begins is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// No empty line comes.
    #[error("a header has more than {MAX_HEADER_BYTES} bytes")]
    HeaderTooLong,
    /// A line is no field.
    #[error("a header has a line that is no `Name: value`: {line:?}")]
    FieldMalformed {
        /// Its beginning.
        line: String,
    },
    /// The field that counts is not there.
    #[error("a header has no Content-Length")]
    LengthMissing,
    /// The field that counts is there more than once.
    #[error("a header has more than one Content-Length")]
    LengthRepeated,
    /// It is no number.
    #[error("Content-Length is no whole number: {value:?}")]
    LengthMalformed {
        /// Its beginning.
        value: String,
    },
    /// The body is larger than anything that is taken.
    #[error("a message has {length} bytes, and at most {MAX_BODY_BYTES} are taken")]
    BodyTooLarge {
        /// As the header has it.
        length: u64,
    },
}

/// Takes bytes as they come, in pieces of any size, and gives whole bodies.
///
/// Holds no more than has come, and never more than a header, a body and one piece.
#[derive(Debug, Default)]
pub struct Frames {
    buffer: Vec<u8>,
    /// Of the body that is awaited.
    length: Option<usize>,
    /// In this many bytes there is no end of the header.
    searched: usize,
    failed: Option<FrameError>,
}

impl Frames {
    /// Takes bytes.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.failed.is_none() {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// The next body, where all of it has come.
    ///
    /// # Errors
    ///
    /// [`FrameError`], and the same one from then on.
    pub fn next_body(&mut self) -> Result<Option<Vec<u8>>, FrameError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let found = self.advance();
        if let Err(error) = &found {
            self.failed = Some(error.clone());
            self.buffer = Vec::new();
        }
        found
    }

    /// Whether a message has begun and not ended.
    pub fn is_within(&self) -> bool {
        self.length.is_some() || !self.buffer.is_empty()
    }

    fn advance(&mut self) -> Result<Option<Vec<u8>>, FrameError> {
        let length = match self.length {
            Some(length) => length,
            None => match self.take_header()? {
                Some(length) => length,
                None => return Ok(None),
            },
        };
        self.length = Some(length);
        if self.buffer.len() < length {
            return Ok(None);
        }
        self.length = None;
        let rest = self.buffer.split_off(length);
        Ok(Some(std::mem::replace(&mut self.buffer, rest)))
    }

    fn take_header(&mut self) -> Result<Option<usize>, FrameError> {
        let header = &self.buffer[..self.buffer.len().min(MAX_HEADER_BYTES)];
        let from = self.searched.saturating_sub(END.len() - 1);
        let found = header
            .get(from..)
            .unwrap_or_default()
            .windows(END.len())
            .position(|window| window == END);
        let Some(position) = found else {
            if header.len() == MAX_HEADER_BYTES {
                return Err(FrameError::HeaderTooLong);
            }
            self.searched = header.len();
            return Ok(None);
        };
        let end = from + position;
        let length = body_length(header.get(..end).unwrap_or_default())?;
        self.buffer.drain(..end + END.len());
        self.searched = 0;
        Ok(Some(length))
    }
}

/// A body with its header.
pub fn frame(body: &[u8]) -> Vec<u8> {
    let mut framed = format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes();
    framed.extend_from_slice(body);
    framed
}

const END: &[u8] = b"\r\n\r\n";

/// Bytes of a bad line that an error repeats.
const SHOWN: usize = 64;

fn body_length(header: &[u8]) -> Result<usize, FrameError> {
    let mut length = None;
    for line in header.split(|&byte| byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let Some(colon) = line.iter().position(|&byte| byte == b':') else {
            return Err(FrameError::FieldMalformed { line: shown(line) });
        };
        let (name, value) = line.split_at(colon);
        if name.is_empty() || !name.iter().all(|&byte| is_name(byte)) {
            return Err(FrameError::FieldMalformed { line: shown(line) });
        }
        if name.eq_ignore_ascii_case(b"content-length") {
            let value = value.get(1..).unwrap_or_default().trim_ascii();
            if length.replace(parse_length(value)?).is_some() {
                return Err(FrameError::LengthRepeated);
            }
        }
    }
    length.ok_or(FrameError::LengthMissing)
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-'
}

fn parse_length(value: &[u8]) -> Result<usize, FrameError> {
    let malformed = || FrameError::LengthMalformed {
        value: shown(value),
    };
    // A sign, which `parse` would take, is none of a length.
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return Err(malformed());
    }
    let length: u64 = std::str::from_utf8(value)
        .map_err(|_| malformed())?
        .parse()
        .map_err(|_| FrameError::BodyTooLarge { length: u64::MAX })?;
    match usize::try_from(length) {
        Ok(length) if length <= MAX_BODY_BYTES => Ok(length),
        _ => Err(FrameError::BodyTooLarge { length }),
    }
}

fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.get(..SHOWN).unwrap_or(bytes)).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{FrameError, Frames, MAX_BODY_BYTES, MAX_HEADER_BYTES, frame};

    fn bodies(pieces: &[&[u8]]) -> Result<Vec<Vec<u8>>, FrameError> {
        let mut frames = Frames::default();
        let mut found = Vec::new();
        for piece in pieces {
            frames.feed(piece);
            while let Some(body) = frames.next_body()? {
                found.push(body);
            }
        }
        Ok(found)
    }

    fn only_error(bytes: &[u8]) -> FrameError {
        bodies(&[bytes]).unwrap_err()
    }

    #[test]
    fn two_messages_in_one_piece_are_two() {
        let both = [frame(b"{}"), frame(b"[1]")].concat();
        assert_eq!(bodies(&[&both]).unwrap(), [b"{}".to_vec(), b"[1]".to_vec()]);
    }

    #[test]
    fn an_empty_body_is_a_message() {
        assert_eq!(bodies(&[b"Content-Length: 0\r\n\r\n"]).unwrap(), [b""]);
    }

    #[test]
    fn other_fields_and_other_cases_are_taken() {
        let text =
            b"Content-Type: application/json; charset=utf-8\r\ncontent-LENGTH:  2 \r\n\r\n{}";
        assert_eq!(bodies(&[text]).unwrap(), [b"{}".to_vec()]);
    }

    #[test]
    fn a_header_without_an_end_is_not_waited_for() {
        let error = only_error(&[b'a'; MAX_HEADER_BYTES]);
        assert_eq!(error, FrameError::HeaderTooLong);
        assert_eq!(bodies(&[&[b'a'; MAX_HEADER_BYTES - 1]]).unwrap().len(), 0);
    }

    #[test]
    fn a_length_that_is_missing_repeated_or_none_is_an_error() {
        assert_eq!(only_error(b"A: b\r\n\r\n"), FrameError::LengthMissing);
        let twice = b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(only_error(twice), FrameError::LengthRepeated);
        for value in ["", "-1", "+1", "1a", "0x2", "1 2", "\u{661}"] {
            let text = format!("Content-Length: {value}\r\n\r\n");
            let error = only_error(text.as_bytes());
            assert!(
                matches!(error, FrameError::LengthMalformed { .. }),
                "{value}: {error}"
            );
        }
    }

    #[test]
    fn a_length_above_the_bound_is_an_error_before_any_of_it_is_held() {
        for length in [
            (MAX_BODY_BYTES + 1).to_string(),
            "99999999999999999999999".to_owned(),
        ] {
            let text = format!("Content-Length: {length}\r\n\r\n");
            let error = only_error(text.as_bytes());
            assert!(matches!(error, FrameError::BodyTooLarge { .. }), "{error}");
        }
        let most = format!("Content-Length: {MAX_BODY_BYTES}\r\n\r\n");
        assert_eq!(bodies(&[most.as_bytes()]).unwrap().len(), 0);
    }

    #[test]
    fn lines_that_are_no_fields_are_errors() {
        for text in [
            "GET / HTTP/1.1\r\n\r\n",
            "\r\n\r\n",
            ": 2\r\n\r\n",
            "a b: 2\r\n\r\n",
        ] {
            let error = only_error(text.as_bytes());
            assert!(
                matches!(error, FrameError::FieldMalformed { .. }),
                "{text:?}: {error}"
            );
        }
    }

    #[test]
    fn after_an_error_nothing_is_held_or_taken() {
        let mut frames = Frames::default();
        frames.feed(b"no\r\n\r\n");
        let first = frames.next_body().unwrap_err();
        frames.feed(&frame(b"{}"));
        assert_eq!(frames.next_body().unwrap_err(), first);
        assert!(!frames.is_within());
    }

    proptest! {
        #[test]
        fn how_the_bytes_are_cut_changes_nothing(
            sent in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..6),
            cuts in prop::collection::vec(1usize..9, 1..200),
        ) {
            let stream: Vec<u8> = sent.iter().flat_map(|body| frame(body)).collect();
            let mut rest = stream.as_slice();
            let mut pieces = Vec::new();
            for cut in cuts {
                let (piece, after) = rest.split_at(cut.min(rest.len()));
                pieces.push(piece);
                rest = after;
            }
            pieces.push(rest);
            prop_assert_eq!(bodies(&pieces).unwrap(), sent);
        }

        #[test]
        fn any_bytes_give_bodies_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let whole = bodies(&[&bytes]);
            let by_byte: Vec<&[u8]> = bytes.chunks(1).collect();
            prop_assert_eq!(whole, bodies(&by_byte));
        }
    }
}
