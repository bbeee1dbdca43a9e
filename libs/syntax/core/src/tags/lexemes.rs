//! Strings, comments, names and brackets of languages with braces.

use crate::language::Language;

/// How a language writes what is not code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Syntax {
    regular_expressions: bool,
    templates: bool,
    /// `'` begins a character or a lifetime, and no string.
    characters: bool,
    /// Strings go on over lines.
    long_strings: bool,
    raw_strings: bool,
    nested_comments: bool,
    directives: bool,
    back_quotes: bool,
    text_blocks: bool,
}

impl Syntax {
    pub fn of(language: Language) -> Option<Self> {
        let plain = Self {
            regular_expressions: false,
            templates: false,
            characters: true,
            long_strings: false,
            raw_strings: false,
            nested_comments: false,
            directives: false,
            back_quotes: false,
            text_blocks: false,
        };
        Some(match language {
            Language::TypeScript | Language::Tsx | Language::JavaScript => Self {
                regular_expressions: true,
                templates: true,
                characters: false,
                ..plain
            },
            Language::Rust => Self {
                long_strings: true,
                raw_strings: true,
                nested_comments: true,
                ..plain
            },
            Language::Go => Self {
                back_quotes: true,
                ..plain
            },
            Language::Java => Self {
                text_blocks: true,
                ..plain
            },
            Language::C | Language::Cpp => Self {
                directives: true,
                ..plain
            },
            Language::Python | Language::Ruby | Language::Json => return None,
        })
    }
}

/// A piece of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lexeme {
    End,
    /// A newline outside comments and strings.
    Line,
    Comment(usize, usize),
    Name(usize, usize),
    Literal,
    /// A directive that defines a macro.
    Define,
    /// `=>`, and `->` of other languages than scripts.
    Arrow,
    Open(u8, usize),
    Close(u8, usize),
    Sign(u8),
}

pub(super) struct Lexer<'source> {
    bytes: &'source [u8],
    at: usize,
    syntax: Syntax,
    /// Braces that are open in each template that is open.
    templates: Vec<usize>,
    braces: usize,
    resume: bool,
    line_start: bool,
}

impl<'source> Lexer<'source> {
    pub fn new(bytes: &'source [u8], syntax: Syntax) -> Self {
        Self {
            bytes,
            at: 0,
            syntax,
            templates: Vec::new(),
            braces: 0,
            resume: false,
            line_start: true,
        }
    }

    /// Whether what was closed last was a piece of code in a template.
    pub fn in_template(&self) -> bool {
        self.resume
    }

    fn byte(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    pub fn next(&mut self, may_divide: bool) -> Lexeme {
        if std::mem::take(&mut self.resume) {
            return self.template();
        }
        loop {
            let Some(&byte) = self.bytes.get(self.at) else {
                return Lexeme::End;
            };
            if byte == b'\n' {
                self.at += 1;
                self.line_start = true;
                return Lexeme::Line;
            }
            if !byte.is_ascii_whitespace() {
                break;
            }
            self.at += 1;
        }
        let at = self.at;
        let byte = self.byte(0);
        let starts_line = std::mem::take(&mut self.line_start);
        match byte {
            b'/' if matches!(self.byte(1), b'/' | b'*') => self.comment(),
            b'/' if self.syntax.regular_expressions && !may_divide => self.regular_expression(),
            b'"' if self.syntax.text_blocks && self.bytes.get(at..at + 3) == Some(b"\"\"\"") => {
                self.at += 3;
                self.behind(b"\"\"\"")
            }
            b'"' => self.string(b'"'),
            b'\'' if self.syntax.characters => self.character(),
            b'\'' => self.string(b'\''),
            b'`' if self.syntax.templates => {
                self.at += 1;
                self.template()
            }
            b'`' if self.syntax.back_quotes => {
                self.at += 1;
                self.behind(b"`")
            }
            b'#' if self.syntax.directives && starts_line => self.directive(),
            b'0'..=b'9' => self.number(),
            b'=' if self.byte(1) == b'>' => self.two(Lexeme::Arrow),
            b'-' if self.byte(1) == b'>' && !self.syntax.templates => self.two(Lexeme::Arrow),
            // Comparisons are no assignments.
            b'=' if self.byte(1) == b'=' => self.two(Lexeme::Sign(b'?')),
            b'!' | b'<' | b'>' if self.byte(1) == b'=' => self.two(Lexeme::Sign(b'?')),
            b'(' | b'[' => self.one(Lexeme::Open(byte, at)),
            b'{' => {
                self.braces += 1;
                self.one(Lexeme::Open(byte, at))
            }
            b')' | b']' => self.one(Lexeme::Close(byte, at)),
            b'}' => {
                self.braces = self.braces.saturating_sub(1);
                if self.templates.last() == Some(&self.braces) {
                    self.templates.pop();
                    self.resume = true;
                }
                self.one(Lexeme::Close(byte, at))
            }
            _ if is_name(byte) => self.name(),
            _ => self.one(Lexeme::Sign(byte)),
        }
    }

    fn one(&mut self, lexeme: Lexeme) -> Lexeme {
        self.at += 1;
        lexeme
    }

    fn two(&mut self, lexeme: Lexeme) -> Lexeme {
        self.at += 2;
        lexeme
    }

    fn rest(&self) -> &'source [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Goes behind the next `text`, or to the end.
    fn behind(&mut self, text: &[u8]) -> Lexeme {
        let found = memchr::memmem::find(self.rest(), text);
        self.at = found.map_or(self.bytes.len(), |found| self.at + found + text.len());
        Lexeme::Literal
    }

    fn comment(&mut self) -> Lexeme {
        let start = self.at;
        if self.byte(1) == b'/' {
            let end = memchr::memchr(b'\n', self.rest());
            self.at = end.map_or(self.bytes.len(), |end| start + end);
            return Lexeme::Comment(start, self.at);
        }
        self.at += 2;
        let mut depth = 1_usize;
        while depth > 0 {
            let Some(found) = memchr::memchr2(b'*', b'/', self.rest()) else {
                self.at = self.bytes.len();
                break;
            };
            self.at += found;
            match (self.byte(0), self.byte(1)) {
                (b'*', b'/') => {
                    depth -= 1;
                    self.at += 2;
                }
                (b'/', b'*') if self.syntax.nested_comments => {
                    depth += 1;
                    self.at += 2;
                }
                _ => self.at += 1,
            }
        }
        Lexeme::Comment(start, self.at.min(self.bytes.len()))
    }

    fn string(&mut self, quote: u8) -> Lexeme {
        self.at += 1;
        while let Some(&byte) = self.bytes.get(self.at) {
            if byte == b'\n' && !self.syntax.long_strings {
                break;
            }
            self.at += if byte == b'\\' { 2 } else { 1 };
            if byte == quote {
                break;
            }
        }
        self.at = self.at.min(self.bytes.len());
        Lexeme::Literal
    }

    /// `'a'`, `'\n'`, or the start of a lifetime.
    fn character(&mut self) -> Lexeme {
        if self.byte(1) == b'\\' {
            self.at += 3;
            let end = self.rest().iter().take(12).position(|byte| *byte == b'\'');
            self.at = (self.at + end.map_or(0, |end| end + 1)).min(self.bytes.len());
            return Lexeme::Literal;
        }
        let first = self.byte(1);
        let width = match first {
            0xf0.. => 4,
            0xe0.. => 3,
            0xc0.. => 2,
            _ => 1,
        };
        if self.byte(1 + width) == b'\'' {
            self.at += width + 2;
            return Lexeme::Literal;
        }
        self.at += 1;
        if is_name(first) {
            self.name();
            return Lexeme::Sign(b'\'');
        }
        Lexeme::Sign(b'\'')
    }

    fn regular_expression(&mut self) -> Lexeme {
        let mut in_class = false;
        let mut ahead = 1;
        while let Some(&byte) = self.bytes.get(self.at + ahead) {
            match byte {
                b'\n' => break,
                b'\\' => ahead += 1,
                b'[' => in_class = true,
                b']' => in_class = false,
                b'/' if !in_class => {
                    self.at += ahead + 1;
                    return Lexeme::Literal;
                }
                _ => {}
            }
            ahead += 1;
        }
        self.one(Lexeme::Sign(b'/'))
    }

    fn template(&mut self) -> Lexeme {
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'\\' => self.at += 1,
                b'`' => {
                    self.at += 1;
                    return Lexeme::Literal;
                }
                b'$' if self.byte(1) == b'{' => {
                    self.at += 2;
                    self.templates.push(self.braces);
                    self.braces += 1;
                    return Lexeme::Open(b'$', self.at - 1);
                }
                _ => {}
            }
            self.at += 1;
        }
        self.at = self.bytes.len();
        Lexeme::Literal
    }

    /// A directive is one piece, with the lines that it goes on over.
    fn directive(&mut self) -> Lexeme {
        let text = self.rest().get(1..).unwrap_or_default().trim_ascii_start();
        let defines = text.starts_with(b"define");
        if !defines {
            return self.one(Lexeme::Sign(b'#'));
        }
        loop {
            let Some(end) = memchr::memchr(b'\n', self.rest()) else {
                self.at = self.bytes.len();
                break;
            };
            let line = self.rest().get(..end).unwrap_or_default();
            let goes_on = line.trim_ascii_end().ends_with(b"\\");
            self.at += end + usize::from(goes_on);
            if !goes_on {
                break;
            }
        }
        Lexeme::Define
    }

    fn number(&mut self) -> Lexeme {
        while is_name(self.byte(0)) || (self.byte(0) == b'.' && self.byte(1).is_ascii_digit()) {
            self.at += 1;
        }
        Lexeme::Literal
    }

    fn name(&mut self) -> Lexeme {
        let start = self.at;
        while is_name(self.byte(0)) {
            self.at += 1;
        }
        if self.syntax.directives && self.byte(0) == b'"' {
            let prefix = self.bytes.get(start..self.at).unwrap_or_default();
            if prefix.ends_with(b"R") && prefix.len() <= 3 {
                return self.delimited();
            }
        }
        if self.syntax.raw_strings && self.at - start <= 2 && matches!(self.byte(0), b'"' | b'#') {
            let prefix = self.bytes.get(start..self.at).unwrap_or_default();
            let hashes = self.rest().iter().take_while(|byte| **byte == b'#').count();
            let is_raw = prefix.ends_with(b"r") && self.byte(hashes) == b'"';
            if is_raw {
                self.at += hashes + 1;
                let mut end = vec![b'"'];
                end.resize(hashes + 1, b'#');
                return self.behind(&end);
            }
            if matches!(prefix, b"b" | b"c") && self.byte(0) == b'"' {
                return self.string(b'"');
            }
        }
        if self.syntax.raw_strings && self.bytes.get(start..self.at + 1) == Some(b"b'") {
            return self.character();
        }
        Lexeme::Name(start, self.at)
    }

    /// `"delimiter(...)delimiter"` of C++.
    fn delimited(&mut self) -> Lexeme {
        self.at += 1;
        let delimiter = self.rest().iter().take(17).position(|byte| *byte == b'(');
        let Some(length) = delimiter else {
            return Lexeme::Literal;
        };
        let delimiter = self.rest().get(..length).unwrap_or_default();
        let end = [b")", delimiter, b"\""].concat();
        self.behind(&end)
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | 0x80..)
}
