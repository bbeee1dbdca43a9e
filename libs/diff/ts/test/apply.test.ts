import * as npm from 'diff';
import fc from 'fast-check';

import {
  applyPatch,
  applyPatches,
  applyUnifiedDiff,
  createTwoFilesPatch,
  parsePatch,
  unifiedDiff,
} from '../src/index';
import { pair, text } from './arbitraries';
import { decisions, ENGINES, withBothEngines } from './engines';

withBothEngines((engine) => {
  describe('applyPatch', () => {
    test('ends as npm diff does, on texts that drifted too', () => {
      const given = fc.record(
        { fuzzFactor: fc.nat(3), autoConvertLineEndings: fc.boolean() },
        { requiredKeys: [] },
      );
      fc.assert(
        fc.property(
          pair,
          text,
          fc.nat(4),
          fc.nat(2),
          given,
          ([old, new_], other, context, drift, options) => {
            const patch = npm.createTwoFilesPatch('a', 'b', old, new_, '', '', { context });
            const source = drift === 0 ? old : drift === 1 ? `x\n${old}` : other;
            const expected = npm.applyPatch(source, patch, options);
            expect(applyPatch(source, patch, { ...options, engine })).toBe(expected);
            const parsed = npm.parsePatch(patch);
            expect(applyPatch(source, parsed[0]!, { ...options, engine })).toBe(expected);
          },
        ),
        { numRuns: 2_000, seed: 5 },
      );
    });

    test('an object need not count its lines rightly', () => {
      const patch = { ...npm.structuredPatch('a', 'b', 'x\ny\n', 'x\nz\n', '', ''), oldFileName: 'a' };
      patch.hunks[0]!.oldLines = 7;
      expect(applyPatch('x\ny\n', patch, { engine })).toBe(npm.applyPatch('x\ny\n', patch));
    });

    test('compareLine is asked', () => {
      const patch = npm.createTwoFilesPatch('a', 'b', 'x\ny\n', 'x\nz\n');
      const compareLine = (_: number, line: string, __: string, content: string): boolean =>
        line?.toLowerCase() === content.toLowerCase();
      expect(applyPatch('X\nY\n', patch, { engine, compareLine })).toBe('X\nz\n');
    });

    test('what npm diff refuses is refused with a code', () => {
      const two = npm.createTwoFilesPatch('a', 'b', 'x\n', 'y\n').repeat(2);
      expect(() => applyPatch('x\n', two, { engine })).toThrow(
        expect.objectContaining({
          code: 'PATCH_MULTIPLE_FILES',
          message: 'applyPatch only works with a single input.',
        }),
      );
      for (const fuzzFactor of [-1, 0.5, '1' as never]) {
        expect(() => applyPatch('x\n', '', { engine, fuzzFactor })).toThrow(
          expect.objectContaining({
            code: 'OPTION_INVALID',
            message: 'fuzzFactor must be a non-negative integer',
          }),
        );
      }
    });

    test('a large fuzz factor ends in bounded time', () => {
      const old = Array.from({ length: 60 }, (_, i) => `line ${i}\n`).join('');
      const patch = npm.createTwoFilesPatch('a', 'b', old, `${old}more\n`, '', '', { context: 20 });
      if (engine === 'native') {
        expect(applyPatch('nothing of that\n'.repeat(200), patch, { engine, fuzzFactor: 1e9 })).toBe(false);
      }
      expect(applyPatch(old, patch, { engine, fuzzFactor: 1e9 })).toBe(`${old}more\n`);
    });
  });

  describe('applyUnifiedDiff', () => {
    const source = 'one\ntwo\nthree\nfour\nfive\nsix\nseven\n';
    const patch = (line: number): string =>
      `--- a\n+++ b\n@@ -${line},3 +${line},3 @@\n three\n-four\n+FOUR\n five\n`;

    test('a hunk at its stated line is exact', () => {
      expect(applyUnifiedDiff(source, patch(3), { engine })).toEqual({
        ok: true,
        text: source.replace('four', 'FOUR'),
        hunks: [{ status: 'applied', strategy: 'exact', line: 3, offset: 0, similarity: 1 }],
        rejected: [],
        engine: engine === 'native' ? 'native' : 'js',
      });
    });

    test('a hunk that drifted says by how much', () => {
      const moved = applyUnifiedDiff(`zero\n\n${source}`, patch(3), { engine });
      expect(moved.text).toBe(`zero\n\n${source.replace('four', 'FOUR')}`);
      expect(moved.hunks).toEqual([
        { status: 'applied', strategy: 'offset', line: 5, offset: 2, similarity: 1 },
      ]);
    });

    test('two equally good places are refused, and both are named', () => {
      const twice = `${source}${source}`;
      const result = applyUnifiedDiff(twice, patch(20), { engine });
      expect(result).toMatchObject({ ok: false, text: null, rejected: [0] });
      expect(result.hunks[0]).toMatchObject({ status: 'rejected', code: 'AMBIGUOUS', candidates: [3, 10] });
    });

    test('the stated line wins over other places', () => {
      const result = applyUnifiedDiff(`${source}${source}`, patch(10), { engine });
      expect(result.hunks[0]).toMatchObject({ strategy: 'exact', line: 10 });
    });

    test('later hunks start where earlier ones drifted to', () => {
      const long = Array.from({ length: 40 }, (_, i) => `line ${i % 10}\n`).join('');
      const { patch: changes } = unifiedDiff(long, long.replace(/line 5\n/g, 'LINE 5\n'), {
        engine,
        context: 1,
      });
      const result = applyUnifiedDiff(`first\n${long}`, changes, { engine });
      // The first hunk fits at four places, one of which is its own, drifted.
      expect(result.hunks[0]).toMatchObject({
        status: 'rejected',
        code: 'AMBIGUOUS',
        candidates: [6, 16, 26, 36],
      });
    });

    test('a hunk that fits nowhere shows the nearest place', () => {
      const result = applyUnifiedDiff(source.replace('five', '5'), patch(3), { engine });
      expect(result.hunks[0]).toMatchObject({ status: 'rejected', code: 'NO_MATCH' });
      expect(result.hunks[0]!.nearest!.line).toBe(3);
      expect(result.hunks[0]!.nearest!.similarity).toBeGreaterThan(0.5);
      expect(result.hunks[0]!.nearest!.similarity).toBeLessThan(1);
    });

    test('all or nothing: a hunk that fits does not hide one that does not', () => {
      const both = `${patch(3)}@@ -7 +7 @@\n-nine\n+NINE\n`;
      const result = applyUnifiedDiff(source, both, { engine });
      expect(result).toMatchObject({ ok: false, text: null, rejected: [1] });
      expect(result.hunks.map(({ status }) => status)).toEqual(['applied', 'rejected']);
    });

    test('the end of the file is taken at its word', () => {
      const atEnd = unifiedDiff('a\nb', 'a\nc', { engine }).patch;
      expect(applyUnifiedDiff('a\nb', atEnd, { engine }).text).toBe('a\nc');
      expect(applyUnifiedDiff('a\nb\n', atEnd, { engine }).hunks[0]).toMatchObject({ code: 'END_OF_FILE' });
    });

    test('a patch of LF lines fits a CRLF file, and keeps its line ends', () => {
      const crlf = source.replaceAll('\n', '\r\n');
      expect(applyUnifiedDiff(crlf, patch(3), { engine }).text).toBe(crlf.replace('four', 'FOUR'));
    });

    test('bytes, objects and strings may be mixed', () => {
      const expected = source.replace('four', 'FOUR');
      expect(applyUnifiedDiff(Buffer.from(source), patch(3), { engine }).text).toEqual(Buffer.from(expected));
      expect(applyUnifiedDiff(source, Buffer.from(patch(3)), { engine }).text).toBe(expected);
      expect(applyUnifiedDiff(source, parsePatch(patch(3))[0]!, { engine }).text).toBe(expected);
    });

    test('a binary patch is refused with a code', () => {
      const binary = 'diff --git a/x b/x\nindex 1..2 100644\nBinary files a/x and b/x differ\n';
      expect(() => applyUnifiedDiff('x', binary, { engine })).toThrow(
        expect.objectContaining({ code: 'PATCH_BINARY' }),
      );
    });

    test('an empty patch leaves the text', () => {
      expect(applyUnifiedDiff('x', '', { engine })).toMatchObject({ ok: true, text: 'x', hunks: [] });
    });
  });
});

test('both engines give the same answer about patches that drifted', () => {
  fc.assert(
    fc.property(pair, text, fc.nat(3), fc.nat(2), ([old, new_], other, context, drift) => {
      const { patch } = unifiedDiff(old, new_, { context });
      const source = drift === 0 ? `x\n${old}` : drift === 1 ? old.replace('a\n', '') : other;
      const native = applyUnifiedDiff(source, patch, { engine: 'native' });
      const fallback = applyUnifiedDiff(source, patch, { engine: 'fallback' });
      expect(decisions(native)).toEqual(decisions(fallback));
    }),
    { numRuns: 4_000, seed: 6 },
  );
});

describe('applyPatches', () => {
  const patches = `${createTwoFilesPatch('a', 'a', 'one\n', 'two\n')}${createTwoFilesPatch('b', 'b', 'x\n', 'y\n')}`;

  test.each(ENGINES)('goes through the files in order, as npm diff (%s)', async (engine) => {
    const files: Record<string, string> = { a: 'one\n', b: 'other\n' };
    const run = (apply: typeof npm.applyPatches): Promise<unknown[]> =>
      new Promise((resolve) => {
        const seen: unknown[] = [];
        apply(patches, {
          engine,
          loadFile: (file, done) => setImmediate(() => done(undefined, files[file.oldFileName!]!)),
          patched: (file, content, done) => {
            seen.push([file.oldFileName, content]);
            done(undefined);
          },
          complete: (error) => resolve([...seen, error]),
        } as npm.ApplyPatchesOptions);
      });
    expect(await run(applyPatches)).toEqual(await run(npm.applyPatches));
    expect(await run(applyPatches)).toEqual([['a', 'two\n'], ['b', false], undefined]);
  });

  test('an error of a callback ends the run', () => {
    const ended: unknown[] = [];
    applyPatches(patches, {
      loadFile: (_, done) => done('no file', ''),
      patched: () => ended.push('patched'),
      complete: (error) => ended.push(error),
    });
    expect(ended).toEqual(['no file']);
  });

  test('what is neither text nor a list of patches is refused', () => {
    const callbacks = { loadFile: jest.fn(), patched: jest.fn(), complete: jest.fn() };
    expect(() => applyPatches(null as never, callbacks)).toThrow(
      expect.objectContaining({ code: 'INPUT_INVALID' }),
    );
    expect(callbacks.loadFile).not.toHaveBeenCalled();
  });

  test('a callback that is none is refused before anything is loaded', () => {
    expect(() => applyPatches(patches, {} as never)).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID' }),
    );
  });
});
