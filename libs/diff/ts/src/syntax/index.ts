/**
 * `@fishplate/diff/syntax`: what two texts of a programming language declare, and which of it changed, by name.
 *
 * Parsing is tree-sitter's, in a binding of its own that is loaded on first use. There is no fallback.
 *
 * @packageDocumentation
 */

export {
  type ChangeKind,
  compareDeclarations,
  type ComparedDeclarations,
  type DeclarationChange,
  type DeclarationPlace,
} from './compare';
export {
  type Declaration,
  declarationsOf,
  type DeclarationKind,
  type FileDeclarations,
  type Language,
  languageOf,
  type SyntaxOptions,
  syntaxCapability,
} from './declarations';
