/** The input of a call while its model still writes it. */

import { createPartialParser, type Repair, repairJson } from '@fishplate/json';

import { RUNTIME_CODES } from '../codes.js';
import { CONFIG_DEFAULTS } from '../config/schema.js';

/** What is there of an input so far. */
export interface StreamedInput {
  /** Grows in place; undefined before it begins. A string in it may lack its end. */
  readonly input: unknown;
  readonly complete: boolean;
  /** Keys and indices that lead to what is being written. */
  readonly path: readonly (string | number)[];
}

/** Options of {@link readToolInput}. */
export interface StreamedInputOptions {
  /** Code units of the text, at most; the default of `limits.maxInputBytes` unless given. */
  readonly maxLength?: number;
}

/** Reads the arguments of one tool call as they stream. */
export interface ToolInputReader {
  /** Takes in a delta. Text that is no JSON any more ends what is shown, until {@link end}. @throws FishplateError `INPUT_TOO_LARGE`. */
  push(delta: string): StreamedInput;
  /**
   * The whole input, for `runtime.call`, and what had to be repaired of its text: nothing, as a rule. No text at all is no
   * arguments.
   *
   * @throws FishplateError `NOT_REPAIRABLE` of the json track.
   */
  end(): { readonly input: unknown; readonly repairs: readonly Repair[] };
}

/** A reader for the arguments of one tool call: its work is linear in their text, however small the deltas are. */
export function readToolInput(options: StreamedInputOptions = {}): ToolInputReader {
  const { maxLength = CONFIG_DEFAULTS.limits.maxInputBytes } = options;
  const parser = createPartialParser();
  const deltas: string[] = [];
  let [length, isBroken] = [0, false];
  let shown: StreamedInput = { input: undefined, complete: false, path: [] };
  return {
    push(delta) {
      length += delta.length;
      if (length > maxLength) {
        throw RUNTIME_CODES.error('INPUT_TOO_LARGE', `the arguments have more than ${maxLength} code units`);
      }
      deltas.push(delta);
      if (isBroken) return shown;
      try {
        const { value, complete, path } = parser.push(delta);
        shown = { input: value, complete, path };
      } catch {
        // What is wrong is told, or repaired, at the end.
        isBroken = true;
        shown = { ...shown, complete: false };
      }
      return shown;
    },
    end() {
      const text = deltas.join('');
      if (text.trim() === '') return { input: {}, repairs: [] };
      const { value, repairs } = repairJson(text);
      return { input: value, repairs };
    },
  };
}
