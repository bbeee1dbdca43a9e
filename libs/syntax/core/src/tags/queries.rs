//! The queries of the languages, compiled once.

use std::sync::OnceLock;

use tree_sitter::Query;

use super::kind::TagKind;
use crate::language::Language;

/// What a capture of a query is for; the captures are explained in the README beside the queries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Definition(TagKind),
    Name,
    Container,
    Exported,
    Scope {
        public: bool,
    },
    Local,
    Export,
    ExportedName,
    Import,
    Access,
    Reference,
    /// Only for predicates.
    Helper,
}

/// The query of a language, in two parts: the second one is seldom needed.
pub(super) struct TagQuery {
    pub definitions: Compiled,
    references: OnceLock<Option<Compiled>>,
    language: Language,
    source: &'static str,
}

/// A part of a query.
pub(super) struct Compiled {
    pub query: Query,
    /// By index of the capture.
    pub roles: Vec<Role>,
    pub fields: Fields,
}

impl TagQuery {
    fn new(language: Language, source: &'static str) -> Option<Self> {
        let (definitions, used) = source.split_at_checked(source.find(USED)?)?;
        Some(Self {
            definitions: compile(language, definitions)?,
            references: OnceLock::new(),
            language,
            source: used,
        })
    }

    /// The part for names that are used.
    pub fn references(&self) -> Option<&Compiled> {
        let compiled = || compile(self.language, self.source);
        self.references.get_or_init(compiled).as_ref()
    }
}

/// The line of a query behind which patterns are for names that are used.
const USED: &str = "; Names that are used\n";

/// Numbers of the fields that lead to a body.
pub(super) struct Fields {
    pub body: u16,
    pub value: u16,
    pub right: u16,
}

/// None where a language has no query.
pub(super) fn query_of(language: Language) -> Option<&'static TagQuery> {
    macro_rules! query {
        ($file:literal) => {{
            static QUERY: OnceLock<Option<TagQuery>> = OnceLock::new();
            let source = include_str!(concat!("../../queries/", $file, ".scm"));
            QUERY
                .get_or_init(|| TagQuery::new(language, source))
                .as_ref()
        }};
    }
    match language {
        Language::TypeScript => query!("typescript"),
        // A query belongs to the grammar that it was compiled for.
        Language::Tsx => query!("typescript"),
        Language::JavaScript => query!("javascript"),
        Language::Python => query!("python"),
        Language::Rust => query!("rust"),
        Language::Go => query!("go"),
        Language::Java => query!("java"),
        Language::C => query!("c"),
        Language::Cpp => query!("cpp"),
        Language::Ruby => query!("ruby"),
        Language::Json => None,
    }
}

/// None where the query does not fit the grammar, which a test rules out for each.
fn compile(language: Language, source: &str) -> Option<Compiled> {
    let grammar = language.grammar();
    let query = Query::new(&grammar, source).ok()?;
    let roles = query.capture_names().iter();
    let roles = roles.map(|name| role(name)).collect::<Option<_>>()?;
    let field = |name| grammar.field_id_for_name(name).map_or(0, Into::into);
    Some(Compiled {
        roles,
        fields: Fields {
            body: field("body"),
            value: field("value"),
            right: field("right"),
        },
        query,
    })
}

fn role(capture: &str) -> Option<Role> {
    if let Some(kind) = capture.strip_prefix("definition.") {
        return TagKind::named(kind).map(Role::Definition);
    }
    Some(match capture {
        "name" => Role::Name,
        "container" => Role::Container,
        "exported" => Role::Exported,
        "exported.name" => Role::ExportedName,
        "scope" => Role::Scope { public: false },
        "scope.public" => Role::Scope { public: true },
        "local" => Role::Local,
        "export" => Role::Export,
        "import" => Role::Import,
        "access" => Role::Access,
        "reference" => Role::Reference,
        helper if helper.starts_with('_') => Role::Helper,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use tree_sitter::Query;

    use super::query_of;
    use crate::language::Language;

    #[test]
    fn every_query_fits_its_grammar() {
        for name in Language::names().filter(|name| *name != "json") {
            let language = Language::from_name(name).expect("its name is known");
            let file = if name == "tsx" { "typescript" } else { name };
            let path = format!("{}/queries/{file}.scm", env!("CARGO_MANIFEST_DIR"));
            let source = std::fs::read_to_string(path).expect("the query is there");
            if let Err(error) = Query::new(&language.grammar(), &source) {
                panic!("{name}: {error}");
            }
            let known = query_of(language).is_some_and(|query| query.references().is_some());
            assert!(known, "{name} has unknown captures");
        }
        assert!(query_of(Language::Json).is_none());
    }
}
