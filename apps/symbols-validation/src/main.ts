/**
 * Proves the symbols track on the machine at hand, with both engines.
 *
 *     node dist/main.js [--json FILE] [--symbols COUNT]
 *
 * Exit code 1 where a check fails or the native engine does not load.
 */

import { parseArgs } from 'node:util';

import { capability } from '@fishplate/symbols';
import { validate } from '@fishplate/validation';

import { checks } from './checks';

const { values } = parseArgs({
  options: { json: { type: 'string' }, symbols: { type: 'string', default: '5000' } },
});

void validate({
  checks: checks(Number(values.symbols)),
  capabilities: [capability({ call: 'native' }), capability({ call: 'fallback' })],
  json: values.json,
});
