//! Whether other files can name something, by the rule of its language.

use super::kind::TagKind;
use crate::language::Language;

/// What rules ask about a definition.
pub(super) struct Asked<'source> {
    pub language: Language,
    pub name: &'source str,
    /// The definition that it stands in, and whether that is exported.
    pub owner: Option<(TagKind, bool)>,
    /// Whether it stands in an export, or in an implementation of something public.
    pub is_open: bool,
    /// Whether its name is exported elsewhere in the file.
    pub is_listed: bool,
    /// Whether members are private where it stands.
    pub is_closed: bool,
    /// Whether it stands in a scope that is no definition.
    pub in_scope: bool,
}

pub(super) fn is_exported<'source>(
    asked: &Asked<'source>,
    mut words_before: impl Iterator<Item = &'source str>,
) -> bool {
    let Asked {
        language,
        name,
        owner,
        is_open,
        is_listed,
        is_closed,
        in_scope,
    } = *asked;
    if owner.is_some_and(|(kind, _)| kind.is_function()) {
        return false;
    }
    let of_owner = owner.is_none_or(|(_, exported)| exported);
    match language {
        Language::TypeScript | Language::Tsx | Language::JavaScript => match owner {
            None => is_open || is_listed,
            Some((TagKind::Namespace | TagKind::Module, exported)) => exported && is_open,
            Some((_, exported)) => {
                exported && !name.starts_with('#') && words_before.all(|word| word != "private")
            }
        },
        Language::Python => {
            of_owner && (!name.starts_with('_') || (name.starts_with("__") && name.ends_with("__")))
        }
        Language::Rust => match owner {
            Some((TagKind::Interface | TagKind::Enum, exported)) if !in_scope => exported,
            _ => is_open || words_before.any(|word| word == "pub"),
        },
        Language::Go => of_owner && name.chars().next().is_some_and(char::is_uppercase),
        Language::Java => of_owner && words_before.all(|word| word != "private"),
        Language::C | Language::Cpp => {
            of_owner
                && !is_closed
                && (owner.is_some_and(|(kind, _)| kind.has_members())
                    || words_before.all(|word| word != "static"))
        }
        Language::Ruby => {
            of_owner
                && !is_closed
                && words_before.all(|word| !matches!(word, "private" | "protected"))
        }
        Language::Json => false,
    }
}
