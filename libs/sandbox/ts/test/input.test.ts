/** Input that comes as a stream: as fast as the command takes it, and no longer than that runs. */

import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';

import { createSandbox, getSandboxCapabilities, type Sandbox } from '../src/index';
import { makeDirectory } from './world';

const MODES = [
  'process',
  ...(getSandboxCapabilities().mode === 'native' ? (['native'] as const) : []),
] as const;

describe.each(MODES)('mode %s', (mode) => {
  let sandbox: Sandbox;

  beforeAll(async () => {
    sandbox = await createSandbox({ workspace: makeDirectory(), mode, policy: {} });
  });
  afterAll(() => sandbox.close());

  test('every byte comes, in order, through more than all pipes hold', async () => {
    const hash = createHash('sha256');
    async function* pieces(): AsyncGenerator<Uint8Array | string> {
      for (let index = 0; index < 300; index += 1) {
        const piece = index % 2 === 0 ? Buffer.alloc(65_000, index) : `piece ${index} é\n`;
        hash.update(piece);
        yield await Promise.resolve(piece);
      }
    }
    const { stdout } = await sandbox.execute('sha256sum', [], { stdin: pieces() });
    expect(stdout.toString().slice(0, 64)).toBe(hash.digest('hex'));
  });

  test('a command that reads nothing holds up its source, and its end ends that', async () => {
    let [made, isEnded] = [0, false];
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield await Promise.resolve(Buffer.alloc(1 << 16, (made += 1)));
      } finally {
        isEnded = true;
      }
    }
    const { exitCode } = await sandbox.execute('sleep', ['0.5'], { stdin: endless() });
    expect(exitCode).toBe(0);
    // Some mebibytes are on the way at most.
    expect(made).toBeLessThan(256);
    const before = made;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(made).toBe(before);
    expect(isEnded || made > 0).toBe(true);
  });

  test('a stream that never ends is destroyed with the command', async () => {
    const silent = new Readable({ read: () => undefined });
    expect((await sandbox.execute('true', [], { stdin: silent })).exitCode).toBe(0);
    expect(silent.destroyed).toBe(true);
  });

  test('a source that throws ends the command, and the call by its error', async () => {
    async function* broken(): AsyncGenerator<string> {
      yield await Promise.resolve('a');
      throw new Error('no more');
    }
    await expect(sandbox.execute('cat', [], { stdin: broken() })).rejects.toThrow('no more');
    const wrong = Readable.from([1]) as unknown as AsyncIterable<string>;
    await expect(sandbox.execute('cat', [], { stdin: wrong })).rejects.toThrow('strings or Uint8Arrays');
  });

  test('a source that throws when it is let go of, or when it is opened, does not end the host', async () => {
    const fail = (): never => {
      throw new Error('by the source');
    };
    const silent = { next: () => new Promise<never>(() => undefined), return: fail };
    const held = { [Symbol.asyncIterator]: () => silent };
    expect((await sandbox.execute('true', [], { stdin: held })).exitCode).toBe(0);
    const stream = Object.assign(new Readable({ read: () => undefined }), { destroy: fail });
    expect((await sandbox.execute('true', [], { stdin: stream })).exitCode).toBe(0);
    const shut = { [Symbol.asyncIterator]: fail };
    await expect(sandbox.execute('sleep', ['60'], { stdin: shut })).rejects.toThrow('by the source');
  });
});

test('a finished file action is told of by its resolved path and its rule', async () => {
  const records: unknown[] = [];
  const workspace = makeDirectory();
  const sandbox = await createSandbox({
    workspace,
    mode: 'process',
    audit: (record) => records.push(record),
  });
  await sandbox.writeFile('./b', 'x');
  await sandbox.readFile('b');
  await sandbox.changeFiles([{ path: 'c/d', before: null, after: { bytes: Buffer.from('y') } }]);
  expect(
    await sandbox.changeFiles([{ path: 'b', before: 'other', after: null }]).catch((error: unknown) => error),
  ).toMatchObject({ code: 'ACCESS_DENIED' });
  await sandbox.close();
  expect(records).toMatchObject([
    { action: 'write', path: `${workspace}/b`, rule: 'workspace', status: 'done' },
    { action: 'read', path: `${workspace}/b`, rule: 'workspace', status: 'done' },
    { action: 'create', path: `${workspace}/c/d`, rule: 'workspace', status: 'done' },
    { action: 'delete', path: `${workspace}/b`, decision: 'needs-confirmation', status: 'refused' },
  ]);
});
