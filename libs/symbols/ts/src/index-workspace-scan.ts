/**
 * Symbols by lines, for where tree-sitter cannot run. What begins a line is found; what goes on over lines, several names
 * of one declaration and names inside of expressions are not, and strings with code in them are blank.
 */

import type { ExtractedFile, ExtractedSymbol } from './index-workspace';
import { LINE_LANGUAGES, type LineLanguage, type LineRule } from './index-workspace-languages';
import { mask } from './index-workspace-mask';
import type { SymbolKind } from './types';

/** Longest line that is looked at, in UTF-16 units: longer ones were not written by hand. */
const MAX_LINE = 2000;

const MAX_SIGNATURE = 200;
const MAX_NAME = 256;

const BY_ENDING = new Map(
  LINE_LANGUAGES.flatMap((language) => language.endings.map((ending) => [ending, language] as const)),
);

const IDENTIFIERS = /[\p{ID_Start}$_][\p{ID_Continue}$]*/gu;

/** The language that the ending of a file's name says; undefined where it is none. */
export function languageOf(path: string): LineLanguage | undefined {
  const [, ending] = /[^/\\]\.([^./\\]+)$/.exec(path) ?? [];
  return ending === undefined ? undefined : BY_ENDING.get(ending);
}

const WITH_MEMBERS: ReadonlySet<SymbolKind> = new Set<SymbolKind>(['class', 'interface', 'struct', 'enum']);
const FUNCTIONS: ReadonlySet<SymbolKind> = new Set<SymbolKind>(['function', 'method', 'constructor']);

/** A declaration that the lines are in. */
interface Open {
  readonly path: string;
  readonly kind: SymbolKind;
  readonly symbol: { endLine: number; endColumn: number; exported: boolean } | null;
  /** Braces that were open before it, or columns that it is indented. */
  readonly level: number;
  /** Whether its own braces have been opened. */
  entered: boolean;
}

type Draft = { -readonly [Key in keyof ExtractedSymbol]: ExtractedSymbol[Key] };

export function scanLines(path: string, source: string, language: LineLanguage): ExtractedFile {
  const masked = mask(source, language.quoting);
  const scan = new Scan(language, source.split('\n'));
  for (const [number, line] of masked.split('\n').entries()) scan.line(number, line);
  scan.finish();
  return {
    path,
    language: language.name,
    symbols: scan.symbols,
    references: referencesOf(masked, language, scan.symbols),
    hasErrors: false,
  };
}

function referencesOf(
  masked: string,
  { keywords }: LineLanguage,
  symbols: readonly ExtractedSymbol[],
): Record<string, number> {
  const counts = new Map<string, number>();
  for (const [name] of masked.matchAll(IDENTIFIERS)) {
    if (name.length > MAX_NAME || keywords.has(name)) continue;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  for (const { name } of symbols) {
    const left = (counts.get(name) ?? 1) - 1;
    if (left > 0) counts.set(name, left);
    else counts.delete(name);
  }
  return Object.fromEntries(counts);
}

class Scan {
  readonly symbols: Draft[] = [];
  private readonly open: Open[] = [];
  private depth = 0;
  private last = 0;

  constructor(
    private readonly language: LineLanguage,
    private readonly source: readonly string[],
  ) {}

  line(number: number, masked: string): void {
    if (masked.trim() === '') return;
    const indent = masked.length - masked.trimStart().length;
    const byIndent = this.language.blocks === 'indentation';
    if (byIndent && !/^\s*(?:end\b|[)\]}])/.test(masked)) this.leave(indent, this.last);
    if (masked.length <= MAX_LINE) this.declare(number, masked, byIndent ? indent : this.depth);
    if (byIndent) this.last = number;
    else this.braces(number, masked);
    if (byIndent && /^\s*end\b/.test(masked)) this.leave(indent, number);
  }

  finish(): void {
    this.leave(-1, this.language.blocks === 'indentation' ? this.last : this.source.length - 1);
  }

  private braces(number: number, masked: string): void {
    for (const [brace] of masked.matchAll(/[{}]/g)) {
      if (brace === '{') {
        this.depth++;
        const top = this.open.at(-1);
        if (top !== undefined && this.depth > top.level) top.entered = true;
      } else {
        this.depth = Math.max(0, this.depth - 1);
        while (this.open.at(-1)?.entered && this.open.at(-1)!.level >= this.depth) this.close(number);
      }
    }
    // Without a body it ends with its line, unless the line goes on.
    const top = this.open.at(-1);
    if (top !== undefined && !top.entered && !/[,(=:>]\s*$|\)\s*$/.test(masked)) this.close(number);
    else if (top !== undefined && !top.entered && /;\s*$/.test(masked)) this.close(number);
  }

  private leave(indent: number, line: number): void {
    while (this.open.length > 0 && this.open.at(-1)!.level >= indent) this.close(line);
  }

  private close(line: number): void {
    const symbol = this.open.pop()?.symbol;
    if (symbol == null || line < symbol.endLine) return;
    symbol.endLine = line;
    symbol.endColumn = this.source[line]!.trimEnd().length;
  }

  private declare(number: number, masked: string, level: number): void {
    const top = this.open.at(-1);
    const inMembers =
      top !== undefined &&
      WITH_MEMBERS.has(top.kind) &&
      (this.language.blocks === 'indentation' || level === top.level + 1);
    for (const found of this.language.rules) {
      if (found.where !== undefined && (found.where === 'members') !== inMembers) continue;
      const matched = found.form.exec(masked);
      const name = matched?.groups?.['name'];
      if (matched === null || name === undefined || name.length > MAX_NAME) continue;
      if (this.language.keywords.has(name)) continue;
      this.add(found, matched, name, number, level, inMembers);
      return;
    }
  }

  private add(
    { kind: written, scopeOnly }: LineRule,
    matched: RegExpExecArray,
    name: string,
    number: number,
    level: number,
    inMembers: boolean,
  ): void {
    const top = this.open.at(-1);
    const inFunction = this.open.some(({ kind }) => FUNCTIONS.has(kind));
    const isVariable = written === 'variable' || written === 'constant';
    // Blocks that are no declarations hide their variables too.
    const deeper = this.language.blocks === 'braces' && level > (top === undefined ? 0 : top.level + 1);
    if (isVariable && (inFunction || deeper)) return;
    if (!isVariable && written !== 'method' && inFunction && this.language.name === 'c') return;
    const kind = memberKind(
      this.language.name,
      written,
      name,
      inMembers || top?.kind === 'module' || matched.groups?.['container'] !== undefined,
    );
    const above = [top?.path, matched.groups?.['container']].filter(
      (part) => part !== undefined && part !== '',
    );
    const container = above.join(this.language.between);
    const path = container === '' ? name : container + this.language.between + name;
    const raw = this.source[number]!;
    let symbol: Draft | null = null;
    if (scopeOnly !== true) {
      const inExported = top?.symbol == null ? false : top.symbol.exported;
      symbol = {
        name,
        kind,
        line: number,
        column: nameColumn(matched[0], name),
        startLine: number,
        startColumn: raw.length - raw.trimStart().length,
        endLine: number,
        endColumn: raw.trimEnd().length,
        ...(container === '' ? {} : { container }),
        signature: signatureOf(raw),
        exported: !inFunction && this.language.isExported(name, raw, inExported),
      };
      this.symbols.push(symbol);
    }
    if (!isVariable || this.language.blocks === 'braces') {
      this.open.push({ path, kind: scopeOnly === true ? 'class' : kind, symbol, level, entered: false });
    }
  }
}

/** The last place of a name in what was matched: words before it may be the same. */
function nameColumn(matched: string, name: string): number {
  const rest = matched.lastIndexOf(name);
  return Math.max(rest, 0);
}

function memberKind(language: string, kind: SymbolKind, name: string, inMembers: boolean): SymbolKind {
  const method = kind === 'method' || (kind === 'function' && inMembers);
  if (!method) return kind;
  const constructs = name === 'constructor' || (language === 'python' && name === '__init__');
  return constructs || (language === 'ruby' && name === 'initialize') ? 'constructor' : 'method';
}

function signatureOf(line: string): string {
  const text = line
    .trim()
    .replace(/\s+/g, ' ')
    .replace(/\s*(?:\{|=>|:|;|,)\s*$/, '');
  return text.length > MAX_SIGNATURE ? `${text.slice(0, MAX_SIGNATURE)}…` : text;
}
