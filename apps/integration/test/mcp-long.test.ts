import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { fishplate, makeDirectory } from '../src/installation.js';
import { connect } from '../src/mcp-client.js';

const UNCONFINED = { FISHPLATE_SANDBOX_MODE: 'process' };
/** A person who says yes to everything: where nothing confines, every command is asked about. */
const YES = () => ({ action: 'accept' as const, content: { allow: true } });
const onLinux = process.platform === 'linux' ? test : test.skip;

/** Resident memory of a process, in MiB. */
function residentOf(pid: number): number {
  const [, kib] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))!;
  return Number(kib) / 1024;
}

onLinux(
  '500 calls in one process: all answered, and memory stays where it was',
  async () => {
    const text = 'a line of some length, again and again\n'.repeat(2500);
    const workspace = makeDirectory({ 'large.txt': text, 'n.txt': '0' });
    // A small young generation: what is kept shows, what only waits to be collected does not.
    const connection = await connect(workspace, { env: { NODE_OPTIONS: '--max-semi-space-size=1' } });
    const round = async (from: number, to: number): Promise<void> => {
      for (let n = from; n < to; n += 5) {
        const answers = [
          await connection.call('read_file', { path: 'large.txt' }),
          await connection.call('edit_file', {
            path: 'n.txt',
            edits: [{ search: String(n), replace: String(n + 5) }],
          }),
          await connection.call('count_tokens', { path: 'large.txt' }),
          await connection.call('diff', {}),
          await connection.call('read_file', { path: `none-${n}` }),
        ];
        expect(answers.map(({ isError }) => isError)).toEqual([false, false, false, false, true]);
      }
    };
    await round(0, 250);
    const before = residentOf(connection.pid);
    await round(250, 500);
    // Fifty texts of 97 kB, each sent twice in an answer, would be twice this much.
    expect(residentOf(connection.pid) - before).toBeLessThan(24);
    expect((await connection.call('timeline', { limit: 1 })).data).toMatchObject({ total: 501 });
    expect((await connection.call('undo', { steps: 100 })).isError).toBe(false);
    expect(readFileSync(join(workspace, 'n.txt'), 'utf8')).toBe('0');
    await connection.close();
  },
  60_000,
);

test('the person is asked through the client, and only a yes is a yes', async () => {
  const config = { permissions: { ask: ['touch'] } };
  const workspace = makeDirectory({ 'fishplate.config.json': JSON.stringify(config) });
  const asked: string[] = [];
  const answers = [
    { action: 'accept' as const, content: { allow: true } },
    { action: 'accept' as const, content: { allow: false } },
    { action: 'decline' as const },
    { action: 'cancel' as const },
  ];
  const connection = await connect(workspace, {
    env: UNCONFINED,
    answer: (message) => {
      asked.push(message);
      return answers[asked.length - 1]!;
    },
  });
  const touch = (name: string) => connection.call('run_command', { command: `touch ${name}` });
  expect((await touch('a')).isError).toBe(false);
  for (const name of ['b', 'c', 'd\u202e'])
    expect((await touch(name)).data).toMatchObject({ code: 'NOT_CONFIRMED' });
  expect(asked).toHaveLength(4);
  expect(asked[3]).toContain('\\u{202e}');
  expect(readdirSync(workspace).filter((name) => name.length < 3)).toEqual(['a']);
  await connection.close();
  const silent = await connect(workspace, { env: UNCONFINED });
  expect((await silent.call('run_command', { command: 'touch e' })).data).toMatchObject({
    code: 'NOT_CONFIRMED',
  });
  await silent.close();
});

test('a command whose call is cancelled ends with all of its processes, the log says so, and undo takes back what it did', async () => {
  const workspace = makeDirectory();
  const connection = await connect(workspace, { env: UNCONFINED, answer: YES });
  const controller = new AbortController();
  // One that stands by itself, too: it would outlive a shell that is merely told to end.
  const command = 'sleep 300 & echo $$ $! > begun; sleep 300; touch ended';
  const running = connection.call('run_command', { command }, { signal: controller.signal });
  const refused = expect(running).rejects.toThrow();
  const pids = await until(() => read(workspace, 'begun')?.trim().split(' ').map(Number));
  expect(pids.map(isRunning)).toEqual([true, true]);
  controller.abort(new Error('enough'));
  await refused;
  expect(await until(() => !pids.some(isRunning))).toBe(true);
  // The end of the call is in the log when the workspace has been looked at.
  const entry = await until(async () => {
    const { data } = await connection.call('timeline', {});
    return (data['entries'] as { status: string }[]).find(({ status }) => status !== 'running');
  });
  expect(entry).toMatchObject({ tool: 'run_command', status: 'failed', code: 'CANCELLED' });
  expect((await connection.call('undo', {})).isError).toBe(false);
  expect(['begun', 'ended'].filter((name) => existsSync(join(workspace, name)))).toEqual([]);
  await connection.close();
  const listed = await fishplate(['timeline', '-w', workspace, '--json']);
  const { entries } = JSON.parse(listed.stdout) as { entries: object[] };
  expect(entries[0]).toMatchObject({ tool: 'run_command', status: 'failed', code: 'CANCELLED' });
});

/** What `look` finds, as soon as it finds something. */
async function until<Found>(look: () => Found | Promise<Found>): Promise<NonNullable<Exclude<Found, false>>> {
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== null && found !== false) return found as never;
    await new Promise((settle) => setTimeout(settle, 20));
  }
}

/** Null while there is nothing in it. */
function read(workspace: string, name: string): string | null {
  try {
    return readFileSync(join(workspace, name), 'utf8') || null;
  } catch {
    return null;
  }
}

/** One that has ended and waits to be asked for its exit code runs no more. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

test('ten thousand files: listed whole, told how far, and a command over them is taken back', async () => {
  const workspace = makeDirectory();
  for (let folder = 0; folder < 100; folder += 1) {
    mkdirSync(join(workspace, `d${folder}`));
    for (let file = 0; file < 100; file += 1)
      writeFileSync(join(workspace, `d${folder}/f${file}.txt`), `${file}\n`);
  }
  const connection = await connect(workspace, { env: UNCONFINED, answer: YES });
  const progress: number[] = [];
  const onprogress = (step: { progress: number }): void => void progress.push(step.progress);
  const { data } = await connection.call('list_files', {}, { onprogress });
  expect(data).toMatchObject({ total: 10_000 });
  expect(progress.length).toBeGreaterThan(2);
  const command = 'rm -r d7; for f in d1/*; do echo changed > $f; done; mkdir new; echo x > new/x';
  const ran = await connection.call('run_command', { command }, { timeout: 50_000 });
  expect([ran.isError, existsSync(join(workspace, 'd7'))]).toEqual([false, false]);
  expect((await connection.call('undo', {}, { timeout: 50_000 })).isError).toBe(false);
  expect(readFileSync(join(workspace, 'd1/f42.txt'), 'utf8')).toBe('42\n');
  expect([readdirSync(join(workspace, 'd7')).length, existsSync(join(workspace, 'new'))]).toEqual([
    100,
    false,
  ]);
  await connection.close();
}, 60_000);
