//! Which nodes of a grammar declare something: the only place that knows the grammars' node types.

use tree_sitter::Node;

use crate::language::Language;

/// What is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each name is a word of its language")]
pub enum Kind {
    Function,
    Method,
    Class,
    Interface,
    Struct,
    Trait,
    Impl,
    Enum,
    Type,
    Module,
    Macro,
    Variable,
    Field,
    Key,
}

impl Kind {
    /// Its name in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Function => "function",
            Kind::Method => "method",
            Kind::Class => "class",
            Kind::Interface => "interface",
            Kind::Struct => "struct",
            Kind::Trait => "trait",
            Kind::Impl => "impl",
            Kind::Enum => "enum",
            Kind::Type => "type",
            Kind::Module => "module",
            Kind::Macro => "macro",
            Kind::Variable => "variable",
            Kind::Field => "field",
            Kind::Key => "key",
        }
    }

    /// The kind of the same thing as a member of `owner`.
    pub(crate) fn inside(self, owner: Kind) -> Self {
        let owns = matches!(
            owner,
            Kind::Class | Kind::Interface | Kind::Trait | Kind::Impl
        );
        match self {
            Kind::Function if owns => Kind::Method,
            Kind::Variable if owns => Kind::Field,
            other => other,
        }
    }
}

/// What a node is to the list of declarations.
pub(crate) enum Part<'tree> {
    /// Nothing in it is declared on its own.
    Other,
    /// Declarations may stand in it. Where `wraps`, it belongs to the one that does: `export`, decorators.
    Around { wraps: bool },
    /// Belongs to the declaration behind it: an attribute.
    Prefix,
    /// It declares something.
    Declares(Found<'tree>),
}

pub(crate) struct Found<'tree> {
    pub kind: Kind,
    pub name: Name<'tree>,
    /// What its name stands for, as apart from its signature.
    pub body: Option<Node<'tree>>,
    /// Where its members stand; they count apart from it.
    pub members: Option<Node<'tree>>,
}

pub(crate) enum Name<'tree> {
    Node(Node<'tree>),
    /// A name that is put together, from nodes that tell this declaration from others.
    Made(String, Vec<Node<'tree>>),
}

impl<'tree> Found<'tree> {
    fn new(kind: Kind, name: Node<'tree>, body: Option<Node<'tree>>) -> Self {
        Self {
            kind,
            name: Name::Node(name),
            body,
            members: None,
        }
    }

    fn with_members(kind: Kind, name: Node<'tree>, body: Option<Node<'tree>>) -> Self {
        Self {
            members: body,
            ..Self::new(kind, name, body)
        }
    }
}

const AROUND: Part<'static> = Part::Around { wraps: false };
const WRAPPER: Part<'static> = Part::Around { wraps: true };

pub(crate) fn part<'tree>(language: Language, node: Node<'tree>, source: &[u8]) -> Part<'tree> {
    if node.is_error() {
        return AROUND;
    }
    let found = match language {
        Language::TypeScript | Language::Tsx | Language::JavaScript => script(node),
        Language::Python => python(node),
        Language::Rust => rust(node, source),
        Language::Go => go(node, source),
        Language::Json => json(node),
        #[cfg(feature = "tags")]
        Language::C | Language::Cpp | Language::Java | Language::Ruby => None,
    };
    found.unwrap_or(Part::Other)
}

pub(crate) fn is_comment(node: Node<'_>) -> bool {
    matches!(node.kind(), "comment" | "line_comment" | "block_comment")
}

fn script(node: Node<'_>) -> Option<Part<'_>> {
    let name = node.child_by_field_name("name");
    let body = node.child_by_field_name("body");
    let value = node.child_by_field_name("value");
    let found = match node.kind() {
        "program" | "class_body" | "statement_block" => return Some(AROUND),
        "ambient_declaration" if node.child(1).is_some_and(|word| word.kind() == "global") => {
            Found {
                kind: Kind::Module,
                name: Name::Made("global".to_owned(), Vec::new()),
                body: None,
                members: node.named_child(0),
            }
        }
        "expression_statement" | "ambient_declaration" => return Some(WRAPPER),
        "lexical_declaration" | "variable_declaration" => {
            let mut cursor = node.walk();
            let declarators = node
                .named_children(&mut cursor)
                .filter(|child| child.kind() == "variable_declarator");
            return Some(Part::Around {
                wraps: declarators.count() == 1,
            });
        }
        "decorator" => return Some(Part::Prefix),
        "export_statement" => match value {
            None => return Some(WRAPPER),
            Some(value) => default_export(value),
        },
        "function_declaration" | "generator_function_declaration" | "function_signature" => {
            Found::new(Kind::Function, name?, body)
        }
        "class_declaration" | "abstract_class_declaration" => {
            Found::with_members(Kind::Class, name?, body)
        }
        "interface_declaration" => Found::new(Kind::Interface, name?, body),
        "type_alias_declaration" => Found::new(Kind::Type, name?, value),
        "enum_declaration" => Found::new(Kind::Enum, name?, body),
        "internal_module" | "module" => Found::with_members(Kind::Module, name?, body),
        "method_definition" | "method_signature" | "abstract_method_signature" => {
            Found::new(Kind::Method, name?, body)
        }
        "public_field_definition" => Found::new(Kind::Field, name?, value),
        "field_definition" => Found::new(Kind::Field, node.child_by_field_name("property")?, value),
        "variable_declarator" if name?.kind() == "identifier" => match value {
            Some(value) if is_function(value) => Found::new(Kind::Function, name?, Some(value)),
            Some(value) if value.kind() == "class" => Found {
                members: value.child_by_field_name("body"),
                ..Found::new(Kind::Class, name?, Some(value))
            },
            _ => Found::new(Kind::Variable, name?, value),
        },
        _ => return None,
    };
    Some(Part::Declares(found))
}

fn is_function(node: Node<'_>) -> bool {
    matches!(
        node.kind(),
        "arrow_function" | "function_expression" | "generator_function"
    )
}

fn default_export(value: Node<'_>) -> Found<'_> {
    let members = match value.kind() {
        "class" => value.child_by_field_name("body"),
        _ => None,
    };
    Found {
        kind: match value.kind() {
            "class" => Kind::Class,
            _ if is_function(value) => Kind::Function,
            _ => Kind::Variable,
        },
        name: Name::Made("default".to_owned(), Vec::new()),
        body: Some(value),
        members,
    }
}

fn python(node: Node<'_>) -> Option<Part<'_>> {
    let name = node.child_by_field_name("name");
    let body = node.child_by_field_name("body");
    let found = match node.kind() {
        "module" | "block" | "if_statement" | "elif_clause" | "else_clause" | "try_statement"
        | "except_clause" | "finally_clause" | "with_statement" => return Some(AROUND),
        "decorated_definition" | "expression_statement" => return Some(WRAPPER),
        "function_definition" => Found::new(Kind::Function, name?, body),
        "class_definition" => Found::with_members(Kind::Class, name?, body),
        "type_alias_statement" => Found::new(
            Kind::Type,
            node.child_by_field_name("left")?,
            node.child_by_field_name("right"),
        ),
        "assignment" => {
            let left = node.child_by_field_name("left")?;
            if left.kind() != "identifier" {
                return None;
            }
            Found::new(Kind::Variable, left, node.child_by_field_name("right"))
        }
        _ => return None,
    };
    Some(Part::Declares(found))
}

fn rust<'tree>(node: Node<'tree>, source: &[u8]) -> Option<Part<'tree>> {
    let name = node.child_by_field_name("name");
    let body = node.child_by_field_name("body");
    let found = match node.kind() {
        "source_file" | "declaration_list" => return Some(AROUND),
        "attribute_item" => return Some(Part::Prefix),
        "function_item" | "function_signature_item" => Found::new(Kind::Function, name?, body),
        "struct_item" | "union_item" => Found::new(Kind::Struct, name?, body),
        "enum_item" => Found::new(Kind::Enum, name?, body),
        "trait_item" => Found::with_members(Kind::Trait, name?, body),
        "mod_item" => Found::with_members(Kind::Module, name?, body),
        "const_item" | "static_item" => {
            Found::new(Kind::Variable, name?, node.child_by_field_name("value"))
        }
        "type_item" | "associated_type" => {
            Found::new(Kind::Type, name?, node.child_by_field_name("type"))
        }
        "macro_definition" => Found::new(Kind::Macro, name?, None),
        "impl_item" => {
            let of = node.child_by_field_name("type")?;
            let name = match node.child_by_field_name("trait") {
                Some(what) => {
                    let text = format!("impl {} for {}", text(what, source), text(of, source));
                    Name::Made(text, vec![what, of])
                }
                None => Name::Made(format!("impl {}", text(of, source)), vec![of]),
            };
            Found {
                kind: Kind::Impl,
                name,
                body,
                members: body,
            }
        }
        _ => return None,
    };
    Some(Part::Declares(found))
}

fn go<'tree>(node: Node<'tree>, source: &[u8]) -> Option<Part<'tree>> {
    let name = node.child_by_field_name("name");
    let body = node.child_by_field_name("body");
    let found = match node.kind() {
        "source_file" | "var_spec_list" => return Some(AROUND),
        "type_declaration" | "const_declaration" | "var_declaration" => {
            return Some(Part::Around {
                wraps: node.named_child_count() == 1,
            });
        }
        "function_declaration" => Found::new(Kind::Function, name?, body),
        "method_declaration" => {
            let receiver = receiver_type(node)?;
            let (of, method) = (text(receiver, source), text(name?, source));
            // As gopls names methods.
            let made = if of.starts_with('*') {
                format!("({of}).{method}")
            } else {
                format!("{of}.{method}")
            };
            Found {
                name: Name::Made(made, vec![receiver, name?]),
                ..Found::new(Kind::Method, name?, body)
            }
        }
        "type_spec" | "type_alias" => {
            let of = node.child_by_field_name("type");
            let kind = match of.map(|of| of.kind()) {
                Some("struct_type") => Kind::Struct,
                Some("interface_type") => Kind::Interface,
                _ => Kind::Type,
            };
            Found::new(kind, name?, of)
        }
        "const_spec" | "var_spec" => {
            let mut cursor = node.walk();
            let names: Vec<_> = node.children_by_field_name("name", &mut cursor).collect();
            let names: Vec<_> = names.into_iter().filter(Node::is_named).collect();
            let made = names.iter().map(|name| text(*name, source));
            Found {
                name: Name::Made(made.collect::<Vec<_>>().join(", "), names),
                ..Found::new(Kind::Variable, name?, node.child_by_field_name("value"))
            }
        }
        _ => return None,
    };
    Some(Part::Declares(found))
}

fn receiver_type(method: Node<'_>) -> Option<Node<'_>> {
    let list = method.child_by_field_name("receiver")?;
    list.named_child(0)?.child_by_field_name("type")
}

fn json(node: Node<'_>) -> Option<Part<'_>> {
    match node.kind() {
        "document" | "object" => Some(AROUND),
        "pair" => {
            let key = node.child_by_field_name("key")?;
            let value = node.child_by_field_name("value");
            Some(Part::Declares(Found {
                members: value.filter(|value| value.kind() == "object"),
                ..Found::new(Kind::Key, key, value)
            }))
        }
        _ => None,
    }
}

/// The text of a node, with each run of white space as one blank.
pub(crate) fn text(node: Node<'_>, source: &[u8]) -> String {
    let text = String::from_utf8_lossy(&source[node.byte_range()]);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
