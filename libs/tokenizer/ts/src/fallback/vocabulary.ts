/** A vocabulary from its table: what the core has embedded is made here, when an encoding is first used. */

/** Marks what is absent. */
export const NONE = -1;

const HOLE = 0x3ffff;
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

export interface Vocabulary {
  /** The tokens that each is merged from. */
  readonly left: Int32Array;
  readonly right: Int32Array;
  /** Where each token ends in `bytes`; the first is 0. */
  readonly ends: Int32Array;
  readonly bytes: Uint8Array;
  /** Edges of the trie, as a hash table: node and byte in one number, and the node below. Free slots hold -1. */
  readonly edgeKeys: Int32Array;
  readonly edgeNodes: Int32Array;
  /** The token that ends at each node. */
  readonly nodeTokens: Int32Array;
  /** The longest shorter token that each token begins with. */
  readonly prefixes: Int32Array;
  /** Which two tokens merge into which, as a hash table. */
  readonly pairs: Int32Array;
}

export function parseVocabulary(table: string): Vocabulary {
  const count = 256 + (table.length - 512) / 6;
  const left = new Int32Array(count).fill(NONE);
  const right = new Int32Array(count).fill(NONE);
  const ends = new Int32Array(count + 1);
  const values = new Uint8Array(128);
  for (let value = 0; value < 64; value++) values[DIGITS.charCodeAt(value)] = value;
  const half = (at: number): number =>
    (values[table.charCodeAt(at)]! << 12) |
    (values[table.charCodeAt(at + 1)]! << 6) |
    values[table.charCodeAt(at + 2)]!;
  for (let token = 0; token < count; token++) {
    let length = token < 256 ? 1 : 0;
    if (token >= 256) {
      const at = 512 + 6 * (token - 256);
      const [first, second] = [half(at), half(at + 3)];
      if (first !== HOLE) {
        left[token] = first;
        right[token] = second;
        length = ends[first + 1]! - ends[first]! + ends[second + 1]! - ends[second]!;
      }
    }
    ends[token + 1] = ends[token]! + length;
  }
  const bytes = new Uint8Array(ends[count]!);
  for (let token = 0; token < count; token++) {
    const start = ends[token]!;
    if (token < 256) bytes[start] = parseInt(table.slice(2 * token, 2 * token + 2), 16);
    else if (left[token] !== NONE) {
      const [one, other] = [left[token]!, right[token]!];
      bytes.copyWithin(start, ends[one]!, ends[one + 1]);
      bytes.copyWithin(start + ends[one + 1]! - ends[one]!, ends[other]!, ends[other + 1]);
    }
  }
  return { left, right, ends, bytes, ...buildTrie(left, right, ends, bytes), pairs: buildPairs(left, right) };
}

export function edgeSlot(key: number, mask: number): number {
  const mixed = Math.imul(key, 0x9e3779b1);
  return (mixed ^ (mixed >>> 15)) & mask;
}

export function pairSlot(left: number, right: number, mask: number): number {
  const mixed = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
  return (mixed ^ (mixed >>> 15)) & mask;
}

function buildPairs(left: Int32Array, right: Int32Array): Int32Array {
  const mask = powerOfTwo(2 * left.length) - 1;
  const pairs = new Int32Array(mask + 1).fill(NONE);
  for (let token = 256; token < left.length; token++) {
    if (left[token] === NONE) continue;
    let slot = pairSlot(left[token]!, right[token]!, mask);
    while (pairs[slot] !== NONE) slot = (slot + 1) & mask;
    pairs[slot] = token;
  }
  return pairs;
}

type Trie = Pick<Vocabulary, 'edgeKeys' | 'edgeNodes' | 'nodeTokens' | 'prefixes'>;

function buildTrie(left: Int32Array, right: Int32Array, ends: Int32Array, bytes: Uint8Array): Trie {
  const count = left.length;
  // Some 2.2 nodes a token, so the edges fill about half of their table.
  const mask = powerOfTwo(4 * count) - 1;
  const edgeKeys = new Int32Array(mask + 1).fill(NONE);
  const edgeNodes = new Int32Array(mask + 1);
  const nodeTokens = new Int32Array(4 * count).fill(NONE);
  const parents = new Int32Array(4 * count);
  const places = new Int32Array(count);
  let nodes = 1;
  for (let token = 0; token < count; token++) {
    const isMerged = left[token] !== NONE;
    if (token >= 256 && !isMerged) continue;
    // The way of the left half has been gone.
    let node = isMerged ? places[left[token]!]! : 0;
    const first = isMerged
      ? ends[token + 1]! - (ends[right[token]! + 1]! - ends[right[token]!]!)
      : ends[token]!;
    for (let at = first; at < ends[token + 1]!; at++) {
      const key = (node << 8) | bytes[at]!;
      let slot = edgeSlot(key, mask);
      while (edgeKeys[slot] !== NONE && edgeKeys[slot] !== key) slot = (slot + 1) & mask;
      if (edgeKeys[slot] === NONE) {
        edgeKeys[slot] = key;
        edgeNodes[slot] = nodes;
        parents[nodes++] = node;
      }
      node = edgeNodes[slot]!;
    }
    nodeTokens[node] = token;
    places[token] = node;
  }
  // Parents have lower numbers than their children.
  const nearest = new Int32Array(nodes).fill(NONE);
  const prefixes = new Int32Array(count).fill(NONE);
  for (let node = 1; node < nodes; node++) {
    const above = nearest[parents[node]!]!;
    const token = nodeTokens[node]!;
    nearest[node] = token === NONE ? above : token;
    if (token !== NONE) prefixes[token] = above;
  }
  return { edgeKeys, edgeNodes, nodeTokens: nodeTokens.slice(0, nodes), prefixes };
}

function powerOfTwo(least: number): number {
  return 2 ** Math.ceil(Math.log2(least));
}
