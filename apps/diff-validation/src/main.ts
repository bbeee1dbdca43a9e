/**
 * Proves the diff track on the machine at hand: truth, hostile input and targets, with both engines.
 *
 *     node dist/main.js [--cases N] [--json FILE]
 *
 * Exit code 1 where a check fails or the native engine does not load.
 */

import { parseArgs } from 'node:util';

import { capability } from '@fishplate/diff';
import { validate } from '@fishplate/validation';

import { hostileChecks } from './hostile';
import { syntaxChecks } from './syntax';
import { targetChecks } from './targets';
import { truthChecks } from './truth';

const { values } = parseArgs({
  options: { cases: { type: 'string', default: '300' }, json: { type: 'string' } },
});

void validate({
  checks: [...truthChecks(Number(values.cases)), ...hostileChecks, ...syntaxChecks, ...targetChecks],
  capabilities: [capability({ call: 'native' }), capability({ call: 'fallback' })],
  json: values.json,
});
