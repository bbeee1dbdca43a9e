/** What a track's engine throws, as errors with the codes of its track. */

import type { ErrorCodes } from './codes';
import { type FishplateError, isFishplateError } from './errors';

/** What a track adds to the common translation. */
export interface EngineErrorOptions<Code extends string> {
  /** The code of an error that brings none along: `ENGINE_FAULT` unless said. */
  readonly uncoded?: (error: Error) => Code | undefined;
  /** Particulars that the message tells and the binding does not send. */
  readonly details?: (message: string) => Readonly<Record<string, unknown>> | undefined;
}

/** Translates the errors of one track's engine. */
export interface EngineErrors {
  /** The error of an engine as an error of its track; anything else as it is. */
  readonly coded: (error: unknown) => unknown;
  /** The error that a text of the binding stands for. */
  readonly fromText: (text: string, cause?: Error) => FishplateError;
  /** Runs `work` and translates what it throws. */
  readonly withCodes: <Result>(work: () => Result) => Result;
  /** The same for what is waited for. */
  readonly withCodesAsync: <Result>(work: () => Promise<Result>) => Promise<Result>;
}

/**
 * A binding's errors are texts, which both a call and a promise carry over: `CODE: message`, or with particulars three lines,
 * `CODE`, an object of JSON, the message.
 */
const CODED = /^([A-Z_]+)(?:: |\n(\{[^\n]*\})\n)(.*)$/s;

/** The translation of a track's errors. A text with a code that its table does not have is an `ENGINE_FAULT`. */
export function engineErrors<Code extends string>(
  codes: ErrorCodes<Code | 'ENGINE_FAULT'>,
  options: EngineErrorOptions<Code> = {},
): EngineErrors {
  function fromText(text: string, cause?: Error): FishplateError {
    const [, code, json, message] = CODED.exec(text) ?? [];
    if (code === undefined || message === undefined || !isCode(code)) {
      const uncoded = cause === undefined ? undefined : options.uncoded?.(cause);
      return codes.error(uncoded ?? 'ENGINE_FAULT', text, cause === undefined ? {} : { cause });
    }
    const sent = json === undefined ? undefined : (JSON.parse(json) as Record<string, unknown>);
    const details = sent ?? options.details?.(message);
    return codes.error(code, message, {
      ...(details === undefined || Object.keys(details).length === 0 ? {} : { details }),
      ...(cause === undefined ? {} : { cause }),
    });
  }

  function isCode(code: string): code is Code {
    return Object.hasOwn(codes.entries, code);
  }

  function coded(error: unknown): unknown {
    return isFishplateError(error) || !isError(error) ? error : fromText(error.message, error);
  }

  return {
    coded,
    fromText,
    withCodes: (work) => {
      try {
        return work();
      } catch (error) {
        throw coded(error);
      }
    },
    withCodesAsync: async (work) => {
      try {
        return await work();
      } catch (error) {
        throw coded(error);
      }
    },
  };
}

/** Also an error of another realm, and without a module of Node: browsers load this too. */
function isError(value: unknown): value is Error {
  return Object.prototype.toString.call(value) === '[object Error]';
}
