import { defineCodes } from './codes';
import { engineErrors } from './engine-errors';
import { FishplateError } from './errors';

const CODES = defineCodes('example', {
  ENGINE_FAULT: { summary: 'A fault.', hint: 'Report it.' },
  PATH_MISSING: { summary: 'No path.', hint: 'Give one.' },
  TOO_LONG: { summary: 'Too long.', hint: 'Shorten it.' },
});

const { coded, fromText, withCodes, withCodesAsync } = engineErrors(CODES, {
  uncoded: (error) => (error.message === 'Invalid string length' ? 'TOO_LONG' : undefined),
  details: (message) => (message.includes('line 7') ? { line: 7 } : undefined),
});

test('a text begins with its code', () => {
  const cause = new Error('PATH_MISSING: none: at\nline 7');
  expect(coded(cause)).toMatchObject({
    code: 'PATH_MISSING',
    track: 'example',
    message: 'none: at\nline 7',
    hint: 'Give one.',
    details: { line: 7 },
    cause,
  });
});

test('particulars stand in a line between, whatever is in them', () => {
  const details = { path: '/a}: \\b\n"{', deep: [{ rule: 'r\n: x' }] };
  expect(fromText(`PATH_MISSING\n${JSON.stringify(details)}\na: b\nc`)).toMatchObject({
    code: 'PATH_MISSING',
    message: 'a: b\nc',
    details,
  });
  expect(fromText('PATH_MISSING\n{}\nnone').details).toBeUndefined();
});

test('a text without a code of the table is a fault of the engine, whole', () => {
  for (const text of ['WHAT: x', 'PATH_MISSING', 'toString: x', 'PATH_MISSING\n[1]\nx', '']) {
    expect(coded(new Error(text))).toMatchObject({ code: 'ENGINE_FAULT', message: text });
  }
  expect(coded(new RangeError('Invalid string length'))).toMatchObject({ code: 'TOO_LONG' });
});

test('what is translated already, and what is no error, stays as it is', () => {
  const error = new FishplateError({ code: 'X', track: 'other', message: 'm', hint: 'h' });
  expect(coded(error)).toBe(error);
  expect(coded('PATH_MISSING: text')).toBe('PATH_MISSING: text');
});

test('work gives its result, or its error translated', async () => {
  const fail = (): never => {
    throw new Error('PATH_MISSING: none');
  };
  expect(withCodes(() => 1)).toBe(1);
  expect(() => withCodes(fail)).toThrow(expect.objectContaining({ code: 'PATH_MISSING' }));
  await expect(withCodesAsync(() => Promise.resolve(1))).resolves.toBe(1);
  await expect(withCodesAsync(() => Promise.reject(new Error('PATH_MISSING: none')))).rejects.toMatchObject({
    code: 'PATH_MISSING',
  });
  await expect(withCodesAsync(fail)).rejects.toMatchObject({ code: 'PATH_MISSING' });
});
