/**
 * Generated worlds, asked of the Rust core and of the fallback: the same decisions, and the same results of files.
 *
 * `FISHPLATE_WORLDS=5000` tries more than the tests of every day.
 */

import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { join, relative } from 'node:path';

import { openScriptPolicy } from '../src/fallback/policy';
import { selectNative } from '../src/native';
import { openNativePolicy } from '../src/native-backend';
import type { SandboxPolicy } from '../src/policy';
import type { PolicyEngine } from '../src/files';
import type { ActionIntent, Grant } from '../src/types';
import { checkedOptions, codeOf, makeWorld, plant, Random, somePath, write } from './world';

const WORLDS = Number(process.env['FISHPLATE_WORLDS'] ?? 60);
const PATHS = 16;
const INTENTS: readonly ActionIntent[] = [
  ...(['read', 'write', 'create', 'delete'] as const),
  ...(['rename', 'move', 'list', 'execute'] as const),
];

function somePolicy(random: Random, top: string): SandboxPolicy {
  return {
    mode: random.pick(['workspace-write', 'workspace-write', 'read-only', 'full-access']),
    writableRoots: random.pick([[], [join(top, 'root2')], ['../root2', '.', join(top, 'root2/')]]),
    ...(random.below(4) === 0
      ? {}
      : {
          readDeny: [join(top, 'secret'), 'denied.txt', '~/.ssh', ...(random.below(2) === 0 ? ['link'] : [])],
        }),
    protectedPaths: [
      'locked',
      'deep/er/locked',
      ...(random.below(3) === 0 ? ['l2', '~/.netrc', '../out/dir'] : []),
    ],
    protectDefaults: random.below(5) !== 0,
    privateTmp: random.below(3) === 0,
    require: 'none',
  };
}

function someGrants(random: Random, top: string): Grant[] {
  const every = { path: '/', intents: INTENTS, recursive: true };
  const one = (): Grant => ({
    path: somePath(random, top),
    intents: random.pick([INTENTS, ['delete', 'write'], ['read', 'list']]),
    recursive: random.below(2) === 0,
    ...(random.below(3) === 0
      ? { expiresAtMs: random.pick([0, Date.now() - 1, Date.now() + 3_600_000]) }
      : {}),
    ...(random.below(3) === 0 ? { id: random.pick(['g1', 'é "quoted"', '#1']) } : {}),
  });
  return random.pick([[], [every], [one()], [one(), one(), one()]]);
}

/** Both engines, or the code that both refuse with. */
async function openBoth(
  ...options: Parameters<typeof checkedOptions>
): Promise<[PolicyEngine, PolicyEngine] | null> {
  const native = selectNative('native')!;
  const checked = checkedOptions(...options);
  const engines: PolicyEngine[] = [];
  const codes = [
    await codeOf(() => engines.push(openNativePolicy(native, checked).policyEngine)),
    await codeOf(() => engines.push(openScriptPolicy(checked))),
  ];
  expect(codes[1]).toBe(codes[0]);
  return codes[0] === 'none' ? (engines as [PolicyEngine, PolicyEngine]) : null;
}

function decided(engine: PolicyEngine, path: string, intent: ActionIntent): unknown {
  try {
    return engine.evaluate(path, intent);
  } catch (error) {
    return (error as { code: string }).code;
  }
}

test('both engines decide the same, and say so in the same words', async () => {
  const tally = new Map<string, number>();
  for (let seed = 1; seed <= WORLDS; seed++) {
    const random = new Random(seed);
    const top = makeWorld();
    const planted = plant(random, top);
    const policy = somePolicy(random, top);
    const both = await openBoth(join(top, 'ws'), policy, join(top, 'home'), someGrants(random, top));
    if (both === null) continue;
    const paths = [...planted, ...Array.from({ length: PATHS }, () => somePath(random, top))];
    for (const path of [
      ...paths,
      '',
      '.',
      '/',
      top,
      '/proc/self/root',
      '/proc/version',
      '/dev/null',
      '/tmp/x',
    ]) {
      for (const intent of INTENTS) {
        const [native, script] = both.map((engine) => decided(engine, path, intent));
        expect({ seed, path, intent, decided: script }).toEqual({ seed, path, intent, decided: native });
        const key = typeof native === 'string' ? native : (native as { decision: string }).decision;
        tally.set(key, (tally.get(key) ?? 0) + 1);
      }
    }
    rmSync(top, { recursive: true });
  }
  // The generator reaches every answer often.
  for (const answer of ['allow', 'deny', 'needs-confirmation', 'NAME_INVALID']) {
    expect([answer, (tally.get(answer) ?? 0) > WORLDS]).toEqual([answer, true]);
  }
}, 600_000);

/** What is on disk below a directory: names, kinds, contents, modes. Temporary files that are left would show. */
function picture(top: string, path = top): string[] {
  return readdirSync(path, { withFileTypes: true })
    .sort((left, right) => (left.name < right.name ? -1 : 1))
    .flatMap((entry) => {
      const below = join(path, entry.name);
      const { mode, nlink } = lstatSync(below);
      const line = `${relative(top, below)} ${mode.toString(8)}`;
      if (entry.isDirectory()) return [line, ...picture(top, below)];
      return [
        `${line} ${nlink} ${entry.isSymbolicLink() ? readlinkSync(below) : readFileSync(below, 'utf8')}`,
      ];
    });
}

async function acted(engine: PolicyEngine, path: string, action: number): Promise<string> {
  let result: unknown;
  const code = await codeOf(async () => {
    if (action === 0) result = (await engine.readFile(path, 16)).toString('latin1');
    else if (action === 1) result = await engine.list(path);
    else await engine.writeFile(path, Buffer.from('written'));
  });
  return JSON.stringify({ code, result });
}

test('both engines read, list and write the same', async () => {
  const tally = new Map<string, number>();
  for (let seed = 1; seed <= WORLDS; seed++) {
    const random = new Random(seed + 1_000_000);
    const top = makeWorld();
    const planted = plant(random, top);
    write(join(top, 'ws/small'), 'at most 16 bytes');
    const policy = somePolicy(random, top);
    const both = await openBoth(join(top, 'ws'), policy, join(top, 'home'), someGrants(random, top));
    if (both === null) continue;
    const paths = [...planted, ...Array.from({ length: PATHS }, () => somePath(random, top))];
    for (const path of [
      ...paths,
      '',
      '/',
      'small',
      join(top, 'ws'),
      '/proc/version',
      '/dev/zero',
      '/dev/stdin',
    ]) {
      for (const action of [0, 1, 2]) {
        // Nothing outside of the world is written to.
        if (action === 2 && !`${both[0].evaluate(path || '.', 'write').resolvedPath}/`.startsWith(`${top}/`))
          continue;
        const before = action === 2 ? picture(top) : [];
        const native = await acted(both[0], path, action);
        const after = action === 2 ? picture(top) : [];
        if (action === 2 && native.includes('"none"')) undo(top, before, after, path, both[0]);
        const script = await acted(both[1], path, action);
        expect({ seed, path, action, result: script }).toEqual({ seed, path, action, result: native });
        if (action === 2) {
          expect({ seed, path, disk: picture(top) }).toEqual({ seed, path, disk: after });
        }
        const key = /"code":"([A-Za-z_]+)/.exec(native)![1]!;
        tally.set(key, (tally.get(key) ?? 0) + 1);
      }
    }
    rmSync(top, { recursive: true });
  }
  for (const code of [
    ...['none', 'ACCESS_DENIED', 'FILE_MISSING', 'NOT_A_FILE', 'NOT_A_DIRECTORY'],
    ...['HARD_LINKED', 'TOO_LARGE', 'LINK_IN_PATH', 'NAME_INVALID'],
  ]) {
    expect([code, (tally.get(code) ?? 0) > 0]).toEqual([code, true]);
  }
}, 600_000);

/** Puts back what one write changed: the file that was there, or nothing. */
function undo(top: string, before: string[], after: string[], path: string, engine: PolicyEngine): void {
  const { resolvedPath } = engine.evaluate(path, 'write');
  const name = relative(top, resolvedPath);
  const old = before.find((line) => line.startsWith(`${name} `));
  const now = after.find((line) => line.startsWith(`${name} `))!;
  rmSync(resolvedPath);
  if (old === undefined) return;
  const [mode] = now.slice(name.length + 1).split(' ');
  write(resolvedPath, old.slice(`${name} ${mode} 1 `.length));
}

test('clauses that name links, directories behind links and what is not there', async () => {
  const top = makeWorld();
  mkdirSync(join(top, 'ws/real'));
  write(join(top, 'ws/real/inside'), 'x');
  for (const readDeny of [['missing/../dir'], ['real/'], ['./dir/../real'], ['/'], ['~'], ['~/..'], ['~x']]) {
    const both = await openBoth(join(top, 'ws'), { readDeny, require: 'none' }, join(top, 'home'));
    for (const path of ['dir/file', 'real', 'real/inside', '/', '~', '~x', join(top, 'home/x'), top]) {
      for (const intent of INTENTS) {
        const [native, script] = both?.map((engine) => decided(engine, path, intent)) ?? [];
        expect({ readDeny, path, intent, decided: script }).toEqual({
          readDeny,
          path,
          intent,
          decided: native,
        });
      }
    }
  }
});

test('a protected or denied name that becomes a link once the sandbox is open', async () => {
  const top = makeWorld();
  const both = (await openBoth(join(top, 'ws'), {
    readDeny: ['later'],
    privateTmp: false,
    require: 'none',
  }))!;
  symlinkSync('dir/file', join(top, 'ws/.bashrc'));
  symlinkSync('dir', join(top, 'ws/later'));
  symlinkSync('.bashrc', join(top, 'ws/chain'));
  const rules = (path: string, intent: ActionIntent): unknown[] =>
    both.map((engine) => engine.evaluate(path, intent).rule);
  const protects = 'default protected path .bashrc';
  for (const path of ['.bashrc', 'chain']) expect(rules(path, 'write')).toEqual([protects, protects]);
  for (const path of ['later', 'later/file']) {
    expect(rules(path, 'read')).toEqual(['policy.readDeny[0]', 'policy.readDeny[0]']);
  }
});

test('paths that make no sense are refused alike, and strange ones decided about alike', async () => {
  const top = makeWorld();
  const ws = join(top, 'ws');
  symlinkSync('.', join(ws, 'itself'));
  // Protected unless a policy says otherwise, and there by chance.
  symlinkSync('..', join(ws, '.bashrc'));
  mkdirSync(join(ws, 'a\nb'));
  const tally = new Map<boolean, number>();
  for (const policy of [
    ...['.', '..', '/', './x/..', 'itself', 'itself/', '../ws/', ws].map((path) => ({
      protectedPaths: [path],
    })),
    ...['.', '..', '/', './x/..', 'itself', ws, join(top, 'home/..')].map((path) => ({ readDeny: [path] })),
    ...['/', '/proc', '/sys/kernel', '/dev', '/dev/shm', '/dev/shm/'].map((path) => ({
      writableRoots: [path],
    })),
    { protectedPaths: ['dir'], writableRoots: ['dir'] },
    { readDeny: ['dir/'], writableRoots: ['dir'] },
    ...(['read-only', 'full-access'] as const).flatMap((mode) => [
      { mode, protectedPaths: ['.'] },
      { mode, protectedPaths: ['/'] },
      { mode, readDeny: ['.'] },
    ]),
    {},
    { protectedPaths: ['a\nb', 'dir//./file/'], readDeny: ['x\ny', './dir/../real/'] },
  ] as SandboxPolicy[]) {
    const both = await openBoth(ws, { ...policy, require: 'none' }, join(top, 'home'));
    tally.set(both === null, (tally.get(both === null) ?? 0) + 1);
    for (const path of ['file', '.', 'dir/file', 'a\nb/c', 'x\ny', 'real/x', 'itself/file']) {
      for (const intent of INTENTS) {
        const [native, script] = both?.map((engine) => decided(engine, path, intent)) ?? [];
        expect({ policy, path, intent, decided: script }).toEqual({ policy, path, intent, decided: native });
      }
    }
  }
  expect([tally.get(true), tally.get(false)]).toEqual([24, 7]);
});

test('what the configurations of git name is decided about alike', async () => {
  const top = makeWorld();
  const ws = join(top, 'ws');
  write(
    join(ws, '.git/config'),
    '[core]\n\thooksPath = tools/hooks ; c\n\tfsmonitor = "./dir/mon" -x\n[include]\n\tpath = ../team.cfg\n[filter "x"]\n\tclean = sh ./file\n',
  );
  write(join(ws, 'team.cfg'), '[includeIf "gitdir:/"]\npath = more.cfg\n');
  write(join(top, 'home/.gitconfig'), '[core]\nhooksPath=.husky\n[diff "y"]\ntextconv = dir/conv\n');
  write(join(ws, '.git/modules/sub/deep/HEAD'));
  write(join(ws, '.git/modules/sub/deep/config'), '[core]\nworktree = ../../../../lib\n');
  write(join(ws, '.git/worktrees/wt/commondir'), '../..\n');
  write(join(top, 'root2/.git'), `gitdir: ${join(ws, 'elsewhere')}\n`);
  write(join(ws, 'elsewhere/HEAD'));
  const policy: SandboxPolicy = { writableRoots: [join(top, 'root2')], privateTmp: false, require: 'none' };
  const both = (await openBoth(ws, policy, join(top, 'home')))!;
  const rules = (path: string): unknown => {
    const [native, script] = both.map((engine) => engine.evaluate(path, 'write'));
    expect({ path, decided: script }).toEqual({ path, decided: native });
    return native!.rule;
  };
  const git = (why: string): string => `default protected path of git: ${why}`;
  expect(
    ['tools/hooks/x', 'dir/mon', 'team.cfg', 'more.cfg', 'file', '.husky/x', 'dir/conv', 'dir/other'].map(
      rules,
    ),
  ).toEqual([
    ...['core.hooksPath', 'core.fsmonitor', 'include.path', 'include.path', 'filter.clean'].map(git),
    ...['core.hooksPath', 'diff.textconv'].map(git),
    'workspace',
  ]);
  expect(
    ['lib/.git', '.git/worktrees/wt/commondir', '.git/worktrees/wt/config.worktree', 'elsewhere/config'].map(
      rules,
    ),
  ).toEqual(['submodule', 'worktree', 'worktree', '.git'].map(git));
  expect(rules('.git/modules/sub/deep/hooks')).toBe('default protected path .git/modules');
  expect(rules('.git/index')).toBe('workspace');
});

test('policies and grants that do not fit the disk are refused alike', async () => {
  const top = makeWorld();
  const ws = join(top, 'ws');
  for (const [workspace, policy, grants] of [
    [join(top, 'nowhere'), {}, []],
    [join(ws, 'file'), {}, []],
    [ws, { writableRoots: ['nowhere'] }, []],
    [ws, { writableRoots: ['file'] }, []],
    [ws, {}, [{ path: '/proc/self/root', intents: ['read'] }]],
    [ws, {}, [{ path: 'x'.repeat(300), intents: ['read'] }]],
    [
      ws,
      {},
      [
        { path: 'a', intents: ['read'], id: '#1' },
        { path: 'b', intents: ['read'] },
      ],
    ],
  ] as [string, SandboxPolicy, Grant[]][]) {
    expect(await openBoth(workspace, { ...policy, require: 'none' }, null, grants)).toBeNull();
  }
});
