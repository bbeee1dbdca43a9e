import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { commandOf, INSTALLED, makeDirectory, PACKAGES, runNode } from '../src/installation.js';
import { connect } from '../src/mcp-client.js';

const PLATFORM_PACKAGES = PACKAGES.filter((name) => /-native-/.test(name));
const EDIT = { path: 'a.txt', edits: [{ search: 'one', replace: 'two' }] };

/** Ways in which a binding is not what the library needs, and the code that each one has. */
const BROKEN: [string, string, (modules: string) => void][] = [
  ['missing', 'BINDING_MISSING', (modules) => removePlatformPackages(modules)],
  [
    'of another version',
    'BINDING_VERSION_MISMATCH',
    (modules) => pretendVersion(modules, '@fishplate/diff', '9.9.9'),
  ],
  ['not loadable', 'BINDING_LOAD_FAILED', (modules) => spoilBindings(modules)],
];

describe.each(BROKEN)('a binding that is %s', (_, code, damage) => {
  let installed: string;
  beforeAll(() => {
    installed = copyInstallation();
    damage(join(installed, 'node_modules'));
  });
  const fishplate = (args: string[], engine: string) =>
    runNode([commandOf(installed), ...args], { cwd: installed, env: { FISHPLATE_DIFF_ENGINE: engine } });

  test('auto falls back, and shows it', async () => {
    const demo = await fishplate(['demo'], 'auto');
    expect([demo.code, demo.stderr]).toEqual([0, '']);
    expect(demo.stdout).toContain('diff js');
    const doctor = await fishplate(['doctor', '--json'], 'auto');
    expect(doctor.code).toBe(0);
    const { capabilities } = JSON.parse(doctor.stdout) as {
      capabilities: { tracks: Record<string, string>[] };
    };
    expect(capabilities.tracks[0]).toMatchObject({ engine: 'js', asked: 'auto' });
    expect(capabilities.tracks[0]?.['reason']).toContain(code);
    expect(capabilities.tracks[0]?.['improve']?.length).toBeGreaterThan(10);
    expect((await fishplate(['doctor'], 'auto')).stdout).toContain('improve');
  });

  test('what has no fallback says so, and costs the rest nothing', async () => {
    const script = `
      const { unifiedDiff } = require('@fishplate/diff');
      const syntax = require('@fishplate/diff/syntax');
      syntax.declarationsOf('', { language: 'go' }).catch((error) => {
        console.log(unifiedDiff('a', 'b').added, error.code, error.message);
      });
    `;
    const { stdout } = await runNode(['-e', script], { cwd: installed });
    expect(stdout).toMatch(/^1 SYNTAX_UNAVAILABLE .{20}/);
    expect(stdout).toContain(code);
  });

  test('native is an error with code and hint, on the command line and at the MCP door', async () => {
    const plan = join(
      makeDirectory({ 'plan.json': JSON.stringify({ steps: [{ tool: 'edit_file', input: EDIT }] }) }),
      'plan.json',
    );
    const workspace = makeDirectory({ 'a.txt': 'one\n' });
    const run = await fishplate(['run', '--plan', plan, '-w', workspace, '--json'], 'native');
    expect(run.code).toBe(1);
    expect(JSON.parse(run.stdout)).toMatchObject({ ok: false, steps: [{ code }] });
    expect((await fishplate(['doctor'], 'native')).code).toBe(1);
    const connection = await connect(workspace, {
      env: { FISHPLATE_DIFF_ENGINE: 'native' },
      command: commandOf(installed),
    });
    const answer = await connection.call('edit_file', EDIT);
    await connection.close();
    expect(answer).toMatchObject({ isError: true, data: { ok: false, code, track: 'engine' } });
    expect(String(answer.data['hint']).length).toBeGreaterThan(10);
    expect(readFileSync(join(workspace, 'a.txt'), 'utf8')).toBe('one\n');
  });
});

/** The packed packages as copies that a test may damage; what they stand on, by links. */
function copyInstallation(): string {
  const copy = makeDirectory({ 'package.json': '{ "name": "consumer", "private": true }' });
  const modules = join(INSTALLED, 'node_modules');
  mkdirSync(join(copy, 'node_modules'));
  for (const name of readdirSync(modules)) {
    const [from, to] = [join(modules, name), join(copy, 'node_modules', name)];
    if (name === '@fishplate' || name === 'fishplate') cpSync(from, to, { recursive: true });
    else if (!name.startsWith('.')) symlinkSync(from, to, 'junction');
  }
  return copy;
}

function removePlatformPackages(modules: string): void {
  for (const name of PLATFORM_PACKAGES) rmSync(join(modules, name), { recursive: true });
}

function pretendVersion(modules: string, name: string, version: string): void {
  const path = join(modules, name, 'package.json');
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as object;
  writeFileSync(path, JSON.stringify({ ...manifest, version }));
}

function spoilBindings(modules: string): void {
  for (const name of PLATFORM_PACKAGES) {
    for (const file of readdirSync(join(modules, name)).filter((entry) => entry.endsWith('.node'))) {
      writeFileSync(join(modules, name, file), 'not a library');
    }
  }
}
