import fc from 'fast-check';

import { capability, fingerprint } from '../src/index';

const ENGINES = ['native', 'fallback'] as const;

describe.each(ENGINES)('%s', (engine) => {
  test.each([
    ['', 0xcbf29ce484222325n],
    ['a', 0xaf63dc4c8601ec8cn],
    ['foobar', 0x85944171f73967e8n],
  ])('published vector %j', (text, hash) => {
    expect(fingerprint(Buffer.from(text), { engine })).toBe(hash);
  });

  test('what is no Uint8Array is refused', () => {
    expect(() => fingerprint('a' as unknown as Uint8Array, { engine })).toThrow(
      expect.objectContaining({ code: 'INPUT_INVALID', track: 'symbols' }),
    );
  });
});

test('both engines give the same answer', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(fingerprint(bytes, { engine: 'native' })).toBe(fingerprint(bytes, { engine: 'fallback' }));
    }),
  );
});

test('the binding loads here', () => {
  expect(capability({ call: 'native' }).engine).toBe('native');
});
