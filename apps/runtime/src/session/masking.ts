/** Takes secrets of the environment out of what is logged and recorded. */

import type { RuntimeLogger } from '../logger.js';

/** Names of variables whose values are secrets. */
const SECRET_NAME = /key|token|secret|passw|credential|auth|private|cookie|session_id|dsn/i;

/** Shorter values would be found in texts that have nothing to do with them. */
const SHORTEST = 8;

/** Says what a secret is replaced by. */
export type Mask = (text: string) => string;

/** A mask for the secrets of an environment, and for passwords in the addresses that it holds. */
export function createMask(env: Readonly<Record<string, string | undefined>> = process.env): Mask {
  const secrets = new Map<string, string>();
  for (const [name, value = ''] of Object.entries(env)) {
    const password = /^[a-z][a-z\d+.-]*:\/\/[^/\s:@]*:([^/\s@]+)@/i.exec(value)?.[1];
    if (password !== undefined && password.length >= SHORTEST) secrets.set(password, name);
    // Paths such as SSH_AUTH_SOCK, and plain numbers, are no secrets.
    if (!SECRET_NAME.test(name) || value.length < SHORTEST || /^(?:\/|\d+$)/.test(value)) continue;
    secrets.set(value, name);
  }
  if (secrets.size === 0) return (text) => text;
  // The longest first: a secret may be a part of another one.
  const values = [...secrets.keys()].sort((left, right) => right.length - left.length);
  const pattern = new RegExp(
    values.map((value) => value.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|'),
    'g',
  );
  return (text) => text.replace(pattern, (value) => `[masked: ${secrets.get(value)}]`);
}

/** A copy with every string masked, names of fields too. */
export function maskAll<Value>(value: Value, mask: Mask): Value {
  if (typeof value === 'string') return mask(value) as Value;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((inner: unknown) => maskAll(inner, mask)) as Value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [mask(key), maskAll(inner as unknown, mask)]),
  ) as Value;
}

/** A logger whose entries are masked. */
export function maskingLogger(logger: RuntimeLogger, mask: Mask): RuntimeLogger {
  return {
    debug: (fields, message) => logger.debug(maskAll(fields, mask), mask(message)),
    info: (fields, message) => logger.info(maskAll(fields, mask), mask(message)),
    warn: (fields, message) => logger.warn(maskAll(fields, mask), mask(message)),
    error: (fields, message) => logger.error(maskAll(fields, mask), mask(message)),
  };
}
