/** Files, names and symbols of the fallback. */

import type { CheckedFile } from '../engine';
import type { IndexedSymbol, UpdateReport } from '../types';
import { fold, type Folded, initialsOf, type Mask, maskOf } from './fold';

/** A name, and what a search looks at before it looks at its letters. */
export interface Name {
  readonly text: string;
  readonly folded: Folded;
  readonly mask: Mask;
  readonly initials: Mask;
  readonly symbols: Set<StoredSymbol>;
  /** Symbols, containers and references that hold it. */
  holders: number;
}

/** A symbol of a file. */
export interface StoredSymbol {
  readonly symbol: IndexedSymbol;
  readonly file: StoredFile;
  /** Its place among the symbols of its file. */
  readonly ordinal: number;
  readonly name: Name;
  readonly container: Name | undefined;
}

/** A file with its symbols. */
export interface StoredFile {
  readonly path: string;
  /** Letters of the whole path. */
  readonly mask: Mask;
  symbols: StoredSymbol[];
  references: Map<Name, number>;
}

/** What an index of the fallback is made of. */
export class Store {
  readonly names = new Map<string, Name>();
  readonly files = new Map<string, StoredFile>();
  symbols = 0;

  update({ path, symbols, references }: CheckedFile): UpdateReport {
    const file = this.files.get(path) ?? this.add(path);
    const removed = this.empty(file);
    file.symbols = symbols.map((symbol, ordinal) => this.put(file, symbol, ordinal));
    for (const [name, count] of references) file.references.set(this.hold(name), count);
    this.symbols += symbols.length;
    return { files: 1, added: symbols.length, removed, symbols: this.symbols };
  }

  remove(path: string): boolean {
    const file = this.files.get(path);
    if (file === undefined) return false;
    this.empty(file);
    return this.files.delete(path);
  }

  private add(path: string): StoredFile {
    const units = path.split(/[/\\]/).flatMap((part) => fold(part).units);
    const file: StoredFile = { path, mask: maskOf(units), symbols: [], references: new Map() };
    this.files.set(path, file);
    return file;
  }

  private put(file: StoredFile, symbol: IndexedSymbol, ordinal: number): StoredSymbol {
    const name = this.hold(symbol.name);
    const container = symbol.container === undefined ? undefined : this.hold(symbol.container);
    const stored: StoredSymbol = { symbol, file, ordinal, name, container };
    name.symbols.add(stored);
    return stored;
  }

  private empty(file: StoredFile): number {
    const { length } = file.symbols;
    for (const stored of file.symbols) {
      stored.name.symbols.delete(stored);
      this.release(stored.name);
      if (stored.container !== undefined) this.release(stored.container);
    }
    for (const name of file.references.keys()) this.release(name);
    file.symbols = [];
    file.references = new Map();
    this.symbols -= length;
    return length;
  }

  private hold(text: string): Name {
    let name = this.names.get(text);
    if (name === undefined) {
      const folded = fold(text);
      name = {
        text,
        folded,
        mask: maskOf(folded.units),
        initials: initialsOf(folded),
        symbols: new Set(),
        holders: 0,
      };
      this.names.set(text, name);
    }
    name.holders++;
    return name;
  }

  private release(name: Name): void {
    name.holders--;
    if (name.holders === 0) this.names.delete(name.text);
  }
}
