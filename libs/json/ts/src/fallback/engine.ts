/** The engine in TypeScript: the answers and failures of the core. */

import { createHash } from 'node:crypto';

import type { Failure } from '../engine';
import { writeStable } from '../stable/writer';
import { onText } from './failures';
import { layout } from './layout';
import { nameOf } from './names';
import { Refusal, scan, type Sink } from './scan';

export { ScriptDocument as NativeDocument } from './document';
export { ScriptLines as NativeLines } from './lines';

const LONE_SURROGATE = /\p{Surrogate}/u;

/** The longest string of V8, in code units. */
const LONGEST_STRING = 0x1fffffe8;

export function check(
  given: string | Uint8Array,
  maxDepth: number,
  maxKeys: number,
  duplicateKeys: boolean,
  protoKeys: boolean,
): Failure | null {
  const isUnlimited = maxDepth === Infinity && maxKeys === Infinity && duplicateKeys && protoKeys;
  return onText(given, (text) => {
    if (isUnlimited && isJson(text)) return null;
    let keys = 0;
    scan(text, maxDepth, {
      ...NO_SINK,
      key(start, end) {
        if (++keys > maxKeys) throw new Refusal(start, `more than ${maxKeys} keys`, 'TOO_MANY_KEYS');
        if (!protoKeys && nameOf(text, start, end) === '__proto__') {
          throw new Refusal(start, 'the key __proto__ is not allowed', 'KEY_FORBIDDEN');
        }
      },
    });
    if (!duplicateKeys) refuseDuplicates(text);
    return null;
  });
}

export function canonicalText(
  given: string | Uint8Array,
  duplicateKeys: boolean,
  loneSurrogates: boolean,
): string | Failure {
  return onText(given, (text) => canonical(text, duplicateKeys, loneSurrogates));
}

export function canonicalHash(given: string | Uint8Array, duplicateKeys: boolean): string | Failure {
  return onText(given, (text) =>
    createHash('sha256')
      .update(canonical(text, duplicateKeys, true))
      .digest('hex'),
  );
}

export function minify(given: string | Uint8Array): string | Failure {
  return onText(given, (text) => layout(text, undefined, LONGEST_STRING));
}

export function format(given: string | Uint8Array, indent: string): string | Failure {
  return onText(given, (text) => layout(text, indent, LONGEST_STRING));
}

function canonical(text: string, duplicateKeys: boolean, loneSurrogates: boolean): string {
  // The scan is for what is wrong and where; V8 reads what is right.
  if (!isJson(text)) scan(text, Infinity, NO_SINK);
  if (!duplicateKeys) refuseDuplicates(text);
  const mayBeInfinite = /[eE]\+?\d{2}|\d{250}/.test(text);
  const mayBeLone = !loneSurrogates && /[\ud800-\udfff]|\\u[dD][89a-fA-F]/.test(text);
  if (mayBeInfinite || mayBeLone) refuseFormless(text, mayBeLone);
  return writeStable(JSON.parse(text), false)!;
}

/** Refuses the first number that is infinite, or string with a lone surrogate. */
function refuseFormless(text: string, refuseLone: boolean): void {
  const look = (start: number, end: number): void => {
    const first = text[start]!;
    if (first === '"') {
      if (!refuseLone || !LONE_SURROGATE.test(nameOf(text, start, end))) return;
      throw new Refusal(start, 'the string holds half of a surrogate pair', 'LONE_SURROGATE');
    }
    if ('tfn'.includes(first) || Number.isFinite(Number(text.slice(start, end)))) return;
    throw new Refusal(start, 'the number is beyond what a double holds', 'NUMBER_NOT_FINITE');
  };
  scan(text, Infinity, { ...NO_SINK, key: look, atom: look });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The first key, in the order in which objects begin, that its object has already. */
function refuseDuplicates(text: string): void {
  const open: { readonly start: number; readonly names: Set<string> | undefined; first: number }[] = [];
  let [object, found] = [Infinity, -1];
  scan(text, Infinity, {
    ...NO_SINK,
    open(start, isObject) {
      open.push({ start, names: isObject ? new Set() : undefined, first: -1 });
    },
    close() {
      open.pop();
    },
    key(start, end) {
      const current = open[open.length - 1]!;
      const name = nameOf(text, start, end);
      if (!current.names!.has(name)) current.names!.add(name);
      else if (current.first < 0) {
        current.first = start;
        if (current.start < object) [object, found] = [current.start, start];
      }
    },
  });
  if (found >= 0) throw new Refusal(found, 'the key is there twice in its object', 'KEY_DUPLICATE');
}

const NO_SINK: Sink = {
  open: () => undefined,
  close: () => undefined,
  key: () => undefined,
  atom: () => undefined,
  comma: () => undefined,
};
