/** What callers may write, and what they get who write something else. */

import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';

import { chooseMode } from '../src/mode';
import {
  checkBytes,
  checkCommand,
  checkGrants,
  checkMaxBytes,
  checkOptions,
  takeOptions,
} from '../src/options';
import { checkPolicy } from '../src/policy';
import type { SandboxOptions } from '../src/options';
import type { ExecOptions } from '../src/types';
import { codeOf, makeDirectory } from './world';

const throwing = (field: string): object =>
  Object.defineProperty({}, field, {
    enumerable: true,
    get() {
      throw new Error('a getter');
    },
  });
const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};
/** Says `first` once, then `later`. */
const fickle = <Value>(first: Value, later: Value): { value: Value } => {
  let asked = 0;
  return Object.defineProperty({}, 'value', {
    enumerable: true,
    get: () => (asked++ === 0 ? first : later),
  }) as {
    value: Value;
  };
};

describe('a policy', () => {
  const messageOf = (policy: unknown): string => {
    try {
      checkPolicy(policy);
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      return `${code}: ${message}`;
    }
    return 'taken';
  };

  test('with every field is taken as it is', () => {
    const policy = {
      mode: 'read-only',
      writableRoots: ['/a'],
      readDeny: [],
      protectedPaths: ['b'],
      protectDefaults: false,
      network: { allowDomains: ['example.com'] },
      env: { inherit: 'none', pass: ['A'], set: { B: 'c' } },
      limits: { wallMs: 1, cpuMs: 1, memoryBytes: 1, processes: 1, fileBytes: 1, outputBytes: 2 ** 53 - 1 },
      privateTmp: false,
      require: 'full',
    };
    expect(JSON.parse(JSON.stringify(checkPolicy(policy)))).toEqual(policy);
    expect({ ...checkPolicy({}) }).toEqual({});
    expect({ ...checkPolicy(runInNewContext('({ mode: "read-only" })')) }).toEqual({ mode: 'read-only' });
    expect({ ...checkPolicy(new Proxy({ mode: 'read-only' }, {})) }).toEqual({ mode: 'read-only' });
  });

  test.each<[string, unknown]>([
    ['mood', { mood: 1 }],
    ['limits.wallSeconds', { limits: { wallSeconds: 1 } }],
    ['network.deny', { network: { allowDomains: [], deny: [] } }],
    ['env.sets', { env: { sets: {} } }],
    ['__proto__', JSON.parse('{"__proto__": {"mode": "full-access"}}')],
    ['constructor', JSON.parse('{"constructor": 1}')],
    ['toString', { toString: 'x' }],
    ['mode', { mode: 'write' }],
    ['mode', { mode: null }],
    ['network', { network: 'some' }],
    ['network', { network: {} }],
    ['network', { network: [] }],
    ['limits.wallMs', { limits: { wallMs: 0 } }],
    ['limits.wallMs', { limits: { wallMs: 1.5 } }],
    ['limits.cpuMs', { limits: { cpuMs: NaN } }],
    ['limits.cpuMs', { limits: { cpuMs: 1n } }],
    ['limits.memoryBytes', { limits: { memoryBytes: '1' } }],
    ['limits.processes', { limits: { processes: 2 ** 32 } }],
    ['limits', { limits: [] }],
    ['writableRoots', { writableRoots: '/a' }],
    ['writableRoots[0]', { writableRoots: [''] }],
    ['writableRoots[1]', { writableRoots: ['a', 1] }],
    ['readDeny[0]', { readDeny: ['a\0b'] }],
    ['readDeny[0]', { readDeny: ['\ud800'] }],
    ['readDeny[0]', { readDeny: new Array(3) }],
    ['readDeny', { readDeny: new Set(['/a']) }],
    ['protectedPaths', { protectedPaths: { 0: 'a', length: 1 } }],
    ['env.pass[0]', { env: { pass: ['A=B'] } }],
    ['env.set.A', { env: { set: { A: 1 } } }],
    ['env.set.A', { env: { set: { A: '\0' } } }],
    ['env.set', { env: { set: new Map() } }],
    ['privateTmp', { privateTmp: 1 }],
    ['require', { require: 'some' }],
    ['policy', null],
    ['policy', []],
    ['policy', 'read-only'],
    ['policy', () => ({})],
    ['policy', Object.create({ mode: 'read-only' })],
    ['policy', new (class Policy {})()],
    ['policy', revoked()],
    ['policy', throwing('mode')],
    ['policy.limits', { limits: throwing('wallMs') }],
  ])('%s is refused', (field, policy) => {
    expect(messageOf(policy)).toMatch(new RegExp(`^POLICY_INVALID: ${field.replaceAll(/[[\].]/g, '\\$&')} `));
  });

  test('that is huge, deep or round is refused at once', () => {
    const round: { limits?: unknown } = {};
    round.limits = round;
    const huge = new Array<string>(1e8);
    for (const policy of [{ readDeny: huge }, { readDeny: new Array(10_001).fill('a') }, round]) {
      const started = performance.now();
      expect(messageOf(policy)).toMatch(/^POLICY_INVALID: .* (at most|too deeply)/);
      expect(performance.now() - started).toBeLessThan(1000);
    }
    expect(messageOf({ readDeny: new Array(10_000).fill('a') })).toBe('taken');
  });

  test('is what it was when it was checked', () => {
    const policy = { readDeny: ['a'], limits: { wallMs: 5 } };
    const taken = checkPolicy(policy);
    policy.readDeny.push('b');
    policy.limits.wallMs = 6;
    expect([taken.readDeny, taken.limits?.wallMs]).toEqual([['a'], 5]);
    const field = Object.getOwnPropertyDescriptor(fickle('read-only', 'full-access'), 'value')!;
    expect(checkPolicy(Object.defineProperty({}, 'mode', field)).mode).toBe('read-only');
    // Not enumerable is written down all the same.
    expect(checkPolicy(Object.defineProperty({}, 'mode', { value: 'read-only' })).mode).toBe('read-only');
  });

  test('inherits nothing, whoever has changed what all objects inherit', () => {
    const polluted = Object.prototype as { mode?: string; recursive?: boolean; transport?: string };
    Object.assign(polluted, { mode: 'full-access', recursive: true, transport: 'sidecar' });
    try {
      const { mode } = checkPolicy({});
      const [grant] = checkGrants([{ path: 'a', intents: ['read'] }]);
      const { transport } = takeOptions({ workspace: '/' });
      expect([mode, grant!.recursive, transport]).toEqual([undefined, undefined, undefined]);
    } finally {
      for (const name of ['mode', 'recursive', 'transport'] as const) delete polluted[name];
    }
  });
});

describe('grants', () => {
  const good = { path: 'a', intents: ['read'] };

  test.each<[string, unknown]>([
    ['no array', { 0: good, length: 1 }],
    ['null', [null]],
    ['a list in the list', [[good]]],
    ['no path', [{ intents: ['read'] }]],
    ['an empty path', [{ ...good, path: '' }]],
    ['a NUL', [{ ...good, path: 'a\0' }]],
    ['half a character', [{ ...good, path: '\udc00' }]],
    ['no intents', [{ path: 'a', intents: [] }]],
    ['another intent', [{ path: 'a', intents: ['read', 'fly'] }]],
    ['an unknown field', [{ ...good, for: 'ever' }]],
    ['an inherited path', [Object.create(good)]],
    ['an empty id', [{ ...good, id: '' }]],
    ['an id of two lines', [{ ...good, id: 'a\nb' }]],
    ['a long id', [{ ...good, id: 'é'.repeat(101) }]],
    ['a truthy recursive', [{ ...good, recursive: 1 }]],
    ['an end before 1970', [{ ...good, expiresAtMs: -1 }]],
    ['an end that is no number', [{ ...good, expiresAtMs: 'tomorrow' }]],
    ['too many', new Array(10_001).fill(good)],
    ['a revoked proxy', revoked()],
    ['a getter that throws', [throwing('path')]],
  ])('%s: refused', async (_, grants) => {
    expect(await codeOf(() => checkGrants(grants))).toBe('GRANT_INVALID');
  });

  test('are copied', () => {
    const grant = { ...good, intents: ['read'], id: 'é', recursive: true, expiresAtMs: 0 };
    const [taken] = checkGrants([grant]);
    grant.intents.push('write');
    expect({ ...taken }).toEqual({ ...grant, intents: ['read'] });
  });
});

describe('options of createSandbox', () => {
  const workspace = makeDirectory();
  mkdirSync(join(workspace, 'ws'));
  symlinkSync('loop', join(workspace, 'loop'));
  const check = (options: unknown): Promise<string> =>
    codeOf(() => checkOptions(takeOptions(options as SandboxOptions)));

  test.each<[string, unknown]>([
    ['INPUT_INVALID', undefined],
    ['INPUT_INVALID', null],
    ['INPUT_INVALID', '/'],
    ['INPUT_INVALID', {}],
    ['INPUT_INVALID', { workspace: 5 }],
    ['INPUT_INVALID', { workspace: '' }],
    ['INPUT_INVALID', { workspace: '/\0' }],
    ['INPUT_INVALID', throwing('workspace')],
    ['INPUT_INVALID', revoked()],
    ['OPTION_INVALID', { workspace, sandbox: true }],
    ['OPTION_INVALID', { workspace, transport: 'http' }],
    ['OPTION_INVALID', { workspace, actor: 5 }],
    ['OPTION_INVALID', { workspace, audit: 'log' }],
    ['OPTION_INVALID', { workspace, dockerImage: '--privileged' }],
    ['OPTION_INVALID', { workspace, dockerImage: ['node'] }],
    ['OPTION_INVALID', { workspace, dockerImage: 'a b' }],
    ['WORKSPACE_INVALID', { workspace: join(workspace, 'nowhere') }],
    ['WORKSPACE_INVALID', { workspace: join(workspace, 'loop') }],
    ['WORKSPACE_INVALID', { workspace: 'x'.repeat(5000) }],
    ['WORKSPACE_INVALID', { workspace: __filename }],
    ['POLICY_INVALID', { workspace, policy: { mode: 1 } }],
    ['GRANT_INVALID', { workspace, grants: {} }],
    ['none', { workspace, dockerImage: 'registry.example:5000/a/b:1@sha256:00' }],
  ])('%s %#', async (code, options) => {
    expect(await check(options)).toBe(code);
  });

  test('a relative workspace becomes absolute', () => {
    expect(checkOptions({ workspace: '.' }).workspace).toBe(process.cwd());
  });
});

describe('options of execute', () => {
  const check = (command: unknown, args: unknown = [], options: unknown = {}) =>
    checkCommand('/ws', command, args, options as ExecOptions);

  test.each<[string, unknown[]]>([
    ['INPUT_INVALID', [5]],
    ['INPUT_INVALID', ['']],
    ['INPUT_INVALID', ['a\0']],
    ['INPUT_INVALID', ['a', 'b']],
    ['INPUT_INVALID', ['a', [1]]],
    ['INPUT_INVALID', ['a', ['\0']]],
    ['INPUT_INVALID', ['a', new Array(2)]],
    ['INPUT_INVALID', ['a', new Array(2 ** 32 - 1)]],
    ['INPUT_INVALID', ['a', revoked()]],
    ['INPUT_INVALID', ['a', [], null]],
    ['INPUT_INVALID', ['a', [], throwing('cwd')]],
    ['INPUT_INVALID', ['a', [], { env: throwing('A') }]],
    ['INPUT_INVALID', ['a', [], { stdin: 5 }]],
    ['OPTION_INVALID', ['a', [], { shell: true }]],
    ['OPTION_INVALID', ['a', [], { cwd: '' }]],
    ['OPTION_INVALID', ['a', [], { env: { 'A=B': 'c' } }]],
    ['OPTION_INVALID', ['a', [], { env: { A: undefined } }]],
    ['OPTION_INVALID', ['a', [], { env: ['A=B'] }]],
    ['OPTION_INVALID', ['a', [], { env: null }]],
    ['OPTION_INVALID', ['a', [], { timeoutMs: 0 }]],
    ['OPTION_INVALID', ['a', [], { timeoutMs: Infinity }]],
    ['OPTION_INVALID', ['a', [], { maxOutputBytes: -1 }]],
    ['OPTION_INVALID', ['a', [], { signal: { aborted: false } }]],
    ['OPTION_INVALID', ['a', [], { onStdout: 'log' }]],
  ])('%s %#', async (code, args) => {
    expect(await codeOf(() => check(...(args as [unknown])))).toBe(code);
  });

  test('say what a number was', () => {
    expect(() => check('a', [], { timeoutMs: 1.5 })).toThrow('and is 1.5');
  });

  test('are taken once', () => {
    const args = ['1'];
    const env = { A: 'b' };
    const stdin = Buffer.from('in');
    const taken = check('cat', args, { cwd: '../x', env, stdin });
    args.push('2');
    env.A = 'c';
    stdin.fill(0);
    expect(taken).toMatchObject({ args: ['1'], cwd: '/x', timeoutMs: null, maxOutputBytes: 8 << 20 });
    expect([{ ...taken.env }, (taken.stdin as Buffer).toString()]).toEqual([{ A: 'b' }, 'in']);
  });

  test('__proto__ is a variable like any other', () => {
    const { env } = check('a', [], { env: JSON.parse('{"__proto__": "x"}') });
    expect(Object.entries(env)).toEqual([['__proto__', 'x']]);
  });
});

test('bytes are copied, also from shared memory and another realm', async () => {
  expect(checkBytes('é', 'data')).toEqual(Buffer.from([0xc3, 0xa9]));
  expect(checkBytes(new Uint8Array(new SharedArrayBuffer(2)), 'data')).toEqual(Buffer.alloc(2));
  expect(checkBytes(runInNewContext('new Uint8Array([1])'), 'data')).toEqual(Buffer.from([1]));
  expect(await codeOf(() => checkBytes(new ArrayBuffer(1), 'data'))).toBe('INPUT_INVALID');
});

test('the bound of a read', async () => {
  expect([checkMaxBytes(undefined, 7), checkMaxBytes({}, 7), checkMaxBytes({ maxBytes: 0 }, 7)]).toEqual([
    7, 7, 0,
  ]);
  for (const [options, code] of [
    [null, 'INPUT_INVALID'],
    [{ maxBytes: -1 }, 'OPTION_INVALID'],
    [{ maxBytes: Symbol('many') }, 'OPTION_INVALID'],
    [{ max: 1 }, 'OPTION_INVALID'],
  ] as const) {
    expect(await codeOf(() => checkMaxBytes(options, 7))).toBe(code);
  }
});

test('the mode: the call wins over the environment, and any other word is an error', async () => {
  const variable = 'FISHPLATE_SANDBOX_MODE';
  expect(chooseMode(undefined, {})).toBe('auto');
  expect(chooseMode(undefined, { [variable]: '' })).toBe('auto');
  expect(chooseMode(undefined, { [variable]: 'docker' })).toBe('docker');
  expect(chooseMode('native', { [variable]: 'process' })).toBe('native');
  expect(await codeOf(() => chooseMode(undefined, { [variable]: 'none' }))).toBe('OPTION_INVALID');
  expect(await codeOf(() => chooseMode('off' as 'auto', {}))).toBe('OPTION_INVALID');
});
