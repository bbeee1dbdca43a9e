//! Kinds of definitions.

macro_rules! kinds {
    ($($kind:ident $text:literal $meaning:literal),+ $(,)?) => {
        /// What is defined, in the words of the Language Server Protocol.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum TagKind {
            $(#[doc = $meaning] $kind,)+
        }

        impl TagKind {
            /// All kinds.
            pub const ALL: &[Self] = &[$(Self::$kind),+];

            /// Its name, as in `enumMember`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => $text),+
                }
            }
        }
    };
}

kinds! {
    Module "module" "A module.",
    Namespace "namespace" "A namespace.",
    Class "class" "A class, or a type that is none of the others.",
    Method "method" "A function of a class or type.",
    Property "property" "A member of an interface or object type, or an attribute.",
    Field "field" "A field of a class or struct.",
    Constructor "constructor" "What makes an instance.",
    Enum "enum" "An enumeration.",
    Interface "interface" "An interface, trait, concept or annotation type.",
    Function "function" "A function or a macro.",
    Variable "variable" "A variable.",
    Constant "constant" "A constant, or a macro without parameters.",
    EnumMember "enumMember" "A member of an enumeration.",
    Struct "struct" "A struct or union.",
    TypeParameter "typeParameter" "A type alias, or an associated type.",
}

impl TagKind {
    pub(super) fn named(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text)
    }

    pub(super) fn is_function(self) -> bool {
        matches!(self, Self::Function | Self::Method | Self::Constructor)
    }

    /// Whether functions in it are its methods, and variables its fields.
    pub(super) fn has_members(self) -> bool {
        matches!(
            self,
            Self::Class | Self::Interface | Self::Struct | Self::Enum
        )
    }

    pub(super) fn is_variable(self) -> bool {
        matches!(self, Self::Variable | Self::Constant)
    }
}
