//! Byte-pair encoding as it is defined, and what follows from it.

use std::collections::HashMap;

use fishplate_tokenizer::{Encoding, SpecialTokens, Tokenizer};
use proptest::prelude::*;
use proptest::strategy::ValueTree;

/// Bytes of every token, by what `decode` says.
fn ranks(encoding: Encoding) -> HashMap<Vec<u8>, u32> {
    let tokenizer = Tokenizer::new(encoding);
    let mut ranks = HashMap::new();
    for token in 0..200_000 {
        let mut bytes = Vec::new();
        let special = encoding.special_tokens();
        if tokenizer.decode(&[token], &mut bytes).is_ok()
            && !special.iter().any(|&(_, number)| number == token)
        {
            ranks.insert(bytes, token);
        }
    }
    ranks
}

/// Merges the pair of the lowest rank, the leftmost first, until there is none.
fn by_definition(piece: &[u8], ranks: &HashMap<Vec<u8>, u32>) -> Vec<u32> {
    let mut parts: Vec<Vec<u8>> = piece.iter().map(|&byte| vec![byte]).collect();
    loop {
        let pairs = parts.windows(2).enumerate();
        let best = pairs
            .filter_map(|(at, pair)| Some((*ranks.get(&pair.concat())?, at)))
            .min();
        let Some((_, at)) = best else { break };
        let right = parts.remove(at + 1);
        parts[at].extend(right);
    }
    parts.iter().map(|part| ranks[part]).collect()
}

fn encode(tokenizer: &mut Tokenizer, text: &str) -> Vec<u32> {
    let mut tokens = Vec::new();
    tokenizer.encode(text, &mut tokens);
    tokens
}

#[test]
fn backtracking_gives_what_merging_gives() {
    for encoding in Encoding::ALL {
        let ranks = ranks(encoding);
        let mut tokenizer = Tokenizer::new(encoding);
        // One piece each, in every pattern: letters of one case, of no case, one symbol.
        let letters = [
            "[a-z]{1,40}",
            "[ab]{1,60}",
            "[etaoin]{1,40}",
            "[\u{4e00}-\u{4fff}]{1,20}",
            "[-=*]{1,80}",
        ];
        for pattern in letters {
            let mut runner = proptest::test_runner::TestRunner::deterministic();
            let strategy = proptest::string::string_regex(pattern).expect("a pattern of this test");
            for _ in 0..60 {
                let text = strategy.new_tree(&mut runner).expect("a text").current();
                let expected = by_definition(text.as_bytes(), &ranks);
                assert_eq!(
                    encode(&mut tokenizer, &text),
                    expected,
                    "{text} in {}",
                    encoding.name()
                );
                assert_eq!(tokenizer.count(&text), expected.len());
            }
        }
    }
}

#[test]
fn long_runs_are_encoded_as_short_ones_are() {
    for encoding in [Encoding::O200kBase, Encoding::R50kBase] {
        let ranks = ranks(encoding);
        let mut tokenizer = Tokenizer::new(encoding);
        for piece in ["-", "=", "ab", "中", "😀", " "] {
            for length in [383, 384, 500, 777, 1025] {
                let text: String = piece.chars().cycle().take(length / piece.len()).collect();
                let expected = by_definition(text.as_bytes(), &ranks);
                assert_eq!(
                    encode(&mut tokenizer, &text),
                    expected,
                    "{piece:?} {length}"
                );
            }
        }
    }
}

proptest! {
    #[test]
    fn what_is_encoded_decodes_to_itself(text in "\\PC*|[ -~\\s]*|\\p{L}*'[sStT]") {
        for encoding in Encoding::ALL {
            let mut tokenizer = Tokenizer::new(encoding);
            let tokens = encode(&mut tokenizer, &text);
            let mut bytes = Vec::new();
            tokenizer.decode(&tokens, &mut bytes).expect("tokens of this encoding");
            prop_assert_eq!(&bytes, text.as_bytes());
            prop_assert_eq!(tokenizer.count(&text), tokens.len());
            prop_assert_eq!(tokenizer.count_within(&text, tokens.len()), Some(tokens.len()));
            if let Some(less) = tokens.len().checked_sub(1) {
                prop_assert_eq!(tokenizer.count_within(&text, less), None);
            }
            let mut ends = Vec::new();
            tokenizer.token_ends(&text, &mut ends);
            prop_assert_eq!(ends.len(), tokens.len());
            prop_assert!(ends.is_sorted());
            let units = text.encode_utf16().count();
            prop_assert_eq!(ends.last().map_or(0, |&end| end as usize), units);
        }
    }

    #[test]
    fn special_tokens_are_seen_where_they_are_wanted(before in "[a-c<|>]{0,6}", after in "[a-c<|>]{0,6}") {
        let text = format!("{before}<|endoftext|>{after}");
        let mut tokenizer = Tokenizer::new(Encoding::O200kBase);
        let mut tokens = Vec::new();
        tokenizer.encode_with(&text, &SpecialTokens::All, &mut tokens);
        prop_assert_eq!(tokens.iter().filter(|&&token| token == 199_999).count(), 1);
        prop_assert_eq!(tokenizer.count_with(&text, &SpecialTokens::All), tokens.len());
        let mut bytes = Vec::new();
        tokenizer.decode(&tokens, &mut bytes).expect("tokens of this encoding");
        prop_assert_eq!(bytes, text.as_bytes());
    }
}
