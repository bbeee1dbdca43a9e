import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import fc from 'fast-check';

import { type ConflictStyle, merge3 } from '../src/index';
import { text } from './arbitraries';
import { withBothEngines } from './engines';

const folder = mkdtempSync(join(tmpdir(), 'fishplate-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What git makes of it, and the number of its conflicts. */
function git(
  base: string,
  ours: string,
  theirs: string,
  style: ConflictStyle,
): { text: string; conflicts: number } {
  const files = Object.entries({ ours, base, theirs }).map(([name, content]) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  });
  const flags = style === 'merge' ? [] : [`--${style}`];
  const labels = ['ours', 'base', 'theirs'].flatMap((label) => ['-L', label]);
  const result = spawnSync('git', ['merge-file', '-p', ...flags, ...labels, ...files], { encoding: 'utf8' });
  return { text: result.stdout, conflicts: result.status! };
}

/** Lines that differ from each other, so that there is one way only to pair them; both sides change some. */
const sides = fc.tuple(fc.integer({ min: 0, max: 12 }), fc.constantFrom('', '\n')).chain(([length, last]) => {
  const lines = Array.from({ length }, (_, index) =>
    index % 3 === 2 ? `${' '.repeat(index)}}` : `line ${index}`,
  );
  const change = fc.record({
    at: fc.nat(length),
    removed: fc.nat(2),
    added: fc.array(fc.constantFrom('x', 'y', 'z', 'w'), { maxLength: 2 }),
  });
  const side = fc.array(change, { maxLength: 3 }).map((edits) => {
    const copy = [...lines];
    edits.forEach(({ at, removed, added }, index) =>
      copy.splice(at, removed, ...added.map((word) => `${word}${at}${index}`)),
    );
    return copy.join('\n') + (copy.length > 0 ? last : '');
  });
  return fc.tuple(fc.constant(lines.join('\n') + (length > 0 ? last : '')), side, side);
});

withBothEngines((engine) => {
  test.each(['merge', 'diff3', 'zdiff3'] as const)('merges as git does, in the style %s', (style) => {
    fc.assert(
      fc.property(sides, ([base, ours, theirs]) => {
        const merged = merge3(base, ours, theirs, { style, engine });
        const expected = git(base, ours, theirs, style);
        expect(merged.text).toBe(expected.text);
        expect(merged.conflicts).toHaveLength(expected.conflicts);
      }),
      { numRuns: 250, seed: 41 },
    );
  });

  test('one side alone is taken as it is, and equal sides agree', () => {
    fc.assert(
      fc.property(text, text, (base, side) => {
        for (const [ours, theirs] of [
          [side, base],
          [base, side],
          [side, side],
        ] as const) {
          expect(merge3(base, ours, theirs, { engine })).toEqual({ ok: true, text: side, conflicts: [] });
        }
      }),
      { numRuns: 500, seed: 42 },
    );
  });

  test('past the exact budget the merge is git’s where lines are told apart, and takes no minute', () => {
    const numbered = (word: string, length: number): string[] =>
      Array.from({ length }, (_, index) => `${word} ${index}\n`);
    const lines = numbered('line', 20_000);
    const base = lines.join('');
    const ours = [...numbered('ours', 6000), ...lines.slice(6000)].join('');
    const theirs = [...lines.slice(0, 14_000), 'theirs\n', ...lines.slice(15_000)].join('');
    expect(merge3(base, ours, theirs, { engine }).text).toBe(git(base, ours, theirs, 'merge').text);
    const unrelated = merge3(base, ours, numbered('other', 15_000).join(''), { engine, style: 'diff3' });
    expect(unrelated.text).toBe(git(base, ours, numbered('other', 15_000).join(''), 'diff3').text);
  }, 20_000);

  test('conflicts name their lines', () => {
    const merged = merge3('a\nb\nc\n', 'a\nx\nc\n', 'a\ny\nc\n', {
      engine,
      markerSize: 5,
      labels: { ours: 'mine', theirs: '' },
    });
    expect(merged).toEqual({
      ok: false,
      text: 'a\n<<<<< mine\nx\n=====\ny\n>>>>>\nc\n',
      conflicts: [{ line: 2, lines: 5 }],
    });
  });

  test('what cannot be merged is refused', () => {
    expect(() => merge3('', 1 as never, '', { engine })).toThrow(
      expect.objectContaining({ code: 'INPUT_INVALID' }),
    );
    expect(() => merge3('', '', '', { engine, style: 'rcs' as never })).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID' }),
    );
  });
});
