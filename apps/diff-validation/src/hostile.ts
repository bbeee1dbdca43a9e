/** Checks that bad input meets an error with a code or a correct answer, in bounded time. */

import { isFishplateError } from '@fishplate/engine';
import {
  applyEdits,
  applyPatch,
  applyUnifiedDiff,
  changeText,
  createTwoFilesPatch,
  parseFileSections,
  parsePatch,
  unifiedDiff,
} from '@fishplate/diff';

import { type AskedEngine, type Check, expectEqual } from '@fishplate/validation';

export const hostileChecks: Check[] = [
  { name: 'malformed patches are refused with a code and a line', run: refusesMalformed },
  { name: 'two places that fit equally well are refused, and both are named', run: refusesAmbiguous },
  {
    name: 'a change reaches over white space and says so, never over the line it removes',
    run: reachesWithReport,
  },
  { name: 'patches in three formats change the text they fit, and no other', run: patchesAllOrNothing },
  { name: 'text with NUL and lone surrogates survives', run: keepsOddText },
  { name: 'one line of 100 MB is compared', run: comparesLongLine, nativeOnly: true },
  { name: 'two unrelated texts of 100,000 lines are compared', run: comparesUnrelated },
  { name: 'arguments of other types are refused with a code', run: refusesTypes },
];

function reachesWithReport(engine: AskedEngine): string {
  const patch = '@@ -1,3 +1,3 @@\n if x:\n-    a()\n+    b()\n end\n';
  const reached = applyUnifiedDiff('if x:\n\ta()\nend\n', patch, { engine });
  expectEqual(
    [reached.text, reached.hunks[0]?.strategy],
    ['if x:\n\tb()\nend\n', 'indent'],
    'tabs for blanks',
  );
  const refused = applyUnifiedDiff('if x:\n    aa()\nend\n', patch, { engine });
  expectEqual([refused.text, refused.hunks[0]?.code], [null, 'NO_MATCH'], 'another line');
  return `reached: ${reached.hunks[0]?.strategy}`;
}

function patchesAllOrNothing(engine: AskedEngine): string {
  const patches = [
    '--- a/f\n+++ b/f\n@@ -1 +1 @@\n-x\n+y\n',
    '*** Begin Patch\n*** Update File: f\n@@\n-x\n+y\n*** End Patch\n',
    'f\n<<<<<<< SEARCH\nx\n=======\ny\n>>>>>>> REPLACE\n',
  ];
  for (const patch of patches) {
    const { sections, format } = parseFileSections(patch, { engine });
    expectEqual(sections.length, 1, format);
    const made = sections.map((section) => changeText('x\n', section, { engine }).text);
    expectEqual(made, ['y\n'], `${format} onto the text it was made for`);
    const refused = sections.map((section) => changeText('z\n', section, { engine }).text);
    expectEqual(refused, [null], `${format} onto another text`);
  }
  return `${patches.length} formats`;
}

function refusesMalformed(engine: AskedEngine): string {
  const header = '--- a\n+++ b\n';
  const malformed: [patch: string, line: number][] = [
    [`${header}@@ -1,2 +1,2 @@\n a\n`, 3],
    [`${header}@@ -1 +1 @@\n-a\n+b\n+c\n`, 3],
    [`${header}@@ -1 +1 @@\n-a\n*b\n`, 3],
    [`${header}@@ one two @@\n-a\n+b\n`, 3],
  ];
  for (const [patch, line] of malformed) {
    const error = thrownBy(() => parsePatch(patch, { engine }));
    expectEqual([error.code, error.details?.['line']], ['PATCH_MALFORMED', line], JSON.stringify(patch));
    expectEqual(thrownBy(() => applyPatch('a\n', patch, { engine })).code, 'PATCH_MALFORMED', 'applyPatch');
    expectEqual(
      thrownBy(() => applyUnifiedDiff('a\n', patch, { engine })).code,
      'PATCH_MALFORMED',
      'applyUnifiedDiff',
    );
  }
  return `${malformed.length} patches`;
}

function refusesAmbiguous(engine: AskedEngine): string {
  const patch = '--- a\n+++ b\n@@ -9,3 +9,3 @@\n x\n-y\n+Y\n z\n';
  const result = applyUnifiedDiff('x\ny\nz\nx\ny\nz\n', patch, { engine });
  expectEqual([result.ok, result.text, result.hunks[0]?.code], [false, null, 'AMBIGUOUS'], 'hunk');
  expectEqual(result.hunks[0]?.candidates, [1, 4], 'candidates of the hunk');
  const edits = applyEdits('x\ny\nx\n', [{ search: 'x', replace: 'z' }], { engine });
  expectEqual([edits.ok, edits.text, edits.edits[0]?.code], [false, null, 'AMBIGUOUS'], 'edit');
  expectEqual(edits.edits[0]?.candidates, [1, 3], 'candidates of the edit');
  return 'a hunk and an edit';
}

function keepsOddText(engine: AskedEngine): string {
  const old = 'a\0b\n\ud800 lone\n\u2028\r\nlast';
  const new_ = 'a\0b\n\udfff lone\n\u2028\r\nlast';
  const { patch } = unifiedDiff(old, new_, { engine });
  expectEqual(applyUnifiedDiff(old, patch, { engine }).text === new_, true, 'round trip');
  return 'NUL, lone surrogates, U+2028';
}

function comparesLongLine(engine: AskedEngine): string {
  const line = Buffer.alloc(100_000_000, 'x');
  const changed = Buffer.concat([line, Buffer.from('y')]);
  const start = performance.now();
  const result = unifiedDiff(line, changed, { engine });
  expectEqual([result.added, result.removed], [1, 1], 'lines');
  return `${Math.round(performance.now() - start)} ms`;
}

function comparesUnrelated(engine: AskedEngine): string {
  const text = (word: string): string =>
    Array.from({ length: 100_000 }, (_, index) => `${word} ${index}\n`).join('');
  const [old, new_] = [text('old'), text('new')];
  const start = performance.now();
  const result = unifiedDiff(old, new_, { engine, timeoutMs: 5_000 });
  expectEqual([result.added, result.removed], [100_000, 100_000], 'lines');
  const limited = createTwoFilesPatch('a', 'b', old, new_, undefined, undefined, { engine, timeout: 500 });
  expectEqual(limited, undefined, 'createTwoFilesPatch past its timeout');
  return `${Math.round(performance.now() - start)} ms, ${result.algorithm}`;
}

function refusesTypes(engine: AskedEngine): string {
  const wrong = [null, undefined, 7, {}, ['a'], new Uint16Array(2)] as never[];
  for (const value of wrong) {
    expectEqual(thrownBy(() => unifiedDiff(value, 'a', { engine })).code, 'INPUT_INVALID', 'unifiedDiff');
    expectEqual(thrownBy(() => parsePatch(value, { engine })).code, 'INPUT_INVALID', 'parsePatch');
    expectEqual(
      thrownBy(() => applyUnifiedDiff(value, '', { engine })).code,
      'INPUT_INVALID',
      'applyUnifiedDiff',
    );
    expectEqual(
      thrownBy(() => createTwoFilesPatch('a', 'b', value, '', '', '', { engine })).code,
      'INPUT_INVALID',
      'create',
    );
  }
  return `${wrong.length} values`;
}

function thrownBy(work: () => unknown): {
  code: string;
  details?: Readonly<Record<string, unknown>> | undefined;
} {
  try {
    work();
  } catch (error) {
    if (isFishplateError(error)) return error;
    throw new Error(`not a FishplateError: ${String(error)}`, { cause: error });
  }
  throw new Error('nothing was thrown');
}
