//! An encoding with its caches: what counts, encodes and decodes.

use std::collections::HashMap;
use std::ops::ControlFlow;

use thiserror::Error;

use crate::bpe::{Bpe, RUN_BYTES};
use crate::cache::{
    CountCache, PHRASE_BYTES, PhraseCache, WORD_BYTES, WORD_TOKENS, WordCache, word_key, word_of,
};
use crate::encoding::Encoding;
use crate::special::{self, SpecialTokens};
use crate::split::pieces;

/// Ends of runs that are kept, and bytes of the longest.
const RUN_ENDS: usize = 1 << 10;
const RUN_END_BYTES: usize = 512;

/// Counts, encodes and decodes. Making one costs nothing but memory for its caches (at most 3 MB, as they fill); it is used by
/// one thread at a time.
pub struct Tokenizer {
    encoding: Encoding,
    bpe: Bpe,
    counts: CountCache,
    words: WordCache,
    phrases: PhraseCache,
    /// How many tokens the ends of long runs have.
    run_ends: HashMap<Vec<u8>, usize>,
    /// Tokens of the piece at hand.
    scratch: Vec<u32>,
}

/// A number that is no token of the encoding.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{token} at index {index} is no token of {encoding}")]
pub struct DecodeError {
    /// Where it is among the tokens.
    pub index: usize,
    /// What it is.
    pub token: u32,
    /// The name of the encoding.
    pub encoding: &'static str,
}

impl Tokenizer {
    /// A tokenizer with empty caches.
    #[must_use]
    pub fn new(encoding: Encoding) -> Self {
        Self {
            encoding,
            bpe: Bpe::new(encoding.tables().vocabulary(), encoding.limit()),
            counts: CountCache::new(),
            words: WordCache::new(),
            phrases: PhraseCache::new(),
            run_ends: HashMap::new(),
            scratch: Vec::new(),
        }
    }

    /// How many tokens a text has. What looks like a special token is ordinary text. Time is linear in the length of the text,
    /// whatever it holds.
    pub fn count(&mut self, text: &str) -> usize {
        self.count_within(text, usize::MAX).unwrap_or(usize::MAX)
    }

    /// The number of tokens where it is at most `limit`; the rest of a text that has more is not looked at.
    pub fn count_within(&mut self, text: &str, limit: usize) -> Option<usize> {
        let bytes = text.as_bytes();
        let mut total = 0;
        let outcome = pieces(self.encoding.pattern(), bytes, |start, end| {
            total += self.count_piece(bytes, start, end);
            if total > limit {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        outcome.is_continue().then_some(total)
    }

    /// Appends the tokens of a text, in which what looks like a special token is ordinary text.
    ///
    /// ```
    /// use fishplate_tokenizer::{Encoding, Tokenizer};
    ///
    /// let mut tokens = Vec::new();
    /// Tokenizer::new(Encoding::Cl100kBase).encode("tiktoken is great!", &mut tokens);
    /// assert_eq!(tokens, [83, 1609, 5963, 374, 2294, 0]);
    /// ```
    pub fn encode(&mut self, text: &str, tokens: &mut Vec<u32>) {
        let bytes = text.as_bytes();
        let _: ControlFlow<()> = pieces(self.encoding.pattern(), bytes, |start, end| {
            self.encode_piece(bytes, start, end, tokens);
            ControlFlow::Continue(())
        });
    }

    /// [`Self::count`] with special tokens: each of those counts as one.
    ///
    /// ```
    /// use fishplate_tokenizer::{Encoding, SpecialTokens, Tokenizer};
    ///
    /// let mut tokenizer = Tokenizer::new(Encoding::O200kBase);
    /// assert_eq!(tokenizer.count("hello <|endoftext|>"), 8);
    /// assert_eq!(tokenizer.count_with("hello <|endoftext|>", &SpecialTokens::All), 3);
    /// ```
    pub fn count_with(&mut self, text: &str, special: &SpecialTokens) -> usize {
        let mut total = 0;
        self.between(text, special, |tokenizer, part, token| {
            total += tokenizer.count(part) + usize::from(token.is_some());
        });
        total
    }

    /// [`Self::encode`] with special tokens.
    pub fn encode_with(&mut self, text: &str, special: &SpecialTokens, tokens: &mut Vec<u32>) {
        self.between(text, special, |tokenizer, part, token| {
            tokenizer.encode(part, tokens);
            tokens.extend(token);
        });
    }

    /// The first special token of `special` in a text, by its bytes.
    #[must_use]
    pub fn find_special(
        &self,
        text: &str,
        special: &SpecialTokens,
    ) -> Option<std::ops::Range<usize>> {
        let found = special.find(self.encoding, text, 0)?;
        Some(found.start..found.end)
    }

    /// Where each token ends, in UTF-16 code units; the end of a token that ends inside a character is where that starts.
    pub fn token_ends(&mut self, text: &str, ends: &mut Vec<u32>) {
        let mut tokens = Vec::new();
        self.encode(text, &mut tokens);
        ends.reserve(tokens.len());
        let (mut units, mut byte, mut chars) = (0, 0, text.char_indices());
        for token in tokens {
            byte += self.token_bytes(token).map_or(0, <[u8]>::len);
            // The offset of the iterator is that of the next character.
            while chars.offset() < byte {
                let before = chars.clone();
                let Some((at, char)) = chars.next() else {
                    break;
                };
                if at + char.len_utf8() > byte {
                    chars = before;
                    break;
                }
                units += if at + 4 == chars.offset() { 2 } else { 1 };
            }
            ends.push(units);
        }
    }

    /// Appends the bytes of tokens, special ones among them. They need not be UTF-8.
    ///
    /// # Errors
    /// [`DecodeError`] for a number that is no token; what comes before it has been appended.
    pub fn decode(&self, tokens: &[u32], bytes: &mut Vec<u8>) -> Result<(), DecodeError> {
        for (index, &token) in tokens.iter().enumerate() {
            if let Some(known) = self.token_bytes(token) {
                bytes.extend_from_slice(known);
            } else if let Some(name) = special::name(self.encoding, token) {
                bytes.extend_from_slice(name.as_bytes());
            } else {
                let encoding = self.encoding.name();
                return Err(DecodeError {
                    index,
                    token,
                    encoding,
                });
            }
        }
        Ok(())
    }

    fn token_bytes(&self, token: u32) -> Option<&'static [u8]> {
        if token >= self.encoding.limit() {
            return None;
        }
        self.bpe.vocabulary().bytes_of(token)
    }

    fn between(
        &mut self,
        text: &str,
        special: &SpecialTokens,
        mut visit: impl FnMut(&mut Self, &str, Option<u32>),
    ) {
        let mut at = 0;
        while let Some(found) = special.find(self.encoding, text, at) {
            visit(
                self,
                text.get(at..found.start).unwrap_or_default(),
                Some(found.token),
            );
            at = found.end;
        }
        visit(self, text.get(at..).unwrap_or_default(), None);
    }

    #[inline(always)]
    fn count_piece(&mut self, text: &[u8], start: usize, end: usize) -> usize {
        if end - start <= WORD_BYTES {
            let key = word_key(text, start, end);
            return match self.counts.get(key) {
                0 => self.count_new_word(key),
                count => count,
            };
        }
        self.count_long(text.get(start..end).unwrap_or_default())
    }

    #[inline(never)]
    fn count_new_word(&mut self, key: u128) -> usize {
        let (bytes, length) = word_of(key);
        self.scratch.clear();
        let piece = bytes.get(..length).unwrap_or_default();
        self.bpe.encode(piece, &mut self.scratch);
        self.counts.put(key, self.scratch.len());
        self.scratch.len()
    }

    #[inline(never)]
    fn count_long(&mut self, piece: &[u8]) -> usize {
        if piece.len() <= PHRASE_BYTES
            && let Some(count) = self.phrases.get(piece)
        {
            return count;
        }
        if piece.len() >= RUN_BYTES
            && let Some((token, left_out)) = self.bpe.leading_run(piece)
            && let Some(rest) = piece.get(left_out * self.bpe.length(token)..)
            && let Some(count) = self.count_run(rest, token)
        {
            return left_out + count;
        }
        self.scratch.clear();
        self.bpe.encode(piece, &mut self.scratch);
        let count = self.scratch.len();
        if piece.len() <= PHRASE_BYTES {
            self.phrases.put(piece, count);
        } else {
            self.scratch.shrink_to(1 << 16);
        }
        count
    }

    /// Tokens of the end of a run, where `token` is the first of them. Lines of dashes have few ends, which are dear.
    fn count_run(&mut self, rest: &[u8], token: u32) -> Option<usize> {
        if let Some(&count) = self.run_ends.get(rest) {
            return Some(count);
        }
        self.scratch.clear();
        self.bpe.encode(rest, &mut self.scratch);
        if self.scratch.first() != Some(&token) {
            return None;
        }
        if rest.len() <= RUN_END_BYTES {
            if self.run_ends.len() >= RUN_ENDS {
                self.run_ends.clear();
            }
            self.run_ends.insert(rest.to_vec(), self.scratch.len());
        }
        Some(self.scratch.len())
    }

    #[inline(always)]
    fn encode_piece(&mut self, text: &[u8], start: usize, end: usize, tokens: &mut Vec<u32>) {
        let piece = text.get(start..end).unwrap_or_default();
        if piece.len() > WORD_BYTES {
            return self.bpe.encode(piece, tokens);
        }
        let key = word_key(text, start, end);
        if let Some(word) = self.words.get(key) {
            let count = word.count as usize;
            if count <= WORD_TOKENS {
                tokens.extend(word.tokens.iter().take(count));
                return;
            }
        }
        let floor = tokens.len();
        self.bpe.encode(piece, tokens);
        self.words.put(key, tokens.get(floor..).unwrap_or_default());
    }
}
