//! A text as a list of its parts, in which a container knows where it ends.

use std::ops::Range;

use crate::error::JsonError;
use crate::walk::{Atom, Container, Sink, walk};

/// What a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Object,
    Array,
    Key,
    String,
    Number,
    Literal,
}

/// A part of a text: 16 bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node {
    start: u32,
    end: u32,
    /// The part after it and all that it holds.
    next: u32,
    pub(crate) kind: Kind,
    /// Whether a string or key holds a backslash.
    pub(crate) escaped: bool,
}

impl Node {
    /// Its bytes in the text, with brackets or quotes.
    #[inline]
    pub(crate) fn range(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// The parts of a text in their order; a key is followed by its value.
pub(crate) struct Tape {
    nodes: Vec<Node>,
    open: Vec<u32>,
}

impl Tape {
    /// Reads a text of less than 4 GiB.
    pub(crate) fn of(text: &[u8]) -> Result<Self, JsonError> {
        if u32::try_from(text.len()).is_err() {
            let limit = u32::MAX as usize;
            return Err(JsonError::TooLarge { limit });
        }
        let mut tape = Self {
            nodes: Vec::with_capacity(text.len() / 12),
            open: Vec::new(),
        };
        walk(text, usize::MAX, &mut tape)?;
        Ok(tape)
    }

    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<&Node> {
        self.nodes.get(index)
    }

    pub(crate) fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter()
    }

    /// The part after another one and all that it holds.
    #[inline]
    pub(crate) fn next(&self, index: usize) -> usize {
        self.nodes
            .get(index)
            .map_or(usize::MAX, |node| node.next as usize)
    }

    /// Keys of an object, and where their values are.
    pub(crate) fn members(&self, object: usize) -> impl Iterator<Item = (&Node, usize)> {
        let end = self.next(object);
        let mut at = object + 1;
        std::iter::from_fn(move || {
            if at >= end {
                return None;
            }
            let (key, value) = (self.nodes.get(at)?, at + 1);
            at = self.next(value);
            Some((key, value))
        })
    }

    #[inline]
    fn push(&mut self, range: Range<usize>, kind: Kind, escaped: bool) {
        let index = narrow(self.nodes.len());
        self.nodes.push(Node {
            start: narrow(range.start),
            end: narrow(range.end),
            next: index + 1,
            kind,
            escaped,
        });
    }
}

/// Texts are shorter, and have no more parts than bytes.
#[inline]
fn narrow(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

impl Sink for Tape {
    #[inline]
    fn open(&mut self, at: usize, container: Container) -> Result<(), JsonError> {
        self.open.push(narrow(self.nodes.len()));
        let kind = match container {
            Container::Object => Kind::Object,
            Container::Array => Kind::Array,
        };
        self.push(at..at, kind, false);
        Ok(())
    }

    #[inline]
    fn close(&mut self, at: usize, _: Container) -> Result<(), JsonError> {
        let next = narrow(self.nodes.len());
        let index = self.open.pop().unwrap_or_default();
        if let Some(node) = self.nodes.get_mut(index as usize) {
            node.end = narrow(at + 1);
            node.next = next;
        }
        Ok(())
    }

    #[inline]
    fn key(&mut self, range: Range<usize>, escaped: bool) -> Result<(), JsonError> {
        self.push(range, Kind::Key, escaped);
        Ok(())
    }

    #[inline]
    fn atom(&mut self, range: Range<usize>, atom: Atom) -> Result<(), JsonError> {
        let (kind, escaped) = match atom {
            Atom::String { escaped } => (Kind::String, escaped),
            Atom::Number => (Kind::Number, false),
            Atom::Literal => (Kind::Literal, false),
        };
        self.push(range, kind, escaped);
        Ok(())
    }

    #[inline]
    fn comma(&mut self) -> Result<(), JsonError> {
        Ok(())
    }
}
