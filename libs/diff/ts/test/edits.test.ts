import fc from 'fast-check';

import { applyEdits } from '../src/index';
import { decisions, withBothEngines } from './engines';

withBothEngines((engine) => {
  test('edits apply in order, each to what the ones before it left', () => {
    const result = applyEdits(
      'const a = 1;\nconst b = 2;\n',
      [
        { search: 'a = 1', replace: 'a = 3' },
        { search: 'a = 3;\nconst b', replace: 'a = 4;\nconst c' },
      ],
      { engine },
    );
    expect(result).toEqual({
      ok: true,
      text: 'const a = 4;\nconst c = 2;\n',
      edits: [
        { status: 'applied', strategy: 'exact', line: 1 },
        { status: 'applied', strategy: 'exact', line: 1 },
      ],
      rejected: [],
      engine: engine === 'native' ? 'native' : 'js',
    });
  });

  test('several places are refused, and all are named', () => {
    const result = applyEdits('x\ny\nx x\n', [{ search: 'x', replace: 'z' }], { engine });
    expect(result).toMatchObject({ ok: false, text: null, rejected: [0] });
    expect(result.edits[0]).toMatchObject({ status: 'rejected', code: 'AMBIGUOUS', candidates: [1, 3, 3] });
  });

  test('places that overlap count as several', () => {
    expect(applyEdits('aaa', [{ search: 'aa', replace: 'b' }], { engine }).edits[0]).toMatchObject({
      code: 'AMBIGUOUS',
    });
  });

  test('a text that is nowhere shows the nearest place', () => {
    const text = 'function add(a, b) {\n  return a + b;\n}\n\nfunction sub(a, b) {\n  return a - b;\n}\n';
    const search = 'function sub(a, b) {\n  return a * b;\n}\n';
    const [edit] = applyEdits(text, [{ search, replace: '' }], { engine }).edits;
    expect(edit).toMatchObject({ status: 'rejected', code: 'NO_MATCH', nearest: { line: 5 } });
    expect(edit!.nearest!.similarity).toBeGreaterThan(0.8);
    expect(edit!.nearest!.similarity).toBeLessThan(1);
  });

  test.each([
    [{ search: '', replace: 'x' }, 'EMPTY_SEARCH'],
    [{ search: 'a', replace: 'a' }, 'NO_CHANGE'],
  ])('an edit that says nothing is refused: %j', (edit, code) => {
    expect(applyEdits('a', [edit], { engine }).edits[0]).toMatchObject({ status: 'rejected', code });
  });

  test('characters of all planes and lone surrogates stay as they are', () => {
    const result = applyEdits('😀 \ud800 é a\r\n', [{ search: 'a', replace: '日本 \udfff' }], { engine });
    expect(result.text).toBe('😀 \ud800 é 日本 \udfff\r\n');
  });

  test('half of a surrogate pair is no match', () => {
    const result = applyEdits('😀', [{ search: '\ud83d', replace: 'x' }], { engine });
    expect(result.edits[0]).toMatchObject({ code: 'NO_MATCH' });
  });

  test('what is no edit is refused with its index', () => {
    expect(() =>
      applyEdits('a', [{ search: 'a', replace: 'b' }, { search: 'a' } as never], { engine }),
    ).toThrow(
      expect.objectContaining({
        code: 'INPUT_INVALID',
        message: expect.stringContaining('edits[1].replace') as string,
      }),
    );
    expect(() => applyEdits('a', 'edits' as never, { engine })).toThrow(
      expect.objectContaining({ code: 'INPUT_INVALID' }),
    );
  });
});

test('both engines answer alike', () => {
  const piece = fc.string({ unit: fc.constantFrom('a', 'b', '\n', 'é', '😀'), maxLength: 6 });
  const longer = fc.string({ unit: fc.constantFrom('a', 'b', '\n', 'é', '😀'), maxLength: 30 });
  fc.assert(
    fc.property(
      longer,
      fc.array(fc.record({ search: piece, replace: piece }), { maxLength: 3 }),
      (text, edits) => {
        const native = applyEdits(text, edits, { engine: 'native' });
        const fallback = applyEdits(text, edits, { engine: 'fallback' });
        expect(decisions(native)).toEqual(decisions(fallback));
      },
    ),
    { numRuns: 4_000, seed: 11 },
  );
});
