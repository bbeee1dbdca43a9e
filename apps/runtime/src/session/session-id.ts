/** Ids of sessions: made by the runtime, or given by callers. */

import { randomBytes } from 'node:crypto';

import { RUNTIME_CODES } from '../codes.js';
import { isWellFormed } from '../workspace/text.js';

/** Longest id, in bytes of UTF-8: with its prefix it names a stream. */
const MAX_ID_BYTES = 200;

/** An id for a new session: sorts by time, and is easily said. */
export function newSessionId(now = new Date()): string {
  const [date, time] = now.toISOString().slice(0, 19).split('T');
  return `${date}-${time!.replaceAll(':', '')}-${randomBytes(3).toString('hex')}`;
}

/** @throws FishplateError `SESSION_ID_INVALID`. */
export function checkSessionId(id: string): string {
  const isGood = typeof id === 'string' && id !== '' && isWellFormed(id) && !/\p{Cc}/u.test(id);
  if (isGood && Buffer.byteLength(id) <= MAX_ID_BYTES) return id;
  throw RUNTIME_CODES.error(
    'SESSION_ID_INVALID',
    `${JSON.stringify(String(id).slice(0, 100))} is empty, too long, or holds control characters`,
  );
}
