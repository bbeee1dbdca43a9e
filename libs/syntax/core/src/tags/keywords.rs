//! What words of languages say about the blocks near them.

use crate::language::Language;

/// What a word is; a plain name is none of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "a set of small facts, looked up by name"
)]
pub(super) struct Word {
    /// Never a name that is used.
    pub is_keyword: bool,
    /// A regular expression may stand behind it, and no division.
    pub is_operator: bool,
    /// What stands in its block, or the block it stands in, defines something.
    pub defines: bool,
    /// Only where a name follows.
    pub defines_with_name: bool,
    /// Its parentheses belong to a statement.
    pub is_control: bool,
    /// The block behind it is one of statements: `else`.
    pub opens_block: bool,
    /// The braces behind it, or behind the name behind it, are those of a type.
    pub opens_type: bool,
    /// A word of types, such as `string`.
    pub is_type: bool,
    pub is_function: bool,
    pub is_async: bool,
    pub is_new: bool,
    pub is_throws: bool,
    /// May stand between parameters and body: `const`, `override`.
    pub follows_parameters: bool,
    /// Its parentheses say nothing of what follows.
    pub is_attribute: bool,
}

const PLAIN: Word = Word {
    is_keyword: false,
    is_operator: false,
    defines: false,
    defines_with_name: false,
    is_control: false,
    opens_block: false,
    opens_type: false,
    is_type: false,
    is_function: false,
    is_async: false,
    is_new: false,
    is_throws: false,
    follows_parameters: false,
    is_attribute: false,
};

const KEYWORD: Word = Word {
    is_keyword: true,
    ..PLAIN
};

const OPERATOR: Word = Word {
    is_operator: true,
    ..KEYWORD
};

const CONTROL: Word = Word {
    is_control: true,
    ..KEYWORD
};

const BLOCK: Word = Word {
    opens_block: true,
    is_operator: true,
    ..KEYWORD
};

const DEFINES: Word = Word {
    defines: true,
    ..KEYWORD
};

const NAMES: Word = Word {
    defines: true,
    defines_with_name: true,
    ..PLAIN
};

const TYPE: Word = Word {
    is_type: true,
    ..KEYWORD
};

const AGGREGATE: Word = Word {
    opens_type: true,
    ..KEYWORD
};

pub(super) fn word(language: Language, text: &str) -> Word {
    // No keyword is longer, and none has letters of another case.
    if text.len() > 13 || !text.starts_with(|char: char| char.is_ascii_lowercase() || char == '_') {
        return match (language, text) {
            (Language::Rust, "Self") => KEYWORD,
            _ => PLAIN,
        };
    }
    match language {
        Language::TypeScript | Language::Tsx | Language::JavaScript => script(text),
        Language::Rust => rust(text),
        Language::Go => go(text),
        Language::Java => java(text),
        _ => c(text),
    }
}

fn script(text: &str) -> Word {
    match text {
        "if" | "for" | "while" | "switch" | "catch" | "with" => CONTROL,
        "else" | "try" | "finally" | "do" => BLOCK,
        "void" => Word {
            is_type: true,
            ..OPERATOR
        },
        "return" | "typeof" | "case" | "in" | "delete" | "throw" | "instanceof" | "yield"
        | "await" => OPERATOR,
        "new" => Word {
            is_operator: true,
            ..KEYWORD
        },
        "class" | "enum" => DEFINES,
        "interface" | "namespace" | "module" | "type" => NAMES,
        // Lists of exports count wherever they stand.
        "exports" => Word {
            defines: true,
            ..PLAIN
        },
        "function" => Word {
            is_function: true,
            ..KEYWORD
        },
        "async" => Word {
            is_async: true,
            ..PLAIN
        },
        "any" | "unknown" | "never" | "string" | "number" | "boolean" | "object" | "bigint"
        | "symbol" | "null" | "undefined" | "this" | "true" | "false" | "keyof" | "is"
        | "readonly" | "asserts" | "infer" => {
            if matches!(
                text,
                "is" | "asserts" | "infer" | "undefined" | "object" | "symbol"
            ) {
                Word {
                    is_type: true,
                    ..PLAIN
                }
            } else {
                TYPE
            }
        }
        "const" | "let" | "var" | "import" | "export" | "default" | "extends" | "implements"
        | "super" | "break" | "continue" | "debugger" | "static" | "public" | "private"
        | "protected" | "declare" | "abstract" | "from" | "of" | "as" | "get" | "set" => {
            if matches!(
                text,
                "from" | "of" | "as" | "get" | "set" | "declare" | "abstract"
            ) {
                PLAIN
            } else {
                KEYWORD
            }
        }
        _ => PLAIN,
    }
}

fn rust(text: &str) -> Word {
    match text {
        "struct" | "enum" | "trait" | "impl" | "mod" | "type" => DEFINES,
        "macro_rules" => DEFINES,
        "union" => NAMES,
        "as" | "async" | "await" | "break" | "const" | "continue" | "crate" | "dyn" | "else"
        | "extern" | "false" | "fn" | "for" | "if" | "in" | "let" | "loop" | "match" | "move"
        | "mut" | "pub" | "ref" | "return" | "self" | "static" | "super" | "true" | "unsafe"
        | "use" | "where" | "while" | "bool" | "char" | "str" | "u8" | "u16" | "u32" | "u64"
        | "u128" | "usize" | "i8" | "i16" | "i32" | "i64" | "i128" | "isize" | "f32" | "f64" => {
            KEYWORD
        }
        _ => PLAIN,
    }
}

fn go(text: &str) -> Word {
    match text {
        "type" => DEFINES,
        "struct" | "interface" => AGGREGATE,
        "func" | "package" | "import" | "map" | "chan" | "go" | "defer" | "return" | "if"
        | "else" | "for" | "range" | "switch" | "case" | "default" | "select" | "var" | "const"
        | "break" | "continue" | "fallthrough" | "goto" | "nil" | "true" | "false" | "iota" => {
            KEYWORD
        }
        _ => PLAIN,
    }
}

fn java(text: &str) -> Word {
    match text {
        "if" | "for" | "while" | "switch" | "catch" | "try" | "synchronized" => CONTROL,
        "class" | "interface" | "enum" => DEFINES,
        "record" => NAMES,
        "new" => Word {
            is_new: true,
            ..KEYWORD
        },
        "throws" => Word {
            is_throws: true,
            ..KEYWORD
        },
        "return" | "case" | "throw" | "instanceof" | "else" | "do" | "finally" | "this"
        | "super" | "null" | "true" | "false" | "void" | "int" | "long" | "short" | "byte"
        | "char" | "float" | "double" | "boolean" | "import" | "package" | "public" | "private"
        | "protected" | "static" | "final" | "abstract" | "extends" | "implements" | "break"
        | "continue" | "default" | "assert" | "volatile" | "transient" | "native" => KEYWORD,
        _ => PLAIN,
    }
}

fn c(text: &str) -> Word {
    match text {
        "if" | "for" | "while" | "switch" | "catch" => CONTROL,
        "struct" | "union" | "enum" | "class" | "namespace" => AGGREGATE,
        "typedef" | "using" | "concept" => DEFINES,
        "const" | "noexcept" | "override" | "final" | "volatile" | "mutable" => Word {
            follows_parameters: true,
            ..KEYWORD
        },
        "alignas" | "__attribute__" | "__declspec" | "decltype" | "requires" => Word {
            is_attribute: true,
            ..KEYWORD
        },
        "return" | "sizeof" | "case" | "else" | "do" | "default" | "break" | "continue"
        | "goto" | "static" | "void" | "int" | "char" | "long" | "short" | "unsigned"
        | "signed" | "float" | "double" | "bool" | "auto" | "extern" | "inline" | "register"
        | "restrict" | "new" | "delete" | "this" | "operator" | "virtual" | "public"
        | "private" | "protected" | "template" | "typename" | "true" | "false" | "nullptr"
        | "throw" | "try" | "constexpr" | "explicit" | "friend" => KEYWORD,
        _ => PLAIN,
    }
}
