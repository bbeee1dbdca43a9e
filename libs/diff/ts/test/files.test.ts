import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import fc from 'fast-check';

import {
  changeText,
  type FileSection,
  parseFileSections,
  patchFiles,
  type PatchedFiles,
  unifiedDiff,
} from '../src/index';
import { withBothEngines } from './engines';

type Tree = Record<string, string>;

/** The tree that a patch leaves, or the tree as it was where the patch is refused. */
function after(tree: Tree, { changes }: PatchedFiles<string>): Tree {
  const next = { ...tree };
  for (const [path, file] of changes) {
    if (file === null) delete next[path];
    else next[path] = file.text as string;
  }
  return next;
}

withBothEngines((engine) => {
  const patch = (text: string, tree: Tree) =>
    patchFiles<string>(text, { engine, read: (path) => tree[path] ?? null });

  describe('unified diffs', () => {
    test('create, change, rename, copy, delete and change modes as git does', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'fishplate-'));
      const git = (...args: string[]): string =>
        execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
          cwd: folder,
          encoding: 'utf8',
        });
      const tree = (): Tree =>
        Object.fromEntries(
          readdirSync(folder, { recursive: true, encoding: 'utf8' })
            .filter((path) => !path.startsWith('.git') && statSync(join(folder, path)).isFile())
            .map((path) => [path, readFileSync(join(folder, path), 'utf8')]),
        );
      const write = (path: string, text: string, mode = 0o644): void => {
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), text, { mode });
      };
      try {
        git('init', '-q');
        const body = Array.from({ length: 20 }, (_, i) => `line ${i}\n`).join('');
        write('a.txt', body);
        write('gone.txt', 'x\ny\n');
        write('old name.txt', body.toUpperCase());
        write('run.sh', 'echo\n');
        git('add', '.');
        git('commit', '-qm', 'one');
        const before = tree();
        write('a.txt', body.replace('line 3\n', 'line three\n'));
        write('new/b.txt', 'made\n');
        rmSync(join(folder, 'gone.txt'));
        rmSync(join(folder, 'old name.txt'));
        write('näme.txt', body.toUpperCase().replace('LINE 7\n', ''));
        write('run.sh', 'echo\n');
        execFileSync('chmod', ['755', join(folder, 'run.sh')]);
        git('add', '-A');
        const text = git('diff', '--cached', '-M');
        const patched = await patch(text, before);
        expect(patched.files.map(({ action, path }) => `${action} ${path}`).sort()).toEqual([
          'create new/b.txt',
          'delete gone.txt',
          'modify a.txt',
          'modify run.sh',
          'rename näme.txt',
        ]);
        expect(after(before, patched)).toEqual(tree());
        expect(patched.changes.get('run.sh')).toMatchObject({ mode: '100755' });
      } finally {
        rmSync(folder, { recursive: true });
      }
    });

    test('one file that does not fit leaves all as they are', async () => {
      const text = ['a', 'b'].map(
        (path) => unifiedDiff('1\n', '2\n', { oldPath: `a/${path}`, newPath: `b/${path}` }).patch,
      );
      const outcome = await patch(text.join(''), { a: '1\n', b: 'other\n' });
      expect(outcome).toMatchObject({
        ok: false,
        rejected: [1],
        files: [{ status: 'applied' }, { code: 'NO_MATCH' }],
      });
      expect(outcome.changes.size).toBe(0);
    });

    test.each([
      ['FILE_MISSING', '--- a/x\n+++ b/x\n@@ -1 +1 @@\n-1\n+2\n'],
      ['FILE_EXISTS', '--- /dev/null\n+++ b/a\n@@ -0,0 +1 @@\n+2\n'],
      ['DELETE_MISMATCH', '--- a/a\n+++ /dev/null\n@@ -1 +0,0 @@\n-1\n'],
    ])('%s', async (code, text) => {
      expect(await patch(text, { a: '1\n2\n' })).toMatchObject({ ok: false, files: [{ code }] });
    });

    test.each([
      ['PATCH_EMPTY', 'nothing here'],
      [
        'PATCH_UNSUPPORTED',
        'diff --git a/l b/l\nnew file mode 120000\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+x\n',
      ],
      ['PATCH_MALFORMED', '--- a/a\n+++ b/a\n@@ -1,9 +1 @@\n-1\n'],
    ])('%s is thrown', async (code, text) => {
      await expect(patch(text, {})).rejects.toMatchObject({ code });
    });

    test('sections for one file build on each other', async () => {
      const first = unifiedDiff('1\n', '2\n', { oldPath: 'a/f', newPath: 'b/f' }).patch;
      const second = unifiedDiff('2\n', '3\n', { oldPath: 'a/f', newPath: 'b/f' }).patch;
      expect(after({ f: '1\n' }, await patch(first + second, { f: '1\n' }))).toEqual({ f: '3\n' });
    });
  });

  describe('the envelope', () => {
    const TREE = {
      'src/app.py':
        'class A:\n    def run(self):\n        return 1\n\nclass B:\n    def run(self):\n        return 1\n',
      'old.txt': 'gone\n',
    };

    test('adds, deletes, updates and moves', async () => {
      const text = `*** Begin Patch
*** Add File: notes/new.md
+# Title
+
*** Delete File: old.txt
*** Update File: src/app.py
*** Move to: src/main.py
@@ class B:
     def run(self):
-        return 1
+        return 2
*** End Patch
`;
      const outcome = await patch(text, TREE);
      expect(outcome).toMatchObject({ ok: true, format: 'envelope' });
      expect(after(TREE, outcome)).toEqual({
        'notes/new.md': '# Title\n\n',
        'src/main.py': TREE['src/app.py'].replace(/return 1\n$/, 'return 2\n'),
      });
    });

    test('a change that fits twice is refused, unless an anchor tells which one', async () => {
      const chunk = (anchor: string): string =>
        `*** Begin Patch\n*** Update File: src/app.py\n@@${anchor}\n     def run(self):\n-        return 1\n+        return 2\n*** End Patch`;
      expect(await patch(chunk(''), TREE)).toMatchObject({
        files: [{ code: 'AMBIGUOUS', hunks: [{ candidates: [2, 6] }] }],
      });
      const outcome = await patch(chunk(' class A:'), TREE);
      expect(after(TREE, outcome)['src/app.py']).toBe(TREE['src/app.py'].replace('return 1', 'return 2'));
      expect(await patch(chunk(' class C:'), TREE)).toMatchObject({ files: [{ code: 'NO_MATCH' }] });
    });

    test('changes reach over white space, and say so', async () => {
      const text = `*** Begin Patch\n*** Update File: f\n@@\n-  b\n+  c\n*** End Patch`;
      const outcome = await patch(text, { f: 'a\n      b\n' });
      expect(outcome).toMatchObject({ ok: true, files: [{ hunks: [{ strategy: 'indent', line: 2 }] }] });
      expect(outcome.changes.get('f')).toEqual({ text: 'a\n      c\n' });
    });

    test('the end of a file and its line ends are kept', async () => {
      const text = `*** Begin Patch\n*** Update File: f\n@@\n-b\n+c\n*** End of File\n*** End Patch`;
      expect((await patch(text, { f: 'b\r\na\r\nb' })).changes.get('f')).toEqual({ text: 'b\r\na\r\nc' });
      const insertion = `*** Begin Patch\n*** Update File: f\n@@\n+last\n*** End Patch`;
      expect((await patch(insertion, { f: 'a\nb' })).changes.get('f')).toEqual({ text: 'a\nb\nlast' });
      expect((await patch(insertion, { f: '' })).changes.get('f')).toEqual({ text: 'last\n' });
    });

    test('an insertion at an open end keeps its last bytes and blanks, and takes LF where no line says CRLF', async () => {
      const text = '*** Begin Patch\n*** Update File: f\n@@\n+one\n+voilà  \n*** End Patch';
      expect((await patch(text, { f: 'a' })).changes.get('f')).toEqual({ text: 'a\none\nvoilà  ' });
      const bytes = await patchFiles<Buffer>(text.replace('  \n', '\n'), {
        engine,
        read: () => Buffer.from('a'),
      });
      expect(bytes.changes.get('f')).toEqual({ text: Buffer.from('a\none\nvoilà') });
      expect((await patch(text, { f: 'a\r\nb' })).changes.get('f')).toEqual({
        text: 'a\r\nb\r\none\r\nvoilà  ',
      });
    });

    test('empty lines between parts belong to none, those within a part to it', async () => {
      const text = `\`\`\`
*** Begin Patch

*** Update File: f\r
@@\r
-a
+b

 c

*** Add File: g
+one

+two

*** End Patch
\`\`\``;
      const outcome = await patch(text, { f: 'a\n\nc\nd\n' });
      expect(Object.fromEntries(outcome.changes)).toEqual({
        f: { text: 'b\n\nc\nd\n' },
        g: { text: 'one\n\ntwo\n' },
      });
    });

    test.each([
      [4, '*** Begin Patch\n*** Update File: f\n@@\n-a'],
      [2, '*** Begin Patch\n*** Change File: f\n*** End Patch'],
      [2, '*** Begin Patch\n*** Add File: \n+x\n*** End Patch'],
      [2, '*** Begin Patch\n*** Update File: f\n*** End Patch'],
      [4, '*** Begin Patch\n*** Update File: f\n@@\n context\n*** End Patch'],
      [3, '*** Begin Patch\n*** Update File: f\n@@ x\n*** End Patch'],
    ])('malformed at line %d', (line, text) => {
      expect(() => parseFileSections(text)).toThrow(
        expect.objectContaining({ code: 'PATCH_MALFORMED', details: { line } }),
      );
    });

    test('an envelope made from two texts leads from one to the other', async () => {
      const line = fc.constantFrom('a', 'b', '', '  c', '}', '-', '+', '@', '日本');
      const texts = fc.tuple(fc.array(line, { maxLength: 12 }), fc.array(line, { maxLength: 12 }));
      await fc.assert(
        fc.asyncProperty(texts, async ([before, now]) => {
          fc.pre(before.join('\n') !== now.join('\n') && before.some((own) => own !== ''));
          const text = (lines: readonly string[]): string => lines.map((own) => `${own}\n`).join('');
          const steps = [...before.map((own) => `-${own}`), ...now.map((own) => `+${own}`)];
          const envelope = ['*** Begin Patch', '*** Update File: f', '@@', ...steps, '*** End Patch'].join(
            '\n',
          );
          const outcome = await patch(envelope, { f: text(before) });
          expect(outcome.changes.get('f')).toEqual({ text: text(now) });
        }),
        { numRuns: 300, seed: 31 },
      );
    });
  });

  describe('search/replace blocks', () => {
    test('change, and create where the search is empty', async () => {
      const text = `Here is the change.

src/a.ts
\`\`\`ts
<<<<<<< SEARCH
const a = 1;
=======
const a = 2;
>>>>>>> REPLACE
\`\`\`

**src/b.ts**
\`\`\`ts
<<<<<<< SEARCH
=======
export {};
>>>>>>> REPLACE
\`\`\`
`;
      const outcome = await patch(text, { 'src/a.ts': 'const a = 1;\n' });
      expect(outcome).toMatchObject({ ok: true, format: 'search-replace' });
      expect(Object.fromEntries(outcome.changes)).toEqual({
        'src/a.ts': { text: 'const a = 2;\n' },
        'src/b.ts': { text: 'export {};\n' },
      });
    });

    test('several blocks of a file are one list of edits', () => {
      const block = (n: number): string => `<<<<<<< SEARCH\n${n}\n=======\n${n}0\n>>>>>>> REPLACE\n`;
      expect(parseFileSections(`f\n${block(1)}${block(2)}`).sections).toMatchObject([
        { from: 'f', change: { kind: 'edits', edits: [{ search: '1\n' }, { replace: '20\n' }] } },
      ]);
    });

    test.each([
      [1, '<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n'],
      [2, 'f\n<<<<<<< SEARCH\na\n'],
      [2, 'f\n<<<<<<< SEARCH\na\n=======\nb\n'],
    ])('malformed at line %d: %#', (line, text) => {
      expect(() => parseFileSections(text)).toThrow(
        expect.objectContaining({ code: 'PATCH_MALFORMED', details: { line } }),
      );
    });
  });

  test.each([
    '<<'.repeat(50_000),
    '```\n'.repeat(50_000),
    'f\n<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n'.repeat(20_000),
    `*** Begin Patch\n*** Update File: f\n${'@@ x\n-a\n+b\n'.repeat(20_000)}*** End Patch`,
    `*** Begin Patch\n*** Update File: f\n${' a\n'.repeat(100_000)}`,
  ])('a long text costs no more than its length: %#', async (text) => {
    const start = performance.now();
    await patch(text, { f: 'x\na\n'.repeat(50_000) }).catch((error: unknown) => {
      expect(error).toHaveProperty('code', expect.stringMatching(/^PATCH_/));
    });
    expect(performance.now() - start).toBeLessThan(15_000);
  });

  test('bytes stay bytes, whatever their encoding', async () => {
    const f = Buffer.from('\xff\nä\n', 'latin1');
    const text = '*** Begin Patch\n*** Update File: f\n@@\n+é\n*** End Patch';
    const outcome = await patchFiles<Buffer>(text, { engine, read: () => f });
    expect(outcome.changes.get('f')).toEqual({ text: Buffer.concat([f, Buffer.from('é\n')]) });
  });

  test.each([
    undefined,
    { kind: 'hunks' },
    { kind: 'text' },
    { kind: 'edits', edits: [{ search: 1, replace: '' }] },
    { kind: 'chunks', chunks: [{ anchors: [], steps: [null] }] },
  ])('a section of another make is refused: %j', (change) => {
    const section = { from: 'a', to: 'a', keepsSource: false, change } as unknown as FileSection;
    for (const text of ['a', Buffer.from('a')]) {
      expect(() => changeText(text, section)).toThrow(
        expect.objectContaining({ code: 'INPUT_INVALID' }) as Error,
      );
    }
  });

  test('whatever a text says, parsing ends with sections or a code', () => {
    const part = fc.constantFrom(
      '*** Begin Patch',
      '*** End Patch',
      '*** Update File: f',
      '*** Add File: g',
      '*** Move to: h',
      '*** End of File',
      '@@',
      '@@ x',
      '+a',
      '-a',
      ' a',
      '',
      '<<<<<<< SEARCH',
      '=======',
      '>>>>>>> REPLACE',
      '--- a/f',
      '+++ b/f',
      '@@ -1 +1 @@',
      'path',
      '```',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 14 }), (parts) => {
        try {
          expect(parseFileSections(parts.join('\n'), { engine }).sections.length).toBeGreaterThan(0);
        } catch (error) {
          expect((error as { code?: string }).code).toMatch(/^PATCH_/);
        }
      }),
      { numRuns: 3_000, seed: 32 },
    );
  });
});
