import { createHash } from 'node:crypto';

import fc from 'fast-check';
import safeStable from 'safe-stable-stringify';

import { canonicalize, canonicalizeText, hashJson, hashJsonText, stableStringify, stringify } from '../src';
import { codeOf, ENGINES, jsonText, outcomeOf, seeded } from './documents';

const RUNS = { seed: 7, numRuns: 80 };

/** Values with all that JSON.stringify treats in its own way. */
function strange({ boxes } = { boxes: true }): fc.Arbitrary<unknown> {
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom<unknown>(undefined, null, true, NaN, Infinity, -0, 1e21, 1e-7, Symbol('s'), () => 1),
      fc.double(),
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\ud800', '\udc00x', 'a\u2028"\\\n'),
      fc.constantFrom<unknown>(
        ...(boxes ? [Object(1), Object('s'), Object(false)] : []),
        new Date(0),
        new Date(NaN),
        /x/,
        new Map([[1, 2]]),
        new Error('e'),
      ),
      fc.array(tie('tree'), { maxLength: 5 }),
      fc.dictionary(
        fc.oneof(fc.string(), fc.constantFrom('1', '10', '9', '__proto__', 'é', '😀', '\ufb33')),
        tie('tree'),
        { maxKeys: 6 },
      ),
      tie('tree').map((value) => ({ toJSON: (key: string) => [key, value] })),
    ),
  })); // prettier-ignore
  return tree;
}

describe('stringify', () => {
  test('gives what JSON.stringify gives', () => {
    fc.assert(
      fc.property(fc.array(strange()), fc.constantFrom(undefined, 0, 2, '\t', '--'), (value, space) => {
        expect(stringify(value, { space })).toBe(JSON.stringify(value, null, space));
        expect(stringify(value)).toBe(JSON.stringify(value));
      }),
      RUNS,
    );
  });

  test('what has no JSON, cycles and depth have codes, and what toJSON throws comes through', () => {
    const cycle: { self?: unknown } = {};
    cycle.self = [cycle];
    let deep: unknown = 1;
    for (let level = 0; level < 200_000; level++) deep = [deep];
    for (const write of [stringify, stableStringify, canonicalize]) {
      for (const nothing of [undefined, Symbol('s'), () => 1, 1n, [1n]]) {
        expect(codeOf(() => write(nothing))).toBe('VALUE_HAS_NO_JSON');
      }
      expect(codeOf(() => write(cycle))).toBe('VALUE_CYCLIC');
      const broken = {
        toJSON: () => {
          throw new RangeError('mine');
        },
      }; // prettier-ignore
      expect(() => write(broken)).toThrow(new RangeError('mine'));
    }
    expect(codeOf(() => stringify(deep))).toBe('TOO_DEEP');
  });
});

describe('stableStringify', () => {
  test('gives what safe-stable-stringify gives, which takes boxes for objects without keys', () => {
    fc.assert(
      fc.property(fc.array(strange({ boxes: false })), (value) => {
        expect(stableStringify(value)).toBe(safeStable(value));
      }),
      RUNS,
    );
  });

  test('gives what JSON.stringify gives, its keys sorted', () => {
    fc.assert(
      fc.property(fc.array(strange()), (value) => {
        expect(stableStringify(value)).toBe(safeStable(JSON.parse(JSON.stringify(value))));
      }),
      RUNS,
    );
  });

  test.each(ENGINES)('with space too, with the %s engine', (engine) => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(1, 2, 12, '\t', '.-'), (value, space) => {
        expect(stableStringify(value, { space, engine })).toBe(safeStable(value, null, space));
      }),
      { seed: 8, numRuns: 60 },
    );
  });

  test('is the same for every order of keys, and is read back as the value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = stableStringify(value);
        expect(stableStringify(reversed(value))).toBe(text);
        expect(stableStringify(JSON.parse(text))).toBe(text);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
      RUNS,
    );
  });

  test('200,000 levels are written', () => {
    const text = `${'{"b":[0,'.repeat(100_000)}1${'],"a":2}'.repeat(100_000)}`;
    const expected = `${'{"a":2,"b":[0,'.repeat(100_000)}1${']}'.repeat(100_000)}`;
    expect(stableStringify(JSON.parse(text)) === expected).toBe(true);
  });

  test('the same object twice is no cycle, deep down neither', () => {
    const shared = { a: 1 };
    let value: unknown = [shared, shared];
    for (let level = 0; level < 500; level++) value = { value };
    expect(stableStringify(value)).toBe(JSON.stringify(value));
  });

  test('ever new shapes are written rightly', () => {
    const values = Array.from({ length: 5_000 }, (_, index) => ({
      [`k${index}`]: 1,
      [`a${index % 7}`]: index,
      c: { [`z${index}`]: 0, b: 1 },
    }));
    expect(stableStringify(values)).toBe(safeStable(values));
  });

  test('text that JSON.rawJSON made stays, where there is that', () => {
    const { rawJSON } = JSON as { rawJSON?: (text: string) => unknown };
    const value = [rawJSON?.('12345678901234567890') ?? 1, { b: 1, a: rawJSON?.('"x"') }];
    expect(stableStringify(value)).toBe(
      rawJSON === undefined ? '[1,{"b":1}]' : '[12345678901234567890,{"a":"x","b":1}]',
    );
  });
});

describe('the canonical form', () => {
  // The cases of RFC 8785, sections 3.2.2 to 3.2.4, and of its appendix B.
  const ARRAYS = '[56,{"d":true,"10":null,"1":[]}]';
  const SORTED =
    '{"\\u20ac":"Euro Sign","\\r":"Carriage Return","\\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\\ud83d\\ude00":"Emoji: Grinning Face","\\u0080":"Control","\\u00f6":"Latin Small Letter O With Diaeresis"}';
  const VALUES =
    '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null,true,false]}';
  const EXPECTED = {
    [ARRAYS]: '[56,{"1":[],"10":null,"d":true}]',
    [VALUES]:
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    [SORTED]:
      '{"\\r":"Carriage Return","1":"One","\u0080":"Control","ö":"Latin Small Letter O With Diaeresis","€":"Euro Sign","😀":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}',
  }; // prettier-ignore

  test.each(ENGINES)('is that of the RFC for its own examples, with the %s engine', (engine) => {
    for (const [text, expected] of Object.entries(EXPECTED)) {
      expect(canonicalizeText(text, { engine })).toBe(expected);
      expect(canonicalizeText(Buffer.from(text), { engine })).toBe(expected);
      expect(canonicalize(JSON.parse(text))).toBe(expected);
    }
  });

  test.each(ENGINES)('of text and of its value is one, with the %s engine', (engine) => {
    const random = seeded(4);
    for (let count = 0; count < 800; count++) {
      const text = jsonText(random);
      const value: unknown = JSON.parse(text);
      const stable = stableStringify(value);
      const hash = createHash('sha256').update(stable).digest('hex');
      expect(hashJson(value)).toBe(hash);
      expect(hashJsonText(text, { engine })).toBe(hash);
      expect(hashJsonText(Buffer.from(text), { engine })).toBe(hash);
      // A raw lone surrogate cannot be in text of tests' own; an escaped one has no canonical form, also in a member that does not count.
      const outcome = codeOf(() => canonicalizeText(text, { engine }));
      if (outcome === 'none') expect(canonicalizeText(text, { engine })).toBe(canonicalize(value));
      else
        expect({ outcome, hasLone: /\\ud83d"|\\ude00x|\\ud800/.test(text) }).toEqual({
          outcome: 'LONE_SURROGATE',
          hasLone: true,
        });
    }
  });

  test('of doubles by their bits is that of JSON.stringify', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 50, maxLength: 50 }),
        (numbers) => {
          const text = `[${numbers.map((number) => number.toPrecision(17)).join(',')}]`;
          for (const engine of ENGINES)
            expect(canonicalizeText(text, { engine })).toBe(JSON.stringify(numbers));
        },
      ),
      RUNS,
    );
  });

  test('refuses what it has no form for, with the same error from both engines', () => {
    const texts = [
      '[1e400]',
      '{"b":1e400,"a":"\\ud800"}',
      '{"a":-1e999,"a":1}',
      '{"\\ud800":1,"b":2e308}',
      '["\ud800"]',
      '[1,]',
      '{"a":1,"\\u0061":2}',
      '1' + '0'.repeat(400),
    ];
    for (const text of texts) {
      for (const duplicateKeys of ['last', 'error'] as const) {
        const [native, fallback] = ENGINES.map((engine) =>
          outcomeOf(() => canonicalizeText(text, { engine, duplicateKeys })),
        );
        expect({ text, outcome: fallback }).toEqual({ text, outcome: native });
      }
    }
    expect(codeOf(() => canonicalizeText('[1e400]'))).toBe('NUMBER_NOT_FINITE');
    expect(codeOf(() => hashJsonText('[1e400]'))).toBe('NUMBER_NOT_FINITE');
    expect(codeOf(() => canonicalizeText('["\\ud800"]'))).toBe('LONE_SURROGATE');
    expect(codeOf(() => canonicalizeText('{"a":1,"\\u0061":2}', { duplicateKeys: 'error' }))).toBe(
      'KEY_DUPLICATE',
    );
    expect(codeOf(() => canonicalize([NaN]))).toBe('NUMBER_NOT_FINITE');
    expect(codeOf(() => canonicalize({ '\ud800': 1 }))).toBe('LONE_SURROGATE');
    expect(codeOf(() => canonicalize(['\udc00']))).toBe('LONE_SURROGATE');
  });

  test.each(ENGINES)('of a million levels is written with the %s engine', (engine) => {
    const text = `${'{"b":0, "a":'.repeat(1_000_000)}1${'}'.repeat(1_000_000)}`;
    const canonical = canonicalizeText(text, { engine });
    expect(canonical === `${'{"a":'.repeat(1_000_000)}1${',"b":0}'.repeat(1_000_000)}`).toBe(true);
  });
});

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  const result: Record<string, unknown> = {};
  for (const [key, member] of Object.entries(value).reverse()) {
    Object.defineProperty(result, key, {
      value: reversed(member),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return result;
}
