//! A document that is read where it is asked about.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::{Range, RangeBounds};

use crate::error::{JsonError, Problem};
use crate::members::{Part, Parts};
use crate::pointer::{Pointer, index};
use crate::skip::value_end;
use crate::strings::{inner, unescaped};
use crate::walk::{Container, skip_space};

/// Objects with more members have a table of their keys.
const FEW: usize = 12;

/// A text, and what has been learnt of its containers: the parts of each that a question went through. The first question
/// to a container reads all of it, later ones take a look-up. What no question touched is not checked.
///
/// ```
/// use fishplate_json::{Document, Pointer};
///
/// let mut document = Document::open(br#"{"a":[1,{"b":"x"}]}"#.to_vec())?;
/// let found = document.find(&Pointer::parse(b"/a/1/b")?)?;
/// assert_eq!(found.map(|found| document.text(found.range())), Some(br#""x""#.as_slice()));
/// # Ok::<(), fishplate_json::JsonError>(())
/// ```
pub struct Document {
    text: Vec<u8>,
    root: usize,
    containers: HashMap<usize, Index>,
}

/// A value that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    start: usize,
    end: usize,
}

impl Found {
    /// Its bytes in the text.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.start..self.end
    }
}

/// The parts of a container, by where their values begin.
enum Index {
    Array(Vec<u32>),
    Object(Members),
}

/// Of equal keys the last, in the place of the first, as an object of JavaScript has them.
#[derive(Default)]
struct Members {
    members: Vec<Member>,
    /// Places by characters, where there are many.
    names: HashMap<Vec<u8>, u32>,
}

struct Member {
    key_start: u32,
    key_end: u32,
    escaped: bool,
    value: u32,
}

impl Document {
    /// Takes a text of UTF-8. Nothing is read but that it is that, and where its value begins.
    ///
    /// # Errors
    /// [`JsonError::NotUtf8`]; [`JsonError::Invalid`] where there is no value; [`JsonError::TooLarge`] from 4 GiB on.
    pub fn open(text: Vec<u8>) -> Result<Self, JsonError> {
        if u32::try_from(text.len()).is_err() {
            let limit = u32::MAX as usize;
            return Err(JsonError::TooLarge { limit });
        }
        crate::check_utf8(&text)?;
        let root = skip_space(&text, 0);
        if root == text.len() {
            return Err(JsonError::invalid(root, Problem::End));
        }
        Ok(Self {
            text,
            root,
            containers: HashMap::new(),
        })
    }

    /// The value that a pointer leads to. Reads each container on the way once, so a first call takes time linear in the text
    /// for each token at most.
    ///
    /// # Errors
    /// [`JsonError::Invalid`] where a container on the way is no JSON.
    pub fn find(&mut self, pointer: &Pointer) -> Result<Option<Found>, JsonError> {
        let Some(start) = self.start(pointer)? else {
            return Ok(None);
        };
        let end = value_end(&self.text, start)?;
        if start == self.root {
            self.nothing_follows(end)?;
        }
        Ok(Some(Found { start, end }))
    }

    /// How many members or elements the container has that a pointer leads to; none where there is none, or another value.
    ///
    /// # Errors
    /// As [`Self::find`], and where that container is no JSON.
    pub fn count(&mut self, pointer: &Pointer) -> Result<Option<usize>, JsonError> {
        let Some(start) = self.start(pointer)? else {
            return Ok(None);
        };
        Ok(self.index(start)?.map(|index| match index {
            Index::Array(elements) => elements.len(),
            Index::Object(known) => known.members.len(),
        }))
    }

    /// The keys of the object that a pointer leads to, as WTF-8, in the order of the text; none where there is no object.
    ///
    /// # Errors
    /// As [`Self::count`].
    pub fn keys(&mut self, pointer: &Pointer) -> Result<Option<Vec<Vec<u8>>>, JsonError> {
        let Some(start) = self.start(pointer)? else {
            return Ok(None);
        };
        self.index(start)?;
        let Some(Index::Object(known)) = self.containers.get(&start) else {
            return Ok(None);
        };
        let names = known
            .members
            .iter()
            .map(|member| member.name(&self.text).into_owned());
        Ok(Some(names.collect()))
    }

    /// A part of the text.
    #[must_use]
    pub fn text(&self, range: impl RangeBounds<usize>) -> &[u8] {
        let bounds = (range.start_bound().cloned(), range.end_bound().cloned());
        self.text.get(bounds).unwrap_or_default()
    }

    /// Where the value begins that a pointer leads to.
    fn start(&mut self, pointer: &Pointer) -> Result<Option<usize>, JsonError> {
        let mut start = self.root;
        for token in pointer.tokens() {
            self.index(start)?;
            let value = match self.containers.get(&start) {
                Some(Index::Array(elements)) => {
                    index(token).and_then(|place| elements.get(place).copied())
                }
                Some(Index::Object(known)) => known.value(&self.text, token),
                None => None,
            };
            let Some(value) = value else {
                return Ok(None);
            };
            start = value as usize;
        }
        Ok(Some(start))
    }

    /// The parts of the container that begins at `start`; none where another value does.
    fn index(&mut self, start: usize) -> Result<Option<&Index>, JsonError> {
        if !self.containers.contains_key(&start) {
            let Some(mut parts) = Parts::of(&self.text, start) else {
                return Ok(None);
            };
            let index = match parts.container() {
                Container::Array => {
                    let mut elements = Vec::new();
                    while let Some(part) = parts.next()? {
                        elements.push(narrow(part.value.start));
                    }
                    Index::Array(elements)
                }
                Container::Object => {
                    let mut known = Members::default();
                    while let Some(part) = parts.next()? {
                        known.add(&self.text, &part);
                    }
                    Index::Object(known)
                }
            };
            if start == self.root {
                self.nothing_follows(parts.end())?;
            }
            self.containers.insert(start, index);
        }
        Ok(self.containers.get(&start))
    }

    fn nothing_follows(&self, end: usize) -> Result<(), JsonError> {
        let end = skip_space(&self.text, end);
        if end == self.text.len() {
            return Ok(());
        }
        Err(JsonError::invalid(end, Problem::Trailing))
    }
}

impl Members {
    fn value(&self, text: &[u8], name: &[u8]) -> Option<u32> {
        let place = self.place(text, name)?;
        self.members.get(place).map(|member| member.value)
    }

    fn place(&self, text: &[u8], name: &[u8]) -> Option<usize> {
        if self.members.len() > FEW {
            return self.names.get(name).map(|&place| place as usize);
        }
        self.members
            .iter()
            .position(|member| *member.name(text) == *name)
    }

    fn add(&mut self, text: &[u8], part: &Part) {
        let member = Member {
            key_start: narrow(part.key.start),
            key_end: narrow(part.key.end),
            escaped: part.escaped,
            value: narrow(part.value.start),
        };
        let name = member.name(text);
        if let Some(known) = self.place(text, &name) {
            if let Some(known) = self.members.get_mut(known) {
                known.value = member.value;
            }
            return;
        }
        let place = self.members.len();
        if place == FEW {
            // From here on there is a table.
            for (known, place) in self.members.iter().zip(0..) {
                self.names.insert(known.name(text).into_owned(), place);
            }
        }
        if place >= FEW {
            self.names.insert(name.into_owned(), narrow(place));
        }
        self.members.push(member);
    }
}

impl Member {
    fn name<'a>(&self, text: &'a [u8]) -> Cow<'a, [u8]> {
        let key = self.key_start as usize..self.key_end as usize;
        unescaped(inner(text, &key), self.escaped)
    }
}

/// Texts are shorter.
fn narrow(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}
