import fc from 'fast-check';

import * as ours from '../src/index';
import {
  applyEdits,
  applyPatch,
  applyUnifiedDiff,
  createTwoFilesPatch,
  reversePatch,
  unifiedDiff,
  unifiedDiffAsync,
} from '../src/index';
import { withBothEngines } from './engines';

const PATCH = '--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y\n';
const INPUT_INVALID = expect.objectContaining({ code: 'INPUT_INVALID' }) as Error;
const OPTION_INVALID = expect.objectContaining({ code: 'OPTION_INVALID' }) as Error;

withBothEngines((engine) => {
  test.each([
    { hunks: [{}] },
    { hunks: [null] },
    { hunks: [{ lines: [1] }] },
    { hunks: [{ lines: '-x' }] },
    { hunks: new Array(2) },
    {
      get hunks() {
        throw new Error('mine');
      },
    },
  ])('an object that is no patch is refused: %#', (patch) => {
    expect(() => applyPatch('x\n', patch as never, { engine })).toThrow(INPUT_INVALID);
    expect(() => applyUnifiedDiff('x\n', patch as never, { engine })).toThrow(INPUT_INVALID);
    expect(() => reversePatch(patch as never)).toThrow(INPUT_INVALID);
  });

  test('options and callbacks of other types are refused', async () => {
    const create = createTwoFilesPatch as (...args: unknown[]) => unknown;
    expect(() => create('a', 'b', 'x', 'y', '', '', { engine, callback: 'no' })).toThrow(OPTION_INVALID);
    expect(() => create('a', null, 'x', 'y', '', '', { engine })).toThrow(INPUT_INVALID);
    expect(() => applyPatch('x\n', PATCH, { engine, compareLine: 'no' as never })).toThrow(OPTION_INVALID);
    expect(() => unifiedDiff('a', 'b', { engine, oldPath: Symbol('s') as never })).toThrow(OPTION_INVALID);
    expect(() => unifiedDiff('a', 'b', 'options' as never)).toThrow(OPTION_INVALID);
    expect(unifiedDiff('a', 'b', null as never).hunks).toBe(1);
    await expect(unifiedDiffAsync('a', 'b', { engine, signal: {} as never })).rejects.toThrow(OPTION_INVALID);
  });

  test('an error of the caller’s own function is passed on as it is', () => {
    const compareLine = (): never => {
      throw new RangeError('mine');
    };
    expect(() => applyPatch('x\n', PATCH, { engine, compareLine })).toThrow(RangeError);
  });

  test('bytes that no string can hold do not turn into other text', () => {
    const patch = Buffer.from('@@ -1 +1 @@\n-a\n+\xff\n', 'latin1');
    expect(() => applyUnifiedDiff('a\n', patch, { engine })).toThrow(INPUT_INVALID);
    expect(applyUnifiedDiff(Buffer.from('a\n'), patch, { engine }).text).toEqual(
      Buffer.from('\xff\n', 'latin1'),
    );
  });

  test('a Buffer that changes after an async call leaves the answer as it was', async () => {
    const old = Buffer.from('a\n');
    const pending = unifiedDiffAsync(old, Buffer.from('b\n'), { engine });
    old.fill('b\n');
    expect((await pending).removed).toBe(1);
  });

  test('thousands of edits without a match end soon', () => {
    const text = 'const value = compute(1);\n'.repeat(20_000);
    const edits = Array.from({ length: 2_000 }, (_, i) => ({
      search: `const value = other(${i});`,
      replace: '',
    }));
    const start = performance.now();
    const { rejected } = applyEdits(text, edits, { engine });
    expect(rejected).toHaveLength(2_000);
    expect(performance.now() - start).toBeLessThan(20_000);
  });
});

test('a text over the limit of the fallback is refused, where the heap would overflow', () => {
  const big = Buffer.alloc((1 << 27) + 1, 'x');
  expect(() => unifiedDiff(big, Buffer.from('y'), { engine: 'fallback' })).toThrow(
    expect.objectContaining({ code: 'INPUT_TOO_LARGE' }),
  );
});

test('every function answers any argument with a result or a code', async () => {
  const odd = fc.constantFrom<unknown>(
    ...[undefined, null, 1, NaN, '', 'a\nb\n', '\ud800', [], ['a'], {}, { hunks: [] }, Symbol('s'), 10n],
    ...[Buffer.from('a\n'), new Uint8Array(3), Object.create(null), PATCH, [{ search: 'a', replace: 'b' }]],
    ...[{ engine: 'fallback' }, { reach: 'x' }, { timeout: 'x' }, { maxEditLength: -1 }, { comparator: 1 }],
    ...[{ read: () => null }, { read: () => 5 }, { style: 'diff3', labels: null }, { change: { kind: 'x' } }],
    ...['*** Begin Patch\n*** Update File: f\n@@\n-a\n+c\n*** End Patch', { context: 'a' }, { unit: 'line' }],
  );
  // A class, and a helper of npm diff that takes what it passes to itself.
  const skipped = ['Diff', 'canonicalize'];
  const names = Object.entries(ours).filter(
    ([name, value]) => typeof value === 'function' && !skipped.includes(name),
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...names), fc.array(odd, { maxLength: 4 }), async ([, call], args) => {
      try {
        await (call as (...given: unknown[]) => unknown)(...args);
      } catch (error) {
        expect(error).toHaveProperty('code', expect.stringMatching(/^[A-Z_]+$/));
        expect(error).toHaveProperty('hint');
      }
    }),
    { numRuns: 5_000, seed: 61 },
  );
});
