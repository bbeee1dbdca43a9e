//! White space: none, or as `JSON.stringify` indents. Numbers and strings stay as they are written.

use std::ops::Range;

use crate::error::JsonError;
use crate::walk::{Atom, Container, Sink, walk};

/// The longest string of V8, in code units.
pub const LONGEST_STRING: usize = 0x1fff_ffe8;

/// The text without white space.
///
/// ```
/// assert_eq!(fishplate_json::minify(b"[ 1.0 , {} ]").as_deref(), Ok(b"[1.0,{}]".as_slice()));
/// ```
///
/// # Errors
/// [`JsonError::Invalid`].
pub fn minify(text: &[u8]) -> Result<Vec<u8>, JsonError> {
    write(text, None)
}

/// The text with each member and element in a line of its own, indented by `indent` for each level.
///
/// # Errors
/// [`JsonError::Invalid`]; [`JsonError::TooLarge`] where the result would be longer than [`LONGEST_STRING`] bytes.
pub fn format(text: &[u8], indent: &str) -> Result<Vec<u8>, JsonError> {
    write(text, Some(indent.as_bytes()))
}

fn write(text: &[u8], indent: Option<&[u8]>) -> Result<Vec<u8>, JsonError> {
    let mut layout = Layout {
        text,
        indent,
        depth: 0,
        fresh: false,
        pending: 0,
        copied: 0,
        out: Vec::with_capacity(text.len()),
    };
    walk(text, usize::MAX, &mut layout)?;
    layout.flush();
    Ok(layout.out)
}

struct Layout<'a> {
    text: &'a [u8],
    indent: Option<&'a [u8]>,
    depth: usize,
    /// A bracket has just opened.
    fresh: bool,
    /// A run of the text, from `copied` up to here, is yet to be written as it is: one copy for many parts.
    pending: usize,
    copied: usize,
    out: Vec<u8>,
}

impl Layout<'_> {
    /// Takes over a part of the text.
    #[inline]
    fn take(&mut self, range: Range<usize>) {
        if range.start != self.pending {
            self.flush();
            self.copied = range.start;
        }
        self.pending = range.end;
    }

    #[inline]
    fn flush(&mut self) {
        let run = self.text.get(self.copied..self.pending).unwrap_or_default();
        self.out.extend_from_slice(run);
        self.copied = self.pending;
    }

    /// Begins a line, where there are lines.
    fn line(&mut self) -> Result<(), JsonError> {
        let Some(indent) = self.indent else {
            return Ok(());
        };
        self.flush();
        let length = indent.len().saturating_mul(self.depth);
        if self.out.len().saturating_add(length) > LONGEST_STRING {
            let limit = LONGEST_STRING;
            return Err(JsonError::TooLarge { limit });
        }
        self.out.push(b'\n');
        match indent {
            [] => {}
            [only] => self.out.resize(self.out.len() + length, *only),
            _ => {
                for _ in 0..self.depth {
                    self.out.extend_from_slice(indent);
                }
            }
        }
        Ok(())
    }

    #[inline]
    fn begin(&mut self) -> Result<(), JsonError> {
        if std::mem::take(&mut self.fresh) {
            return self.line();
        }
        Ok(())
    }
}

impl Sink for Layout<'_> {
    #[inline]
    fn open(&mut self, at: usize, _: Container) -> Result<(), JsonError> {
        self.begin()?;
        self.take(at..at + 1);
        self.depth += 1;
        self.fresh = true;
        Ok(())
    }

    #[inline]
    fn close(&mut self, at: usize, _: Container) -> Result<(), JsonError> {
        self.depth -= 1;
        if !std::mem::take(&mut self.fresh) {
            self.line()?;
        }
        self.take(at..at + 1);
        Ok(())
    }

    #[inline]
    fn key(&mut self, range: Range<usize>, _: bool) -> Result<(), JsonError> {
        self.begin()?;
        // The colon may stand right behind, and then goes along.
        if self.indent.is_none() && self.text.get(range.end) == Some(&b':') {
            self.take(range.start..range.end + 1);
            return Ok(());
        }
        self.take(range);
        self.flush();
        self.out.push(b':');
        if self.indent.is_some() {
            self.out.push(b' ');
        }
        Ok(())
    }

    #[inline]
    fn atom(&mut self, range: Range<usize>, _: Atom) -> Result<(), JsonError> {
        self.begin()?;
        self.take(range);
        Ok(())
    }

    #[inline]
    fn comma(&mut self) -> Result<(), JsonError> {
        if self.indent.is_none() && self.text.get(self.pending) == Some(&b',') {
            self.pending += 1;
            return Ok(());
        }
        self.flush();
        self.out.push(b',');
        self.line()
    }
}
