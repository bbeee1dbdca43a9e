//! Tokens are the text, and as many as were counted.
#![no_main]

use std::cell::RefCell;

use fishplate_tokenizer::{Encoding, SpecialTokens, Tokenizer, utf8_from_utf16};
use libfuzzer_sys::fuzz_target;

thread_local! {
    /// With what they have learnt from all texts before.
    static KEPT: RefCell<[Tokenizer; 6]> = RefCell::new(Encoding::ALL.map(Tokenizer::new));
}

fuzz_target!(|input: (u8, &[u8])| {
    let (choice, bytes) = input;
    let place = usize::from(choice) % 6;
    let units: Vec<u16> = bytes
        .chunks(2)
        .map(|pair| u16::from(pair[0]) << 8 | u16::from(*pair.last().unwrap()))
        .collect();
    let mut written = Vec::new();
    utf8_from_utf16(&units, &mut written);
    assert_eq!(written, String::from_utf16_lossy(&units).into_bytes());
    let mut text = String::from_utf8_lossy(bytes).into_owned();
    if choice & 0x80 != 0 {
        text = text.repeat(50);
    }
    KEPT.with_borrow_mut(|kept| {
        let tokenizer = &mut kept[place];
        let mut tokens = Vec::new();
        tokenizer.encode(&text, &mut tokens);
        let mut decoded = Vec::new();
        tokenizer.decode(&tokens, &mut decoded).unwrap();
        assert_eq!(decoded, text.as_bytes());
        assert_eq!(tokenizer.count(&text), tokens.len());
        assert_eq!(
            tokenizer.count_within(&text, tokens.len()),
            Some(tokens.len())
        );
        if let Some(less) = tokens.len().checked_sub(1) {
            assert_eq!(tokenizer.count_within(&text, less), None);
        }
        let mut fresh = Vec::new();
        Tokenizer::new(Encoding::ALL[place]).encode(&text, &mut fresh);
        assert_eq!(fresh, tokens);
        let mut special = Vec::new();
        tokenizer.encode_with(&text, &SpecialTokens::All, &mut special);
        assert_eq!(
            tokenizer.count_with(&text, &SpecialTokens::All),
            special.len()
        );
        let mut ends = Vec::new();
        tokenizer.token_ends(&text, &mut ends);
        assert_eq!(ends.len(), tokens.len());
        assert!(ends.is_sorted());
        let units = text.encode_utf16().count();
        assert_eq!(ends.last().map_or(0, |&end| end as usize), units);
    });
});
