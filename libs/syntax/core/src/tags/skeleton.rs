//! The part of a source that can define something.
//!
//! Parsing costs the most, and most of what is parsed are bodies of functions, in which only locals are defined, and
//! comments. A scan that knows strings, comments and brackets, and no more of a language, cuts these out. It is careful: a
//! body is kept where a word or a form in it may define something. Where brackets do not match, nothing is cut.

use hashbrown::HashMap;

use super::keywords::{Word, word};
use super::lexemes::{Lexeme, Lexer, Syntax};
use crate::language::Language;

/// Shorter bodies cost less to parse than to cut.
const MIN_CUT: usize = 24;

/// A source without what was cut, and how to get back.
pub(super) struct Skeleton<'source> {
    pub text: String,
    /// Where the text was cut.
    cuts: Vec<Seam>,
    pub names: Names<'source>,
}

struct Seam {
    /// In the text.
    at: usize,
    /// Bytes that were cut up to here.
    bytes: usize,
    is_owned: bool,
}

/// A range of a source that is left out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    pub start: usize,
    pub end: usize,
    /// Whether it is the last part of what ends before it, as an indented body is.
    pub is_owned: bool,
}

/// Names that a source has, with their counts, in the order of their first use.
#[derive(Default)]
pub(super) struct Names<'source> {
    counts: HashMap<&'source str, u32>,
    order: Vec<&'source str>,
}

impl<'source> Names<'source> {
    pub fn add(&mut self, name: &'source str) {
        let order = &mut self.order;
        *self.counts.entry(name).or_insert_with(|| {
            order.push(name);
            0
        }) += 1;
    }

    pub fn iter(&self) -> impl Iterator<Item = (&'source str, u32)> {
        let count = |name: &&'source str| self.counts.get(*name).copied().unwrap_or_default();
        self.order.iter().map(move |name| (*name, count(name)))
    }
}

impl Skeleton<'_> {
    /// The place in the source of a place in the text.
    pub fn start(&self, at: usize) -> usize {
        at + self.seam(at).map_or(0, |seam| seam.bytes)
    }

    /// The same of an end, behind which what follows may have been cut.
    pub fn end(&self, at: usize) -> usize {
        if self
            .seam(at)
            .is_some_and(|seam| seam.at == at && seam.is_owned)
        {
            return self.start(at);
        }
        at.checked_sub(1).map_or(0, |last| self.start(last) + 1)
    }

    fn seam(&self, at: usize) -> Option<&Seam> {
        let before = self.cuts.partition_point(|seam| seam.at <= at);
        self.cuts.get(before.checked_sub(1)?)
    }
}

/// None where the language is not known here, or brackets of the source do not match.
pub(super) fn skeleton(source: &str, language: Language) -> Option<Skeleton<'_>> {
    let (ranges, names) = if language == Language::Python {
        let mut names = Names::default();
        (super::skeleton_python::cuts(source, &mut names)?, names)
    } else {
        let mut scan = Scan::new(source, language)?;
        (scan.run()?, scan.names)
    };
    let mut text = String::with_capacity(source.len() / 2);
    let (mut cuts, mut kept, mut bytes) = (Vec::new(), 0, 0);
    for Cut {
        start,
        end,
        is_owned,
    } in ranges
    {
        text.push_str(source.get(kept..start)?);
        bytes += end - start;
        cuts.push(Seam {
            at: text.len(),
            bytes,
            is_owned,
        });
        kept = end;
    }
    text.push_str(source.get(kept..)?);
    Some(Skeleton { text, cuts, names })
}

/// What stands before a parenthesis, and so says what the block behind it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Head {
    /// `if`, `for`: a block of statements.
    Control,
    /// A name: a function or method.
    Name,
    /// `function`, with or without a name.
    Function,
    /// `new Name`: the block is a class.
    New,
    /// What says nothing of a block.
    Attribute,
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Previous {
    Start,
    Name(Word),
    Literal,
    Sign(u8),
    Arrow,
}

struct Frame {
    open: u8,
    start: usize,
    /// Whether all in it can be cut where nothing in it defines something.
    is_body: bool,
    defines: bool,
    /// Cuts that were there before it.
    cuts: usize,
    head: Head,
    /// What stands before its head.
    before: Previous,
}

struct Scan<'source> {
    source: &'source str,
    language: Language,
    lexer: Lexer<'source>,
    stack: Vec<Frame>,
    cuts: Vec<Cut>,
    previous: Previous,
    earlier: Previous,
    /// The parenthesis that was closed last, while what follows may still belong to it.
    closed: Option<(Head, Previous)>,
    /// How deep the `fn` or `func` stands whose body is to come.
    pending: Option<usize>,
    names: Names<'source>,
}

impl<'source> Scan<'source> {
    fn new(source: &'source str, language: Language) -> Option<Self> {
        Some(Self {
            source,
            language,
            lexer: Lexer::new(source.as_bytes(), Syntax::of(language)?),
            stack: Vec::new(),
            cuts: Vec::new(),
            previous: Previous::Start,
            earlier: Previous::Start,
            closed: None,
            pending: None,
            names: Names::default(),
        })
    }

    fn run(&mut self) -> Option<Vec<Cut>> {
        loop {
            let may_divide = match self.previous {
                Previous::Name(word) => !word.is_operator,
                Previous::Literal => true,
                Previous::Sign(sign) => matches!(sign, b')' | b']' | b'}'),
                Previous::Start | Previous::Arrow => false,
            };
            let lexeme = self.lexer.next(may_divide);
            let taken = match lexeme {
                Lexeme::End => break,
                Lexeme::Comment(start, end) => {
                    self.comment(start, end);
                    continue;
                }
                Lexeme::Line => {
                    if self.language == Language::Go && self.pending == Some(self.stack.len()) {
                        self.pending = None;
                    }
                    continue;
                }
                Lexeme::Name(start, end) => self.name(start, end),
                Lexeme::Literal => {
                    self.literal();
                    Previous::Literal
                }
                Lexeme::Define => {
                    self.define();
                    Previous::Start
                }
                Lexeme::Arrow => {
                    self.arrow();
                    Previous::Arrow
                }
                Lexeme::Open(sign, at) => {
                    self.open(sign, at);
                    Previous::Sign(sign)
                }
                Lexeme::Close(sign, at) => {
                    self.close(sign, at)?;
                    if self.lexer.in_template() {
                        Previous::Literal
                    } else {
                        Previous::Sign(sign)
                    }
                }
                Lexeme::Sign(sign) => {
                    self.sign(sign);
                    Previous::Sign(sign)
                }
            };
            self.earlier = std::mem::replace(&mut self.previous, taken);
        }
        self.stack
            .is_empty()
            .then(|| std::mem::take(&mut self.cuts))
    }

    fn is_script(&self) -> bool {
        matches!(
            self.language,
            Language::TypeScript | Language::Tsx | Language::JavaScript
        )
    }

    /// Cut where white space keeps apart what stands beside it.
    fn comment(&mut self, start: usize, end: usize) {
        let bytes = self.source.as_bytes();
        let is_space = |at: usize| bytes.get(at).is_none_or(u8::is_ascii_whitespace);
        let apart = start == 0 || is_space(start - 1) || is_space(end);
        if apart && end - start >= MIN_CUT {
            self.cuts.push(Cut {
                start,
                end,
                is_owned: false,
            });
        }
    }

    fn define(&mut self) {
        if let Some(top) = self.stack.last_mut() {
            top.defines = true;
        }
    }

    fn literal(&mut self) {
        // A string may be a type: `): 'left' | 'right' {`.
        if !self.is_script() || self.previous == Previous::Sign(b')') {
            self.closed = None;
        }
    }

    fn name(&mut self, start: usize, end: usize) -> Previous {
        let text = self.source.get(start..end).unwrap_or_default();
        let word = word(self.language, text);
        if !word.is_keyword {
            self.names.add(text);
        }
        if self.previous == Previous::Sign(b'.') {
            return Previous::Name(Word::default());
        }
        let begins_name = || {
            let rest = self.source.get(end..).unwrap_or_default().trim_start();
            rest.starts_with(|char: char| char.is_alphabetic() || char == '_' || char == '$')
        };
        if word.defines && (!word.defines_with_name || begins_name()) {
            self.define();
        }
        match self.language {
            Language::Rust if text == "fn" && begins_name() => {
                self.pending = Some(self.stack.len());
                self.define();
            }
            Language::Go if text == "func" => self.pending = Some(self.stack.len()),
            _ if self.is_script() && text == "function" => {
                let defines = match self.previous {
                    Previous::Sign(b'=' | b':') => true,
                    Previous::Sign(b';' | b'{' | b'}' | b')') | Previous::Start => begins_name(),
                    Previous::Name(word) => !word.is_operator && begins_name(),
                    _ => false,
                };
                if defines {
                    self.define();
                }
            }
            _ => {}
        }
        // What may stand between the parenthesis of a function and its body.
        let belongs = match self.language {
            Language::TypeScript | Language::Tsx => {
                !word.is_keyword
                    && !matches!(self.previous, Previous::Name(_) | Previous::Sign(b')'))
                    || word.is_type
            }
            Language::Java | Language::C | Language::Cpp => {
                word.follows_parameters || word.is_throws
            }
            _ => false,
        };
        let listed = self.language == Language::Java
            && matches!(
                self.previous,
                Previous::Name(Word {
                    is_throws: true,
                    ..
                }) | Previous::Sign(b',')
            );
        if !belongs && !listed {
            self.closed = None;
        }
        Previous::Name(word)
    }

    fn sign(&mut self, sign: u8) {
        let belongs = match self.language {
            Language::TypeScript | Language::Tsx => match sign {
                b':' => self.previous == Previous::Sign(b')'),
                b'<' | b'>' | b'|' | b'&' | b'.' => true,
                _ => false,
            },
            Language::Java => matches!(sign, b',' | b'.'),
            _ => false,
        };
        if !belongs {
            self.closed = None;
        }
        if sign == b';' && self.pending == Some(self.stack.len()) {
            self.pending = None;
        }
    }

    fn arrow(&mut self) {
        if self.is_script() {
            let before = match self.closed {
                Some((_, before)) => before,
                None => self.earlier,
            };
            if matches!(before, Previous::Sign(b'=' | b':') | Previous::Start) {
                self.define();
            }
        }
        self.closed = None;
    }

    fn open(&mut self, sign: u8, at: usize) {
        let mut head = Head::Other;
        let mut before = self.previous;
        let mut is_body = false;
        match sign {
            b'(' => {
                if let Previous::Name(word) = self.previous {
                    head = self.head_of(word);
                    before = if word.is_async {
                        self.earlier
                    } else {
                        self.previous
                    };
                    if word.is_function {
                        before = self.earlier;
                    }
                }
            }
            b'{' => is_body = self.is_body(),
            _ => {}
        }
        if sign != b'[' || !self.is_script() {
            self.closed = None;
        }
        self.stack.push(Frame {
            open: sign,
            start: at + 1,
            is_body,
            defines: false,
            cuts: self.cuts.len(),
            head,
            before,
        });
    }

    fn head_of(&self, word: Word) -> Head {
        if word.is_control {
            Head::Control
        } else if word.is_attribute {
            Head::Attribute
        } else if word.is_function {
            Head::Function
        } else {
            match self.earlier {
                Previous::Name(Word { is_new: true, .. }) => Head::New,
                Previous::Name(Word {
                    is_function: true, ..
                }) => Head::Function,
                _ => Head::Name,
            }
        }
    }

    fn is_body(&mut self) -> bool {
        match self.language {
            Language::Rust | Language::Go => {
                let here = self.pending == Some(self.stack.len())
                    && !matches!(
                        self.previous,
                        Previous::Name(Word {
                            opens_type: true,
                            ..
                        })
                    );
                if here {
                    self.pending = None;
                }
                here
            }
            _ => {
                let forms_class = |previous| {
                    matches!(
                        previous,
                        Previous::Name(Word {
                            opens_type: true,
                            ..
                        })
                    )
                };
                if forms_class(self.previous) || forms_class(self.earlier) && !self.is_script() {
                    self.define();
                    return false;
                }
                if self.previous == Previous::Arrow {
                    return true;
                }
                if let Previous::Name(word) = self.previous
                    && word.opens_block
                {
                    return true;
                }
                let is_data = matches!(self.language, Language::C | Language::Cpp)
                    && self.previous == Previous::Sign(b'=');
                match self.closed {
                    Some((Head::Control | Head::Function | Head::Other, _)) => self.ends_type(),
                    Some((Head::Name, _)) => {
                        // A method of a literal, where it stands in a function.
                        if self.is_script() || self.language == Language::Java {
                            self.define();
                        }
                        self.ends_type()
                    }
                    Some((Head::New, _)) => {
                        self.define();
                        false
                    }
                    Some((Head::Attribute, _)) => false,
                    None => is_data,
                }
            }
        }
    }

    /// Whether what stands before a brace is the end of a type or a parenthesis, and not what a type begins behind.
    fn ends_type(&self) -> bool {
        !matches!(
            self.previous,
            Previous::Sign(b':' | b'|' | b'&' | b'<' | b'.' | b',')
        )
    }

    fn close(&mut self, sign: u8, at: usize) -> Option<()> {
        let frame = self.stack.pop()?;
        let matching = match frame.open {
            b'(' => b')',
            b'[' => b']',
            _ => b'}',
        };
        if sign != matching {
            return None;
        }
        if self.pending.is_some_and(|depth| depth > self.stack.len()) {
            self.pending = None;
        }
        if frame.defines {
            self.define();
        } else if frame.is_body && at - frame.start >= MIN_CUT {
            self.cuts.truncate(frame.cuts);
            self.cuts.push(Cut {
                start: frame.start,
                end: at,
                is_owned: false,
            });
        }
        match sign {
            b')' => self.closed = Some((frame.head, frame.before)),
            b']' if self.is_script() => {}
            _ => self.closed = None,
        }
        Some(())
    }
}
