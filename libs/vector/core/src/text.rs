//! Words of texts and of code, as terms that a text index counts.
//!
//! Letters, digits and the marks on them make words, as the word boundaries of Unicode (UAX 29) have it; a dictionary is not asked,
//! so that every engine and every release of Node finds the same terms. What is known of scripts stands in [`is_unspaced`].

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Characters of a term, at most; of a longer word these count.
const LONGEST_TERM: usize = 64;

/// Characters of a word whose parts are terms too; a longer one is data rather than a name.
const LONGEST_NAME: usize = 256;

/// Calls `each` for every term of a text, in order.
///
/// Compatibility forms become what they stand for, accents (U+0300 to U+036F) are dropped, letters become small. A name with parts, such
/// as `getHTTPResponse` or `read_file`, gives the whole without its underscores, then the parts. Scripts that put no spaces between words
/// give every two characters that stand together.
///
/// ```
/// use fishplate_vector::text::terms;
/// let mut found = Vec::new();
/// terms("Don't call readFile() on 東京都, v1.2", |term| found.push(term.to_owned()));
/// assert_eq!(found, ["dont", "call", "readfile", "read", "file", "on", "東京", "京都", "v1.2"]);
/// ```
pub fn terms(text: &str, mut each: impl FnMut(&str)) {
    let text = folded(text);
    let mut word = Vec::new();
    let mut unspaced = Vec::new();
    let mut characters = text.chars().peekable();
    let mut before = None;
    while let Some(character) = characters.next() {
        if is_unspaced(character) {
            give_word(&mut word, &mut each);
            unspaced.push(character);
        } else if character == '_' || is_of_word(character) {
            give_unspaced(&mut unspaced, &mut each);
            word.push(character);
        } else {
            let after = characters.peek().copied();
            match joint(before, character, after) {
                Joint::None => {
                    give_unspaced(&mut unspaced, &mut each);
                    give_word(&mut word, &mut each);
                }
                Joint::Dropped => {}
                Joint::Kept => word.push(character),
            }
        }
        before = Some(character);
    }
    give_unspaced(&mut unspaced, &mut each);
    give_word(&mut word, &mut each);
}

/// Compatibility forms and accents away.
fn folded(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let plain = text
        .nfkd()
        .filter(|character| !('\u{300}'..='\u{36f}').contains(character));
    Cow::Owned(plain.nfc().collect())
}

fn is_of_word(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_alphanumeric();
    }
    character.is_alphanumeric() || is_combining_mark(character)
}

/// Whether a character is of a script that puts no spaces between words: Thai, Lao, Myanmar, Khmer, kana, ideographs.
fn is_unspaced(character: char) -> bool {
    matches!(character,
        '\u{e00}'..='\u{eff}'
        | '\u{1000}'..='\u{109f}'
        | '\u{1780}'..='\u{17ff}'
        | '\u{3005}'..='\u{3007}'
        | '\u{3040}'..='\u{30ff}'
        | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{323af}')
}

enum Joint {
    None,
    Dropped,
    Kept,
}

/// Whether a word goes on behind what is no letter and no digit.
fn joint(before: Option<char>, character: char, after: Option<char>) -> Joint {
    let (Some(before), Some(after)) = (before, after) else {
        return Joint::None;
    };
    match character {
        '\'' | '\u{2019}' if is_letter(before) && is_letter(after) => Joint::Dropped,
        '.' if before.is_ascii_digit() && after.is_ascii_digit() => Joint::Kept,
        _ => Joint::None,
    }
}

fn is_letter(character: char) -> bool {
    character.is_alphabetic() && !is_unspaced(character)
}

fn give_unspaced(run: &mut Vec<char>, each: &mut impl FnMut(&str)) {
    if let [only] = run[..] {
        give(&[only], each);
    }
    for pair in run.windows(2) {
        give(pair, each);
    }
    run.clear();
}

fn give_word(word: &mut Vec<char>, each: &mut impl FnMut(&str)) {
    if word.len() > LONGEST_NAME {
        word.retain(|&character| character != '_');
        give(word, each);
    } else {
        let parts = parts(word);
        if parts.len() > 1 {
            give(&parts.concat(), each);
        }
        for part in parts {
            give(part, each);
        }
    }
    word.clear();
}

/// The parts of a name, by underscores and by capitals.
fn parts(word: &[char]) -> Vec<&[char]> {
    let mut parts = Vec::new();
    for piece in word.split(|&character| character == '_') {
        let mut start = 0;
        for at in 1..piece.len() {
            let is_beginning = piece[at].is_uppercase()
                && (piece[at - 1].is_lowercase()
                    || piece
                        .get(at + 1)
                        .is_some_and(|next| next.is_lowercase() && is_plain(piece[at - 1])));
            if is_beginning {
                parts.push(&piece[start..at]);
                start = at;
            }
        }
        if start < piece.len() {
            parts.push(&piece[start..]);
        }
    }
    parts
}

/// A capital or an ASCII digit.
fn is_plain(character: char) -> bool {
    character.is_uppercase() || character.is_ascii_digit()
}

fn give(characters: &[char], each: &mut impl FnMut(&str)) {
    let term: String = characters.iter().take(LONGEST_TERM).collect();
    if !term.is_empty() {
        each(&term.to_lowercase());
    }
}

#[cfg(test)]
mod tests {
    use super::terms;

    fn of(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        terms(text, |term| found.push(term.to_owned()));
        found
    }

    #[test]
    fn names_give_the_whole_and_their_parts() {
        assert_eq!(
            of("getHTTPResponse"),
            ["gethttpresponse", "get", "http", "response"]
        );
        assert_eq!(
            of("get_http_response"),
            ["gethttpresponse", "get", "http", "response"]
        );
        assert_eq!(of("SCREAMING_CASE"), ["screamingcase", "screaming", "case"]);
        assert_eq!(
            of("sha256Sum 3D utf8"),
            ["sha256sum", "sha256", "sum", "3d", "utf8"]
        );
        assert_eq!(of("_private __init__ _ __"), ["private", "init"]);
        assert_eq!(of("kebab-case a.b"), ["kebab", "case", "a", "b"]);
    }

    #[test]
    fn accents_case_and_compatibility_forms_make_no_difference() {
        assert_eq!(of("Café NAÏVE ﬁle Ⅻ"), ["cafe", "naive", "file", "xii"]);
        assert_eq!(of("Cafe\u{301}"), of("CAFÉ"));
        assert_eq!(of("ＡＢＣ１２３"), ["abc123"]);
        assert_eq!(of("ΟΔΟΣ"), ["οδος"]);
    }

    #[test]
    fn apostrophes_and_points_join_what_they_stand_between() {
        assert_eq!(
            of("can't dog’s 'quoted' rock'n'roll"),
            ["cant", "dogs", "quoted", "rocknroll"]
        );
        assert_eq!(
            of("3.14 1.95.0. 1,000 .5"),
            ["3.14", "1.95.0", "1", "000", "5"]
        );
    }

    #[test]
    fn scripts_without_spaces_give_pairs() {
        assert_eq!(of("東京都へrustで"), ["東京", "京都", "都へ", "rust", "で"]);
        assert_eq!(of("ｶﾀｶﾅ"), ["カタ", "タカ", "カナ"]);
        assert_eq!(of("한국어 हिन्दी"), ["한국어", "हिन्दी"]);
    }

    #[test]
    fn data_gives_one_short_term() {
        let long = "Ab".repeat(5000);
        assert_eq!(of(&long), [long[..64].to_lowercase()]);
        assert_eq!(of(&"x_".repeat(5000)), ["x".repeat(64)]);
    }

    #[test]
    fn what_holds_no_word_gives_nothing() {
        assert!(of("").is_empty());
        assert!(of(" \0\n—!?…🦀 \u{fffd}").is_empty());
    }
}
