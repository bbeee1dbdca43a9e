/** How far changes reach for their place, and where they refuse. */

import fc from 'fast-check';

import { applyEdits, applyUnifiedDiff, type MatchStrategy, unifiedDiff } from '../src/index';
import { decisions, ENGINES, withBothEngines } from './engines';

const OLD = 'class A {\n    one() {\n        return 1;\n    }\n\n    two() {\n        return 2;\n    }\n}\n';
const NEW = OLD.replace('return 2;', 'const n = 2;\n        return n;');
const PATCH = unifiedDiff(OLD, NEW, { context: 2 }).patch;

withBothEngines((engine) => {
  const apply = (source: string, patch = PATCH, reach?: MatchStrategy) =>
    applyUnifiedDiff(source, patch, { engine, ...(reach === undefined ? {} : { reach }) });

  test('a blank that does not break is text, in a string as in bytes', () => {
    const source = 'a\u00a0\nx\nz\n';
    for (const text of [source, Buffer.from(source)]) {
      expect(apply(text as string, '@@ -1,3 +1,3 @@\n a\n-x\n+y\n z\n')).toMatchObject({
        hunks: [{ strategy: 'fuzz' }],
      });
      expect(apply(text as string, '@@ -1,3 +1,3 @@\n a\u00a0 \n-x\n+y\n z\n')).toMatchObject({
        hunks: [{ strategy: 'trailing-whitespace' }],
      });
    }
  });

  describe('hunks', () => {
    test.each([
      ['exact', OLD, NEW],
      ['offset', `// top\n${OLD}`, `// top\n${NEW}`],
      ['trailing-whitespace', OLD.replace('two() {', 'two() {  '), NEW.replace('two() {', 'two() {  ')],
      ['trailing-whitespace', OLD.slice(0, -1), NEW.slice(0, -1)],
      ['indent', OLD.replaceAll(/^/gm, '  ').trimEnd() + '\n', NEW.replaceAll(/^/gm, '  ').trimEnd() + '\n'],
      ['indent', OLD.replaceAll('    ', '\t'), NEW.replaceAll('    ', '\t')],
      ['fuzz', OLD.replace('two() {', 'second() {'), NEW.replace('two() {', 'second() {')],
    ] as const)('reach %s and say so', (strategy, source, expected) => {
      const outcome = apply(source);
      expect(outcome).toMatchObject({ ok: true, text: expected, hunks: [{ strategy }] });
      expect(apply(source, PATCH, strategy)).toMatchObject({ ok: true });
      const similarity = outcome.hunks[0]!.similarity;
      if (strategy === 'exact' || strategy === 'offset') expect(similarity).toBe(1);
      else expect(similarity).toBeGreaterThan(0.5);
    });

    test.each([
      ['exact', `// top\n${OLD}`],
      ['offset', OLD.replace('two() {', 'two() {  ')],
      ['trailing-whitespace', OLD.replaceAll('    ', '\t')],
      ['indent', OLD.replace('two() {', 'second() {')],
    ] as const)('do not reach beyond %s when told so', (reach, source) => {
      expect(apply(source, PATCH, reach)).toMatchObject({
        ok: false,
        text: null,
        hunks: [{ code: 'NO_MATCH' }],
      });
    });

    test('refuse two places on a rung, and name both', () => {
      const body = 'two() {\n  return 2;\n}\n';
      const patch = '@@ -1,3 +1,3 @@\n two() {\n-    return 2;\n+    return 3;\n }\n';
      expect(apply(`x\n${body}y\n${body}`, patch)).toMatchObject({
        hunks: [{ status: 'rejected', code: 'AMBIGUOUS', candidates: [2, 6] }],
      });
    });

    test('never take away a line that is not the one to remove', () => {
      const source = OLD.replace('return 2;', 'return 22;');
      expect(apply(source)).toMatchObject({ hunks: [{ code: 'NO_MATCH', nearest: { line: 5 } }] });
    });

    test('that would change nothing on their rung are refused', () => {
      const patch = '@@ -1,2 +1,2 @@\n a\n-b  \n+b\n';
      expect(apply('a\nb\n', patch)).toMatchObject({ hunks: [{ code: 'NO_CHANGE' }] });
    });

    test('that say how the text ends are not bent', () => {
      const patch = '@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n\\ No newline at end of file\n';
      expect(apply('a\n', patch)).toMatchObject({ hunks: [{ code: 'END_OF_FILE' }] });
    });

    test('lines that are added take the line ends of their place', () => {
      expect(apply('x\r\ny \r\nz\r\nmixed\n', '@@ -1,3 +1,4 @@\n x\n y\n+new\n z\n').text).toBe(
        'x\r\ny \r\nnew\r\nz\r\nmixed\n',
      );
    });

    test('bytes that are not UTF-8 stay as they are', () => {
      const source = Buffer.from('a\xff  \nb\nc\n', 'latin1');
      const patch = Buffer.from('@@ -1,3 +1,3 @@\n a\xff\n-b\n+\xfe\n c\n', 'latin1');
      expect(applyUnifiedDiff(source, patch, { engine })).toMatchObject({
        text: Buffer.from('a\xff  \n\xfe\nc\n', 'latin1'),
        hunks: [{ strategy: 'trailing-whitespace' }],
      });
    });
  });

  describe('edits', () => {
    test.each([
      ['exact', 'return 2;', 'return 3;', OLD.replace('return 2;', 'return 3;')],
      [
        'indent',
        'two() {  \n        return 2;\t\n',
        'two() {\n        return 3;\n',
        OLD.replace('return 2;', 'return 3;'),
      ],
      [
        'trailing-whitespace',
        '    two() { \n        return 2;',
        '    two() {\n        return 3;',
        OLD.replace('return 2;', 'return 3;'),
      ],
      [
        'indent',
        'two() {\n    return 2;\n}',
        'two() {\n    return 3;\n}',
        OLD.replace('return 2;', 'return 3;'),
      ],
      [
        'fuzz',
        '    second() {\n        return 2;\n    }\n',
        '    second() {\n        return 3;\n    }\n',
        OLD.replace('return 2;', 'return 3;'),
      ],
    ] as const)('reach %s and say so: %#', (strategy, search, replace, expected) => {
      const outcome = applyEdits(OLD, [{ search, replace }], { engine });
      expect(outcome).toMatchObject({ ok: true, text: expected, edits: [{ strategy }] });
    });

    test('two places are refused on every rung', () => {
      expect(
        applyEdits('  a();\n  b();\n\n    a();\n    b();\n', [{ search: 'a();\nb();', replace: 'c();' }], {
          engine,
        }),
      ).toMatchObject({ ok: false, edits: [{ code: 'AMBIGUOUS', candidates: [1, 4] }] });
    });

    test('the replacement is indented as its place is', () => {
      const { text } = applyEdits(
        'def f():\n\tif x:\n\t\treturn 1\n',
        [{ search: 'if x:\n\treturn 1', replace: 'if x:\n\treturn 2\n\nelse:\n\treturn 3' }],
        { engine },
      );
      expect(text).toBe('def f():\n\tif x:\n\t\treturn 2\n\n\telse:\n\t\treturn 3\n');
    });

    test('reach stops where it is told to', () => {
      const edits = [{ search: 'return  2;\n', replace: 'x\n' }];
      expect(applyEdits(OLD, edits, { engine })).toMatchObject({ edits: [{ code: 'NO_MATCH' }] });
      const indented = [{ search: 'two() {\n    return 2;\n}', replace: 'three() {}' }];
      expect(applyEdits(OLD, indented, { engine, reach: 'trailing-whitespace' }).ok).toBe(false);
      expect(() => applyEdits(OLD, edits, { engine, reach: 'far' as never })).toThrow(
        expect.objectContaining({ code: 'OPTION_INVALID' }),
      );
    });
  });

  test('a thousand hunks that fit nowhere in a large text end soon', () => {
    const source = Array.from({ length: 100_000 }, (_, i) => `${i % 7}\n`).join('');
    const hunk = (i: number): string =>
      `@@ -${i * 90 + 1},3 +${i * 90 + 1},3 @@\n 0\n-missing ${i}\n+x\n 2\n`;
    const start = performance.now();
    const outcome = apply(source, Array.from({ length: 1_000 }, (_, i) => hunk(i)).join(''));
    expect(outcome.rejected).toHaveLength(1_000);
    expect(performance.now() - start).toBeLessThan(20_000);
  });
});

/** Distinct lines of code, so that there is one place for each. */
const code = fc
  .array(fc.tuple(fc.nat(3), fc.constantFrom('f(', 'let ', 'if ', '')), { minLength: 4, maxLength: 20 })
  .map((lines) => lines.map(([depth, word], index) => `${'    '.repeat(depth)}${word}v${index}`));

test('white space that drifted never moves a change: where it is applied, the result is the one meant', () => {
  fc.assert(
    fc.property(
      code,
      fc.nat(19),
      fc.constantFrom('trail', 'indent', 'tabs', 'crlf'),
      fc.nat(3),
      (lines, at, drift, context) => {
        const place = at % lines.length;
        const changed = lines.map((line, index) => (index === place ? `${line} + changed` : line));
        const drifted = (own: readonly string[]): string =>
          own
            .map((line) =>
              drift === 'trail'
                ? `${line}  \n`
                : drift === 'indent'
                  ? `  ${line}\n`
                  : drift === 'tabs'
                    ? `${line.replaceAll('    ', '\t')}\n`
                    : `${line}\r\n`,
            )
            .join('');
        const { patch } = unifiedDiff(`${lines.join('\n')}\n`, `${changed.join('\n')}\n`, { context });
        const source = drifted(lines);
        const [native, fallback] = ENGINES.map((engine) => applyUnifiedDiff(source, patch, { engine }));
        expect(decisions(native!)).toEqual(decisions(fallback!));
        // Tabs can be told from blanks only where the change shows each depth that it adds.
        if (drift !== 'tabs') expect(native!.ok).toBe(true);
        if (!native!.ok) return;
        const added = drift === 'trail' ? `${changed[place]!}\n` : drifted([changed[place]!]);
        const expected = lines.map((line, index) => (index === place ? added : drifted([line]))).join('');
        expect(native!.text).toBe(expected);
      },
    ),
    { numRuns: 500, seed: 21 },
  );
});
