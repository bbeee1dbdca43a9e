/** The policy as a host writes it. */

import { SANDBOX_CODES } from './codes';
import { isPlainObject, plainCopy, PlainError } from './plain';

/** What a command may do. Plain data; fields that are not known are refused. */
export interface SandboxPolicy {
  /** Where it may write: nowhere, in the workspace and `writableRoots` (unless given), or everywhere. */
  readonly mode?: 'read-only' | 'workspace-write' | 'full-access';
  /** Directories beside the workspace that are writable in `workspace-write`; `~` is the home directory. */
  readonly writableRoots?: readonly string[];
  /** What nobody may read; {@link DEFAULT_READ_DENY} unless given. */
  readonly readDeny?: readonly string[];
  /** What stays as it is below each writable root, also what is not there yet; beside {@link DEFAULT_PROTECTED}. */
  readonly protectedPaths?: readonly string[];
  /** Whether {@link DEFAULT_PROTECTED} counts; true unless given. */
  readonly protectDefaults?: boolean;
  /** What can be reached: nothing (unless given), everything, or named hosts through a proxy. */
  readonly network?: 'none' | 'full' | { readonly allowDomains: readonly string[] };
  readonly env?: EnvPolicy;
  readonly limits?: SandboxLimits;
  /** A `/tmp`, `/var/tmp` and `/dev/shm` of its own; true unless given. */
  readonly privateTmp?: boolean;
  /**
   * The weakest enforcement accepted. `kernel` (unless given): the kernel refuses writes outside the roots and the network.
   * `full`: every clause of the policy is held. `none`: anything, also nothing.
   */
  readonly require?: 'none' | 'kernel' | 'full';
}

/** Which variables of the environment are passed on. */
export interface EnvPolicy {
  /** `core` (unless given): PATH, HOME, USER, LOGNAME, SHELL, LANG, LC_*, TERM, TZ; on Windows also what programs need to start. */
  readonly inherit?: 'core' | 'none';
  /** Names that are passed on beside those. */
  readonly pass?: readonly string[];
  /** Values; stronger than what is passed on. */
  readonly set?: Readonly<Record<string, string>>;
}

/** What ends a command; a limit that is not given does not count. */
export interface SandboxLimits {
  /** Time on the clock, in ms. */
  readonly wallMs?: number;
  /** Processor time of all its processes together, in ms. */
  readonly cpuMs?: number;
  /** Resident memory of all its processes together, in bytes. */
  readonly memoryBytes?: number;
  /** Processes and threads at once. */
  readonly processes?: number;
  /** Bytes of one file, and of all that it writes to disk together. */
  readonly fileBytes?: number;
  /** Bytes of its output, both streams together. */
  readonly outputBytes?: number;
}

type Check = (value: unknown, field: string) => void;

const oneOf =
  (...words: readonly string[]): Check =>
  (value, field) => {
    if (!words.includes(value as string)) throw invalid(field, `must be ${words.join(' or ')}`, value);
  };

const flag: Check = (value, field) => {
  if (typeof value !== 'boolean') throw invalid(field, 'must be true or false', value);
};

const count: Check = (value, field) => {
  if (!Number.isSafeInteger(value) || (value as number) < 1) {
    throw invalid(field, 'must be a whole number of at least 1', value);
  }
};

/** The core counts processes in 32 bits. */
const count32: Check = (value, field) => {
  count(value, field);
  if ((value as number) > 0xffff_ffff) throw invalid(field, 'must be below 2^32', value);
};

const strings: Check = (value, field) => {
  if (!Array.isArray(value)) throw invalid(field, 'must be an array of strings', value);
  for (const [index, item] of value.entries()) {
    if (typeof item !== 'string' || item === '' || !isSound(item)) {
      throw invalid(
        `${field}[${index}]`,
        'must be a string, not empty, without a NUL and half characters',
        item,
      );
    }
  }
};

const names: Check = (value, field) => {
  strings(value, field);
  for (const [index, name] of (value as string[]).entries()) {
    if (name.includes('=')) throw invalid(`${field}[${index}]`, 'must be a name, without =', name);
  }
};

const values: Check = (value, field) => {
  for (const [name, text] of Object.entries(record(value, field))) {
    names([name], field);
    if (typeof text !== 'string' || !isSound(text)) {
      throw invalid(`${field}.${name}`, 'must be a string without a NUL and half characters', text);
    }
  }
};

const shape =
  (checks: Readonly<Record<string, Check>>): Check =>
  (value, field) => {
    for (const [name, part] of Object.entries(record(value, field))) {
      const path = field === 'policy' ? name : `${field}.${name}`;
      const check = Object.hasOwn(checks, name) ? checks[name] : undefined;
      if (check === undefined) {
        throw SANDBOX_CODES.error(
          'POLICY_INVALID',
          `${path} is not known; known are ${Object.keys(checks).join(', ')}`,
        );
      }
      if (part !== undefined) check(part, path);
    }
  };

const network: Check = (value, field) => {
  if (typeof value === 'string') return oneOf('none', 'full')(value, field);
  shape({ allowDomains: strings })(value, field);
  if ((value as { allowDomains?: unknown }).allowDomains === undefined) {
    throw invalid(field, 'must be none, full or { allowDomains: [...] }', value);
  }
};

const policyShape = shape({
  mode: oneOf('read-only', 'workspace-write', 'full-access'),
  writableRoots: strings,
  readDeny: strings,
  protectedPaths: strings,
  protectDefaults: flag,
  network,
  env: shape({ inherit: oneOf('core', 'none'), pass: names, set: values }),
  limits: shape({
    wallMs: count,
    cpuMs: count,
    memoryBytes: count,
    processes: count32,
    fileBytes: count,
    outputBytes: count,
  }),
  privateTmp: flag,
  require: oneOf('none', 'kernel', 'full'),
});

/** A copy of a policy that has been checked; its objects inherit nothing. @throws FishplateError `POLICY_INVALID`. */
export function checkPolicy(policy: unknown): SandboxPolicy {
  const copy = copyOf(policy);
  policyShape(copy, 'policy');
  return copy as SandboxPolicy;
}

function copyOf(policy: unknown): unknown {
  try {
    return plainCopy(policy, 'policy');
  } catch (error) {
    if (!(error instanceof PlainError)) throw error;
    throw SANDBOX_CODES.error('POLICY_INVALID', error.message, { cause: error.cause });
  }
}

function record(value: unknown, field: string): object {
  if (!isPlainObject(value)) throw invalid(field, 'must be a plain object', value);
  return value;
}

/** Whether a string is the same as bytes: no NUL, and no half of a surrogate pair. */
export function isSound(text: string): boolean {
  return !text.includes('\0') && !/\p{Surrogate}/u.test(text);
}

function invalid(field: string, rule: string, value: unknown): Error {
  const shown = typeof value === 'string' ? JSON.stringify(value.slice(0, 80)) : describe(value);
  return SANDBOX_CODES.error('POLICY_INVALID', `${field} ${rule}, and is ${shown}`);
}

function describe(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return value === null ? 'null' : Array.isArray(value) ? 'an array' : `of type ${typeof value}`;
}
