/**
 * Copies of what a caller gives, taken once: what was checked is what is used, whatever getters, proxies and prototypes say
 * the second time.
 */

/** Longest list that is taken. */
export const MOST_ITEMS = 10_000;
/** Deeper than any option. */
const DEEPEST = 8;

/**
 * A copy of plain data. Objects in it have no prototype, so that nothing is inherited by them; functions and objects that
 * are not plain stay what they are, for the check to refuse.
 *
 * @throws {@link PlainError} where it cannot be read, or is too large.
 */
export function plainCopy(value: unknown, name: string): unknown {
  return copy(value, name, 0);
}

/** Why there is no copy: the field, and what is wrong with it. */
export class PlainError extends Error {
  constructor(
    readonly field: string,
    readonly problem: string,
    cause?: unknown,
  ) {
    super(`${field} ${problem}`, cause === undefined ? undefined : { cause });
  }
}

/** The own fields of an options object, read once. @throws {@link PlainError}. */
export function ownFields(value: object, name: string): Record<string, unknown> {
  return guarded(name, () => {
    const fields = Object.create(null) as Record<string, unknown>;
    for (const field of Object.getOwnPropertyNames(value)) {
      fields[field] = (value as Record<string, unknown>)[field];
    }
    return fields;
  });
}

/** The items of a list, read once; null where it is no list. @throws {@link PlainError}. */
export function ownItems(value: unknown, name: string, most: number = MOST_ITEMS): unknown[] | null {
  return guarded(name, () => {
    if (!Array.isArray(value)) return null;
    const { length } = value;
    if (length > most) throw new PlainError(name, `has ${length} items; at most ${most} are possible`);
    return Array.from({ length }, (_, index): unknown => value[index]);
  });
}

/** Whether it is an object that was written down, or read from JSON, also in another realm. */
export function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function copy(value: unknown, name: string, depth: number): unknown {
  if (depth > DEEPEST) throw new PlainError(name, 'is nested too deeply');
  return guarded(name, () => {
    const items = ownItems(value, name);
    if (items !== null) return items.map((item, index) => copy(item, `${name}[${index}]`, depth + 1));
    if (!isPlainObject(value)) return value;
    const fields = ownFields(value, name);
    const names = Object.keys(fields);
    if (names.length > MOST_ITEMS) throw new PlainError(name, `has more than ${MOST_ITEMS} fields`);
    for (const field of names) fields[field] = copy(fields[field], `${name}.${field}`, depth + 1);
    return fields;
  });
}

function guarded<Result>(name: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (error instanceof PlainError) throw error;
    throw new PlainError(name, 'cannot be read: its getter or its proxy threw', error);
  }
}
