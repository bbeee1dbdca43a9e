/** Orders of keys, kept for the shapes that come again: sorting is then a few comparisons of the same strings. */

/** The keys of an object in order. */
export interface Shape {
  readonly keys: readonly string[];
  /** `,"key":` for each; undefined until the shape has come again, since making them takes longer than sorting. */
  readonly prefixes: readonly string[] | undefined;
}

interface Known {
  /** As the object has them. */
  readonly given: readonly string[];
  shape: Shape;
}

/** Shapes of more keys are not kept, nor those with longer ones: they are data rather than shapes. */
const MOST_KEYS = 32;
const LONGEST_KEY = 64;

/** A shape has one place, which it takes from the one before it: memory is bounded, whatever comes. */
const PLACES = 512;
const known: (Known | undefined)[] = Array.from({ length: PLACES }, () => undefined);

/** The shape of an object with these keys, in their order. */
export function shapeOf(given: string[]): Shape {
  const { length } = given;
  if (length === 0 || length > MOST_KEYS) return { keys: sorted(given), prefixes: undefined };
  const place = placeOf(given);
  const candidate = known[place];
  if (candidate === undefined || !isSame(candidate.given, given)) {
    const shape = { keys: sorted(given), prefixes: undefined };
    if (isShort(given)) known[place] = { given, shape };
    return shape;
  }
  const { shape } = candidate;
  if (shape.prefixes !== undefined) return shape;
  const prefixes = shape.keys.map((key) => `,${JSON.stringify(key)}:`);
  return (candidate.shape = { keys: shape.keys, prefixes });
}

/** From lengths and letters that V8 has at hand. */
function placeOf(given: readonly string[]): number {
  const { length } = given;
  const [first, last] = [given[0]!, given[length - 1]!];
  const letters = first.charCodeAt(0) * 31 + last.charCodeAt(0);
  return (letters + length * 67 + first.length * 5 + last.length * 17) & (PLACES - 1);
}

function isShort(given: readonly string[]): boolean {
  for (const key of given) if (key.length > LONGEST_KEY) return false;
  return true;
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  if (one.length !== other.length) return false;
  for (let index = 0; index < one.length; index++) if (one[index] !== other[index]) return false;
  return true;
}

/** In the order of UTF-16 code units, which is that of `<` and of `sort` without a comparison. */
function sorted(given: readonly string[]): readonly string[] {
  const keys = given.slice();
  if (keys.length > MOST_KEYS) return keys.sort();
  // Few keys are sorted by insertion: `sort` takes longer to begin.
  for (let index = 1; index < keys.length; index++) {
    const key = keys[index]!;
    let place = index;
    for (; place > 0 && keys[place - 1]! > key; place--) keys[place] = keys[place - 1]!;
    keys[place] = key;
  }
  return keys;
}
