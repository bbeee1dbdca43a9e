/** Reads `fishplate.config.json`, and says where it is not well-formed. */

import { lstatSync } from 'node:fs';

import type { z } from 'zod';

import { RUNTIME_CODES } from '../codes.js';
import { readBoundedFile } from '../workspace/bounded-file.js';
import { configSchema, type RuntimeConfig } from './schema.js';

/** Largest configuration file. */
const MAX_CONFIG_BYTES = 1 << 20;

/** The configuration in a file; null where there is none. @throws FishplateError `CONFIG_UNREADABLE`, `CONFIG_INVALID`. */
export function readConfigFile(path: string): RuntimeConfig | null {
  let text: string;
  try {
    text = readBoundedFile(path, MAX_CONFIG_BYTES);
  } catch (cause) {
    // A running sandbox keeps the place of a file that is missing.
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT' || isPlaceholder(path)) return null;
    throw RUNTIME_CODES.error('CONFIG_UNREADABLE', `${path} cannot be read: ${(cause as Error).message}`, {
      hint: 'Make it a readable regular file of at most 1 MiB, or remove it.',
      cause,
    });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const place = placeOfSyntaxError(text);
    throw RUNTIME_CODES.error(
      'CONFIG_UNREADABLE',
      `${path}${place} is not JSON: ${(cause as Error).message}`,
      { cause },
    );
  }
  return checkConfig(value, path);
}

/** What the sandbox lays where a protected file is missing: a socket, or an empty directory, with a mode that nothing else has. */
function isPlaceholder(path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats !== undefined && (stats.isSocket() || stats.isDirectory()) && (stats.mode & 0o7777) === 0o1755;
}

/** `:line:column` of the first character that cannot stand where it does; parsers of some Node versions do not say. */
function placeOfSyntaxError(text: string): string {
  let sound = 0;
  let unsound = text.length + 1;
  while (unsound - sound > 1) {
    const middle = (sound + unsound) >> 1;
    if (couldGoOn(text.slice(0, middle))) sound = middle;
    else unsound = middle;
  }
  const before = text.slice(0, sound).split('\n');
  return `:${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
}

/** True where only what is missing at the end makes it no JSON. */
function couldGoOn(prefix: string): boolean {
  try {
    JSON.parse(prefix);
    return true;
  } catch (error) {
    const { message } = error as Error;
    return /end of JSON|Unterminated/.test(message) || message.includes(`at position ${prefix.length}`);
  }
}

/** Checks configuration against the schema; `place` names it in errors. @throws FishplateError `CONFIG_INVALID`. */
export function checkConfig(value: unknown, place: string): RuntimeConfig {
  const result = configSchema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map(describeIssue);
  throw RUNTIME_CODES.error('CONFIG_INVALID', `${place}: ${problems.join('; ')}`, {
    details: { place, problems },
  });
}

/** One issue as `limits.maxFileBytes: Invalid input: expected int, received string`. */
export function describeIssue(issue: z.core.$ZodIssue): string {
  const path = issue.path.map((part) => String(part).slice(0, 100)).join('.');
  return `${path === '' ? '(top level)' : path}: ${issue.message.slice(0, 500)}`;
}
