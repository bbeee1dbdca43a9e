import { openJson, splitNdjson } from '../src';
import { codeOf, ENGINES, jsonText, mutated, outcomeOf, seeded } from './documents';

describe.each(ENGINES)('with the %s engine', (engine) => {
  const open = (text: string) => openJson(Buffer.from(text), { engine });

  test('values, texts, keys and counts are found by pointer and by path', () => {
    const document = open('{"a":[1,{"b/c":"x","~":null}],"é":{"":[ ]},"n": -1.50 }');
    expect(document.get('/a/1/b~1c')).toBe('x');
    expect(document.get(['a', 1, 'b/c'])).toBe('x');
    expect(document.get(['a', 1, '~'])).toBeNull();
    expect(document.get('/a/1/~0')).toBeNull();
    expect(document.get('/é/')).toEqual([]);
    expect(document.slice('/n')).toBe('-1.50');
    expect(document.keys('')).toEqual(['a', 'é', 'n']);
    expect(document.count('')).toBe(3);
    expect(document.count('/a')).toBe(2);
    for (const nothing of ['/x', '/a/2', '/a/01', '/a/-', '/a/0/0', '/n/x'])
      expect(document.get(nothing)).toBeUndefined();
    for (const none of ['/n', '/x', '/a/1/b~1c'])
      expect([document.keys(none), document.count(none)]).toEqual([undefined, undefined]);
    expect(document.keys('/a')).toBeUndefined();
    document.close();
    document.close();
    expect(codeOf(() => document.get(''))).toBe('DOCUMENT_CLOSED');
  });

  test('every value of generated documents is that of JSON.parse, duplicate keys included', () => {
    const random = seeded(20);
    for (let count = 0; count < 200; count++) {
      const text = Buffer.from(jsonText(random)).toString();
      const document = open(text);
      const visit = (value: unknown, path: (string | number)[]): void => {
        const found = JSON.stringify(document.get(path));
        if (found !== JSON.stringify(value))
          throw new Error(`${JSON.stringify(text)} at ${JSON.stringify(path)}: ${found}`);
        if (typeof value !== 'object' || value === null) return;
        if (document.count(path) !== Object.keys(value).length) throw new Error(`count of ${text}`);
        // Keys like numbers come first in an object, and where they are written in a document.
        if (!Array.isArray(value)) expect(document.keys(path)!.sort()).toEqual(Object.keys(value).sort());
        for (const [key, part] of Object.entries(value))
          visit(part, [...path, Array.isArray(value) ? Number(key) : key]);
      };
      visit(JSON.parse(text), []);
    }
  });

  test('an object of thousands of members is found through, again and again', () => {
    const value = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`k${index}`, { index }]));
    const document = open(JSON.stringify(value));
    for (let index = 0; index < 5000; index += 7) expect(document.get(`/k${index}/index`)).toBe(index);
    expect(document.count('')).toBe(5000);
  });

  test('what is no JSON where a question comes by is refused with its place, what is elsewhere is not looked at', () => {
    const document = open('{"a": [1, 2}, "b": 3, "c": {"d" 4}, "e": 5x}');
    expect(document.get('/b')).toBe(3);
    expect(codeOf(() => document.get('/a'))).toBe('JSON_INVALID');
    expect(codeOf(() => document.get('/c/d'))).toBe('JSON_INVALID');
    expect(outcomeOf(() => document.get('/e'))).toMatchObject({
      code: 'JSON_INVALID',
      details: { offset: 42 },
    });
    expect(codeOf(() => open('  '))).toBe('JSON_INVALID');
    expect(codeOf(() => open('{"a":1} x').get('/a'))).toBe('JSON_INVALID');
    expect(codeOf(() => open('[1').get('/0'))).toBe('JSON_INVALID');
    expect(codeOf(() => open('1').get('x'))).toBe('POINTER_INVALID');
    expect(codeOf(() => open('1').get('/~2'))).toBe('POINTER_INVALID');
    expect(codeOf(() => open('1').get('/a'.repeat(1025)))).toBe('TOO_DEEP');
    expect(codeOf(() => openJson(Uint8Array.of(0xff), { engine }))).toBe('TEXT_NOT_UTF8');
    expect(codeOf(() => openJson('{}' as never, { engine }))).toBe('INPUT_INVALID');
  });

  test('a caller may change its buffer afterwards', () => {
    const buffer = Buffer.from('{"a":1}');
    const document = openJson(buffer, { engine });
    buffer.fill(0);
    expect(document.get('/a')).toBe(1);
  });

  test('lines are those that are not blank, with their numbers and places', () => {
    const buffer = Buffer.from('{"a":1}\r\n\n  {"a":"é"}  \n\t\n[2]');
    const lines = [...splitNdjson(buffer, { engine })];
    expect(lines.map(({ line, start, end, text, value }) => ({ line, start, end, text, value }))).toEqual([
      { line: 1, start: 0, end: 7, text: '{"a":1}', value: { a: 1 } },
      { line: 3, start: 12, end: 22, text: '{"a":"é"}', value: { a: 'é' } },
      { line: 5, start: 27, end: 30, text: '[2]', value: [2] },
    ]);
    expect([...splitNdjson(new Uint8Array(), { engine })]).toEqual([]);
  });

  test('conditions choose what filtering the parsed lines chooses', () => {
    const random = seeded(21);
    const values = Array.from({ length: 3000 }, (_, index) => ({
      role: ['user', 'tool', 'us"er', null, true][random(5)],
      usage: { total: random(20), tags: ['a', random(3) === 0 ? 'é\n' : 'b'] },
      ...(random(2) === 0 ? { 'x/y': index } : {}),
    }));
    const buffer = Buffer.from(values.map((value) => JSON.stringify(value)).join('\n'));
    type Value = (typeof values)[number];
    const filters: [NonNullable<Parameters<typeof splitNdjson>[1]>['where'], (value: Value) => boolean][] = [
      [{ pointer: '/role', equals: 'user' }, ({ role }) => role === 'user'],
      [{ pointer: '/role', equals: 'us"er' }, ({ role }) => role === 'us"er'],
      [
        { pointer: '/role', equals: [null, true, 'tool'] },
        ({ role }) => role === null || role === true || role === 'tool',
      ],
      [{ pointer: '/usage/total', equals: 7 }, ({ usage }) => usage.total === 7],
      [{ pointer: '/usage/tags/1', equals: 'é\n' }, ({ usage }) => usage.tags[1] === 'é\n'],
      [{ pointer: ['x/y'] }, (value) => Object.hasOwn(value, 'x/y')],
      [
        [
          { pointer: '/role', equals: 'user' },
          { pointer: '/usage/total', equals: [1, 2] },
        ],
        ({ role, usage }) => role === 'user' && [1, 2].includes(usage.total),
      ],
    ]; // prettier-ignore
    for (const [where, keeps] of filters) {
      const found = [...splitNdjson<Value>(buffer, { where, engine })].map(({ value }) => value);
      expect(found).toEqual(values.filter(keeps));
      expect(found.length).toBeGreaterThan(0);
    }
  });

  test('spellings make no difference, and of equal keys the last counts', () => {
    const lines = [
      '{"r\\u006fle":"us\\u0065r"}',
      '{"role":"tool","role":"user"}',
      '{"role":"user","role":"tool"}',
      '{"n":1.0e2}',
      '"user"',
    ];
    const buffer = Buffer.from(lines.join('\n'));
    const numbers = (options: object) =>
      [...splitNdjson(buffer, { ...options, engine })].map(({ line }) => line);
    expect(numbers({ where: { pointer: '/role', equals: 'user' } })).toEqual([1, 2]);
    expect(numbers({ where: { pointer: '/n', equals: 100 } })).toEqual([4]);
    expect(numbers({ where: { pointer: '', equals: 'user' } })).toEqual([5]);
  });

  test('a broken line meets no condition, and is an error where all must be JSON', () => {
    const buffer = Buffer.from('{"a":1}\n{"a":1\n{"é" 1}\n{"a":1}');
    expect(
      [...splitNdjson(buffer, { where: { pointer: '/a', equals: 1 }, engine })].map(({ line }) => line),
    ).toEqual([1, 4]);
    expect(outcomeOf(() => [...splitNdjson(buffer, { strict: true, engine })])).toMatchObject({
      code: 'JSON_INVALID',
      details: { offset: 14, line: 2, column: 7 },
    });
    expect(codeOf(() => splitNdjson(buffer, { where: { pointer: 'a' }, engine }))).toBe('POINTER_INVALID');
    expect(codeOf(() => splitNdjson(buffer, { where: { pointer: '/a', equals: {} as never }, engine }))).toBe(
      'INPUT_INVALID',
    );
    expect(codeOf(() => splitNdjson(Uint8Array.of(0xc3), { engine }))).toBe('TEXT_NOT_UTF8');
  });
});

test('both engines answer damaged documents with the same values and errors', () => {
  const random = seeded(22);
  const paths = ['', '/a', '/0', '/a/b', '/1/aa', '/__proto__', '/10/0/1'];
  for (let count = 0; count < 1500; count++) {
    const bytes = Buffer.from(mutated(jsonText(random), random));
    const [native, fallback] = ENGINES.map((engine) => {
      const document = outcomeOf(() => openJson(bytes, { engine })) as {
        result?: ReturnType<typeof openJson>;
      };
      if (document.result === undefined) return document;
      const { result } = document;
      return paths.map((path) => [
        outcomeOf(() => result.get(path)),
        outcomeOf(() => result.keys(path)),
        outcomeOf(() => result.count(path)),
      ]);
    });
    if (JSON.stringify(native) !== JSON.stringify(fallback)) {
      throw new Error(
        `${JSON.stringify(bytes.toString())}:\n${JSON.stringify(native)}\n${JSON.stringify(fallback)}`,
      );
    }
  }
});
