import { isDeepStrictEqual } from 'node:util';

import fc from 'fast-check';
import { Allow, parse as partialJson } from 'partial-json';

import { createPartialParser, parsePartial } from '../src';
import { codeOf, jsonText, mutated, seeded } from './documents';

const ARGUMENTS =
  '{"path":"src/a.ts","edits":[{"line":12,"text":"a \\"b\\"\\n\\u00e9😀"},{"line":-1.5e3,"all":true}],"note":null}';

test('a snapshot says what is there, whether all is, and what is being written', () => {
  const at = (text: string) => parsePartial(text);
  expect(at('')).toEqual({ value: undefined, complete: false, path: [] });
  expect(at('{"pa')).toEqual({ value: {}, complete: false, path: [] });
  expect(at('{"path"')).toEqual({ value: {}, complete: false, path: ['path'] });
  expect(at('{"path":"sr')).toEqual({ value: { path: 'sr' }, complete: false, path: ['path'] });
  expect(at('{"path":"src",')).toEqual({ value: { path: 'src' }, complete: false, path: [] });
  expect(at('{"e":[{"line":1')).toEqual({
    value: { e: [{ line: 1 }] },
    complete: false,
    path: ['e', 0, 'line'],
  });
  expect(at('{"e":[{"line":1},')).toEqual({ value: { e: [{ line: 1 }] }, complete: false, path: ['e', 1] });
  expect(at('{"e":[tr')).toEqual({ value: { e: [true] }, complete: false, path: ['e', 0] });
  expect(at(ARGUMENTS)).toEqual({ value: JSON.parse(ARGUMENTS), complete: true, path: [] });
});

test('half an escape, half a surrogate pair and a lone sign are not shown', () => {
  for (const [text, value] of [
    ['["a\\', ['a']],
    ['["a\\u00e', ['a']],
    ['["a\\ud83d', ['a']],
    ['["a\\ud83d\\ude0', ['a']],
    ['["a\\ud83d\\ude00', ['a😀']],
    ['["a\ud83d', ['a']],
    ['[-', []],
    ['[1.', [1]],
    ['[1.5e', [1.5]],
    ['[1.5e+2', [150]],
  ] as const) {
    expect({ text, value: parsePartial(text).value }).toEqual({ text, value });
  }
});

test('every cut of generated documents gives what partial-json gives, where that says something', () => {
  const random = seeded(5);
  let compared = 0;
  for (let count = 0; count < 60; count++) {
    const text = JSON.stringify(JSON.parse(jsonText(random)));
    // Of which it makes a prototype.
    if (text.includes('__proto__')) continue;
    for (let end = 1; end <= text.length; end++) {
      const cut = text.slice(0, end);
      // It stumbles over white space behind numbers, trims its text, does not know surrogates in two parts, and leaves out numbers that may go on.
      if (
        /\s$|[\ud800-\udbff]$|\\u[dD][89aAbB][0-9a-fA-F]{0,2}(?:\\(?:u[0-9a-fA-F]{0,3})?)?$|[-+.eE\d]$|\\ud83d$/.test(
          cut,
        )
      )
        continue;
      let expected: unknown;
      try {
        expected = partialJson(cut, Allow.ALL);
      } catch {
        continue;
      }
      const { value } = parsePartial(cut);
      if (JSON.stringify(value) !== JSON.stringify(expected)) {
        throw new Error(
          `${JSON.stringify(cut)}: ${JSON.stringify(value)}, expected ${JSON.stringify(expected)}`,
        );
      }
      compared++;
    }
  }
  expect(compared).toBeGreaterThan(1000);
});

test('chunks of any size give the same snapshots as the whole text, and in the end the value', () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 20 }),
      (seed, sizes) => {
        const text = jsonText(seeded(seed));
        const live = createPartialParser();
        const frozen = createPartialParser({ snapshots: 'frozen' });
        const kept: { value: unknown; text: string }[] = [];
        for (let at = 0, turn = 0; at < text.length; turn++) {
          const end = Math.min(text.length, at + sizes[turn % sizes.length]! + 1);
          const chunk = text.slice(at, end);
          const expected = parsePartial(text.slice(0, end));
          expect(isDeepStrictEqual(live.push(chunk), expected)).toBe(true);
          const { value } = frozen.push(chunk);
          kept.push({ value, text: JSON.stringify(value) });
          at = end;
        }
        expect(isDeepStrictEqual(live.end(), JSON.parse(text))).toBe(true);
        expect(isDeepStrictEqual(frozen.end(), JSON.parse(text))).toBe(true);
        for (const { value, text: then } of kept) expect(JSON.stringify(value)).toBe(then);
      },
    ),
    { seed: 9, numRuns: 100 },
  );
});

test('live snapshots share one value; frozen ones share what did not change', () => {
  const live = createPartialParser<{ a: string[] }>();
  const first = live.push('{"a":["x"').value;
  expect(live.push(',"y"').value).toBe(first);
  expect(first).toEqual({ a: ['x', 'y'] });

  const frozen = createPartialParser<{ done: object; open: string[] }>({ snapshots: 'frozen' });
  const before = frozen.push('{"done":{"b":1},"open":["x"').value!;
  const after = frozen.push(',"y"').value!;
  expect(before.open).toEqual(['x']);
  expect(after.open).toEqual(['x', 'y']);
  expect(after).not.toBe(before);
  expect(after.done).toBe(before.done);
});

test('a text is refused as soon as no more of it could make it JSON, and never before', () => {
  const random = seeded(6);
  for (let count = 0; count < 1500; count++) {
    const text = mutated(jsonText(random), random);
    let expected: unknown;
    try {
      expected = JSON.parse(text);
    } catch {
      expect(
        codeOf(() => {
          const parser = createPartialParser();
          parser.push(text);
          parser.end();
        }),
      ).toBe('JSON_INVALID'); // prettier-ignore
      continue;
    }
    const parser = createPartialParser();
    for (const unit of text) parser.push(unit);
    expect(isDeepStrictEqual(parser.end(), expected)).toBe(true);
  }
});

test('limits and misuse have codes', () => {
  expect(codeOf(() => parsePartial('['.repeat(1001)))).toBe('TOO_DEEP');
  expect(codeOf(() => parsePartial('['.repeat(1_000_000), { maxDepth: Infinity }))).toBe('none');
  expect(codeOf(() => parsePartial('[1,2]', { maxLength: 4 }))).toBe('TOO_LARGE');
  expect(codeOf(() => parsePartial(1 as never))).toBe('INPUT_INVALID');
  const parser = createPartialParser();
  parser.push('[1]');
  expect(parser.end()).toEqual([1]);
  expect(codeOf(() => parser.push(' '))).toBe('PARSER_ENDED');
  const broken = createPartialParser();
  expect(codeOf(() => broken.push(']'))).toBe('JSON_INVALID');
  expect(codeOf(() => broken.push('['))).toBe('PARSER_ENDED');
  expect(codeOf(() => createPartialParser({ snapshots: 'other' as never }))).toBe('OPTION_INVALID');
});

test('the key __proto__ is a property like any other', () => {
  const { value } = parsePartial('{"__proto__":{"isAdmin":true');
  expect(Object.keys(value as object)).toEqual(['__proto__']);
  expect((value as { isAdmin?: boolean }).isAdmin).toBeUndefined();
});

test('a string of megabytes in small chunks takes work linear in it, live and frozen', () => {
  // Copied with each chunk it would take minutes.
  const text = JSON.stringify({ path: 'a.ts', content: 'a line of text 😀\n'.repeat(200_000) });
  for (const snapshots of ['live', 'frozen'] as const) {
    const parser = createPartialParser<{ content: string }>({ snapshots });
    let shown = 0;
    for (let at = 0; at < text.length; at += 20) {
      shown = parser.push(text.slice(at, at + 20)).value?.content?.length ?? 0;
    }
    expect(shown).toBe(17 * 200_000 + 200_000);
    expect(parser.end()).toEqual(JSON.parse(text));
  }
}, 60_000);
