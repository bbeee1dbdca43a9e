import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import * as fc from 'fast-check';

import { treeDifferences, treeState } from '../src/demo/tree-state.js';
import { createRuntime, type Runtime } from '../src/index.js';
import { codeOf, git, makeWorkspace, writeIn } from './workspace.js';

const FILES = { 'a.txt': 'one\ntwo\n', 'b.txt': 'b\n', 'dir/c.txt': 'c\n' };
const MODIFY = '--- a/a.txt\n+++ b/a.txt\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n';
const CREATE = '--- /dev/null\n+++ b/x/y/z.txt\n@@ -0,0 +1 @@\n+z\n';
const DELETE = '--- a/dir/c.txt\n+++ /dev/null\n@@ -1 +0,0 @@\n-c\n';

function open(config: object = {}): { root: string; runtime: Runtime } {
  const root = makeWorkspace(FILES);
  return { root, runtime: createRuntime({ workspace: root, config }) };
}

const edit = (path: string, search: string, replace: string) => ({ path, edits: [{ search, replace }] });

test('restores contents, modes, deletions and created directories', async () => {
  const { root, runtime } = open();
  chmodSync(join(root, 'a.txt'), 0o604);
  const before = await treeState(root);
  await runtime.call('apply_patch', { patch: MODIFY + CREATE + DELETE });
  await runtime.call('edit_file', edit('a.txt', '2', 'zwei'));
  await runtime.call('apply_patch', {
    patch: 'diff --git a/a.txt b/a.txt\nold mode 100644\nnew mode 100755\n',
  });
  expect(treeDifferences(before, await treeState(root))).not.toEqual([]);
  expect(await runtime.call('undo', { steps: 2 })).toMatchObject({
    ok: true,
    data: { undone: [3, 2], remaining: 1 },
  });
  expect(readFileSync(join(root, 'a.txt'), 'utf8')).toBe('one\n2\n');
  expect(await runtime.call('undo', {})).toMatchObject({ ok: true, data: { undone: [1], remaining: 0 } });
  expect(treeDifferences(before, await treeState(root))).toEqual([]);
  expect(await runtime.call('undo', {})).toMatchObject({ ok: false, code: 'NOTHING_TO_UNDO' });
});

test('touches only files that the session changed', async () => {
  const { root, runtime } = open();
  await runtime.call('apply_patch', { patch: MODIFY });
  writeFileSync(join(root, 'b.txt'), 'someone else was here\n');
  const stamp = statSync(join(root, 'b.txt'), { bigint: true }).ctimeNs;
  expect((await runtime.call('undo', {})).ok).toBe(true);
  expect(readFileSync(join(root, 'b.txt'), 'utf8')).toBe('someone else was here\n');
  expect(statSync(join(root, 'b.txt'), { bigint: true }).ctimeNs).toBe(stamp);
});

test('leaves a created directory that someone else put a file into', async () => {
  const { root, runtime } = open();
  await runtime.call('apply_patch', { patch: CREATE });
  writeFileSync(join(root, 'x/mine'), '');
  expect((await runtime.call('undo', {})).ok).toBe(true);
  expect([existsSync(join(root, 'x/mine')), existsSync(join(root, 'x/y'))]).toEqual([true, false]);
});

test('says what would happen, and does nothing, on a dry run', async () => {
  const { root, runtime } = open();
  await runtime.call('apply_patch', { patch: MODIFY + CREATE + DELETE });
  const between = await treeState(root);
  const result = await runtime.call('undo', { dryRun: true });
  expect(result).toMatchObject({ ok: true, data: { dryRun: true, undone: [1], remaining: 0 } });
  if (result.ok) {
    expect(result.data.files).toEqual([
      { path: 'a.txt', action: 'restore' },
      { path: 'dir/c.txt', action: 'recreate' },
      { path: 'x/y/z.txt', action: 'delete' },
    ]);
  }
  expect(treeDifferences(between, await treeState(root))).toEqual([]);
  expect((await runtime.call('undo', {})).ok).toBe(true);
});

describe('refuses, undoes nothing and shows all three states where', () => {
  const cases: [string, (root: string) => void][] = [
    ['the content changed', (root) => writeFileSync(join(root, 'a.txt'), 'one\n2\nmine\n')],
    ['the mode changed', (root) => chmodSync(join(root, 'a.txt'), 0o600)],
    ['the file is gone', (root) => rmSync(join(root, 'a.txt'))],
    [
      'the file became a link',
      (root) => (rmSync(join(root, 'a.txt')), symlinkSync('b.txt', join(root, 'a.txt'))),
    ],
    ['the file became a directory', (root) => (rmSync(join(root, 'a.txt')), mkdirSync(join(root, 'a.txt')))],
    ['a deleted file is back', (root) => writeFileSync(join(root, 'dir/c.txt'), 'other\n')],
  ];
  test.each(cases)('%s', async (_, disturb) => {
    const { root, runtime } = open();
    await runtime.call('apply_patch', { patch: MODIFY + DELETE });
    disturb(root);
    const disturbed = await treeState(root);
    const result = await runtime.call('undo', {});
    expect(result).toMatchObject({ ok: false, code: 'UNDO_CONFLICT' });
    if (result.ok) return;
    const { conflicts } = result.details as { conflicts: Record<string, unknown>[] };
    expect(Object.keys(conflicts[0]!).sort()).toEqual([
      'changedSince',
      'onDisk',
      'path',
      'sessionLeft',
      'wouldChange',
      'wouldRestore',
    ]);
    expect(conflicts[0]!['changedSince']).not.toBe('');
    expect(treeDifferences(disturbed, await treeState(root))).toEqual([]);
  });
});

test('keeps sessions apart', async () => {
  const { root, runtime } = open();
  const [left, right] = [runtime.session('left'), runtime.session()];
  await left.call('edit_file', edit('a.txt', 'one', 'eins'));
  await right.call('edit_file', edit('b.txt', 'b', 'B'));
  expect(await left.call('diff', {})).toMatchObject({ data: { files: [{ path: 'a.txt' }] } });
  expect((await right.call('undo', {})).ok).toBe(true);
  expect(readFileSync(join(root, 'a.txt'), 'utf8')).toBe('eins\ntwo\n');
  expect((await left.timeline()).map(({ tool }) => tool)).toEqual(['edit_file', 'diff']);
  // What one session changed, the other must not undo from under it.
  await right.call('edit_file', edit('a.txt', 'two', 'zwei'));
  expect(await left.call('undo', {})).toMatchObject({ ok: false, code: 'UNDO_CONFLICT' });
});

test('refuses a change whose undo would not fit the budget, before writing', async () => {
  const { root, runtime } = open({ undo: { budgetBytes: 20 } });
  await runtime.call('edit_file', edit('a.txt', 'one', 'uno'));
  const before = await treeState(root);
  expect(await codeOf(() => runtime.call('edit_file', edit('b.txt', 'b', 'B'.repeat(10))))).toBe(
    'UNDO_BUDGET_EXCEEDED',
  );
  expect(treeDifferences(before, await treeState(root))).toEqual([]);
  // Undoing gives the room back.
  await runtime.call('undo', {});
  expect((await runtime.call('edit_file', edit('b.txt', 'b', 'B'.repeat(10)))).ok).toBe(true);
});

test('shows the changes since a step, and what someone else added', async () => {
  const { root, runtime } = open();
  await runtime.call('apply_patch', { patch: MODIFY });
  await runtime.call('apply_patch', { patch: CREATE + DELETE });
  expect(await runtime.call('diff', { since: 1 })).toMatchObject({
    data: {
      files: [
        { path: 'dir/c.txt', status: 'deleted' },
        { path: 'x/y/z.txt', status: 'created' },
      ],
    },
  });
  writeFileSync(join(root, 'a.txt'), 'mine\n');
  expect(await runtime.call('diff', {})).toMatchObject({ data: { files: [{ drifted: true }, {}, {}] } });
  expect(await runtime.call('diff', { since: 3 })).toMatchObject({ ok: false, code: 'STEP_UNKNOWN' });
});

const CONTENT = fc
  .array(fc.constantFrom('a', 'b', 'c', 'é', '', 'x\r'), { maxLength: 6 })
  .map((lines) => lines.join('\n'));
const ACTION = fc.record({
  path: fc.constantFrom('a.txt', 'b.txt', 'dir/c.txt', 'new.txt', 'deep/er/d.txt'),
  content: fc.option(CONTENT, { nil: null }),
  executable: fc.boolean(),
});

test('one path that can no longer be read hides no other change', async () => {
  const { root, runtime } = open();
  await runtime.call('apply_patch', { patch: MODIFY + DELETE });
  rmSync(join(root, 'a.txt'));
  mkdirSync(join(root, 'a.txt'));
  const shown = await runtime.call('diff', {});
  expect(shown).toMatchObject({
    ok: true,
    data: {
      files: [
        { path: 'a.txt', status: 'unreadable', code: 'NOT_A_FILE', drifted: true },
        { path: 'dir/c.txt', status: 'deleted' },
      ],
    },
  });
  expect(shown.text).toContain('a.txt can no longer be read as a file: NOT_A_FILE');
  expect(shown.text).toContain('-c\n');
});

test('tells the declarations that changed, where it is asked to and the language is known', async () => {
  const root = makeWorkspace({ 'a.ts': 'export function f() {\n  return 1;\n}\n', 'b.txt': 'b\n' });
  const runtime = createRuntime({ workspace: root });
  await runtime.call('edit_file', edit('a.ts', 'return 1', 'return 2'));
  await runtime.call('edit_file', edit('b.txt', 'b', 'c'));
  const shown = await runtime.call('diff', { declarations: true });
  expect(shown).toMatchObject({
    ok: true,
    data: {
      files: [
        { path: 'a.ts', declarations: [{ changes: ['body-changed'], kind: 'function', name: 'f', line: 1 }] },
        { path: 'b.txt' },
      ],
    },
  });
  expect(shown.text).toContain('a.ts: body-changed function f, line 1\n');
  expect(JSON.stringify(await runtime.call('diff', {}))).not.toContain('body-changed');
});

test('any series of patches: git agrees with the diff, and undo brings every byte back', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(ACTION, { minLength: 1, maxLength: 6 }), async (actions) => {
      const { root, runtime } = open();
      git(root, ['init', '-q']);
      git(root, ['add', '.']);
      git(root, ['commit', '-q', '-m', 'x']);
      const before = await treeState(root);
      let steps = 0;
      for (const action of actions) {
        const patch = patchFor(root, action);
        if (patch === '') continue;
        const result = await runtime.call('apply_patch', { patch });
        expect(result).toMatchObject({ ok: true });
        steps += 1;
      }
      const after = await treeState(root);
      const shown = await runtime.call('diff', {});
      if (shown.ok && shown.data.patch !== '') {
        git(root, ['apply', '--check', '-R'], shown.data.patch);
        git(root, ['stash', '-q', '-u']);
        git(root, ['apply'], shown.data.patch);
        expect(differencesOfFiles(after, await treeState(root))).toEqual([]);
      }
      if (steps > 0) expect(await runtime.call('undo', { steps })).toMatchObject({ ok: true });
      expect(differencesOfFiles(before, await treeState(root))).toEqual([]);
      rmSync(root, { recursive: true });
    }),
    { numRuns: 25 },
  );
}, 60_000);

/** Git keeps no empty directories, so that only files are compared with it. */
function differencesOfFiles(left: ReadonlyMap<string, string>, right: ReadonlyMap<string, string>): string[] {
  return treeDifferences(left, right).filter((path) =>
    `${left.get(path)}${right.get(path)}`.includes('file'),
  );
}

/** A patch by git itself, from the file as it is to what the action wants. */
function patchFor(
  root: string,
  { path, content, executable }: { path: string; content: string | null; executable: boolean },
): string {
  const exists = existsSync(join(root, path));
  if (!exists && content === null) return '';
  const scratch = makeWorkspace();
  if (exists) writeIn(scratch, `a/${path}`, readFileSync(join(root, path)), statSync(join(root, path)).mode);
  if (content !== null) writeIn(scratch, `b/${path}`, content, executable ? 0o755 : 0o644);
  const sides = [exists ? `a/${path}` : '/dev/null', content === null ? '/dev/null' : `b/${path}`];
  try {
    return git(scratch, ['diff', '--no-index', '--no-prefix', '--text', ...sides]);
  } catch (error) {
    // Exit code 1 says that there are differences.
    const { stdout } = error as { stdout: string };
    // Of a file that comes or goes git names the one side twice.
    return stdout.replace(/^diff --git .*/, `diff --git a/${path} b/${path}`);
  }
}
