/** Mode docker against a client that records its calls: there is no daemon where these tests run. */

import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

import { forgetDocker, probeDocker } from '../src/execute/docker-client';
import { createSandbox, type ExecResult, type SandboxPolicy } from '../src/index';
import { codeOf, makeDirectory } from './world';

const PATH = process.env['PATH'];
let bin: string;

/** A client; `run` is what it does for `docker run`. */
function client(run: string, more = ''): void {
  const script = `#!/bin/sh
log=${bin}/calls
# One line a call: two of them may write at once.
printf '%s\\n' "$(printf '%s|' "$@" | tr '\\n' ' ')" >> "$log"
${more}
case "$1" in
  version) echo 27.0.0;;
  run)
    while [ $# -gt 0 ]; do [ "$1" = --env-file ] && { cp "$2" ${bin}/env; stat -c %a "$2" > ${bin}/mode; echo "$2" > ${bin}/env-path; }; shift; done
    ${run};;
esac
`;
  writeFileSync(join(bin, 'docker'), script);
  chmodSync(join(bin, 'docker'), 0o755);
  forgetDocker();
}

const calls = (): string[][] =>
  readFileSync(join(bin, 'calls'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split('|'));
const verbs = (): string[] => calls().map(([verb]) => verb!);

async function run(policy: SandboxPolicy = {}, options: object = {}): Promise<ExecResult> {
  const sandbox = await createSandbox({ workspace: makeDirectory(), mode: 'docker', policy });
  try {
    return await sandbox.execute('cmd', [], options);
  } finally {
    await sandbox.close();
  }
}

beforeEach(() => {
  bin = makeDirectory();
  process.env['PATH'] = `${bin}${delimiter}${PATH}`;
});

afterEach(() => {
  process.env['PATH'] = PATH;
  forgetDocker();
});

test('variables come by a private file that is gone afterwards, and by no argument', async () => {
  client('cat');
  const { stdout } = await run(
    { env: { set: { TOKEN: 'of the policy' } } },
    { env: { MINE: 'of the call' }, stdin: 'in' },
  );
  expect(stdout.toString()).toBe('in');
  const variables = readFileSync(join(bin, 'env'), 'utf8');
  expect(variables).toContain('TOKEN=of the policy\n');
  expect(variables).toContain('MINE=of the call\n');
  expect(variables).not.toMatch(/^(?:PATH|HOME)=/m);
  expect(readFileSync(join(bin, 'mode'), 'utf8').trim()).toBe('600');
  expect(existsSync(readFileSync(join(bin, 'env-path'), 'utf8').trim())).toBe(false);
  expect(calls().flat().join(' ')).not.toContain('of the');
});

test('a value of several lines is refused before anything runs', async () => {
  client('true');
  expect(await codeOf(() => run({}, { env: { KEY: 'a\nb' } }))).toBe('OPTION_INVALID');
  expect(verbs()).toEqual(['version']);
});

test('a command that takes too long is killed, and its container removed', async () => {
  client('exec sleep 60');
  const result = await run({}, { timeoutMs: 200 });
  expect(result).toMatchObject({ timedOut: true, limitHit: 'wallMs' });
  const [name] = calls().flatMap((call) => (call[0] === 'run' ? [call[call.indexOf('--name') + 1]] : []));
  expect(calls().filter(([verb]) => verb === 'kill')).toEqual([['kill', name, '']]);
  expect(calls().filter(([verb]) => verb === 'rm')).toEqual([['rm', '--force', '--volumes', name, '']]);
});

test('a container that cannot be killed yet is killed at another try', async () => {
  client('exec sleep 60', `[ "$1" = kill ] && [ "$(grep -c '^kill' ${'$'}log)" -lt 3 ] && exit 1`);
  await run({}, { timeoutMs: 200 });
  expect(verbs().filter((verb) => verb === 'kill')).toHaveLength(3);
  expect(verbs()).toContain('rm');
});

test('a container that is left is told of', async () => {
  client('exec sleep 60', '[ "$1" = rm ] && { echo "daemon is busy" >&2; exit 1; }');
  const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  await run({}, { timeoutMs: 200 });
  expect(JSON.stringify(warned.mock.calls)).toMatch(
    /may still be there: .*daemon is busy.*FishplateDockerWarning/,
  );
  warned.mockRestore();
});

test('exit code 137 is a signal only where somebody sent it', async () => {
  client('exit 137');
  expect(await run()).toMatchObject({ exitCode: 137, signal: null });
  const limits = { memoryBytes: 1 << 26 };
  client('exit 137', '[ "$1" = inspect ] && echo false');
  expect(await run({ limits })).toMatchObject({ exitCode: 137, signal: null });
  client('exit 137', '[ "$1" = inspect ] && echo true');
  const ended = await run({ limits });
  expect(ended).toMatchObject({ exitCode: null, signal: 'SIGKILL', limitHit: 'memoryBytes' });
  expect(ended.violations).toMatchObject([{ kind: 'limit', target: 'memoryBytes' }]);
  expect(verbs().at(-1)).toBe('rm');
});

test('the daemon is asked for once, beside the event loop, and not for ever', async () => {
  client('true', '[ "$1" = version ] && sleep 0.3');
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 20);
  const probes = await Promise.all([probeDocker(), probeDocker(), probeDocker()]);
  clearInterval(timer);
  expect(probes).toEqual(Array(3).fill({ version: '27.0.0' }));
  expect(turns).toBeGreaterThan(1);
  expect(verbs()).toEqual(['version']);
  client('true', '[ "$1" = version ] && exec sleep 60');
  expect(await probeDocker()).toMatchObject({
    reason: expect.stringContaining('no docker daemon answers') as string,
  });
}, 30_000);
