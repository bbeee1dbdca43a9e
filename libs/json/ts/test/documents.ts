/** Texts of tests: a suite of cases, and seeded ones. */

import type { EngineChoice } from '@fishplate/engine';

export const ENGINES: readonly EngineChoice[] = ['native', 'fallback'];

/** Whole numbers below a limit, the same for the same seed (mulberry32). */
export function seeded(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

type Random = ReturnType<typeof seeded>;

const ATOMS = [
  'null',
  'true',
  'false',
  '0',
  '-0',
  '-0.0',
  '1',
  '-1',
  '12',
  '1.5',
  '1.50',
  '0.1',
  '1e5',
  '1E+2',
  '1e-7',
  '1e21',
  '123456789012345680000',
  '0.000001',
  '0.0000001',
  '9007199254740993',
  '1.7976931348623157e308',
  '4.9e-324',
  '1e-400',
  '333333333.33333329',
  '1E30',
  '2e-3',
  '0.000000000000000000000000001',
  '""',
  '"a"',
  '"\\u0041\\n\\/"',
  '"é"',
  '"😀"',
  '"\\ud83d\\ude00"',
  '"\\ud83d"',
  '"\\ude00x"',
  '"\u2028\u007f"',
  '"\\u0000\\u001f\\b"',
  '"a\\\\"',
  '"{[,:]}"',
  '"a longer string, of more than sixteen bytes, with \\"quotes\\""',
]; // prettier-ignore

const KEYS = [
  'a',
  'b',
  'aa',
  '',
  '1',
  '10',
  '2',
  '__proto__',
  'constructor',
  '\\u0061',
  '€',
  '\\ud800',
  '\ufb33',
  '😀',
  '\\r',
  'toJSON',
  'a key that is longer than sixteen',
];

const SPACES = ['', '', '', ' ', '\n', '\t\r\n  '];

/** A text that is JSON. */
export function jsonText(random: Random, depth = 4): string {
  const space = (): string => SPACES[random(SPACES.length)]!;
  const kind = depth === 0 ? 9 : random(10);
  if (kind > 5) return space() + ATOMS[random(ATOMS.length)]! + space();
  const parts = Array.from({ length: random(5) }, () => {
    const value = jsonText(random, depth - 1);
    return kind > 2 ? value : `${space()}"${KEYS[random(KEYS.length)]!}"${space()}:${value}`;
  });
  const body = parts.length === 0 ? space() : parts.join(',');
  return space() + (kind > 2 ? `[${body}]` : `{${body}}`) + space();
}

const NOISE = [
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  ' ',
  '\n',
  '\u0000',
  '\u001f',
  '0',
  '-',
  '.',
  'e',
  '+',
  'u',
  't',
  '\ufeff',
  '\u00a0',
  "'",
  '/',
  '\ud800',
  'NaN',
];

/** The text with a few changes, mostly no JSON any more. */
export function mutated(text: string, random: Random): string {
  let result = text;
  for (let count = 1 + random(2); count > 0; count--) {
    const at = random(result.length + 1);
    const removed = random(3);
    const inserted = random(2) === 0 ? '' : NOISE[random(NOISE.length)]!;
    result = result.slice(0, at) + inserted + result.slice(at + removed);
  }
  return result;
}

/** Texts at the edges of the grammar, each to be accepted or not as V8 does. */
export const CASES: readonly string[] = [
  '',
  ' ',
  '\ufeff',
  '\ufeff[]',
  '[]',
  '{}',
  '[[]]',
  '[1,]',
  '[,1]',
  '[1,,2]',
  '[1 2]',
  '[1',
  '[',
  ']',
  '[}',
  '{]',
  '{"a"}',
  '{"a":}',
  '{"a":1,}',
  '{,"a":1}',
  '{"a" 1}',
  '{a:1}',
  "{'a':1}",
  '{"a":1 "b":2}',
  '{"a":1}}',
  '{"a":1}#',
  '{"a":1}//',
  '/**/1',
  '1 2',
  '{"a":1,"a":2}',
  '{"__proto__":1}',
  '{"\\u0061":1}',
  '{1:1}',
  '{null:1}',
  '{"a":b}',
  '{"a":"b"',
  '01',
  '-01',
  '1.',
  '.1',
  '-',
  '--1',
  '+1',
  '1e',
  '1e+',
  '1E-',
  '1.e1',
  '0e1',
  '0.0',
  '-0',
  '-0.0e-0',
  '0x1',
  '1_0',
  '1e400',
  '-1e400',
  '1e-400',
  'Infinity',
  '-Infinity',
  'NaN',
  '1a',
  '1,',
  '1]',
  '００',
  '1\u00a0',
  '\u00a01',
  '\u000b1',
  '\u000c1',
  '123123e100000',
  '0.' + '0'.repeat(400) + '1',
  'true',
  'tru',
  'truee',
  'True',
  'nul',
  'null ',
  'nulll',
  'false',
  'fals',
  'fa1se',
  'undefined',
  't',
  'n',
  'f',
  '"',
  '"a',
  '"a\n"',
  '"a\t"',
  '"\u0000"',
  '"\u001f"',
  '"\u007f"',
  '"\u2028\u2029"',
  '"\\"',
  '"\\\\"',
  '"\\\\\\"',
  '"\\a"',
  '"\\x41"',
  '"\\u"',
  '"\\u1"',
  '"\\u12g4"',
  '"\\U0041"',
  '"\\u00e9"',
  '"\\ud800"',
  '"\\udc00\\ud800"',
  '"\\ud83d\\ude00"',
  '"\ud800"',
  '"\\/"',
  '"\\\'"',
  "'a'",
  '"a""b"',
  '"' + 'x'.repeat(100) + '\u0001"',
  '"' + 'x'.repeat(15) + '\\',
  '"' + 'x'.repeat(16) + '"',
  '"' + 'é'.repeat(40) + '\\u00"',
  '[1,2,3] ',
  ' \t\r\n1',
  '[\n1\n,\n2\n]',
  '["",]',
  '[""',
  '[""],',
  '{"":{"":{}}}',
  '[[[[[[[[[[',
  ']]]]',
  '[1}',
  '{"a":[}',
  '{"a":{"b":1]}',
]; // prettier-ignore

/** Whether V8 accepts a text. */
export function isAccepted(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The code of what a call throws; `none` where it throws nothing. */
export function codeOf(work: () => unknown): string {
  try {
    work();
    return 'none';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

/** What a call gives, or its error. */
export function outcomeOf(work: () => unknown): unknown {
  try {
    return { result: work() };
  } catch (error) {
    const { code, message, details } = error as { code?: string; message: string; details?: unknown };
    return { code, message, details };
  }
}
