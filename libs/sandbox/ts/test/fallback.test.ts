/** Attacks on the files of the fallback, with directories held open and with names looked at. */

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

import { consider } from '../src/fallback/decision';
import { canHoldHandles, openDirectory } from '../src/fallback/directory';
import { list, readFile, writeFile } from '../src/fallback/files';
import type { FileContext } from '../src/fallback/place';
import { takeGrants } from '../src/fallback/grants';
import { openScriptPolicy } from '../src/fallback/policy';
import type { SandboxPolicy } from '../src/policy';
import { resolveRules } from '../src/rules';
import type { ActionIntent, Grant } from '../src/types';
import { checkedOptions, codeOf, makeWorld } from './world';

const context = (
  top: string,
  byHandles: boolean,
  policy: SandboxPolicy = {},
  grants: Grant[] = [],
): FileContext => {
  const rules = resolveRules(checkedOptions(join(top, 'ws'), { readDeny: [join(top, 'secret')], ...policy }));
  return { rules, grants: takeGrants(grants, rules), byHandles };
};

test('Linux holds directories open', () => {
  expect(canHoldHandles()).toBe(process.platform === 'linux');
});

describe.each([
  ['handles', true],
  ['names', false],
])('by %s', (_, byHandles) => {
  test('files come and go whole, with their mode and owner', async () => {
    const top = makeWorld();
    const files = context(top, byHandles);
    const path = join(top, 'ws/file');
    chmodSync(path, 0o4751);
    const isRoot = process.getuid?.() === 0;
    if (isRoot) {
      chownSync(path, 1234, 4321);
      chmodSync(path, 0o4751);
    }
    await writeFile(files, 'file', Buffer.from('new'));
    const { mode, uid, gid } = statSync(path);
    // Who may set the user id of another is not copied.
    expect([readFileSync(path, 'utf8'), mode & 0o7777]).toEqual(['new', 0o751]);
    if (isRoot) expect([uid, gid]).toEqual([1234, 4321]);
    await writeFile(files, 'dir/fresh', Buffer.alloc(0));
    expect(await readFile(files, 'dir/fresh', 0)).toEqual(Buffer.alloc(0));
    expect(await list(files, 'dir')).toEqual([
      { name: 'file', kind: 'file' },
      { name: 'fresh', kind: 'file' },
    ]);
  });

  test('a large file, and one whose size nobody knows', async () => {
    const top = makeWorld();
    const files = context(top, byHandles);
    const content = Buffer.alloc(5_000_001, 'abc');
    await writeFile(files, 'large', content);
    expect((await readFile(files, 'large', content.length)).equals(content)).toBe(true);
    expect(await codeOf(() => readFile(files, 'large', content.length - 1))).toBe('TOO_LARGE');
    expect((await readFile(files, '/proc/version', 4096)).toString()).toContain('Linux');
    expect(await codeOf(() => readFile(files, '/proc/version', 5))).toBe('TOO_LARGE');
  });

  test('pipes, sockets and devices are neither opened nor waited for', async () => {
    const top = makeWorld();
    const files = context(top, byHandles, { mode: 'full-access' });
    execFileSync('mkfifo', [join(top, 'ws/pipe')]);
    for (const path of ['pipe', '/dev/zero', '/dev/null', 'dir']) {
      expect([path, await codeOf(() => readFile(files, path, 10))]).toEqual([path, 'NOT_A_FILE']);
      expect([path, await codeOf(() => writeFile(files, path, Buffer.from('x')))]).toEqual([
        path,
        'NOT_A_FILE',
      ]);
    }
    expect(await codeOf(() => list(files, 'pipe'))).toBe('NOT_A_DIRECTORY');
  });

  test('hard links and links are not written through', async () => {
    const top = makeWorld();
    const files = context(top, byHandles);
    linkSync(join(top, 'out/file'), join(top, 'ws/hard'));
    symlinkSync('file', join(top, 'ws/soft'));
    symlinkSync('nowhere', join(top, 'ws/dangling'));
    expect(await codeOf(() => writeFile(files, 'hard', Buffer.from('x')))).toBe('HARD_LINKED');
    for (const name of ['soft', 'dangling']) {
      expect(await codeOf(() => writeFile(files, name, Buffer.from('x')))).toBe('LINK_IN_PATH');
    }
    expect(readFileSync(join(top, 'out/file'), 'utf8')).toBe('content of out/file');
    expect(readdirSync(join(top, 'ws')).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    expect((await readFile(files, 'soft', 100)).toString()).toBe('content of ws/file');
  });

  test('a denied file is found by every name that it has', async () => {
    const top = makeWorld();
    const files = context(top, byHandles, { readDeny: [join(top, 'secret'), join(top, 'secret/key')] });
    linkSync(join(top, 'secret/key'), join(top, 'ws/innocent'));
    symlinkSync(join(top, 'secret'), join(top, 'ws/away'));
    for (const path of ['innocent', 'away/key', 'away/deep/key', '../secret/key']) {
      expect([path, await codeOf(() => readFile(files, path, 100))]).toEqual([
        path,
        expect.stringContaining('"decision":"deny"'),
      ]);
    }
  });

  test('a directory that is replaced by a link behind the decision', () => {
    const top = makeWorld();
    const inside = join(top, 'ws/dir');
    const directory = openDirectory(inside, byHandles);
    renameSync(inside, join(top, 'ws/moved'));
    symlinkSync(join(top, 'secret'), inside);
    const refused = expect.objectContaining({ code: 'LINK_IN_PATH' });
    expect(() => openDirectory(inside, byHandles)).toThrow(refused);
    expect(() => openDirectory(join(inside, 'deep'), byHandles)).toThrow(refused);
    if (byHandles) {
      // It is still the one that was opened.
      writeFileSync(directory.at('mine'), '');
      expect(readdirSync(join(top, 'ws/moved')).sort()).toEqual(['file', 'mine']);
    } else {
      expect(() => directory.at('mine')).toThrow(refused);
    }
    expect(readdirSync(join(top, 'secret')).sort()).toEqual(['deep', 'key']);
    directory.close();
  });

  test('no descriptor is left open', async () => {
    const top = makeWorld();
    const files = context(top, byHandles);
    const open = (): number => readdirSync('/proc/self/fd').length;
    symlinkSync('/nowhere', join(top, 'ws/dangling'));
    await readFile(files, 'file', 100);
    const before = open();
    for (let count = 0; count < 50; count++) {
      await readFile(files, 'file', 100);
      await writeFile(files, 'file', Buffer.from('x'));
      await list(files, '.');
      for (const path of ['dangling', 'missing/x', 'file/x', '.git/config']) {
        await codeOf(() => writeFile(files, path, Buffer.from('x')));
        await codeOf(() => readFile(files, path, 1));
      }
    }
    expect(open()).toBe(before);
  });
});

test('a thread that swaps a directory for a link wins no race', async () => {
  const top = makeWorld();
  const files = context(top, true);
  mkdirSync(join(top, 'ws/swap'));
  writeFileSync(join(top, 'ws/swap/key'), 'of the workspace');
  const swapper = new Worker(
    `const { renameSync, symlinkSync, unlinkSync } = require('node:fs');
     const { workerData: { top }, parentPort } = require('node:worker_threads');
     let ends = false;
     parentPort.on('message', () => { ends = true; });
     const turn = () => {
       for (let count = 0; count < 100; count++) {
         renameSync(top + '/ws/swap', top + '/ws/aside');
         symlinkSync(top + '/secret', top + '/ws/swap');
         unlinkSync(top + '/ws/swap');
         renameSync(top + '/ws/aside', top + '/ws/swap');
       }
       if (ends) parentPort.close(); else setImmediate(turn);
     };
     turn();`,
    { eval: true, workerData: { top } },
  );
  const seen = new Map<string, number>();
  const ended = Date.now() + 2000;
  while (Date.now() < ended) {
    const code = await codeOf(() => writeFile(files, 'swap/key', Buffer.from('of the workspace')));
    const word = code.split(' ')[0]!;
    seen.set(word, (seen.get(word) ?? 0) + 1);
    const read = await readFile(files, 'swap/key', 100).catch(() => null);
    if (read !== null) expect(read.toString()).toBe('of the workspace');
  }
  swapper.postMessage('end');
  await new Promise((resolve) => swapper.once('exit', resolve));
  expect(readFileSync(join(top, 'secret/key'), 'utf8')).toBe('content of secret/key');
  expect(readdirSync(join(top, 'secret')).sort()).toEqual(['deep', 'key']);
  // The race was on: some calls met the link, or nothing.
  expect(seen.get('none') ?? 0).toBeGreaterThan(0);
  expect([...seen.keys()].some((word) => word !== 'none')).toBe(true);
});

describe('grants', () => {
  const decide = (grants: Grant[], path: string, intent: ActionIntent, top: string): string => {
    const { rules, grants: taken } = context(top, true, { privateTmp: false }, grants);
    return consider(rules, taken, path, intent).decision.rule;
  };

  test('are for their paths and intents alone', () => {
    const top = makeWorld();
    const grant: Grant = { path: 'file', intents: ['delete'], id: 'g1' };
    expect(decide([grant], 'file', 'delete', top)).toBe('grant g1');
    expect(decide([grant], 'file', 'move', top)).toBe('workspace');
    expect(decide([grant], 'dir/file', 'delete', top)).toBe('workspace');
    expect(decide([{ ...grant, path: 'dir' }], 'dir/file', 'delete', top)).toBe('workspace');
    expect(decide([{ ...grant, path: 'dir', recursive: true }], 'dir/file', 'delete', top)).toBe('grant g1');
    expect(decide([{ ...grant, path: '/', recursive: true }], '.git/config', 'delete', top)).toBe(
      'default protected path .git/config',
    );
  });

  test('end for good, by the clock and by time passed', () => {
    const top = makeWorld();
    const clock = { wall: 4_000, passed: 0 };
    jest.spyOn(Date, 'now').mockImplementation(() => clock.wall);
    jest.spyOn(performance, 'now').mockImplementation(() => clock.passed);
    try {
      const lives = (files: FileContext): boolean =>
        consider(files.rules, files.grants, 'file', 'delete').decision.decision === 'allow';
      const make = (expiresAtMs: number): FileContext => {
        Object.assign(clock, { wall: 4_000, passed: 0 });
        return context(top, true, { privateTmp: false }, [
          { path: 'file', intents: ['delete'], expiresAtMs },
        ]);
      };
      const byClock = make(10_000);
      Object.assign(clock, { wall: 9_999, passed: 5_999 });
      expect(lives(byClock)).toBe(true);
      clock.wall = 10_000;
      expect(lives(byClock)).toBe(false);
      clock.wall = 4_000;
      expect(lives(byClock)).toBe(false);
      const setBack = make(10_000);
      Object.assign(clock, { wall: 1_000, passed: 5_999 });
      expect(lives(setBack)).toBe(true);
      clock.passed = 6_000;
      expect(lives(setBack)).toBe(false);
      expect(lives(make(0))).toBe(false);
    } finally {
      jest.restoreAllMocks();
    }
  });

  test('that are refused leave those before', async () => {
    const top = makeWorld();
    const policy = openScriptPolicy(
      checkedOptions(join(top, 'ws'), { privateTmp: false }, null, [{ path: 'file', intents: ['delete'] }]),
    );
    expect(await codeOf(() => policy.updateGrants([{ path: '/proc/1', intents: ['read'] }]))).toBe(
      'GRANT_INVALID',
    );
    expect(policy.evaluate('file', 'delete').decision).toBe('allow');
    policy.updateGrants([]);
    expect(policy.evaluate('file', 'delete').decision).toBe('needs-confirmation');
    unlinkSync(join(top, 'ws/file'));
  });
});
