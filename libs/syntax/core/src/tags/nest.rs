//! Definitions in the order of the text, with what they are members of.

use std::cmp::Reverse;
use std::ops::Range;

use hashbrown::HashSet;

use super::Tag;
use super::exported::{Asked, is_exported};
use super::kind::TagKind;
use super::matches::{Definition, Found, Scope, ScopeKind};
use super::positions::{Position, Positions};
use super::signature::{Parts, signature, words_before};
use super::skeleton::Skeleton;
use crate::language::Language;

/// Longest name and longest container, in bytes; deeper ones begin anew.
const MAX_NAME: usize = 256;

/// The tags of what was found in a source, or in its skeleton.
pub(super) fn nest(
    found: &Found,
    source: &str,
    skeleton: Option<&Skeleton<'_>>,
    language: Language,
) -> Vec<Tag> {
    let positions = Positions::new(source);
    let source = skeleton.map_or(source, |skeleton| &skeleton.text);
    let mut items: Vec<(usize, Reverse<usize>, usize, Item<'_>)> = Vec::new();
    let definitions = found.definitions.iter().filter(|it| it.counts);
    items.extend(definitions.map(|it| {
        let Range { start, end } = it.whole;
        (start, Reverse(end), it.name.start, Item::Definition(it))
    }));
    items.extend(found.scopes.iter().map(|it| {
        let Range { start, end } = it.whole;
        (start, Reverse(end), it.pattern, Item::Scope(it))
    }));
    items.sort_by_key(|(start, end, order, item)| (*start, *end, item.is_definition(), *order));
    let listed = found
        .exported
        .iter()
        .filter_map(|it| source.get(it.clone()));
    let mut nesting = Nesting {
        source,
        language,
        positions,
        skeleton,
        listed: listed.collect(),
        seen: HashSet::new(),
        stack: Vec::new(),
        tags: Vec::new(),
    };
    for (.., item) in items {
        match item {
            Item::Definition(definition) => nesting.define(definition),
            Item::Scope(scope) => nesting.enter(scope),
        }
    }
    nesting.tags
}

enum Item<'found> {
    Definition(&'found Definition),
    Scope(&'found Scope),
}

impl Item<'_> {
    fn is_definition(&self) -> bool {
        matches!(self, Self::Definition(_))
    }
}

/// Something that the text is in at the moment.
struct Around {
    whole: Range<usize>,
    /// The definition that it is.
    tag: Option<usize>,
    /// What its members have as their container.
    path: String,
    has_members: bool,
    is_local: bool,
    is_open: bool,
    is_closed: bool,
}

struct Nesting<'source> {
    /// What was searched: the whole text or its skeleton.
    source: &'source str,
    skeleton: Option<&'source Skeleton<'source>>,
    language: Language,
    positions: Positions<'source>,
    listed: HashSet<&'source str>,
    /// Variables by where they stand: those that are set again are not defined again.
    seen: HashSet<(Option<usize>, &'source str)>,
    stack: Vec<Around>,
    tags: Vec<Tag>,
}

impl<'source> Nesting<'source> {
    fn leave(&mut self, before: &Range<usize>) {
        while let Some(top) = self.stack.last() {
            // What has the same range stands beside, as `a` and `b` in `int a, b`.
            let same = top.tag.is_some() && top.whole == *before;
            if top.whole.end > before.start && !same {
                return;
            }
            self.stack.pop();
        }
    }

    fn enter(&mut self, scope: &Scope) {
        self.leave(&scope.whole);
        let top = self.stack.last();
        let path = top.map(|top| top.path.clone()).unwrap_or_default();
        let is_local = top.is_some_and(|top| top.is_local);
        let around = Around {
            whole: scope.whole.clone(),
            tag: None,
            path,
            has_members: false,
            is_local,
            is_open: false,
            is_closed: false,
        };
        let around = match &scope.kind {
            ScopeKind::Members { name, public } => {
                if top.is_some_and(|top| top.tag.is_none() && top.whole == scope.whole) {
                    return;
                }
                let name = name.clone().and_then(|name| self.source.get(name));
                Around {
                    path: name.map_or(around.path.clone(), |name| self.join(&around.path, name)),
                    has_members: true,
                    is_local: false,
                    is_open: *public,
                    ..around
                }
            }
            ScopeKind::Local => Around {
                is_local: true,
                ..around
            },
            ScopeKind::Export => Around {
                is_open: true,
                ..around
            },
            ScopeKind::Access => {
                let text = self.source.get(scope.whole.clone()).unwrap_or_default();
                if let Some(top) = self.stack.iter_mut().rfind(|it| !it.is_local) {
                    top.is_closed = !text.starts_with("public");
                }
                return;
            }
        };
        self.stack.push(around);
    }

    fn define(&mut self, definition: &Definition) {
        self.leave(&definition.whole);
        let written = self.source.get(definition.name.clone()).unwrap_or_default();
        let text = written.trim_start_matches(['"', '\'', ':']);
        let name_start = definition.name.end - text.len();
        let text = text.trim_end_matches(['"', '\'']);
        let mut place = self.stack.len();
        if definition.kind == TagKind::Field {
            // `self.name = ...` in a method is a field of the class.
            let class = self.stack.iter().rposition(|around| around.has_members);
            place = class.map_or(place, |class| class + 1);
        }
        let top = place.checked_sub(1).and_then(|at| self.stack.get(at));
        let kind = self.kind_of(definition.kind, text, top);
        if text.is_empty() || text.len() > MAX_NAME {
            return;
        }
        let owner = self.stack.iter().take(place).rev().find_map(|it| it.tag);
        let repeats = kind.is_variable() || kind == TagKind::Field;
        let is_local = top.is_some_and(|top| top.is_local);
        // `Shape shape(1);` in a function may look as if it declared one.
        let is_call =
            definition.body.is_none() && matches!(self.language, Language::C | Language::Cpp);
        if is_local && (kind.is_variable() || is_call && kind.is_function())
            || repeats && !self.seen.insert((owner, text))
        {
            return;
        }
        let above = top.map(|top| top.path.as_str()).unwrap_or_default();
        let container = match definition.container.clone().map(|it| self.source.get(it)) {
            Some(Some(written)) => self.join(above, written),
            _ => above.to_owned(),
        };
        let kind = match kind {
            TagKind::Method if self.language == Language::Cpp => {
                let class = container.rsplit("::").next();
                if class == Some(text) {
                    TagKind::Constructor
                } else {
                    kind
                }
            }
            _ => kind,
        };
        let parts = self.parts(definition, kind);
        let asked = Asked {
            language: self.language,
            name: text,
            owner: owner
                .and_then(|owner| self.tags.get(owner))
                .map(|tag| (tag.kind, tag.exported)),
            is_open: top.is_some_and(|top| top.is_open),
            is_listed: self.listed.contains(text),
            is_closed: top.is_some_and(|top| top.is_closed),
            in_scope: top.is_some_and(|top| top.tag.is_none()),
        };
        let exported = definition.exported || is_exported(&asked, words_before(&parts));
        let around = Around {
            whole: definition.whole.clone(),
            tag: Some(self.tags.len()),
            path: self.join(&container, text),
            has_members: kind.has_members()
                || kind == TagKind::Module && self.language == Language::Ruby,
            is_local: kind.is_function() || kind.is_variable() && asked_local(top),
            is_open: false,
            is_closed: kind == TagKind::Class && self.language == Language::Cpp,
        };
        let whole = self.source.get(definition.whole.clone());
        // Directives end behind their line.
        let end = definition.whole.start + whole.unwrap_or_default().trim_end().len();
        self.tags.push(Tag {
            kind,
            name: text.to_owned(),
            name_at: self.start(name_start),
            start: self.start(definition.whole.start),
            end: self.end(end),
            container: Some(container).filter(|container| !container.is_empty()),
            signature: signature(&parts),
            exported,
        });
        self.stack.push(around);
    }

    fn kind_of(&self, kind: TagKind, name: &str, top: Option<&Around>) -> TagKind {
        let member = top.is_some_and(|top| top.has_members);
        let kind = match kind {
            TagKind::Function if member => TagKind::Method,
            TagKind::Variable if member => TagKind::Field,
            TagKind::Variable if self.language == Language::Python && is_upper(name) => {
                TagKind::Constant
            }
            other => other,
        };
        let constructs = match self.language {
            Language::TypeScript | Language::Tsx | Language::JavaScript => name == "constructor",
            Language::Python => name == "__init__",
            Language::Ruby => name == "initialize",
            _ => false,
        };
        if kind == TagKind::Method && constructs {
            return TagKind::Constructor;
        }
        kind
    }

    fn parts(&self, definition: &Definition, kind: TagKind) -> Parts<'source> {
        let has_block = definition.body.is_some();
        Parts {
            source: self.source,
            whole: definition.whole.clone(),
            name: definition.name.start,
            body: definition.body,
            line: self.line_start(definition.whole.start),
            // In Ruby a line ends what parentheses do not hold together.
            spans_lines: self.language != Language::Ruby
                && (has_block || kind.is_function())
                && !is_macro(self.source, &definition.whole),
        }
    }

    fn start(&self, at: usize) -> Position {
        let at = self.skeleton.map_or(at, |skeleton| skeleton.start(at));
        self.positions.at(at)
    }

    fn end(&self, at: usize) -> Position {
        let at = self.skeleton.map_or(at, |skeleton| skeleton.end(at));
        self.positions.at(at)
    }

    /// The start of a line, or a place near: what stands far before a definition says nothing of it.
    fn line_start(&self, at: usize) -> usize {
        let bytes = self.source.as_bytes();
        let from = at.saturating_sub(MAX_NAME);
        let before = bytes.get(from..at).unwrap_or_default();
        let newline = memchr::memrchr(b'\n', before);
        from + newline.map_or(0, |newline| newline + 1)
    }

    fn join(&self, path: &str, name: &str) -> String {
        let between = match self.language {
            Language::Rust | Language::C | Language::Cpp | Language::Ruby => "::",
            _ => ".",
        };
        let name = name.trim_matches(['"', '\'']);
        if path.is_empty() || path.len() + name.len() > MAX_NAME {
            let fits = (0..=name.len().min(MAX_NAME)).rfind(|at| name.is_char_boundary(*at));
            return name
                .get(..fits.unwrap_or_default())
                .unwrap_or_default()
                .to_owned();
        }
        [path, between, name].concat()
    }
}

fn asked_local(top: Option<&Around>) -> bool {
    top.is_some_and(|top| top.is_local)
}

fn is_macro(source: &str, whole: &Range<usize>) -> bool {
    let text = source.get(whole.clone()).unwrap_or_default();
    text.starts_with('#') || text.starts_with("macro_rules!")
}

fn is_upper(name: &str) -> bool {
    name.contains(|char: char| char.is_ascii_uppercase())
        && !name.contains(|char: char| char.is_lowercase())
}
