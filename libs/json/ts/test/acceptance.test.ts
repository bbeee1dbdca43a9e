import { isDeepStrictEqual } from 'node:util';

import { format, minify, parse, validate } from '../src';
import { CASES, codeOf, ENGINES, isAccepted, jsonText, mutated, outcomeOf, seeded } from './documents';

const DOCUMENTS = Number(process.env['DOCUMENTS'] ?? 1500);

describe.each(ENGINES)('with the %s engine', (engine) => {
  test.each(
    CASES.map((text) => [
      text.length > 40 ? `${JSON.stringify(text.slice(0, 40))}...` : JSON.stringify(text),
      text,
    ]),
  )('%s is accepted where V8 accepts it', (_, text) => {
    expect(validate(text, { engine }).ok).toBe(isAccepted(text));
  });

  test('generated and damaged documents are accepted where V8 accepts them, as strings and as bytes', () => {
    const random = seeded(1);
    let refused = 0;
    for (let count = 0; count < DOCUMENTS; count++) {
      const whole = jsonText(random);
      const text = count % 3 === 0 ? whole : mutated(whole, random);
      const accepted = isAccepted(text);
      if (!accepted) refused++;
      if (validate(text, { engine }).ok !== accepted) throw new Error(`string ${JSON.stringify(text)}`);
      const bytes = Buffer.from(text);
      if (validate(bytes, { engine }).ok !== isAccepted(bytes.toString()))
        throw new Error(`bytes ${JSON.stringify(text)}`);
    }
    expect(refused).toBeGreaterThan(DOCUMENTS / 10);
  });

  test('a million levels are accepted, cut off refused, and a limit of levels kept', () => {
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      const levels = 1_000_000;
      const text = `${open.repeat(levels)}1${close.repeat(levels)}`;
      expect(validate(text, { engine })).toEqual({ ok: true });
      expect(validate(text.slice(0, -1), { engine })).toMatchObject({ ok: false, offset: text.length - 1 });
      expect(validate(text, { engine, maxDepth: 100 })).toMatchObject({
        ok: false,
        code: 'TOO_DEEP',
        offset: 100 * open.length,
      });
      expect(minify(text, { engine })).toBe(text);
      expect(codeOf(() => format(text, { engine }))).toBe('TOO_LARGE');
    }
  });

  test('a refusal says where, in units of what was given', () => {
    const text = '{\n  "é😀": [1,\n 2 3]}';
    expect(validate(text, { engine })).toEqual({
      ok: false,
      code: 'JSON_INVALID',
      offset: 18,
      line: 3,
      column: 4,
      message: 'a comma or a closing bracket is expected here',
    }); // prettier-ignore
    expect(validate(Buffer.from(text), { engine })).toMatchObject({ offset: 21, line: 3, column: 4 });
  });

  test('bytes that are not UTF-8 are refused at the first that is not', () => {
    for (const [bytes, offset] of [
      [[0x22, 0xff, 0x22], 1],
      [[0x22, 0xc3], 1],
      [[0x22, 0xc3, 0xa9, 0xed, 0xa0, 0x80, 0x22], 3],
      [[0x22, 0xf0, 0x9f, 0x98, 0x22], 1],
      [[0x5b, 0xc0, 0x80, 0x5d], 1],
      [[0xe2, 0x82], 0],
    ] as const) {
      expect(validate(Uint8Array.from(bytes), { engine })).toMatchObject({
        ok: false,
        code: 'TEXT_NOT_UTF8',
        offset,
      });
    }
    expect(codeOf(() => parse(Uint8Array.of(0x22, 0xff, 0x22), { engine }))).toBe('TEXT_NOT_UTF8');
  });

  test('limits have codes, and are kept exactly', () => {
    const text = '{"a":1,"b":{"a":2,"\\u0061":3}}';
    expect(validate(text, { engine, maxKeys: 4 }).ok).toBe(true);
    expect(validate(text, { engine, maxKeys: 3 })).toMatchObject({ code: 'TOO_MANY_KEYS', offset: 18 });
    expect(validate(text, { engine, maxDepth: 2 }).ok).toBe(true);
    expect(validate(text, { engine, maxDepth: 1 })).toMatchObject({ code: 'TOO_DEEP', offset: 11 });
    expect(validate(text, { engine, maxLength: text.length }).ok).toBe(true);
    expect(validate(text, { engine, maxLength: text.length - 1 })).toMatchObject({ code: 'TOO_LARGE' });
    expect(validate(text, { engine, duplicateKeys: 'error' })).toMatchObject({
      code: 'KEY_DUPLICATE',
      offset: 18,
    });
    expect(validate('[{"__pro\\u0074o__":1}]', { engine, protoKeys: 'error' })).toMatchObject({
      code: 'KEY_FORBIDDEN',
      offset: 2,
    });
    expect(codeOf(() => parse('[1', { engine, maxDepth: 3 }))).toBe('JSON_INVALID');
    expect(codeOf(() => validate('1', { engine, maxDepth: -1 }))).toBe('OPTION_INVALID');
  });
});

test('both engines refuse at the same place, for the same reason', () => {
  const random = seeded(2);
  const limits = { maxDepth: 3, maxKeys: 5, duplicateKeys: 'error', protoKeys: 'error' } as const;
  for (let count = 0; count < DOCUMENTS; count++) {
    const text = mutated(jsonText(random), random);
    const given = count % 2 === 0 ? text : Buffer.from(text);
    const options = count % 4 < 2 ? {} : limits;
    const [native, fallback] = ENGINES.map((engine) => validate(given, { ...options, engine }));
    if (JSON.stringify(fallback) !== JSON.stringify(native)) {
      throw new Error(`${JSON.stringify(text)}: ${JSON.stringify([native, fallback])}`);
    }
  }
});

describe('parse', () => {
  test('gives what JSON.parse gives, __proto__ and duplicate keys included', () => {
    const random = seeded(3);
    for (let count = 0; count < 500; count++) {
      const text = jsonText(random);
      const expected: unknown = JSON.parse(text);
      expect(isDeepStrictEqual(parse(text), expected)).toBe(true);
      const limited = parse(Buffer.from(text), { maxDepth: 9 });
      expect(isDeepStrictEqual(limited, JSON.parse(Buffer.from(text).toString()))).toBe(true);
    }
    expect(Object.keys(parse<object>('{"__proto__":{"x":1},"a":1,"a":2}'))).toEqual(['__proto__', 'a']);
  });

  test('an error has the code, the place, and the words of V8 as its cause', () => {
    expect(outcomeOf(() => parse('{"a":\n tru}'))).toEqual({
      code: 'JSON_INVALID',
      message: 'a value is expected here (offset 10, line 2, column 5)',
      details: { offset: 10, line: 2, column: 5 },
    });
    expect(() => parse('[1,]')).toThrow(expect.objectContaining({ cause: expect.any(SyntaxError) }));
  });

  test('the key __proto__ is removed everywhere where that is asked for', () => {
    const value = parse('[{"__proto__":{"isAdmin":true},"a":{"__proto__":1,"b":2}}]', {
      protoKeys: 'remove',
    });
    expect(value).toStrictEqual([{ a: { b: 2 } }]);
  });

  test('what is no text is refused with a code', () => {
    for (const wrong of [undefined, null, 1, {}, []])
      expect(codeOf(() => parse(wrong as never))).toBe('INPUT_INVALID');
  });
});
