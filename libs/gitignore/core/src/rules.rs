//! Ignore files: how their lines are read, and which of them decides about a path.

use hashbrown::HashMap;

use crate::glob::Glob;

/// Bytes that make a pattern more than a name.
fn is_special(byte: u8) -> bool {
    matches!(byte, b'*' | b'?' | b'[' | b'\\')
}

/// One line of an ignore file.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// Without `!` and the slash at the end.
    text: Vec<u8>,
    /// Line in its file, from 1.
    pub line: usize,
    /// Takes back in what earlier patterns leave out.
    pub negated: bool,
    /// Matches directories only.
    directory: bool,
    shape: Shape,
}

#[derive(Clone, Debug)]
enum Shape {
    /// Compared with the last component alone.
    Name(Test),
    /// Compared with the path below the file's own directory: first the bytes before the first special one, then the rest.
    Path { head: Vec<u8>, rest: Option<Glob> },
}

#[derive(Clone, Debug)]
enum Test {
    Equal(Vec<u8>),
    Ending(Vec<u8>),
    Glob(Glob),
}

impl Pattern {
    /// Reads a line as it stands, without its newline. None for blank lines and comments.
    fn parse(line: &[u8], number: usize, fold: bool) -> Option<Self> {
        if line.is_empty() || line[0] == b'#' {
            return None;
        }
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        // A pattern ends at a NUL, as strings of C do.
        let line = line.split(|&byte| byte == 0).next().unwrap_or_default();
        let line = without_trailing_spaces(line);
        let (negated, whole) = match line.split_first() {
            Some((b'!', rest)) => (true, rest),
            _ => (false, line),
        };
        let (text, directory) = match whole.split_last() {
            Some((b'/', rest)) => (rest, true),
            _ => (whole, false),
        };
        let literal = text
            .iter()
            .position(|&byte| is_special(byte))
            .unwrap_or(text.len());
        let shape = if text.contains(&b'/') {
            let start = usize::from(text[0] == b'/');
            // What stands before the first wildcard is compared apart, so that the rest begins anew.
            let rest = &text[literal..];
            Shape::Path {
                head: folded(&text[start..literal], fold),
                rest: (!rest.is_empty()).then(|| Glob::new(rest, fold, true)),
            }
        } else if literal == text.len() {
            Shape::Name(Test::Equal(folded(text, fold)))
        } else if text[0] == b'*' && !whole[1..].iter().any(|&byte| is_special(byte)) {
            Shape::Name(Test::Ending(folded(&text[1..], fold)))
        } else {
            Shape::Name(Test::Glob(Glob::new(text, fold, false)))
        };
        Some(Self {
            text: text.to_vec(),
            line: number,
            negated,
            directory,
            shape,
        })
    }

    /// The pattern as its file has it, but for white space at its end.
    pub fn written(&self) -> Vec<u8> {
        let mut written = Vec::with_capacity(self.text.len() + 2);
        if self.negated {
            written.push(b'!');
        }
        written.extend_from_slice(&self.text);
        if self.directory {
            written.push(b'/');
        }
        written
    }

    /// `path` is below the file's directory, `name` its last component, both folded where case is ignored.
    fn matches(&self, path: &[u8], name: &[u8]) -> bool {
        match &self.shape {
            Shape::Name(Test::Equal(wanted)) => name == wanted,
            Shape::Name(Test::Ending(wanted)) => name.ends_with(wanted),
            Shape::Name(Test::Glob(glob)) => glob.matches(name),
            Shape::Path { head, rest } => match (path.strip_prefix(head.as_slice()), rest) {
                (None, _) => false,
                (Some(left), None) => left.is_empty(),
                (Some(left), Some(glob)) => glob.matches(left),
            },
        }
    }
}

fn without_trailing_spaces(line: &[u8]) -> &[u8] {
    let mut end = 0;
    let mut at = 0;
    while at < line.len() {
        match line[at] {
            b' ' => {}
            b'\\' => {
                // A backslash at the very end keeps all before it.
                if at + 1 == line.len() {
                    return line;
                }
                at += 1;
                end = at + 1;
            }
            _ => end = at + 1,
        }
        at += 1;
    }
    &line[..end]
}

pub(crate) fn folded(bytes: &[u8], fold: bool) -> Vec<u8> {
    if fold {
        bytes.to_ascii_lowercase()
    } else {
        bytes.to_vec()
    }
}

/// Largest ignore file that counts, as in git.
pub const MAX_BYTES: u64 = 100 << 20;

/// The patterns of one file, in an order that finds the deciding one without trying all.
#[derive(Debug, Default)]
pub struct Rules {
    patterns: Vec<Pattern>,
    /// By the name that they want, latest first.
    by_name: HashMap<Vec<u8>, Vec<usize>>,
    /// By the last extension of the ending that they want, latest first.
    by_extension: HashMap<Vec<u8>, Vec<usize>>,
    /// All others, latest first.
    others: Vec<usize>,
    fold: bool,
}

impl Rules {
    /// Reads the content of an ignore file; `fold` ignores the case of ASCII letters.
    pub fn parse(content: &[u8], fold: bool) -> Self {
        let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
        let mut rules = Self {
            fold,
            ..Self::default()
        };
        for (index, line) in content.split(|&byte| byte == b'\n').enumerate() {
            rules.patterns.extend(Pattern::parse(line, index + 1, fold));
        }
        for index in (0..rules.patterns.len()).rev() {
            let place = match &rules.patterns[index].shape {
                Shape::Name(Test::Equal(name)) => rules.by_name.entry(name.clone()).or_default(),
                Shape::Name(Test::Ending(ending)) if is_extension(ending) => {
                    rules.by_extension.entry(ending.clone()).or_default()
                }
                _ => &mut rules.others,
            };
            place.push(index);
        }
        rules
    }

    /// Whether there is no pattern in it.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// The last pattern that matches. `path` is relative to the file's directory; `is_directory` is asked where it matters.
    pub fn decide(&self, path: &[u8], is_directory: &mut dyn FnMut() -> bool) -> Option<&Pattern> {
        if self.patterns.is_empty() {
            return None;
        }
        let lowered;
        let path = if self.fold {
            lowered = path.to_ascii_lowercase();
            &lowered
        } else {
            path
        };
        let name = &path[path
            .iter()
            .rposition(|&byte| byte == b'/')
            .map_or(0, |slash| slash + 1)..];
        let extension = name
            .iter()
            .rposition(|&byte| byte == b'.')
            .map(|dot| &name[dot..]);
        let mut best: Option<usize> = None;
        let named = self.by_name.get(name);
        let ending = extension.and_then(|extension| self.by_extension.get(extension));
        for list in [named, ending].into_iter().flatten() {
            best = best.max(
                list.iter()
                    .copied()
                    .find(|&index| self.counts(index, is_directory)),
            );
        }
        for &index in &self.others {
            if best.is_some_and(|best| best > index) {
                break;
            }
            if self.patterns[index].matches(path, name) && self.counts(index, is_directory) {
                best = Some(index);
                break;
            }
        }
        best.map(|index| &self.patterns[index])
    }

    fn counts(&self, index: usize, is_directory: &mut dyn FnMut() -> bool) -> bool {
        !self.patterns[index].directory || is_directory()
    }
}

/// Whether names that end so have it as their last extension: a dot, and no other.
fn is_extension(ending: &[u8]) -> bool {
    ending.first() == Some(&b'.') && !ending[1..].contains(&b'.')
}
