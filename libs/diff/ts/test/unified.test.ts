import * as npm from 'diff';
import fc from 'fast-check';

import {
  applyUnifiedDiff,
  reversePatch,
  reverseUnifiedDiff,
  unifiedDiff,
  unifiedDiffAsync,
} from '../src/index';
import { bytes, pair } from './arbitraries';
import { withBothEngines } from './engines';

const NAME = { native: 'native', fallback: 'js' } as const;

withBothEngines((engine) => {
  test('the patch is that of npm diff, with file headers only', () => {
    fc.assert(
      fc.property(pair, fc.nat(5), ([old, new_], context) => {
        const { patch, ...report } = unifiedDiff(old, new_, { engine, context });
        const options = { context, headerOptions: npm.FILE_HEADERS_ONLY };
        const expected =
          old === new_ ? '' : npm.createTwoFilesPatch('a', 'b', old, new_, undefined, undefined, options);
        expect(patch).toBe(expected);
        const lines = patch.split('\n').slice(2);
        expect(report).toEqual({
          algorithm: 'exact',
          engine: NAME[engine],
          added: npm.diffLines(old, new_).reduce((sum, part) => sum + (part.added ? part.count : 0), 0),
          removed: npm.diffLines(old, new_).reduce((sum, part) => sum + (part.removed ? part.count : 0), 0),
          hunks: npm.structuredPatch('a', 'b', old, new_, '', '', { context }).hunks.length,
        });
        expect(lines.length).toBeGreaterThanOrEqual(report.added + report.removed);
      }),
      { numRuns: 1_000, seed: 7 },
    );
  });

  test.each(['auto', 'exact', 'histogram', 'patience'] as const)(
    '%s: the patch gives the new bytes, its reverse the old ones',
    (algorithm) => {
      fc.assert(
        fc.property(bytes, bytes, fc.nat(4), (old, new_, context) => {
          const { patch } = unifiedDiff(old, new_, { engine, algorithm, context });
          expect(applyUnifiedDiff(old, patch, { engine }).text).toEqual(new_);
          expect(applyUnifiedDiff(new_, reverseUnifiedDiff(patch, { engine }), { engine }).text).toEqual(old);
        }),
        { numRuns: 500, seed: 8 },
      );
    },
  );

  test.each([
    ['\na\r', '\nb'],
    ['a\r\n', 'a\r\nb\n'],
    ['a\n', 'a\nb\r\n'],
    ['a\n', 'a\n\r'],
  ])('line endings that no line to be found shows are those of the patch: %j, %j', (old, new_) => {
    const { patch } = unifiedDiff(old, new_, { engine, context: 0 });
    expect(applyUnifiedDiff(old, patch, { engine }).text).toBe(new_);
    expect(applyUnifiedDiff(new_, reverseUnifiedDiff(patch, { engine }), { engine }).text).toBe(old);
  });

  test('strings with lone surrogates come through, both ways', () => {
    fc.assert(
      fc.property(pair, ([old, new_]) => {
        const { patch } = unifiedDiff(old, new_, { engine });
        expect(applyUnifiedDiff(old, patch, { engine }).text).toBe(new_);
        expect(applyUnifiedDiff(new_, reverseUnifiedDiff(patch, { engine }), { engine }).text).toBe(old);
      }),
      { numRuns: 500, seed: 9 },
    );
  });

  test('strings give a string, bytes give bytes, and one of each gives bytes', () => {
    expect(typeof unifiedDiff('a', 'b', { engine }).patch).toBe('string');
    expect(unifiedDiff(Buffer.from('é'), Buffer.from('b'), { engine }).patch).toEqual(
      Buffer.from(unifiedDiff('é', 'b', { engine }).patch),
    );
    expect(unifiedDiff('é\n', new Uint8Array([0xc3, 0xa9, 10]), { engine }).patch).toEqual(Buffer.alloc(0));
  });

  test('names are quoted as git quotes them, and a name with a blank ends with a tab', () => {
    const { patch } = unifiedDiff('a\n', 'b\n', { engine, oldPath: 'a/my file', newPath: 'b/naïve "x"' });
    expect(patch.split('\n').slice(0, 2)).toEqual(['--- a/my file\t', '+++ "b/na\\303\\257ve \\"x\\""']);
  });

  test('an unrelated pair past the budget gets a correct diff that names its algorithm', () => {
    const texts = ['old', 'new'].map((word) =>
      Array.from({ length: 20_000 }, (_, i) => `${word} ${i % 977}\n}\n`).join(''),
    );
    const diff = unifiedDiff(texts[0]!, texts[1]!, { engine });
    expect(diff.algorithm).not.toBe('exact');
    expect(applyUnifiedDiff(texts[0]!, diff.patch, { engine }).text).toBe(texts[1]);
    expect(unifiedDiff(texts[0]!, texts[1]!, { engine }).patch).toBe(diff.patch);
  });

  test('the promise gives what the call gives', async () => {
    expect(await unifiedDiffAsync('a\nb\n', 'a\nc\n', { engine })).toEqual(
      unifiedDiff('a\nb\n', 'a\nc\n', { engine }),
    );
  });

  test('a signal ends it before, during and after', async () => {
    const reason = new Error('enough');
    await expect(unifiedDiffAsync('a', 'b', { engine, signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    );
    const during = new AbortController();
    const pending = unifiedDiffAsync('a', 'b', { engine, signal: during.signal });
    during.abort(reason);
    await expect(pending).rejects.toBe(reason);
    const after = new AbortController();
    const done = await unifiedDiffAsync('a', 'b', { engine, signal: after.signal });
    after.abort();
    expect(done.hunks).toBe(1);
  });

  test('a Buffer that changes after the call leaves the answer as it was', async () => {
    const old = Buffer.from('a\n'.repeat(10_000));
    const pending = unifiedDiffAsync(old, Buffer.from('b\n'), { engine: 'native' });
    old.fill('b\n');
    expect((await pending).removed).toBe(10_000);
  });

  test.each([
    [{ context: -1 }, 'context'],
    [{ context: 0.5 }, 'context'],
    [{ timeoutMs: -1 }, 'timeoutMs'],
    [{ algorithm: 'myers' }, 'algorithm must be one of auto, exact, histogram, patience, and is "myers"'],
  ])('an option outside its range is refused: %j', (options, message) => {
    expect(() => unifiedDiff('a', 'b', { engine, ...options } as never)).toThrow(
      expect.objectContaining({
        code: 'OPTION_INVALID',
        message: expect.stringContaining(message) as string,
      }),
    );
  });

  test('an unknown engine is refused', () => {
    expect(() => unifiedDiff('a', 'b', { engine: 'rust' as never })).toThrow(
      expect.objectContaining({ code: 'ENGINE_CHOICE_INVALID' }),
    );
  });

  test('reversePatch turns objects as npm diff does, and refuses what is none', () => {
    const git = npm.parsePatch(
      'diff --git a/x b/y\nrename from x\nrename to y\n--- a/x\n+++ b/y\n@@ -1 +1 @@\n-a\n+b\n',
    );
    expect(reversePatch(git)).toEqual(npm.reversePatch(git));
    expect(() => reversePatch({} as never)).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' }));
  });

  test('git headers survive a reversal as text', () => {
    const patch =
      'diff --git a/x b/x\nold mode 100644\nnew mode 100755\n--- a/x\n+++ b/x\n@@ -1,1 +1,1 @@\n-a\n+b\n';
    expect(reverseUnifiedDiff(patch, { engine })).toBe(
      'diff --git a/x b/x\nold mode 100755\nnew mode 100644\n--- a/x\n+++ b/x\n@@ -1,1 +1,1 @@\n+a\n-b\n',
    );
  });
});

test('both engines reverse text alike', () => {
  fc.assert(
    fc.property(pair, fc.nat(3), fc.constantFrom('x', 'é', 'a b'), ([old, new_], context, oldPath) => {
      const { patch } = unifiedDiff(old, new_, { context, oldPath });
      expect(reverseUnifiedDiff(patch, { engine: 'native' })).toBe(
        reverseUnifiedDiff(patch, { engine: 'fallback' }),
      );
    }),
    { numRuns: 500, seed: 10 },
  );
});
