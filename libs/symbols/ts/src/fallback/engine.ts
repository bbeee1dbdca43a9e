/** The engine in TypeScript: the same hits, scores, order and files as the native one, slower. */

import type { CheckedFile, CheckedQuery, SymbolsEngine } from '../engine';
import type { IndexStats, SymbolHit, SymbolNode, SymbolUse, UpdateReport } from '../types';
import { toBytes } from './format';
import { compareTexts } from './order';
import { outlineOf } from './outline';
import { writeWhole } from './persist';
import { search } from './search';
import { Store } from './store';

/** Bytes of a symbol, a name and a pair of file and name, as V8 holds them: measured, and the same for all. */
const SYMBOL_BYTES = 240;
const NAME_BYTES = 700;
const REFERENCE_BYTES = 40;

/** An index that JavaScript holds. */
export class ScriptEngine implements SymbolsEngine {
  readonly name = 'js';
  readonly store = new Store();

  updateFiles(batch: readonly CheckedFile[]): UpdateReport {
    const reports = batch.map((file) => this.store.update(file));
    const sum = (of: (report: UpdateReport) => number) =>
      reports.reduce((total, report) => total + of(report), 0);
    return {
      files: batch.length,
      added: sum(({ added }) => added),
      removed: sum(({ removed }) => removed),
      symbols: this.store.symbols,
    };
  }

  removeFile(path: string): boolean {
    return this.store.remove(path);
  }

  query(text: string, options: CheckedQuery): SymbolHit[] {
    return search(this.store, text, options);
  }

  outline(path: string): SymbolNode[] {
    const file = this.store.files.get(path);
    return file === undefined ? [] : outlineOf(file.symbols.map(({ symbol }) => symbol));
  }

  references(name: string): SymbolUse[] {
    const found = this.store.names.get(name);
    if (found === undefined) return [];
    const uses: SymbolUse[] = [];
    for (const { path, references } of this.store.files.values()) {
      const count = references.get(found);
      if (count !== undefined) uses.push({ path, count });
    }
    return uses.sort((a, b) => b.count - a.count || compareTexts(a.path, b.path));
  }

  stats(): Omit<IndexStats, 'engine'> {
    const { files, names, symbols } = this.store;
    let references = 0;
    for (const file of files.values()) references += file.references.size;
    return {
      files: files.size,
      symbols,
      names: names.size,
      references,
      memoryBytes: symbols * SYMBOL_BYTES + names.size * NAME_BYTES + references * REFERENCE_BYTES,
    };
  }

  async save(path: string): Promise<void> {
    await writeWhole(path, toBytes(this.store));
  }

  close(): void {
    // The handle lets go of the engine, and V8 of what it held.
  }
}
