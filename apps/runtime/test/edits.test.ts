import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { createRuntime, type Runtime } from '../src/index.js';
import { codeOf, makeWorkspace } from './workspace.js';

function open(files: Record<string, string | Uint8Array>): {
  root: string;
  runtime: Runtime;
  read: (path: string) => string;
} {
  const root = makeWorkspace(files);
  return {
    root,
    runtime: createRuntime({ workspace: root }),
    read: (path) => readFileSync(join(root, path), 'latin1'),
  };
}

const edit = (search: string, replace: string) => ({ path: 'f', edits: [{ search, replace }] });

describe('edit_file', () => {
  test('replaces, keeps the mode, and shows the diff and the strategy', async () => {
    const { root, runtime, read } = open({ f: 'one\ntwo\n' });
    chmodSync(join(root, 'f'), 0o751);
    const result = await runtime.call('edit_file', edit('two', 'three'));
    expect(result).toMatchObject({ ok: true, step: 1, tool: 'edit_file', session: runtime.main.id });
    if (!result.ok) return;
    expect(result.data.edits).toMatchObject([{ status: 'applied', strategy: 'exact' }]);
    expect(result.data.patch).toContain('-two\n+three\n');
    expect(['native', 'js']).toContain(result.engines['diff']);
    expect(read('f')).toBe('one\nthree\n');
    expect(statSync(join(root, 'f')).mode & 0o777).toBe(0o751);
  });

  test('keeps CRLF, a byte order mark, and bytes that are not UTF-8', async () => {
    const { runtime, read } = open({
      f: Buffer.from('\xef\xbb\xbfone\r\ntwo\r\n', 'latin1'),
      g: Buffer.from('caf\xe9 au lait', 'latin1'),
    });
    expect((await runtime.call('edit_file', edit('one\ntwo\n', 'one\nand\ntwo\n'))).ok).toBe(true);
    expect(read('f')).toBe('\xef\xbb\xbfone\r\nand\r\ntwo\r\n');
    const latin1 = { path: 'g', edits: [{ search: 'café', replace: 'thé' }] };
    expect((await runtime.call('edit_file', latin1)).ok).toBe(true);
    expect(read('g')).toBe('th\xe9 au lait');
  });

  test('refuses a result over the limit, which no tool could read again', async () => {
    const root = makeWorkspace({ f: 'small' });
    const runtime = createRuntime({ workspace: root, config: { limits: { maxFileBytes: 10 } } });
    expect(await codeOf(() => runtime.call('edit_file', edit('small', 'x'.repeat(11))))).toBe(
      'FILE_TOO_LARGE',
    );
    expect(readFileSync(join(root, 'f'), 'utf8')).toBe('small');
  });

  test.each([
    ['nowhere', 'x', 'NO_MATCH'],
    ['same', 'x', 'AMBIGUOUS'],
    ['', 'x', 'EMPTY_SEARCH'],
    ['unique', 'unique', 'NO_CHANGE'],
  ])('refuses %j by %j with %s, and touches nothing', async (search, replace, code) => {
    const { root, runtime } = open({ f: 'same\nsame\nunique\n' });
    const stamp = (): unknown[] => {
      const { ino, mtimeNs, ctimeNs } = statSync(join(root, 'f'), { bigint: true });
      return [ino, mtimeNs, ctimeNs];
    };
    const before = stamp();
    const result = await runtime.call('edit_file', edit(search, replace));
    expect(result).toMatchObject({ ok: false, code });
    if (!result.ok) expect(result.hint.length).toBeGreaterThan(10);
    expect(stamp()).toEqual(before);
  });

  test('applies all edits or none, and says what became of each', async () => {
    const { runtime, read } = open({ f: 'a\nb\n' });
    const edits = [
      { search: 'a', replace: 'A' },
      { search: 'c', replace: 'C' },
    ];
    const result = await runtime.call('edit_file', { path: 'f', edits });
    expect(result).toMatchObject({
      ok: false,
      details: { edits: [{ status: 'applied' }, { status: 'rejected' }] },
    });
    expect(read('f')).toBe('a\nb\n');
  });

  test('tells a missing file, an edit without effect, binary data and half characters', async () => {
    const { runtime } = open({ f: 'ab', binary: Buffer.from([0, 1]) });
    expect(await runtime.call('edit_file', { ...edit('a', 'b'), path: 'none' })).toMatchObject({
      code: 'FILE_NOT_FOUND',
    });
    const back = [
      { search: 'a', replace: 'x' },
      { search: 'x', replace: 'a' },
    ];
    expect(await runtime.call('edit_file', { path: 'f', edits: back })).toMatchObject({ code: 'NO_EFFECT' });
    expect(await codeOf(() => runtime.call('edit_file', { ...edit('a', 'b'), path: 'binary' }))).toBe(
      'FILE_BINARY',
    );
    expect(await codeOf(() => runtime.call('edit_file', edit('a', '\ud800')))).toBe('TEXT_UNENCODABLE');
  });
});

const CREATE = '--- /dev/null\n+++ b/new/dir/c.txt\n@@ -0,0 +1,2 @@\n+c\n+d\n';
const MODIFY = '--- a/a.txt\n+++ b/a.txt\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n';
const DELETE = '--- a/b.txt\n+++ /dev/null\n@@ -1 +0,0 @@\n-b\n';
const FILES = { 'a.txt': 'one\ntwo\n', 'b.txt': 'b\n', 's.sh': 'run\n' };

describe('changes that drifted', () => {
  test('edit_file reaches, says how far, and stops where it is told', async () => {
    const { runtime, read } = open({ f: 'if (a) {\n\tb();\n}\n' });
    const input = edit('if (a) {\n    b();\n}', 'if (a) {\n    c();\n}');
    expect(await runtime.call('edit_file', { ...input, reach: 'trailing-whitespace' })).toMatchObject({
      ok: false,
      code: 'NO_MATCH',
    });
    const result = await runtime.call('edit_file', input);
    expect(result).toMatchObject({ ok: true, data: { edits: [{ strategy: 'indent', line: 1 }] } });
    expect(result.text).toMatch(/^edit 1: indent, line 1, \d+% alike\n/);
    expect(read('f')).toBe('if (a) {\n\tc();\n}\n');
  });

  test('apply_patch takes the envelope: all of it, and undo takes it back', async () => {
    const { root, runtime, read } = open({ 'src/f': 'one\n  two\n', gone: 'x\n' });
    const patch = `*** Begin Patch
*** Update File: src/f
*** Move to: src/g
@@
-two
+three
*** Delete File: gone
*** Add File: new
+made
*** End Patch
`;
    const result = await runtime.call('apply_patch', { patch });
    expect(result).toMatchObject({
      ok: true,
      data: {
        format: 'envelope',
        added: 2,
        removed: 2,
        files: [
          { action: 'rename', from: 'src/f', path: 'src/g', hunks: [{ strategy: 'indent' }] },
          { action: 'delete', path: 'gone' },
          { action: 'create', path: 'new' },
        ],
      },
    });
    expect([read('src/g'), read('new')]).toEqual(['one\n  three\n', 'made\n']);
    expect([existsSync(join(root, 'src/f')), existsSync(join(root, 'gone'))]).toEqual([false, false]);
    expect((await runtime.call('undo', {})).ok).toBe(true);
    expect([read('src/f'), read('gone')]).toEqual(['one\n  two\n', 'x\n']);
    expect(existsSync(join(root, 'new'))).toBe(false);
  });

  test('apply_patch takes search/replace blocks, in the line ends of the file', async () => {
    const { runtime, read } = open({ f: 'one\r\ntwo\r\n' });
    const patch = 'f\n<<<<<<< SEARCH\none\ntwo\n=======\none\nand\ntwo\n>>>>>>> REPLACE\n';
    expect(await runtime.call('apply_patch', { patch })).toMatchObject({
      ok: true,
      data: { format: 'search-replace', files: [{ hunks: [{ strategy: 'exact' }] }] },
    });
    expect(read('f')).toBe('one\r\nand\r\ntwo\r\n');
  });

  test('paths of an envelope stay in the workspace', async () => {
    const { runtime } = open({ f: 'x\n' });
    for (const path of ['../out', '/etc/out', '.git/config']) {
      const patch = `*** Begin Patch\n*** Add File: ${path}\n+x\n*** End Patch`;
      expect(await codeOf(() => runtime.call('apply_patch', { patch }))).toMatch(/^PATH_/);
    }
  });
});

describe('apply_patch', () => {
  test('creates, modifies and deletes in one go', async () => {
    const { root, runtime, read } = open(FILES);
    const result = await runtime.call('apply_patch', { patch: CREATE + MODIFY + DELETE });
    expect(result).toMatchObject({ ok: true, step: 1, data: { added: 3, removed: 2 } });
    if (result.ok)
      expect(result.data.files.map(({ action }) => action)).toEqual(['create', 'modify', 'delete']);
    expect(read('new/dir/c.txt')).toBe('c\nd\n');
    expect(read('a.txt')).toBe('one\n2\n');
    expect(existsSync(join(root, 'b.txt'))).toBe(false);
  });

  test('renames, copies and changes modes by git headers', async () => {
    const { root, runtime, read } = open(FILES);
    const patch = [
      'diff --git a/a.txt b/moved/a.txt\nsimilarity index 50%\nrename from a.txt\nrename to moved/a.txt\n',
      '--- a/a.txt\n+++ b/moved/a.txt\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n',
      'diff --git a/s.sh b/s.sh\nold mode 100644\nnew mode 100755\n',
      'diff --git a/b.txt b/b2.txt\nsimilarity index 100%\ncopy from b.txt\ncopy to b2.txt\n',
      'diff --git a/empty b/empty\nnew file mode 100755\nindex 0000000..e69de29\n',
    ].join('');
    expect(await runtime.call('apply_patch', { patch })).toMatchObject({ ok: true });
    expect(existsSync(join(root, 'a.txt'))).toBe(false);
    expect(read('moved/a.txt')).toBe('one\n2\n');
    expect(statSync(join(root, 's.sh')).mode & 0o111).toBe(0o111);
    expect(read('b2.txt')).toBe(read('b.txt'));
    expect(statSync(join(root, 'empty')).mode & 0o100).toBe(0o100);
  });

  test('says how far a hunk had to reach', async () => {
    const { runtime } = open({ 'a.txt': 'zero\nhalf\none\ntwo\n' });
    const result = await runtime.call('apply_patch', { patch: MODIFY });
    expect(result).toMatchObject({ ok: true });
    if (result.ok) expect(result.data.files[0]?.hunks).toMatchObject([{ strategy: 'offset', offset: 2 }]);
  });

  test('keeps CRLF and a byte order mark', async () => {
    const { runtime, read } = open({ 'a.txt': Buffer.from('\xef\xbb\xbfone\r\ntwo\r\n', 'latin1') });
    expect(await runtime.call('apply_patch', { patch: MODIFY })).toMatchObject({ ok: true });
    expect(read('a.txt')).toBe('\xef\xbb\xbfone\r\n2\r\n');
  });

  test.each([
    ['a hunk that fits nowhere', CREATE + MODIFY.replace(' one', ' eins'), 'NO_MATCH'],
    ['a file that is not there', CREATE + MODIFY.replaceAll('a.txt', 'none.txt'), 'FILE_NOT_FOUND'],
    ['creating what is there', MODIFY + CREATE.replaceAll('new/dir/c.txt', 'b.txt'), 'FILE_EXISTS'],
    [
      'deleting more than it knows',
      CREATE + DELETE.replaceAll('b.txt', 'a.txt').replace('-b', '-one'),
      'DELETE_MISMATCH',
    ],
  ])('refuses %s, and changes nothing at all', async (_, patch, code) => {
    const { root, runtime, read } = open(FILES);
    const result = await runtime.call('apply_patch', { patch });
    expect(result).toMatchObject({ ok: false, code });
    expect([read('a.txt'), read('b.txt'), existsSync(join(root, 'new'))]).toEqual([
      'one\ntwo\n',
      'b\n',
      false,
    ]);
  });

  test('refuses to choose between places that fit equally well', async () => {
    const { runtime, read } = open({ 'a.txt': 'x\none\ntwo\ny\none\ntwo\nz\n' });
    const result = await runtime.call('apply_patch', { patch: MODIFY });
    expect(result).toMatchObject({ ok: false, code: 'AMBIGUOUS' });
    expect(read('a.txt')).toBe('x\none\ntwo\ny\none\ntwo\nz\n');
  });

  test.each([
    ['prose', 'please change the file', 'PATCH_EMPTY'],
    ['a hunk without a file', '@@ -1 +1 @@\n-a\n+b\n', 'PATCH_EMPTY'],
    ['a hunk that ends early', MODIFY.slice(0, -4), 'PATCH_MALFORMED'],
    ['an empty patch', '', 'INPUT_INVALID'],
    ['a path outside', CREATE.replace('new/dir', '../..'), 'PATH_OUTSIDE'],
    ['a null byte in a path', CREATE.replace('new/', 'n\0w/'), 'PATH_INVALID'],
    ['a git hook', CREATE.replace('new/dir/c.txt', '.git/hooks/pre-commit'), 'PATH_PROTECTED'],
    ['the configuration', CREATE.replace('new/dir/c.txt', 'fishplate.config.json'), 'PATH_PROTECTED'],
    [
      'a symbolic link',
      'diff --git a/l b/l\nnew file mode 120000\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+/etc/passwd\n',
      'PATCH_UNSUPPORTED',
    ],
    [
      'a binary file',
      'diff --git a/b.txt b/b.txt\nBinary files a/b.txt and b/b.txt differ\n',
      'PATCH_UNSUPPORTED',
    ],
    [
      'a move without headers',
      '--- a/a.txt\n+++ b/b2.txt\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n',
      'PATCH_UNSUPPORTED',
    ],
  ])('throws on %s', async (_, patch, code) => {
    // What the native engine throws comes from outside jest's realm; test/ of apps/integration sees it as users do.
    const runtime = createRuntime({ workspace: makeWorkspace(FILES), engines: { diff: 'fallback' } });
    expect(await codeOf(() => runtime.call('apply_patch', { patch }))).toBe(code);
  });

  test('sees what an earlier part of the same patch did', async () => {
    const { runtime, read } = open(FILES);
    const second = '--- a/a.txt\n+++ b/a.txt\n@@ -1,2 +1,2 @@\n one\n-2\n+zwei\n';
    expect(await runtime.call('apply_patch', { patch: MODIFY + second })).toMatchObject({ ok: true });
    expect(read('a.txt')).toBe('one\nzwei\n');
  });

  test('notices a file that changes while it waits its turn', async () => {
    const { root, runtime, read } = open(FILES);
    const first = runtime.call('apply_patch', { patch: MODIFY });
    const second = runtime.call('apply_patch', { patch: MODIFY });
    writeFileSync(join(root, 'b.txt'), 'other');
    expect([(await first).ok, (await second).ok]).toEqual([true, false]);
    expect(read('a.txt')).toBe('one\n2\n');
  });
});
