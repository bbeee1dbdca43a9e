/** Mode `process`: nothing is confined, and what a parent can hold is held. */

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { createSandbox, type Sandbox } from '../src/sandbox';
import type { SandboxOptions } from '../src/options';
import type { AuditRecord } from '../src/types';
import { codeOf, makeDirectory } from './world';

const opened: Sandbox[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((sandbox) => sandbox.close()));
});

async function open(options: Omit<SandboxOptions, 'workspace'> = {}): Promise<Sandbox> {
  const policy = { require: 'none', ...options.policy } as const;
  const sandbox = await createSandbox({
    workspace: makeDirectory(),
    ...{ mode: 'process', engine: 'fallback' },
    ...options,
    policy,
  });
  opened.push(sandbox);
  return sandbox;
}

const sh = (script: string): [string, string[]] => ['sh', ['-c', script]];

/** Whether a process is there, and no zombie. */
function lives(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

async function gone(pid: number): Promise<boolean> {
  for (let count = 0; count < 100 && lives(pid); count++)
    await new Promise((resolve) => setTimeout(resolve, 20));
  return !lives(pid);
}

test('a command, its streams, its code, and what held it', async () => {
  const sandbox = await open();
  const result = await sandbox.execute(...sh('cat; echo err >&2; pwd; exit 3'), { stdin: 'in\n' });
  expect(result).toMatchObject({
    ...{ exitCode: 3, signal: null, timedOut: false, truncated: false, violations: [] },
    enforcement: { mode: 'process', level: 'none' },
  });
  expect(result.limitHit).toBeUndefined();
  expect([result.stdout.toString(), result.stderr.toString()]).toEqual([
    `in\n${sandbox.workspace}\n`,
    'err\n',
  ]);
});

test('a policy that requires something is not run by nothing', async () => {
  for (const require of ['kernel', 'full'] as const) {
    const options = { workspace: makeDirectory(), mode: 'process', policy: { require } } as const;
    expect(await codeOf(() => createSandbox(options))).toBe('ENFORCEMENT_UNAVAILABLE');
  }
});

test('the variables of the policy and the call, and no others', async () => {
  process.env['FISHPLATE_TEST_SECRET'] = 'secret';
  try {
    const sandbox = await open({ policy: { env: { inherit: 'none', set: { A: 'policy' } } } });
    const { stdout } = await sandbox.execute('/usr/bin/env', [], { env: { A: 'call', B: 'b' } });
    expect(stdout.toString().trim().split('\n').sort()).toEqual(['A=policy', 'B=b']);
    const plain = await (await open()).execute('env');
    expect(plain.stdout.toString()).toContain('PATH=');
    expect(plain.stdout.toString()).not.toContain('secret');
  } finally {
    delete process.env['FISHPLATE_TEST_SECRET'];
  }
});

test('commands that cannot be started', async () => {
  const sandbox = await open();
  writeFileSync(join(sandbox.workspace, 'plain'), 'text');
  for (const [code, ...call] of [
    ['COMMAND_NOT_FOUND', 'no-such-command'],
    ['COMMAND_NOT_FOUND', './plain/x'],
    ['COMMAND_NOT_EXECUTABLE', './plain'],
    ['CWD_INVALID', 'true', [], { cwd: 'nowhere' }],
    ['CWD_INVALID', 'true', [], { cwd: 'plain' }],
    ['START_FAILED', 'true', ['x'.repeat(3 << 20)]],
  ] as [string, string, string[], object][]) {
    expect([call, await codeOf(() => sandbox.execute(...call))]).toEqual([call, code]);
  }
});

test('a directory of PATH that is no directory, or holds what is not executable', async () => {
  const sandbox = await open();
  writeFileSync(join(sandbox.workspace, 'plain'), 'text');
  const start = (command: string, path: string): Promise<string> =>
    codeOf(() => sandbox.execute(command, [], { env: { PATH: path } }));
  expect(await start('plain', `/nowhere:${sandbox.workspace}`)).toBe('COMMAND_NOT_EXECUTABLE');
  expect(await start('other', `/nowhere:${sandbox.workspace}:/dev/null`)).toBe('COMMAND_NOT_FOUND');
});

test('a time limit of the call, and of the policy, also for who ignores SIGTERM', async () => {
  const sandbox = await open({ policy: { limits: { wallMs: 300 } } });
  const ignoring = sh('trap "" TERM; echo ready; sleep 30');
  for (const options of [{ timeoutMs: 100 }, {}, { timeoutMs: 2 ** 52 }]) {
    const result = await sandbox.execute(...ignoring, options);
    expect(result).toMatchObject({ timedOut: true, limitHit: 'wallMs', exitCode: null, signal: 'SIGKILL' });
    expect(result.violations).toEqual([expect.objectContaining({ kind: 'limit', target: 'wallMs' })]);
    expect(result.durationMs).toBeLessThan(10_000);
  }
  // Longer than a timer of Node can be: it must not fire at once.
  const patient = await (await open()).execute(...sh('sleep 0.2; echo done'), { timeoutMs: 2 ** 52 });
  expect([patient.timedOut, patient.stdout.toString()]).toEqual([false, 'done\n']);
});

test('a flood of output is ended at the limit, and kept to what was asked for', async () => {
  const sandbox = await open({ policy: { limits: { outputBytes: 100_000 } } });
  const result = await sandbox.execute('yes', [], { maxOutputBytes: 10 });
  expect(result).toMatchObject({ limitHit: 'outputBytes', truncated: true, timedOut: false });
  expect(result.stdout.toString()).toBe('y\n'.repeat(5));
  const cut = await (await open()).execute(...sh('printf 12345'), { maxOutputBytes: 4 });
  expect([cut.stdout.toString(), cut.truncated, cut.limitHit]).toEqual(['1234', true, undefined]);
});

test('all output arrives, also where the listener is slow', async () => {
  const sandbox = await open();
  let heard = 0;
  const wait = new Int32Array(new SharedArrayBuffer(4));
  const { stdout } = await sandbox.execute('head', ['-c', '400000', '/dev/zero'], {
    onStdout(chunk) {
      heard += chunk.length;
      Atomics.wait(wait, 0, 0, 300);
    },
  });
  expect([heard, stdout.length]).toEqual([400_000, 400_000]);
}, 60_000);

test('what a command leaves in its group ends with it, and what left the group is not waited for', async () => {
  const sandbox = await open();
  const left = await sandbox.execute(...sh('sleep 30 & echo $!'));
  expect(await gone(Number(left.stdout.toString()))).toBe(true);
  const started = performance.now();
  const daemon = await sandbox.execute(...sh('setsid sleep 20 & echo $!; sleep 0.2'));
  expect(performance.now() - started).toBeLessThan(10_000);
  const pid = Number(daemon.stdout.toString());
  // Mode process holds nothing more; so it is ended here.
  if (lives(pid)) process.kill(pid, 'SIGKILL');
});

test('an abort ends the command with its whole group', async () => {
  const sandbox = await open();
  const controller = new AbortController();
  const reason = new Error('enough');
  let child = 0;
  const call = sandbox.execute(...sh('sleep 30 & echo $!; wait'), {
    signal: controller.signal,
    onStdout(chunk) {
      child = Number(chunk.toString());
      controller.abort(reason);
    },
  });
  await expect(call).rejects.toBe(reason);
  expect(child).toBeGreaterThan(1);
  expect(await gone(child)).toBe(true);
  await expect(sandbox.execute('true', [], { signal: controller.signal })).rejects.toBe(reason);
  const after = new AbortController();
  await sandbox.execute('true', [], { signal: after.signal });
  after.abort();
});

test('a listener that throws ends the command, and the call with its error', async () => {
  const sandbox = await open();
  const broken = new Error('listener');
  const call = sandbox.execute(...sh('echo one; sleep 30'), {
    onStdout() {
      throw broken;
    },
  });
  await expect(call).rejects.toBe(broken);
});

test('input that nobody reads is no fault', async () => {
  const sandbox = await open();
  const { exitCode } = await sandbox.execute('true', [], { stdin: Buffer.alloc(4 << 20) });
  expect(exitCode).toBe(0);
  const { stdout } = await sandbox.execute('wc', ['-c'], { stdin: Buffer.alloc(3_000_000) });
  expect(stdout.toString().trim()).toBe('3000000');
});

test('close ends what runs before it returns, and refuses what comes', async () => {
  const sandbox = await open();
  let pid = 0;
  const running = sandbox.execute(...sh('trap "" TERM; echo $$; sleep 30'), {
    onStdout: (chunk) => (pid = Number(chunk.toString())),
  });
  while (pid === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  await sandbox.close();
  expect(lives(pid)).toBe(false);
  expect((await running).signal).toBe('SIGKILL');
  await sandbox.close();
  for (const call of [
    () => sandbox.execute('true'),
    () => sandbox.readFile('a'),
    () => sandbox.writeFile('a', 'b'),
    () => sandbox.list('.'),
    () => sandbox.evaluateFileAction('a', 'read'),
    () => sandbox.updateGrants([]),
  ]) {
    expect(await codeOf(call)).toBe('SANDBOX_CLOSED');
  }
});

test('many at once', async () => {
  const sandbox = await open();
  const results = await Promise.all(
    Array.from({ length: 40 }, (_, index) => sandbox.execute(...sh(`echo ${index}; exit ${index}`))),
  );
  expect(results.map(({ exitCode, stdout }) => [exitCode, stdout.toString()])).toEqual(
    results.map((_, index) => [index, `${index}\n`]),
  );
}, 30_000);

test.each(['native', 'fallback'] as const)('%s: files, decisions and their records', async (engine) => {
  const records: AuditRecord[] = [];
  const sandbox = await open({
    ...{ engine, actor: 'me', audit: (record) => records.push(record) },
    policy: { readDeny: ['hidden'] },
  });
  await sandbox.writeFile('a', 'text');
  expect((await sandbox.readFile('a', { maxBytes: 4 })).toString()).toBe('text');
  expect(await sandbox.list('.')).toEqual([{ name: 'a', kind: 'file' }]);
  expect(await codeOf(() => sandbox.readFile('hidden/x'))).toContain('policy.readDeny[0]');
  expect(await codeOf(() => sandbox.readFile('none'))).toBe('FILE_MISSING');
  expect(sandbox.evaluateFileAction('a', 'delete').decision).toBe('needs-confirmation');
  sandbox.updateGrants([{ path: 'a', intents: ['delete'], id: 'g' }]);
  expect(sandbox.evaluateFileAction('a', 'delete')).toMatchObject({ decision: 'allow', rule: 'grant g' });
  const { auditId } = await sandbox.execute('true');
  await codeOf(() => sandbox.execute('no-such-command'));
  expect(records.map(({ action, decision, status, code }) => [action, decision, status, code])).toEqual([
    ['write', 'allow', 'done', undefined],
    ['read', 'allow', 'done', undefined],
    ['list', 'allow', 'done', undefined],
    ['read', 'deny', 'refused', undefined],
    ['read', 'allow', 'failed', 'FILE_MISSING'],
    ['delete', 'needs-confirmation', 'asked', undefined],
    ['grants', 'allow', 'done', undefined],
    ['delete', 'allow', 'asked', undefined],
    ['command', 'allow', 'exited', undefined],
    ['command', 'allow', 'failed', 'COMMAND_NOT_FOUND'],
  ]);
  expect(records[8]).toMatchObject({ auditId, actor: 'me', command: ['true'], exitCode: 0 });
  const ids = records.map((record) => record.auditId);
  expect(ids).toEqual([...ids].sort());
  rmSync(join(sandbox.workspace, 'a'));
});
