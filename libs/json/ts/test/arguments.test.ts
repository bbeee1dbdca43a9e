/** Arguments of wrong types, with both engines: errors with a code, and the same ones. */

import {
  canonicalizeText,
  capability,
  createPartialParser,
  format,
  hashJsonText,
  minify,
  openJson,
  parse,
  parsePartial,
  repairJson,
  splitNdjson,
  stableStringify,
  stringify,
  validate,
} from '../src';
import { codeOf, ENGINES } from './documents';

const BYTES = Buffer.from('{"a":1}');

test('options that are no object are refused', () => {
  const calls: readonly ((options: never) => unknown)[] = [
    (options) => parse('{}', options),
    (options) => parse(BYTES, options),
    (options) => validate('{}', options),
    (options) => minify('{}', options),
    (options) => format('{}', options),
    (options) => stringify({}, options),
    (options) => stableStringify({}, options),
    (options) => canonicalizeText('{}', options),
    (options) => hashJsonText('{}', options),
    (options) => openJson(BYTES, options),
    (options) => splitNdjson(BYTES, options),
    (options) => parsePartial('{', options),
    (options) => createPartialParser(options),
    (options) => repairJson('{', options),
    (options) => capability(options),
  ];
  for (const wrong of [null, 5, 'x', [], () => 0] as never[]) {
    for (const call of calls) expect(codeOf(() => call(wrong))).toBe('OPTION_INVALID');
  }
  for (const where of [null, 5, 'x', [null]]) {
    expect(codeOf(() => splitNdjson(BYTES, { where: where as never }))).toBe('OPTION_INVALID');
  }
});

test.each(ENGINES)('what feigns to be bytes is refused, with the %s engine', (engine) => {
  const feigned = [
    { [Symbol.toStringTag]: 'Uint8Array', length: 3 },
    Object.create(Uint8Array.prototype),
    new Uint16Array(2),
    new ArrayBuffer(4),
    null,
    7,
  ] as never[];
  for (const bytes of feigned) {
    for (const call of [
      () => parse(bytes, { engine, maxDepth: 3 }),
      () => validate(bytes, { engine }),
      () => minify(bytes, { engine }),
      () => hashJsonText(bytes, { engine }),
      () => openJson(bytes, { engine }),
      () => splitNdjson(bytes, { engine }),
    ]) {
      expect(codeOf(call)).toBe('INPUT_INVALID');
    }
  }
});
