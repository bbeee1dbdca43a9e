/** What a file declares, as a tree. */

import type { IndexedSymbol, SymbolNode } from '../types';

/** Deepest nesting; what is deeper lies beside its parent. */
const DEEPEST = 64;

/** Stands for a column that is not known. */
const LAST_COLUMN = 0xffff_ffff;

/** A symbol whose members are still being read. */
interface Open extends IndexedSymbol {
  readonly children: SymbolNode[];
}

/** A symbol is in the innermost range that holds it; without ranges, in the last one of its container's name. */
export function outlineOf(symbols: readonly IndexedSymbol[]): SymbolNode[] {
  const sorted = symbols
    .map((symbol, ordinal) => ({ symbol, ordinal }))
    .sort((a, b) => compare(a.symbol, b.symbol) || a.ordinal - b.ordinal);
  const roots: SymbolNode[] = [];
  const open: Open[] = [];
  for (const { symbol } of sorted) {
    let keep = open.length;
    while (keep > 0 && !isAround(open[keep - 1]!, symbol)) keep--;
    open.length = Math.min(keep, DEEPEST);
    const node: Open = { ...symbol, children: [] };
    (open.at(-1)?.children ?? roots).push(node);
    open.push(node);
  }
  return roots;
}

/** By place; of two at one place the one that reaches further comes first, and one without a range before both. */
function compare(one: IndexedSymbol, other: IndexedSymbol): number {
  const [a, b] = [one.endLine, other.endLine];
  return (
    one.line - other.line ||
    one.column - other.column ||
    (a === undefined || b === undefined
      ? Number(a !== undefined) - Number(b !== undefined)
      : b - a || (other.endColumn ?? LAST_COLUMN) - (one.endColumn ?? LAST_COLUMN))
  );
}

function isAround(owner: IndexedSymbol, { line, column, container = '' }: IndexedSymbol): boolean {
  if (owner.endLine !== undefined) {
    return line < owner.endLine || (line === owner.endLine && column < (owner.endColumn ?? LAST_COLUMN));
  }
  return owner.name !== '' && (container === owner.name || container.split(/[.:#]/).at(-1) === owner.name);
}
