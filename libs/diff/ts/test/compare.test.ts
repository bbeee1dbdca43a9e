import * as npm from 'diff';
import fc from 'fast-check';

import * as ours from '../src/index';
import { pair } from './arbitraries';
import { withBothEngines } from './engines';

/** All options of all functions: one that a function does not know must change nothing. */
const options = fc.record(
  {
    maxEditLength: fc.nat(12),
    oneChangePerToken: fc.boolean(),
    ignoreWhitespace: fc.constantFrom(true, false, null),
    ignoreNewlineAtEof: fc.boolean(),
    stripTrailingCr: fc.boolean(),
    newlineIsToken: fc.boolean(),
    ignoreCase: fc.boolean(),
    intlSegmenter: fc.constantFrom(undefined, new Intl.Segmenter('en', { granularity: 'word' })),
    undefinedReplacement: fc.constantFrom(null, 'none'),
    comparator: fc.constantFrom(undefined, null, false),
  },
  { requiredKeys: [] },
);

/** Short texts of words, punctuation, white space of all kinds, and characters beyond the first plane. */
const prose = fc
  .array(
    fc.constantFrom(
      'one',
      'One',
      'two',
      ' ',
      '  ',
      '\n',
      '\r\n',
      '\t',
      '. ',
      '! ',
      ',',
      '😀',
      'é',
      '\ud83d',
      '{',
      ';',
      ':',
    ),
    { maxLength: 14 },
  )
  .map((parts) => parts.join(''));
const prosePair = fc.oneof(fc.tuple(prose, prose), pair);

/** The functions by name, with what they are given. */
const FUNCTIONS = [
  ['diffLines', pair],
  ['diffTrimmedLines', pair],
  ['diffChars', prosePair],
  ['diffWords', prosePair],
  ['diffWordsWithSpace', prosePair],
  ['diffSentences', prosePair],
  ['diffCss', prosePair],
  ['diffJson', pair],
] as const;

type Compare = (oldValue: unknown, newValue: unknown, options?: unknown) => unknown;
const of = (module: object, name: string): Compare => (module as Record<string, Compare>)[name]!;

withBothEngines((engine) => {
  test.each(FUNCTIONS)('%s answers as npm diff, whatever the options', (name, texts) => {
    fc.assert(
      fc.property(texts as fc.Arbitrary<[string, string]>, options, ([before, after], given) => {
        expect(of(ours, name)(before, after, { ...given, engine })).toEqual(
          of(npm, name)(before, after, { ...given }),
        );
      }),
      { numRuns: 1_500, seed: 11 },
    );
  });

  test('diffArrays compares items by ===', () => {
    const shared = {};
    const item = fc.constantFrom<unknown>(0, -0, 1, '1', '', null, undefined, NaN, false, shared, {}, 'a');
    const array = fc.array(item, { maxLength: 8 });
    fc.assert(
      fc.property(array, array, fc.record({ oneChangePerToken: fc.boolean() }), (before, after, given) => {
        expect(of(ours, 'diffArrays')(before, after, { ...given, engine })).toEqual(
          of(npm, 'diffArrays')(before, after, { ...given }),
        );
      }),
      { numRuns: 1_500, seed: 12 },
    );
  });

  test('diffJson compares values by their sorted JSON', () => {
    fc.assert(
      fc.property(fc.object({ maxDepth: 2 }), fc.object({ maxDepth: 2 }), (before, after) => {
        expect(ours.diffJson(before, after, { engine })).toEqual(npm.diffJson(before, after));
      }),
      { numRuns: 300, seed: 13 },
    );
    expect(ours.diffJson({ a: 1, b: undefined }, { b: 2 }, { engine, undefinedReplacement: 0 })).toEqual(
      npm.diffJson({ a: 1, b: undefined }, { b: 2 }, { undefinedReplacement: 0 }),
    );
  });

  test('a comparator of the caller decides', () => {
    const comparator = (a: string, b: string): boolean => a[0] === b[0];
    expect(ours.diffLines('ab\nc\n', 'ax\nd\n', { engine, comparator } as never)).toEqual(
      npm.diffLines('ab\nc\n', 'ax\nd\n', { comparator } as never),
    );
    expect(ours.diffArrays(['ab'], ['ac'], { engine, comparator })).toHaveLength(1);
  });

  test.each(FUNCTIONS)('%s hands its changes to a callback later', async (name, texts) => {
    for (const [before, after] of fc.sample(texts as fc.Arbitrary<[string, string]>, {
      numRuns: 5,
      seed: 14,
    })) {
      let returned: unknown = 'not yet';
      const changes = await new Promise((resolve) => {
        returned = of(ours, name)(before, after, { engine, callback: resolve });
      });
      expect([returned, changes]).toEqual([undefined, of(npm, name)(before, after)]);
      expect(await new Promise((resolve) => void of(ours, name)(before, after, resolve))).toEqual(changes);
    }
  });

  test('past maxEditLength a callback gets undefined', async () => {
    const changes = await new Promise((resolve) => {
      ours.diffWords('a b c', 'd e f', { engine, maxEditLength: 1, callback: resolve });
    });
    expect(changes).toBeUndefined();
  });

  test("a differ of one's own stands on the engine", () => {
    class CommaDiff extends ours.Diff<string, string> {
      override tokenize(value: string): string[] {
        return value.split(/(,)/);
      }
    }
    class NpmCommaDiff extends npm.Diff<string, string> {
      override tokenize(value: string): string[] {
        return value.split(/(,)/);
      }
    }
    fc.assert(
      fc.property(prosePair, ([before, after]) => {
        expect(new CommaDiff().diff(before, after, { engine } as never)).toEqual(
          new NpmCommaDiff().diff(before, after),
        );
      }),
      { numRuns: 300, seed: 15 },
    );
    expect(new CommaDiff()).toBeInstanceOf(npm.Diff);
  });

  test('a differ with an equality of its own keeps it', () => {
    class Loose extends ours.Diff<string, string> {
      override equals(left: string, right: string): boolean {
        return left.codePointAt(0)! % 2 === right.codePointAt(0)! % 2;
      }
    }
    expect(new Loose().diff('ac', 'ca', { engine } as never)).toEqual([
      { count: 2, added: false, removed: false, value: 'ca' },
    ]);
  });

  test.each([
    ['diffLines', [1, 'a'], 'INPUT_INVALID'],
    ['diffChars', [['a'], 'a'], 'INPUT_INVALID'],
    ['diffWords', [null, 'a'], 'INPUT_INVALID'],
    ['diffArrays', ['a', ['a']], 'INPUT_INVALID'],
    ['diffJson', [undefined, {}], 'INPUT_INVALID'],
    ['diffJson', [{ a: 1n }, {}], 'INPUT_INVALID'],
    ['diffLines', ['a', 'b', 1], 'OPTION_INVALID'],
    ['diffLines', ['a', 'b', { callback: 1 }], 'OPTION_INVALID'],
    ['diffLines', ['a', 'b', { engine: 'fast' }], 'ENGINE_CHOICE_INVALID'],
    ['diffSentences', ['a'.repeat(2 ** 25 + 1), 'b'], 'INPUT_TOO_LARGE'],
  ] as const)('%s of what it cannot take: %#', (name, [before, after, given], code) => {
    const options = typeof given === 'object' ? { engine, ...given } : (given ?? { engine });
    expect(() => of(ours, name)(before, after, options)).toThrow(expect.objectContaining({ code }));
  });
});

test('the differs are those of npm diff, with the engine behind', () => {
  for (const name of [
    'line',
    'character',
    'word',
    'wordsWithSpace',
    'sentence',
    'css',
    'json',
    'array',
  ] as const) {
    const [differ, model] = [ours[`${name}Diff`], npm[`${name}Diff`]] as unknown as npm.Diff<
      unknown,
      never
    >[];
    expect(differ).toBeInstanceOf(npm.Diff);
    const given = (name === 'array' ? [[1], [2]] : ['a b\n', 'a c\n']) as [never, never];
    expect(differ!.diff(...given)).toEqual(model!.diff(...given));
  }
});

test('the options object is left as it was', () => {
  const given = Object.freeze({ timeout: 1000 });
  for (const [name] of FUNCTIONS) expect(of(ours, name)('a', 'b', given)).toBeDefined();
});

test('every name of npm diff is here', () => {
  expect(Object.keys(npm).filter((name) => !(name in ours))).toEqual([]);
});
