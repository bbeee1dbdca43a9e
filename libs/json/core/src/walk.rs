//! One pass over a text that accepts exactly what `JSON.parse` accepts, and tells a sink what it meets.

use std::ops::Range;

use crate::blocks::plain_end;
use crate::error::{JsonError, Problem};

/// An object or an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Container {
    Object,
    Array,
}

/// A value without parts, as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Atom {
    /// With its quotes; whether it holds a backslash.
    String {
        escaped: bool,
    },
    Number,
    /// `true`, `false`, `null`.
    Literal,
}

/// What takes in the parts of a text, in order.
pub(crate) trait Sink {
    fn open(&mut self, at: usize, container: Container) -> Result<(), JsonError>;
    fn close(&mut self, at: usize, container: Container) -> Result<(), JsonError>;
    /// A key with its quotes; whether it holds a backslash.
    fn key(&mut self, range: Range<usize>, escaped: bool) -> Result<(), JsonError>;
    fn atom(&mut self, range: Range<usize>, atom: Atom) -> Result<(), JsonError>;
    /// A comma between two members or elements.
    fn comma(&mut self) -> Result<(), JsonError>;
}

/// Walks over a text; `max_depth` levels of containers may be open at once.
pub(crate) fn walk(text: &[u8], max_depth: usize, sink: &mut impl Sink) -> Result<(), JsonError> {
    let mut open: Vec<Container> = Vec::new();
    let mut at = skip_space(text, 0);
    loop {
        match text.get(at) {
            Some(b'"') => {
                let (end, escaped) = string_end(text, at)?;
                sink.atom(at..end, Atom::String { escaped })?;
                at = end;
            }
            Some(&bracket @ (b'{' | b'[')) => {
                if open.len() >= max_depth {
                    return Err(JsonError::TooDeep {
                        offset: at,
                        limit: max_depth,
                    });
                }
                let (container, closing) = match bracket {
                    b'{' => (Container::Object, b'}'),
                    _ => (Container::Array, b']'),
                };
                sink.open(at, container)?;
                open.push(container);
                at = skip_space(text, at + 1);
                if text.get(at) != Some(&closing) {
                    if container == Container::Object {
                        at = member(text, at, sink)?;
                    }
                    continue;
                }
            }
            Some(b'-' | b'0'..=b'9') => {
                let end = number_end(text, at)?;
                sink.atom(at..end, Atom::Number)?;
                at = end;
            }
            Some(b't') => at = literal(text, at, b"true", sink)?,
            Some(b'f') => at = literal(text, at, b"false", sink)?,
            Some(b'n') => at = literal(text, at, b"null", sink)?,
            other => return Err(unexpected(other, at, Problem::Value)),
        }
        // A value has ended, or an empty container is about to.
        loop {
            at = skip_space(text, at);
            let Some(&container) = open.last() else {
                return match text.get(at) {
                    None => Ok(()),
                    Some(_) => Err(JsonError::invalid(at, Problem::Trailing)),
                };
            };
            match (container, text.get(at)) {
                (Container::Object, Some(b',')) => {
                    sink.comma()?;
                    at = member(text, skip_space(text, at + 1), sink)?;
                    break;
                }
                (Container::Array, Some(b',')) => {
                    sink.comma()?;
                    at = skip_space(text, at + 1);
                    break;
                }
                (Container::Object, Some(b'}')) | (Container::Array, Some(b']')) => {
                    sink.close(at, container)?;
                    open.pop();
                    at += 1;
                }
                (Container::Object, other) => {
                    return Err(unexpected(other, at, Problem::AfterMember));
                }
                (Container::Array, other) => {
                    return Err(unexpected(other, at, Problem::AfterElement));
                }
            }
        }
    }
}

/// The first byte from `at` on that is no white space of JSON.
#[inline]
pub(crate) fn skip_space(text: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = text.get(at) {
        at += 1;
    }
    at
}

/// What stands where something else must: the end of the text is a problem of its own.
pub(crate) fn unexpected(found: Option<&u8>, offset: usize, problem: Problem) -> JsonError {
    JsonError::invalid(
        offset,
        if found.is_none() {
            Problem::End
        } else {
            problem
        },
    )
}

/// The end of the string that begins at `at`, behind its quote, and whether it holds a backslash.
#[inline]
pub(crate) fn string_end(text: &[u8], at: usize) -> Result<(usize, bool), JsonError> {
    let mut end = plain_end(text, at + 1);
    let mut escaped = false;
    loop {
        match text.get(end) {
            Some(b'"') => return Ok((end + 1, escaped)),
            Some(b'\\') => {
                escaped = true;
                end = plain_end(text, escape_end(text, end)?);
            }
            other => return Err(unexpected(other, end, Problem::ControlCharacter)),
        }
    }
}

fn escape_end(text: &[u8], at: usize) -> Result<usize, JsonError> {
    match text.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
        Some(b'u') => {
            for digit in at + 2..at + 6 {
                match text.get(digit) {
                    Some(byte) if byte.is_ascii_hexdigit() => {}
                    other => return Err(unexpected(other, digit, Problem::Escape)),
                }
            }
            Ok(at + 6)
        }
        other => Err(unexpected(other, at + 1, Problem::Escape)),
    }
}

#[inline]
fn member(text: &[u8], at: usize, sink: &mut impl Sink) -> Result<usize, JsonError> {
    match text.get(at) {
        Some(b'"') => {}
        other => return Err(unexpected(other, at, Problem::Key)),
    }
    let (end, escaped) = string_end(text, at)?;
    sink.key(at..end, escaped)?;
    let colon = skip_space(text, end);
    match text.get(colon) {
        Some(b':') => Ok(skip_space(text, colon + 1)),
        other => Err(unexpected(other, colon, Problem::Colon)),
    }
}

#[inline]
fn literal(text: &[u8], at: usize, word: &[u8], sink: &mut impl Sink) -> Result<usize, JsonError> {
    let end = at + word.len();
    if text.get(at..end) == Some(word) {
        sink.atom(at..end, Atom::Literal)?;
        return Ok(end);
    }
    let rest = text.get(at..).unwrap_or_default();
    let same = rest
        .iter()
        .zip(word)
        .take_while(|(one, other)| one == other);
    let offset = at + same.count();
    Err(unexpected(text.get(offset), offset, Problem::Value))
}

#[inline]
fn number_end(text: &[u8], at: usize) -> Result<usize, JsonError> {
    let mut end = at + usize::from(text.get(at) == Some(&b'-'));
    end = match text.get(end) {
        Some(b'0') => end + 1,
        Some(b'1'..=b'9') => digits_end(text, end + 1),
        other => return Err(unexpected(other, end, Problem::Digit)),
    };
    if text.get(end) == Some(&b'.') {
        end = some_digits(text, end + 1)?;
    }
    if let Some(b'e' | b'E') = text.get(end) {
        let signed = matches!(text.get(end + 1), Some(b'+' | b'-'));
        end = some_digits(text, end + 1 + usize::from(signed))?;
    }
    Ok(end)
}

fn some_digits(text: &[u8], at: usize) -> Result<usize, JsonError> {
    match text.get(at) {
        Some(b'0'..=b'9') => Ok(digits_end(text, at + 1)),
        other => Err(unexpected(other, at, Problem::Digit)),
    }
}

#[inline]
fn digits_end(text: &[u8], mut at: usize) -> usize {
    while let Some(b'0'..=b'9') = text.get(at) {
        at += 1;
    }
    at
}
