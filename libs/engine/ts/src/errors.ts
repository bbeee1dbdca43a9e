/**
 * The one error class of Fishplate: what went wrong, in which track, and what to do next.
 *
 * Malformed input, limits and faults throw it; expected outcomes (no match, denied) are returned values.
 */

/** Marks instances across copies of this package, where `instanceof` would fail. */
const BRAND = Symbol.for('fishplate.error');

/** What a {@link FishplateError} is made of. */
export interface FishplateErrorInit {
  /** Stable, upper-case identifier, explained in docs/errors.md. */
  readonly code: string;
  /** The track that raised it: `diff`, `engine`, `runtime`, ... */
  readonly track: string;
  /** What was wrong, and where. */
  readonly message: string;
  /** What to do next. */
  readonly hint: string;
  /** The underlying error, where there is one. */
  readonly cause?: unknown;
  /** Machine-readable particulars (line numbers, sizes, limits); JSON values only. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** An error with a code, the track it came from, and a hint. */
export class FishplateError extends Error {
  override readonly name = 'FishplateError';
  readonly code: string;
  readonly track: string;
  readonly hint: string;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(init: FishplateErrorInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.code = init.code;
    this.track = init.track;
    this.hint = init.hint;
    this.details = init.details;
    Object.defineProperty(this, BRAND, { value: true });
  }

  /** The error as plain JSON, without stack or cause: safe to log and to send. */
  toJSON(): { name: string; code: string; track: string; message: string; hint: string; details?: unknown } {
    const { name, code, track, message, hint, details } = this;
    return { name, code, track, message, hint, ...(details === undefined ? {} : { details }) };
  }
}

/** True for a {@link FishplateError}, also one made by another copy of this package in the same process. */
export function isFishplateError(value: unknown): value is FishplateError {
  return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[BRAND] === true;
}
