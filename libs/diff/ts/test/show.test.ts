import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';

import fc from 'fast-check';

import { diffStat, formatAnsi, formatHtml, parsePatch, refineChange, unifiedDiff } from '../src/index';
import { pair } from './arbitraries';
import { withBothEngines } from './engines';

const PATCH = unifiedDiff('a\nlet x = 1;\nend', 'a\nlet y = 1;\nend\n', {
  oldPath: 'a/f.ts',
  newPath: 'b/f.ts',
}).patch;

withBothEngines((engine) => {
  test('pieces of a refinement join to the texts', () => {
    fc.assert(
      fc.property(pair, fc.constantFrom('word', 'character'), ([removed, added], unit) => {
        const refinement = refineChange(removed, added, { unit: unit as 'word', engine });
        expect(refinement.removed.map(({ text }) => text).join('')).toBe(removed);
        expect(refinement.added.map(({ text }) => text).join('')).toBe(added);
        const kept = (side: keyof typeof refinement) =>
          refinement[side]
            .filter(({ changed }) => !changed)
            .map(({ text }) => text)
            .join('');
        expect(kept('removed')).toBe(kept('added'));
      }),
      { numRuns: 1_000, seed: 51 },
    );
  });

  test('a word that changed is marked, and nothing else', () => {
    expect(refineChange('let x = 1;', 'let y = 1;', { engine })).toEqual({
      removed: [
        { text: 'let ', changed: false },
        { text: 'x', changed: true },
        { text: ' = 1;', changed: false },
      ],
      added: [
        { text: 'let ', changed: false },
        { text: 'y', changed: true },
        { text: ' = 1;', changed: false },
      ],
    });
    expect(refineChange('abcdef', 'uvwxyz', { engine, unit: 'character' }).removed).toEqual([
      { text: 'abcdef', changed: true },
    ]);
  });

  test('without its colours the terminal form is the patch', () => {
    fc.assert(
      fc.property(pair, fc.constantFrom('word', 'character', 'none'), ([old, now], refine) => {
        const { patch } = unifiedDiff(old, now, { engine });
        // eslint-disable-next-line no-control-regex -- what is taken out are control sequences
        const shown = formatAnsi(patch, { engine, refine: refine as 'word' }).replace(/\u001b\[\d+m/g, '');
        expect(shown).toBe(patch.replaceAll('\r', '\u240d'));
      }),
      { numRuns: 500, seed: 52 },
    );
  });

  test('nothing in a patch steers the terminal', () => {
    const { patch } = unifiedDiff('\u001b[2Ja\u0007\n', 'b\u009b31m\n');
    // eslint-disable-next-line no-control-regex -- control sequences are taken out
    const shown = formatAnsi(patch, { engine, refine: 'none' }).replace(/\u001b\[\d*m/g, '');
    expect(['\u0007', '\u001b', '\u009b'].filter((character) => shown.includes(character))).toEqual([]);
  });

  test('HTML has the lines, the words, and no markup of the text', () => {
    expect(formatHtml(PATCH, { engine }).split('\n')).toEqual([
      '<pre class="diff"><span class="diff-header">--- a/f.ts</span>',
      '<span class="diff-header">+++ b/f.ts</span>',
      '<span class="diff-hunk">@@ -1,3 +1,3 @@</span>',
      '<span class="diff-context"> a</span>',
      '<span class="diff-removed">-let <del>x</del> = 1;</span>',
      '<span class="diff-removed">-end</span>',
      '<span class="diff-marker">\\ No newline at end of file</span>',
      '<span class="diff-added">+let <ins>y</ins> = 1;</span>',
      '<span class="diff-added">+end</span>',
      '</pre>',
    ]);
    const hostile = unifiedDiff('<script>alert("1")</script>\n', "<img onerror='x'>&\n").patch;
    expect(formatHtml(hostile, { engine })).not.toMatch(/<(?!\/?(?:pre|span|ins|del)\b)/);
  });
});

test('counts are those of git', () => {
  fc.assert(
    fc.property(fc.array(pair, { minLength: 1, maxLength: 3 }), (pairs) => {
      const patch = pairs
        .map(
          ([old, now], index) =>
            unifiedDiff(old, now, { oldPath: `a/f${index}`, newPath: `b/f${index}` }).patch,
        )
        .join('');
      fc.pre(patch !== '');
      const git = spawnSync('git', ['apply', '--numstat'], { input: patch, encoding: 'utf8', cwd: tmpdir() });
      expect(git.status).toBe(0);
      const { files } = diffStat(patch);
      expect(files.map(({ path, added, removed }) => `${added}\t${removed}\t${path}\n`).join('')).toBe(
        git.stdout,
      );
    }),
    { numRuns: 60, seed: 53 },
  );
});

test('the text is that of git', () => {
  const lines = (count: number, word: string): string =>
    Array.from({ length: count }, (_, i) => `${word}${i}\n`).join('');
  const patch = [
    unifiedDiff('a\nb\n', 'a\n', { oldPath: 'a/short', newPath: 'b/short' }).patch,
    unifiedDiff(lines(90, 'x'), lines(300, 'y'), { oldPath: 'a/a longer name', newPath: 'b/a longer name' })
      .patch,
  ].join('');
  const git = spawnSync('git', ['apply', '--stat', '--summary'], {
    input: patch,
    encoding: 'utf8',
    cwd: tmpdir(),
  }).stdout;
  const summary = (text: string): string[] =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/ *[+-]*$/, '').replace(/\| +/, '| '));
  expect(summary(diffStat(patch).text)).toEqual(summary(git));
  expect(diffStat(parsePatch(patch)).text).toBe(diffStat(patch).text);
  expect(diffStat('').text).toBe('');
});
