import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { POLICY_MATRIX, renderMatrix } from '../src/matrix';

const ROOT = join(__dirname, '../../../..');
const sources = ['attacks', 'limits', 'repositories', 'replaced.rs'].flatMap((name) => {
  const path = join(ROOT, 'libs/sandbox/core/tests', name);
  const files = name.endsWith('.rs') ? [path] : readdirSync(path).map((file) => join(path, file));
  return files.map((file) => readFileSync(file, 'utf8'));
});

test('each clause names tests that there are', () => {
  for (const { clause, tests } of POLICY_MATRIX) {
    expect([clause, tests.length]).not.toEqual([clause, 0]);
    for (const name of tests) {
      const isThere = sources.some(
        (source) => source.includes(`"${name}"`) || source.includes(`fn ${name}()`),
      );
      expect([clause, name, isThere]).toEqual([clause, name, true]);
    }
  }
});

test('the page is what the data give (after a change: npm run docs)', () => {
  expect(readFileSync(join(ROOT, 'docs/readiness/sandbox-matrix.md'), 'utf8')).toBe(renderMatrix());
});
