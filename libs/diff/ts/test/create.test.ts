import * as npm from 'diff';
import fc from 'fast-check';

import { createPatch, createTwoFilesPatch, structuredPatch } from '../src/index';
import { pair } from './arbitraries';
import { withBothEngines } from './engines';

const options = fc.record(
  {
    context: fc.oneof(fc.nat(6), fc.constant(Infinity)),
    ignoreWhitespace: fc.boolean(),
    ignoreNewlineAtEof: fc.boolean(),
    stripTrailingCr: fc.boolean(),
    maxEditLength: fc.nat(12),
    headerOptions: fc.constantFrom(npm.INCLUDE_HEADERS, npm.FILE_HEADERS_ONLY, npm.OMIT_HEADERS),
  },
  { requiredKeys: [] },
);
const name = fc.constantFrom('file', 'my file', 'naïve', 'tab\there', '"quoted"', '/dev/null');
const header = fc.constantFrom(undefined, '', '2026-01-01');

withBothEngines((engine) => {
  test('text equals that of npm diff, whatever the options', () => {
    fc.assert(
      fc.property(pair, options, name, name, header, ([old, new_], given, oldName, newName, note) => {
        const expected = npm.createTwoFilesPatch(oldName, newName, old, new_, note, note, {
          ...given,
        } as never);
        expect(
          createTwoFilesPatch(oldName, newName, old, new_, note, note, { ...given, engine } as never),
        ).toBe(expected);
      }),
      { numRuns: 2_000, seed: 1 },
    );
  });

  test('objects equal those of npm diff, whatever the options', () => {
    fc.assert(
      fc.property(pair, options, ([old, new_], given) => {
        const expected = npm.structuredPatch('a', 'b', old, new_, 'x', undefined, { ...given } as never);
        expect(structuredPatch('a', 'b', old, new_, 'x', undefined, { ...given, engine } as never)).toEqual(
          expected,
        );
      }),
      { numRuns: 2_000, seed: 2 },
    );
  });

  test('one name serves both sides', () => {
    expect(createPatch('f', 'a\n', 'b\n', 'old', 'new', { context: 1, engine })).toBe(
      npm.createPatch('f', 'a\n', 'b\n', 'old', 'new', { context: 1 }),
    );
  });

  test.each([
    { oneChangePerToken: true },
    { comparator: (a: string, b: string) => a[0] === b[0] },
    { ignoreCase: true },
    { context: -1 },
    { context: 1.5 },
    { maxEditLength: -1 },
    { maxEditLength: NaN },
  ])('options beyond the documented ones end as with npm diff: %j', (given) => {
    const [old, new_] = ['a\nB\nc\nd\ne\n', 'a\nb\nx\nc\ne\n'];
    expect(createTwoFilesPatch('a', 'b', old, new_, '', '', { ...given, engine } as never)).toBe(
      npm.createTwoFilesPatch('a', 'b', old, new_, '', '', { ...given } as never),
    );
  });

  test('the options object is left as it was', () => {
    const given = Object.freeze({ engine });
    expect(structuredPatch('a', 'b', 'x', 'y', '', '', given).hunks).toHaveLength(1);
  });

  test('a timeout ends a comparison of unrelated texts', () => {
    const texts = ['old', 'new'].map((word) =>
      Array.from({ length: 30_000 }, (_, i) => `${word} ${i}\n`).join(''),
    );
    const start = performance.now();
    expect(
      createTwoFilesPatch('a', 'b', texts[0]!, texts[1]!, '', '', { timeout: 50, engine }),
    ).toBeUndefined();
    expect(performance.now() - start).toBeLessThan(5_000);
  });

  test('a callback gets the patch later, and the call itself gives nothing', async () => {
    const expected = npm.createTwoFilesPatch('a', 'b', 'x\n', 'y\n');
    let returned: unknown = 'not yet';
    const patch = await new Promise((resolve) => {
      returned = createTwoFilesPatch('a', 'b', 'x\n', 'y\n', '', '', { engine, callback: resolve });
    });
    expect([returned, patch]).toEqual([undefined, expected]);
    const bare = await new Promise((resolve) => {
      structuredPatch('a', 'b', 'x\n', 'y\n', '', '', resolve);
    });
    expect(bare).toEqual(npm.structuredPatch('a', 'b', 'x\n', 'y\n', '', ''));
  });

  test('a callback gets undefined past maxEditLength', async () => {
    const patch = await new Promise((resolve) => {
      createTwoFilesPatch('a', 'b', 'x\n', 'y\n', '', '', { engine, maxEditLength: 1, callback: resolve });
    });
    expect(patch).toBeUndefined();
  });

  test('newlineIsToken is refused, as by npm diff', () => {
    expect(() =>
      structuredPatch('a', 'b', 'x', 'y', '', '', { engine, newlineIsToken: true } as never),
    ).toThrow('newlineIsToken may not be used with patch-generation functions, only with diffing functions');
  });
});
