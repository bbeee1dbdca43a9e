/** Commands by the sidecar: what they give, and what is left when a process of the three is killed. */

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import type { Runner, RunOutcome, RunRequest } from '../src/execute/runner';
import { helperPath, sidecarPath } from '../src/helper';
import { checkOptions } from '../src/options';
import { openSidecarRunner } from '../src/sidecar/runner';
import type { SandboxPolicy } from '../src/policy';

const onLinux = process.platform === 'linux' ? describe : describe.skip;

onLinux('transport sidecar', () => {
  let base: string;
  let workspace: string;
  let runtime: string;
  const runners: Runner[] = [];
  const runtimeBefore = process.env['XDG_RUNTIME_DIR'];

  beforeEach(() => {
    base = realpathSync(mkdtempSync(join(tmpdir(), 'sidecar-')));
    workspace = join(base, 'workspace');
    runtime = join(base, 'run');
    mkdirSync(workspace);
    mkdirSync(runtime, { mode: 0o700 });
    process.env['XDG_RUNTIME_DIR'] = runtime;
  });

  afterEach(async () => {
    await Promise.all(runners.splice(0).map((runner) => runner.close()));
    await until('the daemon has gone, and its directory', () => readdirSync(runtime).length === 0);
    if (runtimeBefore === undefined) delete process.env['XDG_RUNTIME_DIR'];
    else process.env['XDG_RUNTIME_DIR'] = runtimeBefore;
    rmSync(base, { recursive: true });
  });

  async function open(policy: SandboxPolicy = {}): Promise<Runner> {
    const checked = checkOptions({ workspace, policy });
    const runner = await openSidecarRunner(checked, sidecarPath(), helperPath(), workspace);
    runners.push(runner);
    return runner;
  }

  /** The daemon's process: whoever has a socket of our directory in its command line. */
  const daemons = (): number[] =>
    processesWith((words) => words.some((word) => word.startsWith(`${runtime}/`)));

  test('a command gives what it wrote and how it ended', async () => {
    const { outcome, stdout, stderr } = await shell(await open(), 'echo out; echo err >&2; exit 3');
    expect([stdout, stderr]).toEqual(['out\n', 'err\n']);
    expect(outcome).toMatchObject({
      exitCode: 3,
      signal: null,
      limitHit: null,
      truncated: false,
      violations: [],
    });
    expect(outcome.durationMs).toBeGreaterThan(0);
  });

  test('what holds is told as in this process', async () => {
    const { enforcement } = await open();
    expect(enforcement).toMatchObject({ mode: 'native', backend: 'linux' });
    expect(['full', 'kernel']).toContain(enforcement.level);
  });

  test('the policy holds', async () => {
    const { outcome, stderr } = await shell(await open({ mode: 'read-only' }), 'echo > file');
    expect([outcome.exitCode, existsSync(join(workspace, 'file'))]).toEqual([2, false]);
    expect(stderr).toMatch(/Read-only file system|Permission denied/);
  });

  test('variables, input and directory are those of the call', async () => {
    mkdirSync(join(workspace, 'in'));
    const request = {
      cwd: join(workspace, 'in'),
      env: { PATH: '/usr/bin:/bin', A: '1' },
      stdin: Buffer.from('read'),
    };
    const { stdout } = await shell(
      await open(),
      'env | grep -v -e ^_= -e ^SHLVL= -e ^PWD= | sort; pwd; cat',
      request,
    );
    expect(stdout).toBe(`A=1\nPATH=/usr/bin:/bin\n${workspace}/in\nread`);
  });

  test('bytes that are no text come as they are', async () => {
    const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, index) => index % 256));
    writeFileSync(join(workspace, 'bytes'), bytes);
    const pieces: Buffer[] = [];
    const runner = await open();
    await runner.run(
      request({ command: 'cat', args: ['bytes'], onOutput: (_, piece) => pieces.push(piece) }),
    );
    expect(Buffer.concat(pieces).equals(bytes)).toBe(true);
  });

  test('a stream of input is read as fast as the command takes it', async () => {
    const runner = await open();
    let given = 0;
    async function* pieces(most: number) {
      for (; given < most; given += 1) yield await Promise.resolve(Buffer.alloc(1 << 20, given % 256));
    }
    const { outcome, stdout } = await shell(runner, 'sleep 0.2; cksum', { stdin: pieces(90) });
    // More than one message can hold.
    const whole = Buffer.concat(Array.from({ length: 90 }, (_, index) => Buffer.alloc(1 << 20, index)));
    const expected = spawnSync('cksum', { input: whole }).stdout.toString();
    expect([outcome.exitCode, stdout, given]).toEqual([0, expected, 90]);
    given = 0;
    const endless = await shell(runner, 'head -c 3', { stdin: pieces(Infinity) });
    expect([endless.outcome.exitCode, endless.stdout]).toEqual([0, '\0\0\0']);
    expect(given).toBeLessThan(50);
  });

  test('half of a surrogate pair is U+FFFD, and disturbs no other call', async () => {
    const runner = await open();
    const printed: string[] = [];
    const odd = request({
      command: '/usr/bin/env',
      args: ['-u', 'PATH', 'x\ud83dy=1'],
      env: { PATH: '/bin', 'A\ud800': 'b\udc00' },
      onOutput: (_stream, chunk) => printed.push(chunk.toString()),
    });
    const [, other] = await Promise.all([runner.run(odd), shell(runner, 'echo on')]);
    expect(printed.join('').split('\n').sort()).toEqual(['', 'A\ufffd=b\ufffd', 'x\ufffdy=1']);
    expect(other.stdout).toBe('on\n');
  });

  test.each([
    ['no such command', { command: '/no/such' }, 'COMMAND_NOT_FOUND'],
    ['no such directory', { command: 'true', cwd: '/no/such' }, 'CWD_INVALID'],
  ])('%s is an error with its code', async (_name, part, code) => {
    const runner = await open();
    await expect(runner.run(request(part))).rejects.toMatchObject({ code, track: 'sandbox' });
  });

  test('a time limit ends a command', async () => {
    const { outcome } = await shell(await open(), 'exec sleep 50.0101', { timeoutMs: 200 });
    expect(outcome.limitHit).toBe('wallMs');
  });

  test('an abort ends a command, and is the reason', async () => {
    const runner = await open();
    const controller = new AbortController();
    const run = shell(runner, 'exec sleep 50.0201', { signal: controller.signal });
    await until('it runs', () => running('50.0201') > 0);
    controller.abort(new Error('enough'));
    await expect(run).rejects.toThrow('enough');
    await expect(shell(runner, 'true', { signal: controller.signal })).rejects.toThrow('enough');
    expect(running('50.0201')).toBe(0);
  });

  test('sandboxes share a daemon, and the last one ends it', async () => {
    const [first, second] = await Promise.all([open(), open({ mode: 'read-only' })]);
    expect(daemons()).toHaveLength(1);
    await first.close();
    expect((await shell(second, 'echo on')).stdout).toBe('on\n');
    await second.close();
    await until('the daemon has gone', () => daemons().length === 0);
    // And the next one starts it again, at once.
    expect((await shell(await open(), 'echo again')).stdout).toBe('again\n');
  });

  test('opening and closing over and over leaves nothing behind and always works', async () => {
    for (let round = 0; round < 15; round += 1) {
      const runner = await open();
      expect((await shell(runner, 'echo')).stdout).toBe('\n');
      await runner.close();
    }
    await until('the daemons have gone', () => daemons().length === 0);
  });

  test('closing ends what runs', async () => {
    const runner = await open();
    const run = shell(runner, 'exec sleep 50.0301');
    await until('it runs', () => running('50.0301') > 0);
    await runner.close();
    expect((await run).outcome.signal).toBe('SIGTERM');
    expect(running('50.0301')).toBe(0);
  });

  test('sixty-four commands run at once', async () => {
    mkdirSync(join(workspace, 'here'));
    const runner = await open();
    const script = 'touch here/$0; while [ $(ls here | wc -l) -lt 64 ]; do sleep 0.1; done; echo $0';
    const runs = Array.from({ length: 64 }, (_, index) => shell(runner, script, {}, [String(index)]));
    const printed = (await Promise.all(runs)).map(({ stdout }) => stdout);
    expect(printed).toEqual(Array.from({ length: 64 }, (_, index) => `${index}\n`));
  }, 60_000);

  test('a killed daemon leaves nothing running, is told as lost, and the next call works', async () => {
    const [runner, other] = await Promise.all([open(), open()]);
    const runs = [runner, other].map((one) =>
      shell(one, "trap '' TERM; (setsid sleep 50.0401 &); sleep 50.0401"),
    );
    const lost = Promise.allSettled(runs);
    await until('they run', () => running('50.0401') === 4);
    const [daemon] = daemons();
    process.kill(daemon!, 'SIGKILL');
    for (const outcome of await lost) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'SIDECAR_LOST' } });
    }
    await until('nothing is left', () => running('50.0401') === 0);
    const again = await Promise.all([runner, other, runner].map((one) => shell(one, 'echo on')));
    expect(again.map(({ stdout }) => stdout)).toEqual(['on\n', 'on\n', 'on\n']);
    expect(daemons()).toHaveLength(1);
    expect(daemons()).not.toContain(daemon);
  });

  test('output faster than it is read costs the daemon no more than its bound', async () => {
    const runner = await open();
    const [daemon] = daemons();
    let taken = 0;
    const run = runner.run(
      request({
        args: ['-c', 'head -c 100000000 /dev/zero; exec sleep 0.0501'],
        isListening: true,
        onOutput(_stream, chunk) {
          taken += chunk.length;
          if (taken === chunk.length) {
            // This thread reads nothing until the command has written all that it will.
            const wait = 'while ! pgrep -fx "sleep 0.0501" >/dev/null; do sleep 0.01; done; sleep 0.3';
            execFileSync('timeout', ['20', 'sh', '-c', wait]);
          }
        },
      }),
    );
    const outcome = await run;
    const peak = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${daemon}/status`, 'latin1'))?.[1]) * 1024;
    expect(outcome.truncated).toBe(true);
    expect(taken).toBeGreaterThanOrEqual(8 << 20);
    expect(taken).toBeLessThan(100_000_000);
    expect(peak).toBeLessThan(64 << 20);
  }, 60_000);

  test('all of the output comes to who reads it', async () => {
    let taken = 0;
    const args = ['-c', 'for i in 1 2 3 4 5 6 7 8 9 10; do head -c 1000000 /dev/zero; sleep 0.05; done'];
    const onOutput = (_stream: string, chunk: Buffer): void => {
      taken += chunk.length;
    };
    const outcome = await (await open()).run(
      request({ args, isListening: true, maxOutputBytes: 10, onOutput }),
    );
    expect([taken, outcome.truncated]).toEqual([10_000_000, false]);
  });

  test('a daemon that is not there, or says why it cannot serve, is told', async () => {
    const checked = checkOptions({ workspace });
    const openWith = (sidecar: string, helper: string): Promise<Runner> =>
      openSidecarRunner(checked, sidecar, helper, workspace);
    await expect(openWith('/no/such', helperPath())).rejects.toMatchObject({ code: 'SIDECAR_UNAVAILABLE' });
    await expect(openWith('/bin/false', helperPath())).rejects.toMatchObject({ code: 'SIDECAR_UNAVAILABLE' });
    await expect(openWith(sidecarPath(), '/no/helper')).rejects.toMatchObject({
      code: 'SIDECAR_UNAVAILABLE',
      message: expect.stringContaining('--helper /no/helper') as unknown,
    });
    for (const name of readdirSync(runtime)) rmSync(join(runtime, name), { recursive: true });
  });

  test('a daemon of another version is refused with both versions', async () => {
    // It serves the protocol, and not this version.
    const script = join(base, 'other');
    writeFileSync(
      script,
      `#!${process.execPath}
      const socket = process.argv[process.argv.indexOf('--socket') + 1];
      const error = { code: -32000, message: 'the client is of version "1", and this daemon of 2', data: { code: 'SIDECAR_UNAVAILABLE' } };
      const server = require('node:net').createServer((client) => client.once('data', () => {
        const body = JSON.stringify({ jsonrpc: '2.0', id: 1, error });
        client.write('Content-Length: ' + Buffer.byteLength(body) + '\\r\\n\\r\\n' + body);
      }));
      server.listen(socket, () => console.log('listening'));
      process.stdin.resume().once('end', () => { require('node:fs').rmSync(require('node:path').dirname(socket), { recursive: true }); process.exit(); });`,
    );
    chmodSync(script, 0o755);
    const opening = openSidecarRunner(checkOptions({ workspace }), script, helperPath(), workspace);
    await expect(opening).rejects.toMatchObject({
      code: 'SIDECAR_UNAVAILABLE',
      message: /version "1".*of 2/,
    });
  });

  test('a directory that is open to others is not used', async () => {
    const runner = await open();
    const [name] = readdirSync(runtime);
    await runner.close();
    await until('the daemon has gone, and its directory', () => readdirSync(runtime).length === 0);
    const directory = join(runtime, name!);
    mkdirSync(directory);
    chmodSync(directory, 0o755);
    // Whoever listens there is not spoken to: the next place is taken.
    const server = createServer(() => expect('a connection').toBe('none')).listen(join(directory, 's'));
    await once(server, 'listening');
    expect((await shell(await open(), 'echo safe')).stdout).toBe('safe\n');
    server.close();
    rmSync(directory, { recursive: true });
  });

  describe('a process of its own', () => {
    /** Runs the built-in test client, in which `script` has `runner`, `shell` and `open`. */
    function client(script: string): ReturnType<typeof spawn> {
      return spawn(process.execPath, ['-e', CLIENT.replace('/* script */', script)], {
        env: {
          ...process.env,
          WORKER: CLIENT.replace('/* script */', WORKER),
          FIXTURE: JSON.stringify({
            workspace,
            sidecar: sidecarPath(),
            helper: helperPath(),
            root: join(__dirname, '..'),
          }),
        },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
    }

    test('ends by itself with a sandbox open, and leaves nothing', async () => {
      const child = client("console.log((await shell('echo inside')).trim());");
      const [code] = (await once(child, 'close')) as [number];
      expect(code).toBe(0);
      await until('the daemon has gone, and its directory', () => readdirSync(runtime).length === 0);
      await until("the daemon's process has ended", () => daemons().length === 0);
    }, 60_000);

    test('that is killed leaves no command and no daemon', async () => {
      const child = client(
        `void shell("trap '' TERM; (setsid sleep 50.0601 &); sleep 50.0601"); void shell('exec sleep 50.0601');`,
      );
      await until('they run', () => running('50.0601') === 3);
      child.kill('SIGKILL');
      await until('nothing runs', () => running('50.0601') === 0);
      await until('the daemon has gone, and its directory', () => readdirSync(runtime).length === 0);
      await until("the daemon's process has ended", () => daemons().length === 0);
    }, 60_000);

    test('has one daemon for all of its threads, also when the one that started it ends', async () => {
      const child = client(`
        const { Worker } = require('node:worker_threads');
        await runner.close();
        const worker = new Worker(process.env.WORKER, { eval: true });
        await new Promise((resolve) => worker.once('message', resolve));
        const mine = await open();
        const run = shell('sleep 0.6; echo main', mine);
        await new Promise((resolve) => setTimeout(resolve, 200));
        await worker.terminate();
        console.log((await run).trim());
        console.log(require('node:fs').readdirSync(process.env.XDG_RUNTIME_DIR).length);
      `);
      let printed = '';
      child.stdout?.on('data', (text: Buffer) => {
        printed += text.toString();
      });
      const [code] = (await once(child, 'close')) as [number];
      expect([code, printed]).toEqual([0, 'main\n1\n']);
      await until('the daemon has gone, and its directory', () => readdirSync(runtime).length === 0);
    }, 60_000);
  });

  /** From TypeScript, as the library's own tests are: what is built is not needed. */
  const CLIENT = `
    const fixture = JSON.parse(process.env.FIXTURE);
    const fs = require('node:fs');
    const path = require('node:path');
    const { Module } = require('node:module');
    const from = Module.createRequire(fixture.root + '/package.json');
    const ts = from('typescript');
    const resolve = Module._resolveFilename;
    Module._resolveFilename = function (name, parent, ...rest) {
      if (name === '@fishplate/engine') return path.join(fixture.root, '../../engine/ts/src/index.ts');
      const near = name.startsWith('.') && parent?.filename && path.resolve(path.dirname(parent.filename), name) + '.ts';
      return near && fs.existsSync(near) ? near : resolve.call(this, name, parent, ...rest);
    };
    Module._extensions['.ts'] = (module, file) => {
      const options = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, esModuleInterop: true };
      module._compile(ts.transpileModule(fs.readFileSync(file, 'utf8'), { compilerOptions: options }).outputText, file);
    };
    const { openSidecarRunner } = from(fixture.root + '/src/sidecar/runner.ts');
    const { checkOptions } = from(fixture.root + '/src/options.ts');
    const open = () => openSidecarRunner(checkOptions({ workspace: fixture.workspace }), fixture.sidecar, fixture.helper, fixture.workspace);
    let runner;
    const shell = async (script, by = runner) => {
      let printed = '';
      await by.run({
        command: '/bin/sh', args: ['-c', script], cwd: fixture.workspace, stdin: null, env: { PATH: process.env.PATH },
        timeoutMs: null, maxOutputBytes: 1000, signal: new AbortController().signal, isListening: false,
        onOutput: (stream, chunk) => { printed += chunk; },
      });
      return printed;
    };
    void (async () => {
      runner = await open();
      /* script */
    })();
  `;

  /** Of a thread: says that it has a sandbox, and stays. */
  const WORKER =
    "require('node:worker_threads').parentPort.postMessage('open'); setInterval(() => {}, 1000);";

  function request(part: Partial<RunRequest>): RunRequest {
    return {
      command: '/bin/sh',
      args: [],
      cwd: workspace,
      stdin: null,
      env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
      timeoutMs: null,
      maxOutputBytes: 8 << 20,
      signal: new AbortController().signal,
      onInputError: () => undefined,
      isListening: false,
      onOutput: () => undefined,
      ...part,
    };
  }

  async function shell(
    runner: Runner,
    script: string,
    part: Partial<RunRequest> = {},
    args: readonly string[] = [],
  ): Promise<{ outcome: RunOutcome; stdout: string; stderr: string }> {
    const printed = { stdout: '', stderr: '' };
    const onOutput: RunRequest['onOutput'] = (stream, chunk) => {
      printed[stream] += chunk.toString();
    };
    const outcome = await runner.run(request({ args: ['-c', script, ...args], onOutput, ...part }));
    return { outcome, ...printed };
  }
});

/** How many processes have this word in their command line. */
function running(word: string): number {
  return processesWith((words) => words.includes(word)).length;
}

function processesWith(matches: (words: readonly string[]) => boolean): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return matches(readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0'));
      } catch {
        return false;
      }
    })
    .map(Number);
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  const end = Date.now() + 15_000;
  while (!isSo()) {
    if (Date.now() > end) throw new Error(`in vain: ${what}`);
    await delay(5);
  }
}
