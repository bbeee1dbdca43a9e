import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { type BindingSource, loadBinding, platformNames, TrackEngine } from './index';

const NATIVE = '@example/track-native';
const [PLATFORM] = platformNames() as [string];

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'fishplate-binding-'));
  // Present, as in a real installation, whether or not a binding is.
  put('package.json', '{}');
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

/** A module stands in for the shared library where the loader's own choice is under test. */
const moduleOf = (version: string): string => `module.exports = { version: () => '${version}' };`;

function put(path: string, text: string, packageName = NATIVE): void {
  const file = join(root, 'node_modules', packageName, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

function source(): BindingSource {
  return {
    require: createRequire(join(root, 'index.js')),
    nativePackage: NATIVE,
    binaryName: 'track',
    version: '1.2.3',
  };
}

function engine(): TrackEngine<{ version(): string }> {
  return new TrackEngine({ track: 'example', ...source() });
}

afterEach(() => {
  delete process.env['FISHPLATE_EXAMPLE_ENGINE'];
});

test('the platform package is loaded', () => {
  put('index.js', moduleOf('1.2.3'), `${NATIVE}-${PLATFORM}`);
  const loaded = loadBinding(source());
  expect(loaded.version).toBe('1.2.3');
  expect(loaded.path).toContain(`${NATIVE}-${PLATFORM}`);
  expect(engine().capability()).toMatchObject({
    engine: 'native',
    asked: 'auto',
    binding: { version: '1.2.3' },
  });
});

test('the platform package goes before a local build', () => {
  put('index.js', moduleOf('1.2.3'), `${NATIVE}-${PLATFORM}`);
  put(`track.${PLATFORM}.node`, 'no shared library');
  expect(loadBinding(source()).path).toContain(`${NATIVE}-${PLATFORM}`);
});

test('a missing binding falls back and says why; asked for by name it is an error', () => {
  expect(engine().select()).toBeNull();
  expect(engine().capability()).toMatchObject({
    engine: 'js',
    reason: expect.stringContaining(`BINDING_MISSING: no binding of ${NATIVE}`) as string,
    improve: expect.stringContaining('npm start') as string,
  });
  expect(() => engine().select('native')).toThrow(
    expect.objectContaining({ code: 'BINDING_MISSING', track: 'engine' }),
  );
  expect(engine().capability({ call: 'native' })).toMatchObject({ engine: null, askedBy: 'call' });
});

test('a binding of another version is never used', () => {
  put('index.js', moduleOf('1.2.2'), `${NATIVE}-${PLATFORM}`);
  expect(engine().select()).toBeNull();
  expect(() => engine().select('native')).toThrow(
    expect.objectContaining({
      code: 'BINDING_VERSION_MISMATCH',
      message: expect.stringContaining('is version 1.2.2, the library is 1.2.3') as string,
      details: expect.objectContaining({ binding: '1.2.2', library: '1.2.3' }) as object,
    }),
  );
});

test('a module without a version is a binding of another version', () => {
  put('index.js', 'module.exports = {};', `${NATIVE}-${PLATFORM}`);
  expect(() => engine().select('native')).toThrow(
    expect.objectContaining({ code: 'BINDING_VERSION_MISMATCH' }),
  );
});

test('a file that is no shared library falls back, and keeps the words of the system', () => {
  put(`track.${PLATFORM}.node`, 'no shared library');
  expect(engine().select()).toBeNull();
  expect(() => engine().select('native')).toThrow(
    expect.objectContaining({ code: 'BINDING_LOAD_FAILED', cause: expect.anything() as unknown }),
  );
});

test('the binding is looked for once, whether or not it is found', () => {
  const missing = jest.fn(() => loadBinding(source()));
  const tried = new TrackEngine({ track: 'example', ...source(), load: missing });
  expect([tried.select(), tried.select(), tried.capability().engine]).toEqual([null, null, 'js']);
  expect(missing).toHaveBeenCalledTimes(1);

  const native = { version: () => '1.2.3' };
  const found = jest.fn(() => ({ native, path: 'somewhere', version: '1.2.3' }));
  const loaded = new TrackEngine({ track: 'example', ...source(), load: found });
  expect([loaded.select(), loaded.select()]).toEqual([native, native]);
  expect(found).toHaveBeenCalledTimes(1);
});

test('an error that is no verdict on the binding is passed on', () => {
  const load = (): never => {
    throw new RangeError('out of memory');
  };
  expect(() => new TrackEngine({ track: 'example', ...source(), load }).select()).toThrow(RangeError);
});

test('fallback loads nothing', () => {
  put('index.js', 'throw new Error("must not load");', `${NATIVE}-${PLATFORM}`);
  process.env['FISHPLATE_EXAMPLE_ENGINE'] = 'fallback';
  expect(engine().select()).toBeNull();
  expect(engine().capability()).toMatchObject({ engine: 'js', asked: 'fallback', askedBy: 'environment' });
});

test.each([
  ['linux', 'x64', ['linux-x64-gnu', 'linux-x64-musl']],
  ['darwin', 'arm64', ['darwin-arm64']],
  ['win32', 'arm64', ['win32-arm64-msvc']],
  ['freebsd', 'x64', ['freebsd-x64']],
])('platform names of %s %s', (platform, arch, names) => {
  expect(platformNames(platform, arch)).toEqual(names);
});
