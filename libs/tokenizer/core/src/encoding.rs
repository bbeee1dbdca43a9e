//! The encodings, and what they share.

use crate::special::{
    CL100K_SPECIAL, ENDOFTEXT_50256, HARMONY_SPECIAL, O200K_SPECIAL, P50K_EDIT_SPECIAL,
};
use crate::split::Pattern;
use crate::tables::{CL100K, O200K, P50K, Tables};

/// An encoding of OpenAI's models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// GPT-4o, GPT-4.1, GPT-5, o1, o3, o4-mini.
    O200kBase,
    /// gpt-oss: the tokens of `o200k_base`, with special tokens of its own.
    O200kHarmony,
    /// GPT-3.5, GPT-4, the embedding models.
    Cl100kBase,
    /// Codex, text-davinci-002 and -003.
    P50kBase,
    /// The edit models: `p50k_base` with special tokens for infilling.
    P50kEdit,
    /// GPT-3; GPT-2's encoding is the same.
    R50kBase,
}

impl Encoding {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::O200kBase,
        Self::O200kHarmony,
        Self::Cl100kBase,
        Self::P50kBase,
        Self::P50kEdit,
        Self::R50kBase,
    ];

    /// The name that tiktoken gives it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::O200kBase => "o200k_base",
            Self::O200kHarmony => "o200k_harmony",
            Self::Cl100kBase => "cl100k_base",
            Self::P50kBase => "p50k_base",
            Self::P50kEdit => "p50k_edit",
            Self::R50kBase => "r50k_base",
        }
    }

    /// The encoding of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|encoding| encoding.name() == name)
    }

    /// Its special tokens, in no order. `o200k_harmony` has those of [`Self::reserved`] too.
    #[must_use]
    pub fn special_tokens(self) -> &'static [(&'static str, u32)] {
        match self {
            Self::O200kBase => O200K_SPECIAL,
            Self::O200kHarmony => HARMONY_SPECIAL,
            Self::Cl100kBase => CL100K_SPECIAL,
            Self::P50kBase | Self::R50kBase => ENDOFTEXT_50256,
            Self::P50kEdit => P50K_EDIT_SPECIAL,
        }
    }

    /// Numbers `n` of special tokens `<|reserved_n|>`.
    #[must_use]
    pub fn reserved(self) -> std::ops::Range<u32> {
        match self {
            Self::O200kHarmony => 200_013..201_088,
            _ => 0..0,
        }
    }

    pub(crate) fn tables(self) -> &'static Tables {
        match self {
            Self::O200kBase | Self::O200kHarmony => &O200K,
            Self::Cl100kBase => &CL100K,
            Self::P50kBase | Self::P50kEdit | Self::R50kBase => &P50K,
        }
    }

    /// Tokens from this number on are not of the encoding, though the tables have them.
    pub(crate) fn limit(self) -> u32 {
        match self {
            Self::R50kBase => 50_256,
            _ => u32::MAX,
        }
    }

    pub(crate) fn pattern(self) -> Pattern {
        match self {
            Self::O200kBase | Self::O200kHarmony => Pattern::O200k,
            Self::Cl100kBase => Pattern::Cl100k,
            Self::P50kBase | Self::P50kEdit | Self::R50kBase => Pattern::R50k,
        }
    }
}
