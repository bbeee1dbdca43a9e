import * as npm from 'diff';
import fc from 'fast-check';

import { parsePatch } from '../src/index';
import { pair } from './arbitraries';
import { withBothEngines } from './engines';

const HEADER = '--- a\n+++ b\n';

/** Lines that patches are made of, in any order: most are malformed, many nearly right. */
const patchLine = fc.constantFrom(
  '--- a',
  '+++ b',
  '--- "a\\tb"',
  '+++ b\t2026-01-01',
  '@@ -1 +1 @@',
  '@@ -1,2 +1,2 @@ section',
  '@@ -0,0 +1 @@',
  '@@ -1 +0,0 @@',
  ' a',
  '-a',
  '+b',
  '',
  '\\ No newline at end of file',
  'Index: file',
  '===================================================================',
  'diff --git a/x b/x',
  'diff --git "a/\\303\\251" "b/\\303\\251"',
  'diff --git a/x b/y b/x b/y',
  'rename from x',
  'rename to y',
  'copy from x',
  'copy to "y\\n"',
  'new file mode 100644',
  'deleted file mode 100755',
  'old mode 100644',
  'new mode 100755',
  'Binary files a/x and b/x differ',
  'diff -r 0123 -r 4567 file',
  'garbage',
  '+++ é',
  '--- \ud800',
);

interface Outcome {
  readonly patches?: npm.StructuredPatch[];
  readonly error?: Error;
}

function outcome(parse: () => npm.StructuredPatch[]): Outcome {
  try {
    return { patches: parse() };
  } catch (error) {
    return { error: error as Error };
  }
}

/** Messages of the binding are UTF-8, which has no lone surrogates. */
const wellFormed = (text: string): string => Buffer.from(text).toString();

withBothEngines((engine) => {
  test('patches of every kind come apart as with npm diff', () => {
    fc.assert(
      fc.property(pair, fc.nat(4), fc.constantFrom('x', 'my file', 'é\t"'), ([old, new_], context, name) => {
        const patch = npm.createTwoFilesPatch(`a/${name}`, `b/${name}`, old, new_, '', 'now', { context });
        const twice = `${patch}\n${patch}`;
        expect(parsePatch(twice, { engine })).toEqual(npm.parsePatch(twice));
      }),
      { numRuns: 1_000, seed: 3 },
    );
  });

  test('any mixture of patch lines is read or refused as by npm diff', () => {
    fc.assert(
      fc.property(
        fc.array(patchLine, { maxLength: 14 }),
        fc.constantFrom('\n', '\n', '\r\n'),
        (lines, newline) => {
          const patch = lines.join(newline);
          const expected = outcome(() => npm.parsePatch(patch));
          const actual = outcome(() => parsePatch(patch, { engine }));
          if (expected.error === undefined) {
            expect(actual).toEqual(expected);
          } else {
            expect(actual.error).toMatchObject({ code: 'PATCH_MALFORMED' });
            expect(wellFormed(actual.error!.message)).toContain(wellFormed(expected.error.message));
          }
        },
      ),
      { numRuns: 4_000, seed: 4 },
    );
  });

  test.each([
    [`${HEADER}@@ -1,2 +1,2 @@\n a\n`, 3],
    [`${HEADER}@@ -1 +1 @@\n-a\n+b\n+c\n`, 3],
    [`${HEADER}@@ -1 +1 @@\n-a\n*b\n`, 3],
    [`${HEADER}@@ here @@\n-a\n+b\n`, 3],
    [`${HEADER}@@ -1 +1 @@\n-a\n+b\n@@ -9 +9\n c\n`, 6],
  ])('a malformed hunk is refused, and its line is told: %j', (patch, line) => {
    expect(() => parsePatch(patch, { engine })).toThrow(
      expect.objectContaining({ code: 'PATCH_MALFORMED', track: 'diff', details: { line } }),
    );
  });

  test('a million lines of garbage take linear time', () => {
    const start = performance.now();
    expect(parsePatch('garbage\n'.repeat(1_000_000), { engine })).toHaveLength(1);
    expect(parsePatch('diff --git a/x b/x\n'.repeat(20_000), { engine })).toHaveLength(20_000);
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});
