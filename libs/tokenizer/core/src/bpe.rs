//! Byte-pair encoding of one piece by backtracking, in time linear in its length.
//!
//! Merging by rank gives the only sequence of tokens in which every two neighbours stay apart when they are encoded by
//! themselves. So the longest token is taken at each place, as long as it stays apart from the one before it; where none
//! does, the place is dead, and the token before is made shorter. No place is visited again once it is dead.
//! The idea is that of the crate `bpe` (GitHub, 2024).

use std::collections::HashMap;

use crate::tables::{NONE, Vocabulary};

/// Bytes of the shortest run that is looked for.
pub(crate) const RUN_BYTES: usize = 384;

/// Bytes of a run that stay: two of the longest tokens.
const KEPT_RUN_BYTES: usize = 256;

/// Encodes pieces. Keeps its memory from one to the next.
pub(crate) struct Bpe {
    vocabulary: Vocabulary,
    /// Tokens from this number on do not exist.
    limit: u32,
    /// Bits of a hash that number the slots of `pairs`.
    pair_bits: u32,
    /// A bit for each place of the piece: whether it may still be the end of a token.
    alive: Vec<u64>,
    /// Answers of [`Bpe::stay_apart`]: both tokens and the answer in a word, in the place that the tokens say. Text that
    /// repeats itself asks the same again and again.
    answers: Vec<u64>,
    /// The token that runs of these bytes consist of.
    repeating: HashMap<[u8; 5], u32>,
}

const ANSWERS: usize = 1 << 12;

impl Bpe {
    pub(crate) fn new(vocabulary: Vocabulary, limit: u32) -> Self {
        Self {
            vocabulary,
            limit,
            pair_bits: vocabulary.pairs.len().ilog2(),
            alive: Vec::new(),
            answers: vec![u64::MAX; ANSWERS],
            repeating: HashMap::new(),
        }
    }

    pub(crate) fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// Appends the tokens of a piece.
    pub(crate) fn encode(&mut self, piece: &[u8], tokens: &mut Vec<u32>) {
        let Some(candidate) = self.longest(piece) else {
            return;
        };
        if self.length(candidate) == piece.len() {
            tokens.push(candidate);
            return;
        }
        if piece.len() >= RUN_BYTES
            && let Some((token, left_out)) = self.leading_run(piece)
            && let Some(rest) = piece.get(left_out * self.length(token)..)
            && let Some(first) = self.longest(rest)
        {
            let floor = tokens.len();
            tokens.resize(floor + left_out, token);
            self.search(rest, first, tokens);
            if tokens.get(floor + left_out) == Some(&token) {
                return;
            }
            tokens.truncate(floor);
        }
        self.search(piece, candidate, tokens);
    }

    /// The token that a long piece begins with again and again, and how often it may be left out: the rest, encoded by itself,
    /// must begin with the token too. Then all neighbours stay apart, and that is the encoding.
    pub(crate) fn leading_run(&mut self, piece: &[u8]) -> Option<(u32, usize)> {
        let (period, run) = (1..=4)
            .map(|period| (period, repeated(piece, period)))
            .find(|&(_, run)| run >= RUN_BYTES)?;
        let mut key = [0; 5];
        key.iter_mut()
            .zip(piece.get(..period)?)
            .for_each(|(place, &byte)| *place = byte);
        key[4] = u8::try_from(period).ok()?;
        let token = match self.repeating.get(&key) {
            Some(&token) => token,
            None => self.find_repeating(piece.get(..RUN_BYTES)?, period, key),
        };
        let length = self.length(token);
        let left_out = (run - KEPT_RUN_BYTES).checked_div(length)?;
        Some((token, left_out))
    }

    /// The first token of a run, where it repeats with the run and stays apart from itself; else `NONE`.
    fn find_repeating(&mut self, run: &[u8], period: usize, key: [u8; 5]) -> u32 {
        let mut tokens = Vec::new();
        if let Some(candidate) = self.longest(run) {
            self.search(run, candidate, &mut tokens);
        }
        let token = tokens.first().copied().filter(|&first| {
            self.length(first).is_multiple_of(period) && self.stay_apart(first, first)
        });
        // Text cannot make it grow without end.
        if self.repeating.len() >= ANSWERS {
            self.repeating.clear();
        }
        *self.repeating.entry(key).or_insert(token.unwrap_or(NONE))
    }

    fn search(&mut self, piece: &[u8], mut candidate: u32, tokens: &mut Vec<u32>) {
        self.alive.clear();
        self.alive.resize(piece.len() / 64 + 1, u64::MAX);
        let floor = tokens.len();
        let mut at = 0;
        loop {
            let end = at + self.length(candidate);
            let last = if tokens.len() == floor {
                None
            } else {
                tokens.last().copied()
            };
            if self.is_alive(end) && last.is_none_or(|last| self.stay_apart(last, candidate)) {
                tokens.push(candidate);
                at = end;
                match piece.get(at..).and_then(|rest| self.longest(rest)) {
                    Some(next) => candidate = next,
                    None => return,
                }
            } else if let Some(shorter) = self.shorter(candidate) {
                candidate = shorter;
            } else {
                self.kill(at);
                // The empty start is never dead: every piece has an encoding.
                if tokens.len() == floor {
                    return;
                }
                let Some(popped) = tokens.pop() else { return };
                at -= self.length(popped);
                candidate = popped;
            }
        }
    }

    /// The longest token that `text` starts with; none for the empty text only.
    #[inline(always)]
    fn longest(&self, text: &[u8]) -> Option<u32> {
        let trie = self.vocabulary.trie;
        let mut base = trie.first()?[0] >> 9;
        let mut found = None;
        for &byte in text {
            let Some(&[unit, token]) = trie.get((base ^ u32::from(byte)) as usize) else {
                break;
            };
            if unit & 0x1ff != u32::from(byte) + 1 {
                break;
            }
            // `NONE` is above every limit.
            if token < self.limit {
                found = Some(token);
            }
            base = unit >> 9;
        }
        found
    }

    /// The longest token that `token` starts with, but itself.
    fn shorter(&self, token: u32) -> Option<u32> {
        let mut next = token;
        loop {
            next = *self.vocabulary.prefixes.get(next as usize)?;
            // The index `NONE` ends the chain.
            if next < self.limit || next == NONE {
                return (next != NONE).then_some(next);
            }
        }
    }

    pub(crate) fn length(&self, token: u32) -> usize {
        let length = self.vocabulary.lengths.get(token as usize);
        length.map_or(0, |&length| usize::from(length))
    }

    fn stay_apart(&mut self, left: u32, right: u32) -> bool {
        let question = u64::from(left) << 32 | u64::from(right) << 1;
        let mixed = left.wrapping_mul(0x9e37_79b9) ^ right.wrapping_mul(0x85eb_ca6b);
        let place = (mixed >> 16) as usize % ANSWERS;
        if let Some(&known) = self.answers.get(place)
            && known & !1 == question
        {
            return known & 1 == 1;
        }
        let answer = self.never_merge(left, right);
        if let Some(known) = self.answers.get_mut(place) {
            *known = question | u64::from(answer);
        }
        answer
    }

    /// Whether two neighbours are still two after their bytes are encoded together: the merges that made them are undone
    /// from the last to the first, and at no time may a merge across the border come before the next of them.
    fn never_merge(&self, mut left: u32, mut right: u32) -> bool {
        let mut before = NONE;
        loop {
            if self
                .merged(left, right)
                .is_some_and(|merged| merged < before)
            {
                return false;
            }
            // Of two equal ranks the merge on the left comes first.
            match (self.half(left, 1), self.half(right, 0)) {
                (None, None) => return true,
                (Some(half), None) => (before, left) = (left, half),
                (Some(half), Some(_)) if left > right => (before, left) = (left, half),
                (_, Some(half)) => (before, right) = (right + 1, half),
            }
        }
    }

    fn half(&self, token: u32, side: usize) -> Option<u32> {
        let half = *self.vocabulary.halves.get(token as usize)?.get(side)?;
        (half != NONE).then_some(half)
    }

    /// The token that two tokens merge into. `build/pairs.rs` wrote the table.
    #[inline]
    fn merged(&self, left: u32, right: u32) -> Option<u32> {
        let pairs = self.vocabulary.pairs;
        let hash = (u64::from(left) << 32 | u64::from(right)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let word = self.vocabulary.filter.get((hash >> 48) as usize)?;
        if word >> (hash >> 43 & 31) & 1 == 0 {
            return None;
        }
        let mut slot = (hash >> (64 - self.pair_bits)) as usize;
        loop {
            let entry = *pairs.get(slot)?;
            if entry == NONE {
                return None;
            }
            if u64::from(entry >> 18) == hash >> 24 & 0x3fff {
                let token = entry & 0x3ffff;
                if self.vocabulary.halves.get(token as usize) == Some(&[left, right]) {
                    return (token < self.limit).then_some(token);
                }
            }
            slot = (slot + 1) & (pairs.len() - 1);
        }
    }

    fn is_alive(&self, place: usize) -> bool {
        let word = self.alive.get(place / 64).copied().unwrap_or(0);
        word >> (place % 64) & 1 == 1
    }

    fn kill(&mut self, place: usize) {
        if let Some(word) = self.alive.get_mut(place / 64) {
            *word &= !(1 << (place % 64));
        }
    }
}

/// Bytes at the start of a piece that repeat its first `period` bytes.
fn repeated(piece: &[u8], period: usize) -> usize {
    let behind = piece.get(period..).unwrap_or_default();
    let blocks = behind.chunks(32).zip(piece.chunks(32));
    let whole = 32 * blocks.take_while(|(one, other)| one == other).count();
    let rest = behind.iter().zip(piece).skip(whole);
    period + whole.min(behind.len()) + rest.take_while(|(one, other)| one == other).count()
}
