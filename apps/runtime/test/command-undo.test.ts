import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { openStore } from '@fishplate/storage';

import { treeDifferences, treeState } from '../src/demo/tree-state.js';
import { createRuntime, type Runtime } from '../src/index.js';
import { git, makeWorkspace, writeIn } from './workspace.js';

const UNCONFINED = { sandbox: { mode: 'process' }, permissions: { otherwise: 'allow' } } as const;
const FILES = {
  'a.txt': 'one\n',
  'b.txt': 'b\n',
  'dir/c.txt': 'c\n',
  'dir/d.txt': 'd\n',
  'run.sh': '#!/bin/sh\n',
};

function open(root: string, engine: 'auto' | 'fallback' = 'auto', undo: object = {}): Runtime {
  const engines = { storage: engine, gitignore: engine } as const;
  return createRuntime({ workspace: root, config: { ...UNCONFINED, undo }, engines });
}

const run = (runtime: Pick<Runtime, 'call'>, command: string) => runtime.call('run_command', { command });

const CHANGES: [string, string][] = [
  ['an edit', 'echo two >> a.txt'],
  [
    'an edit that keeps size and time',
    'touch -r a.txt t && printf "ONE\\n" > a.txt && touch -r t a.txt && rm t',
  ],
  ['a deletion', 'rm a.txt'],
  ['a mode', 'chmod 700 run.sh'],
  ['a new link, and one that points elsewhere', 'ln -s a.txt new && rm link && ln -s b.txt link'],
  ['a link that becomes a file', 'rm link && echo file > link'],
  ['a file that becomes a link', 'rm b.txt && ln -s a.txt b.txt'],
  ['a file that becomes a directory', 'rm b.txt && mkdir b.txt && echo x > b.txt/in'],
  ['a directory that becomes a file', 'rm -r dir && echo x > dir'],
  ['a directory that becomes a link', 'mkdir other && rm -r dir && ln -s other dir'],
  ['a directory moved, and linked to from its old place', 'mv dir moved && ln -s moved dir'],
  ['new directories, empty ones too', 'mkdir -p x/y/z q && echo x > x/file'],
  ['an empty directory that goes', 'rmdir empty'],
  ['a mode of a directory', 'chmod 700 dir empty'],
  ['a file renamed', 'mv a.txt z.txt'],
  ['a directory renamed', 'mv dir moved'],
  [
    'everything at once',
    'rm -r dir b.txt empty link; mkdir -p dir/c.txt; mv a.txt dir/c.txt/a; chmod 600 run.sh',
  ],
  ['changes of a command that fails', 'echo x > a.txt; rm b.txt; exit 3'],
];

describe.each(['auto', 'fallback'] as const)('undo takes back (%s)', (engine) => {
  test.each(CHANGES)('%s', async (_, command) => {
    const root = makeWorkspace(FILES);
    mkdirSync(join(root, 'empty'), 0o755);
    symlinkSync('a.txt', join(root, 'link'));
    const before = await treeState(root);
    const untouched = statSync(join(root, 'dir/d.txt'), { bigint: true });
    const runtime = open(root, engine);
    const result = await run(runtime, command);
    expect(result).toMatchObject({ ok: true, step: 1 });
    expect(treeDifferences(before, await treeState(root))).not.toEqual([]);
    expect(await runtime.call('undo', {})).toMatchObject({
      ok: true,
      data: { notCovered: [], remaining: 0 },
    });
    expect(treeDifferences(before, await treeState(root))).toEqual([]);
    if (!/\bdir\b/.test(command)) {
      expect(statSync(join(root, 'dir/d.txt'), { bigint: true }).ctimeNs).toBe(untouched.ctimeNs);
    }
    await runtime.close();
  });
});

test('a command that changes nothing is no step; edits between commands are steps of their own', async () => {
  const root = makeWorkspace(FILES);
  const runtime = open(root);
  const idle = await run(runtime, 'cat a.txt');
  expect(idle).toMatchObject({ data: { changed: [], changedCount: 0 } });
  expect(idle).not.toHaveProperty('step');
  await runtime.call('edit_file', { path: 'a.txt', edits: [{ search: 'one', replace: 'two' }] });
  expect(await run(runtime, 'cat a.txt')).toMatchObject({ data: { stdout: 'two\n', changedCount: 0 } });
  expect(await run(runtime, 'echo three > a.txt')).toMatchObject({ step: 2 });
  await runtime.call('undo', {});
  expect(readFileSync(join(root, 'a.txt'), 'utf8')).toBe('two\n');
  await runtime.close();
});

test('what a person changed before the command is not taken back', async () => {
  const root = makeWorkspace(FILES);
  const runtime = open(root);
  await run(runtime, 'echo x > b.txt');
  writeFileSync(join(root, 'a.txt'), 'mine\n');
  await run(runtime, 'echo y >> b.txt; echo agent >> a.txt');
  await runtime.call('undo', { steps: 2 });
  expect(readFileSync(join(root, 'a.txt'), 'utf8')).toBe('mine\n');
  expect(readFileSync(join(root, 'b.txt'), 'utf8')).toBe('b\n');
  await runtime.close();
});

test('what a person changed since is refused, and shown from three sides', async () => {
  const root = makeWorkspace(FILES);
  const runtime = open(root);
  await run(runtime, 'echo agent > a.txt; echo agent > b.txt');
  writeFileSync(join(root, 'a.txt'), 'person\n');
  const before = await treeState(root);
  const refused = await runtime.call('undo', {});
  expect(refused).toMatchObject({
    ok: false,
    code: 'UNDO_CONFLICT',
    details: {
      conflicts: [
        {
          path: 'a.txt',
          changedSince: expect.stringContaining('-agent\n+person\n') as string,
          wouldChange: expect.stringContaining('-person\n+one\n') as string,
        },
      ],
    },
  });
  expect(treeDifferences(before, await treeState(root))).toEqual([]);
  await runtime.close();
});

test('what is not covered is said, before and after, and left as it is', async () => {
  const root = makeWorkspace({
    ...FILES,
    'big.bin': Buffer.alloc(5000),
    '.gitignore': 'out/\n',
    'out/o': 'o',
  });
  const runtime = open(root, 'auto', { maxFileBytes: 4096 });
  const told: string[] = [];
  const result = await runtime.call(
    'run_command',
    { command: 'echo x >> big.bin; echo x >> out/o; echo x >> a.txt' },
    { onProgress: ({ message }) => told.push(message) },
  );
  expect(told[0]).toContain('big.bin (too large)');
  expect(result).toMatchObject({
    data: {
      notCovered: expect.arrayContaining(['big.bin (too large)', 'what git ignores']) as string[],
      changed: [{ path: 'a.txt' }, { path: 'big.bin' }],
    },
  });
  expect(await runtime.call('undo', {})).toMatchObject({ ok: true, data: { notCovered: ['big.bin'] } });
  expect(readFileSync(join(root, 'a.txt'), 'utf8')).toBe('one\n');
  expect(statSync(join(root, 'big.bin')).size).toBe(5002);
  await runtime.close();
});

test('what git ignores is covered where it is asked for', async () => {
  const root = makeWorkspace({ '.gitignore': 'out/\n', 'out/o': 'o' });
  const before = await treeState(root);
  const runtime = open(root, 'auto', { ignored: true });
  await run(runtime, 'echo x > out/o; mkdir out/more');
  await runtime.call('undo', {});
  expect(treeDifferences(before, await treeState(root))).toEqual([]);
  await runtime.close();
});

test('ignore rules that a command changes make nothing new of what was there, and nothing gone of what is there', async () => {
  const root = makeWorkspace({ '.gitignore': 'out/\n', 'out/o': 'o', 'a.txt': 'a', 'b.txt': 'b' });
  // Files are told by when they were made.
  await new Promise((settle) => setTimeout(settle, 150));
  const before = await treeState(root);
  const runtime = open(root);
  await run(runtime, 'echo a.txt > .gitignore; echo new > new.txt');
  await runtime.call('undo', {});
  expect(treeDifferences(before, await treeState(root))).toEqual([]);
  await runtime.close();
});

test('works in a monorepo with nested repositories, and touches no .git', async () => {
  const root = makeWorkspace({ 'a.txt': 'a\n', 'lib/nested/n.txt': 'n\n' });
  for (const repository of [root, join(root, 'lib/nested')]) {
    git(repository, ['init', '-q']);
    git(repository, ['add', '.']);
    git(repository, ['commit', '-q', '-m', 'x']);
  }
  const sub = join(root, 'lib');
  const before = await treeState(root);
  const runtime = open(sub);
  await run(runtime, 'echo x > nested/n.txt; rm -r nested/none; mkdir nested/dir; echo y > y');
  expect(git(root, ['status', '--porcelain'])).not.toContain('.fishplate');
  await runtime.call('undo', {});
  await runtime.close();
  expect(
    treeDifferences(before, await treeState(root)).filter((path) => !path.includes('.fishplate')),
  ).toEqual([]);
  expect(git(join(root, 'lib/nested'), ['status', '--porcelain'])).toBe('');
});

test('a job is a step when it has ended', async () => {
  const root = makeWorkspace(FILES);
  const runtime = open(root);
  const job = await runtime.call('start_job', {
    command: 'while [ ! -e go ]; do sleep 0.02; done; echo job > a.txt',
  });
  if (!job.ok) throw new Error(job.text);
  await runtime.call('edit_file', { path: 'b.txt', edits: [{ search: 'b', replace: 'mine' }] });
  writeIn(root, 'go', '');
  expect(await runtime.call('poll_job', { jobId: job.data.jobId, waitMs: 20_000 })).toMatchObject({
    data: {
      status: 'ended',
      end: { step: 2, changed: expect.arrayContaining([{ path: 'a.txt', action: 'changed' }]) as object[] },
    },
  });
  await runtime.call('undo', {});
  expect([readFileSync(join(root, 'a.txt'), 'utf8'), readFileSync(join(root, 'b.txt'), 'utf8')]).toEqual([
    'one\n',
    'mine\n',
  ]);
  await runtime.close();
});

test('an undo that was cut off is completed by the next one', async () => {
  const root = makeWorkspace(FILES);
  const runtime = open(root);
  const before = await treeState(root);
  await run(runtime, 'echo x > a.txt; rm b.txt; ln -s a.txt l; mkdir -p m/n');
  // Half of the way, as a process that was killed would leave it.
  writeFileSync(join(root, 'a.txt'), 'one\n');
  writeFileSync(join(root, 'b.txt'), 'b\n');
  expect(await runtime.call('undo', {})).toMatchObject({ ok: true });
  expect(treeDifferences(before, await treeState(root))).toEqual([]);
  await runtime.close();
});

test.each(['undo', 'restore'] as const)('%s is completed by the process that goes on', async (why) => {
  const root = makeWorkspace(FILES);
  const before = await treeState(root);
  const first = open(root);
  await run(
    first.session('S'),
    'echo x > a.txt; rm b.txt; ln -s a.txt l; rm -r dir; echo x > dir; mkdir -p m/n',
  );
  await first.close();
  // As a process leaves it that is killed on the way: one file is back, one is gone that is to be a directory.
  const store = await openStore(join(root, '.fishplate/journal-1/store'));
  const going = { type: 'going', at: new Date().toISOString(), why, active: [] };
  await store.append(JSON.stringify(going), { stream: 'session/S' });
  await store.close();
  writeFileSync(join(root, 'a.txt'), 'one\n');
  rmSync(join(root, 'dir'));
  symlinkSync('a.txt', join(root, '.fishplate-0123456789abcdef.tmp'));
  const second = open(root);
  const session = second.session('S');
  expect(await session.call('undo', {})).toMatchObject({ code: 'NOTHING_TO_UNDO' });
  expect(treeDifferences(before, await treeState(root))).toEqual([]);
  await second.close();
});

test('a way back that somebody crossed after its process ended is left to who asks again', async () => {
  const root = makeWorkspace(FILES);
  const first = open(root);
  await run(first.session('S'), 'echo x > a.txt');
  await first.close();
  const store = await openStore(join(root, '.fishplate/journal-1/store'));
  const going = { type: 'going', at: new Date().toISOString(), why: 'undo', active: [] };
  await store.append(JSON.stringify(going), { stream: 'session/S' });
  await store.close();
  writeFileSync(join(root, 'a.txt'), 'mine\n');
  const second = open(root);
  expect(await second.session('S').call('undo', {})).toMatchObject({ code: 'UNDO_CONFLICT' });
  expect(readFileSync(join(root, 'a.txt'), 'utf8')).toBe('mine\n');
  await second.close();
});

test('restores checkpoints: back over steps, forth over those undone, files or conversation or both', async () => {
  const root = makeWorkspace(FILES);
  const runtime = open(root);
  const { main } = runtime;
  await main.record({ role: 'user', content: 'first' });
  await run(runtime, 'echo 1 > a.txt');
  const set = await runtime.call('checkpoint', { label: 'after one' });
  expect(set).toMatchObject({ ok: true, data: { checkpoint: 'cp-1', steps: 1, messages: 1 } });
  const there = await treeState(root);
  await main.record({ role: 'user', content: 'second' });
  await run(runtime, 'echo 2 > a.txt; rm b.txt; mkdir e');
  const later = await treeState(root);
  const dry = await runtime.call('restore', { checkpoint: 'cp-1', dryRun: true });
  expect(dry).toMatchObject({ ok: true, data: { dryRun: true, steps: 1 } });
  expect(treeDifferences(later, await treeState(root))).toEqual([]);
  expect(await runtime.call('restore', { checkpoint: 'cp-1', what: 'conversation' })).toMatchObject({
    ok: true,
  });
  expect([await main.messages(), treeDifferences(later, await treeState(root))]).toEqual([
    [{ role: 'user', content: 'first' }],
    [],
  ]);
  expect(await runtime.call('restore', { checkpoint: 'cp-1', what: 'files' })).toMatchObject({ ok: true });
  expect(treeDifferences(there, await treeState(root))).toEqual([]);
  await runtime.call('undo', {});
  expect(readFileSync(join(root, 'a.txt'), 'utf8')).toBe('one\n');
  expect(await runtime.call('restore', { checkpoint: 'cp-1' })).toMatchObject({
    ok: true,
    data: { steps: 1 },
  });
  expect(treeDifferences(there, await treeState(root))).toEqual([]);
  expect(await runtime.call('restore', { checkpoint: 'cp-9' })).toMatchObject({ code: 'CHECKPOINT_UNKNOWN' });
  await runtime.close();
});

test('restores what an undone step had made also where a later one deleted it', async () => {
  const root = makeWorkspace(FILES);
  const runtime = open(root);
  await run(runtime, 'echo 1 > a.txt; echo x > dir/c.txt');
  await runtime.call('checkpoint', { label: 'there' });
  const there = await treeState(root);
  await runtime.call('undo', {});
  await run(runtime, 'rm -r a.txt dir');
  expect(await runtime.call('restore', { checkpoint: 'cp-1' })).toMatchObject({ ok: true });
  expect(treeDifferences(there, await treeState(root))).toEqual([]);
  await runtime.close();
});

test('no file can be reached through what sessions keep, and no link stands in its place', async () => {
  const root = makeWorkspace(FILES);
  const elsewhere = makeWorkspace();
  const runtime = open(root);
  await runtime.call('list_files', {});
  await expect(runtime.call('read_file', { path: '.fishplate/.gitignore' })).rejects.toMatchObject({
    code: 'PATH_PROTECTED',
  });
  await runtime.close();
  const linked = makeWorkspace(FILES);
  symlinkSync(elsewhere, join(linked, '.fishplate'));
  await expect(open(linked).call('list_files', {})).rejects.toMatchObject({ code: 'STATE_UNUSABLE' });
  expect(existsSync(join(elsewhere, 'journal-1'))).toBe(false);
  expect(lstatSync(join(linked, '.fishplate')).isSymbolicLink()).toBe(true);
  chmodSync(root, 0o755);
});

(process.platform === 'win32' ? test.skip : test)(
  'a tree that is deeper than paths are long keeps no command from running, the one that removes it too',
  async () => {
    const root = makeWorkspace(FILES);
    const runtime = open(root);
    const name = 'd'.repeat(100);
    const deepen = `i=0; while [ $i -lt 60 ]; do mkdir ${name} && cd ${name}; i=$((i+1)); done`;
    expect(await run(runtime, deepen)).toMatchObject({ ok: true, data: { exitCode: 0 } });
    const edited = await run(runtime, 'echo two >> a.txt');
    expect(edited).toMatchObject({ ok: true, data: { exitCode: 0, changed: [{ path: 'a.txt' }] } });
    if (!edited.ok) throw new Error(edited.message);
    expect(edited.data.notCovered.join('\n')).toContain('(its path is too long)');
    expect(await run(runtime, `rm -rf ${name}`)).toMatchObject({ ok: true, data: { exitCode: 0 } });
    expect(existsSync(join(root, name))).toBe(false);
    await runtime.close();
  },
);
