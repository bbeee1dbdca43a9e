/** Paths in the order of their bytes, as git lists them. */

/** Compares two paths by their UTF-8 bytes. */
export function comparePaths(left: string, right: string): number {
  const most = Math.min(left.length, right.length);
  for (let at = 0; at < most; at++) {
    const one = left.charCodeAt(at);
    const other = right.charCodeAt(at);
    if (one !== other) return rank(one) - rank(other);
  }
  return left.length - right.length;
}

/** Code units in the order of the bytes that they come to: a surrogate is a part of what lies behind U+FFFF. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/** Names sorted and merged between two moments in which the event loop runs. */
const RUN = 4096;

/** Sorts many paths, each once, letting the event loop run between. */
export async function sortPaths(paths: readonly string[]): Promise<string[]> {
  let runs: string[][] = [];
  for (let start = 0; start < paths.length; start += RUN) {
    runs.push(paths.slice(start, start + RUN).sort(comparePaths));
    await new Promise(setImmediate);
  }
  while (runs.length > 1) {
    const longer: string[][] = [];
    for (let index = 0; index < runs.length; index += 2)
      longer.push(await merged(runs[index]!, runs[index + 1]));
    runs = longer;
  }
  return (runs[0] ?? []).filter((path, index, all) => path !== all[index - 1]);
}

async function merged(left: readonly string[], right: readonly string[] = []): Promise<string[]> {
  const all: string[] = [];
  for (let [one, other] = [0, 0]; one < left.length || other < right.length; ) {
    const isLeft =
      other === right.length || (one < left.length && comparePaths(left[one]!, right[other]!) <= 0);
    all.push(isLeft ? left[one++]! : right[other++]!);
    if (all.length % RUN === 0) await new Promise(setImmediate);
  }
  return all;
}

/** Paths in order, each once: finding one costs a logarithm of their number. */
export class SortedPaths {
  private paths: string[];

  /** @param paths - In order, each once. */
  constructor(paths: readonly string[]) {
    this.paths = [...paths];
  }

  add(path: string): void {
    const at = this.position(path);
    if (this.paths[at] !== path) this.paths.splice(at, 0, path);
  }

  /** Adds many, which are in order. */
  addAll(paths: readonly string[]): void {
    if (paths.length < 16) return paths.forEach((path) => this.add(path));
    const start = this.position(paths[0]!);
    const all = this.paths.slice(0, start);
    let at = start;
    for (const path of paths) {
      for (; at < this.paths.length && comparePaths(this.paths[at]!, path) < 0; at++)
        all.push(this.paths[at]!);
      if (this.paths[at] !== path) all.push(path);
    }
    for (; at < this.paths.length; at++) all.push(this.paths[at]!);
    this.paths = all;
  }

  /** Removes a path and all below it, but for those that `stays` keeps. */
  remove(path: string, stays: (path: string) => boolean): void {
    const own = this.position(path);
    if (this.paths[own] === path && !stays(path)) this.paths.splice(own, 1);
    const inside = `${path}/`;
    const start = this.position(inside);
    let end = start;
    while (this.paths[end]?.startsWith(inside)) end++;
    if (end === start) return;
    const kept = this.paths.slice(start, end).filter(stays);
    this.paths = this.paths.slice(0, start).concat(kept, this.paths.slice(end));
  }

  toArray(): string[] {
    return [...this.paths];
  }

  /** Where a path is, or belongs. */
  private position(path: string): number {
    let [low, high] = [0, this.paths.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (comparePaths(this.paths[middle]!, path) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
