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

/** Paths in order, each once: finding one costs a logarithm of their number. */
export class SortedPaths {
  private paths: string[];

  constructor(paths: Iterable<string>) {
    const sorted = [...paths].sort(comparePaths);
    this.paths = sorted.filter((path, index) => path !== sorted[index - 1]);
  }

  add(path: string): void {
    const at = this.position(path);
    if (this.paths[at] !== path) this.paths.splice(at, 0, path);
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
