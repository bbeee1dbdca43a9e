/**
 * Proves the storage track on the machine at hand, with both engines on the same files.
 *
 *     node dist/main.js [--kills N] [--json FILE]
 *
 * Exit code 1 where a check fails or the native engine does not load.
 */

import { parseArgs } from 'node:util';

import { capability } from '@fishplate/storage';
import { validate } from '@fishplate/validation';

import { checks } from './checks';

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '20' }, json: { type: 'string' } },
});

void validate({
  checks: checks(Number(values.kills)),
  capabilities: [capability({ call: 'native' }), capability({ call: 'fallback' })],
  json: values.json,
});
