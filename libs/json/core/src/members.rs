//! The members of one object, the elements of one array: read with their own syntax checked, what they hold skipped.

use std::ops::Range;

use crate::error::{JsonError, Problem};
use crate::skip::value_end;
use crate::strings::{inner, unescaped};
use crate::walk::{Container, skip_space, string_end, unexpected};

/// A member of an object, or an element of an array.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    /// The key with its quotes, and whether it holds a backslash; empty for an element.
    pub(crate) key: Range<usize>,
    pub(crate) escaped: bool,
    pub(crate) value: Range<usize>,
}

impl Part {
    /// Whether its key has these characters.
    #[inline]
    pub(crate) fn is_named(&self, text: &[u8], name: &[u8]) -> bool {
        let raw = inner(text, &self.key);
        if self.escaped {
            *unescaped(raw, true) == *name
        } else {
            raw == name
        }
    }
}

/// Reads a container part by part.
pub(crate) struct Parts<'a> {
    text: &'a [u8],
    container: Container,
    at: usize,
    first: bool,
}

impl<'a> Parts<'a> {
    /// Of the container that begins at `start`; none where another value does.
    #[inline]
    pub(crate) fn of(text: &'a [u8], start: usize) -> Option<Self> {
        let container = match text.get(start) {
            Some(b'{') => Container::Object,
            Some(b'[') => Container::Array,
            _ => return None,
        };
        Some(Self {
            text,
            container,
            at: start + 1,
            first: true,
        })
    }

    pub(crate) fn container(&self) -> Container {
        self.container
    }

    /// Where reading has come to: behind the closing bracket, once there are no more parts.
    pub(crate) fn end(&self) -> usize {
        self.at
    }

    /// The next part; none at the closing bracket.
    #[inline]
    pub(crate) fn next(&mut self) -> Result<Option<Part>, JsonError> {
        let text = self.text;
        let mut at = skip_space(text, self.at);
        let (closing, problem) = match self.container {
            Container::Object => (b'}', Problem::AfterMember),
            Container::Array => (b']', Problem::AfterElement),
        };
        match text.get(at) {
            Some(&byte) if byte == closing => {
                self.at = at + 1;
                return Ok(None);
            }
            Some(b',') if !self.first => at = skip_space(text, at + 1),
            other if !self.first => return Err(unexpected(other, at, problem)),
            _ => {}
        }
        self.first = false;
        let (mut key, mut escaped) = (at..at, false);
        if self.container == Container::Object {
            match text.get(at) {
                Some(b'"') => {}
                other => return Err(unexpected(other, at, Problem::Key)),
            }
            (key.end, escaped) = string_end(text, at)?;
            at = skip_space(text, key.end);
            match text.get(at) {
                Some(b':') => at = skip_space(text, at + 1),
                other => return Err(unexpected(other, at, Problem::Colon)),
            }
        }
        let end = value_end(text, at)?;
        self.at = end;
        Ok(Some(Part {
            key,
            escaped,
            value: at..end,
        }))
    }
}
