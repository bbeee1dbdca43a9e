import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';

import cl100k from '@fishplate/tokenizer-tables/cl100k_base';
import classes from '@fishplate/tokenizer-tables/classes';
import o200k from '@fishplate/tokenizer-tables/o200k_base';
import p50k from '@fishplate/tokenizer-tables/p50k_base';

const SUMS = {
  o200k_base: '99122f8405b2e96a083c8919d131cf0eebfb483ff509645ee2438314ba8110e7',
  cl100k_base: '928f0b720216a68121bbbe8798164116e4c16d9376befab1907cf1f42f55e34d',
  p50k_base: '0fa8b03296ca1d1ac5fc20e788c51273163dccbb3de648853420f7eabed8795d',
  classes: '911079dab86ee200113884cdf9bfee1bcd102f7edd15760be26d9ca0bcfb5e38',
};

test('the committed tables are the known ones', () => {
  const tables = { o200k_base: o200k, cl100k_base: cl100k, p50k_base: p50k, classes };
  for (const [name, table] of Object.entries(tables)) {
    expect([name, createHash('sha256').update(table).digest('hex')]).toEqual([
      name,
      SUMS[name as keyof typeof SUMS],
    ]);
  }
});

test('the generator gives the same ones', () => {
  const generator = require
    .resolve('@fishplate/tokenizer-tables/package.json')
    .replace('package.json', 'generate.js');
  const output = execFileSync(process.execPath, [generator, '--dry-run'], { encoding: 'utf8' });
  const sums = Object.fromEntries(
    output
      .trim()
      .split('\n')
      .map((line) => line.split(' ')),
  );
  expect(sums).toEqual(SUMS);
}, 60_000);
