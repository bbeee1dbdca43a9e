import { isDeepStrictEqual } from 'node:util';

import fc from 'fast-check';

import { type RepairKind, repairJson } from '../src';
import { codeOf, jsonText, mutated, seeded } from './documents';

// Its types are those of its ES module.
const { jsonrepair } = require('jsonrepair') as { jsonrepair: (text: string) => string };

/** What a model wrote, what it meant, and what was repaired. */
const CASES: readonly (readonly [text: string, value: unknown, ...kinds: RepairKind[]])[] = [
  ['{"a":1}', { a: 1 }],
  ['```json\n{"a":1}\n```', { a: 1 }, 'fence'],
  [
    'Here is the result:\n```json\n{"a": [1, 2]}\n```\nLet me know!',
    { a: [1, 2] },
    'prose',
    'fence',
    'prose',
  ],
  ['Sure! {"a":1} Hope that helps.', { a: 1 }, 'prose', 'prose'],
  ['{"code":"```js\\nx\\n```",}', { code: '```js\nx\n```' }, 'trailing-comma'],
  ["{'a': 'b'}", { a: 'b' }, 'quotes', 'quotes'],
  ["{'a': 'it\\'s'}", { a: "it's" }, 'quotes', 'quotes', 'escape'],
  ['{“a”: “b”}', { a: 'b' }, 'quotes', 'quotes'],
  ['{a: 1, b_c: 2}', { a: 1, b_c: 2 }, 'bare-key', 'bare-key'],
  ['[1, 2, 3,]', [1, 2, 3], 'trailing-comma'],
  ['{"a":1,}', { a: 1 }, 'trailing-comma'],
  ['[1,,2]', [1, 2], 'extra-comma'],
  ['[,1]', [1], 'extra-comma'],
  ['{"a":1 "b":2}', { a: 1, b: 2 }, 'missing-comma'],
  ['{"a":"x"\n"b":"y"}', { a: 'x', b: 'y' }, 'missing-comma'],
  ['["a" "b"]', ['a', 'b'], 'missing-comma'],
  ['[1 2]', [1, 2], 'missing-comma'],
  ['{"a" 1}', { a: 1 }, 'missing-colon'],
  ['{"a"="b"}', { a: 'b' }, 'missing-colon'],
  ['{"a":}', { a: null }, 'missing-value'],
  ['{"a":,"b":1}', { a: null, b: 1 }, 'missing-value'],
  ['{"a":True,"b":False,"c":None}', { a: true, b: false, c: null }, 'literal', 'literal', 'literal'],
  ['[NaN, Infinity, undefined]', [null, null, null], 'literal', 'literal', 'literal'],
  ['{"a":1} // done', { a: 1 }, 'comment'],
  ['{/* first */"a":1,# second\n"b":2}', { a: 1, b: 2 }, 'comment', 'comment'],
  ['{"a":"line one\nline two"}', { a: 'line one\nline two' }, 'control-character'],
  ['{"a":"He said "hi" to me"}', { a: 'He said "hi" to me' }, 'unescaped-quote', 'unescaped-quote'],
  ['{"a":"C:\\dir\\wide"}', { a: 'C:\\dir\\wide' }, 'escape', 'escape'],
  ['{"a":"\\d+"}', { a: '\\d+' }, 'escape'],
  ['{"a":"hello, "b":2}', { a: 'hello', b: 2 }, 'missing-quote'],
  ['{"a":hello world,"b":2}', { a: 'hello world', b: 2 }, 'bare-value'],
  ['{"a":https://example.com/x?y=1,"b":2}', { a: 'https://example.com/x?y=1', b: 2 }, 'bare-value'],
  ['[+1, .5, 1., 1_000, 0x1F]', [1, 0.5, 1, 1000, 31], 'number', 'number', 'number', 'number', 'number'],
  ['{"zip":01234}', { zip: '01234' }, 'bare-value'],
  ['{"a":[1,2}', { a: [1, 2] }, 'bracket'],
  ['[{"a":1]', [{ a: 1 }], 'bracket'],
  ['[1,2}', [1, 2], 'bracket'],
  ['{"a":1}{"b":2}', [{ a: 1 }, { b: 2 }], 'concatenated'],
  ['{"a":1}\n{"b":2}\n{"c":3}', [{ a: 1 }, { b: 2 }, { c: 3 }], 'concatenated'],
  ['{"a":1},\n{"b":2}', [{ a: 1 }, { b: 2 }], 'concatenated'],
  ['[1, 2, ...]', [1, 2], 'ellipsis'],
  ['{"a":Date("2024-01-01")}', { a: '2024-01-01' }, 'call'],
  ['callback({"a":1});', { a: 1 }, 'call', 'unexpected'],
  ['\ufeff{"a":1}', { a: 1 }, 'white-space'],
  ['{\u00a0"a":1}', { a: 1 }, 'white-space'],
  ['{"a":"b', { a: 'b' }, 'truncated'],
  ['{"a":"b\\', { a: 'b' }, 'truncated'],
  ['{"a":[1,{"b":tr', { a: [1, { b: true }] }, 'truncated'],
  ['{"a":1,"b', { a: 1 }, 'truncated'],
  ['{"a":1,"b":', { a: 1 }, 'truncated'],
  ['[1.5e', [1.5], 'truncated'],
  ['```json\n{"a":[1', { a: [1] }, 'fence', 'truncated'],
  ['True', true, 'literal'],
  ["'x'", 'x', 'quotes'],
]; // prettier-ignore

test.each(CASES.map(([text, value, ...kinds]) => ({ text, value, kinds })))(
  '$text',
  ({ text, value, kinds }) => {
    const repaired = repairJson(text);
    expect({ value: repaired.value, kinds: repaired.repairs.map(({ kind }) => kind) }).toEqual({
      value,
      kinds,
    });
  },
);

test('a repair says where', () => {
  expect(repairJson('{a: 1, "b": True,}').repairs).toEqual([
    { kind: 'bare-key', offset: 1 },
    { kind: 'literal', offset: 12 },
    { kind: 'trailing-comma', offset: 16 },
  ]);
});

test('a text that is JSON is what JSON.parse makes of it, without repairs', () => {
  const random = seeded(10);
  for (let count = 0; count < 500; count++) {
    const text = jsonText(random);
    expect(isDeepStrictEqual(repairJson(text), { value: JSON.parse(text), repairs: [] })).toBe(true);
  }
});

test('any text gives a value of JSON with repairs, or an error with a code, and soon', () => {
  const random = seeded(11);
  for (let count = 0; count < 3000; count++) {
    const text = mutated(mutated(jsonText(random), random), random);
    const code = codeOf(() => {
      const { value, repairs } = repairJson(text);
      if (repairs.length === 0) JSON.parse(text);
      if (JSON.stringify(value) === undefined) throw new Error(`no JSON from ${JSON.stringify(text)}`);
      if (repairs.some(({ offset }) => offset < 0 || offset > text.length))
        throw new Error('an offset outside');
    });
    expect(['none', 'NOT_REPAIRABLE']).toContain(code);
  }
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'{}[]:,"\'\\ \nab1-.`/*#'), maxLength: 60 }), (text) => {
      expect(['none', 'NOT_REPAIRABLE']).toContain(codeOf(() => repairJson(text)));
    }),
    { seed: 12, numRuns: 1500 },
  ); // prettier-ignore
});

test('what jsonrepair repairs of values with one fault is repaired to the same value', () => {
  const random = seeded(13);
  const faults: ((text: string) => string)[] = [
    (text) => text.replace(/([\]}])$/, ',$1'),
    (text) => text.replaceAll(/"(\w+)":/g, '$1:'),
    (text) => text.replaceAll('true', 'True').replaceAll('null', 'None'),
    (text) => `\`\`\`json\n${text}\n\`\`\``,
    (text) => text.replaceAll(',', ',\n// why\n'),
    (text) => text.replaceAll('"', "'"),
  ];
  for (let count = 0; count < 300; count++) {
    const value = {
      a: [random(100), { b: random(2) === 0, c: null, text: `some text ${random(9)}` }],
      d: `${random(10)}`,
    };
    const text = faults[count % faults.length]!(JSON.stringify(value));
    expect(repairJson(text).value).toEqual(JSON.parse(jsonrepair(text)));
  }
});

test('hostile texts take no time: quotes, brackets, commas, backslashes by the hundred thousand', () => {
  const many = 50_000;
  for (const text of [
    '"a" '.repeat(many),
    `["${'" '.repeat(many)}`,
    `{"a":"${'"b": '.repeat(many)}`,
    `[${','.repeat(many)}`,
    `["${'\\'.repeat(many)}`,
    '```'.repeat(many),
    `x${' {'.repeat(500)}`,
    '/*'.repeat(many),
    `{"a":"${'",'.repeat(many)}`,
  ]) {
    expect(['none', 'NOT_REPAIRABLE']).toContain(codeOf(() => repairJson(text)));
  }
});

test('limits and misuse have codes', () => {
  expect(codeOf(() => repairJson('['.repeat(1_000_000)))).toBe('TOO_DEEP');
  expect(codeOf(() => repairJson('[[1,]]', { maxDepth: 1 }))).toBe('TOO_DEEP');
  expect(codeOf(() => repairJson('[1,]', { maxLength: 3 }))).toBe('TOO_LARGE');
  expect(codeOf(() => repairJson('no JSON in here'))).toBe('NOT_REPAIRABLE');
  expect(codeOf(() => repairJson(''))).toBe('NOT_REPAIRABLE');
  expect(codeOf(() => repairJson(null as never))).toBe('INPUT_INVALID');
});

test('the key __proto__ is a property like any other', () => {
  const { value } = repairJson("{'__proto__': {'isAdmin': true}}");
  expect(Object.keys(value as object)).toEqual(['__proto__']);
  expect((value as { isAdmin?: boolean }).isAdmin).toBeUndefined();
});
