/** Tables of error codes: each track declares its own once; docs/errors.md is generated from them. */

import { FishplateError } from './errors';

/** What a code means, and what its reader should do. Both are sentences. */
export interface CodeEntry {
  /** What went wrong, in general. */
  readonly summary: string;
  /** What to do next; the default `hint` of its errors. */
  readonly hint: string;
}

/** What may be added to the error of one occurrence. */
export interface ErrorParticulars {
  /** Replaces the code's general hint. */
  readonly hint?: string;
  readonly cause?: unknown;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** The codes of one track. */
export interface ErrorCodes<Code extends string> {
  readonly track: string;
  readonly entries: Readonly<Record<Code, CodeEntry>>;
  /** Makes (does not throw) an error of this table; `message` says what was wrong and where. */
  error(code: Code, message: string, particulars?: ErrorParticulars): FishplateError;
}

/** Declares the error codes of a track. */
export function defineCodes<const Entries extends Readonly<Record<string, CodeEntry>>>(
  track: string,
  entries: Entries,
): ErrorCodes<Extract<keyof Entries, string>> {
  return {
    track,
    entries,
    error(code, message, particulars = {}) {
      return new FishplateError({
        code,
        track,
        message,
        hint: particulars.hint ?? entries[code]!.hint,
        ...(particulars.cause === undefined ? {} : { cause: particulars.cause }),
        ...(particulars.details === undefined ? {} : { details: particulars.details }),
      });
    },
  };
}

/** Error codes of the engine package itself. */
export const ENGINE_CODES = defineCodes('engine', {
  ENGINE_CHOICE_INVALID: {
    summary: 'An engine was asked for by a word that is none of auto, native, fallback.',
    hint: 'Use auto, native or fallback; the message names the place that holds the other word.',
  },
  BINDING_MISSING: {
    summary: 'The native engine was asked for, and no binding for this platform is installed.',
    hint: 'Reinstall without --omit=optional, or in a clone run `npm start` with Rust and a C compiler; or ask for engine auto or fallback.',
  },
  BINDING_LOAD_FAILED: {
    summary: 'A binding for this platform is installed, and loading it failed.',
    hint: "The cause holds the loader's words (often a missing or older C library). Reinstall, or ask for engine auto or fallback.",
  },
  BINDING_VERSION_MISMATCH: {
    summary: 'The binding found is not of the same version as the library that loads it.',
    hint: 'Install the same version of both (delete node_modules and install again); in a clone rebuild with `npm start`.',
  },
});
