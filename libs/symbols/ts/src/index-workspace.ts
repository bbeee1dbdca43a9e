/** Symbols of texts and of whole workspaces, by tree-sitter; by lines where the binding cannot run. */

import type { EngineChoice } from '@fishplate/engine';

import { checkEngine, checkObject, checkPath } from './check';
import type { SymbolsEngine } from './engine';
import { ScriptEngine } from './fallback/engine';
import {
  checkFiles,
  checkIndexedFiles,
  checkText,
  checkWorkspace,
  type CheckedWorkspace,
} from './index-workspace-options';
import { Running } from './index-workspace-running';
import { extractByLines, indexInScript, refreshInScript } from './index-workspace-script';
import { selectNative, withCodesAsync } from './native';
import { NativeEngine } from './native-engine';
import { engineOf, indexOf, type SymbolIndex } from './symbol-index';
import type { SymbolInput, UpdateReport } from './types';

/** How far the work is. */
export interface WorkspaceProgress {
  readonly filesDone: number;
  /** Grows while files are still being found. */
  readonly filesTotal: number;
  readonly symbols: number;
}

/** Why a file was not read. */
export type SkipReason =
  /** It has a NUL near its start. */
  | 'binary'
  /** It is larger than `maxFileBytes`. */
  | 'tooLarge'
  /** It took longer than `timeoutMs`. */
  | 'timedOut'
  /** It is a directory, a pipe, a device. */
  | 'notAFile'
  /** Its name or a link leads out of the root. */
  | 'outside'
  /** The system refused it. */
  | 'unreadable'
  /** A defect of this library; please report it. */
  | 'fault';

/** A file that was not read. */
export interface SkippedFile {
  readonly path: string;
  readonly reason: SkipReason;
  /** Words of the system. */
  readonly message?: string;
}

/** What became of the files. */
export interface WorkspaceReport {
  /** Files that were read. */
  readonly files: number;
  /** Symbols in them. */
  readonly symbols: number;
  /** Of these, files with parts that do not fit their grammar: what stands there may be missing. 0 in the fallback. */
  readonly withErrors: number;
  /** Files whose endings are those of no language that is read. */
  readonly otherLanguages: number;
  /** Files that were not there any more. */
  readonly gone: number;
  /** All other files that were not read. */
  readonly skipped: number;
  /** The first 200 of those. */
  readonly named: readonly SkippedFile[];
}

/** Bounds of each file, and which engine reads it. */
export interface ExtractOptions {
  /** Most bytes of a file, 32 MiB at most; 1 MiB unless given. */
  readonly maxFileBytes?: number;
  /** Longest time that a file may take, in milliseconds; 5000 unless given. The fallback has no need of it. */
  readonly timeoutMs?: number;
  /** Which engine to use; `auto` unless given. */
  readonly engine?: EngineChoice;
}

/** Options of reading files of a workspace. */
export interface WorkspaceOptions extends ExtractOptions {
  /**
   * Paths of the files, relative to the root, `/` between their parts: the walk is the caller's, as that of
   * `@fishplate/gitignore`. Without it all files below the root but those in `.git` and `node_modules`; links are left out.
   */
  readonly files?: Iterable<string> | AsyncIterable<string>;
  /** Called now and then, and at the end. What it throws ends the work and is thrown. */
  readonly onProgress?: (progress: WorkspaceProgress) => void;
  /** Called once at the end. */
  readonly onReport?: (report: WorkspaceReport) => void;
  /** Ends the work; its reason is thrown. */
  readonly signal?: AbortSignal;
  /** Threads, 64 at most; one a processor unless given. */
  readonly threads?: number;
}

/** A symbol of a text. */
export interface ExtractedSymbol extends SymbolInput {
  readonly endLine: number;
  readonly endColumn: number;
  readonly signature: string;
  readonly exported: boolean;
  /** Where its whole begins; `line` and `column` are those of its name. */
  readonly startLine: number;
  readonly startColumn: number;
}

/** What a text declares and uses; `index.updateFiles` takes it as it is. */
export interface ExtractedFile {
  readonly path: string;
  /** Such as `typescript`. */
  readonly language: string;
  /** In the order of the text. */
  readonly symbols: readonly ExtractedSymbol[];
  /** Names that it uses, and how often. */
  readonly references: Readonly<Record<string, number>>;
  /** True where parts do not fit the grammar: what stands there may be missing. Always false in the fallback. */
  readonly hasErrors: boolean;
}

/** How often progress is told, in milliseconds. */
const PROGRESS_MS = 50;

/**
 * What a text declares and uses, to refresh an index after an edit; null where the ending of its name is that of no
 * language.
 *
 * @throws FishplateError `INPUT_INVALID`, `INPUT_TOO_LARGE`, `EXTRACTION_TIMED_OUT`, `OPTION_INVALID`.
 */
export async function extractSymbols(
  path: string,
  text: string | Uint8Array,
  options: ExtractOptions = {},
): Promise<ExtractedFile | null> {
  checkObject(options);
  const name = checkPath(path);
  const given = checkWorkspace(options);
  const bytes = checkText(text, given.maxFileBytes);
  const native = selectNative(checkEngine(options.engine));
  if (native === null) return extractByLines(name, bytes, given);
  const json = await withCodesAsync(() => native.extractSymbols(name, bytes, given));
  const found = JSON.parse(json) as NativeExtracted | null;
  if (found === null) return null;
  const { symbols, starts, references, language, hasErrors } = found;
  return {
    path: name,
    language,
    symbols: symbols.map((symbol, at) => {
      const [startLine, startColumn] = starts[at]!;
      return { ...symbol, startLine, startColumn };
    }),
    references: Object.fromEntries(references),
    hasErrors,
  };
}

/** As the binding writes it. */
interface NativeExtracted {
  readonly symbols: readonly Omit<ExtractedSymbol, 'startLine' | 'startColumn'>[];
  readonly starts: readonly (readonly [line: number, column: number])[];
  readonly references: readonly (readonly [name: string, count: number])[];
  readonly language: string;
  readonly hasErrors: boolean;
}

/**
 * Indexes the files below a directory, on threads. Files that change or go meanwhile are no error; what was not read is
 * counted and told to `onReport`.
 *
 * @throws FishplateError `ROOT_INVALID`, `INPUT_INVALID`, `INPUT_TOO_LARGE`, `OPTION_INVALID`; the signal's reason; what a
 * callback throws.
 */
export async function indexWorkspace(root: string, options: WorkspaceOptions = {}): Promise<SymbolIndex> {
  checkObject(options);
  const given = checkWorkspace(options);
  const directory = checkPath(root);
  const native = selectNative(checkEngine(options.engine));
  given.signal?.throwIfAborted();
  const files = options.files === undefined ? undefined : await checkFiles(options.files, given.signal);
  if (native === null) {
    const engine = new ScriptEngine();
    const report = await indexInScript(engine, directory, files, given);
    given.onReport?.(report);
    return indexOf(engine);
  }
  const control = new native.ExtractControl();
  const listed = files === undefined ? undefined : joined(files);
  const index = await watched(control, given, () => native.indexWorkspace(directory, listed, given, control));
  return indexOf(new NativeEngine(index));
}

/**
 * Reads files of a workspace again, and puts into the index what they have now; files that are gone or are not read any
 * more are forgotten. The index changes at once, at the end.
 *
 * @throws FishplateError as {@link indexWorkspace}, and `SYMBOLS_CLOSED`.
 */
export async function refreshFiles(
  index: SymbolIndex,
  root: string,
  paths: Iterable<string>,
  options: Omit<WorkspaceOptions, 'files' | 'engine'> = {},
): Promise<UpdateReport> {
  checkObject(options);
  const given = checkWorkspace(options);
  const directory = checkPath(root);
  const engine = engineOf(index);
  given.signal?.throwIfAborted();
  const files = checkIndexedFiles(paths);
  const native = nativeOf(engine);
  if (native === null) {
    const { update, report } = await refreshInScript(engine, directory, files, given);
    given.onReport?.(report);
    return update;
  }
  const control = new native.binding.ExtractControl();
  const json = await watched(control, given, () =>
    native.binding.refreshFiles(native.index, directory, joined(files), given, control),
  );
  return JSON.parse(json) as UpdateReport;
}

function nativeOf(engine: SymbolsEngine) {
  if (!(engine instanceof NativeEngine)) return null;
  const binding = selectNative('native');
  return binding === null ? null : { binding, index: engine.index };
}

type Control = import('./index-workspace-running').Control;

/** Waits for the work of a binding, with progress and an end from outside. */
async function watched<Result>(
  control: Control,
  { signal, onProgress, onReport }: CheckedWorkspace,
  work: () => Promise<Result>,
): Promise<Result> {
  const running = new Running(control, signal);
  const tell = (): void => {
    const [filesDone = 0, filesTotal = 0, symbols = 0] = control.progress();
    onProgress?.({ filesDone, filesTotal, symbols });
  };
  const timer = onProgress && setInterval(() => running.attempt(tell), PROGRESS_MS);
  try {
    const result = await running.ask(work);
    tell();
    onReport?.(JSON.parse(control.report()) as WorkspaceReport);
    return result;
  } finally {
    clearInterval(timer);
    running.release();
  }
}

function joined(files: readonly string[]): Buffer {
  return Buffer.from(files.join('\0'));
}
