import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import {
  COMMAND,
  ended,
  ENGINES,
  fishplate,
  INSTALLED,
  makeDirectory,
  startNode,
  userEnvironment,
} from '../src/installation.js';

interface DemoReport {
  readonly ok: boolean;
  readonly usesGit: boolean;
  readonly killed: { readonly signal: string; readonly steps: number };
  readonly proof: {
    readonly ok: boolean;
    readonly before: string;
    readonly after: string;
    readonly entries: number;
  };
  readonly plan: {
    readonly steps: readonly { readonly tool: string; readonly engines: Record<string, string> }[];
  };
}

const json = <Value>(text: string): Value => JSON.parse(text) as Value;
const demosLeft = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('fishplate-demo-'));

describe.each(ENGINES)('demo, %s', (asked, reported) => {
  const env = { FISHPLATE_DIFF_ENGINE: asked };

  test('fixes, undoes and proves it byte for byte', async () => {
    const { code, stdout, stderr } = await fishplate(['demo', '--json'], { env });
    expect([code, stderr]).toEqual([0, '']);
    const report = json<DemoReport>(stdout);
    expect(report).toMatchObject({
      ok: true,
      usesGit: true,
      killed: { signal: 'SIGKILL', steps: 16 },
      proof: { ok: true, entries: 14 },
    });
    expect(report.proof.before).toBe(report.proof.after);
    const engines = new Set(
      report.plan.steps.map((step) => step.engines['diff']).filter((name) => name !== undefined),
    );
    expect([...engines]).toEqual([reported]);
  });

  test('prints a timeline without colour or control characters into a pipe, and cleans up', async () => {
    const before = demosLeft();
    const { code, stdout } = await fishplate(['demo'], { env });
    expect(code).toBe(0);
    expect(stdout).toContain(`diff ${reported}`);
    expect(stdout).toContain('byte for byte');
    expect(stdout).toMatch(/^ +\+ {2}const step/m);
    expect(stdout.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
    expect(demosLeft()).toEqual(before);
  });
});

test('the demo works without git, by npm ignore', async () => {
  const { code, stdout } = await fishplate(['demo', '--json'], { env: { PATH: makeDirectory() } });
  expect(code).toBe(0);
  expect(json<DemoReport>(stdout)).toMatchObject({ ok: true, usesGit: false, proof: { ok: true } });
});

test('shows its version, help and mistakes', async () => {
  const { version } = json<{ version: string }>(
    readFileSync(join(INSTALLED, 'node_modules/fishplate/package.json'), 'utf8'),
  );
  expect(await fishplate(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n` });
  const help = await fishplate(['--help']);
  expect(help.code).toBe(0);
  for (const command of ['demo', 'run', 'exec', 'mcp', 'sessions', 'timeline', 'undo', 'restore', 'doctor']) {
    expect(help.stdout).toContain(command);
    expect((await fishplate([command, '--help'])).code).toBe(0);
  }
  for (const mistake of [
    [],
    ['constructor'],
    ['demo', '--jsn'],
    ['demo', 'extra'],
    ['run'],
    ['run', '--plan'],
    ['doctor', '-w'],
  ]) {
    const { code, stderr } = await fishplate(mistake);
    expect([mistake, code]).toEqual([mistake, 2]);
    if (mistake.length > 0) expect(stderr).toContain('USAGE');
  }
});

test('exec runs a command in the sandbox, and ends as that does', async () => {
  const workspace = makeDirectory({ 'file.txt': 'content' });
  const run = (...command: string[]) =>
    fishplate(['exec', '-w', workspace, '--', process.execPath, '-e', ...command]);
  const read = await run("process.stdout.write(fs.readFileSync('file.txt')); process.exitCode = 7");
  expect(read).toMatchObject({ code: 7, stdout: 'content' });
  const outside = await run("fs.writeFileSync(os.homedir() + '/fishplate-outside', '')");
  expect([outside.code, outside.stderr]).toEqual([1, expect.stringContaining('EROFS')]);
  expect(await fishplate(['exec', '-w', workspace, '--', 'no-such-command'])).toMatchObject({
    code: 127,
    stderr: expect.stringContaining('COMMAND_NOT_FOUND') as string,
  });
  expect(await fishplate(['exec', '-w', workspace])).toMatchObject({ code: 2 });
});

test('exec ends its command where nobody reads its output any more, and where it is told to end', async () => {
  const workspace = makeDirectory({});
  const endless = () =>
    startNode([
      COMMAND,
      ...['exec', '-w', workspace, '--', process.execPath, '-e', "setInterval(() => console.log('x'), 1)"],
    ]);
  const unread = endless();
  unread.stdin?.end();
  unread.stdout?.once('data', () => unread.stdout?.destroy());
  expect((await ended(unread)).code).toBe(141);
  const told = endless();
  told.stdin?.end();
  told.stdout?.once('data', () => told.kill('SIGTERM'));
  expect(await ended(told)).toMatchObject({ code: 143, stderr: '' });
});

test('npm links the command, and it runs by its link', () => {
  const onWindows = process.platform === 'win32';
  const link = join(INSTALLED, 'node_modules', '.bin', onWindows ? 'fishplate.cmd' : 'fishplate');
  const options = { encoding: 'utf8', env: userEnvironment(), shell: onWindows } as const;
  expect(execFileSync(link, ['--version'], options)).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test('an interrupted demo leaves nothing behind', async () => {
  const before = demosLeft();
  const child = startNode([COMMAND, 'demo']);
  child.stdin?.end();
  child.stdout?.once('data', () => child.kill('SIGINT'));
  expect([0, 1]).toContain((await ended(child)).code);
  expect(demosLeft()).toEqual(before);
});

describe('doctor', () => {
  test.each(ENGINES)('names the engine in use and why: %s', async (asked, reported) => {
    const { code, stdout } = await fishplate(['doctor', '--json'], { env: { FISHPLATE_DIFF_ENGINE: asked } });
    const report = json<{ ok: boolean; capabilities: { tracks: Record<string, unknown>[] } }>(stdout);
    expect([code, report.ok]).toEqual([0, true]);
    expect(report.capabilities.tracks[0]).toMatchObject({
      track: 'diff',
      engine: reported,
      asked,
      askedBy: 'environment',
    });
  });

  test('has a line a track', async () => {
    const { stdout } = await fishplate(['doctor', '--workspace', makeDirectory()]);
    for (const track of [
      'diff',
      'gitignore',
      'sandbox',
      'storage',
      'tokenizer',
      'json',
      'symbols',
      'vector',
    ]) {
      expect(stdout).toMatch(new RegExp(`^. ${track} `, 'm'));
    }
  });

  test('says what is wrong with the configuration, and where', async () => {
    const broken = makeDirectory({ 'fishplate.config.json': '{\n  "diff": { "engine": "rust" }\n}' });
    const { code, stderr } = await fishplate(['doctor', '-w', broken]);
    expect(code).toBe(2);
    expect(stderr).toContain('CONFIG_INVALID');
    expect(stderr).toContain('diff.engine');
    const asJson = await fishplate(['doctor', '-w', broken, '--json']);
    expect(json(asJson.stdout)).toMatchObject({ ok: false, error: { code: 'CONFIG_INVALID' } });
  });
});

describe.each(ENGINES)('run, %s', (asked) => {
  const env = { FISHPLATE_DIFF_ENGINE: asked };
  const plan = (steps: object[]): string =>
    join(makeDirectory({ 'plan.json': JSON.stringify({ steps }) }), 'plan.json');
  const edit = { tool: 'edit_file', input: { path: 'a.txt', edits: [{ search: 'one', replace: 'two' }] } };

  test('does what the plan says, on the workspace', async () => {
    const workspace = makeDirectory({ 'a.txt': 'one\n' });
    const { code, stdout } = await fishplate(
      ['run', '--plan', plan([edit]), '--workspace', workspace, '--verbose'],
      { env },
    );
    expect([code, readFileSync(join(workspace, 'a.txt'), 'utf8')]).toEqual([0, 'two\n']);
    expect(stdout).toContain('as planned');
  });

  test('ends with 1 where a step is not as expected, with 2 where the plan is none', async () => {
    const workspace = makeDirectory({ 'a.txt': 'one\n' });
    const wrong = await fishplate(['run', '--plan', plan([edit, edit, edit]), '-w', workspace, '--json'], {
      env,
    });
    expect(wrong.code).toBe(1);
    expect(json(wrong.stdout)).toMatchObject({
      ok: false,
      notRun: 1,
      steps: [{ ok: true }, { code: 'NO_MATCH' }],
    });
    expect((await fishplate(['run', '--plan', plan([{ tool: 7 }]), '-w', workspace])).code).toBe(2);
    expect(
      (await fishplate(['run', '--plan', plan([edit, edit]), '-w', workspace, '--max-steps', '1'])).code,
    ).toBe(2);
  });

  test('refuses steps that ask for confirmation where nobody can be asked', async () => {
    const workspace = makeDirectory({ 'a.txt': 'one\n' });
    const asks = plan([{ ...edit, confirm: true }]);
    expect((await fishplate(['run', '--plan', asks, '-w', workspace], { env })).code).toBe(1);
    expect(readFileSync(join(workspace, 'a.txt'), 'utf8')).toBe('one\n');
    expect((await fishplate(['run', '--plan', asks, '-w', workspace, '--yes'], { env })).code).toBe(0);
    expect(readFileSync(join(workspace, 'a.txt'), 'utf8')).toBe('two\n');
  });
});

test('makes control characters of files visible', async () => {
  const workspace = makeDirectory({ 'a\u001b[2J.txt': '\u001b]0;title\u0007\n' });
  const steps = [
    { tool: 'list_files', input: {} },
    { tool: 'read_file', input: { path: 'a\u001b[2J.txt' } },
  ];
  const file = join(makeDirectory({ 'plan.json': JSON.stringify({ steps }) }), 'plan.json');
  const { code, stdout } = await fishplate(['run', '--plan', file, '-w', workspace, '--verbose']);
  expect(code).toBe(0);
  expect(stdout).toContain('␛]0;title␇');
  expect(stdout).not.toContain('\u001b');
});

test('logs to stderr where asked, as JSON lines without content', async () => {
  const workspace = makeDirectory({ 'a.txt': 'secret words\n' });
  const file = join(
    makeDirectory({
      'plan.json': JSON.stringify({ steps: [{ tool: 'read_file', input: { path: 'a.txt' } }] }),
    }),
    'plan.json',
  );
  const { stderr } = await fishplate(['run', '--plan', file, '-w', workspace, '--log-level', 'info']);
  const [entry] = stderr
    .trim()
    .split('\n')
    .map((line) => json<Record<string, unknown>>(line));
  expect(entry).toMatchObject({ tool: 'read_file', ok: true, msg: 'call' });
  expect(stderr).not.toContain('secret');
});

test('finishes quietly when its reader has seen enough', async () => {
  const before = demosLeft();
  const child = startNode([COMMAND, 'demo']);
  child.stdin?.end();
  child.stdout?.once('data', () => child.stdout?.destroy());
  const { code, stderr } = await ended(child);
  expect([code, stderr]).toEqual([0, '']);
  expect(demosLeft()).toEqual(before);
});

test('a plan in TypeScript runs, by Node or by the compiler of the project', async () => {
  const source = `
    import { type PlanSource } from 'fishplate';
    const path: string = 'a.txt';
    export default (): PlanSource => ({ steps: [{ tool: 'read_file', input: { path }, expect: { text: 'one' } }] });
  `;
  const folder = makeDirectory({ 'plan.ts': source, 'package.json': '{ "type": "module" }' });
  mkdirSync(join(folder, 'node_modules'));
  const compiler = createRequire(import.meta.url).resolve('typescript/package.json');
  symlinkSync(dirname(compiler), join(folder, 'node_modules', 'typescript'), 'junction');
  const workspace = makeDirectory({ 'a.txt': 'one\n' });
  const { code, stdout } = await fishplate([
    'run',
    '--plan',
    join(folder, 'plan.ts'),
    '-w',
    workspace,
    '--json',
  ]);
  expect([code, json(stdout)]).toMatchObject([0, { ok: true }]);
});

test('shows the configuration in force, and says what is wrong with one', async () => {
  const config = { limits: { maxFileBytes: 1 }, rollout: { 'diff.engine': { share: 1, value: 'fallback' } } };
  const workspace = makeDirectory({ 'fishplate.config.json': JSON.stringify(config) });
  const env = { FISHPLATE_INSTALLATION_ID: 'someone', FISHPLATE_MAX_FILE_BYTES: '2' };
  const shown = await fishplate(['config', '-w', workspace, '--json'], { env });
  const { entries } = json<{ entries: { name: string; value: unknown; source: string; place: string }[] }>(
    shown.stdout,
  );
  const entry = (name: string) => entries.find((candidate) => candidate.name === name);
  expect(entry('limits.maxFileBytes')).toMatchObject({ value: 2, place: 'FISHPLATE_MAX_FILE_BYTES' });
  expect(entry('diff.engine')).toMatchObject({ value: 'fallback', source: 'rollout' });
  expect(entry('undo.ignored')).toMatchObject({ value: false, source: 'default' });
  const text = await fishplate(['config', '-w', workspace], { env });
  expect(text.stdout).toMatch(/limits\.maxFileBytes +2 +FISHPLATE_MAX_FILE_BYTES \(over file says 1\)/);
  expect((await fishplate(['config', '-w', workspace, '--validate'], { env })).code).toBe(0);
  const wrong = makeDirectory({ 'fishplate.config.json': '{ "limits": { "maxFileBytes": "1" } }' });
  const loose = makeDirectory({ 'fishplate.config.json': '{ "sandbox": { "mode": "process" } }' });
  const policy = makeDirectory({
    'fishplate.config.json': '{ "sandbox": { "policy": { "limits": 3 } } }',
  });
  for (const [root, problem] of [
    [wrong, 'CONFIG_INVALID'],
    [loose, 'CONFIG_UNTRUSTED'],
    [policy, 'POLICY_INVALID'],
  ] as const) {
    const { code, stdout } = await fishplate(['config', '-w', root, '--validate', '--json']);
    const { error } = json<{ error: { code: string } }>(stdout);
    expect([code, error.code]).toEqual([2, problem]);
  }
});

test('a session is written as one page that holds no script', async () => {
  const hostile = '</pre><script>alert(1)</script>';
  const workspace = makeDirectory({ 'a.txt': 'one\n' });
  const edit = { path: 'a.txt', edits: [{ search: 'one', replace: hostile }] };
  const plan = { steps: [{ tool: 'edit_file', input: edit }] };
  const file = join(makeDirectory({ 'plan.json': JSON.stringify(plan) }), 'plan.json');
  await fishplate(['run', '--plan', file, '-w', workspace]);
  const page = join(makeDirectory(), 'page.html');
  const { code, stdout } = await fishplate(['timeline', '-w', workspace, '--html', page, '--json']);
  const written = readFileSync(page, 'utf8');
  expect([code, json(stdout)]).toMatchObject([0, { ok: true, items: 1, bytes: Buffer.byteLength(written) }]);
  expect(written).toContain('&lt;script&gt;alert(1)');
  expect(written).not.toContain('<script');
  const piped = await fishplate(['timeline', '-w', workspace, '--html', '-']);
  expect(piped.stdout).toBe(written);
});
