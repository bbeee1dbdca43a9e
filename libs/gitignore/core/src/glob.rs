//! Glob patterns over bytes, as git matches them.
//!
//! Git's dialect ("PATTERN FORMAT" in gitignore(5); fnmatch(3) with `FNM_PATHNAME` and `**`) differs from others in
//! corners: braces are plain, `?` and `[^x]` take one byte, an unclosed `[` matches nothing, a class name that is none
//! spoils the whole pattern, and what case folding touches is the text, not the members of a set.

/// A pattern, compiled.
#[derive(Clone, Debug)]
pub(crate) struct Glob {
    tokens: Vec<Token>,
    fold: bool,
    /// Whether wildcards stop at slashes.
    pathname: bool,
}

#[derive(Clone, Debug)]
enum Token {
    Byte(u8),
    /// `?`
    One,
    /// `[...]`: a bit for each byte.
    Set(Box<[u64; 4]>),
    /// `*` within a component.
    Star,
    /// `**` that takes slashes.
    Stars,
    /// `**/`: nothing, or anything up to a slash.
    Folders,
    /// Can be no part of a match.
    Never,
}

impl Glob {
    /// Compiles `pattern`. `fold` ignores the case of ASCII letters; `pathname` keeps `*`, `?` and sets off slashes.
    pub fn new(pattern: &[u8], fold: bool, pathname: bool) -> Self {
        let mut tokens = Vec::with_capacity(pattern.len());
        let mut at = 0;
        while let Some(&byte) = pattern.get(at) {
            at += 1;
            match byte {
                b'\\' => {
                    // Folding leaves an escaped letter alone, and so an upper one matches no text that is folded.
                    let Some(&next) = pattern.get(at) else {
                        return Self::never(fold, pathname);
                    };
                    tokens.push(Token::Byte(next));
                    at += 1;
                }
                b'?' => tokens.push(Token::One),
                b'*' => {
                    let first = at - 1;
                    while pattern.get(at) == Some(&b'*') {
                        at += 1;
                    }
                    let rest = &pattern[at..];
                    let alone = at - first == 1;
                    let fits_before = first == 0 || pattern[first - 1] == b'/';
                    let fits_behind =
                        rest.is_empty() || rest[0] == b'/' || rest.starts_with(b"\\/");
                    tokens.push(if !pathname {
                        Token::Stars
                    } else if alone || !fits_before || !fits_behind {
                        Token::Star
                    } else if rest.first() == Some(&b'/') {
                        at += 1;
                        Token::Folders
                    } else {
                        Token::Stars
                    });
                }
                b'[' => match set(&pattern[at..], fold) {
                    Some((bits, length)) => {
                        at += length;
                        tokens.push(Token::Set(bits));
                    }
                    // What follows needs no reading: each further `[` would be sought to the end again.
                    None => return Self::never(fold, pathname),
                },
                other => tokens.push(Token::Byte(if fold {
                    other.to_ascii_lowercase()
                } else {
                    other
                })),
            }
        }
        Self {
            tokens,
            fold,
            pathname,
        }
    }

    /// Matches nothing.
    fn never(fold: bool, pathname: bool) -> Self {
        Self {
            tokens: vec![Token::Never],
            fold,
            pathname,
        }
    }

    /// Whether the whole of `text` matches.
    ///
    /// Looks back at the last star of a component and the last one across components, which is enough: what an earlier one
    /// could take in addition, the later one takes as well. So the work is bounded by the product of both lengths for
    /// each kind.
    pub fn matches(&self, text: &[u8]) -> bool {
        let (mut token, mut at) = (0, 0);
        // Where to go on when a star is to take one byte more: the token behind it, and the first byte not yet taken.
        let mut star: Option<(usize, usize)> = None;
        let mut across: Option<(usize, usize)> = None;
        loop {
            match self.tokens.get(token) {
                Some(Token::Star) => {
                    token += 1;
                    star = Some((token, at));
                    continue;
                }
                Some(Token::Stars | Token::Folders) => {
                    token += 1;
                    across = Some((token, at));
                    star = None;
                    continue;
                }
                Some(single) if at < text.len() && self.takes(single, text[at]) => {
                    token += 1;
                    at += 1;
                    continue;
                }
                None if at == text.len() => return true,
                _ => {}
            }
            if let Some((behind, from)) = star {
                if from < text.len() && text[from] != b'/' {
                    star = Some((behind, from + 1));
                    (token, at) = (behind, from + 1);
                    continue;
                }
                star = None;
            }
            let Some((behind, from)) = across else {
                return false;
            };
            let next = if matches!(self.tokens[behind - 1], Token::Folders) {
                text[from..]
                    .iter()
                    .position(|&byte| byte == b'/')
                    .map(|slash| from + slash + 1)
            } else {
                (from < text.len()).then_some(from + 1)
            };
            let Some(next) = next else {
                return false;
            };
            across = Some((behind, next));
            (token, at) = (behind, next);
        }
    }

    fn takes(&self, token: &Token, byte: u8) -> bool {
        let folded = if self.fold {
            byte.to_ascii_lowercase()
        } else {
            byte
        };
        match token {
            Token::Byte(wanted) => folded == *wanted,
            Token::One => !self.pathname || byte != b'/',
            Token::Set(bits) => has(bits, folded) && (!self.pathname || byte != b'/'),
            _ => false,
        }
    }
}

fn has(bits: &[u64; 4], byte: u8) -> bool {
    bits[usize::from(byte >> 6)] & (1 << (byte & 63)) != 0
}

/// Reads a set behind its `[`; the bytes it matches and its length with the `]`. None where it is malformed.
fn set(pattern: &[u8], fold: bool) -> Option<(Box<[u64; 4]>, usize)> {
    let mut at = usize::from(matches!(pattern.first(), Some(b'!' | b'^')));
    let negated = at == 1;
    let mut members = [0_u64; 4];
    let mut add = |byte: u8| members[usize::from(byte >> 6)] |= 1 << (byte & 63);
    // The last member, from which a range may start.
    let mut last: Option<u8> = None;
    let first = at;
    // The next `]`, so that each is sought once.
    let mut close = 0;
    loop {
        let byte = *pattern.get(at)?;
        match byte {
            b']' if at > first => break,
            b'\\' => {
                at += 1;
                let escaped = *pattern.get(at)?;
                add(escaped);
                last = Some(escaped);
            }
            b'-' if last.is_some() && pattern.get(at + 1).is_some_and(|&next| next != b']') => {
                at += 1;
                if pattern[at] == b'\\' {
                    at += 1;
                }
                let (low, high) = (last?, *pattern.get(at)?);
                for member in low..=high {
                    add(member);
                    if fold && member.is_ascii_uppercase() {
                        add(member.to_ascii_lowercase());
                    }
                }
                last = None;
            }
            b'[' if pattern.get(at + 1) == Some(&b':') => {
                let name = at + 2;
                if close < name {
                    close = name + pattern[name..].iter().position(|&byte| byte == b']')?;
                }
                if close > name && pattern[close - 1] == b':' {
                    let class = class(&pattern[name..close - 1], fold)?;
                    (0..=u8::MAX).filter(|&byte| class(byte)).for_each(&mut add);
                    at = close;
                    last = None;
                } else {
                    add(b'[');
                    last = Some(b'[');
                }
            }
            other => {
                add(other);
                last = Some(other);
            }
        }
        at += 1;
    }
    if negated {
        members = members.map(|bits| !bits);
    }
    Some((Box::new(members), at + 1))
}

/// The test of a POSIX character class, over ASCII; white space is what git counts as such.
fn class(name: &[u8], fold: bool) -> Option<fn(u8) -> bool> {
    Some(match name {
        b"alnum" => |byte| byte.is_ascii_alphanumeric(),
        b"alpha" => |byte| byte.is_ascii_alphabetic(),
        b"blank" => |byte| matches!(byte, b' ' | b'\t'),
        b"cntrl" => |byte| byte.is_ascii_control(),
        b"digit" => |byte| byte.is_ascii_digit(),
        b"graph" => |byte| byte.is_ascii_graphic(),
        b"lower" => |byte| byte.is_ascii_lowercase(),
        b"print" => |byte| (0x20..=0x7e).contains(&byte),
        b"punct" => |byte| byte.is_ascii_punctuation(),
        b"space" => |byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'),
        b"upper" if fold => |byte| byte.is_ascii_alphabetic(),
        b"upper" => |byte| byte.is_ascii_uppercase(),
        b"xdigit" => |byte| byte.is_ascii_hexdigit(),
        _ => return None,
    })
}
