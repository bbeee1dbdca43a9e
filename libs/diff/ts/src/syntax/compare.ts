/** Which declarations changed between two texts, by name. */

import { createHash } from 'node:crypto';

import type { TextInput } from '../input';
import {
  type Declaration,
  type DeclarationKind,
  type DeclarationNode,
  declarationOf,
  type Language,
  prepare,
  type SyntaxOptions,
} from './declarations';

/** What happened to a declaration. */
export type ChangeKind =
  | 'added'
  | 'removed'
  | 'renamed'
  | 'moved'
  | 'kind-changed'
  | 'signature-changed'
  | 'body-changed';

/** Where a declaration stands on one side. */
export type DeclarationPlace = Declaration;

/** A declaration that is not the same on both sides. */
export interface DeclarationChange {
  /** At least one; several go together, but `added` and `removed` stand alone. */
  readonly changes: readonly ChangeKind[];
  /** Its kind, name and container now, or before where it was removed. */
  readonly kind: DeclarationKind;
  readonly name: string;
  readonly container: readonly string[];
  readonly old: DeclarationPlace | null;
  readonly new: DeclarationPlace | null;
}

/** What changed between two texts. */
export interface ComparedDeclarations {
  readonly language: Language;
  /** In the order of the new text; what was removed stands in front. */
  readonly changes: readonly DeclarationChange[];
  /** True where code outside all declarations changed: imports, statements. */
  readonly restChanged: boolean;
  /** True where a part of either text does not fit the grammar; declarations there may be missing. */
  readonly hasErrors: boolean;
}

/**
 * Tells which declarations were added, removed, renamed, moved, or have another signature or body.
 *
 * Comments, white space and line ends are no change. A member is reported by itself; its owner is changed where its own
 * head or code is. Members of what was added or removed are not reported beside it. `renamed` means the same code, or
 * code that is much alike, under another name in the same place; `moved` another owner, or another place among those
 * that kept their order. Where several would fit equally well, they count as removed and added.
 *
 * @throws FishplateError `SYNTAX_UNAVAILABLE`, `LANGUAGE_UNKNOWN`, `SYNTAX_TIMED_OUT`, `INPUT_TOO_LARGE`,
 * `INPUT_INVALID`, `OPTION_INVALID`.
 */
export async function compareDeclarations(
  oldText: TextInput,
  newText: TextInput,
  options: SyntaxOptions,
): Promise<ComparedDeclarations> {
  const parse = prepare(options);
  const [before, after] = await Promise.all([parse(oldText, 'oldText'), parse(newText, 'newText')]);
  const matching = new Matching();
  matching.level(before.roots, after.roots);
  matching.acrossLevels();
  return {
    language: before.language,
    changes: matching.changes(before.roots, after.roots),
    restChanged: before.rest !== after.rest,
    hasErrors: before.hasErrors || after.hasErrors,
  };
}

/** Least share of words in common that makes two declarations one. */
const ALIKE = 0.6;

/** Fewest words that say anything about likeness. */
const FEWEST_WORDS = 8;

/** Words that all comparisons for likeness may look at; past it, what is left counts as added and removed. */
const LIKENESS_BUDGET = 4_000_000;

class Matching {
  private readonly newOf = new Map<DeclarationNode, DeclarationNode>();
  private readonly matchedNew = new Set<DeclarationNode>();
  private readonly outOfOrder = new Set<DeclarationNode>();
  private readonly unmatchedOld: DeclarationNode[] = [];
  private readonly unmatchedNew: DeclarationNode[] = [];
  private readonly words = new Map<DeclarationNode, ReadonlyMap<string, number>>();
  private readonly contents = new Map<DeclarationNode, string>();
  private budget = LIKENESS_BUDGET;

  /** Matches what stands side by side, and the members of what matches. */
  level(oldRoots: readonly DeclarationNode[], newRoots: readonly DeclarationNode[]): void {
    const levels: [readonly DeclarationNode[], readonly DeclarationNode[]][] = [[oldRoots, newRoots]];
    for (let level = levels.pop(); level !== undefined; level = levels.pop()) {
      const [olds, news] = level;
      this.unique(olds, news, ({ kind, name }) => `${kind} ${name}`);
      this.inOrder(olds, news, (node) => `${node.kind} ${node.name} ${this.contentOf(node)}`);
      this.inOrder(olds, news, ({ kind, name }) => `${kind} ${name}`);
      this.unique(olds, news, ({ name }) => name);
      this.unique(olds, news, (node) => `${node.kind} ${this.contentOf(node)}`);
      this.alike(olds, news, () => true);
      this.keepOrder(olds);
      for (const old of olds) {
        const now = this.newOf.get(old);
        if (now === undefined) this.unmatchedOld.push(old);
        else if (old.members.length + now.members.length > 0) levels.push([old.members, now.members]);
      }
      for (const now of news) if (!this.matchedNew.has(now)) this.unmatchedNew.push(now);
    }
  }

  /** Matches what stands elsewhere now, under the same name. */
  acrossLevels(): void {
    const olds = withMembers(this.unmatchedOld);
    const news = withMembers(this.unmatchedNew);
    const before = new Set(this.newOf.keys());
    this.unique(olds, news, (node) => `${looseKind(node.kind)} ${node.name} ${this.contentOf(node)}`);
    this.alike(olds, news, (old, now) => old.name === now.name);
    for (const old of olds) {
      const now = this.newOf.get(old);
      if (now !== undefined && !before.has(old)) this.level(old.members, now.members);
    }
  }

  changes(oldRoots: readonly DeclarationNode[], newRoots: readonly DeclarationNode[]): DeclarationChange[] {
    const oldOf = new Map([...this.newOf].map(([old, now]) => [now, old]));
    const found: DeclarationChange[] = [];
    for (const old of inTextOrder(oldRoots)) {
      const isTop = old.owner === null || this.newOf.has(old.owner);
      if (isTop && !this.newOf.has(old)) found.push(changeOf(['removed'], old, null));
    }
    for (const now of inTextOrder(newRoots)) {
      const old = oldOf.get(now);
      const isTop = now.owner === null || this.matchedNew.has(now.owner);
      const changes: ChangeKind[] = old !== undefined ? this.between(old, now) : isTop ? ['added'] : [];
      if (changes.length > 0) found.push(changeOf(changes, old ?? null, now));
    }
    return found;
  }

  private between(old: DeclarationNode, now: DeclarationNode): ChangeKind[] {
    const sameOwner =
      old.owner === null ? now.owner === null : now.owner !== null && this.newOf.get(old.owner) === now.owner;
    const changes: ChangeKind[] = [];
    if (old.name !== now.name) changes.push('renamed');
    if (!sameOwner || this.outOfOrder.has(old)) changes.push('moved');
    if (looseKind(old.kind) !== looseKind(now.kind)) changes.push('kind-changed');
    if (old.signature !== now.signature) changes.push('signature-changed');
    if (old.body !== now.body) changes.push('body-changed');
    return changes;
  }

  private match(old: DeclarationNode, now: DeclarationNode): void {
    this.newOf.set(old, now);
    this.matchedNew.add(now);
  }

  /** Those not matched yet, by a key. */
  private groups(
    olds: readonly DeclarationNode[],
    news: readonly DeclarationNode[],
    keyOf: (node: DeclarationNode) => string,
  ): Iterable<{ olds: DeclarationNode[]; news: DeclarationNode[] }> {
    const groups = new Map<string, { olds: DeclarationNode[]; news: DeclarationNode[] }>();
    const group = (node: DeclarationNode): { olds: DeclarationNode[]; news: DeclarationNode[] } => {
      const key = keyOf(node);
      let known = groups.get(key);
      if (known === undefined) groups.set(key, (known = { olds: [], news: [] }));
      return known;
    };
    for (const old of olds) if (!this.newOf.has(old)) group(old).olds.push(old);
    for (const now of news) if (!this.matchedNew.has(now)) group(now).news.push(now);
    return groups.values();
  }

  /** Matches where there is one of each. */
  private unique(
    olds: readonly DeclarationNode[],
    news: readonly DeclarationNode[],
    keyOf: (node: DeclarationNode) => string,
  ): void {
    for (const group of this.groups(olds, news, keyOf)) {
      if (group.olds.length === 1 && group.news.length === 1) this.match(group.olds[0]!, group.news[0]!);
    }
  }

  /** Matches the first with the first, and so on: overloads, accessors, `impl` blocks. */
  private inOrder(
    olds: readonly DeclarationNode[],
    news: readonly DeclarationNode[],
    keyOf: (node: DeclarationNode) => string,
  ): void {
    for (const group of this.groups(olds, news, keyOf)) {
      const both = Math.min(group.olds.length, group.news.length);
      for (let index = 0; index < both; index++) this.match(group.olds[index]!, group.news[index]!);
    }
  }

  /** Matches pairs of which each is most like the other. */
  private alike(
    olds: readonly DeclarationNode[],
    news: readonly DeclarationNode[],
    fits: (old: DeclarationNode, now: DeclarationNode) => boolean,
  ): void {
    const left = olds.filter((old) => !this.newOf.has(old));
    const candidates = news.filter((now) => !this.matchedNew.has(now));
    const best = new Map<DeclarationNode, Best>();
    for (const old of left) {
      for (const now of candidates) {
        if (looseKind(old.kind) !== looseKind(now.kind) || !fits(old, now)) continue;
        const likeness = this.likeness(old, now);
        if (likeness < ALIKE) continue;
        improve(best, old, now, likeness);
        improve(best, now, old, likeness);
      }
    }
    for (const old of left) {
      const now = best.get(old)?.other;
      if (now != null && best.get(now)?.other === old) this.match(old, now);
    }
  }

  /** Share of words that two have in common, from 0 to 1 (Sørensen-Dice). */
  private likeness(old: DeclarationNode, now: DeclarationNode): number {
    if (this.budget <= 0) return 0;
    const [left, right] = [this.wordsOf(old), this.wordsOf(now)];
    const [fewer, more] = left.size < right.size ? [left, right] : [right, left];
    this.budget -= 1 + fewer.size;
    const total = count(left) + count(right);
    if (total < 2 * FEWEST_WORDS) return 0;
    let shared = 0;
    for (const [word, times] of fewer) shared += Math.min(times, more.get(word) ?? 0);
    return (2 * shared) / total;
  }

  private wordsOf(node: DeclarationNode): ReadonlyMap<string, number> {
    let words = this.words.get(node);
    if (words === undefined) {
      const counted = new Map<string, number>();
      for (const [word] of node.source().matchAll(/[\w$\x80-\xff]+|[^\s\w]/g)) {
        counted.set(word, (counted.get(word) ?? 0) + 1);
      }
      words = counted;
      this.budget -= counted.size;
      this.words.set(node, words);
    }
    return words;
  }

  /** Stands for all of a declaration but its name. */
  private contentOf(node: DeclarationNode): string {
    const known = this.contents.get(node);
    if (known !== undefined) return known;
    // Innermost first, without recursion: JSON nests as deep as it likes.
    for (const inner of withMembers([node]).reverse()) {
      const members = inner.members.map(
        (member) => `${member.kind} ${member.name} ${this.contents.get(member)!}`,
      );
      this.contents.set(inner, shortened(`${inner.signature} ${inner.body} ${members.join(' ')}`));
    }
    return this.contents.get(node)!;
  }

  /** Marks those that are out of the longest run of matches that kept their order. */
  private keepOrder(olds: readonly DeclarationNode[]): void {
    const matched = olds.flatMap((old) => {
      const now = this.newOf.get(old);
      return now === undefined ? [] : [{ old, now }];
    });
    const kept = longestRising(matched.map(({ now }) => now.order));
    matched.forEach(({ old }, index) => {
      if (!kept.has(index)) this.outOfOrder.add(old);
    });
  }
}

interface Best {
  likeness: number;
  /** Null where several are alike to the same degree. */
  other: DeclarationNode | null;
}

function improve(
  best: Map<DeclarationNode, Best>,
  node: DeclarationNode,
  other: DeclarationNode,
  likeness: number,
): void {
  const known = best.get(node);
  if (known === undefined || likeness > known.likeness) best.set(node, { likeness, other });
  else if (likeness === known.likeness) known.other = null;
}

function changeOf(
  changes: readonly ChangeKind[],
  old: DeclarationNode | null,
  now: DeclarationNode | null,
): DeclarationChange {
  const before = old === null ? null : declarationOf(old);
  const after = now === null ? null : declarationOf(now);
  const { kind, name, container } = (after ?? before)!;
  return { changes, kind, name, container, old: before, new: after };
}

/** A function that becomes a member is a method, and still the same. */
function looseKind(kind: DeclarationKind): string {
  if (kind === 'method') return 'function';
  return kind === 'field' ? 'variable' : kind;
}

/** The nodes with all below them, owners first. */
function withMembers(nodes: readonly DeclarationNode[]): DeclarationNode[] {
  const all = [...nodes];
  for (let index = 0; index < all.length; index++) for (const member of all[index]!.members) all.push(member);
  return all;
}

/** The nodes with all below them, in the order of the text. */
function inTextOrder(nodes: readonly DeclarationNode[]): DeclarationNode[] {
  return withMembers(nodes).sort((left, right) => left.order - right.order);
}

function count(words: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const times of words.values()) sum += times;
  return sum;
}

function shortened(text: string): string {
  return createHash('sha1').update(text).digest('base64');
}

/** Indexes of a longest run of rising numbers (patience sorting). */
function longestRising(numbers: readonly number[]): Set<number> {
  const tails: number[] = [];
  const before: number[] = [];
  numbers.forEach((number, index) => {
    let [low, high] = [0, tails.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (numbers[tails[middle]!]! < number) low = middle + 1;
      else high = middle;
    }
    before[index] = low === 0 ? -1 : tails[low - 1]!;
    tails[low] = index;
  });
  const kept = new Set<number>();
  for (let index = tails[tails.length - 1] ?? -1; index >= 0; index = before[index]!) kept.add(index);
  return kept;
}
