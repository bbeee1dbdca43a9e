/** The native engine: batches as one text and one array of numbers, answers as JSON. */

import type { NativeIndex } from '@fishplate/symbols-native';

import { KIND_NUMBERS } from './check';
import type { CheckedFile, CheckedQuery, SymbolsEngine } from './engine';
import { withCodes, withCodesAsync } from './native';
import type { IndexStats, SymbolHit, SymbolNode, SymbolUse, UpdateReport } from './types';

const EXPORTED = 1 << 8;
const END_LINE = 1 << 9;
const END_COLUMN = 1 << 10;
const CONTAINER = 1 << 11;
const SIGNATURE = 1 << 12;

/** An index that Rust holds. */
export class NativeEngine implements SymbolsEngine {
  readonly name = 'native';
  private saves = 0;
  private isClosed = false;

  constructor(readonly index: NativeIndex) {}

  updateFiles(batch: readonly CheckedFile[]): UpdateReport {
    const { text, layout } = packed(batch);
    return withCodes(() => parsed(this.index.updateFiles(text, layout)));
  }

  removeFile(path: string): boolean {
    return this.index.removeFile(path);
  }

  query(text: string, { limit, kinds, fuzzy, path, boostPaths }: CheckedQuery): SymbolHit[] {
    return withCodes(() => parsed(this.index.query(text, limit, kinds, fuzzy, path, boostPaths as string[])));
  }

  outline(path: string): SymbolNode[] {
    return withCodes(() => parsed(this.index.outline(path)));
  }

  references(name: string): SymbolUse[] {
    return withCodes(() => parsed(this.index.references(name)));
  }

  stats(): Omit<IndexStats, 'engine'> {
    return withCodes(() => parsed(this.index.stats()));
  }

  async save(path: string): Promise<void> {
    this.saves++;
    try {
      await withCodesAsync(() => this.index.save(path));
    } finally {
      this.saves--;
      this.letGo();
    }
  }

  close(): void {
    this.isClosed = true;
    this.letGo();
  }

  /** Not before the last save is done: it takes the index when a thread gets to it. */
  private letGo(): void {
    if (this.isClosed && this.saves === 0) this.index.close();
  }
}

function parsed<Value>(json: string): Value {
  return JSON.parse(json) as Value;
}

function packed(batch: readonly CheckedFile[]): { text: string; layout: Uint32Array } {
  const texts: string[] = [];
  const layout: number[] = [];
  const add = (text: string): void => {
    texts.push(text);
    layout.push(text.length);
  };
  for (const { path, symbols, references } of batch) {
    add(path);
    layout.push(symbols.length, references.length);
    for (const { name, kind, line, column, endLine, endColumn, container, signature, exported } of symbols) {
      add(name);
      layout.push(
        KIND_NUMBERS.get(kind)! |
          (exported ? EXPORTED : 0) |
          (endLine === undefined ? 0 : END_LINE) |
          (endColumn === undefined ? 0 : END_COLUMN) |
          (container === undefined ? 0 : CONTAINER) |
          (signature === undefined ? 0 : SIGNATURE),
        line,
        column,
      );
      if (endLine !== undefined) layout.push(endLine);
      if (endColumn !== undefined) layout.push(endColumn);
      if (container !== undefined) add(container);
      if (signature !== undefined) add(signature);
    }
    for (const [name, count] of references) {
      add(name);
      layout.push(count);
    }
  }
  return { text: texts.join(''), layout: Uint32Array.from(layout) };
}
