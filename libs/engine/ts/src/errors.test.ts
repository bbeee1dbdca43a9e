import { inspect } from 'node:util';

import { defineCodes, FishplateError, isFishplateError } from './index';

const CODES = defineCodes('example', {
  TOO_BIG: { summary: 'A thing is too big.', hint: 'Use a smaller thing.' },
});

test('an error of a table carries code, track and the general hint', () => {
  const error = CODES.error('TOO_BIG', 'the thing has 9 bytes');
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({
    name: 'FishplateError',
    code: 'TOO_BIG',
    track: 'example',
    message: 'the thing has 9 bytes',
    hint: 'Use a smaller thing.',
  });
  expect(inspect(error)).toContain('TOO_BIG');
});

test('an occurrence may bring its own hint, cause and details', () => {
  const cause = new Error('disk');
  const error = CODES.error('TOO_BIG', 'no', { hint: 'Empty the disk.', cause, details: { limit: 8 } });
  expect(error.hint).toBe('Empty the disk.');
  expect(error.cause).toBe(cause);
  expect(error.details).toEqual({ limit: 8 });
});

test('an error without a cause has no cause property', () => {
  expect('cause' in CODES.error('TOO_BIG', 'no')).toBe(false);
});

test('JSON holds what may be shown, and neither stack nor cause', () => {
  const error = CODES.error('TOO_BIG', 'no', { cause: new Error('secret') });
  expect(JSON.parse(JSON.stringify(error))).toEqual({
    name: 'FishplateError',
    code: 'TOO_BIG',
    track: 'example',
    message: 'no',
    hint: 'Use a smaller thing.',
  });
});

test('errors of another copy of the package are recognised, other errors are not', () => {
  let other: unknown;
  jest.isolateModules(() => {
    const copy = require('./errors') as typeof import('./errors');
    other = new copy.FishplateError({ code: 'C', track: 't', message: 'm', hint: 'h' });
  });
  expect(other).not.toBeInstanceOf(FishplateError);
  expect(isFishplateError(other)).toBe(true);
  expect(isFishplateError(Object.assign(new Error('x'), { name: 'FishplateError', code: 'C' }))).toBe(false);
  expect(isFishplateError(null)).toBe(false);
});
