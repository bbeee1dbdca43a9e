//! Canonical text: keys sorted by UTF-16 code units, numbers and strings as ECMAScript spells them, no white space.

use std::cmp::Ordering;
use std::ops::Range;

use sha2::{Digest, Sha256};

use crate::check::find_duplicate;
use crate::error::JsonError;
use crate::number::{double, push_canonical};
use crate::strings::{has_surrogate, inner, order, quote, unescape, unescaped};
use crate::tape::{Kind, Tape};

/// What the canonical form refuses beyond what is no JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CanonicalOptions {
    /// Whether an object may have a key twice; the last one counts.
    pub duplicate_keys: bool,
    /// Whether strings may hold lone surrogates, which are then escaped as `JSON.stringify` does. RFC 8785 refuses them.
    pub lone_surrogates: bool,
}

/// The canonical form (RFC 8785) of a text. Takes memory of some 16 bytes for each key and value beside the result.
///
/// ```
/// use fishplate_json::{CanonicalOptions, canonical_text};
///
/// let options = CanonicalOptions { duplicate_keys: true, lone_surrogates: false };
/// let text = canonical_text(br#"{ "b": 1.50, "a": "\u0041" }"#, options);
/// assert_eq!(text.as_deref(), Ok(br#"{"a":"A","b":1.5}"#.as_slice()));
/// ```
///
/// # Errors
/// [`JsonError::Invalid`], [`JsonError::NumberNotFinite`], [`JsonError::LoneSurrogate`], [`JsonError::DuplicateKey`],
/// [`JsonError::TooLarge`].
pub fn canonical_text(text: &[u8], options: CanonicalOptions) -> Result<Vec<u8>, JsonError> {
    let tape = Tape::of(text)?;
    if !options.duplicate_keys {
        find_duplicate(text, &tape)?;
    }
    let mut writer = Writer {
        text,
        tape: &tape,
        options,
        // The text of a string with lone surrogates is rare, and every character of it is looked at.
        raw_surrogates: has_surrogate(text),
        characters: Vec::new(),
        members: Vec::new(),
        open: Vec::new(),
        out: Vec::with_capacity(text.len()),
        dropped: false,
    };
    match writer.write() {
        // A member that does not count is looked at too, so that the answer does not hang on its place.
        Ok(()) if writer.dropped => formless(text, &tape, options).map_or(Ok(writer.out), Err),
        Ok(()) => Ok(writer.out),
        Err(error) => Err(formless(text, &tape, options).unwrap_or(error)),
    }
}

/// The first key or value of the text that has no canonical form.
fn formless(text: &[u8], tape: &Tape, options: CanonicalOptions) -> Option<JsonError> {
    tape.nodes().find_map(|node| {
        let range = node.range();
        let offset = range.start;
        match node.kind {
            Kind::Number => {
                let finite = double(text.get(range).unwrap_or_default()).is_finite();
                (!finite).then_some(JsonError::NumberNotFinite { offset })
            }
            Kind::Key | Kind::String if !options.lone_surrogates => {
                let characters = unescaped(inner(text, &range), node.escaped);
                has_surrogate(&characters).then_some(JsonError::LoneSurrogate { offset })
            }
            _ => None,
        }
    })
}

/// SHA-256 of the canonical form, as 64 hexadecimal digits.
///
/// # Errors
/// As [`canonical_text`].
pub fn canonical_hash(text: &[u8], options: CanonicalOptions) -> Result<String, JsonError> {
    use std::fmt::Write;

    let digest = Sha256::digest(canonical_text(text, options)?);
    Ok(digest
        .iter()
        .fold(String::with_capacity(64), |mut hex, byte| {
            // Writing to a string does not fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        }))
}

/// A member of an object that is being written.
#[derive(Clone, Copy)]
struct Member {
    /// The first eight characters, which decide most comparisons; none where they are not all ASCII.
    prefix: Option<u64>,
    key: Key,
    value: u32,
}

/// The characters of a key.
#[derive(Clone, Copy)]
enum Key {
    Text {
        start: u32,
        end: u32,
    },
    /// Unescaped, in the writer's own buffer.
    Unescaped {
        start: u32,
        end: u32,
    },
}

/// A container that is being written.
enum Frame {
    /// The next and the first of its members; characters that its keys took end at `floor`.
    Object {
        next: usize,
        first: usize,
        floor: usize,
    },
    Array {
        next: usize,
        end: usize,
        first: bool,
    },
}

struct Writer<'a> {
    text: &'a [u8],
    tape: &'a Tape,
    options: CanonicalOptions,
    raw_surrogates: bool,
    characters: Vec<u8>,
    members: Vec<Member>,
    open: Vec<Frame>,
    out: Vec<u8>,
    /// Whether there were members that do not count.
    dropped: bool,
}

impl Writer<'_> {
    fn write(&mut self) -> Result<(), JsonError> {
        self.begin(0)?;
        while let Some(frame) = self.open.last_mut() {
            let value = match frame {
                Frame::Array { next, end, first } => {
                    if next >= end {
                        self.out.push(b']');
                        self.open.pop();
                        continue;
                    }
                    if !std::mem::take(first) {
                        self.out.push(b',');
                    }
                    let value = *next;
                    *next = self.tape.next(value);
                    value
                }
                Frame::Object { next, first, floor } => {
                    let Some(&member) = self.members.get(*next) else {
                        self.out.push(b'}');
                        self.members.truncate(*first);
                        self.characters.truncate(*floor);
                        self.open.pop();
                        continue;
                    };
                    if next != first {
                        self.out.push(b',');
                    }
                    *next += 1;
                    self.key(member)?;
                    member.value as usize
                }
            };
            self.begin(value)?;
        }
        Ok(())
    }

    /// Writes a value, or opens it.
    #[inline]
    fn begin(&mut self, value: usize) -> Result<(), JsonError> {
        let Some(node) = self.tape.get(value) else {
            return Ok(());
        };
        let range = node.range();
        match node.kind {
            Kind::Object => {
                self.out.push(b'{');
                self.object(value);
            }
            Kind::Array => {
                self.out.push(b'[');
                let end = self.tape.next(value);
                self.open.push(Frame::Array {
                    next: value + 1,
                    end,
                    first: true,
                });
            }
            Kind::Key | Kind::String => self.string(range, node.escaped)?,
            Kind::Number => {
                let offset = range.start;
                let text = self.text.get(range).unwrap_or_default();
                if !push_canonical(text, &mut self.out) {
                    return Err(JsonError::NumberNotFinite { offset });
                }
            }
            Kind::Literal => {
                let text = self.text.get(range).unwrap_or_default();
                self.out.extend_from_slice(text);
            }
        }
        Ok(())
    }

    #[inline]
    fn string(&mut self, range: Range<usize>, escaped: bool) -> Result<(), JsonError> {
        if !escaped && !self.raw_surrogates {
            let text = self.text.get(range).unwrap_or_default();
            self.out.extend_from_slice(text);
            return Ok(());
        }
        let floor = self.characters.len();
        unescape(inner(self.text, &range), &mut self.characters);
        let whole = quote(
            self.characters.get(floor..).unwrap_or_default(),
            &mut self.out,
        );
        self.characters.truncate(floor);
        self.allow(whole, range.start)
    }

    fn allow(&self, whole: bool, offset: usize) -> Result<(), JsonError> {
        if whole || self.options.lone_surrogates {
            Ok(())
        } else {
            Err(JsonError::LoneSurrogate { offset })
        }
    }

    #[inline]
    fn key(&mut self, member: Member) -> Result<(), JsonError> {
        match member.key {
            Key::Text { start, end } if !self.raw_surrogates => {
                let quoted = self.text.get(start as usize - 1..end as usize + 1);
                self.out.extend_from_slice(quoted.unwrap_or_default());
            }
            key => {
                let whole = quote(characters(self.text, &self.characters, key), &mut self.out);
                let offset = self.tape.get(member.value as usize - 1);
                self.allow(whole, offset.map_or(0, |node| node.range().start))?;
            }
        }
        self.out.push(b':');
        Ok(())
    }

    /// Opens an object: its members in order, and of equal keys the last.
    #[inline]
    fn object(&mut self, object: usize) {
        let (first, floor) = (self.members.len(), self.characters.len());
        let mut sorted = true;
        for (node, value) in self.tape.members(object) {
            let range = node.range();
            let key = if node.escaped {
                let start = narrow(self.characters.len());
                unescape(inner(self.text, &range), &mut self.characters);
                let end = narrow(self.characters.len());
                Key::Unescaped { start, end }
            } else {
                Key::Text {
                    start: narrow(range.start + 1),
                    end: narrow(range.end - 1),
                }
            };
            let member = Member {
                prefix: prefix(characters(self.text, &self.characters, key)),
                key,
                value: narrow(value),
            };
            if sorted && let Some(last) = self.members.get(first..).and_then(<[_]>::last) {
                sorted = compare(self.text, &self.characters, last, &member) == Ordering::Less;
            }
            self.members.push(member);
        }
        if !sorted {
            let (text, unescaped) = (self.text, self.characters.as_slice());
            if let Some(own) = self.members.get_mut(first..) {
                own.sort_by(|one, other| compare(text, unescaped, one, other));
            }
            self.keep_last(first);
        }
        self.open.push(Frame::Object {
            next: first,
            first,
            floor,
        });
    }

    /// Of members with equal keys, which are beside each other in the order of the text, keeps the last.
    fn keep_last(&mut self, first: usize) {
        let mut kept = first;
        for index in first..self.members.len() {
            let (Some(&member), before) = (self.members.get(index), kept.wrapping_sub(1)) else {
                continue;
            };
            let same = kept > first
                && self.members.get(before).is_some_and(|last| {
                    compare(self.text, &self.characters, last, &member) == Ordering::Equal
                });
            let place = if same { before } else { kept };
            if let Some(slot) = self.members.get_mut(place) {
                *slot = member;
            }
            kept = place + 1;
        }
        self.dropped |= kept < self.members.len();
        self.members.truncate(kept);
    }
}

fn narrow(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

#[inline]
fn characters<'a>(text: &'a [u8], unescaped: &'a [u8], key: Key) -> &'a [u8] {
    let (buffer, start, end) = match key {
        Key::Text { start, end } => (text, start, end),
        Key::Unescaped { start, end } => (unescaped, start, end),
    };
    buffer.get(start as usize..end as usize).unwrap_or_default()
}

#[inline]
fn prefix(key: &[u8]) -> Option<u64> {
    let value = if let Some(&first) = key.first_chunk::<8>() {
        u64::from_be_bytes(first)
    } else {
        let mut first = [0; 8];
        for (to, from) in first.iter_mut().zip(key) {
            *to = *from;
        }
        u64::from_be_bytes(first)
    };
    (value & 0x8080_8080_8080_8080 == 0).then_some(value)
}

#[inline]
fn compare(text: &[u8], unescaped: &[u8], one: &Member, other: &Member) -> Ordering {
    if let (Some(one), Some(other)) = (one.prefix, other.prefix)
        && one != other
    {
        return one.cmp(&other);
    }
    order(
        characters(text, unescaped, one.key),
        characters(text, unescaped, other.key),
    )
}
