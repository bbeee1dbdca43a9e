//! Names of a file: what it defines, with places and kinds, and what it uses.
//!
//! What counts is said by a query a language, in the folder `queries` of this crate. Texts that do not fit their grammar
//! give what can be made out.

mod exported;
mod keywords;
mod kind;
mod lexemes;
mod matches;
mod nest;
mod positions;
mod queries;
mod signature;
mod skeleton;
mod skeleton_python;

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use hashbrown::HashMap;
use tree_sitter::{ParseOptions, ParseState, Parser, QueryCursor, Tree};

use crate::language::Language;
use matches::Found;
use queries::{Compiled, query_of};
use skeleton::Skeleton;

pub use kind::TagKind;
pub use positions::Position;

/// Longest used name that is kept, in bytes.
const MAX_REFERENCE: usize = 256;

/// Something defined by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// What it is.
    pub kind: TagKind,
    /// Its name, without quotes.
    pub name: String,
    /// Where its name begins.
    pub name_at: Position,
    /// Where it begins.
    pub start: Position,
    /// Where it ends.
    pub end: Position,
    /// What it is a member of, outermost first; parts between `.` or `::`, as its language has them.
    pub container: Option<String>,
    /// What stands before its body, as one line of at most 200 characters.
    pub signature: String,
    /// Whether other files can name it, by the rule of its language.
    pub exported: bool,
}

/// A name that is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameUse {
    /// The name.
    pub name: String,
    /// How often, from 1.
    pub count: u32,
}

/// The names of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags {
    /// In the order of the text; members behind what they are members of.
    pub definitions: Vec<Tag>,
    /// Each name once, in the order of its first use. Where a name is defined it is not used.
    pub references: Vec<NameUse>,
    /// True where parts of the text do not fit the grammar, outside of bodies that were not parsed; what stands there may be
    /// missing.
    pub has_errors: bool,
}

/// Why a text has no tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TagsError {
    /// The language has no query.
    #[error("{0} has no names that could be listed")]
    Unsupported(&'static str),
    /// Over the size that is read.
    #[error("the text has {bytes} bytes, and at most {limit} are read")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The largest.
        limit: usize,
    },
    /// It took longer than it may.
    #[error("reading the text as {language} took longer than {limit_ms} ms")]
    TimedOut {
        /// Name of the language.
        language: &'static str,
        /// The longest, in milliseconds.
        limit_ms: u128,
    },
    /// The caller does not want it any more.
    #[error("it was cancelled")]
    Cancelled,
}

/// Bounds of the work on one text.
#[derive(Clone, Copy, Debug)]
pub struct TagLimits {
    /// Most bytes.
    pub bytes: usize,
    /// Longest time.
    pub time: Duration,
    /// Parse bodies of functions too in which nothing is defined. The same definitions, in several times the time.
    pub whole: bool,
}

/// Reads texts one after the other; a thread needs one of its own.
pub struct Tagger {
    parser: Parser,
    cursor: QueryCursor,
    language: Option<Language>,
}

impl Default for Tagger {
    fn default() -> Self {
        Self::new()
    }
}

impl Tagger {
    /// One that has read nothing.
    pub fn new() -> Self {
        Self {
            parser: Parser::new(),
            cursor: QueryCursor::new(),
            language: None,
        }
    }

    /// Whether texts of a language can be read.
    pub fn reads(language: Language) -> bool {
        query_of(language).is_some()
    }

    /// Lists the names of a text. `is_cancelled` is asked now and then.
    ///
    /// # Errors
    ///
    /// [`TagsError`]; never for what the text says.
    pub fn read(
        &mut self,
        source: &str,
        language: Language,
        limits: TagLimits,
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<Tags, TagsError> {
        let tags = query_of(language).ok_or(TagsError::Unsupported(language.name()))?;
        if source.len() > limits.bytes {
            return Err(TagsError::TooLarge {
                bytes: source.len(),
                limit: limits.bytes,
            });
        }
        let started = Instant::now();
        let mut stop = || is_cancelled() || started.elapsed() > limits.time;
        let stopped = || {
            if is_cancelled() {
                TagsError::Cancelled
            } else {
                TagsError::TimedOut {
                    language: language.name(),
                    limit_ms: limits.time.as_millis(),
                }
            }
        };
        let skeleton = if limits.whole {
            None
        } else {
            skeleton::skeleton(source, language)
        };
        if let Some(skeleton) = skeleton {
            let tree = self.parse(&skeleton.text, language, &mut stop);
            let tree = tree.ok_or_else(stopped)?;
            // Broken code may not be what it was taken for.
            if !tree.root_node().has_error() {
                let found = self.find(&tags.definitions, &tree, &skeleton.text, &mut stop);
                let found = found.ok_or_else(stopped)?;
                return Ok(Tags {
                    definitions: nest::nest(&found, source, Some(&skeleton), language),
                    references: uses(&found, &skeleton),
                    has_errors: false,
                });
            }
        }
        let tree = self.parse(source, language, &mut stop);
        let tree = tree.ok_or_else(stopped)?;
        let found = self.find(&tags.definitions, &tree, source, &mut stop);
        let found = found.ok_or_else(stopped)?;
        let used = tags
            .references()
            .and_then(|used| self.find(used, &tree, source, &mut stop));
        let used = used.ok_or_else(stopped)?;
        Ok(Tags {
            definitions: nest::nest(&found, source, None, language),
            references: count(&found, &used, source),
            has_errors: tree.root_node().has_error(),
        })
    }

    fn find(
        &mut self,
        query: &Compiled,
        tree: &Tree,
        source: &str,
        stop: &mut dyn FnMut() -> bool,
    ) -> Option<Found> {
        matches::find(&mut self.cursor, query, tree, source, stop)
    }

    fn parse(
        &mut self,
        source: &str,
        language: Language,
        stop: &mut dyn FnMut() -> bool,
    ) -> Option<Tree> {
        // What a parse that was stopped left behind would go on with this text.
        self.parser.reset();
        if self.language != Some(language) {
            self.parser.set_language(&language.grammar()).ok()?;
            self.language = Some(language);
        }
        let mut report = |_: &ParseState| {
            if stop() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        let options = ParseOptions::new().progress_callback(&mut report);
        let mut read = |offset: usize, _| source.as_bytes().get(offset..).unwrap_or_default();
        self.parser
            .parse_with_options(&mut read, None, Some(options))
    }
}

fn count(found: &Found, used: &Found, source: &str) -> Vec<NameUse> {
    let mut counts: HashMap<&str, u32> = HashMap::new();
    let mut order = Vec::new();
    for range in &used.references {
        if range.is_empty() || range.len() > MAX_REFERENCE || found.is_given(range.start) {
            continue;
        }
        if let Some(name) = source.get(range.clone()) {
            let count = counts.entry(name).or_insert_with(|| {
                order.push(name);
                0
            });
            *count = count.saturating_add(1);
        }
    }
    let uses = order.into_iter().map(|name| NameUse {
        name: name.to_owned(),
        count: counts.get(name).copied().unwrap_or_default(),
    });
    uses.collect()
}

/// Names of the whole source, but where they are given.
fn uses(found: &Found, skeleton: &Skeleton<'_>) -> Vec<NameUse> {
    let mut given: HashMap<&str, u32> = HashMap::new();
    for name in found.given() {
        *given
            .entry(skeleton.text.get(name).unwrap_or_default())
            .or_insert(0) += 1;
    }
    let names = skeleton.names.iter().filter_map(|(name, count)| {
        let count = count.saturating_sub(given.get(name).copied().unwrap_or_default());
        (count > 0 && name.len() <= MAX_REFERENCE).then(|| NameUse {
            name: name.to_owned(),
            count,
        })
    });
    names.collect()
}
