/** Documents that are still being written, as the arguments of a tool call are while they stream. */

import { JSON_CODES } from '../codes';
import { checkLimit, checkOptions, checkString, checkWord } from '../input';
import { PartialReader } from './reader';

/** What is there of a document so far. */
export interface Snapshot<T = unknown> {
  /**
   * The value so far; undefined before it begins. A string may lack its end, a literal is whole from its first letter on, a number
   * is what its digits so far say, and a member is there once its value begins.
   */
  readonly value: T | undefined;
  /** Whether the document is whole. A number at the top is never sure to be, until the end. */
  readonly complete: boolean;
  /** Keys and indices that lead to what is being written; empty at the top, and once all is there. */
  readonly path: (string | number)[];
}

/** Options of {@link parsePartial}. */
export interface PartialOptions {
  /** Levels of objects and arrays; 1,000 unless given. */
  readonly maxDepth?: number | undefined;
  /** Code units; unlimited unless given. */
  readonly maxLength?: number | undefined;
}

/** Options of {@link createPartialParser}. */
export interface PartialParserOptions extends PartialOptions {
  /**
   * `live`, the default: every snapshot has the same value, which grows in place; a push takes time in its own length. `frozen`:
   * objects and arrays of a snapshot never change, and what did not change is shared between snapshots, as interfaces that compare
   * by identity need it; a push also copies the containers that are open, which is linear in their own members.
   */
  readonly snapshots?: 'live' | 'frozen' | undefined;
}

/** Reads a document in chunks. */
export interface PartialParser<T = unknown> {
  /** Takes in more of the text. @throws FishplateError `INPUT_INVALID`, `JSON_INVALID`, `TOO_DEEP`, `TOO_LARGE`, `PARSER_ENDED`. */
  push(chunk: string): Snapshot<T>;
  /** The whole value. @throws FishplateError `JSON_INVALID` where the text has ended too early. */
  end(): T;
}

/** The most levels that there are unless more are asked for: arguments of tools have a few. */
const MAX_DEPTH = 1000;

/**
 * What a document says that is not all there.
 *
 * @throws FishplateError `INPUT_INVALID`, `OPTION_INVALID`, `JSON_INVALID` where no more text could make it JSON, `TOO_DEEP`, `TOO_LARGE`.
 */
export function parsePartial<T = unknown>(text: string, options?: PartialOptions): Snapshot<T> {
  checkString(text, 'text');
  return createPartialParser<T>(options).push(text);
}

/**
 * A parser for a document that comes in chunks. Its work is linear in the text, however small the chunks are.
 *
 * @throws FishplateError `OPTION_INVALID`.
 */
export function createPartialParser<T = unknown>(wanted?: PartialParserOptions): PartialParser<T> {
  const options = checkOptions(wanted);
  const maxLength = checkLimit(options.maxLength, 'maxLength');
  const reader = new PartialReader(checkLimit(options.maxDepth, 'maxDepth', MAX_DEPTH));
  const isFrozen = checkWord(options.snapshots, 'snapshots', ['live', 'frozen'], 'live') === 'frozen';
  let length = 0;
  let isOver = false;
  const guarded = <Result>(work: () => Result): Result => {
    if (isOver) throw JSON_CODES.error('PARSER_ENDED', 'the parser has ended');
    isOver = true;
    const result = work();
    isOver = false;
    return result;
  };
  return {
    push(chunk) {
      checkString(chunk, 'chunk');
      return guarded(() => {
        length += chunk.length;
        if (length > maxLength) throw JSON_CODES.error('TOO_LARGE', `longer than ${maxLength} code units`);
        if (isFrozen) reader.fork();
        reader.read(chunk);
        const { value, complete, path } = reader.state();
        return { value: value as T | undefined, complete, path };
      });
    },
    end() {
      const value = guarded(() => reader.end() as T);
      isOver = true;
      return value;
    },
  };
}
