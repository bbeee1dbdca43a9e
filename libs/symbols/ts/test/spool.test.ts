import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';

import fc from 'fast-check';

import { Spool, spoolOutput } from '../src/index';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'fishplate-spool-test-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

test('head, tail, counts and every range are those of the whole, whatever the chunks', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: fc.constantFrom('a', 'é', '\n', '\r\n', 'long piece ') }), {
        maxLength: 60,
      }),
      fc.nat(200),
      fc.nat(200),
      async (chunks, offset, length) => {
        const whole = Buffer.from(chunks.join(''));
        const { spool, finished } = spoolOutput(chunks, { directory, headBytes: 16, tailBytes: 16 });
        const counts = await finished;
        const lines = whole
          .toString('latin1')
          .split(/(?<=\n)/)
          .filter(Boolean);
        expect(counts).toEqual({ bytes: whole.length, keptBytes: whole.length, lines: lines.length });
        expect(spool.firstBytes).toEqual(whole.subarray(0, 16));
        expect(spool.tail).toEqual(whole.subarray(Math.max(0, whole.length - 16)));
        const range = await spool.read(offset, length);
        expect(range.bytes).toEqual(whole.subarray(offset, offset + length));
        const first = offset % (lines.length + 1);
        const some = await spool.readLines(first, 3);
        expect(some.bytes.toString('latin1')).toBe(lines.slice(first, first + 3).join(''));
        expect(some.count).toBe(lines.slice(first, first + 3).length);
        await spool.remove();
      },
    ),
    { numRuns: 60 },
  );
  expect(readdirSync(directory)).toEqual([]);
});

test('lines far in the file are found', async () => {
  const spool = new Spool({ directory });
  const numbers = Array.from({ length: 60_000 }, (_, at) => `line ${at}\n`);
  for (let at = 0; at < numbers.length; at += 777) await spool.write(numbers.slice(at, at + 777).join(''));
  for (const line of [0, 1, 4999, 12_345, 31_000, 59_999]) {
    const { bytes, count } = await spool.readLines(line, 2);
    expect(bytes.toString()).toBe(numbers.slice(line, line + 2).join(''));
    expect(count).toBe(Math.min(2, numbers.length - line));
  }
  expect((await spool.readLines(60_000, 1)).count).toBe(0);
  expect((await spool.readLines(5, 1, 3)).bytes.toString()).toBe('lin');
  await spool.remove();
});

test('large output is not held: the file has it, nobody else can read it', async () => {
  const chunk = Buffer.alloc(1 << 20, 'x');
  const hash = createHash('sha256');
  function* chunks(): Generator<Buffer> {
    for (let at = 0; at < 96; at++) {
      chunk[0] = at;
      hash.update(chunk);
      yield chunk;
    }
  }
  const before = process.memoryUsage().external;
  const { spool, finished } = spoolOutput(chunks(), { directory, maxBytes: 1 << 30 });
  await finished;
  expect(process.memoryUsage().external - before).toBeLessThan(48 << 20);
  const [name] = readdirSync(directory);
  expect(statSync(join(directory, name!)).mode & 0o777).toBe(0o600);
  const again = createHash('sha256');
  let offset: number | undefined = 0;
  while (offset !== undefined) {
    const range: Awaited<ReturnType<Spool['read']>> = await spool.read(offset, 1 << 22);
    again.update(range.bytes);
    offset = range.nextOffset;
  }
  expect(again.digest('hex')).toBe(hash.digest('hex'));
  await spool.remove();
});

test('behind the limit all is counted and dropped, and the tail still has it', async () => {
  const { spool, finished } = spoolOutput(['0123456789', 'abcdefghij', 'the end'], {
    directory,
    maxBytes: 15,
    tailBytes: 5,
  });
  expect(await finished).toEqual({ bytes: 27, keptBytes: 15, lines: 1, droppedBy: 'limit' });
  expect((await spool.read(8, 100)).bytes.toString()).toBe('89abcde');
  expect(spool.tail.toString()).toBe('e end');
  await spool.remove();
});

test('a disk that is full ends nothing', async () => {
  // A file system of its own with room for 64 KiB, where that may be mounted.
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', directory], { stdio: 'ignore' });
  } catch {
    const spool = new Spool({ directory: join(directory, 'none') });
    await spool.write('lost');
    expect(await spool.end()).toEqual({ bytes: 4, keptBytes: 0, lines: 1, droppedBy: 'ENOENT' });
    return;
  }
  try {
    const { spool, finished } = spoolOutput(
      Array.from({ length: 100 }, () => Buffer.alloc(4096, 'y')),
      { directory },
    );
    const counts = await finished;
    expect(counts).toMatchObject({ bytes: 409_600, droppedBy: 'ENOSPC' });
    expect(counts.keptBytes).toBe(65_536);
    expect((await spool.read(60_000, 10_000)).bytes).toEqual(Buffer.alloc(5536, 'y'));
    await spool.remove();
  } finally {
    execFileSync('umount', [directory]);
  }
});

test('a signal ends the reading of a silent stream, and what was kept stays', async () => {
  const silent = new Readable({ read: () => undefined });
  silent.push('first');
  const stop = new AbortController();
  const { spool, finished } = spoolOutput(silent, { directory, signal: stop.signal });
  while (spool.counts.keptBytes < 5) await new Promise(setImmediate);
  expect(spool.isOpen).toBe(true);
  const reason = new Error('enough');
  stop.abort(reason);
  await expect(finished).rejects.toBe(reason);
  expect((await spool.read(0, 10)).bytes.toString()).toBe('first');
  await spool.remove();
  await expect(spool.read(0, 10)).rejects.toMatchObject({ code: 'SPOOL_CLOSED' });
  await expect(spool.write('x')).rejects.toMatchObject({ code: 'SPOOL_CLOSED' });
  await spool.remove();
});

test('what the stream throws is thrown', async () => {
  const reason = new Error('broken pipe');
  async function* broken(): AsyncGenerator<string> {
    yield await Promise.resolve('a');
    throw reason;
  }
  const { spool, finished } = spoolOutput(broken(), { directory });
  await expect(finished).rejects.toBe(reason);
  expect((await spool.read(0, 10)).bytes.toString()).toBe('a');
  await spool.remove();
});

test('writes that nobody waits for stay in order, and a chunk may be used again', async () => {
  const spool = new Spool({ directory });
  const chunk = Buffer.from('a');
  for (const letter of 'abcdef') {
    chunk.write(letter);
    void spool.write(chunk);
  }
  expect((await spool.read(0, 10)).bytes.toString()).toBe('abcdef');
  await spool.remove();
});

test('arguments that are none', () => {
  expect(() => spoolOutput(5 as never)).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' }));
  expect(() => new Spool({ maxBytes: -1 })).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }));
  expect(() => new Spool({ directory: '' })).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }));
});
