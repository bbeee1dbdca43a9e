import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

import { gitSettings } from '../src/fallback/git-config';
import { fromDisk, onDisk } from '../src/fallback/raw-path';
import { makeDirectory, Random, write } from './world';

/** As `git config --list -z` has it. */
function listed(text: Buffer): Buffer {
  const lines = gitSettings(fromDisk(text)).map(({ section, subsection, name, value }) => {
    const key = [section, ...(subsection === null ? [] : [subsection]), name].join('.');
    return `${key}${value === null ? '' : `\n${value}`}\0`;
  });
  return onDisk(lines.join(''));
}

const LINES: readonly string[] = [
  ...['[core]', '[Core] ', '[include "x"]', '[a "B \\" \\\\ c"]', '[old.Style]'],
  ...['\thooksPath = .githooks', 'path=a b \t# comment', 'bare', 'x-y = "q # ;" rest ; no', 'é = 1'],
  ...['clean = a \\', '  b\\n\\t\\"\\\\', 'v = " lead" trail "  "  ', '# c', ';d', '', 'fsmonitor=a"b c"d'],
];

test('generated files are read as git reads them', () => {
  const place = join(makeDirectory(), 'config');
  let read = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const random = new Random(seed);
    const lines = ['[core]', ...Array.from({ length: 1 + random.below(8) }, () => random.pick(LINES))];
    const text = Buffer.from(lines.join(random.below(4) === 0 ? '\r\n' : '\n'));
    write(place, text);
    let git: Buffer;
    try {
      const args = ['config', '--list', '-z', '--no-includes', '--file', place];
      git = execFileSync('git', args, { stdio: ['ignore', 'pipe', 'ignore'] });
    } catch {
      // Git refuses it, and so runs nothing of it; whatever is read of it will do.
      expect(() => gitSettings(fromDisk(text))).not.toThrow();
      continue;
    }
    read += 1;
    expect({ seed, text: text.toString(), listed: listed(text).toString() }).toEqual({
      seed,
      text: text.toString(),
      listed: git.toString(),
    });
  }
  expect(read).toBeGreaterThan(20);
});
