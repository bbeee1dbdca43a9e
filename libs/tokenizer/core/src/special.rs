//! Special tokens, where a caller wants them.

use crate::encoding::Encoding;

pub(crate) const ENDOFTEXT_50256: &[(&str, u32)] = &[("<|endoftext|>", 50_256)];
pub(crate) const P50K_EDIT_SPECIAL: &[(&str, u32)] = &[
    ("<|endoftext|>", 50_256),
    ("<|fim_prefix|>", 50_281),
    ("<|fim_middle|>", 50_282),
    ("<|fim_suffix|>", 50_283),
];
pub(crate) const CL100K_SPECIAL: &[(&str, u32)] = &[
    ("<|endoftext|>", 100_257),
    ("<|fim_prefix|>", 100_258),
    ("<|fim_middle|>", 100_259),
    ("<|fim_suffix|>", 100_260),
    ("<|endofprompt|>", 100_276),
];
pub(crate) const O200K_SPECIAL: &[(&str, u32)] =
    &[("<|endoftext|>", 199_999), ("<|endofprompt|>", 200_018)];
pub(crate) const HARMONY_SPECIAL: &[(&str, u32)] = &[
    ("<|startoftext|>", 199_998),
    ("<|endoftext|>", 199_999),
    ("<|reserved_200000|>", 200_000),
    ("<|reserved_200001|>", 200_001),
    ("<|return|>", 200_002),
    ("<|constrain|>", 200_003),
    ("<|reserved_200004|>", 200_004),
    ("<|channel|>", 200_005),
    ("<|start|>", 200_006),
    ("<|end|>", 200_007),
    ("<|message|>", 200_008),
    ("<|reserved_200009|>", 200_009),
    ("<|reserved_200010|>", 200_010),
    ("<|reserved_200011|>", 200_011),
    ("<|call|>", 200_012),
    ("<|endofprompt|>", 200_018),
];

const OPEN: &str = "<|";
const CLOSE: &str = "|>";
const RESERVED: &str = "<|reserved_";

/// Which special tokens of an encoding are to be seen in a text.
#[derive(Clone, Debug, Default)]
pub enum SpecialTokens {
    /// None: what looks like one is ordinary text.
    #[default]
    None,
    /// All of the encoding.
    All,
    /// Those of these names; other names are ordinary text.
    Named(Vec<String>),
}

/// A special token in a text.
pub(crate) struct Found {
    pub start: usize,
    pub end: usize,
    pub token: u32,
}

impl SpecialTokens {
    /// The first at or behind `from`. Every special token stands between `<|` and `|>`, and holds neither inside.
    pub(crate) fn find(&self, encoding: Encoding, text: &str, from: usize) -> Option<Found> {
        let mut at = from;
        loop {
            let start = at + text.get(at..)?.find(OPEN)?;
            let inside = start + OPEN.len();
            // An end behind the next start is not that of this one.
            let end = inside + text.get(inside..)?.find(CLOSE)? + CLOSE.len();
            if let Some(last) = text.get(inside..end).and_then(|name| name.rfind(OPEN)) {
                at = inside + last;
                continue;
            }
            if let Some(name) = text.get(start..end)
                && self.allows(name)
                && let Some(token) = number(encoding, name)
            {
                return Some(Found { start, end, token });
            }
            at = inside;
        }
    }

    fn allows(&self, name: &str) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Named(names) => names.iter().any(|allowed| allowed == name),
        }
    }
}

/// The number of a special token.
pub(crate) fn number(encoding: Encoding, name: &str) -> Option<u32> {
    let named = encoding
        .special_tokens()
        .iter()
        .find(|(known, _)| *known == name);
    named.map(|&(_, token)| token).or_else(|| {
        let digits = name.strip_prefix(RESERVED)?.strip_suffix(CLOSE)?;
        let token = digits.parse().ok()?;
        // Of `+200013` or `0200013` the number is right and the name is not.
        (encoding.reserved().contains(&token) && digits.len() == 6).then_some(token)
    })
}

/// The name of a special token.
pub(crate) fn name(encoding: Encoding, token: u32) -> Option<std::borrow::Cow<'static, str>> {
    let named = encoding
        .special_tokens()
        .iter()
        .find(|(_, number)| *number == token);
    named.map(|&(name, _)| name.into()).or_else(|| {
        let reserved = encoding.reserved().contains(&token);
        reserved.then(|| format!("{RESERVED}{token}{CLOSE}").into())
    })
}
