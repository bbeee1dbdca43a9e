//! Newline-delimited JSON: lines, and those that hold certain values, without building objects.

use memchr::memmem::Finder;

use crate::check::{Limits, check};
use crate::error::JsonError;
use crate::members::Parts;
use crate::number::double;
use crate::pointer::{Pointer, index};
use crate::skip::value_end;
use crate::strings::{inner, quote, unescaped};
use crate::walk::{Container, skip_space};

/// A value without parts, to compare with.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number; equal doubles are equal.
    Number(f64),
    /// The characters of a string, as WTF-8.
    String(Vec<u8>),
}

/// What a line must hold.
#[derive(Debug, Clone)]
pub struct Condition {
    /// Where.
    pub pointer: Pointer,
    /// Any of these; without them, any value.
    pub equals: Option<Vec<Scalar>>,
}

/// How far lines have been read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cursor {
    /// Bytes read.
    pub offset: usize,
    /// Lines read.
    pub line: usize,
}

/// A line that is not blank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// From 1.
    pub number: usize,
    /// Where its value begins.
    pub start: usize,
    /// Where the line ends, white space left out.
    pub end: usize,
}

/// Takes lines that meet all of some conditions.
///
/// ```
/// use fishplate_json::{Condition, Cursor, LineFilter, Pointer, Scalar};
///
/// let equals = Some(vec![Scalar::String(b"user".to_vec())]);
/// let filter = LineFilter::new(vec![Condition { pointer: Pointer::parse(b"/role")?, equals }], false);
/// let text = b"{\"role\":\"user\"}\n{\"role\":\"tool\"}\n";
/// let mut lines = Vec::new();
/// filter.read(text, &mut Cursor::default(), 100, &mut lines)?;
/// assert_eq!(lines.iter().map(|line| line.number).collect::<Vec<_>>(), [1]);
/// # Ok::<(), fishplate_json::JsonError>(())
/// ```
pub struct LineFilter {
    conditions: Vec<(Condition, Option<Vec<Finder<'static>>>)>,
    check: bool,
}

/// Where something is next in the text, asked for anew once it is behind.
#[derive(Clone, Copy)]
struct Next {
    at: Option<usize>,
    known: bool,
}

impl Next {
    fn before(&mut self, start: usize, end: usize, find: impl Fn(usize) -> Option<usize>) -> bool {
        if !self.known || self.at.is_some_and(|at| at < start) {
            self.known = true;
            self.at = find(start);
        }
        self.at.is_some_and(|at| at < end)
    }
}

impl LineFilter {
    /// With `check` every line must be JSON. Without it, a line that is none where it was looked at meets no condition, and
    /// what was not looked at may be anything.
    #[must_use]
    pub fn new(conditions: Vec<Condition>, check: bool) -> Self {
        let conditions = conditions.into_iter().map(|condition| {
            let needles = needles(&condition);
            (condition, needles)
        });
        Self {
            conditions: conditions.collect(),
            check,
        }
    }

    /// Appends the next lines, `most` of them at most; fewer only at the end of the text.
    ///
    /// # Errors
    /// [`JsonError::Invalid`] where a line must be JSON and is none; the cursor is then at that line.
    pub fn read(
        &self,
        text: &[u8],
        cursor: &mut Cursor,
        most: usize,
        lines: &mut Vec<Line>,
    ) -> Result<(), JsonError> {
        let unknown = Next {
            at: None,
            known: false,
        };
        let mut backslash = unknown;
        let mut next: Vec<Vec<Next>> = self
            .conditions
            .iter()
            .map(|(_, needles)| vec![unknown; needles.as_ref().map_or(0, Vec::len)])
            .collect();
        let mut taken = 0;
        while taken < most && cursor.offset < text.len() {
            let rest = text.get(cursor.offset..).unwrap_or_default();
            let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            let line_end = cursor.offset + length;
            let own = text.get(..line_end).unwrap_or_default();
            let start = skip_space(own, cursor.offset);
            let number = cursor.line + 1;
            let line = Line {
                number,
                start,
                end: trimmed_end(text, start, line_end),
            };
            if line.start < line.end {
                if self.check {
                    check_line(text, line)?;
                }
                let may = self
                    .conditions
                    .iter()
                    .zip(&mut next)
                    .all(|((_, needles), next)| {
                        let Some(needles) = needles else {
                            return true;
                        };
                        let find = |from, finder: &Finder<'_>| {
                            let found = finder.find(text.get(from..)?)?;
                            Some(from + found)
                        };
                        needles.iter().zip(next).any(|(finder, next)| {
                            next.before(start, line_end, |from| find(from, finder))
                        }) || backslash.before(start, line_end, |from| {
                            Some(from + memchr::memchr(b'\\', text.get(from..)?)?)
                        })
                    });
                if may && self.meets(text.get(line.start..line.end).unwrap_or_default()) {
                    lines.push(line);
                    taken += 1;
                }
            }
            cursor.offset = line_end + 1;
            cursor.line = number;
        }
        cursor.offset = cursor.offset.min(text.len());
        Ok(())
    }

    fn meets(&self, line: &[u8]) -> bool {
        self.conditions
            .iter()
            .all(|(condition, _)| matches!(condition.holds(line), Ok(true)))
    }
}

/// Errors of a line carry offsets of the text.
fn check_line(text: &[u8], line: Line) -> Result<(), JsonError> {
    let own = text.get(line.start..line.end).unwrap_or_default();
    check(own, &Limits::NONE).map_err(|error| match error {
        JsonError::Invalid { offset, problem } => JsonError::invalid(line.start + offset, problem),
        other => other,
    })
}

fn trimmed_end(text: &[u8], start: usize, mut end: usize) -> usize {
    while end > start && matches!(text.get(end - 1), Some(b' ' | b'\t' | b'\r')) {
        end -= 1;
    }
    end
}

impl Condition {
    fn holds(&self, line: &[u8]) -> Result<bool, JsonError> {
        let mut at = skip_space(line, 0);
        let mut end = line.len();
        for token in self.pointer.tokens() {
            let Some(value) = part(line, at, token)? else {
                return Ok(false);
            };
            (at, end) = (value.start, value.end);
        }
        if self.pointer.tokens().is_empty() && value_end(line, at)? < end {
            return Ok(false);
        }
        let Some(scalars) = &self.equals else {
            return Ok(true);
        };
        let text = line.get(at..end).unwrap_or_default();
        Ok(scalars.iter().any(|scalar| scalar.is(text)))
    }
}

/// The part of a container that a token names: of equal keys the last.
fn part(text: &[u8], at: usize, token: &[u8]) -> Result<Option<std::ops::Range<usize>>, JsonError> {
    let Some(mut parts) = Parts::of(text, at) else {
        return Ok(None);
    };
    let mut found = None;
    match parts.container() {
        Container::Object => {
            while let Some(part) = parts.next()? {
                if part.is_named(text, token) {
                    found = Some(part.value);
                }
            }
        }
        Container::Array => {
            let wanted = index(token);
            let mut place = 0;
            while let Some(part) = parts.next()? {
                if wanted == Some(place) {
                    found = Some(part.value);
                }
                place += 1;
            }
        }
    }
    Ok(found)
}

impl Scalar {
    /// Whether the text of a value is this one.
    fn is(&self, text: &[u8]) -> bool {
        match self {
            Self::Null => text == b"null",
            Self::Bool(true) => text == b"true",
            Self::Bool(false) => text == b"false",
            Self::Number(number) => {
                let numeric = matches!(text.first(), Some(b'-' | b'0'..=b'9'));
                #[expect(clippy::float_cmp, reason = "equal as JavaScript has it")]
                let equal =
                    numeric && check(text, &Limits::NONE).is_ok() && double(text) == *number;
                equal
            }
            Self::String(characters) => {
                let Some(b'"') = text.first() else {
                    return false;
                };
                let raw = inner(text, &(0..text.len()));
                *unescaped(raw, raw.contains(&b'\\')) == **characters
            }
        }
    }
}

/// Bytes of which a line must hold one, unless it holds a backslash: then anything may be spelt otherwise.
fn needles(condition: &Condition) -> Option<Vec<Finder<'static>>> {
    let plain = |characters: &[u8]| {
        let mut quoted = Vec::new();
        quote(characters, &mut quoted);
        // What must be escaped comes with a backslash.
        (quoted.len() == characters.len() + 2).then(|| Finder::new(&quoted).into_owned())
    };
    let last_key = || {
        let key = condition.pointer.tokens().last()?;
        if index(key).is_some() {
            return None;
        }
        Some(vec![plain(key)?])
    };
    let Some(scalars) = &condition.equals else {
        return last_key();
    };
    let of_values: Option<Vec<_>> = scalars
        .iter()
        .map(|scalar| match scalar {
            Scalar::Null => Some(Finder::new(b"null").into_owned()),
            Scalar::Bool(true) => Some(Finder::new(b"true").into_owned()),
            Scalar::Bool(false) => Some(Finder::new(b"false").into_owned()),
            Scalar::String(characters) => plain(characters),
            Scalar::Number(_) => None,
        })
        .collect();
    of_values.or_else(last_key)
}
