import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Check, expectEqual, validate } from '.';

let folder: string;
let printed: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fishplate-validation-test-'));
  printed = '';
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += text.toString();
    return true;
  });
});

afterEach(() => {
  jest.restoreAllMocks();
  process.exitCode = 0;
  rmSync(folder, { recursive: true, force: true });
});

interface Report {
  readonly outcomes: readonly { status: string; engine: string; check: string; detail: string }[];
  readonly [name: string]: unknown;
}

async function reportOf(checks: readonly Check[]): Promise<Report> {
  const json = join(folder, 'deep', 'report.json');
  await validate({ checks, capabilities: [], json, more: { machine: 'this' } });
  return JSON.parse(readFileSync(json, 'utf8')) as Report;
}

test('checks are tried with each engine, and counted', async () => {
  const report = await reportOf([
    { name: 'holds', run: (engine) => `by ${engine}` },
    { name: 'is asked of one', nativeOnly: true, run: () => Promise.resolve('once') },
    { name: 'cannot be tried', skip: 'a tool is not installed', run: () => 'never' },
  ]);
  expect(report).toMatchObject({ passed: 3, failed: 0, skipped: 2, capabilities: [], machine: 'this' });
  expect(report.outcomes.map(({ status, engine, detail }) => [status, engine, detail])).toEqual([
    ['passed', 'native', 'by native'],
    ['passed', 'native', 'once'],
    ['skipped', 'native', 'a tool is not installed'],
    ['passed', 'fallback', 'by fallback'],
    ['skipped', 'fallback', 'a tool is not installed'],
  ]);
  expect(printed).toMatch(/^passed {2}native {3}holds {11}by native$/m);
  expect(printed).toMatch(/\n\n3 passed, 0 failed, 2 skipped\n$/);
  expect(process.exitCode).toBe(0);
});

test('what does not hold fails, and the rest is tried all the same', async () => {
  const report = await reportOf([
    { name: 'throws', run: () => expectEqual({ a: 1 }, { a: 2 }, 'a') as never },
    { name: 'rejects', run: () => Promise.reject(new Error('x'.repeat(9000))) },
    { name: 'holds', run: () => '' },
  ]);
  expect(report).toMatchObject({ passed: 2, failed: 4 });
  expect(report.outcomes[0]!.detail).toBe('a: expected {"a":2}, got {"a":1}');
  expect(report.outcomes[1]!.detail).toHaveLength(600);
  expect(process.exitCode).toBe(1);
});

test('each check has an empty folder of its own, which is gone afterwards', async () => {
  const folders: string[] = [];
  const use = (_: unknown, own: string): string => {
    expect(readdirSync(own)).toEqual([]);
    writeFileSync(join(own, 'file'), '');
    folders.push(own);
    return '';
  };
  const report = await reportOf([
    { name: 'one', run: use },
    { name: 'other', run: use },
  ]);
  expect(report).toMatchObject({ passed: 4, failed: 0 });
  expect(new Set(folders).size).toBe(4);
  expect(folders.filter(existsSync)).toEqual([]);
});

test('the order of keys is no difference', () => {
  expect(() => expectEqual({ a: 1, b: [2] }, { b: [2], a: 1 }, 'x')).not.toThrow();
  expect(() => expectEqual([1, 2], [2, 1], 'x')).toThrow('x: expected [2,1], got [1,2]');
  expect(() => expectEqual(undefined, 1, 'x')).toThrow('got undefined');
});
