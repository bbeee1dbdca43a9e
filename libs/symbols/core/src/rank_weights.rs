//! How much a name says about the file that declares it. Only `+`, `*`, `/` and square roots, so that every engine has the
//! same numbers.

use crate::symbol::SymbolKind;

/// Names that more files declare say nothing about any of them.
pub(crate) const MAX_DEFINERS: usize = 16;

/// What a name in the focus counts, beside others.
pub(crate) const FOCUSED_NAME: f64 = 10.0;

/// Length and form: `x` and `get` are everywhere, `parseUserName` is not.
pub(crate) fn form(name: &str) -> f64 {
    let mut length = 0_u32;
    let (mut is_compound, mut after_lower) = (false, false);
    for char in name.chars() {
        length += 1;
        is_compound |= length > 1 && (char == '_' || (after_lower && char.is_ascii_uppercase()));
        after_lower = char.is_ascii_lowercase();
    }
    let by_length = match length {
        0..=2 => 0.05,
        3 => 0.3,
        8.. if is_compound => 2.0,
        _ => 1.0,
    };
    if name.starts_with('_') {
        by_length * 0.3
    } else {
        by_length
    }
}

/// Members have the names of members elsewhere.
pub(crate) fn declaration(kind: SymbolKind, exported: bool) -> f64 {
    let by_kind = match kind {
        SymbolKind::Field
        | SymbolKind::Property
        | SymbolKind::EnumMember
        | SymbolKind::Variable
        | SymbolKind::Constructor => 0.3,
        _ => 1.0,
    };
    if exported { by_kind } else { by_kind * 0.3 }
}
