/** Deltas between states: copies from a base and inserted bytes. See docs/formats/storage.md. */

const STEP = 4096;

/** The state that a delta makes from its base; null where it is not valid, or the result above `limit`. */
export function applyDelta(base: Buffer, delta: Buffer, limit: number): Buffer | null {
  const input = new Numbers(delta);
  const size = input.next();
  if (!(size <= limit)) return null;
  const result = Buffer.allocUnsafe(size);
  let [done, at] = [0, 0];
  while (done < size) {
    const copy = input.next();
    if (copy > 0) {
      const coded = input.next();
      const from = at + (coded % 2 === 0 ? coded / 2 : -(coded + 1) / 2);
      if (!(from >= 0 && from + copy <= base.length && copy <= size - done)) return null;
      base.copy(result, done, from, from + copy);
      done += copy;
      at = from + copy;
    }
    const insert = input.next();
    // What is no number fails every comparison.
    if (!(insert <= size - done && copy + insert > 0 && input.at + insert <= delta.length)) return null;
    delta.copy(result, done, input.at, input.at + insert);
    input.at += insert;
    done += insert;
  }
  return input.at === delta.length ? result : null;
}

/** A delta that makes `next` from `base`: both ends are copied, what is between is inserted. */
export function makeDelta(base: Buffer, next: Buffer): Buffer {
  const prefix = commonPrefix(base, next);
  const suffix = commonSuffix(base.subarray(prefix), next.subarray(prefix));
  const middle = next.subarray(prefix, next.length - suffix);
  const parts: Uint8Array[] = [number(next.length)];
  if (prefix > 0) parts.push(number(prefix), number(0));
  else if (middle.length > 0) parts.push(number(0));
  if (prefix > 0 || middle.length > 0) parts.push(number(middle.length), middle);
  // From the end of the copy before; never backwards.
  if (suffix > 0) parts.push(number(suffix), number(2 * (base.length - suffix - prefix)), number(0));
  return Buffer.concat(parts);
}

/** LEB128: 7 bits a byte, lowest first. */
function number(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

class Numbers {
  at = 0;

  constructor(private readonly bytes: Buffer) {}

  /** NaN where there is none. */
  next(): number {
    let [value, place] = [0, 1];
    for (let count = 0; count < 7; count++) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) return Number.NaN;
      value += (byte & 0x7f) * place;
      if (byte < 0x80) return value;
      place *= 0x80;
    }
    return Number.NaN;
  }
}

function commonPrefix(left: Buffer, right: Buffer): number {
  const most = Math.min(left.length, right.length);
  let at = 0;
  while (at + STEP <= most && left.compare(right, at, at + STEP, at, at + STEP) === 0) at += STEP;
  while (at < most && left[at] === right[at]) at++;
  return at;
}

function commonSuffix(left: Buffer, right: Buffer): number {
  const most = Math.min(left.length, right.length);
  const [leftEnd, rightEnd] = [left.length, right.length];
  let at = 0;
  while (
    at + STEP <= most &&
    left.compare(right, rightEnd - at - STEP, rightEnd - at, leftEnd - at - STEP, leftEnd - at) === 0
  ) {
    at += STEP;
  }
  while (at < most && left[leftEnd - at - 1] === right[rightEnd - at - 1]) at++;
  return at;
}
