//! JSON pointers (RFC 6901).

use crate::error::JsonError;

/// Tokens that a pointer may have: each may take time linear in the text.
const MOST_TOKENS: usize = 1024;

/// A path into a document.
///
/// ```
/// use fishplate_json::Pointer;
///
/// assert!(Pointer::parse(b"/messages/0/content").is_ok());
/// assert!(Pointer::parse(b"messages").is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    tokens: Vec<Vec<u8>>,
}

impl Pointer {
    /// Reads a pointer of WTF-8. The empty one is the whole document.
    ///
    /// # Errors
    /// [`JsonError::PointerInvalid`]; [`JsonError::TooDeep`] for more than 1,024 tokens.
    pub fn parse(pointer: &[u8]) -> Result<Self, JsonError> {
        let mut tokens = Vec::new();
        let Some((&first, _)) = pointer.split_first() else {
            return Ok(Self { tokens });
        };
        if first != b'/' {
            return Err(JsonError::PointerInvalid { offset: 0 });
        }
        for (at, &byte) in pointer.iter().enumerate() {
            if byte == b'~' && !matches!(pointer.get(at + 1), Some(b'0' | b'1')) {
                return Err(JsonError::PointerInvalid { offset: at });
            }
        }
        for token in pointer.split(|&byte| byte == b'/').skip(1) {
            if tokens.len() == MOST_TOKENS {
                return Err(JsonError::TooDeep {
                    offset: 0,
                    limit: MOST_TOKENS,
                });
            }
            let mut name = Vec::with_capacity(token.len());
            let mut bytes = token.iter();
            while let Some(&byte) = bytes.next() {
                name.push(match (byte, byte == b'~') {
                    (_, true) if bytes.next() == Some(&b'0') => b'~',
                    (_, true) => b'/',
                    (byte, false) => byte,
                });
            }
            tokens.push(name);
        }
        Ok(Self { tokens })
    }

    pub(crate) fn tokens(&self) -> &[Vec<u8>] {
        &self.tokens
    }
}

/// A token as the index of an element: digits without leading zeros.
pub(crate) fn index(token: &[u8]) -> Option<usize> {
    let plain =
        token.iter().all(u8::is_ascii_digit) && (token == b"0" || token.first() != Some(&b'0'));
    if !plain {
        return None;
    }
    std::str::from_utf8(token).ok()?.parse().ok()
}
