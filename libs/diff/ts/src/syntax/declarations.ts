/** What a text declares, by name. */

import { type CapabilityReport, isFishplateError, TrackEngine } from '@fishplate/engine';
import type { NativeDeclaration } from '@fishplate/syntax-native';

import { DIFF_CODES } from '../codes';
import { checkCount, checkOptions, checkString, checkText, describe, type TextInput } from '../input';
import { coded } from '../native';

/** A language that can be parsed. */
export type Language = 'typescript' | 'tsx' | 'javascript' | 'python' | 'rust' | 'go' | 'json';

/** What is declared; `key` is one of JSON, `variable` also a constant. */
export type DeclarationKind =
  | 'function'
  | 'method'
  | 'class'
  | 'interface'
  | 'struct'
  | 'trait'
  | 'impl'
  | 'enum'
  | 'type'
  | 'module'
  | 'macro'
  | 'variable'
  | 'field'
  | 'key';

/** Something declared by name: at the top of a file, or as a member of what is. */
export interface Declaration {
  readonly kind: DeclarationKind;
  readonly name: string;
  /** Names of what it is a member of, outermost first. */
  readonly container: readonly string[];
  /** First line, from 1: attributes, decorators and `export` belong to it, comments do not. */
  readonly line: number;
  /** Last line. */
  readonly endLine: number;
}

/** How to parse. */
export interface SyntaxOptions {
  /** The language; told by `path` unless given. */
  readonly language?: Language;
  /** Path or name of the file, whose ending tells the language. */
  readonly path?: string;
  /** Milliseconds that one text may take; 10,000 unless given. Code takes some 0.1 s for a megabyte. */
  readonly timeoutMs?: number;
}

/** What a text declares. */
export interface FileDeclarations {
  readonly language: Language;
  /** In the order of the text, members behind their owner. */
  readonly declarations: readonly Declaration[];
  /** True where a part of the text does not fit the grammar; declarations there may be missing. */
  readonly hasErrors: boolean;
}

type SyntaxNative = typeof import('@fishplate/syntax-native');

// Two levels below the package root both as src/syntax/ and as dist/syntax/.
const { version } = require('../../package.json') as { version: string };

const engine = new TrackEngine<SyntaxNative>({
  track: 'syntax',
  require,
  nativePackage: '@fishplate/syntax-native',
  binaryName: 'syntax',
  version,
});

const TIMEOUT_MS = 10_000;

/** Whether the parsers can be loaded, and why not. */
export function syntaxCapability(): CapabilityReport {
  const report = engine.capability();
  return report.engine === 'js' ? { ...report, engine: null } : report;
}

/**
 * The language that the ending of a path tells; null where it tells none.
 *
 * @throws FishplateError `SYNTAX_UNAVAILABLE`, `INPUT_INVALID`.
 */
export function languageOf(path: string): Language | null {
  checkString(path, 'path');
  return load().languageOfPath(path) as Language | null;
}

/**
 * Lists what a text declares. Parses on a thread.
 *
 * Functions inside functions are part of their body; JSON declares keys, but not those of objects in arrays.
 * Below 256 owners nothing is listed by itself.
 *
 * @throws FishplateError `SYNTAX_UNAVAILABLE`, `LANGUAGE_UNKNOWN`, `SYNTAX_TIMED_OUT`, `INPUT_TOO_LARGE` (32 MiB),
 * `INPUT_INVALID`, `OPTION_INVALID`.
 */
export async function declarationsOf(text: TextInput, options: SyntaxOptions): Promise<FileDeclarations> {
  const parse = prepare(options);
  const { language, roots, hasErrors } = await parse(text, 'text');
  const declarations: Declaration[] = [];
  const open = [...roots].reverse();
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    declarations.push(declarationOf(node));
    open.push(...[...node.members].reverse());
  }
  return { language, declarations, hasErrors };
}

/** A declaration in its tree, with what tells whether two are the same. */
export interface DeclarationNode {
  readonly kind: DeclarationKind;
  readonly name: string;
  readonly owner: DeclarationNode | null;
  readonly members: DeclarationNode[];
  /** Its place in the text, among all declarations. */
  readonly order: number;
  readonly line: number;
  readonly endLine: number;
  /** Stands for its tokens before the body, but its name. */
  readonly signature: string;
  /** Stands for the tokens of its body, but its members. */
  readonly body: string;
  /** Its source, as Latin-1. */
  readonly source: () => string;
}

/** A parsed text. */
export interface ParsedText {
  readonly language: Language;
  readonly roots: readonly DeclarationNode[];
  /** Stands for the tokens outside all declarations. */
  readonly rest: string;
  readonly hasErrors: boolean;
}

/** Checks options once; the function it answers parses texts by them. */
export function prepare(options: SyntaxOptions): (text: TextInput, name: string) => Promise<ParsedText> {
  const { language, path, timeoutMs = TIMEOUT_MS } = checkOptions(options);
  checkCount(timeoutMs, 'timeoutMs', 1);
  const native = load();
  const names = native.languageNames();
  if (path !== undefined) checkString(path, 'path');
  const told = language ?? (path === undefined ? null : native.languageOfPath(path));
  if (told === null || !names.includes(told)) {
    const what =
      language === undefined
        ? `path ${describe(path)} tells no language`
        : `language is ${describe(language)}`;
    throw DIFF_CODES.error('LANGUAGE_UNKNOWN', `${what}; there are ${names.join(', ')}`);
  }
  return async (text, name) => {
    const given = checkText(text, name);
    // Half a surrogate pair becomes U+FFFD: no name of any language has one.
    const bytes =
      typeof given === 'string'
        ? Buffer.from(given)
        : Buffer.from(given.buffer, given.byteOffset, given.length);
    try {
      const outline = await native.outlineAsync(bytes, told, Math.min(timeoutMs, 0xffff_ffff));
      const { rest, hasErrors } = outline;
      return { language: told as Language, roots: treeOf(outline.declarations, bytes), rest, hasErrors };
    } catch (error) {
      throw coded(error);
    }
  };
}

function load(): SyntaxNative {
  let native: SyntaxNative | null;
  let why = 'the fallback was asked for, and there is none';
  try {
    native = engine.select();
    if (native === null) why = engine.capability().reason;
  } catch (error) {
    if (!isFishplateError(error)) throw error;
    throw DIFF_CODES.error('SYNTAX_UNAVAILABLE', error.message, { cause: error });
  }
  if (native === null) throw DIFF_CODES.error('SYNTAX_UNAVAILABLE', why);
  return native;
}

function treeOf(list: readonly NativeDeclaration[], bytes: Buffer): DeclarationNode[] {
  const roots: DeclarationNode[] = [];
  const nodes: DeclarationNode[] = [];
  for (const { kind, name, parent, firstLine, lastLine, start, end, signature, body } of list) {
    const owner = parent === undefined ? null : nodes[parent]!;
    const node: DeclarationNode = {
      ...{ kind: kind as DeclarationKind, name, owner, members: [], order: nodes.length, signature, body },
      ...{ line: firstLine, endLine: lastLine },
      source: () => bytes.toString('latin1', start, end),
    };
    nodes.push(node);
    (owner?.members ?? roots).push(node);
  }
  return roots;
}

/** What the public sees of a node. */
export function declarationOf(node: DeclarationNode): Declaration {
  const { kind, name, line, endLine } = node;
  const container: string[] = [];
  for (let { owner } = node; owner !== null; owner = owner.owner) container.unshift(owner.name);
  return { kind, name, container, line, endLine };
}
