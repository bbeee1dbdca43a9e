import { spawnSync } from 'node:child_process';
import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

import { CONFIG_DEFAULTS, configJsonSchema, createRuntime } from '../src/index.js';
import { loadConfig } from '../src/config/load.js';
import { codeOf, makeWorkspace } from './workspace.js';

const withFile = (content: unknown): string =>
  makeWorkspace({ 'fishplate.config.json': typeof content === 'string' ? content : JSON.stringify(content) });

const messageOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return (error as Error).message;
  }
  return 'none';
};

test('goes by default, file, environment and call, the later winning', () => {
  const limits = (maxFileBytes: number) => ({ limits: { maxFileBytes } });
  const workspace = withFile({
    ...limits(1),
    gitignore: { engine: 'fallback' },
    diff: { engine: 'fallback' },
  });
  const env = { FISHPLATE_MAX_FILE_BYTES: '2' };
  expect(loadConfig({ workspace: makeWorkspace(), env: {} })).toMatchObject({
    ...CONFIG_DEFAULTS,
    file: null,
  });
  expect(loadConfig({ workspace, env: {} })).toMatchObject({
    ...limits(1),
    engines: { diff: { file: 'fallback' } },
  });
  expect(loadConfig({ workspace, env })).toMatchObject({
    ...limits(2),
    engines: { gitignore: { file: 'fallback' } },
  });
  expect(loadConfig({ workspace, env, call: limits(3) })).toMatchObject(limits(3));
  expect(loadConfig({ workspace, env: { FISHPLATE_MAX_FILE_BYTES: '' } })).toMatchObject(limits(1));
});

describe('the engine', () => {
  const variable = 'FISHPLATE_DIFF_ENGINE';
  const before = process.env[variable];
  afterEach(() => {
    if (before === undefined) delete process.env[variable];
    else process.env[variable] = before;
  });

  test('of the config file gives way to the environment, that to the call', () => {
    const workspace = withFile({ diff: { engine: 'fallback' } });
    const asked = (options: object = {}) => createRuntime({ workspace, ...options }).capabilities().tracks[0];
    delete process.env[variable];
    expect(asked()).toMatchObject({ asked: 'fallback', askedBy: 'config' });
    process.env[variable] = 'auto';
    expect(asked()).toMatchObject({ asked: 'auto', askedBy: 'environment' });
    expect(asked({ engines: { diff: 'fallback' } })).toMatchObject({ asked: 'fallback', askedBy: 'call' });
    expect(asked({ config: { diff: { engine: 'fallback' } } })).toMatchObject({
      asked: 'fallback',
      askedBy: 'call',
    });
  });
});

test.each([
  ['{\n  "diff": }', 'CONFIG_UNREADABLE', ':2:11 '],
  ['', 'CONFIG_UNREADABLE', ':1:1 '],
  [{ diff: { engine: 'rust' } }, 'CONFIG_INVALID', 'diff.engine'],
  [{ dif: {} }, 'CONFIG_INVALID', 'dif'],
  [{ limits: { maxFileBytes: -1 } }, 'CONFIG_INVALID', 'limits.maxFileBytes'],
  [[], 'CONFIG_INVALID', '(top level)'],
])('says what is wrong in %j, and where', async (content, code, place) => {
  const workspace = withFile(content);
  expect(await codeOf(() => createRuntime({ workspace }))).toBe(code);
  expect(messageOf(() => createRuntime({ workspace }))).toContain(place);
  expect(messageOf(() => createRuntime({ workspace }))).toContain(join(workspace, 'fishplate.config.json'));
});

test('names the variable, or the caller, that holds a wrong value', async () => {
  const workspace = makeWorkspace();
  const env = { FISHPLATE_MAX_READ_BYTES: 'many' };
  expect(messageOf(() => loadConfig({ workspace, env }))).toContain('FISHPLATE_MAX_READ_BYTES');
  expect(messageOf(() => createRuntime({ workspace, config: { limits: { maxReadBytes: 0 } } }))).toContain(
    'createRuntime',
  );
  expect(await codeOf(() => createRuntime({ workspace, engines: { diff: 'rust' as 'auto' } }))).toBe(
    'ENGINE_CHOICE_INVALID',
  );
});

test('takes a file with a byte order mark and a schema reference', () => {
  const workspace = withFile(
    '\ufeff{ "$schema": "./node_modules/fishplate/schema/fishplate.config.schema.json" }',
  );
  expect(createRuntime({ workspace }).capabilities().configFile).toBe(
    join(workspace, 'fishplate.config.json'),
  );
});

test('publishes the schema that the code checks by (after a change: node scripts/write-schemas.mjs)', () => {
  const file = new URL('../schema/fishplate.config.schema.json', import.meta.url);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(configJsonSchema());
});

test('a config file that is a pipe, a link or too large is refused, and waited for by nobody', async () => {
  const place = (root: string): string => join(root, 'fishplate.config.json');
  const large = withFile(' '.repeat((1 << 20) + 1));
  const linked = makeWorkspace({ 'other.json': '{}' });
  symlinkSync(join(linked, 'other.json'), place(linked));
  const piped = makeWorkspace({});
  if (process.platform !== 'win32') spawnSync('mkfifo', [place(piped)]);
  for (const root of process.platform === 'win32' ? [large] : [large, linked, piped]) {
    expect(await codeOf(() => loadConfig({ workspace: root }))).toBe('CONFIG_UNREADABLE');
  }
});
