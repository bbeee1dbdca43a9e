//! What each language declares, and what makes two declarations the same.

use fishplate_syntax::{Language, Outline, SyntaxError, outline};
use proptest::prelude::*;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

fn read(language: Language, source: &str) -> Outline {
    outline(source.as_bytes(), language, LIMIT).expect("it is read")
}

/// `kind name line-line`, members indented.
fn shown(language: Language, source: &str) -> Vec<String> {
    let outline = read(language, source);
    assert!(!outline.has_errors, "the sample fits the grammar");
    let depth_of = |mut index: usize| {
        let mut depth = 0;
        while let Some(parent) = outline.declarations[index].parent {
            index = parent;
            depth += 1;
        }
        depth
    };
    let show = |(index, declaration): (usize, &fishplate_syntax::Declaration)| {
        let (first, last) = declaration.lines;
        let (kind, name) = (declaration.kind.name(), &declaration.name);
        format!(
            "{}{kind} {name} {first}-{last}",
            "  ".repeat(depth_of(index))
        )
    };
    outline.declarations.iter().enumerate().map(show).collect()
}

#[test]
fn typescript() {
    let source = "import a from 'a';
export function plain<T>(x: T): T {
  function inner() {}
  return x;
}
@sealed
export abstract class Shape {
  static #count = 0;
  name: string = 'x';
  constructor(private readonly id: number) {}
  @log
  area(): number { return 0; }
  get size() { return 1; }
  abstract draw(): void;
  handler = () => this.area();
}
interface Point { x: number }
type Id = string | number;
export enum Color { Red, Green }
namespace Inner { export const deep = 1; }
export const arrow = async (x: number) => {
  return x;
}, second = 2;
const { destructured } = arrow;
declare module 'other' { export function outside(): void; }
export default class { run() {} }
";
    let expected = [
        "function plain 2-5",
        "class Shape 6-16",
        "  field #count 8-8",
        "  field name 9-9",
        "  method constructor 10-10",
        "  method area 11-12",
        "  method size 13-13",
        "  method draw 14-14",
        "  field handler 15-15",
        "interface Point 17-17",
        "type Id 18-18",
        "enum Color 19-19",
        "module Inner 20-20",
        "  variable deep 20-20",
        "function arrow 21-23",
        "variable second 23-23",
        "module other 25-25",
        "  function outside 25-25",
        "class default 26-26",
        "  method run 26-26",
    ];
    assert_eq!(shown(Language::TypeScript, source), expected);
}

#[test]
fn javascript() {
    let source = "class A extends B {
  #x = 1;
  static async *items() {}
}
export default function () {}
function* gen() {}
var App = () => <p>hi</p>;
";
    let expected = [
        "class A 1-4",
        "  field #x 2-2",
        "  method items 3-3",
        "function gen 6-6",
        "function App 7-7",
    ];
    let mut all = shown(Language::JavaScript, source);
    all.retain(|line| line != "function default 5-5");
    assert_eq!(all, expected);
    assert_eq!(
        shown(Language::Tsx, "export const App = () => <p>hi</p>;\n"),
        ["function App 1-1"]
    );
}

#[test]
fn python() {
    let source = "import os
LIMIT: int = 3

@cache
def load(path):
    def inner(): pass
    return path

class Store(Base):
    size = 0

    @property
    def name(self):
        return 'x'

if True:
    def fallback(): pass
";
    let expected = [
        "variable LIMIT 2-2",
        "function load 4-7",
        "class Store 9-14",
        "  field size 10-10",
        "  method name 12-14",
        "function fallback 17-17",
    ];
    assert_eq!(shown(Language::Python, source), expected);
}

#[test]
fn rust() {
    let source = "use std::fmt;
/// Doc.
#[derive(Debug)]
pub struct Point { x: u8 }
impl Point { const ZERO: u8 = 0; fn new() -> Self { Point { x: 0 } } }
impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { Ok(()) }
}
trait Draw { type Out; fn draw(&self); }
mod inner { #[test] fn works() {} }
enum Color { Red }
static NAME: &str = \"x\";
type Id = u64;
macro_rules! twice { ($e:expr) => { $e; $e } }
";
    let expected = [
        "struct Point 3-4",
        "impl impl Point 5-5",
        "  field ZERO 5-5",
        "  method new 5-5",
        "impl impl fmt::Display for Point 6-8",
        "  method fmt 7-7",
        "trait Draw 9-9",
        "  type Out 9-9",
        "  method draw 9-9",
        "module inner 10-10",
        "  function works 10-10",
        "enum Color 11-11",
        "variable NAME 12-12",
        "type Id 13-13",
        "macro twice 14-14",
    ];
    assert_eq!(shown(Language::Rust, source), expected);
}

#[test]
fn go() {
    let source = "package main
import \"fmt\"
const Limit = 3
var (
	a, b = 1, 2
	c int
)
type Server struct { name string }
type (
	Reader interface { Read() }
	ID = string
)
func (s *Server) Start(port int) error { return nil }
func (s Server) Name() string { return s.name }
func main() { fmt.Println(Limit) }
";
    let expected = [
        "variable Limit 3-3",
        "variable a, b 5-5",
        "variable c 6-6",
        "struct Server 8-8",
        "interface Reader 10-10",
        "type ID 11-11",
        "method (*Server).Start 13-13",
        "method Server.Name 14-14",
        "function main 15-15",
    ];
    assert_eq!(shown(Language::Go, source), expected);
}

#[test]
fn json() {
    let source = "{\n  \"name\": \"x\",\n  \"scripts\": { \"a\": 1,\n \"b\": [{ \"c\": 2 }] }\n}\n";
    let expected = [
        "key name 2-2",
        "key scripts 3-4",
        "  key a 3-3",
        "  key b 4-4",
    ];
    assert_eq!(shown(Language::Json, source), expected);
}

/// Pairs of texts, and whether signature and body of the first declaration of both are the same.
#[test]
fn what_counts_as_a_change() {
    let cases = [
        (
            Language::TypeScript,
            "function f(a) { return a; }",
            "function f(a) {\n  // why\n  return a;\n}",
            true,
            true,
        ),
        (
            Language::TypeScript,
            "function f(a) { return a; }",
            "function g(a) { return a; }",
            true,
            true,
        ),
        (
            Language::TypeScript,
            "function f(a) { return a; }",
            "function f(a) { return b; }",
            true,
            false,
        ),
        (
            Language::TypeScript,
            "function f(a) { return a; }",
            "export function f(a, b) { return a; }",
            false,
            true,
        ),
        (
            Language::TypeScript,
            "class A { m() { 1; } }",
            "class A { m() { 2; } n() {} }",
            true,
            true,
        ),
        (
            Language::TypeScript,
            "class A { m() {} }",
            "class A extends B { m() {} }",
            false,
            true,
        ),
        (
            Language::TypeScript,
            "const f = () => 1;",
            "export const f = () => 1;",
            false,
            true,
        ),
        (
            Language::Python,
            "def f(x):\n  if x:\n    a()\n    b()\n",
            "def f(x):\n  if x:\n    a()\n  b()\n",
            true,
            false,
        ),
        (
            Language::Rust,
            "fn f() { x }",
            "#[inline]\nfn f() { x }",
            false,
            true,
        ),
        (
            Language::Rust,
            "impl A for B { fn f() {} }",
            "impl C for B { fn f() {} }",
            true,
            true,
        ),
        (
            Language::Go,
            "package a\nfunc (s A) F() { x() }",
            "package a\nfunc (s B) F() { x() }",
            true,
            true,
        ),
        (
            Language::Json,
            "{\"a\": {\"b\": 1}}",
            "{\"a\": {\"b\": 2}}",
            true,
            true,
        ),
        (
            Language::Json,
            "{\"a\": [1, 2]}",
            "{\"a\": [1,\n3]}",
            true,
            false,
        ),
    ];
    for (language, before, after, signature, body) in cases {
        let (old, new) = (read(language, before), read(language, after));
        let (old, new) = (&old.declarations[0], &new.declarations[0]);
        assert_eq!(
            old.signature == new.signature,
            signature,
            "{before} / {after}"
        );
        assert_eq!(old.body == new.body, body, "{before} / {after}");
    }
}

#[test]
fn statements_outside_are_the_rest() {
    let rest = |source| read(Language::TypeScript, source).rest;
    assert_eq!(
        rest("import a from 'a';\nfunction f() {}"),
        rest("import a from 'a'; function g() { x }")
    );
    assert_ne!(rest("import a from 'a';"), rest("import b from 'a';"));
}

#[test]
fn text_with_errors_is_read_as_far_as_it_goes() {
    let found = read(
        Language::TypeScript,
        "function f() {}\nlet = = ;\nfunction g() {}\n",
    );
    assert!(found.has_errors);
    assert!(
        found
            .declarations
            .iter()
            .any(|declaration| declaration.name == "f")
    );
}

#[test]
fn depth_has_no_limit_but_that_of_owners() {
    let deep = |open: &str, close: &str, count: usize| {
        format!("{}1{}", open.repeat(count), close.repeat(count))
    };
    let found = read(Language::Json, &deep("{\"a\":", "}", 50_000));
    assert_eq!(found.declarations.len(), 257);
    assert!(
        read(Language::Json, &deep("[", "]", 100_000))
            .declarations
            .is_empty()
    );
    assert!(
        !read(
            Language::TypeScript,
            &format!("const a = {};", deep("(", ")", 50_000))
        )
        .has_errors
    );
}

#[test]
fn texts_over_the_limit_are_refused() {
    let text = vec![b' '; (32 << 20) + 1];
    assert!(matches!(
        outline(&text, Language::Json, LIMIT),
        Err(SyntaxError::TooLarge { .. })
    ));
}

#[test]
fn noise_is_given_up_at_the_limit() {
    let noise = "({[<\"`=>".repeat(100_000);
    let limit = Duration::from_millis(20);
    let found = outline(noise.as_bytes(), Language::Go, limit);
    assert!(matches!(
        found,
        Err(SyntaxError::TimedOut { limit_ms: 20, .. })
    ));
}

#[test]
fn endings_say_the_language() {
    let of = |path| Language::from_path(path).map(Language::name);
    assert_eq!(of("src/a.mts"), Some("typescript"));
    assert_eq!(of("a.b/c.tsx"), Some("tsx"));
    assert_eq!(of("C:\\x\\y.py"), Some("python"));
    for path in ["Makefile", ".json", "a.txt", "dir.rs/file", ""] {
        assert_eq!(of(path), None, "{path}");
    }
    for name in Language::names() {
        assert_eq!(Language::from_name(name).map(Language::name), Some(name));
    }
}

fn languages() -> impl Strategy<Value = Language> {
    proptest::sample::select(Language::names().collect::<Vec<_>>())
        .prop_map(|name| Language::from_name(name).expect("it is one of the names"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read(source in proptest::collection::vec(any::<u8>(), 0..400), language in languages()) {
        check(&source, language);
    }

    #[test]
    fn any_pieces_of_code_are_read(
        words in proptest::collection::vec(proptest::sample::select(WORDS), 0..60),
        language in languages(),
    ) {
        check(words.join(" ").as_bytes(), language);
    }
}

const WORDS: &[&str] = &[
    "class",
    "A",
    "{",
    "}",
    "(",
    ")",
    "function",
    "f",
    "def",
    ":",
    "\n",
    "  ",
    "impl",
    "for",
    "fn",
    "const",
    "=",
    "1",
    "export",
    "default",
    "type",
    "\"",
    "'",
    "`",
    "${",
    ",",
    "@x",
    "#[y]",
    "func",
    "package",
    "var",
    "[",
    "]",
    "=>",
    "é",
    "//",
    "/*",
    "namespace",
    "get",
    "static",
    "abstract",
    "async",
    "*",
    "<",
    ">",
];

/// Declarations lie inside the text, members inside their owners, and in order.
fn check(source: &[u8], language: Language) {
    let found = outline(source, language, LIMIT).expect("small texts are read");
    let mut last = 0;
    for (index, declaration) in found.declarations.iter().enumerate() {
        assert!(
            declaration.bytes.start <= declaration.bytes.end
                && declaration.bytes.end <= source.len()
        );
        assert!(declaration.bytes.start >= last, "starts rise");
        last = declaration.bytes.start;
        assert!(declaration.lines.0 <= declaration.lines.1);
        if let Some(parent) = declaration.parent {
            assert!(parent < index);
            let owner = &found.declarations[parent].bytes;
            assert!(owner.start <= declaration.bytes.start && declaration.bytes.end <= owner.end);
        }
    }
}
