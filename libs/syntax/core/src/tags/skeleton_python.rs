//! The same for Python, whose blocks are told by indentation: bodies of functions without definitions, strings that are
//! statements, comments.

use super::skeleton::{Cut, Names};

/// Shorter bodies cost less to parse than to cut.
const MIN_CUT: usize = 24;

struct Function {
    indent: usize,
    header_end: usize,
    defines: bool,
    /// Cuts that were there before it.
    cuts: usize,
}

/// None where a bracket or a string is never closed.
pub(super) fn cuts<'source>(source: &'source str, names: &mut Names<'source>) -> Option<Vec<Cut>> {
    let mut lines = Lines {
        source,
        bytes: source.as_bytes(),
        at: 0,
    };
    let mut cuts: Vec<Cut> = Vec::new();
    let mut open: Vec<Function> = Vec::new();
    let mut last_end = 0;
    while let Some(line) = lines.next(names, &mut cuts)? {
        leave(&mut open, &mut cuts, line.indent, last_end);
        let text = source.get(line.start..line.end).unwrap_or_default();
        let text = text.strip_prefix("async ").map_or(text, str::trim_start);
        let is_def = text.starts_with("def ");
        let defines = is_def
            || ["class ", "type "]
                .iter()
                .any(|word| text.starts_with(word))
            || line.assigns_field;
        if let Some(function) = open.last_mut() {
            function.defines |= defines;
        }
        if line.is_string && line.end - line.start >= MIN_CUT {
            cuts.push(Cut {
                start: last_end,
                end: line.end,
                is_owned: true,
            });
        }
        if is_def && text.ends_with(':') {
            open.push(Function {
                indent: line.indent,
                header_end: line.end,
                defines: false,
                cuts: cuts.len(),
            });
        }
        last_end = line.end;
    }
    leave(&mut open, &mut cuts, 0, last_end);
    // A string behind comments was found after them.
    cuts.sort_by_key(|cut| (cut.start, std::cmp::Reverse(cut.end)));
    let mut end = 0;
    cuts.retain(|cut| {
        let is_first = cut.start >= end;
        end = end.max(cut.end);
        is_first
    });
    Some(cuts)
}

fn leave(open: &mut Vec<Function>, cuts: &mut Vec<Cut>, indent: usize, end: usize) {
    while let Some(function) = open.pop_if(|function| function.indent >= indent) {
        if function.defines {
            if let Some(outer) = open.last_mut() {
                outer.defines = true;
            }
        } else if end >= function.header_end + MIN_CUT {
            cuts.truncate(function.cuts);
            cuts.push(Cut {
                start: function.header_end,
                end,
                is_owned: true,
            });
        }
    }
}

/// A logical line.
struct Line {
    indent: usize,
    start: usize,
    /// Behind its last character that is no white space and no comment.
    end: usize,
    is_string: bool,
    assigns_field: bool,
}

struct Lines<'source> {
    source: &'source str,
    bytes: &'source [u8],
    at: usize,
}

impl<'source> Lines<'source> {
    fn byte(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    /// The next line with code; the outer None where the source is broken.
    #[allow(clippy::option_option, reason = "the end is no failure")]
    fn next(&mut self, names: &mut Names<'source>, cuts: &mut Vec<Cut>) -> Option<Option<Line>> {
        let mut indent = 0;
        loop {
            match self.byte(0) {
                0 if self.at >= self.bytes.len() => return Some(None),
                b' ' => indent += 1,
                b'\t' => indent += 8 - indent % 8,
                b'\n' => indent = 0,
                b'\r' | 0x0c => {}
                b'#' => {
                    self.comment(cuts);
                    continue;
                }
                _ => break,
            }
            self.at += 1;
        }
        let mut line = Line {
            indent,
            start: self.at,
            end: self.at,
            is_string: matches!(self.byte(0), b'"' | b'\''),
            assigns_field: false,
        };
        let mut depth = 0_usize;
        // Whether a statement may begin here.
        let mut begins = true;
        loop {
            let byte = self.byte(0);
            match byte {
                0 if self.at >= self.bytes.len() => break,
                b'\n' if depth == 0 => break,
                b'#' => {
                    self.comment(cuts);
                    continue;
                }
                b' ' | b'\t' | b'\r' | b'\n' | 0x0c => {
                    self.at += 1;
                    continue;
                }
                b'\\' => {
                    self.at += if self.byte(1) == b'\r' { 3 } else { 2 };
                    begins = false;
                    continue;
                }
                b'"' | b'\'' => self.string()?,
                b'(' | b'[' | b'{' => {
                    depth += 1;
                    self.at += 1;
                    line.is_string = false;
                }
                b')' | b']' | b'}' => {
                    depth = depth.checked_sub(1)?;
                    self.at += 1;
                }
                byte if is_name(byte) => {
                    let name = self.name();
                    if matches!(self.byte(0), b'"' | b'\'') && is_prefix(name) {
                        self.string()?;
                    } else {
                        if begins && name == "self" && self.byte(0) == b'.' {
                            line.assigns_field = true;
                        }
                        if !is_keyword(name) {
                            names.add(name);
                        }
                    }
                    line.is_string = false;
                }
                _ => {
                    self.at += 1;
                    line.is_string = false;
                }
            }
            begins = depth == 0 && matches!(byte, b':' | b';');
            line.end = self.at.min(self.bytes.len());
        }
        (depth == 0).then_some(Some(line))
    }

    fn comment(&mut self, cuts: &mut Vec<Cut>) {
        let start = self.at;
        let rest = self.bytes.get(start..).unwrap_or_default();
        let end = memchr::memchr(b'\n', rest).map_or(self.bytes.len(), |end| start + end);
        self.at = end;
        if end - start >= MIN_CUT {
            cuts.push(Cut {
                start,
                end,
                is_owned: false,
            });
        }
    }

    fn string(&mut self) -> Option<()> {
        let quote = self.byte(0);
        let is_long = self.byte(1) == quote && self.byte(2) == quote;
        self.at += if is_long { 3 } else { 1 };
        loop {
            let byte = *self.bytes.get(self.at)?;
            match byte {
                b'\\' => self.at += 2,
                b'\n' if !is_long => return None,
                _ if byte == quote && !is_long => {
                    self.at += 1;
                    return Some(());
                }
                _ if byte == quote && self.byte(1) == quote && self.byte(2) == quote => {
                    self.at += 3;
                    return Some(());
                }
                _ => self.at += 1,
            }
        }
    }

    fn name(&mut self) -> &'source str {
        let start = self.at;
        while is_name(self.byte(0)) {
            self.at += 1;
        }
        self.source.get(start..self.at).unwrap_or_default()
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | 0x80..)
}

fn is_prefix(name: &str) -> bool {
    name.len() <= 2 && name.bytes().all(|byte| b"rRbBfFuUtT".contains(&byte))
}

fn is_keyword(name: &str) -> bool {
    name.starts_with(|char: char| char.is_ascii_digit())
        || matches!(
            name,
            "and"
                | "as"
                | "assert"
                | "async"
                | "await"
                | "break"
                | "class"
                | "continue"
                | "def"
                | "del"
                | "elif"
                | "else"
                | "except"
                | "finally"
                | "for"
                | "from"
                | "global"
                | "if"
                | "import"
                | "in"
                | "is"
                | "lambda"
                | "nonlocal"
                | "not"
                | "or"
                | "pass"
                | "raise"
                | "return"
                | "try"
                | "while"
                | "with"
                | "yield"
                | "None"
                | "True"
                | "False"
        )
}
