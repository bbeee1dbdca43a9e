//! Validation, with limits for text from elsewhere.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use crate::error::JsonError;
use crate::strings::{inner, unescaped};
use crate::tape::{Kind, Tape};
use crate::walk::{Atom, Container, Sink, walk};

/// What a text may hold at most. [`Limits::NONE`] is JSON as `JSON.parse` has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Levels of containers.
    pub max_depth: usize,
    /// Members of all objects together.
    pub max_keys: usize,
    /// Whether an object may have a key twice.
    pub duplicate_keys: bool,
    /// Whether an object may have the key `__proto__`.
    pub proto_keys: bool,
}

impl Limits {
    /// No limits.
    pub const NONE: Self = Self {
        max_depth: usize::MAX,
        max_keys: usize::MAX,
        duplicate_keys: true,
        proto_keys: true,
    };
}

/// Whether a text is JSON within limits. The first fault in the text decides, but duplicate keys are looked for last.
///
/// ```
/// use fishplate_json::{Limits, check};
///
/// assert!(check(br#"{"a":[1,2.5e3,"\u00e9"]}"#, &Limits::NONE).is_ok());
/// assert_eq!(check(b"[1,]", &Limits::NONE).unwrap_err().offset(), Some(3));
/// ```
///
/// # Errors
/// [`JsonError::Invalid`], [`JsonError::TooDeep`], [`JsonError::TooManyKeys`], [`JsonError::ProtoKey`],
/// [`JsonError::DuplicateKey`]; [`JsonError::TooLarge`] where duplicate keys are looked for in 4 GiB or more.
pub fn check(text: &[u8], limits: &Limits) -> Result<(), JsonError> {
    let mut counter = Counter {
        text,
        limits,
        keys: 0,
    };
    walk(text, limits.max_depth, &mut counter)?;
    if limits.duplicate_keys || counter.keys < 2 {
        return Ok(());
    }
    find_duplicate(text, &Tape::of(text)?)
}

/// The first key, in the order in which objects begin, that its object has already.
pub(crate) fn find_duplicate(text: &[u8], tape: &Tape) -> Result<(), JsonError> {
    let mut keys: HashSet<Cow<'_, [u8]>> = HashSet::new();
    for (index, node) in tape.nodes().enumerate() {
        if node.kind != Kind::Object {
            continue;
        }
        keys.clear();
        for (key, _) in tape.members(index) {
            let name = unescaped(inner(text, &key.range()), key.escaped);
            if !keys.insert(name) {
                let offset = key.range().start;
                return Err(JsonError::DuplicateKey { offset });
            }
        }
    }
    Ok(())
}

struct Counter<'a> {
    text: &'a [u8],
    limits: &'a Limits,
    keys: usize,
}

impl Sink for Counter<'_> {
    #[inline]
    fn open(&mut self, _: usize, _: Container) -> Result<(), JsonError> {
        Ok(())
    }

    #[inline]
    fn close(&mut self, _: usize, _: Container) -> Result<(), JsonError> {
        Ok(())
    }

    #[inline]
    fn key(&mut self, range: Range<usize>, escaped: bool) -> Result<(), JsonError> {
        self.keys += 1;
        if self.keys > self.limits.max_keys {
            return Err(JsonError::TooManyKeys {
                offset: range.start,
                limit: self.limits.max_keys,
            });
        }
        if !self.limits.proto_keys {
            let name = inner(self.text, &range);
            if *unescaped(name, escaped) == *b"__proto__" {
                return Err(JsonError::ProtoKey {
                    offset: range.start,
                });
            }
        }
        Ok(())
    }

    #[inline]
    fn atom(&mut self, _: Range<usize>, _: Atom) -> Result<(), JsonError> {
        Ok(())
    }

    #[inline]
    fn comma(&mut self) -> Result<(), JsonError> {
        Ok(())
    }
}
