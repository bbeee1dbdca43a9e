/**
 * Proves the sandbox track on the machine at hand: what is declared, what holds of it, and that it really holds.
 *
 *     node dist/main.js [--json FILE] [--runs N]
 *
 * Each attack is made twice, without a sandbox and in it. Exit code 1 where a check fails. Where nothing can confine commands, those checks are skipped, and said so.
 */

import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import {
  capability,
  createSandbox,
  getSandboxCapabilities,
  type Sandbox,
  type SandboxPolicy,
} from '@fishplate/sandbox';
import { type AskedEngine, type Check, validate } from '@fishplate/validation';

import { type Attack, ATTACKS, type World } from './attacks';
import { ATTACKS_OF_WINDOWS } from './attacks-windows';
import { measureStart } from './start';

const isWindows = process.platform === 'win32';

const POLICY: SandboxPolicy = { mode: 'workspace-write', network: 'none', limits: { wallMs: 20_000 } };

/** An attack is made without a sandbox, where it must succeed, and in it, where it must not. */
function refused(attack: Attack, skip: string | undefined): Check {
  return {
    name: `attack ${attack.name}`,
    nativeOnly: true,
    skip,
    run: () =>
      inWorld(async (world) => {
        if (!(await attack.run(world, unconfined(world))))
          throw new Error('it does not succeed without a sandbox');
        attack.clean?.(world);
        const policy = { ...POLICY, readDeny: [world.secret] };
        const sandbox = await createSandbox({ workspace: world.workspace, policy });
        try {
          if (await attack.run(world, confined(world, sandbox)))
            throw new Error('it succeeded in the sandbox');
          return 'succeeds outside, is refused inside';
        } finally {
          await sandbox.close();
        }
      }),
  };
}

/** Declared against effective. */
function describe(found: ReturnType<typeof getSandboxCapabilities>): string {
  const { backend, level, landlock, namespaces, seccomp, cgroup, weaker, unavailable } = found;
  return [
    `declared   ${JSON.stringify(POLICY)}`,
    `effective  ${level} by ${backend}: landlock ${landlock ?? 'none'}, namespaces ${namespaces.join(' ') || 'none'}, seccomp ${seccomp}, cgroup ${cgroup === null ? 'none' : `v${cgroup.version} ${cgroup.controllers.join(' ')}`}`,
    ...weaker.map(({ clause, reason }) => `weaker     ${clause}: ${reason}`),
    ...unavailable.map(({ means, reason }) => `not here   ${means}: ${reason}`),
  ].join('\n');
}

async function inWorld<Result>(work: (world: World) => Promise<Result>): Promise<Result> {
  const top = realpathSync(makeTop());
  const server = createServer((socket) => socket.end('hello'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const world = {
    workspace: join(top, 'workspace'),
    outside: join(top, 'outside'),
    secret: join(top, 'secret'),
    port: (server.address() as { port: number }).port,
  };
  try {
    for (const folder of [world.workspace, world.outside, world.secret]) mkdirSync(folder);
    writeFileSync(join(world.outside, 'victim'), 'victim\n');
    writeFileSync(join(world.secret, 'key'), 'SECRET-KEY\n');
    return await work(world);
  } finally {
    server.close();
    rmSync(top, { recursive: true, force: true });
  }
}

/** Not below a temporary directory where that can be: a sandbox hides those as a whole, and would prove nothing else. */
function makeTop(): string {
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  try {
    mkdirSync(cache, { recursive: true });
    return mkdtempSync(join(cache, 'fishplate-validate-'));
  } catch {
    return mkdtempSync(join(tmpdir(), 'fishplate-validate-'));
  }
}

/** A script as a command: on Windows a file of its own, for `cmd.exe` reads quotation marks in arguments as nobody else does. */
function commandOf({ workspace }: World, script: string): readonly [string, string[]] {
  if (!isWindows) return ['sh', ['-c', script]];
  const file = join(workspace, 'attack.cmd');
  writeFileSync(file, `@echo off\r\n${script}\r\n`);
  return [file, []];
}

/** A shell outside any sandbox. */
function unconfined(world: World): (script: string) => Promise<string> {
  return (script) =>
    new Promise((resolve, reject) => {
      const [command, args] = commandOf(world, script);
      // Node starts no batch file by itself.
      const [program, words] = isWindows ? ['cmd', ['/d', '/c', command]] : [command, args];
      const { workspace } = world;
      const child = spawn(program, words, { cwd: workspace, stdio: ['ignore', 'pipe', 'ignore'] });
      let out = '';
      child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
      child.once('error', reject).once('close', () => resolve(out));
    });
}

function confined(world: World, sandbox: Sandbox): (script: string) => Promise<string> {
  return async (script) => (await sandbox.execute(...commandOf(world, script))).stdout.toString();
}

/** The file API does what decisions say, with either engine. */
async function filesHold({ workspace, secret, outside }: World, engine: AskedEngine): Promise<string> {
  const policy = { ...POLICY, readDeny: [secret] };
  const sandbox = await createSandbox({ workspace, policy, engine, mode: 'process' });
  try {
    await sandbox.writeFile('file', 'content');
    if ((await sandbox.readFile('file')).toString() !== 'content')
      throw new Error('a file is not what was written');
    for (const [path, intent, expected] of [
      ['file', 'write', 'allow'],
      ['.git/config', 'write', 'deny'],
      [join(secret, 'key'), 'read', 'deny'],
      [join(outside, 'victim'), 'write', 'needs-confirmation'],
      ['file', 'delete', 'needs-confirmation'],
    ] as const) {
      const { decision } = sandbox.evaluateFileAction(path, intent);
      if (decision !== expected) throw new Error(`${intent} ${path} is ${decision}, not ${expected}`);
    }
    const refused = await sandbox.readFile(join(secret, 'key')).then(
      () => false,
      (error: { code?: string }) => error.code === 'ACCESS_DENIED',
    );
    if (!refused) throw new Error('a denied file was read');
    if (existsSync(join(workspace, '.git')) || readFileSync(join(secret, 'key'), 'utf8') !== 'SECRET-KEY\n') {
      throw new Error('deciding changed the disk');
    }
    return '5 decisions and 3 actions';
  } finally {
    await sandbox.close();
  }
}

const { values } = parseArgs({
  options: { json: { type: 'string' }, runs: { type: 'string', default: '30' } },
});
const machine = getSandboxCapabilities();
const unheld = machine.means === null ? 'nothing confines commands here' : undefined;
const attacks = (isWindows ? ATTACKS_OF_WINDOWS : ATTACKS).filter(
  ({ on = process.platform }) => on === process.platform,
);
const startUp: Check = {
  name: 'start-up',
  nativeOnly: true,
  skip: unheld,
  run: () => measureStart(Number(values.runs)),
};

process.stdout.write(`${describe(machine)}\n\n`);
void validate({
  checks: [
    ...attacks.map((attack) => refused(attack, unheld)),
    { name: 'decisions and files', run: (engine) => inWorld((world) => filesHold(world, engine)) },
    ...(isWindows ? [] : [startUp]),
  ],
  capabilities: [capability({ call: 'auto' }), capability({ call: 'fallback' })],
  json: values.json,
  more: { sandbox: machine },
});
