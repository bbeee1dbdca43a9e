/** The index as its users see it. */

import {
  checkBatch,
  checkEngine,
  checkFile,
  checkFilePath,
  checkObject,
  checkPath,
  checkQuery,
  checkQueryText,
  checkText,
} from './check';
import { SYMBOLS_CODES } from './codes';
import type { SymbolsEngine } from './engine';
import { ScriptEngine } from './fallback/engine';
import { loadScript } from './fallback/persist';
import { selectNative, withCodesAsync } from './native';
import { NativeEngine } from './native-engine';
import type {
  FileSymbols,
  IndexStats,
  QueryOptions,
  SymbolHit,
  SymbolIndexOptions,
  SymbolInput,
  SymbolNode,
  SymbolUse,
  UpdateReport,
} from './types';

/** Symbols of files, which can be searched while the files change. */
export interface SymbolIndex {
  /**
   * Sets what a file declares, and what names it uses, in place of what it had. Nothing is changed where it throws.
   *
   * @throws FishplateError `INPUT_INVALID`, `INPUT_TOO_LARGE`.
   */
  updateFile(
    path: string,
    symbols: readonly SymbolInput[],
    references?: Readonly<Record<string, number>>,
  ): UpdateReport;
  /** {@link SymbolIndex.updateFile} for many files; all are checked before the first is changed. */
  updateFiles(batch: readonly FileSymbols[]): UpdateReport;
  /** Forgets a file; false where it was not known. */
  removeFile(path: string): boolean;
  /**
   * Symbols whose names match, best first; ties by path, line and column. The text is a name or a part of one, also with
   * words before it that say where: `dir/file name`, `Class.method`, `module::name`.
   *
   * @throws FishplateError `INPUT_INVALID`, `INPUT_TOO_LARGE` (4096 bytes), `OPTION_INVALID`.
   */
  query(text: string, options?: QueryOptions): SymbolHit[];
  /** What a file declares, as a tree by ranges and containers; empty where the file is not known. */
  outline(path: string): SymbolNode[];
  /** Files that use a name, those that use it most first. */
  references(name: string): SymbolUse[];
  stats(): IndexStats;
  /**
   * Writes the index to a file, whole or not at all. It has what the index holds when writing starts, and what is changed
   * until then.
   *
   * @throws FishplateError `SYMBOLS_NOT_FOUND`, `SYMBOLS_IO`.
   */
  save(path: string): Promise<void>;
  /** Lets its memory go; every other call throws `SYMBOLS_CLOSED` then. A save that runs is not disturbed. */
  close(): void;
}

/** An index of nothing. */
export function createSymbolIndex(options: SymbolIndexOptions = {}): SymbolIndex {
  checkObject(options);
  const native = selectNative(checkEngine(options.engine));
  return indexOf(native === null ? new ScriptEngine() : new NativeEngine(new native.NativeIndex()));
}

/**
 * The index that was saved to a file, by either engine.
 *
 * @throws FishplateError `SYMBOLS_NOT_FOUND`, `SYMBOLS_IO`, `SYMBOLS_DAMAGED`, `SYMBOLS_FORMAT_NEWER`.
 */
export async function loadSymbolIndex(path: string, options: SymbolIndexOptions = {}): Promise<SymbolIndex> {
  checkObject(options);
  const checked = checkFilePath(path);
  const native = selectNative(checkEngine(options.engine));
  if (native === null) return indexOf(await loadScript(checked));
  return indexOf(new NativeEngine(await withCodesAsync(() => native.loadIndex(checked))));
}

/** Makes an index of an engine's. */
export function indexOf(engine: SymbolsEngine): SymbolIndex {
  return new Handle(engine);
}

/** The engine behind an index. */
export function engineOf(index: SymbolIndex): SymbolsEngine {
  if (index instanceof Handle) return index.open();
  throw SYMBOLS_CODES.error('INPUT_INVALID', 'the index must be one that this package made');
}

class Handle implements SymbolIndex {
  constructor(private engine: SymbolsEngine | undefined) {}

  open(): SymbolsEngine {
    if (this.engine === undefined) throw SYMBOLS_CODES.error('SYMBOLS_CLOSED', 'the index has been closed');
    return this.engine;
  }

  updateFile(
    path: string,
    symbols: readonly SymbolInput[],
    references?: Readonly<Record<string, number>>,
  ): UpdateReport {
    return this.open().updateFiles([checkFile(path, symbols, references)]);
  }

  updateFiles(batch: readonly FileSymbols[]): UpdateReport {
    return this.open().updateFiles(checkBatch(batch));
  }

  removeFile(path: string): boolean {
    return this.open().removeFile(checkPath(path));
  }

  query(text: string, options: QueryOptions = {}): SymbolHit[] {
    return this.open().query(checkQueryText(text), checkQuery(options));
  }

  outline(path: string): SymbolNode[] {
    return this.open().outline(checkPath(path));
  }

  references(name: string): SymbolUse[] {
    return this.open().references(checkText(name, 'name'));
  }

  stats(): IndexStats {
    const engine = this.open();
    return { engine: engine.name, ...engine.stats() };
  }

  async save(path: string): Promise<void> {
    await this.open().save(checkFilePath(path));
  }

  close(): void {
    this.engine?.close();
    this.engine = undefined;
  }
}
