/** Variables, kept output, records, and the arguments of docker. */

import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { Audit } from '../src/audit';
import { environmentOf } from '../src/environment';
import { dockerArgs, openDockerRunner } from '../src/execute/docker';
import { probeDocker } from '../src/execute/docker-client';
import { variablesOf } from '../src/execute/docker-variables';
import { Output } from '../src/execute/output';
import { unconfined } from '../src/execute/process';
import type { RunRequest } from '../src/execute/runner';
import type { SandboxPolicy } from '../src/policy';
import { resolveRules } from '../src/rules';
import type { AuditRecord } from '../src/types';
import { checkedOptions, codeOf, makeDirectory, makeWorld, write } from './world';

describe('variables', () => {
  const host = {
    PATH: '/bin',
    HOME: '/h',
    LC_ALL: 'C',
    LANGUAGE: 'de',
    TOKEN: 's',
    MINE: 'm',
    ODD: undefined,
  };

  test('on Windows names are the same in any letter case, and programs get what they need to start', () => {
    const own = { Path: 'C:\\bin', windir: 'C:\\W', SystemRoot: 'C:\\W', Token: 's', Mine: 'm' };
    expect(environmentOf({ pass: ['MINE'] }, {}, own, 'win32')).toEqual({
      ...{ Path: 'C:\\bin', windir: 'C:\\W', SystemRoot: 'C:\\W', Mine: 'm' },
    });
    expect(environmentOf({ inherit: 'none', pass: ['path'] }, {}, own, 'linux')).toEqual({});
    expect(environmentOf({}, {}, {}, 'win32')).toEqual({});
  });

  test('the core is inherited, what is named is passed on, later ones win', () => {
    expect(environmentOf({}, {}, host)).toEqual({ PATH: '/bin', HOME: '/h', LC_ALL: 'C', LANGUAGE: 'de' });
    expect(environmentOf({ inherit: 'none', pass: ['MINE', 'ODD', 'ABSENT'] }, {}, host)).toEqual({
      MINE: 'm',
    });
    expect(environmentOf({ inherit: 'none', set: { A: 'policy' } }, { A: 'call', B: 'call' }, host)).toEqual({
      ...{ A: 'policy', B: 'call' },
    });
    expect(environmentOf({ pass: ['MINE'] }, { MINE: 'call', PATH: '/x' }, host)).toMatchObject({
      ...{ MINE: 'call', PATH: '/x' },
    });
  });

  test('a host without PATH has commands with one; inherit none has none', () => {
    expect(environmentOf({}, {}, {})['PATH']).toContain('/usr/bin');
    expect(environmentOf({ inherit: 'none' }, {}, {})).toEqual({});
  });

  test('__proto__ is a name like any other', () => {
    const own = JSON.parse('{"__proto__": "x"}') as NodeJS.ProcessEnv;
    expect(Object.entries(environmentOf({ inherit: 'none', pass: ['__proto__'] }, {}, own))).toEqual([
      ['__proto__', 'x'],
    ]);
  });
});

test('output keeps the beginning of each stream', () => {
  const output = new Output(4);
  for (const text of ['ab', '', 'cd']) output.take('stdout', Buffer.from(text));
  expect([output.bytes('stdout').toString(), output.truncated]).toEqual(['abcd', false]);
  output.take('stderr', Buffer.from('efghi'));
  output.take('stderr', Buffer.from('j'));
  expect([output.bytes('stderr').toString(), output.truncated]).toEqual(['efgh', true]);
  const none = new Output(0);
  none.take('stdout', Buffer.alloc(0));
  expect(none.truncated).toBe(false);
  none.take('stdout', Buffer.from('x'));
  expect([none.bytes('stdout').length, none.truncated]).toEqual([0, true]);
});

describe('records', () => {
  const event = { action: 'read', path: '/a', decision: 'allow', rule: 'r', status: 'done' } as const;

  test('ids are UUIDs of version 7 that sort, also when the clock is set back', () => {
    const audit = new Audit('a', undefined);
    const now = jest.spyOn(Date, 'now');
    const times = [
      1_700_000_000_000, 1_700_000_000_001, 1_600_000_000_000, 1_700_000_000_000, 1_800_000_000_000,
    ];
    const ids = times.flatMap((time) => {
      now.mockReturnValue(time);
      // More than the 12 bits that count within a millisecond.
      return Array.from({ length: 5000 }, () => audit.nextId());
    });
    now.mockRestore();
    expect(ids.every((id, index) => index === 0 || id > ids[index - 1]!)).toBe(true);
    for (const id of ids.slice(-3)) {
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    }
    const last = Buffer.from(ids[20_000]!.replaceAll('-', ''), 'hex');
    expect(last.readUIntBE(0, 6)).toBe(1_800_000_000_000);
  });

  test('say who, when and what', () => {
    const told: AuditRecord[] = [];
    const audit = new Audit('someone', (record) => told.push(record));
    const id = audit.tell(event);
    expect(told).toEqual([{ ...event, auditId: id, actor: 'someone', time: expect.any(Number) }]);
  });

  test('listeners that throw or reject end nothing, and are told of', async () => {
    const warnings: string[] = [];
    const warned = jest
      .spyOn(process, 'emitWarning')
      .mockImplementation((text) => void warnings.push(String(text)));
    new Audit('a', () => {
      throw new Error('full disk');
    }).tell(event);
    new Audit('a', () => {
      throw Object.create(null);
    }).tell(event);
    const rejecting: unknown = () => Promise.reject(new Error('no network'));
    new Audit('a', rejecting as () => void).tell(event);
    await new Promise(setImmediate);
    warned.mockRestore();
    expect(warnings).toEqual([
      expect.stringContaining('full disk'),
      expect.stringContaining('null prototype'),
      expect.stringContaining('no network'),
    ]);
  });
});

test('what mode process does not hold is all that the policy asks for', () => {
  const clauses = (policy: SandboxPolicy): string[] => unconfined(policy).weaker.map(({ clause }) => clause);
  expect(unconfined({})).toMatchObject({ mode: 'process', backend: 'none', level: 'none', seccomp: false });
  expect(clauses({})).toEqual(expect.arrayContaining(['mode', 'network', 'readDeny', 'protectedPaths']));
  expect(clauses({ mode: 'full-access', network: 'full' })).not.toContain('network');
  expect(clauses({ limits: { cpuMs: 1, wallMs: 1, outputBytes: 1 } })).toContain('limits.cpuMs');
  expect(clauses({ limits: { wallMs: 1, outputBytes: 1 } })).not.toContain('limits.wallMs');
});

/** Without a daemon: lists of arguments, and whether docker's client can read them. */
describe('docker', () => {
  const request = (cwd: string): RunRequest => ({
    ...{
      command: 'make',
      args: ['-j', '$HOME'],
      cwd,
      stdin: null,
      env: { PATH: '/x', HOME: '/y', A: 'b c' },
    },
    ...{ timeoutMs: null, maxOutputBytes: 1, signal: new AbortController().signal, isListening: false },
    onOutput: () => undefined,
    onInputError: () => undefined,
  });
  const argsOf = (top: string, policy: SandboxPolicy): string[] => {
    const rules = resolveRules(checkedOptions(join(top, 'ws'), policy));
    return dockerArgs(rules, 'image', 'name', request(join(top, 'ws')), '/env');
  };
  const valuesOf = (args: string[], name: string): string[] =>
    args.filter((_, index) => args[index - 1] === name);

  test('confine as the policy says', () => {
    const top = makeWorld();
    const args = argsOf(top, {
      writableRoots: ['../root2'],
      readDeny: [join(top, 'secret'), 'dir', 'file', 'no'],
    });
    expect(args.slice(0, 6)).toEqual(['run', '--rm', '--interactive', '--init', '--name', 'name']);
    expect(args.slice(-6)).toEqual(['--workdir', join(top, 'ws'), 'image', 'make', '-j', '$HOME']);
    expect(valuesOf(args, '--network')).toEqual(['none']);
    expect(valuesOf(args, '--cap-drop')).toEqual(['ALL']);
    expect(valuesOf(args, '--security-opt')).toEqual(['no-new-privileges']);
    expect(args).toContain('--read-only');
    expect(valuesOf(args, '--user')).toEqual([`${process.getuid!()}:${process.getgid!()}`]);
    expect(valuesOf(args, '--env-file')).toEqual(['/env']);
    expect(args.join(' ')).not.toContain('b c');
    expect(valuesOf(args, '--entrypoint')).toEqual(['']);
    const at = (path: string): string => `"target=${join(top, path)}"`;
    const from = (path: string): string => `"source=${join(top, path)}"`;
    expect(valuesOf(args, '--mount')).toEqual([
      `type=bind,${from('ws')},${at('ws')}`,
      `type=bind,${from('root2')},${at('root2')}`,
      `type=bind,${from('ws/.git/hooks')},${at('ws/.git/hooks')},readonly`,
      `type=bind,${from('ws/.git/config')},${at('ws/.git/config')},readonly`,
      `type=tmpfs,${at('ws/dir')},readonly`,
      `type=bind,"source=/dev/null",${at('ws/file')},readonly`,
    ]);
  });

  test('limits, modes and networks', () => {
    const top = makeWorld();
    const limited = argsOf(top, {
      network: 'full',
      limits: { memoryBytes: 1000, processes: 7, fileBytes: 5, cpuMs: 1001 },
    });
    expect(valuesOf(limited, '--network')).toEqual(['bridge']);
    expect(valuesOf(limited, '--memory')).toEqual(['1000']);
    expect(valuesOf(limited, '--memory-swap')).toEqual(['1000']);
    expect(valuesOf(limited, '--pids-limit')).toEqual(['7']);
    expect(valuesOf(limited, '--ulimit')).toEqual(['fsize=5', 'cpu=2', 'core=0']);
    const readOnly = valuesOf(argsOf(top, { mode: 'read-only' }), '--mount');
    expect(readOnly).toEqual([expect.stringMatching(/ws",readonly$/)]);
    // A bind of the root over the container's own would be refused.
    const all = valuesOf(argsOf(top, { mode: 'full-access', protectDefaults: false }), '--mount');
    expect(all).toEqual([expect.stringContaining(`"source=${join(top, 'ws')}"`)]);
  });

  test('paths with commas, quotes, colons and dollars stay one field', () => {
    const top = makeDirectory();
    const odd = join(top, 'a,"b":$&c');
    mkdirSync(join(odd, 'hidden:dir'), { recursive: true });
    write(join(odd, 'hidden:file'));
    const rules = resolveRules(checkedOptions(odd, { readDeny: ['hidden:dir', 'hidden:file'] }));
    const quoted = odd.replaceAll('"', '""');
    expect(valuesOf(dockerArgs(rules, 'image', 'name', request(odd), '/env'), '--mount')).toEqual([
      `type=bind,"source=${quoted}","target=${quoted}"`,
      `type=tmpfs,"target=${quoted}/hidden:dir",readonly`,
      `type=bind,"source=/dev/null","target=${quoted}/hidden:file",readonly`,
    ]);
  });

  test('cannot reach named hosts only, and says so', async () => {
    const rules = resolveRules(checkedOptions(makeDirectory(), { network: { allowDomains: ['a.b'] } }));
    expect(await codeOf(() => openDockerRunner(rules, 'image'))).toBe('MODE_UNSUPPORTED');
  });

  test('variables of the host mean nothing in an image, those that are named do', () => {
    const host = { PATH: '/host', HOME: '/host/home', LANG: 'C' };
    expect(variablesOf({}, host, host)).toEqual({ LANG: 'C' });
    expect(variablesOf({ set: { PATH: '/x' } }, { ...host, PATH: '/x' }, host)).toEqual({
      PATH: '/x',
      LANG: 'C',
    });
    expect(variablesOf({ pass: ['HOME'] }, host, host)).toEqual({ HOME: '/host/home', LANG: 'C' });
    expect(variablesOf({}, { ...host, PATH: '/of/the/call' }, host)).toMatchObject({ PATH: '/of/the/call' });
  });

  test('reads the arguments, where its client is there', () => {
    const top = makeWorld();
    const rules = resolveRules(
      checkedOptions(join(top, 'ws'), {
        readDeny: ['dir', 'file'],
        network: 'full',
        limits: { memoryBytes: 1 << 26, processes: 7, fileBytes: 5, cpuMs: 1001 },
      }),
    );
    const args = dockerArgs(rules, 'image', 'name', request(join(top, 'ws')), '/dev/null');
    const ask = (given: string[]): string => {
      const options = { encoding: 'utf8', env: { ...process.env, DOCKER_HOST: 'unix:///nowhere' } } as const;
      const { error, stderr } = spawnSync('docker', given, options);
      return error === undefined ? stderr : 'no client';
    };
    // The client refuses what it cannot read before it looks for a daemon.
    expect(ask(args)).toMatch(/no client|daemon/i);
    expect(ask(['run', '--no-such-flag', ...args.slice(1)])).toMatch(/no client|unknown flag/);
    expect(ask(['run', '--mount', 'type=bind,nonsense', ...args.slice(1)])).toMatch(/no client|invalid/);
  });

  test('that does not answer is a reason, not a fault', async () => {
    const probe = await probeDocker();
    if ('version' in probe) expect(probe.version).toMatch(/^\d+\./);
    else expect(probe.reason).toMatch(/docker is not installed|no docker daemon answers/);
  });
});
