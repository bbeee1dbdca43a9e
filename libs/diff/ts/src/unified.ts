/** Text in, patch out: `unifiedDiff` for strings and bytes. */

import { type NativeDiff, type NativeDiffOptions } from '@fishplate/diff-native';
import { FILE_HEADERS_ONLY, formatPatch } from 'diff';

import { DIFF_CODES } from './codes';
import { unifiedHunks } from './fallback/unified';
import { checkScriptSize } from './fallback/bytes';
import { checkCount, checkOptions, checkText, describe, type TextInput } from './input';
import { coded, runOnThread, selectNative, withCodes } from './native';
import type { EngineOption, TextOf, UnifiedDiff } from './results';

/** Options of {@link unifiedDiff}. */
export interface UnifiedDiffOptions extends EngineOption {
  /** Unchanged lines around each change; 3 unless given, as in GNU diff and git. `Infinity` shows all. */
  readonly context?: number;
  /** Name after `---`; `a` unless given. `/dev/null` says that the file is new. */
  readonly oldPath?: string;
  /** Name after `+++`; `b` unless given. `/dev/null` says that the file is deleted. */
  readonly newPath?: string;
  /**
   * `auto` (the default) is `exact` up to a fixed amount of counted work, then a faster engine; the choice depends
   * on the texts alone, never on the clock. The result says which one ran.
   */
  readonly algorithm?: 'auto' | 'exact' | 'histogram' | 'patience';
  /** Milliseconds after which the engine turns to a coarser, still correct diff; none unless given. */
  readonly timeoutMs?: number;
}

/** Options of {@link unifiedDiffAsync}. */
export interface UnifiedDiffAsyncOptions extends UnifiedDiffOptions {
  /** Rejects with the signal's reason when it aborts; a running comparison stops soon after. */
  readonly signal?: AbortSignal;
}

const ALGORITHMS: ReadonlySet<string> = new Set(['auto', 'exact', 'histogram', 'patience']);

/** The largest context that fits the binding's 32-bit counts; no text has more lines. */
const MAX_CONTEXT = 0xffff_ffff;

/**
 * Compares two texts by lines and gives the unified diff that turns the old one into the new one.
 *
 * Deterministic: the same texts and options give the same bytes on every platform. The hunks follow the format of
 * npm diff, which GNU patch and git read ("Unified Format" in the GNU diffutils manual). Lines end at `\n` only; a
 * `\r` before it belongs to the line. Equal texts give an empty patch.
 *
 * @param oldText - The text before. Strings may hold lone surrogates, bytes need not be UTF-8.
 * @param newText - The text after. Where one is a string and the other bytes, the string counts as UTF-8.
 * @throws FishplateError `INPUT_INVALID`, `INPUT_TOO_LARGE`, `OPTION_INVALID`, `OUTPUT_TOO_LARGE`.
 */
export function unifiedDiff<Old extends TextInput, New extends TextInput>(
  oldText: Old,
  newText: New,
  options: UnifiedDiffOptions = {},
): UnifiedDiff<TextOf<Old | New>> {
  const given = checkOptions(options);
  const request = prepare(oldText, newText, given);
  const native = selectNative(given.engine);
  if (native === null) return compareInScript(request);
  return withCodes(() => {
    // Without `strict` the binding always has an answer.
    const diff = native.diffLines(request.oldText, request.newText, request.settings)!;
    return finish(request, diff, 'native');
  });
}

/**
 * {@link unifiedDiff} on a thread of the pool: for texts of megabytes, where the event loop must not wait.
 *
 * The texts are copied before the call returns, so a Buffer may change afterwards. The fallback has no thread; it
 * compares on the event loop, in a later turn.
 */
export async function unifiedDiffAsync<Old extends TextInput, New extends TextInput>(
  oldText: Old,
  newText: New,
  options: UnifiedDiffAsyncOptions = {},
): Promise<UnifiedDiff<TextOf<Old | New>>> {
  const { signal, ...rest } = checkOptions(options);
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw DIFF_CODES.error('OPTION_INVALID', `signal must be an AbortSignal, and is ${describe(signal)}`);
  }
  const request = prepare(oldText, newText, rest);
  signal?.throwIfAborted();
  const native = selectNative(rest.engine);
  if (native === null) {
    const copies = { ...request, oldText: copyOf(request.oldText), newText: copyOf(request.newText) };
    await new Promise(setImmediate);
    signal?.throwIfAborted();
    return compareInScript(copies);
  }
  return await runOnThread(native, async (token) => {
    const cancel = (): void => token.cancel();
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      const diff = await native.diffLinesAsync(request.oldText, request.newText, request.settings, token);
      signal?.throwIfAborted();
      return withCodes(() => finish(request, diff!, 'native'));
    } catch (error) {
      signal?.throwIfAborted();
      throw coded(error);
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  });
}

interface Request {
  readonly oldText: TextInput;
  readonly newText: TextInput;
  readonly oldPath: string;
  readonly newPath: string;
  readonly settings: NativeDiffOptions;
}

function prepare(oldText: TextInput, newText: TextInput, options: UnifiedDiffOptions): Request {
  const { context = 3, oldPath = 'a', newPath = 'b', algorithm = 'auto', timeoutMs } = options;
  if (context !== Infinity) checkCount(context, 'context');
  if (timeoutMs !== undefined) checkCount(timeoutMs, 'timeoutMs');
  for (const [name, path] of Object.entries({ oldPath, newPath })) {
    if (typeof path !== 'string') {
      throw DIFF_CODES.error('OPTION_INVALID', `${name} must be a string, and is ${describe(path)}`);
    }
  }
  if (!ALGORITHMS.has(algorithm)) {
    throw DIFF_CODES.error(
      'OPTION_INVALID',
      `algorithm must be one of ${[...ALGORITHMS].join(', ')}, and is ${describe(algorithm)}`,
    );
  }
  let before = checkText(oldText, 'oldText');
  let after = checkText(newText, 'newText');
  if (typeof before !== typeof after) {
    if (typeof before === 'string') before = Buffer.from(before);
    if (typeof after === 'string') after = Buffer.from(after);
  }
  const settings: NativeDiffOptions = {
    context: Math.min(context, MAX_CONTEXT),
    algorithm,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  };
  return { oldText: before, newText: after, oldPath, newPath, settings };
}

function compareInScript<Text extends string | Buffer>(request: Request): UnifiedDiff<Text> {
  checkScriptSize(request.oldText, 'oldText');
  checkScriptSize(request.newText, 'newText');
  return withCodes(() =>
    finish(request, unifiedHunks(request.oldText, request.newText, request.settings), 'js'),
  );
}

function copyOf(text: TextInput): TextInput {
  return typeof text === 'string' ? text : Buffer.from(text);
}

function finish<Text extends string | Buffer>(
  request: Request,
  diff: NativeDiff,
  engine: 'native' | 'js',
): UnifiedDiff<Text> {
  const { body, algorithm, added, removed, hunks } = diff;
  const header = hunks === 0 ? '' : fileHeader('---', request.oldPath) + fileHeader('+++', request.newPath);
  const patch = typeof body === 'string' ? header + body : Buffer.concat([Buffer.from(header), body]);
  return { patch: patch as Text, algorithm, engine, added, removed, hunks };
}

/** A name with a blank gets a tab after it, as git writes it: GNU patch would end the name at the blank. */
function fileHeader(marker: '---' | '+++', path: string): string {
  const [line] = formatPatch(
    { oldFileName: path, newFileName: path, oldHeader: undefined, newHeader: undefined, hunks: [] },
    FILE_HEADERS_ONLY,
  ).split('\n', 1);
  return `${marker}${line!.slice(3)}${path.includes(' ') && !line!.endsWith('"') ? '\t' : ''}\n`;
}
