/** What the policy forbids whoever asks: the places that it denies or protects, found by every name that they have. */

import { statSync } from 'node:fs';

import type { Clause, Rules } from '../rules';
import type { ActionIntent, Decision } from '../types';
import { answer, isReading, takesAway } from './intents';
import { isBelow, parentOf } from './names';
import { onDisk, type RawPath, toRaw } from './raw-path';
import { type Identity, identityOf, type Resolved } from './resolve';

const DENIED = 'the policy lets nobody read it';
const PROTECTED = 'it is protected from changes: other programs run or trust it';

/** The things on disk that the clauses of the policy name at this moment. */
export class Known {
  private readonly denied: ReadonlyMap<Identity, Clause>;
  /** Empty where nothing is to be changed. */
  private readonly guarded: ReadonlyMap<Identity, Clause>;

  /** Looks at each path that a clause names; one call of the system for each. */
  constructor(rules: Rules, intent: ActionIntent) {
    this.denied = thingsOf(rules.denied);
    const guarded = thingsOf(isReading(intent) ? [] : rules.guarded);
    // A link to a root or above it protects its own place, not all that it leads to.
    if (!isReading(intent)) for (const identity of aboveRoots(rules)) guarded.delete(identity);
    this.guarded = guarded;
  }

  /** The decision on what was really opened and what it lies in. Null where nothing speaks against it. */
  against(opened: readonly Identity[], path: RawPath): Decision | null {
    const denied = firstOf(this.denied, opened);
    if (denied !== null) return answer('deny', DENIED, denied.name, path);
    const guarded = firstOf(this.guarded, opened);
    return guarded === null ? null : answer('deny', PROTECTED, guarded.name, path);
  }
}

/** The roots, and what lies above them. */
function aboveRoots({ writableRoots, workspace }: Rules): Identity[] {
  const paths = new Set<RawPath>();
  for (const root of writableRoots.length === 0 ? [workspace] : writableRoots) {
    for (let path: RawPath | null = toRaw(root); path !== null; path = parentOf(path)) paths.add(path);
  }
  return [...paths].map(targetIdentity).filter((identity) => identity !== null);
}

/** In the order of the clauses; of two for one thing the first. */
function thingsOf(clauses: readonly Clause[]): Map<Identity, Clause> {
  const things = new Map<Identity, Clause>();
  for (const clause of clauses) {
    const identity = targetIdentity(clause.path);
    if (identity !== null && !things.has(identity)) things.set(identity, clause);
  }
  return things;
}

function firstOf(things: ReadonlyMap<Identity, Clause>, opened: readonly Identity[]): Clause | null {
  for (const [identity, clause] of things) if (opened.includes(identity)) return clause;
  return null;
}

/** The decision about a place that is denied or protected, or holds such; null about any other. */
export function forbidden(rules: Rules, resolved: Resolved, intent: ActionIntent): Decision | null {
  const { path, identities } = resolved;
  const denied = rules.denied.find((clause) => reaches(clause, resolved));
  if (denied !== undefined) return answer('deny', DENIED, denied.name, path);
  const clauses = isReading(intent) ? [] : rules.guarded;
  const guarded = clauses.find((clause) => reaches(clause, resolved));
  if (guarded !== undefined) return answer('deny', PROTECTED, guarded.name, path);
  // Other names for the same thing: a hard link, a mount, a twin in other letters.
  const known = new Known(rules, intent).against(identities, path);
  if (known !== null) return known;
  const leaving = takesAway(intent) ? rules.denied.find((clause) => isBelow(clause.path, path)) : undefined;
  if (leaving !== undefined) {
    return answer('deny', 'it holds what nobody may read, which would leave its place', leaving.name, path);
  }
  if (intent === 'create' && resolved.asDirectory) return null;
  const held = clauses.find((clause) => holds(clause, resolved));
  return held === undefined ? null : answer('deny', 'a protected path lies below it', held.name, path);
}

/** Whether the place is that of the clause or lies below it, by name or by a link on the way. */
function reaches(clause: Clause, { path, links }: Resolved): boolean {
  return isBelow(path, clause.path) || links.some((link) => isBelow(link, clause.path));
}

/** Whether the clause lies below the place, by name or, between the root and the clause, as the same thing on disk. */
function holds({ path: named, root }: Clause, { path, end, identities }: Resolved): boolean {
  if (isBelow(named, path)) return true;
  const own = identities.at(-1);
  if (root === null || own === undefined || typeof end !== 'object' || end.found !== 'directory')
    return false;
  for (let above = parentOf(named); above !== null; above = parentOf(above)) {
    if (above === root || !isBelow(above, root)) return false;
    if (targetIdentity(above) === own) return true;
  }
  return false;
}

/** Of what stands at a path, its last link followed. */
function targetIdentity(path: RawPath): Identity | null {
  try {
    return identityOf(statSync(onDisk(path), { bigint: true }));
  } catch {
    return null;
  }
}
