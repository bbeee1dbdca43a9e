/** Seeded vectors, and what the tests share. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { isFishplateError } from '@fishplate/engine';

import type { Metric } from '../src';

export const ENGINES = ['native', 'fallback'] as const;
export const METRICS: readonly Metric[] = ['cosine', 'dot', 'euclidean', 'squaredEuclidean'];

/** Numbers from -1 to 1, the same for a seed every time. */
export function numbers(count: number, seed: number): Float32Array {
  let state = (seed * 2_654_435_761 + 1) >>> 0;
  return Float32Array.from({ length: count }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 31 - 1;
  });
}

/** The score in the plainest order of operations. */
export function plainScore(metric: Metric, a: Float32Array, b: Float32Array): number {
  let [dot, left, right, squared] = [0, 0, 0, 0];
  a.forEach((value, at) => {
    const other = b[at]!;
    dot += value * other;
    left += value * value;
    right += other * other;
    squared += (value - other) ** 2;
  });
  if (metric === 'cosine') return left === 0 || right === 0 ? 0 : dot / Math.sqrt(left) / Math.sqrt(right);
  if (metric === 'dot') return dot;
  return metric === 'euclidean' ? Math.sqrt(squared) : squared;
}

/** The code of the error that `work` throws. */
export function codeOf(work: () => unknown): string | undefined {
  try {
    work();
  } catch (error) {
    if (isFishplateError(error)) return error.code;
    throw error;
  }
  return undefined;
}

/** The code of the error with which `work` rejects. */
export async function codeOfAsync(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work;
  } catch (error) {
    if (isFishplateError(error)) return error.code;
    throw error;
  }
  return undefined;
}

/** A folder that is gone after the test. */
export async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'fishplate-vector-'));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Memory whose owner has sent it away. */
export function detached(length: number): Float32Array {
  const array = new Float32Array(length);
  structuredClone(array.buffer, { transfer: [array.buffer] });
  return array;
}
