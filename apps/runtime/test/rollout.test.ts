import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { explainConfig } from '../src/config/explain.js';
import { installationId } from '../src/config/installation.js';
import { loadConfig } from '../src/config/load.js';
import { cohortPosition } from '../src/config/rollout.js';
import type { RuntimeConfig } from '../src/index.js';
import { codeOf, makeWorkspace } from './workspace.js';

const INSTALLATIONS = Array.from({ length: 2000 }, (_, index) => `installation-${index}`);
const withFile = (config: RuntimeConfig): string =>
  makeWorkspace({ 'fishplate.config.json': JSON.stringify(config) });
const storage = (share: number, more: object = {}): RuntimeConfig => ({
  rollout: { 'storage.engine': { share, value: 'native', otherwise: 'fallback', ...more } },
});

/** Installations that a rollout takes in. */
function taken(share: number, more: object = {}): Set<string> {
  const workspace = withFile(storage(share, more));
  return new Set(
    INSTALLATIONS.filter((id) => {
      const { engines } = loadConfig({ workspace, env: { FISHPLATE_INSTALLATION_ID: id } });
      return engines.storage.file === 'native';
    }),
  );
}

test('a share takes in about so many, and who is in stays in while it grows', () => {
  const [none, tenth, half, all] = [taken(0), taken(0.1), taken(0.5), taken(1)] as const;
  expect([none.size, all.size]).toEqual([0, INSTALLATIONS.length]);
  // Within five standard deviations of an even hash.
  expect(Math.abs(tenth.size - 200)).toBeLessThan(68);
  expect(Math.abs(half.size - 1000)).toBeLessThan(112);
  expect([...tenth].filter((id) => !half.has(id))).toEqual([]);
  expect(taken(0.1)).toEqual(tenth);
});

test('flags are independent of each other, unless they share a cohort', () => {
  const own = taken(0.5);
  const other = taken(0.5, { cohort: 'diff.engine' });
  const both = INSTALLATIONS.filter((id) => own.has(id) && other.has(id)).length;
  expect(Math.abs(both - 500)).toBeLessThan(97);
  const position = cohortPosition('diff.engine', 'installation-7');
  expect(other.has('installation-7')).toBe(position < 0.5);
});

test('a rollout counts for less than an entry beside it, environment and call for more', () => {
  const workspace = withFile({ ...storage(1), diff: { engine: 'fallback' } });
  const id = { FISHPLATE_INSTALLATION_ID: 'someone' };
  const source = (sources: object) =>
    explainConfig({ workspace, env: id, ...sources }).entries.find(({ name }) => name === 'storage.engine');
  expect(source({})).toMatchObject({ value: 'native', source: 'rollout' });
  expect(source({ env: { ...id, FISHPLATE_STORAGE_ENGINE: 'auto' } })).toMatchObject({
    value: 'auto',
    source: 'environment',
    place: 'FISHPLATE_STORAGE_ENGINE',
    from: [{ source: 'default' }, { source: 'rollout' }, { source: 'environment' }],
  });
  expect(source({ call: storage(0) })).toMatchObject({ value: 'fallback', source: 'rollout', place: '' });
  expect(source({ call: { ...storage(0), storage: { engine: 'auto' } } })).toMatchObject({ source: 'call' });
  writeFileSync(
    join(workspace, 'fishplate.config.json'),
    JSON.stringify({ ...storage(1), storage: { engine: 'fallback' } }),
  );
  expect(source({})).toMatchObject({ value: 'fallback', source: 'file' });
});

test('those outside get nothing where the rollout says nothing for them', () => {
  const workspace = withFile({ rollout: { 'diff.engine': { share: 0, value: 'native' } } });
  const env = { FISHPLATE_INSTALLATION_ID: 'someone' };
  expect(loadConfig({ workspace, env }).engines.diff).toEqual({ file: undefined, call: undefined });
  expect(explainConfig({ workspace, env }).rollouts).toMatchObject([{ included: false, share: 0 }]);
});

test('the installation has an id of its own, made once and only where a rollout needs it', () => {
  const home = makeWorkspace();
  const env = { XDG_CONFIG_HOME: home, APPDATA: home };
  const file = join(home, 'fishplate', 'installation-id');
  loadConfig({ workspace: makeWorkspace(), env });
  expect(existsSync(file)).toBe(false);
  const first = installationId(env);
  expect(first).toEqual({ id: readFileSync(file, 'utf8').trim(), from: 'file', path: file });
  expect(first.id).toMatch(/^[\da-f-]{36}$/);
  expect(installationId(env)).toEqual(first);
  expect(installationId({ XDG_CONFIG_HOME: makeWorkspace(), APPDATA: makeWorkspace() }).id).not.toBe(
    first.id,
  );
});

test('a place that keeps no file gives an id that stays the same all the same', () => {
  const blocked = makeWorkspace({ fishplate: 'a file where the folder should be' });
  const env = { XDG_CONFIG_HOME: blocked, APPDATA: blocked };
  const derived = installationId(env);
  expect(derived).toMatchObject({ from: 'derived', id: expect.stringMatching(/^[\da-f]{64}$/) as string });
  expect(installationId(env)).toEqual(derived);
});

test("a workspace's file cannot roll out what it may not say", async () => {
  const loose: RuntimeConfig[] = [
    { rollout: { 'sandbox.mode': { share: 0, value: 'process' } } },
    { rollout: { 'sandbox.mode': { share: 1, value: 'native', otherwise: 'process' } } },
    { rollout: { 'sandbox.engine': { share: 0.5, value: 'fallback' } } },
  ];
  for (const config of loose) {
    const workspace = withFile(config);
    expect(await codeOf(() => loadConfig({ workspace, env: {} }))).toBe('CONFIG_UNTRUSTED');
    expect(await codeOf(() => loadConfig({ workspace, env: {}, trustWorkspace: true }))).toBe('none');
  }
});

test.each([
  { 'storage.engine': { share: 2, value: 'native' } },
  { 'storage.engine': { share: 0.5 } },
  { 'storage.engine': { share: 0.5, value: 'process' } },
  { 'limits.maxFileBytes': { share: 0.5, value: 1 } },
])('refuses %j', async (rollout) => {
  const workspace = withFile({ rollout } as RuntimeConfig);
  expect(await codeOf(() => loadConfig({ workspace, env: {} }))).toBe('CONFIG_INVALID');
});
