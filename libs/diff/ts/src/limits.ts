/** The limits of npm diff's functions, as the native engine takes them. */

import type { NativeDiffOptions } from '@fishplate/diff-native';

/** Limits of npm diff: past one of them its answer is undefined. */
export interface Limits {
  readonly maxEditLength?: number | undefined;
  readonly timeout?: number | undefined;
}

/** What the native engine needs to answer as npm diff does; null where only npm diff knows what a limit means. */
export function strictSettings({ maxEditLength, timeout }: Limits): NativeDiffOptions | null {
  if (!isLimit(maxEditLength) || !isLimit(timeout)) return null;
  return {
    algorithm: 'exact',
    strict: true,
    context: 0,
    ...(isCount(maxEditLength) ? { maxEditLength } : {}),
    ...(isCount(timeout) ? { timeoutMs: timeout } : {}),
  };
}

/** Whether `value` is a whole number from zero on. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isLimit(value: unknown): boolean {
  return value === undefined || value === null || value === Infinity || isCount(value);
}
