//! What the query of a language finds in a tree.

use std::ops::{ControlFlow, Range};

use hashbrown::HashMap;
use tree_sitter::{
    Node, QueryCursor, QueryCursorOptions, QueryCursorState, QueryMatch, StreamingIterator, Tree,
};

use super::kind::TagKind;
use super::queries::{Compiled, Fields, Role};

/// Matches that may be open at once; texts of a language need a few.
const MAX_OPEN_MATCHES: u32 = 1024;

/// What was found, in no order.
#[derive(Default)]
pub(super) struct Found {
    pub definitions: Vec<Definition>,
    pub scopes: Vec<Scope>,
    pub exported: Vec<Range<usize>>,
    pub references: Vec<Range<usize>>,
    /// Where names stand that are not used there but given, and by which pattern.
    names: HashMap<usize, Given>,
}

struct Given {
    pattern: usize,
    end: usize,
    /// None for an import.
    definition: Option<usize>,
}

pub(super) struct Definition {
    pub kind: TagKind,
    pub whole: Range<usize>,
    pub name: Range<usize>,
    pub container: Option<Range<usize>>,
    pub body: Option<usize>,
    pub exported: bool,
    /// False where an earlier pattern names the same place.
    pub counts: bool,
}

pub(super) struct Scope {
    pub whole: Range<usize>,
    pub kind: ScopeKind,
    pub pattern: usize,
}

pub(super) enum ScopeKind {
    /// Members of a name.
    Members {
        name: Option<Range<usize>>,
        public: bool,
    },
    Local,
    Export,
    Access,
}

impl Found {
    /// Whether a name is given there, and not used.
    pub fn is_given(&self, start: usize) -> bool {
        self.names.contains_key(&start)
    }

    /// Where names are given.
    pub fn given(&self) -> impl Iterator<Item = Range<usize>> {
        self.names.iter().map(|(start, given)| *start..given.end)
    }

    fn take(&mut self, matched: &QueryMatch<'_, '_>, tags: &Compiled) {
        if let [only] = matched.captures()
            && tags.roles.get(only.index as usize) == Some(&Role::Reference)
        {
            self.references.push(only.node.byte_range());
            return;
        }
        let mut parts = Parts::default();
        for capture in matched.captures() {
            let node = capture.node;
            let Some(role) = tags.roles.get(capture.index as usize) else {
                continue;
            };
            match *role {
                Role::Definition(kind) => parts.definition = Some((kind, node)),
                Role::Name => parts.name = Some(node.byte_range()),
                Role::Container => parts.container = Some(node.byte_range()),
                Role::Exported => parts.exported = true,
                Role::ExportedName => self.exported.push(node.byte_range()),
                Role::Scope { public } => parts.scope = Some((public, node)),
                Role::Import => parts.import = true,
                Role::Local => self.scope(matched, node, ScopeKind::Local),
                Role::Export => self.scope(matched, node, ScopeKind::Export),
                Role::Access => self.scope(matched, node, ScopeKind::Access),
                Role::Reference => self.references.push(node.byte_range()),
                Role::Helper => {}
            }
        }
        self.keep(matched, parts, &tags.fields);
    }

    fn keep(&mut self, matched: &QueryMatch<'_, '_>, parts: Parts<'_>, fields: &Fields) {
        let pattern = matched.pattern_index;
        if let Some((public, node)) = parts.scope {
            let name = parts.name;
            self.scope(matched, node, ScopeKind::Members { name, public });
            return;
        }
        // Names that are missing in broken code are empty.
        let Some(name) = parts.name.filter(|name| !name.is_empty()) else {
            return;
        };
        let definition = parts.definition.map(|(kind, node)| {
            self.definitions.push(Definition {
                kind,
                whole: node.byte_range(),
                name: name.clone(),
                container: parts.container,
                body: body_of(node, fields),
                exported: parts.exported,
                counts: true,
            });
            self.definitions.len() - 1
        });
        if definition.is_none() && !parts.import {
            return;
        }
        let other = self.names.get(&name.start);
        let loser = match other {
            Some(other) if other.pattern <= pattern => definition,
            Some(other) => other.definition,
            None => None,
        };
        if other.is_none_or(|other| other.pattern > pattern) {
            let given = Given {
                pattern,
                end: name.end,
                definition,
            };
            self.names.insert(name.start, given);
        }
        if let Some(definition) = loser.and_then(|index| self.definitions.get_mut(index)) {
            definition.counts = false;
        }
    }

    fn scope(&mut self, matched: &QueryMatch<'_, '_>, node: Node<'_>, kind: ScopeKind) {
        self.scopes.push(Scope {
            whole: node.byte_range(),
            kind,
            pattern: matched.pattern_index,
        });
    }
}

#[derive(Default)]
struct Parts<'tree> {
    definition: Option<(TagKind, Node<'tree>)>,
    name: Option<Range<usize>>,
    container: Option<Range<usize>>,
    scope: Option<(bool, Node<'tree>)>,
    exported: bool,
    import: bool,
}

/// None where `stop` says so before the end.
pub(super) fn find(
    cursor: &mut QueryCursor,
    compiled: &Compiled,
    tree: &Tree,
    source: &str,
    stop: &mut dyn FnMut() -> bool,
) -> Option<Found> {
    let mut found = Found::default();
    let mut stopped = false;
    let mut report = |_: &QueryCursorState| {
        if stop() {
            stopped = true;
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    cursor.set_match_limit(MAX_OPEN_MATCHES);
    let options = QueryCursorOptions::new().progress_callback(&mut report);
    let mut matches = cursor.matches_with_options(
        &compiled.query,
        tree.root_node(),
        source.as_bytes(),
        options,
    );
    while let Some(matched) = matches.next() {
        found.take(matched, compiled);
    }
    drop(matches);
    (!stopped).then_some(found)
}

fn body_of(node: Node<'_>, fields: &Fields) -> Option<usize> {
    let through = |field| {
        node.child_by_field_id(field)?
            .child_by_field_id(fields.body)
    };
    let found = node
        .child_by_field_id(fields.body)
        .or_else(|| through(fields.value))
        .or_else(|| through(fields.right));
    found.map(|body| body.start_byte())
}
