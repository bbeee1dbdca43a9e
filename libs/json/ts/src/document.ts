/** Lazy documents. */

import { JSON_CODES } from './codes';
import {
  type DocumentReader,
  engineFor,
  type EngineOptions,
  type Failure,
  isFailure,
  resultOf,
} from './engine';
import { asString, checkBytes, checkOptions, kind } from './input';
import { parse } from './parse';

/** A JSON pointer (RFC 6901), or the keys and indices that it would name. */
export type JsonPath = string | readonly (string | number)[];

/**
 * A document that is read where it is asked about. A question checks the containers on its way, each of which is read once, and
 * the value that it returns; what no question touched may be anything.
 */
export interface JsonDocument {
  /** The value at a path; undefined where there is none. @throws FishplateError `JSON_INVALID`, `POINTER_INVALID`, `DOCUMENT_CLOSED`. */
  get<T = unknown>(path: JsonPath): T | undefined;
  /** The text of the value at a path, as it is written and not checked; undefined where there is none. */
  slice(path: JsonPath): string | undefined;
  /** The keys of the object at a path; undefined where there is no object. */
  keys(path: JsonPath): string[] | undefined;
  /** How many members or elements the value at a path has; undefined where there is none that has any. */
  count(path: JsonPath): number | undefined;
  /** Frees the copy of the text. Asking afterwards is an error; closing twice is none. */
  close(): void;
}

/**
 * Opens a document of UTF-8, of which it keeps a copy. Of the text nothing is checked but that it is UTF-8.
 *
 * @throws FishplateError `INPUT_INVALID`, `TEXT_NOT_UTF8`, `TOO_LARGE`; `JSON_INVALID` where there is nothing but white space.
 */
export function openJson(buffer: Uint8Array, options?: EngineOptions): JsonDocument {
  const { NativeDocument } = engineFor(checkOptions(options).engine);
  const reader = new NativeDocument(checkBytes(buffer, 'buffer'));
  resultOf(reader.failure());
  return new LazyDocument(reader);
}

class LazyDocument implements JsonDocument {
  constructor(private reader: DocumentReader | undefined) {}

  get<T>(path: JsonPath): T | undefined {
    const pointer = pointerOf(path);
    const reader = this.open();
    const text = ask(
      asString(() => reader.slice(pointer)),
      path,
    );
    if (text === null) return undefined;
    try {
      return JSON.parse(text) as T;
    } catch {
      return refuse(text, reader.start(pointer));
    }
  }

  slice(path: JsonPath): string | undefined {
    const [reader, pointer] = [this.open(), pointerOf(path)];
    return (
      ask(
        asString(() => reader.slice(pointer)),
        path,
      ) ?? undefined
    );
  }

  keys(path: JsonPath): string[] | undefined {
    return ask(this.open().keys(pointerOf(path)), path) ?? undefined;
  }

  count(path: JsonPath): number | undefined {
    return ask(this.open().count(pointerOf(path)), path) ?? undefined;
  }

  close(): void {
    this.reader = undefined;
  }

  private open(): DocumentReader {
    if (this.reader !== undefined) return this.reader;
    throw JSON_CODES.error('DOCUMENT_CLOSED', 'the document was closed');
  }
}

function ask<Answer extends string | number | string[] | null>(
  answer: Answer | Failure,
  path: JsonPath,
): Answer {
  if (isFailure(answer) && (answer.code === 'POINTER_INVALID' || answer.code === 'TOO_DEEP')) {
    const shown = typeof path === 'string' ? JSON.stringify(path.slice(0, 100)) : `of ${path.length} parts`;
    throw JSON_CODES.error(answer.code, `the pointer ${shown}: ${answer.message}`);
  }
  return resultOf<Answer>(answer);
}

/** Reads a value that is no JSON once more, for where in the document that is. */
function refuse(text: string, start: number): never {
  try {
    parse(Buffer.from(text));
  } catch (error) {
    const { message, details } = error as { message: string; details: { offset: number } };
    const offset = start + details.offset;
    const reason = message.replace(/ \(.*$/, '');
    throw JSON_CODES.error('JSON_INVALID', `${reason} (offset ${offset})`, { details: { offset } });
  }
  throw JSON_CODES.error('ENGINE_FAULT', 'a value that was refused was accepted');
}

export function pointerOf(path: unknown): string {
  if (typeof path === 'string') return path;
  if (Array.isArray(path) && path.every((part) => typeof part === 'string' || typeof part === 'number')) {
    return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
  }
  throw JSON_CODES.error(
    'INPUT_INVALID',
    `path must be a JSON pointer or an array of keys, and is ${kind(path)}`,
  );
}
