import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { COMMAND, ended, fishplate, makeDirectory, startNode, userEnvironment } from '../src/installation.js';
import { connect } from '../src/mcp-client.js';

const json = <Value>(text: string): Value => JSON.parse(text) as Value;
const UNCONFINED = { FISHPLATE_SANDBOX_MODE: 'process' };

/** Kind, mode and content of everything but the state of the runtime. */
function treeOf(root: string, directory = ''): Record<string, string> {
  const tree: Record<string, string> = {};
  for (const name of readdirSync(join(root, directory))) {
    const path = directory === '' ? name : `${directory}/${name}`;
    if (path === '.fishplate') continue;
    const stats = lstatSync(join(root, path));
    const mode = stats.mode.toString(8);
    if (stats.isDirectory()) Object.assign(tree, { [path]: mode }, treeOf(root, path));
    else if (stats.isSymbolicLink()) tree[path] = `link ${readlinkSync(join(root, path))}`;
    else
      tree[path] = `${mode} ${createHash('sha256')
        .update(readFileSync(join(root, path)))
        .digest('hex')}`;
  }
  return tree;
}

/** Numbers from 0 to 1 that are the same for the same seed. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

const STEPS = 14;

/** Every second step changes two files and makes one, the others are commands. */
function longPlan(): string {
  const steps = Array.from({ length: STEPS }, (_, index) => {
    const patch = ['a', 'b']
      .map(
        (name) =>
          `--- a/${name}.txt\n+++ b/${name}.txt\n@@ -1 +1 @@\n-${name} ${index >> 1}\n+${name} ${(index >> 1) + 1}\n`,
      )
      .concat(`--- /dev/null\n+++ b/made/${index}/f.txt\n@@ -0,0 +1 @@\n+${index}\n`)
      .join('');
    if (index % 2 === 0) return { tool: 'apply_patch', input: { patch } };
    const command = `echo ${index} > c.txt; rm -f gone.txt; mkdir -p d/${index}; ln -sfn ${index} link; chmod 7${index % 8}0 mode.txt`;
    return { tool: 'run_command', input: { command }, expect: { data: { exitCode: 0 } } };
  });
  return JSON.stringify({ steps });
}

/** Of a run of that plan, how many steps have left something. */
function stepsSeen(workspace: string): number {
  return ['made', 'd'].reduce((sum, name) => {
    const directory = join(workspace, name);
    return existsSync(directory) ? sum + readdirSync(directory).length : sum;
  }, 0);
}

test.each([
  ['auto', 7],
  ['fallback', 1234],
])(
  'killed at random steps, a run goes on, and undo brings every byte back (%s, seed %i)',
  async (engine, seed) => {
    const files = {
      'a.txt': 'a 0\n',
      'b.txt': 'b 0\n',
      'c.txt': 'c\n',
      'gone.txt': 'g\n',
      'mode.txt': 'm\n',
    };
    const workspace = makeDirectory(files);
    const plan = join(makeDirectory({ 'plan.json': longPlan() }), 'plan.json');
    const before = treeOf(workspace);
    const random = seeded(seed);
    const env = { ...UNCONFINED, FISHPLATE_STORAGE_ENGINE: engine, TMPDIR: makeDirectory() };
    const args = [COMMAND, 'run', '--plan', plan, '-w', workspace, '--session', 'killed', '--yes', '--json'];
    let kills = 0;
    // Each once so many steps have left something, and a random moment later.
    const moments = [1, 2, 4, 6, 8, 10, 11];
    for (;;) {
      const child = startNode(args, { env });
      child.stdin?.end();
      const moment = moments.shift();
      const watch = setInterval(() => {
        if (moment === undefined || stepsSeen(workspace) < moment) return;
        clearInterval(watch);
        setTimeout(() => child.kill('SIGKILL'), random() * 60);
      }, 2);
      const { code, signal, stdout, stderr } = await ended(child);
      clearInterval(watch);
      if (signal === 'SIGKILL') {
        kills += 1;
        continue;
      }
      expect([code, stderr]).toEqual([0, '']);
      expect(json(stdout)).toMatchObject({ ok: true, notRun: 0 });
      break;
    }
    expect(kills).toBeGreaterThan(2);
    expect(readFileSync(join(workspace, 'a.txt'), 'utf8')).toBe(`a ${STEPS / 2}\n`);
    expect(treeOf(workspace)['link']).toBe(`link ${STEPS - 1}`);
    const timeline = await fishplate(['timeline', '-w', workspace, '-s', 'killed', '--json'], { env });
    const { entries } = json<{ entries: { tool: string; status: string }[] }>(timeline.stdout);
    expect(entries.filter(({ status }) => status === 'running')).toEqual([]);
    expect(entries.filter(({ tool, status }) => tool === 'apply_patch' && status === 'ok')).toHaveLength(
      STEPS / 2,
    );
    const undone = await fishplate(['undo', '-w', workspace, '-s', 'killed', '--steps', '999', '--json'], {
      env,
    });
    expect([undone.code, undone.stderr]).toEqual([0, '']);
    expect(treeOf(workspace)).toEqual(before);
  },
  60_000,
);

test('what an MCP conversation did is listed while it runs, refused to others, and taken back after it was killed', async () => {
  const workspace = makeDirectory({ 'a.txt': 'one\n', 'b.txt': 'b\n' });
  const connection = await connect(workspace, { env: UNCONFINED });
  await connection.call('edit_file', { path: 'a.txt', edits: [{ search: 'one', replace: 'two' }] });
  await connection.call('checkpoint', { label: 'here' });
  await connection.call('edit_file', { path: 'b.txt', edits: [{ search: 'b', replace: '\u001b[2Jc' }] });
  const listed = await fishplate(['sessions', '-w', workspace, '--json']);
  const { sessions } = json<{ sessions: { id: string; openIn: number; steps: number }[] }>(listed.stdout);
  expect([listed.code, sessions]).toMatchObject([0, [{ openIn: connection.pid, steps: 2 }]]);
  const id = sessions[0]!.id;
  const busy = await fishplate(['undo', '-w', workspace, '--json']);
  expect([busy.code, json(busy.stdout)]).toMatchObject([2, { error: { code: 'SESSION_BUSY' } }]);
  process.kill(connection.pid, 'SIGKILL');
  await connection.close();
  const timeline = await fishplate(['timeline', '-w', workspace]);
  expect(timeline.stdout).toMatch(/edit_file.*\n.*checkpoint.*\n.*edit_file/);
  expect(timeline.stdout).not.toContain('\u001b');
  const dry = await fishplate(['restore', '-w', workspace, '-s', id, '-c', 'cp-1', '--dry-run', '--json']);
  expect([dry.code, json(dry.stdout)]).toMatchObject([
    0,
    { ok: true, data: { files: [{ path: 'b.txt' }], dryRun: true } },
  ]);
  expect((await fishplate(['restore', '-w', workspace, '-s', id, '-c', 'cp-1'])).code).toBe(0);
  expect(readFileSync(join(workspace, 'b.txt'), 'utf8')).toBe('b\n');
  writeFileSync(join(workspace, 'a.txt'), 'mine\u001b\n');
  const refused = await fishplate(['undo', '-w', workspace]);
  expect(refused).toMatchObject({ code: 1, stdout: expect.stringContaining('UNDO_CONFLICT') as string });
  expect(refused.stdout).toContain('+mine\u241b');
  expect((await fishplate(['timeline', '-w', workspace, '-s', 'none'])).code).toBe(2);
  expect((await fishplate(['undo', '-w', makeDirectory()])).code).toBe(2);
});

const onPosix = process.platform === 'win32' ? test.skip : test;

onPosix('a disk that takes no more fails the step loudly, changes nothing and loses nothing', async () => {
  const large = 'x'.repeat(300_000);
  const workspace = makeDirectory({ 'small.txt': 'one\n', 'large.txt': `${large}\n` });
  const steps = [
    { tool: 'edit_file', input: { path: 'small.txt', edits: [{ search: 'one', replace: 'two' }] } },
    {
      tool: 'run_command',
      input: { command: 'echo three > small.txt' },
      expect: { code: 'SNAPSHOT_FAILED' },
    },
    {
      tool: 'edit_file',
      input: { path: 'large.txt', edits: [{ search: large, replace: 'y' }] },
      expect: { code: 'STATE_WRITE_FAILED' },
    },
    { tool: 'edit_file', input: { path: 'small.txt', edits: [{ search: 'two', replace: 'four' }] } },
  ];
  const plan = join(makeDirectory({ 'plan.json': JSON.stringify({ steps }) }), 'plan.json');
  const run = [process.execPath, COMMAND, 'run', '--plan', plan, '-w', workspace, '--yes', '--json'];
  // In blocks of 512 bytes: files of the state may not grow over 150 kB.
  const child = spawn('sh', ['-c', 'ulimit -f 300; exec "$@"', 'sh', ...run], {
    env: userEnvironment(UNCONFINED),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { code, stdout } = await ended(child);
  expect([code, json(stdout)]).toMatchObject([0, { ok: true, notRun: 0 }]);
  expect(readFileSync(join(workspace, 'small.txt'), 'utf8')).toBe('four\n');
  expect((await fishplate(['undo', '-w', workspace, '--steps', '9'])).code).toBe(0);
  expect(readFileSync(join(workspace, 'small.txt'), 'utf8')).toBe('one\n');
});
