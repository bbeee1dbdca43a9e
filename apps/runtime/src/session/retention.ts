/** Which sessions of a log are forgotten: whole ones, the oldest first, never one that is open. */

/** What is kept; see `sessions.keepDays` and `sessions.keepBytes` of the configuration. */
export interface Keep {
  readonly keepDays: number | undefined;
  readonly keepBytes: number | undefined;
}

/** What the log holds of one session. */
export interface SessionExtent {
  readonly id: string;
  /** Numbers of its first and last event. */
  readonly first: number;
  readonly last: number;
  /** Of its last event, in milliseconds since 1970. */
  readonly time: number;
  /** That its events take. */
  readonly bytes: number;
}

/** What is forgotten. */
export interface Forgotten {
  /** Events with a lower number go. */
  readonly before: number;
  readonly ids: readonly string[];
}

const DAY_MS = 86_400_000;

/**
 * Decides what goes. A log is cut at its beginning alone: a session goes only where no event of one that stays is older than its latest, so
 * that none is cut in two.
 */
export function forgettable(
  extents: readonly SessionExtent[],
  isOpen: (id: string) => boolean,
  { keepDays, keepBytes }: Keep,
  now: number,
): Forgotten {
  const rising = [...extents].sort((left, right) => left.first - right.first);
  const oldest = keepDays === undefined ? Number.NEGATIVE_INFINITY : now - keepDays * DAY_MS;
  let excess = rising.reduce((sum, { bytes }) => sum + bytes, 0) - (keepBytes ?? Number.POSITIVE_INFINITY);
  let going: SessionExtent[] = [];
  for (const session of rising) {
    if (isOpen(session.id)) continue;
    if (session.time >= oldest && excess <= 0) continue;
    going.push(session);
    excess -= session.bytes;
  }
  for (;;) {
    const leaving = new Set(going);
    const before = rising.find((session) => !leaving.has(session))?.first ?? Number.POSITIVE_INFINITY;
    const whole = going.filter(({ last }) => last < before);
    if (whole.length === going.length) {
      return whole.length === 0
        ? { before: 0, ids: [] }
        : { before: cutOf(whole), ids: whole.map(({ id }) => id) };
    }
    going = whole;
  }
}

function cutOf(going: readonly SessionExtent[]): number {
  return going.reduce((cut, { last }) => Math.max(cut, last + 1), 0);
}
