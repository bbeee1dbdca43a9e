//! The list of what a file declares.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::ops::{ControlFlow, Range};
use std::time::{Duration, Instant};

use tree_sitter::{Node, ParseOptions, ParseState, Parser, Tree};

use crate::declare::{Found, Kind, Name, Part, is_comment, part, text};
use crate::language::Language;

/// Largest text that is parsed, in bytes: trees take some tens of times the memory of their text.
const MAX_BYTES: usize = 32 << 20;

/// Most owners that a declaration is listed below; deeper ones are part of the last owner's body.
const MAX_OWNERS: usize = 256;

/// Longest name kept, in characters.
const MAX_NAME: usize = 256;

/// Something declared by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declaration {
    /// What it is.
    pub kind: Kind,
    /// Its name as written, without the quotes of strings.
    pub name: String,
    /// Index of the declaration that it is a member of.
    pub parent: Option<usize>,
    /// First and last line, from 1; attributes, decorators and `export` belong to it.
    pub lines: (usize, usize),
    /// The same as bytes of the text.
    pub bytes: Range<usize>,
    /// Stands for the tokens before its body, its name aside.
    pub signature: u64,
    /// Stands for the tokens of its body, members aside.
    pub body: u64,
}

/// What a file declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// In the order of the text; members behind their owner.
    pub declarations: Vec<Declaration>,
    /// Stands for the tokens outside all declarations: imports, statements.
    pub rest: u64,
    /// True where parts of the text do not fit the grammar; what stands there may be missing.
    pub has_errors: bool,
}

/// Why a text was not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SyntaxError {
    /// Over the size that is parsed.
    #[error("the text has {bytes} bytes, and at most {limit} are parsed")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The largest.
        limit: usize,
    },
    /// Parsing took longer than it may: text of a language takes 0.1 s for a megabyte, noise a hundred times that.
    #[error("parsing the text as {language} took longer than {limit_ms} ms")]
    TimedOut {
        /// Name of the language.
        language: &'static str,
        /// The longest, in milliseconds.
        limit_ms: u128,
    },
}

/// Lists what `source` declares.
///
/// Comments and white space make no difference to what declarations are, but that indentation does in Python. The work
/// ends at `time_limit`. Numbers that stand for tokens compare within one build of this crate.
///
/// # Errors
///
/// [`SyntaxError`], where the text is too large or takes too long, which text of the language does not.
pub fn outline(
    source: &[u8],
    language: Language,
    time_limit: Duration,
) -> Result<Outline, SyntaxError> {
    let tree = parse(source, language, time_limit)?;
    let (mut declarations, marks) = list(&tree, source, language);
    let rest = hash_tokens(&tree, source, &marks, &mut declarations);
    Ok(Outline {
        declarations,
        rest,
        has_errors: tree.root_node().has_error(),
    })
}

fn parse(source: &[u8], language: Language, time_limit: Duration) -> Result<Tree, SyntaxError> {
    if source.len() > MAX_BYTES {
        return Err(SyntaxError::TooLarge {
            bytes: source.len(),
            limit: MAX_BYTES,
        });
    }
    let mut parser = Parser::new();
    parser
        .set_language(&language.grammar())
        .expect("the grammars are built for this version of tree-sitter");
    let started = Instant::now();
    let mut report = |_: &ParseState| {
        if started.elapsed() > time_limit {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let options = ParseOptions::new().progress_callback(&mut report);
    let mut read = |offset: usize, _| source.get(offset..).unwrap_or_default();
    parser
        .parse_with_options(&mut read, None, Some(options))
        .ok_or(SyntaxError::TimedOut {
            language: language.name(),
            limit_ms: time_limit.as_millis(),
        })
}

/// What hashing needs to know of a declaration.
struct Mark {
    body: Option<Range<usize>>,
    /// Tokens that make up its name.
    names: Vec<Range<usize>>,
    depth: usize,
}

/// Where a node stands.
#[derive(Clone, Default)]
struct Place {
    parent: Option<usize>,
    /// How many owners it has.
    owners: usize,
    /// From where a wrapper or an attribute begins to where the wrapper ends.
    outer: Option<Range<usize>>,
    /// Its depth in the tree.
    depth: usize,
}

/// Finds the declarations, without recursion: JSON nests as deep as it likes.
struct Walk<'tree, 'source> {
    language: Language,
    source: &'source [u8],
    /// What is still to visit, the next on top.
    visits: Vec<(Node<'tree>, Place)>,
}

fn list(tree: &Tree, source: &[u8], language: Language) -> (Vec<Declaration>, Vec<Mark>) {
    let mut declarations: Vec<Declaration> = Vec::new();
    let mut marks = Vec::new();
    let mut walk = Walk {
        language,
        source,
        visits: vec![(tree.root_node(), Place::default())],
    };
    while let Some((node, place)) = walk.visits.pop() {
        match part(language, node, source) {
            Part::Other | Part::Prefix => {}
            Part::Around { wraps } => {
                let outer = place.outer.unwrap_or_else(|| node.byte_range());
                let outer = wraps.then_some(outer);
                walk.enter(node, &Place { outer, ..place });
            }
            Part::Declares(found) => {
                let bytes = place.outer.unwrap_or_else(|| node.byte_range());
                let members = Place {
                    parent: Some(declarations.len()),
                    owners: place.owners + 1,
                    outer: None,
                    depth: place.depth + 1,
                };
                if let Some(node) = found.members.filter(|_| members.owners <= MAX_OWNERS) {
                    walk.enter(node, &members);
                }
                marks.push(mark(&found, place.depth));
                declarations.push(Declaration {
                    kind: place.parent.map_or(found.kind, |owner| {
                        found.kind.inside(declarations[owner].kind)
                    }),
                    name: name(&found.name, source),
                    parent: place.parent,
                    lines: (0, 0),
                    bytes,
                    signature: 0,
                    body: 0,
                });
            }
        }
    }
    (declarations, marks)
}

impl<'tree> Walk<'tree, '_> {
    /// Puts the children of `node` on the list of visits, the first on top.
    fn enter(&mut self, node: Node<'tree>, place: &Place) {
        let first = self.visits.len();
        let mut prefix: Option<usize> = None;
        let mut cursor = node.walk();
        for child in node.named_children(&mut cursor) {
            if is_comment(child) {
                continue;
            }
            if place.outer.is_none()
                && matches!(part(self.language, child, self.source), Part::Prefix)
            {
                prefix.get_or_insert(child.start_byte());
                continue;
            }
            let attributed = prefix.take().map(|start| start..child.end_byte());
            let place = Place {
                outer: place.outer.clone().or(attributed),
                depth: place.depth + 1,
                ..place.clone()
            };
            self.visits.push((child, place));
        }
        self.visits[first..].reverse();
    }
}

fn mark(found: &Found<'_>, depth: usize) -> Mark {
    Mark {
        body: found.body.map(|body| body.byte_range()),
        names: match &found.name {
            Name::Node(node) => vec![node.byte_range()],
            Name::Made(_, nodes) => nodes.iter().map(Node::byte_range).collect(),
        },
        depth,
    }
}

fn name(name: &Name<'_>, source: &[u8]) -> String {
    let full = match name {
        Name::Node(node) => text(*node, source),
        Name::Made(text, _) => text.clone(),
    };
    let bare = ['"', '\'']
        .iter()
        .find_map(|quote| full.strip_prefix(*quote)?.strip_suffix(*quote))
        .unwrap_or(&full);
    bare.chars().take(MAX_NAME).collect()
}

/// Gives each token to the innermost declaration that it stands in, and returns the number for those in none.
fn hash_tokens(
    tree: &Tree,
    source: &[u8],
    marks: &[Mark],
    declarations: &mut [Declaration],
) -> u64 {
    let mut sums: Vec<(DefaultHasher, DefaultHasher)> = vec![Default::default(); marks.len()];
    let mut rest = DefaultHasher::new();
    // Declarations are in the order of their starts, members behind their owners: those open now are a stack.
    let mut open: Vec<usize> = Vec::new();
    let mut next = 0;
    let mut last_end = 0;
    each_token(tree, |token, depth| {
        let at = token.start_byte();
        let before = std::mem::replace(&mut last_end, token.end_byte());
        while let Some(&last) = open
            .last()
            .filter(|&&last| declarations[last].bytes.end <= at)
        {
            // Grammars count comments in that stand behind the last token.
            declarations[last].bytes.end = before;
            open.pop();
        }
        while let Some(declaration) = declarations.get(next).filter(|it| it.bytes.start <= at) {
            if declaration.bytes.end > at {
                open.push(next);
            }
            next += 1;
        }
        let content = &source[token.byte_range()];
        let Some(&owner) = open.last() else {
            content.hash(&mut rest);
            return;
        };
        let Mark {
            body,
            names,
            depth: own,
        } = &marks[owner];
        if names.iter().any(|name| name.start <= at && at < name.end) {
            return;
        }
        let (signature, inside) = &mut sums[owner];
        if body.as_ref().is_some_and(|body| body.contains(&at)) {
            // Only indentation tells some Python blocks apart, and that is the depth in the tree.
            (content, depth.wrapping_sub(*own)).hash(inside);
        } else {
            content.hash(signature);
        }
    });
    for last in open {
        declarations[last].bytes.end = last_end;
    }
    let lines = Lines::new(source);
    for (declaration, (signature, body)) in declarations.iter_mut().zip(sums) {
        declaration.lines = lines.of(&declaration.bytes);
        declaration.signature = signature.finish();
        declaration.body = body.finish();
    }
    rest.finish()
}

/// Calls `take` with every leaf but comments, in order, and its depth.
fn each_token(tree: &Tree, mut take: impl FnMut(Node<'_>, usize)) {
    let mut cursor = tree.walk();
    let mut depth = 0;
    loop {
        let node = cursor.node();
        let comment = is_comment(node);
        if !comment && cursor.goto_first_child() {
            depth += 1;
            continue;
        }
        if !comment && !node.byte_range().is_empty() {
            take(node, depth);
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return;
            }
            depth -= 1;
        }
    }
}

/// Line numbers of offsets.
struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    fn new(source: &[u8]) -> Self {
        let newlines = source
            .iter()
            .enumerate()
            .filter(|(_, byte)| **byte == b'\n');
        Self {
            starts: newlines.map(|(at, _)| at + 1).collect(),
        }
    }

    /// First and last line, from 1.
    fn of(&self, bytes: &Range<usize>) -> (usize, usize) {
        let line = |at: usize| self.starts.partition_point(|start| *start <= at) + 1;
        (line(bytes.start), line(bytes.end.max(bytes.start + 1) - 1))
    }
}
