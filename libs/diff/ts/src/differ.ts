/**
 * npm diff's `Diff` class and its instances, on the engine.
 *
 * What npm diff does to texts before and after the comparison (cutting into words, moving white space between
 * changes) stays npm diff's; the search for the shortest script between is the engine's.
 */

import * as npm from 'diff';

import type { NativeDiffOptions } from '@fishplate/diff-native';

import { checkTokenSize } from './fallback/bytes';
import { checkFunction, checkOptions } from './input';
import { type Limits, strictSettings } from './limits';
import { type CancelToken, type DiffNative, runOnThread, selectNative, withCodes } from './native';
import type { EngineOption } from './results';

/** Options that the functions of npm diff take, of all kinds. */
export interface DiffOptions extends Limits, EngineOption {
  callback?: (changes: never) => void;
  comparator?: unknown;
  ignoreCase?: boolean;
  ignoreNewlineAtEof?: boolean;
  ignoreWhitespace?: boolean;
  intlSegmenter?: unknown;
  newlineIsToken?: boolean;
  oneChangePerToken?: boolean;
  stripTrailingCr?: boolean;
}

type Given = DiffOptions | ((changes: never) => void) | null | undefined;
type Changes = npm.ChangeObject<unknown>[];
type Answer = (changes: Changes | undefined) => void;

/** What stands for a token when tokens are compared: equal keys are equal tokens. */
type KeyOf = (token: never, options: DiffOptions) => unknown;

/** The members that npm diff's declarations call private. */
interface Internals {
  equals: unknown;
  buildValues(last: Component | undefined, newTokens: unknown[], oldTokens: unknown[]): Changes;
  postProcess(changes: Changes, options: DiffOptions): Changes;
}

/** A run of tokens as npm diff links them, last first. */
interface Component {
  count: number;
  added: boolean;
  removed: boolean;
  previousComponent: Component | undefined;
}

interface NpmPrototype extends Internals {
  diff(oldValue: unknown, newValue: unknown, options: Given): unknown;
  diffWithOptionsObj(
    oldTokens: unknown[],
    newTokens: unknown[],
    options: DiffOptions,
    callback?: Answer,
  ): unknown;
}
const npmPrototype = npm.Diff.prototype as unknown as NpmPrototype;

/** Calls of the binding that compare one kind of input, on this thread and on another. */
export interface Runner {
  run(native: DiffNative, settings: NativeDiffOptions): Uint32Array | null;
  runAsync(native: DiffNative, settings: NativeDiffOptions, token: CancelToken): Promise<Uint32Array | null>;
}

/** A runner on texts, which its runs are cut from. */
export interface TextRunner extends Runner {
  readonly oldText: string;
  readonly newText: string;
}

/**
 * npm diff's `Diff`: the base of differs of one's own, which override `tokenize`, `join`, `castInput` and the like.
 *
 * A differ with an `equals` or a `comparator` of its own is answered by npm diff itself.
 */
export const Diff = class Diff extends npm.Diff<unknown> {} as unknown as typeof npm.Diff;
Object.defineProperties(Diff.prototype, {
  diff: { value: diffOf(npmPrototype), configurable: true, writable: true },
  diffWithOptionsObj: {
    value: tokensBy((differ) => (differ.equals === npmPrototype.equals ? plainKey : null)),
    configurable: true,
    writable: true,
  },
});

/** `model` with the engine behind it. Tokens are equal where `keyOf` gives the same for them. */
export function onEngine<Differ extends object>(
  model: Differ,
  keyOf: KeyOf,
  runnerOf?: (oldText: string, newText: string, options: DiffOptions) => TextRunner | null,
): Differ {
  const base = Object.getPrototypeOf(model) as NpmPrototype;
  const viaTokens = diffOf(base);
  return Object.create(model, {
    diff: {
      value(this: Internals, oldText: unknown, newText: unknown, given: Given) {
        const options = optionsOf(given);
        const runner =
          typeof oldText === 'string' && typeof newText === 'string'
            ? runnerOf?.(oldText, newText, options)
            : null;
        const native = selectNative(options.engine);
        const settings = strictSettings(options);
        if (native === null || settings === null || !runner || isPerToken(options)) {
          return viaTokens.call(this, oldText, newText, given);
        }
        const finish = (runs: Uint32Array): Changes => this.postProcess(changesOf(runs, runner), options);
        return answer(native, settings, runner, finish, options.callback as Answer | undefined);
      },
    },
    diffWithOptionsObj: { value: tokensBy(() => keyOf) },
  }) as Differ;
}

/** Options that only a comparison of single tokens can follow. */
function isPerToken(options: DiffOptions): boolean {
  return Boolean(
    options.comparator || options.ignoreCase || options.newlineIsToken || options.oneChangePerToken,
  );
}

/** The token itself, or its small letters. */
export function plainKey(token: unknown, { ignoreCase }: DiffOptions): unknown {
  return ignoreCase ? (token as string).toLowerCase() : token;
}

/** npm diff's `diff` of one prototype, behind checks of what it is given. */
function diffOf(prototype: NpmPrototype) {
  return function (this: Internals, oldValue: unknown, newValue: unknown, given: Given): unknown {
    const options = optionsOf(given);
    checkTokenSize(oldValue, 'oldStr');
    checkTokenSize(newValue, 'newStr');
    return prototype.diff.call(this, oldValue, newValue, options);
  };
}

function optionsOf(given: Given): DiffOptions {
  if (typeof given === 'function') return { callback: given };
  const options = checkOptions(given);
  if (options.callback) checkFunction(options.callback, 'callback');
  if (options.comparator) checkFunction(options.comparator, 'comparator');
  // npm diff asks whether there is a callback by `in`, and calls it.
  if ('callback' in options && !options.callback) {
    const { callback: _, ...rest } = options;
    return rest;
  }
  return options;
}

/** npm diff's `diffWithOptionsObj` on the engine, for a differ whose tokens have these keys; null leaves it to npm diff. */
function tokensBy(keyOf: (differ: Internals) => KeyOf | null) {
  return function (
    this: Internals,
    oldTokens: unknown[],
    newTokens: unknown[],
    options: DiffOptions,
    callback?: Answer,
  ): unknown {
    return compareTokens.call(this, keyOf(this), oldTokens, newTokens, options, callback);
  };
}

function compareTokens(
  this: Internals,
  keyOf: KeyOf | null,
  oldTokens: unknown[],
  newTokens: unknown[],
  options: DiffOptions,
  callback: Answer | undefined,
): unknown {
  const native = selectNative(options.engine);
  const settings = strictSettings(options);
  if (native === null || settings === null || keyOf === null || options.comparator) {
    return npmPrototype.diffWithOptionsObj.call(this, oldTokens, newTokens, options, callback);
  }
  const number = numbering(keyOf, options);
  const [oldIds, newIds] = [number(oldTokens), number(newTokens)];
  const runner: Runner = {
    run: (binding, given) => binding.tokenRuns(oldIds, newIds, given),
    runAsync: (binding, given, token) => binding.tokenRunsAsync(oldIds, newIds, given, token),
  };
  const finish = (runs: Uint32Array): Changes => {
    const last = components(runs, Boolean(options.oneChangePerToken));
    return this.postProcess(this.buildValues(last, newTokens, oldTokens), options);
  };
  return answer(native, settings, runner, finish, callback);
}

/** Runs a comparison and gives its changes, or hands them to `callback` later. */
function answer(
  native: DiffNative,
  settings: NativeDiffOptions,
  runner: Runner,
  finish: (runs: Uint32Array) => Changes,
  callback: Answer | undefined,
): Changes | undefined {
  const changes = (runs: Uint32Array | null): Changes | undefined =>
    runs === null ? undefined : finish(runs);
  if (!callback) return changes(withCodes(() => runner.run(native, settings)));
  // A callback of npm diff has no place for an error: a comparison past the memory limit ends like one past `timeout`.
  runOnThread(native, (token) => runner.runAsync(native, settings, token)).then(
    // On a timer of its own, so that what the callback throws is uncaught, as with npm diff, and not a rejection.
    (runs) => setTimeout(() => callback(changes(runs)), 0),
    () => setTimeout(() => callback(undefined), 0),
  );
  return undefined;
}

/** Gives each distinct key a number. */
function numbering(keyOf: KeyOf, options: DiffOptions): (tokens: unknown[]) => Uint32Array {
  const numbers = new Map<unknown, number>();
  let next = 0;
  return (tokens) =>
    Uint32Array.from(tokens, (token) => {
      const key = keyOf(token as never, options);
      const known = numbers.get(key);
      // A Map finds NaN; `===`, which npm diff compares with, does not.
      if (known !== undefined && key === key) return known;
      numbers.set(key, next);
      return next++;
    });
}

/** Numbers of a run in the binding's answer: kind, tokens, and start and end in the text that shows it. */
const RUN_WIDTH = 4;
const REMOVED = 1;
const ADDED = 2;

function changesOf(runs: Uint32Array, { oldText, newText }: TextRunner): Changes {
  const changes: Changes = [];
  for (let at = 0; at < runs.length; at += RUN_WIDTH) {
    const kind = runs[at];
    const text = kind === REMOVED ? oldText : newText;
    changes.push({
      count: runs[at + 1]!,
      added: kind === ADDED,
      removed: kind === REMOVED,
      value: text.slice(runs[at + 2], runs[at + 3]),
    });
  }
  return changes;
}

function components(runs: Uint32Array, isPerToken: boolean): Component | undefined {
  let last: Component | undefined;
  for (let at = 0; at < runs.length; at += RUN_WIDTH) {
    const tokens = runs[at + 1]!;
    const count = isPerToken ? 1 : tokens;
    for (let done = 0; done < tokens; done += count) {
      last = {
        count,
        added: runs[at] === ADDED,
        removed: runs[at] === REMOVED,
        previousComponent: last,
      };
    }
  }
  return last;
}
