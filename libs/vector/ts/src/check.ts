/** What callers pass, looked at before an engine sees it. */

import { isFloat32Array } from 'node:util/types';

import type { EngineChoice } from '@fishplate/engine';

import { VECTOR_CODES } from './codes';
import { type Metric, METRICS } from './types';

/** The most numbers that a vector of an index has. */
export const MOST_DIMENSIONS = 65_536;

/** The longest key, in bytes of UTF-8. */
export const LONGEST_KEY = 65_535;

/** @throws FishplateError `INPUT_INVALID` where it is none, or has nothing in it. */
export function checkVector(vector: unknown, name: string): asserts vector is Float32Array {
  if (!isFloat32Array(vector)) {
    throw VECTOR_CODES.error('INPUT_INVALID', `${name} must be a Float32Array, and is ${described(vector)}`);
  }
  if (vector.length === 0) {
    throw VECTOR_CODES.error('INPUT_INVALID', `${name} is empty, or its memory was transferred elsewhere`);
  }
}

/** @throws FishplateError `INPUT_INVALID`, `DIMS_MISMATCH`. */
export function checkDims(vector: unknown, name: string, dims: number): asserts vector is Float32Array {
  checkVector(vector, name);
  if (vector.length !== dims) throw mismatch(name, vector.length, dims);
}

/** The error of a list that has another length than it must. */
export function mismatch(name: string, found: number, expected: number): Error {
  return VECTOR_CODES.error('DIMS_MISMATCH', `${name} has ${found} numbers, and ${expected} are needed`, {
    details: { found, expected },
  });
}

/** Rows of `dims` numbers, side by side; how many. Of none, 0. @throws FishplateError `INPUT_INVALID`, `DIMS_MISMATCH`. */
export function checkRows(vectors: unknown, name: string, dims: number): number {
  if (!isFloat32Array(vectors)) {
    throw VECTOR_CODES.error('INPUT_INVALID', `${name} must be a Float32Array, and is ${described(vectors)}`);
  }
  if (vectors.length % dims !== 0) {
    throw mismatch(`the last vector of ${name}`, vectors.length % dims, dims);
  }
  return vectors.length / dims;
}

/** The number of a metric. @throws FishplateError `OPTION_INVALID`. */
export function checkMetric(metric: unknown = 'cosine'): number {
  const number = METRICS.indexOf(metric as Metric);
  if (number < 0) throw invalid(`metric must be one of ${METRICS.join(', ')}`, metric);
  return number;
}

/** A whole number. @throws FishplateError `OPTION_INVALID`. */
export function checkCount(value: unknown, name: string, least: number, most: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
    throw invalid(`${name} must be a whole number from ${least} to ${most}`, value);
  }
  return value;
}

/** @throws FishplateError `OPTION_INVALID`. */
export function checkFlag(value: unknown, name: string): boolean | undefined {
  if (value !== undefined && typeof value !== 'boolean')
    throw invalid(`${name} must be true or false`, value);
  return value;
}

/** @throws FishplateError `OPTION_INVALID`. */
export function checkEngine(engine: unknown): EngineChoice | undefined {
  if (engine !== undefined && typeof engine !== 'string') {
    throw invalid('engine must be auto, native or fallback', engine);
  }
  return engine as EngineChoice | undefined;
}

/** @throws FishplateError `OPTION_INVALID` where options are none. */
export function checkOptions(options: unknown): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalid('options must be an object', options);
  }
}

/** @throws FishplateError `KEY_INVALID`. */
export function checkKey(key: unknown): asserts key is string {
  if (typeof key !== 'string') {
    throw VECTOR_CODES.error('KEY_INVALID', `a key must be a string, and is ${described(key)}`);
  }
  if (hasLoneSurrogate(key)) {
    throw VECTOR_CODES.error('KEY_INVALID', 'a key has half of a surrogate pair, which UTF-8 cannot say');
  }
  const bytes = key.length > LONGEST_KEY / 3 ? Buffer.byteLength(key) : key.length;
  if (key === '' || bytes > LONGEST_KEY) {
    throw VECTOR_CODES.error('KEY_INVALID', `a key must have 1 to ${LONGEST_KEY} bytes, and has ${bytes}`);
  }
}

/** The first number that is not finite, if there is one. @throws FishplateError `VECTOR_NOT_FINITE`. */
export function checkFinite(vector: Float32Array, what: string): void {
  for (let at = 0; at < vector.length; at++) {
    // Less itself, only a finite number is 0.
    if (vector[at]! - vector[at]! !== 0) {
      throw VECTOR_CODES.error(
        'VECTOR_NOT_FINITE',
        `${what} holds ${vector[at]} at ${at}; only finite numbers can be kept and searched for`,
      );
    }
  }
}

/** The error of an option. */
export function invalid(rule: string, value: unknown): Error {
  return VECTOR_CODES.error('OPTION_INVALID', `${rule}, and is ${described(value)}`);
}

/** Whether a text has half of a surrogate pair, which UTF-8 cannot say. */
export function hasLoneSurrogate(text: string): boolean {
  return /\p{Surrogate}/u.test(text);
}

/** A value in a few words. */
export function described(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 80));
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (value === undefined) return 'undefined';
  return Array.isArray(value) ? 'an array' : `of type ${typeof value}`;
}
