/** What both engines offer, and the choice between them. A text that is refused is a value here; callers throw it. */

import type { EngineChoice } from '@fishplate/engine';

import { JSON_CODES, type JsonCode } from './codes';
import { selectNative } from './native';

/** A place of a text. */
export interface Place {
  readonly bytes: number;
  /** UTF-16 code units. */
  readonly units: number;
  readonly line: number;
  readonly column: number;
}

/** Why a text was refused. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly place?: Place;
}

/** A value without parts. */
export type Scalar = string | number | boolean | null;

/** What a line must hold. */
export interface LineTest {
  readonly pointer: string;
  readonly equals?: Scalar[];
}

/** A document that is read where it is asked about. Values are null where there are none. */
export interface DocumentReader {
  failure(): Failure | null;
  slice(pointer: string): string | null | Failure;
  /** Where a value begins, in bytes. */
  start(pointer: string): number;
  count(pointer: string): number | null | Failure;
  keys(pointer: string): string[] | null | Failure;
}

/** Reads lines. */
export interface LineReader {
  /** The next lines: offset and line that were come to, then number, start and end of each. */
  read(text: Uint8Array, offset: number, line: number, most: number): Float64Array | Failure;
}

/** One of the two engines. */
export interface JsonEngine {
  check(
    text: string | Uint8Array,
    maxDepth: number,
    maxKeys: number,
    duplicateKeys: boolean,
    protoKeys: boolean,
  ): Failure | null;
  canonicalText(text: string | Uint8Array, duplicateKeys: boolean, loneSurrogates: boolean): string | Failure;
  canonicalHash(text: string | Uint8Array, duplicateKeys: boolean): string | Failure;
  minify(text: string | Uint8Array): string | Failure;
  format(text: string | Uint8Array, indent: string): string | Failure;
  readonly NativeDocument: new (bytes: Uint8Array) => DocumentReader;
  readonly NativeLines: new (conditions: LineTest[], check: boolean) => LineReader;
}

/** Options of functions that both engines have. */
export interface EngineOptions {
  /** Which engine to use; `auto` unless given. */
  readonly engine?: EngineChoice | undefined;
}

let script: JsonEngine | undefined;

/** @throws FishplateError where the engine asked for cannot be had. */
export function engineFor(choice: EngineChoice | undefined): JsonEngine {
  return selectNative(choice) ?? (script ??= loadScript());
}

function loadScript(): JsonEngine {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  return require('./fallback/engine') as typeof import('./fallback/engine');
}

/** A result, or its failure thrown. Offsets count what the caller gave: code units of a string, bytes of bytes. */
export function resultOf<Result extends string | number | Float64Array | string[] | null>(
  outcome: Result | Failure,
  text?: string | Uint8Array,
): Result {
  if (isFailure(outcome)) throw errorOf(outcome, typeof text === 'string');
  return outcome;
}

export function isFailure(outcome: unknown): outcome is Failure {
  return typeof outcome === 'object' && outcome !== null && 'code' in outcome;
}

/** The error of a failure. */
export function errorOf({ code, message, place }: Failure, isString: boolean) {
  if (place === undefined) return JSON_CODES.error(code as JsonCode, message);
  const { line, column } = place;
  const offset = isString ? place.units : place.bytes;
  const where = `offset ${offset}, line ${line}, column ${column}`;
  return JSON_CODES.error(code as JsonCode, `${message} (${where})`, { details: { offset, line, column } });
}
