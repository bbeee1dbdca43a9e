//! Which paths are meant: by a prefix, or by a glob.

use crate::error::{Result, SymbolsError};

/// Most alternatives that braces may stand for.
const MAX_ALTERNATIVES: usize = 64;

/// What is wrong with a filter, where it is none.
type Reading<Value> = std::result::Result<Value, String>;

/// Longest filter, in bytes.
const MAX_FILTER: usize = 4096;

/// A prefix or a glob.
///
/// A filter with none of `*?[{` is a prefix of paths, letter by letter. In a glob `*` and `?` stop at a slash, `**` does
/// not and between slashes may be nothing, `[a-z]` and `[!a]` are sets, `{a,b}` are alternatives, and a backslash takes
/// the meaning from what follows. A glob is of the whole path; one without a slash is of the last part of it.
pub struct PathFilter {
    shape: Shape,
}

enum Shape {
    Prefix(String),
    Globs(Vec<Glob>),
}

struct Glob {
    tokens: Vec<Token>,
    /// Of the last part of a path alone.
    last_part: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Letter(char),
    /// `?`
    One,
    Set {
        ranges: Vec<(char, char)>,
        negated: bool,
    },
    /// `*`
    Some,
    /// `**`
    Any,
    /// `**/`: nothing, or anything with a slash at its end.
    Directories,
}

impl PathFilter {
    /// Reads a filter.
    ///
    /// # Errors
    ///
    /// A set or braces without an end, over 64 alternatives, over 4096 bytes.
    pub fn new(text: &str) -> Result<Self> {
        Self::read(text).map_err(|reason| SymbolsError::Filter {
            // A filter that is too long is too long to be told too.
            filter: text.chars().take(80).collect(),
            reason,
        })
    }

    fn read(text: &str) -> Reading<Self> {
        if text.len() > MAX_FILTER {
            return Err(format!("it has over {MAX_FILTER} bytes"));
        }
        if !text.contains(['*', '?', '[', '{']) {
            return Ok(Self {
                shape: Shape::Prefix(text.to_owned()),
            });
        }
        let globs = alternatives(text)?
            .iter()
            .map(|text| Glob::new(text))
            .collect::<Reading<_>>()?;
        Ok(Self {
            shape: Shape::Globs(globs),
        })
    }

    /// Whether a path is meant. Linear in its length but for `**`, where it is quadratic.
    pub fn matches(&self, path: &str) -> bool {
        match &self.shape {
            Shape::Prefix(prefix) => path.starts_with(&**prefix),
            Shape::Globs(globs) => globs.iter().any(|glob| glob.matches(path)),
        }
    }
}

/// What the braces stand for, one after the other.
fn alternatives(text: &str) -> Reading<Vec<String>> {
    let mut done = vec![String::new()];
    let mut rest = text.chars();
    while let Some(letter) = rest.next() {
        match letter {
            '\\' => {
                let escaped: String = [letter].into_iter().chain(rest.next()).collect();
                done.iter_mut().for_each(|text| text.push_str(&escaped));
            }
            '{' => {
                let choices = choices(&mut rest)?;
                if done.len() * choices.len() > MAX_ALTERNATIVES {
                    return Err(format!("braces give over {MAX_ALTERNATIVES} globs"));
                }
                let joined = done
                    .iter()
                    .flat_map(|text| choices.iter().map(move |choice| format!("{text}{choice}")));
                done = joined.collect();
            }
            _ => done.iter_mut().for_each(|text| text.push(letter)),
        }
    }
    Ok(done)
}

/// The alternatives up to the closing brace, with their own braces resolved.
fn choices(rest: &mut std::str::Chars<'_>) -> Reading<Vec<String>> {
    let mut parts = vec![String::new()];
    let mut depth = 1_usize;
    while let Some(letter) = rest.next() {
        match letter {
            '}' if depth == 1 => {
                let mut all = Vec::new();
                for part in &parts {
                    all.extend(alternatives(part)?);
                    if all.len() > MAX_ALTERNATIVES {
                        return Err(format!("braces give over {MAX_ALTERNATIVES} globs"));
                    }
                }
                return Ok(all);
            }
            ',' if depth == 1 => {
                parts.push(String::new());
                continue;
            }
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth > 16 {
            return Err("braces lie in braces over 16 times".to_owned());
        }
        if let Some(part) = parts.last_mut() {
            part.push(letter);
            if letter == '\\' {
                part.extend(rest.next());
            }
        }
    }
    Err("a brace is not closed".to_owned())
}

impl Glob {
    fn new(text: &str) -> Reading<Self> {
        let text = text.strip_prefix("./").unwrap_or(text);
        let mut tokens = Vec::new();
        let letters: Vec<char> = text.chars().collect();
        let mut at = 0;
        let get = |at: usize| letters.get(at).copied();
        while let Some(letter) = get(at) {
            at += 1;
            tokens.push(match letter {
                '?' => Token::One,
                '*' if get(at) != Some('*') => Token::Some,
                '*' => {
                    while get(at) == Some('*') {
                        at += 1;
                    }
                    if is_slash(get(at)) {
                        at += 1;
                        Token::Directories
                    } else {
                        Token::Any
                    }
                }
                '[' => set(&letters, &mut at)?,
                '\\' => match get(at) {
                    Some(escaped) => {
                        at += 1;
                        Token::Letter(escaped)
                    }
                    None => Token::Letter('\\'),
                },
                letter => Token::Letter(letter),
            });
        }
        let last_part = !text.contains('/');
        Ok(Self { tokens, last_part })
    }

    fn matches(&self, path: &str) -> bool {
        let path = if self.last_part {
            path.rsplit(['/', '\\']).next().unwrap_or(path)
        } else {
            path
        };
        let letters: Vec<char> = path.chars().collect();
        // The last star of each kind, and where it was tried: enough to go back to.
        let (mut token, mut at) = (0, 0);
        let mut short: Option<(usize, usize)> = None;
        let mut long: Option<(usize, usize)> = None;
        loop {
            let letter = letters.get(at).copied();
            match self.tokens.get(token) {
                None if letter.is_none() => return true,
                Some(Token::Some) => {
                    short = Some((token + 1, at));
                    token += 1;
                    continue;
                }
                Some(Token::Any | Token::Directories) => {
                    long = Some((token, at));
                    short = None;
                    token += 1;
                    continue;
                }
                Some(token_here) if letter.is_some_and(|letter| token_here.takes(letter)) => {
                    token += 1;
                    at += 1;
                    continue;
                }
                _ => {}
            }
            // Make the short star longer; where it cannot be, the long one.
            if let Some((next, from)) = short
                && letters
                    .get(from)
                    .is_some_and(|&letter| !is_slash(Some(letter)))
            {
                short = Some((next, from + 1));
                (token, at) = (next, from + 1);
                continue;
            }
            let Some((star, mut from)) = long else {
                return false;
            };
            short = None;
            loop {
                let Some(&letter) = letters.get(from) else {
                    return false;
                };
                from += 1;
                if self.tokens.get(star) != Some(&Token::Directories) || is_slash(Some(letter)) {
                    break;
                }
            }
            long = Some((star, from));
            (token, at) = (star + 1, from);
        }
    }
}

impl Token {
    fn takes(&self, letter: char) -> bool {
        match self {
            Self::Letter('/') => is_slash(Some(letter)),
            Self::Letter(own) => *own == letter,
            Self::One => !is_slash(Some(letter)),
            Self::Set { ranges, negated } => {
                let within = ranges
                    .iter()
                    .any(|(from, to)| (*from..=*to).contains(&letter));
                within != *negated && !is_slash(Some(letter))
            }
            Self::Some | Self::Any | Self::Directories => false,
        }
    }
}

fn set(letters: &[char], at: &mut usize) -> Reading<Token> {
    let get = |at: usize| letters.get(at).copied();
    let negated = matches!(get(*at), Some('!' | '^'));
    *at += usize::from(negated);
    let mut ranges = Vec::new();
    loop {
        let Some(mut from) = get(*at) else {
            return Err("a set is not closed".to_owned());
        };
        *at += 1;
        if from == ']' && !ranges.is_empty() {
            return Ok(Token::Set { ranges, negated });
        }
        if from == '\\' {
            from = get(*at).unwrap_or(from);
            *at += 1;
        }
        if get(*at) == Some('-') && get(*at + 1).is_some_and(|to| to != ']') {
            let to = get(*at + 1).unwrap_or(from);
            *at += 2;
            ranges.push((from, to));
        } else {
            ranges.push((from, from));
        }
    }
}

fn is_slash(letter: Option<char>) -> bool {
    matches!(letter, Some('/' | '\\'))
}

#[cfg(test)]
mod tests {
    use super::PathFilter;

    #[test]
    fn filters_take_the_paths_that_they_say() {
        for (filter, taken, not_taken) in [
            (
                "src/ap",
                &["src/app.ts", "src/ap/x"][..],
                &["lib/src/app.ts", "Src/app.ts"][..],
            ),
            ("*.ts", &["a.ts", "src/a.ts"], &["a.tsx", "a.ts/b"]),
            ("src/*.ts", &["src/a.ts"], &["src/a/b.ts", "x/src/a.ts"]),
            (
                "src/**/*.ts",
                &["src/a.ts", "src/a/b/c.ts"],
                &["lib/a.ts", "srca.ts"],
            ),
            (
                "**/test/**",
                &["test/a", "a/test/b/c"],
                &["atest/b", "a/test"],
            ),
            ("src/**", &["src/a", "src/a/b"], &["src", "srcs/a"]),
            (
                "{src,lib}/*.{ts,js}",
                &["src/a.ts", "lib/b.js"],
                &["src/a.rs", "app/a.ts"],
            ),
            ("{a{b,c},d}/x", &["ab/x", "ac/x", "d/x"], &["a/x"]),
            ("[a-c]?.rs", &["b1.rs"], &["d1.rs", "b.rs"]),
            ("[!a]*", &["b"], &["a"]),
            ("a\\*b?", &["a*bc"], &["axbc"]),
            ("src/*/*.ts", &["src\\x\\a.ts"], &["src\\a.ts"]),
            ("**/a*b/c", &["axb/ab/c", "ab/c", "x/ayyb/c"], &["ab/x/c"]),
            ("", &["anything"], &[]),
        ] {
            let read = PathFilter::new(filter).expect("it is a filter");
            for path in taken {
                assert!(read.matches(path), "{filter} takes {path}");
            }
            for path in not_taken {
                assert!(!read.matches(path), "{filter} does not take {path}");
            }
        }
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        for filter in [
            "[a",
            "{a,b",
            "{a,b,c,d}{a,b,c,d}{a,b,c,d}{a,b,c,d}",
            &"{".repeat(20),
            &"*".repeat(5000),
        ] {
            assert!(PathFilter::new(filter).is_err(), "{filter}");
        }
    }

    #[test]
    fn stars_upon_stars_take_no_exponential_time() {
        let filter = PathFilter::new(&format!("{}b", "**/*a".repeat(30))).expect("it is a filter");
        assert!(!filter.matches(&"a/".repeat(2000)));
    }
}
