//! What is indexed: a declared name, its place, and what else is known of it.

use serde::Serialize;

use crate::error::SymbolsError;

/// A declaration of a file, as language servers and extractors give it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Symbol {
    /// Its name as written.
    pub name: String,
    /// What it is.
    pub kind: SymbolKind,
    /// Line of its name or of its range, from 0.
    pub line: u32,
    /// Column of the same place, from 0, in UTF-16 units.
    pub column: u32,
    /// Last line of its range, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_line: Option<u32>,
    /// Column behind its range, from 0, in UTF-16 units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_column: Option<u32>,
    /// Name of what it is a member of; parts between `.`, `::` or `#`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// One line that shows how it is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// Whether other files can name it.
    pub exported: bool,
}

impl Symbol {
    /// A symbol of which nothing but name, kind and place is known.
    pub fn new(name: impl Into<String>, kind: SymbolKind, line: u32, column: u32) -> Self {
        Self {
            name: name.into(),
            kind,
            line,
            column,
            end_line: None,
            end_column: None,
            container: None,
            signature: None,
            exported: false,
        }
    }
}

/// How often a file names something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The name.
    pub name: String,
    /// How often, from 1.
    pub count: u32,
}

macro_rules! kinds {
    ($($kind:ident = $number:literal $text:literal $meaning:literal),+ $(,)?) => {
        /// The kinds of the Language Server Protocol, with its numbers.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        #[repr(u8)]
        pub enum SymbolKind {
            $(
                #[doc = $meaning]
                #[serde(rename = $text)]
                $kind = $number,
            )+
        }

        impl SymbolKind {
            /// All kinds, in the order of their numbers.
            pub const ALL: [Self; 26] = [$(Self::$kind),+];

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
    File = 1 "file" "A file.",
    Module = 2 "module" "A module.",
    Namespace = 3 "namespace" "A namespace.",
    Package = 4 "package" "A package.",
    Class = 5 "class" "A class.",
    Method = 6 "method" "A function of a class or type.",
    Property = 7 "property" "A property.",
    Field = 8 "field" "A field of a class or struct.",
    Constructor = 9 "constructor" "What makes an instance.",
    Enum = 10 "enum" "An enumeration.",
    Interface = 11 "interface" "An interface, trait or protocol.",
    Function = 12 "function" "A function.",
    Variable = 13 "variable" "A variable.",
    Constant = 14 "constant" "A constant.",
    String = 15 "string" "A string.",
    Number = 16 "number" "A number.",
    Boolean = 17 "boolean" "A truth value.",
    Array = 18 "array" "An array.",
    Object = 19 "object" "An object.",
    Key = 20 "key" "A key.",
    Null = 21 "null" "The null value.",
    EnumMember = 22 "enumMember" "A member of an enumeration.",
    Struct = 23 "struct" "A struct.",
    Event = 24 "event" "An event.",
    Operator = 25 "operator" "An operator.",
    TypeParameter = 26 "typeParameter" "A type parameter or alias.",
}

impl SymbolKind {
    /// The kind with a number of the Language Server Protocol.
    pub fn from_number(number: u8) -> Option<Self> {
        let index = usize::from(number).checked_sub(1)?;
        Self::ALL.get(index).copied()
    }
}

impl std::str::FromStr for SymbolKind {
    type Err = SymbolsError;

    fn from_str(text: &str) -> Result<Self, SymbolsError> {
        let found = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        found.ok_or_else(|| SymbolsError::Input {
            what: "kind",
            reason: format!("{text:?} is no kind of symbol"),
        })
    }
}
