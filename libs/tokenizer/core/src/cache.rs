//! What pieces were encoded to. A piece replaces one that was in its place, so that no text makes the caches grow, or search
//! for long.

/// Bytes of the longest piece that [`WordCache`] keeps.
pub(crate) const WORD_BYTES: usize = 15;

/// Bytes of the longest piece that [`PhraseCache`] keeps.
pub(crate) const PHRASE_BYTES: usize = 120;

/// Tokens that a [`Word`] keeps.
pub(crate) const WORD_TOKENS: usize = 3;

const WORDS: usize = 1 << 14;
const FIRST_WORD_SETS: usize = 1 << 6;
const WORD_SETS: usize = 1 << 12;
const PHRASE_SETS: usize = 1 << 11;
const PHRASE_WAYS: usize = 8;
const WAYS: usize = 4;

/// Bits of the number of tokens in an entry of [`CountCache`].
const COUNT: u128 = 0xf << 120;

/// The bytes of a piece of up to 15 of them, with their number above them; never 0, which is the key of what is empty.
#[inline(always)]
pub(crate) fn word_key(text: &[u8], start: usize, end: usize) -> u128 {
    let length = end - start;
    let bytes = match text.get(start..).and_then(<[u8]>::first_chunk::<16>) {
        Some(chunk) => u128::from_le_bytes(*chunk),
        None => near_the_end(text, start, end),
    };
    bytes & KEPT_BYTES.get(length).copied().unwrap_or(0) | (length as u128) << 124
}

/// The bytes of a key, and how many of them are the piece.
pub(crate) fn word_of(key: u128) -> ([u8; 16], usize) {
    let bytes = key.to_le_bytes();
    (bytes, usize::from(bytes[WORD_BYTES] >> 4))
}

/// By the length of a piece.
const KEPT_BYTES: [u128; 1 + WORD_BYTES] = {
    let mut masks = [0; 1 + WORD_BYTES];
    let mut length = 1;
    while length < masks.len() {
        masks[length] = masks[length - 1] << 8 | 0xff;
        length += 1;
    }
    masks
};

/// How many tokens pieces of up to 15 bytes have: each in 16 bytes, and four in a line of the processor's cache, since what is
/// not there costs more than all else. It grows with what it holds.
pub(crate) struct CountCache {
    /// The first is the latest.
    sets: Vec<WordSet>,
    filled: usize,
}

#[derive(Clone, Copy, Default)]
#[repr(align(64))]
struct WordSet([u128; WAYS]);

impl CountCache {
    pub(crate) fn new() -> Self {
        Self {
            sets: vec![WordSet::default(); FIRST_WORD_SETS],
            filled: 0,
        }
    }

    /// 0 where the piece is unknown.
    #[inline(always)]
    pub(crate) fn get(&self, key: u128) -> usize {
        let Some(WordSet(entries)) = self.sets.get(hash(key) & (self.sets.len() - 1)) else {
            return 0;
        };
        let mut found = 0;
        for entry in entries {
            found |= if entry & !COUNT == key { *entry } else { 0 };
        }
        (found >> 120) as usize & 0xf
    }

    pub(crate) fn put(&mut self, key: u128, count: usize) {
        if self.filled > 2 * self.sets.len() && self.sets.len() < WORD_SETS {
            let sets = vec![WordSet::default(); 4 * self.sets.len()];
            let old = std::mem::replace(&mut self.sets, sets);
            for entry in old.iter().flat_map(|set| set.0).filter(|&entry| entry != 0) {
                self.insert(entry);
            }
        }
        self.filled += 1;
        self.insert(key | (count as u128) << 120);
    }

    fn insert(&mut self, entry: u128) {
        let place = hash(entry & !COUNT) & (self.sets.len() - 1);
        if let Some(WordSet(entries)) = self.sets.get_mut(place) {
            entries.rotate_right(1);
            entries[0] = entry;
        }
    }
}

/// The tokens of a piece of up to 15 bytes.
#[derive(Clone, Copy, Default)]
pub(crate) struct Word {
    key: u128,
    /// The first of its tokens; all of them where they are at most three.
    pub tokens: [u32; WORD_TOKENS],
    pub count: u32,
}

/// Tokens of pieces of up to 15 bytes. Allocated with the first one.
pub(crate) struct WordCache {
    words: Vec<Word>,
}

impl WordCache {
    pub(crate) fn new() -> Self {
        Self { words: Vec::new() }
    }

    #[inline(always)]
    pub(crate) fn get(&self, key: u128) -> Option<&Word> {
        let place = hash(key) & (WORDS - 1);
        self.words.get(place).filter(|word| word.key == key)
    }

    pub(crate) fn put(&mut self, key: u128, tokens: &[u32]) {
        if self.words.is_empty() {
            self.words = vec![Word::default(); WORDS];
        }
        let mut word = Word {
            key,
            count: u32::try_from(tokens.len()).unwrap_or(u32::MAX),
            ..Word::default()
        };
        for (place, &token) in word.tokens.iter_mut().zip(tokens) {
            *place = token;
        }
        if let Some(place) = self.words.get_mut(hash(key) & (WORDS - 1)) {
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
fn hash(key: u128) -> usize {
    mix(key as u64, (key >> 64) as u64) as usize
}

#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the halves of a product")]
fn mix(low: u64, high: u64) -> u64 {
    let product =
        u128::from(low ^ 0x9e37_79b9_7f4a_7c15) * u128::from(high ^ 0xd1b5_4a32_d192_ed03);
    product as u64 ^ (product >> 64) as u64
}

/// How many tokens pieces of up to 120 bytes have. Eight places for each hash: these pieces are dear to encode again.
pub(crate) struct PhraseCache {
    /// Bits of the hash of each phrase, so that others need not be looked at; 0 where there is none. Allocated with the first
    /// piece, as are the phrases.
    tags: Vec<[u32; PHRASE_WAYS]>,
    /// How many bytes each has, how many tokens, and the bytes. Numbers alone, so that memory that is all zero serves, and
    /// nothing is written before it is used.
    phrases: Vec<[[u8; 128]; PHRASE_WAYS]>,
}

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
            let [length, count, bytes @ ..] = phrase;
            let same = known == tag
                && usize::from(*length) == piece.len()
                && bytes.get(..piece.len()) == Some(piece);
            same.then_some(usize::from(*count))
        })
    }

    pub(crate) fn put(&mut self, piece: &[u8], count: usize) {
        if self.tags.is_empty() {
            self.tags = vec![[0; PHRASE_WAYS]; PHRASE_SETS];
            self.phrases = vec![[[0; 128]; PHRASE_WAYS]; PHRASE_SETS];
        }
        let (set, tag) = place(piece);
        let (Some(tags), Some(phrases)) = (self.tags.get_mut(set), self.phrases.get_mut(set))
        else {
            return;
        };
        let free = tags.iter().position(|&known| known == 0);
        let way = free.unwrap_or(tag as usize / 2 % PHRASE_WAYS);
        if let (Ok(length), Ok(count)) = (u8::try_from(piece.len()), u8::try_from(count))
            && let (Some(known), Some(phrase)) = (tags.get_mut(way), phrases.get_mut(way))
            && let Some(bytes) = phrase.get_mut(2..2 + piece.len())
        {
            bytes.copy_from_slice(piece);
            (phrase[0], phrase[1], *known) = (length, count, tag);
        }
    }
}

/// The set of a piece of at least 16 bytes, and its tag. The last 16 bytes may be hashed twice in part.
#[expect(clippy::cast_possible_truncation, reason = "bits of a hash")]
fn place(piece: &[u8]) -> (usize, u32) {
    let (chunks, _) = piece.as_chunks::<16>();
    let mut hash = piece.len() as u64;
    for chunk in chunks.iter().chain(piece.last_chunk()) {
        let chunk = u128::from_le_bytes(*chunk);
        hash = mix(hash ^ chunk as u64, (chunk >> 64) as u64);
    }
    (hash as usize % PHRASE_SETS, (hash >> 32) as u32 | 1)
}
