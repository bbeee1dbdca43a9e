/** Values from text: V8's parser, behind limits. */

import { JSON_CODES } from './codes';
import { checkOptions, checkText, decode } from './input';
import { type ParseLimits, validate } from './text';

/**
 * What `JSON.parse` gives, by `JSON.parse`; its errors have codes and places. With limits the text is checked first. Bytes are
 * UTF-8, and an error where they are not.
 *
 * @throws FishplateError `INPUT_INVALID`, `OPTION_INVALID`, `JSON_INVALID`, `TEXT_NOT_UTF8`, `TOO_LARGE`, `TOO_DEEP`,
 *   `TOO_MANY_KEYS`, `KEY_DUPLICATE`, `KEY_FORBIDDEN`.
 */
export function parse<T = unknown>(text: string | Uint8Array, limits?: ParseLimits): T {
  if (limits !== undefined) return limited(text, limits) as T;
  if (typeof text === 'string') {
    try {
      return JSON.parse(text) as T;
    } catch (error) {
      throw refused(text, {}, error);
    }
  }
  const bytes = checkText(text) as Uint8Array;
  const decoded = decode(bytes);
  if (decoded === undefined) throw refused(bytes, {});
  try {
    return JSON.parse(decoded) as T;
  } catch (error) {
    throw refused(bytes, {}, error);
  }
}

function limited(text: string | Uint8Array, limits: ParseLimits): unknown {
  checkOptions(limits);
  const given = checkText(text);
  const { maxDepth, maxKeys, maxLength, duplicateKeys, protoKeys } = limits;
  const isLimited = [maxDepth, maxKeys, maxLength, duplicateKeys].some((limit) => limit !== undefined);
  if (isLimited || protoKeys !== undefined) {
    if (!validate(given, limits).ok) throw refused(given, limits);
  }
  const value = parse(given);
  if (protoKeys === 'remove') removeProto(value);
  return value;
}

function refused(text: string | Uint8Array, limits: ParseLimits, cause?: unknown) {
  const outcome = validate(text, limits);
  if (outcome.ok) {
    // What V8 refuses and this track does not: nothing, unless one of them is wrong.
    const message = cause instanceof Error ? cause.message : String(cause);
    return JSON_CODES.error('ENGINE_FAULT', `V8 refuses the text: ${message}`, { cause });
  }
  const { code, offset, line, column, message } = outcome;
  const where = `offset ${offset}, line ${line}, column ${column}`;
  return JSON_CODES.error(code as 'JSON_INVALID', `${message} (${where})`, {
    details: { offset, line, column },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Removes own properties named `__proto__`, at any depth. */
function removeProto(root: unknown): void {
  const left: unknown[] = [root];
  while (left.length > 0) {
    const value = left.pop();
    if (typeof value !== 'object' || value === null) continue;
    if (!Array.isArray(value) && Object.hasOwn(value, '__proto__')) {
      delete (value as Record<string, unknown>)['__proto__'];
    }
    for (const part of Object.values(value)) {
      if (typeof part === 'object' && part !== null) left.push(part);
    }
  }
}
