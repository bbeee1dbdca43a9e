/** Orders of keys, kept for the shapes that come again: sorting is then a few look-ups. */

/** The keys of an object in order, each with the text that comes before its value. */
export interface Shape {
  readonly keys: readonly string[];
  /** `,"key":`; the comma is left out before the first member that is written. */
  readonly prefixes: readonly string[];
}

interface Step {
  readonly next: Map<string, Step>;
  shape: Shape | undefined;
}

/** Shapes of more keys are not kept, nor those with longer ones: they are data rather than shapes. */
const MOST_KEYS = 24;
const LONGEST_KEY = 64;

/** Steps that are kept; then all are forgotten, so that a stream of ever new keys takes no memory. */
const MOST_STEPS = 8192;

/** New steps in a row after which looking is given up for a while: each costs more than sorting. */
const PATIENCE = 256;

let root: Step = { next: new Map(), shape: undefined };
let steps = 0;
let strange = 0;

/** The shape of an object with these keys, in their order. */
export function shapeOf(keys: string[]): Shape {
  if (keys.length > MOST_KEYS) return sorted(keys);
  if (strange > PATIENCE) {
    // One in eight still looks, so that known shapes are found again.
    strange++;
    if (strange % 8 !== 0) return sorted(keys);
  }
  let step = root;
  for (let index = 0; index < keys.length; index++) {
    const next = step.next.get(keys[index]!);
    if (next === undefined) return learn(keys);
    step = next;
  }
  if (step.shape === undefined) return learn(keys);
  strange = 0;
  return step.shape;
}

function learn(keys: string[]): Shape {
  const shape = sorted(keys);
  if (strange <= PATIENCE) strange++;
  if (keys.some((key) => key.length > LONGEST_KEY)) return shape;
  if (steps > MOST_STEPS) {
    root = { next: new Map(), shape: undefined };
    steps = 0;
  }
  let step = root;
  for (const key of keys) {
    let next = step.next.get(key);
    if (next === undefined) {
      next = { next: new Map(), shape: undefined };
      step.next.set(key, next);
      steps++;
    }
    step = next;
  }
  step.shape = shape;
  return shape;
}

/** The order of UTF-16 code units is that of `sort` without a comparison. */
function sorted(keys: string[]): Shape {
  const ordered = keys.slice().sort();
  return { keys: ordered, prefixes: ordered.map((key) => `,${JSON.stringify(key)}:`) };
}
