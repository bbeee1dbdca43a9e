'use strict';

/**
 * The vector track against its own fallback, in one run.
 *
 *     npx nx bench @fishplate/vector-bench
 */

const { compare, seeded, table, writeResults } = require('@fishplate/bench-harness');
const { fingerprint } = require('@fishplate/vector');

const random = seeded(1);
const bytes = Uint8Array.from({ length: 100_000 }, () => random(256));

/** @param {'native' | 'fallback'} engine */
const hash = (engine) => fingerprint(bytes, { engine });
if (hash('native') !== hash('fallback')) throw new Error('the engines differ');

const [ours, fallback] = compare([
  { name: 'native', run: () => hash('native') },
  { name: 'fallback', run: () => hash('fallback') },
]);
const rows = [
  {
    measure: 'fingerprint of 100,000 random bytes',
    unit: 'ms',
    ours: ours.medianMs,
    rivals: [{ name: 'fallback', value: fallback.medianMs }],
    bar: { text: 'faster than the fallback', met: ours.medianMs < fallback.medianMs },
  },
];
process.stdout.write(`${table(rows)}\n`);
writeResults('vector', 'npx nx bench @fishplate/vector-bench', rows);
