//! The languages, and how files tell theirs.

use tree_sitter::Language as Grammar;

/// A language that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// TypeScript without JSX.
    TypeScript,
    /// TypeScript with JSX.
    Tsx,
    /// JavaScript, JSX included.
    JavaScript,
    /// Python 3.
    Python,
    /// Rust.
    Rust,
    /// Go.
    Go,
    /// JSON, comments allowed.
    Json,
    /// C.
    #[cfg(feature = "tags")]
    C,
    /// C++.
    #[cfg(feature = "tags")]
    Cpp,
    /// Java.
    #[cfg(feature = "tags")]
    Java,
    /// Ruby.
    #[cfg(feature = "tags")]
    Ruby,
}

const ALL: &[(Language, &str, &[&str])] = &[
    (Language::TypeScript, "typescript", &["ts", "mts", "cts"]),
    (Language::Tsx, "tsx", &["tsx"]),
    (
        Language::JavaScript,
        "javascript",
        &["js", "mjs", "cjs", "jsx"],
    ),
    (Language::Python, "python", &["py", "pyi"]),
    (Language::Rust, "rust", &["rs"]),
    (Language::Go, "go", &["go"]),
    (Language::Json, "json", &["json", "jsonc"]),
    #[cfg(feature = "tags")]
    (Language::C, "c", &["c", "h"]),
    #[cfg(feature = "tags")]
    (
        Language::Cpp,
        "cpp",
        &[
            "cc", "cpp", "cxx", "c++", "hh", "hpp", "hxx", "h++", "inl", "ipp", "tpp",
        ],
    ),
    #[cfg(feature = "tags")]
    (Language::Java, "java", &["java"]),
    #[cfg(feature = "tags")]
    (Language::Ruby, "ruby", &["rb", "rake", "gemspec", "ru"]),
];

impl Language {
    /// The language of a name such as `typescript`.
    pub fn from_name(name: &str) -> Option<Self> {
        ALL.iter()
            .find(|(_, known, _)| *known == name)
            .map(|(language, ..)| *language)
    }

    /// The language that the ending of a file's name says.
    pub fn from_path(path: &str) -> Option<Self> {
        let file = path.rsplit(['/', '\\']).next()?;
        let (stem, ending) = file.rsplit_once('.')?;
        if stem.is_empty() {
            return None;
        }
        ALL.iter()
            .find(|(.., endings)| endings.contains(&ending))
            .map(|(language, ..)| *language)
    }

    /// Its name, as [`Language::from_name`] takes it.
    pub fn name(self) -> &'static str {
        ALL.iter()
            .find(|(language, ..)| *language == self)
            .map_or("", |(_, name, _)| name)
    }

    /// All names.
    pub fn names() -> impl Iterator<Item = &'static str> {
        ALL.iter().map(|(_, name, _)| *name)
    }

    pub(crate) fn grammar(self) -> Grammar {
        match self {
            Language::TypeScript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT,
            Language::Tsx => tree_sitter_typescript::LANGUAGE_TSX,
            Language::JavaScript => tree_sitter_javascript::LANGUAGE,
            Language::Python => tree_sitter_python::LANGUAGE,
            Language::Rust => tree_sitter_rust::LANGUAGE,
            Language::Go => tree_sitter_go::LANGUAGE,
            Language::Json => tree_sitter_json::LANGUAGE,
            #[cfg(feature = "tags")]
            Language::C => tree_sitter_c::LANGUAGE,
            #[cfg(feature = "tags")]
            Language::Cpp => tree_sitter_cpp::LANGUAGE,
            #[cfg(feature = "tags")]
            Language::Java => tree_sitter_java::LANGUAGE,
            #[cfg(feature = "tags")]
            Language::Ruby => tree_sitter_ruby::LANGUAGE,
        }
        .into()
    }
}
