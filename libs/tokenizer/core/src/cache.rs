//! What pieces were encoded to. A piece replaces one that was in its place, so that no text makes the caches grow, or search
//! for long.

/// Bytes of the longest piece that [`WordCache`] keeps.
pub(crate) const WORD_BYTES: usize = 15;

/// Bytes of the longest piece that [`PhraseCache`] keeps.
pub(crate) const PHRASE_BYTES: usize = 120;

/// Tokens that a [`Word`] keeps.
pub(crate) const WORD_TOKENS: usize = 3;

const WORDS: usize = 1 << 14;
const PHRASE_SETS: usize = 1 << 12;
const WAYS: usize = 4;

/// A piece of up to 15 bytes, by its bytes and its length.
#[derive(Clone, Copy, Default)]
pub(crate) struct Word {
    key: u128,
    /// The first of its tokens; all of them where they are at most three.
    pub tokens: [u32; WORD_TOKENS],
    pub count: u32,
}

/// Pieces of up to 15 bytes.
pub(crate) struct WordCache {
    words: Box<[Word]>,
}

impl WordCache {
    pub(crate) fn new() -> Self {
        Self {
            words: vec![Word::default(); WORDS].into_boxed_slice(),
        }
    }

    /// The bytes of a piece with their number in the highest one; never 0, which is the key of what is empty.
    #[inline(always)]
    pub(crate) fn key(text: &[u8], start: usize, end: usize) -> u128 {
        let length = end - start;
        let bytes = match text.get(start..).and_then(<[u8]>::first_chunk::<16>) {
            Some(chunk) => u128::from_le_bytes(*chunk),
            None => near_the_end(text, start, end),
        };
        bytes & ((1 << (8 * length)) - 1) | (length as u128) << 120
    }

    #[inline(always)]
    pub(crate) fn get(&self, key: u128) -> Option<&Word> {
        self.words.get(slot(key)).filter(|word| word.key == key)
    }

    pub(crate) fn put(&mut self, key: u128, tokens: &[u32]) {
        let mut word = Word {
            key,
            count: u32::try_from(tokens.len()).unwrap_or(u32::MAX),
            ..Word::default()
        };
        for (place, &token) in word.tokens.iter_mut().zip(tokens) {
            *place = token;
        }
        if let Some(place) = self.words.get_mut(slot(key)) {
            *place = word;
        }
    }
}

#[cold]
fn near_the_end(text: &[u8], start: usize, end: usize) -> u128 {
    let mut chunk = [0; 16];
    let piece = text.get(start..end).unwrap_or_default();
    for (place, &byte) in chunk.iter_mut().zip(piece) {
        *place = byte;
    }
    u128::from_le_bytes(chunk)
}

#[inline(always)]
#[expect(
    clippy::cast_possible_truncation,
    reason = "halves, and bits of a hash"
)]
fn slot(key: u128) -> usize {
    mix(key as u64, (key >> 64) as u64) as usize & (WORDS - 1)
}

#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the halves of a product")]
fn mix(low: u64, high: u64) -> u64 {
    let product =
        u128::from(low ^ 0x9e37_79b9_7f4a_7c15) * u128::from(high ^ 0xd1b5_4a32_d192_ed03);
    product as u64 ^ (product >> 64) as u64
}

/// How many tokens pieces of up to 120 bytes have. Four places for each hash: these pieces are dear to encode again.
pub(crate) struct PhraseCache {
    /// Bits of the hash of each phrase, so that others need not be looked at; 0 where there is none. Allocated with the first
    /// piece, as are the phrases.
    tags: Vec<[u32; WAYS]>,
    phrases: Vec<[Phrase; WAYS]>,
}

#[derive(Clone, Copy)]
struct Phrase {
    bytes: [u8; PHRASE_BYTES],
    length: u16,
    count: u16,
}

const EMPTY: Phrase = Phrase {
    bytes: [0; PHRASE_BYTES],
    length: 0,
    count: 0,
};

impl PhraseCache {
    pub(crate) fn new() -> Self {
        Self {
            tags: Vec::new(),
            phrases: Vec::new(),
        }
    }

    pub(crate) fn get(&self, piece: &[u8]) -> Option<usize> {
        let (set, tag) = place(piece);
        let (tags, phrases) = (self.tags.get(set)?, self.phrases.get(set)?);
        let mut ways = tags.iter().zip(phrases);
        ways.find_map(|(&known, phrase)| {
            let same =
                known == tag && phrase.bytes.get(..usize::from(phrase.length)) == Some(piece);
            same.then_some(usize::from(phrase.count))
        })
    }

    pub(crate) fn put(&mut self, piece: &[u8], count: usize) {
        if self.tags.is_empty() {
            self.tags = vec![[0; WAYS]; PHRASE_SETS];
            self.phrases = vec![[EMPTY; WAYS]; PHRASE_SETS];
        }
        let (set, tag) = place(piece);
        let (Some(tags), Some(phrases)) = (self.tags.get_mut(set), self.phrases.get_mut(set))
        else {
            return;
        };
        let free = tags.iter().position(|&known| known == 0);
        let way = free.unwrap_or(tag as usize / 2 % WAYS);
        if let (Ok(length), Ok(count)) = (u16::try_from(piece.len()), u16::try_from(count))
            && let (Some(known), Some(phrase)) = (tags.get_mut(way), phrases.get_mut(way))
            && let Some(bytes) = phrase.bytes.get_mut(..piece.len())
        {
            bytes.copy_from_slice(piece);
            (phrase.length, phrase.count, *known) = (length, count, tag);
        }
    }
}

/// The set of a piece, and its tag.
#[expect(clippy::cast_possible_truncation, reason = "bits of a hash")]
fn place(piece: &[u8]) -> (usize, u32) {
    let (chunks, rest) = piece.as_chunks::<8>();
    let mut hash = piece.len() as u64;
    for chunk in chunks {
        hash = mix(hash, u64::from_le_bytes(*chunk));
    }
    let rest = rest
        .iter()
        .fold(0, |word, &byte| word << 8 | u64::from(byte));
    let hash = mix(hash, rest);
    (hash as usize % PHRASE_SETS, (hash >> 32) as u32 | 1)
}
