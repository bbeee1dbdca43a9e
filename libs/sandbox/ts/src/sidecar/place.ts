/** Where the sidecar's socket lies: in a directory that nobody else may enter, the same for all threads of this process. */

import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readFileSync, readlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';

import { SANDBOX_CODES } from '../codes';

/** The path of a Unix socket has room for 104 bytes on macOS and 108 on Linux, the end included. */
const MOST_PATH_BYTES = 100;

/** A private directory, made where it is missing. @throws FishplateError `SIDECAR_UNAVAILABLE`. */
export function privateDirectory(identity: readonly string[], env: NodeJS.ProcessEnv = process.env): string {
  const name = `fishplate-sandboxd-${digest([...processIdentity(), ...identity])}`;
  const reasons: string[] = [];
  for (const base of [env['XDG_RUNTIME_DIR'], tmpdir()]) {
    if (base === undefined || !isAbsolute(base)) continue;
    const directory = join(base, name);
    const problem = claim(directory);
    if (problem === null) return directory;
    reasons.push(problem);
  }
  throw SANDBOX_CODES.error(
    'SIDECAR_UNAVAILABLE',
    `no private directory for the sidecar's socket can be had: ${reasons.join('; ')}`,
  );
}

/** The socket in its directory. */
export function socketIn(directory: string): string {
  return join(directory, 's');
}

function claim(directory: string): string | null {
  if (Buffer.byteLength(socketIn(directory)) > MOST_PATH_BYTES)
    return `${directory} is too long for a socket`;
  try {
    mkdirSync(directory, { mode: 0o700 });
    return null;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST') return message;
  }
  // Of another thread, or of an earlier sidecar; whoever else made it, it is not used.
  const found = lstatSync(directory, { throwIfNoEntry: false });
  if (found === undefined) return claim(directory);
  const isOwn = found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o077) === 0;
  return isOwn ? null : `${directory} is there already, and not this user's alone`;
}

/** What no other process has, also none of another container that shares the directory, nor a later one of this number. */
function processIdentity(): string[] {
  const pid = String(process.pid);
  try {
    const stat = readFileSync('/proc/self/stat', 'latin1');
    // Behind the name, which may hold spaces, the fields start with the third; the 22nd is the time of the start.
    const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
    return [pid, readlinkSync('/proc/self/ns/pid'), started];
  } catch {
    return [pid];
  }
}

function digest(parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 16);
}
