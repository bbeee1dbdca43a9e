import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import type { FileChange } from '../src/workspace/file-access.js';
import { openFiles } from '@fishplate/sandbox';

import { openWorkspace as openBy } from '../src/workspace/sandbox-file-access.js';
import { codeOf, makeWorkspace } from './workspace.js';

const MAX = 1000;

/** Both engines must pass; the other one by `FISHPLATE_SANDBOX_ENGINE`. */
const openWorkspace = (workspace: string, policy = {}) =>
  openBy(workspace, (root) => ({ files: openFiles({ workspace: root, policy }), engine: 'any' }));

async function change(root: string, path: string, after: string | null): Promise<FileChange> {
  const before = await openWorkspace(root).read(path, MAX);
  return { path, before, after: after === null ? null : { bytes: Buffer.from(after) } };
}

test('refuses a workspace that is missing, or no directory', async () => {
  const root = makeWorkspace({ file: '' });
  expect(await codeOf(() => openWorkspace(join(root, 'none')))).toBe('WORKSPACE_INVALID');
  expect(await codeOf(() => openWorkspace(join(root, 'file')))).toBe('WORKSPACE_INVALID');
});

test('reads files, and answers null where there is none', async () => {
  const files = openWorkspace(makeWorkspace({ 'a/b.txt': 'hello', file: '' }));
  expect((await files.read('a/b.txt', MAX))?.bytes.toString()).toBe('hello');
  expect(await files.read('a/c.txt', MAX)).toBeNull();
  expect(await files.read('x/y/z', MAX)).toBeNull();
});

test('refuses links in every place: the file, a directory above it, a dangling one', async () => {
  const outside = makeWorkspace({ 'secret.txt': 'secret' });
  const root = makeWorkspace({ 'inner/a.txt': 'a' });
  symlinkSync(join(outside, 'secret.txt'), join(root, 'link.txt'));
  symlinkSync(outside, join(root, 'out'));
  symlinkSync(join(root, 'inner'), join(root, 'same'));
  symlinkSync(join(outside, 'none'), join(root, 'dangling'));
  const files = openWorkspace(root);
  for (const path of ['link.txt', 'out/secret.txt', 'same/a.txt', 'dangling']) {
    expect(await codeOf(() => files.read(path, MAX))).toBe('SYMLINK_REFUSED');
  }
  for (const path of ['out/new.txt', 'same/new.txt']) {
    const after = { bytes: Buffer.from('x') };
    expect(await codeOf(() => files.commit([{ path, before: null, after }]))).not.toBe('none');
  }
  expect(
    await files.commit([{ path: 'dangling', before: null, after: { bytes: Buffer.from('x') } }]),
  ).toEqual({
    ok: false,
    changedMeanwhile: 'dangling',
  });
  expect(readdirSync(outside)).toEqual(['secret.txt']);
  expect(readdirSync(join(root, 'inner'))).toEqual(['a.txt']);
});

test('refuses what is no regular file, without waiting for it', async () => {
  const root = makeWorkspace({ file: 'x' });
  mkdirSync(join(root, 'directory'));
  execFileSync('mkfifo', [join(root, 'pipe')]);
  const files = openWorkspace(root);
  for (const path of ['directory', 'pipe', 'file/below', '']) {
    expect(await codeOf(() => files.read(path, MAX))).toBe('NOT_A_FILE');
  }
});

test('refuses files over the limit, and takes one at it', async () => {
  const files = openWorkspace(makeWorkspace({ at: 'x'.repeat(MAX), over: 'x'.repeat(MAX + 1) }));
  expect((await files.read('at', MAX))?.bytes.length).toBe(MAX);
  expect(await codeOf(() => files.read('over', MAX))).toBe('FILE_TOO_LARGE');
});

test('writes several files at once: modes kept, directories made, no temporary left', async () => {
  const root = makeWorkspace({ 'a.sh': 'old', gone: 'x', untouched: 'u' });
  chmodSync(join(root, 'a.sh'), 0o750);
  const untouched = statSync(join(root, 'untouched'), { bigint: true });
  const files = openWorkspace(root);
  const outcome = await files.commit([
    await change(root, 'a.sh', 'new'),
    await change(root, 'deep/er/b.txt', 'b'),
    await change(root, 'gone', null),
  ]);
  expect(outcome).toMatchObject({ ok: true, createdDirectories: ['deep', 'deep/er'] });
  expect(readFileSync(join(root, 'a.sh'), 'utf8')).toBe('new');
  expect(statSync(join(root, 'a.sh')).mode & 0o777).toBe(0o750);
  expect(readdirSync(root).sort()).toEqual(['a.sh', 'deep', 'untouched']);
  expect(readdirSync(join(root, 'deep/er'))).toEqual(['b.txt']);
  expect(statSync(join(root, 'untouched'), { bigint: true }).ctimeNs).toBe(untouched.ctimeNs);
});

test('refuses a file with another name, which an edit would change too', async () => {
  const outside = makeWorkspace({ file: 'outside' });
  const root = makeWorkspace({ other: '1' });
  linkSync(join(outside, 'file'), join(root, 'file'));
  const changes = [await change(root, 'other', '2'), await change(root, 'file', 'changed')];
  expect(await codeOf(() => openWorkspace(root).commit(changes))).toBe('FILE_ACCESS_FAILED');
  expect(readFileSync(join(outside, 'file'), 'utf8')).toBe('outside');
  expect(readFileSync(join(root, 'other'), 'utf8')).toBe('1');
  expect(readdirSync(root).sort()).toEqual(['file', 'other']);
});

test('writes nothing where one file changed since it was read', async () => {
  const root = makeWorkspace({ a: '1', b: '2' });
  const changes = [
    await change(root, 'a', 'x'),
    await change(root, 'b', 'y'),
    await change(root, 'new/c', 'z'),
  ];
  writeFileSync(join(root, 'b'), '3');
  expect(await openWorkspace(root).commit(changes)).toEqual({ ok: false, changedMeanwhile: 'b' });
  expect(readFileSync(join(root, 'a'), 'utf8')).toBe('1');
  expect(readdirSync(root).sort()).toEqual(['a', 'b']);
});

test('writes nothing over a file that appeared meanwhile', async () => {
  const root = makeWorkspace();
  const appearing = await change(root, 'a', 'mine');
  writeFileSync(join(root, 'a'), 'theirs');
  expect(await openWorkspace(root).commit([appearing])).toEqual({ ok: false, changedMeanwhile: 'a' });
  expect(readFileSync(join(root, 'a'), 'utf8')).toBe('theirs');
});

test('takes everything back where a later operation fails', async () => {
  const root = makeWorkspace({ a: '1', b: '2' });
  chmodSync(join(root, 'a'), 0o640);
  const before = statSync(join(root, 'a'));
  // Deleting the same file twice: the second time it is not there, after all the others are done.
  const changes = [
    await change(root, 'a', 'x'),
    await change(root, 'c/d', 'new'),
    await change(root, 'b', null),
    await change(root, 'b', null),
  ];
  expect(await openWorkspace(root).commit(changes)).toEqual({ ok: false, changedMeanwhile: 'b' });
  expect(readFileSync(join(root, 'a'), 'utf8')).toBe('1');
  // The very file, not another one with its content.
  const after = statSync(join(root, 'a'));
  expect([after.ino, after.mode, after.mtimeMs]).toEqual([before.ino, before.mode, before.mtimeMs]);
  expect(readdirSync(root).sort()).toEqual(['a', 'b']);
});

test('a file that appears after the check is not overwritten, and what was written is taken back', async () => {
  const root = makeWorkspace({ a: '1' });
  // Two changes that create one path: both pass the check, and the second finds the file of the first.
  const changes = [
    await change(root, 'a', 'x'),
    await change(root, 'new', 'mine'),
    await change(root, 'new', 'again'),
  ];
  expect(await openWorkspace(root).commit(changes)).toEqual({ ok: false, changedMeanwhile: 'new' });
  expect(readFileSync(join(root, 'a'), 'utf8')).toBe('1');
  expect(readdirSync(root)).toEqual(['a']);
});

test('a file that its owner made read-only is restored too', async () => {
  const root = makeWorkspace({ a: '1', b: '2' });
  chmodSync(join(root, 'a'), 0o444);
  await asNobody(root, async () => {
    const changes = [
      await change(root, 'a', null),
      await change(root, 'b', null),
      await change(root, 'b', null),
    ];
    expect(await openWorkspace(root).commit(changes)).toEqual({ ok: false, changedMeanwhile: 'b' });
  });
  expect(readFileSync(join(root, 'a'), 'utf8')).toBe('1');
  expect(statSync(join(root, 'a')).mode & 0o777).toBe(0o444);
  expect(readdirSync(root).sort()).toEqual(['a', 'b']);
});

test('a directory that may not be written to ends the change before it begins', async () => {
  const root = makeWorkspace({ a: '1', 'closed/b': '2' });
  chmodSync(join(root, 'closed'), 0o555);
  const before = statSync(join(root, 'a'), { bigint: true }).ctimeNs;
  await asNobody(root, async () => {
    const changes = [await change(root, 'a', 'x'), await change(root, 'closed/b', 'y')];
    const now = statSync(join(root, 'a'), { bigint: true }).ctimeNs;
    expect(now).toBeGreaterThanOrEqual(before);
    expect(await codeOf(() => openWorkspace(root).commit(changes))).toBe('FILE_ACCESS_FAILED');
    expect(statSync(join(root, 'a'), { bigint: true }).ctimeNs).toBe(now);
  });
  chmodSync(join(root, 'closed'), 0o755);
  expect(readdirSync(root).sort()).toEqual(['a', 'closed']);
});

/** Permissions do not bind root: works as an ordinary user who owns the files of `root`. */
async function asNobody(root: string, work: () => Promise<void>): Promise<void> {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot)
    for (const path of [root, ...readdirSync(root).map((name) => join(root, name))])
      chownSync(path, 65534, 0);
  if (isRoot) process.seteuid!(65534);
  try {
    await work();
  } finally {
    if (isRoot) process.seteuid!(0);
  }
}

test('refuses what would be a file and a directory at once', async () => {
  const root = makeWorkspace();
  const changes = [await change(root, 'c/d', 'below'), await change(root, 'c', 'file')];
  expect(await openWorkspace(root).commit(changes)).toEqual({ ok: false, changedMeanwhile: 'c' });
  expect(readdirSync(root)).toEqual([]);
});

test('removes directories only where they are empty', async () => {
  const root = makeWorkspace({ 'full/a': '', 'empty/inner/x': '' });
  rmSync(join(root, 'empty/inner/x'));
  await openWorkspace(root).removeEmptyDirectories(['full', 'empty', 'empty/inner', 'none']);
  expect(existsSync(join(root, 'full'))).toBe(true);
  expect(existsSync(join(root, 'empty'))).toBe(false);
});

test('what a command may not read or write, no tool does for it', async () => {
  const root = makeWorkspace({ 'secrets/key': 'k', 'conf/app': 'c', '.vscode/tasks.json': '{}', a: '1' });
  const files = openWorkspace(root, { readDeny: ['secrets'], protectedPaths: ['conf'] });
  expect(await codeOf(() => files.read('secrets/key', MAX))).toBe('PATH_PROTECTED');
  expect((await files.read('conf/app', MAX))?.bytes.toString()).toBe('c');
  for (const path of ['secrets/new', 'conf/new', '.vscode/launch.json', '.vscode/tasks.json', 'conf/app']) {
    const before = path.endsWith('new') || path.endsWith('launch.json') ? null : await files.read(path, MAX);
    const changes = [await change(root, 'a', '2'), { path, before, after: { bytes: Buffer.from('x') } }];
    expect(await codeOf(() => files.commit(changes))).toBe('PATH_PROTECTED');
  }
  expect(readFileSync(join(root, 'a'), 'utf8')).toBe('1');
});

test('what the policy leaves to a person is done when that says yes, and once', async () => {
  const root = makeWorkspace({ a: '1' });
  const files = openBy(root, (workspace) => ({
    files: openFiles({ workspace, policy: { mode: 'read-only' } }),
    engine: 'any',
  }));
  const edit = await change(root, 'a', '2');
  expect(await codeOf(() => files.commit([edit]))).toBe('CHANGE_NOT_CONFIRMED');
  expect(await codeOf(() => files.asking(() => false).commit([edit]))).toBe('CHANGE_NOT_CONFIRMED');
  const asked: string[] = [];
  const confirm = ({ action }: { action: string }): boolean => asked.push(action) > 0;
  expect(await files.asking(confirm).commit([edit])).toMatchObject({ ok: true });
  expect(asked).toEqual(['write a']);
  expect(readFileSync(join(root, 'a'), 'utf8')).toBe('2');
  expect(await codeOf(async () => files.commit([await change(root, 'a', '3')]))).toBe('CHANGE_NOT_CONFIRMED');
});

test('a directory that becomes a link between reading and writing leads nowhere', async () => {
  const outside = makeWorkspace({ 'b.txt': 'theirs' });
  const root = makeWorkspace({ 'dir/b.txt': 'mine' });
  const edit = await change(root, 'dir/b.txt', 'changed');
  rmSync(join(root, 'dir'), { recursive: true });
  symlinkSync(outside, join(root, 'dir'));
  expect(await codeOf(() => openWorkspace(root).commit([edit]))).not.toBe('none');
  expect(readFileSync(join(outside, 'b.txt'), 'utf8')).toBe('theirs');
  expect(readdirSync(outside)).toEqual(['b.txt']);
});
