/** Checks of the mission's targets, as ratios to npm diff in the same run. */

import { compare, seeded } from '@fishplate/bench-harness';
import { createTwoFilesPatch, unifiedDiff } from '@fishplate/diff';
import * as npm from 'diff';

import type { Check } from '@fishplate/validation';

/** Generous beside the bars of the benchmark: a validation also runs on busy machines. */
export const targetChecks: Check[] = [
  { name: 'a 10,000-line file with 1% edits is compared in under 2 ms', nativeOnly: true, run: underTwoMs },
  {
    name: 'the drop-in is at least 4 times as fast as npm diff at 1% edits',
    nativeOnly: true,
    run: fasterThanNpm,
  },
];

function underTwoMs(): string {
  const [old, new_] = tenThousandLines();
  const [timing] = compare([
    { name: 'unifiedDiff', run: () => unifiedDiff(old, new_, { engine: 'native' }) },
  ]);
  return judge(
    timing!.medianMs,
    2,
    (ms) => `${ms.toFixed(2)} ms`,
    (found, limit) => found < limit,
  );
}

function fasterThanNpm(): string {
  const [old, new_] = tenThousandLines();
  const [ours, theirs] = compare([
    {
      name: 'ours',
      run: () => createTwoFilesPatch('a', 'b', old, new_, undefined, undefined, { engine: 'native' }),
    },
    { name: 'npm diff', run: () => npm.createTwoFilesPatch('a', 'b', old, new_) },
  ]);
  const ratio = theirs!.medianMs / ours!.medianMs;
  return judge(
    ratio,
    4,
    (times) => `${times.toFixed(1)} times`,
    (found, limit) => found >= limit,
  );
}

function judge(
  found: number,
  limit: number,
  show: (figure: number) => string,
  holds: (found: number, limit: number) => boolean,
): string {
  if (!holds(found, limit)) throw new Error(`${show(found)}, the target is ${show(limit)}`);
  return show(found);
}

function tenThousandLines(): [old: string, new_: string] {
  const random = seeded(21);
  const lines = Array.from({ length: 10_000 }, () => `  const value = compute(${random(1_000_000)});`);
  const changed = lines.map((line) => (random(100) === 0 ? `${line} // changed` : line));
  return [`${lines.join('\n')}\n`, `${changed.join('\n')}\n`];
}
