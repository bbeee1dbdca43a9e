/** Ranks of files without the binding: the same sums in the same order as the core makes them, so the same scores. */

import { compareTexts } from './fallback/order';
import type { Name, Store, StoredFile } from './fallback/store';
import type { RankedSymbol } from './rank-files';
import type { SymbolKind } from './types';

const DAMPING = 0.85;
const MAX_ROUNDS = 100;
const SETTLED = 1e-9;
const BASE = 0.01;
const MAX_DEFINERS = 16;
const FOCUSED_NAME = 10;

const MEMBERS: ReadonlySet<SymbolKind> = new Set<SymbolKind>([
  'field',
  'property',
  'enumMember',
  'variable',
  'constructor',
]);

/** A file before its outline is made. */
export interface RawRanked {
  readonly path: string;
  readonly score: number;
  readonly focused: boolean;
  readonly symbols: readonly RankedSymbol[];
}

interface Edge {
  readonly to: number;
  readonly symbol: number;
  share: number;
}

interface Definer {
  readonly file: number;
  symbol: number;
  weight: number;
}

export function rankInScript(
  store: Store,
  focus: readonly string[],
  most: number,
  mostSymbols: number,
): RawRanked[] {
  const files = [...store.files.values()].sort((a, b) => compareTexts(a.path, b.path));
  const names = new Set(focus.map((text) => store.names.get(text)).filter((name) => name !== undefined));
  const focused = new Set([...files.keys()].filter((at) => inFocus(files[at]!, focus, names)));
  const edges = edgesOf(files, names);
  const scores = walk(edges, startsOf(files.length, focused));
  const gains = files.map(() => new Map<number, number>());
  for (const [user, own] of edges.entries()) {
    for (const { to, symbol, share } of own) {
      gains[to]!.set(symbol, (gains[to]!.get(symbol) ?? 0) + scores[user]! * share);
    }
  }
  const order = [...files.keys()].sort((a, b) => scores[b]! - scores[a]! || a - b).slice(0, most);
  return order.map((at) => ({
    path: files[at]!.path,
    score: scores[at]!,
    focused: focused.has(at),
    symbols: rankedSymbols(files[at]!, scores[at]!, gains[at]!).slice(0, mostSymbols),
  }));
}

function inFocus({ path, symbols }: StoredFile, focus: readonly string[], names: ReadonlySet<Name>): boolean {
  const isBelow = (directory: string): boolean => {
    const bare = directory.replace(/\/+$/, '');
    return path === bare || (path.startsWith(bare) && path[bare.length] === '/');
  };
  return focus.some((text) => text !== '' && isBelow(text)) || symbols.some(({ name }) => names.has(name));
}

function rankedSymbols(
  { symbols }: StoredFile,
  score: number,
  gains: ReadonlyMap<number, number>,
): RankedSymbol[] {
  const base = (score * BASE) / Math.max(symbols.length, 1);
  const ranked = symbols.map(({ symbol }, at) => ({
    ...symbol,
    score: (gains.get(at) ?? 0) + base * declaration(symbol.kind, symbol.exported),
  }));
  return ranked.sort((a, b) => b.score - a.score);
}

function edgesOf(files: readonly StoredFile[], focused: ReadonlySet<Name>): Edge[][] {
  const definers = definersOf(files);
  const users = new Map<Name, number>();
  for (const { references } of files) {
    for (const name of references.keys()) if (definers.has(name)) users.set(name, (users.get(name) ?? 0) + 1);
  }
  const places = new Map(
    [...users.keys()].sort((a, b) => compareTexts(a.text, b.text)).map((name, at) => [name, at] as const),
  );
  return files.map(({ references }, at) => {
    const used = [...references].filter(([name]) => places.has(name));
    used.sort(([a], [b]) => places.get(a)! - places.get(b)!);
    const edges: Edge[] = [];
    for (const [name, count] of used) {
      const found = definers.get(name)!;
      let weight = form(name.text) * Math.sqrt(count);
      weight /= Math.sqrt(users.get(name)!);
      weight /= found.length;
      if (focused.has(name)) weight *= FOCUSED_NAME;
      for (const definer of found) {
        if (definer.file === at) continue;
        edges.push({ to: definer.file, symbol: definer.symbol, share: weight * definer.weight });
      }
    }
    const total = edges.reduce((sum, { share }) => sum + share, 0);
    for (const edge of edges) edge.share /= total;
    return edges;
  });
}

function definersOf(files: readonly StoredFile[]): Map<Name, Definer[]> {
  const definers = new Map<Name, Definer[]>();
  for (const [file, { symbols }] of files.entries()) {
    for (const [at, { name, symbol }] of symbols.entries()) {
      const weight = declaration(symbol.kind, symbol.exported);
      const found = definers.get(name) ?? [];
      const last = found.at(-1);
      if (last === undefined || last.file !== file) found.push({ file, symbol: at, weight });
      else if (last.weight < weight) Object.assign(last, { symbol: at, weight });
      definers.set(name, found);
    }
  }
  for (const [name, found] of definers) if (found.length > MAX_DEFINERS) definers.delete(name);
  return definers;
}

function startsOf(count: number, focused: ReadonlySet<number>): number[] {
  const each = 1 / Math.max(focused.size === 0 ? count : focused.size, 1);
  return Array.from({ length: count }, (_, at) => (focused.size === 0 || focused.has(at) ? each : 0));
}

function walk(edges: readonly (readonly Edge[])[], starts: readonly number[]): number[] {
  let scores = [...starts];
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const next = starts.map(() => 0);
    let lost = 0;
    for (const [user, own] of edges.entries()) {
      if (own.length === 0) lost += scores[user]!;
      for (const { to, share } of own) next[to]! += scores[user]! * share;
    }
    let change = 0;
    for (const [at, start] of starts.entries()) {
      next[at] = DAMPING * (next[at]! + lost * start) + (1 - DAMPING) * start;
      change += Math.abs(next[at] - scores[at]!);
    }
    scores = next;
    if (change < SETTLED) break;
  }
  return scores;
}

function declaration(kind: SymbolKind, exported: boolean): number {
  const byKind = MEMBERS.has(kind) ? 0.3 : 1;
  return exported ? byKind : byKind * 0.3;
}

function form(name: string): number {
  let length = 0;
  let isCompound = false;
  let afterLower = false;
  for (const char of name) {
    length++;
    isCompound ||= length > 1 && (char === '_' || (afterLower && char >= 'A' && char <= 'Z'));
    afterLower = char >= 'a' && char <= 'z';
  }
  let byLength = 1;
  if (length <= 2) byLength = 0.05;
  else if (length === 3) byLength = 0.3;
  else if (length >= 8 && isCompound) byLength = 2;
  return name.startsWith('_') ? byLength * 0.3 : byLength;
}
