/**
 * What a person has allowed beyond the policy: paths and intents, for a time. A snapshot: links on the way of its paths are
 * followed when it is taken, not when it is used.
 */

import { isFishplateError } from '@fishplate/engine';

import { SANDBOX_CODES } from '../codes';
import type { Rules } from '../rules';
import type { ActionIntent, Grant } from '../types';
import { followsLastLink } from './intents';
import { isBelow, isSameName } from './names';
import { type RawPath, toRaw } from './raw-path';
import { resolvePath } from './resolve';

/** A snapshot of grants, with their paths resolved. */
export interface Grants {
  /** The name of a grant for this place, which is free of links; null where there is none. */
  covering(path: RawPath, intent: ActionIntent): string | null;
}

interface Held {
  readonly name: string;
  /** Where the path leads with its last link followed, and where without. */
  readonly target: RawPath;
  readonly own: RawPath;
  readonly intents: ReadonlySet<ActionIntent>;
  readonly isRecursive: boolean;
  /** On the clock of the person, and on one that never jumps. */
  readonly ends: { readonly wallMs: number; readonly monotonicMs: number } | null;
  /** A clock that is set back does not bring a grant back. */
  isOver: boolean;
}

/** Takes a snapshot of grants that have been checked. @throws FishplateError `GRANT_INVALID`. */
export function takeGrants(grants: readonly Grant[], rules: Rules): Grants {
  const names = new Set<string>();
  const list = grants.map((grant, index) => {
    const held = hold(grant, index, rules);
    if (names.has(held.name)) throw fault(index, 'id', 'stands for another grant already');
    names.add(held.name);
    return held;
  });
  return {
    covering: (path, intent) => list.find((held) => covers(held, path, intent) && lives(held))?.name ?? null,
  };
}

function hold(grant: Grant, index: number, rules: Rules): Held {
  const { id, path, intents, recursive = false, expiresAtMs } = grant;
  return {
    name: id === undefined ? `grant #${index}` : `grant ${id}`,
    target: placeOf(path, index, rules, true),
    own: placeOf(path, index, rules, false),
    intents: new Set(intents),
    isRecursive: recursive,
    ends:
      expiresAtMs === undefined
        ? null
        : { wallMs: expiresAtMs, monotonicMs: performance.now() + Math.max(0, expiresAtMs - Date.now()) },
    isOver: false,
  };
}

function placeOf(path: string, index: number, { workspace }: Rules, followLast: boolean): RawPath {
  try {
    const resolved = resolvePath(toRaw(path), toRaw(workspace), followLast);
    if (!('refused' in resolved)) return resolved.path;
    throw fault(
      index,
      'path',
      resolved.refused === 'loop'
        ? 'leads round in a circle of links'
        : 'leads to processes outside the sandbox, which no grant opens',
    );
  } catch (error) {
    if (!isFishplateError(error) || error.code !== 'NAME_INVALID') throw error;
    throw fault(index, 'path', `cannot be used: ${error.message}`);
  }
}

function covers({ target, own, intents, isRecursive }: Held, path: RawPath, intent: ActionIntent): boolean {
  const granted = followsLastLink(intent) ? target : own;
  return intents.has(intent) && isBelow(path, granted) && (isRecursive || isSameName(path, granted));
}

function lives(held: Held): boolean {
  if (held.ends === null) return true;
  held.isOver ||= Date.now() >= held.ends.wallMs || performance.now() >= held.ends.monotonicMs;
  return !held.isOver;
}

function fault(index: number, field: string, problem: string): Error {
  return SANDBOX_CODES.error('GRANT_INVALID', `grants[${index}].${field} ${problem}`);
}
