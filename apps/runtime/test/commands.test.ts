import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { createRuntime, type RuntimeOptions } from '../src/index.js';
import { codeOf, makeWorkspace } from './workspace.js';

const runtimes: { close(): Promise<void> }[] = [];

/** A runtime whose commands are confined where that can be, and else run as they are. */
function open(options: RuntimeOptions = {}) {
  const runtime = createRuntime({ workspace: makeWorkspace(), ...options });
  runtimes.push(runtime);
  return runtime;
}

const UNCONFINED = { config: { sandbox: { mode: 'process' }, permissions: { otherwise: 'allow' } } } as const;

afterAll(() => Promise.all(runtimes.map((runtime) => runtime.close())));

test('a command runs in the workspace, and its end and output are answered', async () => {
  const runtime = open(UNCONFINED);
  const result = await runtime.call('run_command', { command: 'echo out; echo err >&2; pwd; exit 3' });
  expect(result).toMatchObject({
    ok: true,
    data: { exitCode: 3, stdout: `out\n${runtime.workspace}\n`, stderr: 'err\n', timedOut: false },
    text: expect.stringContaining('[exit code 3]') as string,
  });
  expect(await runtime.call('run_command', { command: 'cat', stdin: 'in' })).toMatchObject({
    data: { stdout: 'in' },
  });
  const args = await runtime.call('run_command', { command: 'printf', args: ['%s.', 'a b', '$X;'] });
  expect(args).toMatchObject({ data: { stdout: 'a b.$X;.' } });
  const records = runtime.audit().filter(({ action }) => action === 'command');
  expect(records).toHaveLength(3);
  expect((await runtime.main.timeline()).map(({ auditId }) => auditId)).toEqual(
    records.map(({ auditId }) => auditId),
  );
});

test('a command that is not there is refused, one that takes too long is ended', async () => {
  const runtime = open(UNCONFINED);
  expect(await runtime.call('run_command', { command: 'no-such-command', args: [] })).toMatchObject({
    ok: false,
    code: 'COMMAND_FAILED_TO_START',
    details: { cause: 'COMMAND_NOT_FOUND' },
  });
  expect(await runtime.call('run_command', { command: 'true', args: [], cwd: 'missing' })).toMatchObject({
    ok: false,
    details: { cause: 'CWD_INVALID' },
  });
  expect(await runtime.call('run_command', { command: 'sleep 30', timeoutMs: 100 })).toMatchObject({
    ok: true,
    data: { timedOut: true, limitHit: 'wallMs' },
  });
});

test('long output is cut in the middle, and read again by ranges', async () => {
  const runtime = open({ config: { ...UNCONFINED.config, limits: { maxOutputBytes: 1000 } } });
  const result = await runtime.call('run_command', { command: 'seq 1 20000; echo done' });
  if (!result.ok) throw new Error(result.message);
  const { stdout, outputId, stdoutBytes } = result.data;
  expect(stdout).toMatch(/^1\n2\n[^]*bytes left out[^]*20000\ndone\n$/);
  expect(stdoutBytes).toBe(108_899);
  const head = await runtime.call('read_output', { outputId: outputId!, offset: 2, maxBytes: 4 });
  expect(head).toMatchObject({ data: { text: '2\n3\n', offset: 2, nextOffset: 6, isOpen: false } });
  const tail = await runtime.call('read_output', { outputId: outputId!, tailBytes: 5 });
  expect(tail).toMatchObject({ data: { text: 'done\n', totalBytes: 108_899 } });
  expect(await runtime.call('read_output', { outputId: 'out-none' })).toMatchObject({
    ok: false,
    code: 'OUTPUT_UNKNOWN',
  });
});

test('jobs go on, are polled and killed with what they started', async () => {
  const runtime = open(UNCONFINED);
  const command = 'echo ready; sleep 60 & echo $! > pid; wait';
  const started = await runtime.call('start_job', { command });
  if (!started.ok) throw new Error(started.message);
  const { jobId } = started.data;
  let polled = await runtime.call('poll_job', { jobId });
  while (polled.ok && polled.data.stdout === '')
    polled = await runtime.call('poll_job', { jobId, waitMs: 20 });
  expect(polled).toMatchObject({ data: { status: 'running', stdout: 'ready\n' } });
  expect(await runtime.call('kill_job', { jobId })).toMatchObject({ data: { status: 'killed' } });
  const pid = Number(readFileSync(join(runtime.workspace, 'pid'), 'utf8'));
  const isGone = (): boolean => {
    try {
      return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.startsWith('Z');
    } catch {
      return true;
    }
  };
  for (let tries = 0; tries < 100 && !isGone(); tries++) await new Promise((next) => setTimeout(next, 20));
  expect(isGone()).toBe(true);
  const short = await runtime.call('start_job', { command: 'exit 4' });
  if (!short.ok) throw new Error(short.message);
  const ended = await runtime.call('poll_job', { jobId: short.data.jobId, waitMs: 10_000 });
  expect(ended).toMatchObject({ data: { status: 'ended', end: { exitCode: 4 } } });
  expect(await runtime.call('poll_job', { jobId: 'job-none' })).toMatchObject({ code: 'JOB_UNKNOWN' });
});

test('rules deny, and ask the person', async () => {
  const permissions = { deny: ['rm'], ask: ['touch'], otherwise: 'allow' as const };
  const config = { ...UNCONFINED.config, permissions };
  const asked: string[] = [];
  const denied = open({ config });
  expect(await denied.call('run_command', { command: 'true && rm x' })).toMatchObject({
    ok: false,
    code: 'COMMAND_DENIED',
  });
  expect(await denied.call('run_command', { command: 'touch a' })).toMatchObject({ code: 'NOT_CONFIRMED' });
  const confirmed = open({
    config,
    confirm: ({ action }) => {
      asked.push(action);
      return action === 'touch yes';
    },
  });
  await confirmed.call('run_command', { command: 'touch yes' });
  await confirmed.call('run_command', { command: 'touch no' });
  expect(asked).toEqual(['touch yes', 'touch no']);
  expect(existsSync(join(confirmed.workspace, 'yes'))).toBe(true);
  expect(existsSync(join(confirmed.workspace, 'no'))).toBe(false);
});

test('where nothing confines, commands that no rule names are asked about', async () => {
  const runtime = open({ config: { sandbox: { mode: 'process' } } });
  expect(await runtime.call('run_command', { command: 'true' })).toMatchObject({ code: 'NOT_CONFIRMED' });
});

test('a repository cannot take down the sandbox by its own configuration', async () => {
  const loosening: object[] = [
    { sandbox: { mode: 'process' } },
    { sandbox: { policy: { network: 'full' } } },
    { sandbox: { policy: { writableRoots: ['/'] } } },
    { sandbox: { policy: { readDeny: [] } } },
    { sandbox: { mode: 'docker' } },
    { sandbox: { policy: { env: { set: { PATH: '.' } } } } },
    { permissions: { allow: ['*'] } },
  ];
  for (const config of loosening) {
    const workspace = makeWorkspace({ 'fishplate.config.json': JSON.stringify(config) });
    expect([config, await codeOf(() => createRuntime({ workspace }))]).toEqual([config, 'CONFIG_UNTRUSTED']);
    expect(await codeOf(() => createRuntime({ workspace, trustWorkspace: true }))).toBe('none');
  }
  const tightening = { sandbox: { policy: { mode: 'read-only' } }, permissions: { deny: ['rm'] } };
  const workspace = makeWorkspace({ 'fishplate.config.json': JSON.stringify(tightening) });
  expect(await codeOf(() => createRuntime({ workspace }))).toBe('none');
});

test('a command that runs keeps no other runtime from the workspace', async () => {
  const workspace = makeWorkspace();
  const first = open({ workspace });
  if (first.capabilities().sandbox.level === 'none') return;
  const started = await first.call('start_job', { command: 'echo ready; sleep 5' });
  if (!started.ok) throw new Error(started.message);
  let polled = await first.call('poll_job', { jobId: started.data.jobId });
  while (polled.ok && polled.data.stdout === '') {
    polled = await first.call('poll_job', { jobId: started.data.jobId, waitMs: 20 });
  }
  const second = open({ workspace });
  expect(await second.call('run_command', { command: 'true' })).toMatchObject({ data: { exitCode: 0 } });
  await first.call('kill_job', { jobId: started.data.jobId });
});
