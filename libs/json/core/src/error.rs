//! What can be wrong with a text, and where.

use thiserror::Error;

/// Why a text was refused. Offsets are in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum JsonError {
    /// It is no JSON.
    #[error("{problem}")]
    Invalid {
        /// The first byte that cannot be.
        offset: usize,
        /// What is wrong there.
        problem: Problem,
    },
    /// A buffer holds what is no UTF-8.
    #[error("the bytes are not UTF-8")]
    NotUtf8 {
        /// The first byte of what is not.
        offset: usize,
    },
    /// Containers are nested deeper than the limit.
    #[error("nested deeper than {limit} levels")]
    TooDeep {
        /// The bracket that opens one level too many.
        offset: usize,
        /// The limit.
        limit: usize,
    },
    /// Objects have more members, all together, than the limit.
    #[error("more than {limit} keys")]
    TooManyKeys {
        /// The key that is one too many.
        offset: usize,
        /// The limit.
        limit: usize,
    },
    /// An object has the same key twice, and that was not allowed.
    #[error("the key is there twice in its object")]
    DuplicateKey {
        /// The later one.
        offset: usize,
    },
    /// An object has the key `__proto__`, and that was not allowed.
    #[error("the key __proto__ is not allowed")]
    ProtoKey {
        /// The key.
        offset: usize,
    },
    /// A number has no finite double.
    #[error("the number is beyond what a double holds")]
    NumberNotFinite {
        /// The number.
        offset: usize,
    },
    /// A string holds half of a surrogate pair, which the canonical form forbids.
    #[error("the string holds half of a surrogate pair")]
    LoneSurrogate {
        /// The string.
        offset: usize,
    },
    /// The text, or the result, would be longer than can be.
    #[error("longer than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// A JSON pointer that is none.
    #[error("a JSON pointer is empty or begins with /, and ~ is followed by 0 or 1")]
    PointerInvalid {
        /// Where in the pointer.
        offset: usize,
    },
}

/// What is wrong at a place of a text that is no JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Problem {
    /// The text ends before its value does.
    #[error("the text ends too early")]
    End,
    /// Something else stands where a value must begin.
    #[error("a value is expected here")]
    Value,
    /// Something else stands where a key must begin.
    #[error("a key in double quotes is expected here")]
    Key,
    /// Something else follows a key.
    #[error("a colon is expected here")]
    Colon,
    /// Something else follows a member.
    #[error("a comma or a closing brace is expected here")]
    AfterMember,
    /// Something else follows an element.
    #[error("a comma or a closing bracket is expected here")]
    AfterElement,
    /// Something follows the value.
    #[error("nothing may follow the value")]
    Trailing,
    /// A control character in a string.
    #[error("a control character must be escaped in a string")]
    ControlCharacter,
    /// A backslash before something else than an escape.
    #[error("this is no escape")]
    Escape,
    /// A digit is missing.
    #[error("a digit is expected here")]
    Digit,
}

impl JsonError {
    /// Where in the text, in bytes; none where no place is to blame.
    #[must_use]
    pub fn offset(&self) -> Option<usize> {
        match *self {
            Self::Invalid { offset, .. }
            | Self::NotUtf8 { offset }
            | Self::TooDeep { offset, .. }
            | Self::TooManyKeys { offset, .. }
            | Self::DuplicateKey { offset }
            | Self::ProtoKey { offset }
            | Self::NumberNotFinite { offset }
            | Self::LoneSurrogate { offset }
            | Self::PointerInvalid { offset } => Some(offset),
            Self::TooLarge { .. } => None,
        }
    }

    /// The code that hosts show.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid { .. } => "JSON_INVALID",
            Self::NotUtf8 { .. } => "TEXT_NOT_UTF8",
            Self::TooDeep { .. } => "TOO_DEEP",
            Self::TooManyKeys { .. } => "TOO_MANY_KEYS",
            Self::DuplicateKey { .. } => "KEY_DUPLICATE",
            Self::ProtoKey { .. } => "KEY_FORBIDDEN",
            Self::NumberNotFinite { .. } => "NUMBER_NOT_FINITE",
            Self::LoneSurrogate { .. } => "LONE_SURROGATE",
            Self::TooLarge { .. } => "TOO_LARGE",
            Self::PointerInvalid { .. } => "POINTER_INVALID",
        }
    }

    pub(crate) fn invalid(offset: usize, problem: Problem) -> Self {
        Self::Invalid { offset, problem }
    }
}
