/** Checks that ask npm diff, git and GNU patch. */

import { seeded } from '@fishplate/bench-harness';
import * as ours from '@fishplate/diff';
import {
  applyPatch,
  applyUnifiedDiff,
  createTwoFilesPatch,
  merge3,
  parsePatch,
  reverseUnifiedDiff,
  structuredPatch,
  unifiedDiff,
} from '@fishplate/diff';
import * as npm from 'diff';

import { type AskedEngine, type Check, expectEqual } from '@fishplate/validation';
import { type Alphabet, generatePairs, type Pair } from './pairs';
import { applyWith, isGnuPatch, isInstalled, mergeWithGit, type PatchedFile } from './tools';

const WITHOUT_GIT = isInstalled('git') ? undefined : 'git is not installed';
const WITHOUT_GNU_PATCH = isGnuPatch() ? undefined : 'GNU patch is not installed';

/** Truth checks over `cases` generated pairs each. */
export function truthChecks(cases: number): Check[] {
  return [
    { name: 'patch text and objects equal those of npm diff', run: (engine) => equalsNpm(cases, engine) },
    { name: 'changes equal those of npm diff', run: (engine) => comparesAsNpm(cases, engine) },
    {
      name: 'merges equal those of git, in three styles',
      skip: WITHOUT_GIT,
      run: (engine) => mergesAsGit(Math.ceil(cases / 10), engine),
    },
    { name: 'parsed patches equal those of npm diff', run: (engine) => parsesAsNpm(cases, engine) },
    { name: 'applying drifted patches ends as with npm diff', run: (engine) => appliesAsNpm(cases, engine) },
    ...(['utf8', 'bytes'] as const).flatMap((alphabet): Check[] => [
      {
        name: `our own apply gives the new text and, reversed, the old one (${alphabet})`,
        run: (engine) => roundTrips(cases, alphabet, engine),
      },
      {
        name: `git apply takes every patch and its reverse (${alphabet})`,
        skip: WITHOUT_GIT,
        run: (engine) => taken('git', cases, alphabet, engine),
      },
      {
        name: `GNU patch takes every patch and its reverse (${alphabet})`,
        skip: WITHOUT_GNU_PATCH,
        run: (engine) => taken('patch', cases, alphabet, engine),
      },
    ]),
  ];
}

function equalsNpm(cases: number, engine: AskedEngine): string {
  const optionSets = [{}, { context: 0 }, { context: 1, ignoreWhitespace: true }, { stripTrailingCr: true }];
  strings(cases, 11).forEach(([old, new_], index) => {
    const options = optionSets[index % optionSets.length]!;
    const names = ['old.txt', index % 2 ? 'old.txt' : 'new name.txt'] as const;
    expectEqual(
      createTwoFilesPatch(...names, old, new_, undefined, undefined, { ...options, engine }),
      npm.createTwoFilesPatch(...names, old, new_, undefined, undefined, { ...options }),
      `createTwoFilesPatch of pair ${index}`,
    );
    expectEqual(
      structuredPatch(...names, old, new_, 'was', 'is', { ...options, engine }),
      npm.structuredPatch(...names, old, new_, 'was', 'is', { ...options }),
      `structuredPatch of pair ${index}`,
    );
  });
  return `${cases} pairs, ${optionSets.length} sets of options`;
}

type Compare = (old: string, new_: string, options: object) => unknown;

/** The comparing functions of npm diff that take two texts. */
const COMPARING = [
  'diffLines',
  'diffTrimmedLines',
  'diffWords',
  'diffWordsWithSpace',
  'diffChars',
  'diffSentences',
  'diffCss',
  'diffJson',
] as const;

function comparesAsNpm(cases: number, engine: AskedEngine): string {
  strings(cases, 16).forEach(([old, new_], index) => {
    for (const name of COMPARING) {
      const options = { oneChangePerToken: index % 5 === 0 };
      const [own, model] = [ours[name] as Compare, npm[name] as Compare];
      expectEqual(
        own(old, new_, { ...options, engine }),
        model(old, new_, { ...options }),
        `${name} of pair ${index}`,
      );
    }
  });
  return `${cases} pairs, ${COMPARING.length} functions`;
}

function mergesAsGit(cases: number, engine: AskedEngine): string {
  let conflicts = 0;
  const random = seeded(17);
  for (let index = 0; index < cases; index++) {
    // Lines that occur once: there is one way only to pair them.
    const base = Array.from({ length: 2 + random(20) }, (_, line) => `line ${line}\n`);
    const [left, right] = [0, 1].map((side) =>
      base.flatMap((line, at) =>
        random(6) === 0 ? (random(2) ? [`new ${side * random(2)}.${at}\n`] : []) : [line],
      ),
    );
    const texts = [base, left!, right!].map((lines) => lines.join(''));
    const style = (['merge', 'diff3', 'zdiff3'] as const)[index % 3]!;
    const merged = merge3(texts[0]!, texts[1]!, texts[2]!, { style, engine });
    expectEqual(merged.text, mergeWithGit(texts[0]!, texts[1]!, texts[2]!, style), `merge ${index}`);
    conflicts += merged.conflicts.length;
  }
  return `${cases} merges, ${conflicts} conflicts`;
}

function parsesAsNpm(cases: number, engine: AskedEngine): string {
  const patches = strings(cases, 12).map(([old, new_], index) =>
    npm.createTwoFilesPatch(`a/${index}`, `b/${index}`, old, new_, 'then', 'now', { context: index % 5 }),
  );
  for (const [index, patch] of patches.entries()) {
    expectEqual(parsePatch(patch, { engine }), npm.parsePatch(patch), `patch ${index}`);
  }
  const all = patches.join('');
  expectEqual(parsePatch(all, { engine }), npm.parsePatch(all), 'all patches as one');
  return `${cases} patches`;
}

function appliesAsNpm(cases: number, engine: AskedEngine): string {
  let applied = 0;
  strings(cases, 13).forEach(([old, new_], index) => {
    const patch = npm.createTwoFilesPatch('x', 'x', old, new_, undefined, undefined, { context: index % 4 });
    const drifted = index % 3 === 0 ? old : index % 3 === 1 ? `first\n${old}` : old.replace('b\n', '');
    const options = { fuzzFactor: index % 3 };
    const expected = npm.applyPatch(drifted, patch, options);
    expectEqual(applyPatch(drifted, patch, { ...options, engine }), expected, `pair ${index}`);
    if (expected !== false) applied++;
  });
  return `${cases} patches, ${applied} of which fit`;
}

function roundTrips(cases: number, alphabet: Alphabet, engine: AskedEngine): string {
  changedPairs(cases, 14, alphabet).forEach((pair, index) => {
    const { patch } = unifiedDiff(pair.old, pair.new, { engine, context: index % 4 });
    const there = applyUnifiedDiff(pair.old, patch, { engine });
    if (!there.text?.equals(pair.new)) throw new Error(`pair ${index}: ${JSON.stringify(there.hunks)}`);
    const back = applyUnifiedDiff(pair.new, reverseUnifiedDiff(patch, { engine }), { engine });
    if (!back.text?.equals(pair.old))
      throw new Error(`pair ${index}, reversed: ${JSON.stringify(back.hunks)}`);
  });
  return `${cases} pairs`;
}

function taken(program: 'git' | 'patch', cases: number, alphabet: Alphabet, engine: AskedEngine): string {
  const there: PatchedFile[] = [];
  const back: PatchedFile[] = [];
  changedPairs(cases, 15, alphabet).forEach((pair, index) => {
    const { patch } = unifiedDiff(pair.old, pair.new, {
      engine,
      oldPath: `a/${index}`,
      newPath: `b/${index}`,
    });
    there.push({ before: pair.old, patch, after: pair.new });
    back.push({
      before: pair.new,
      patch: renamed(reverseUnifiedDiff(patch, { engine }), index),
      after: pair.old,
    });
  });
  applyWith(program, there);
  applyWith(program, back);
  return `${cases} pairs, both ways`;
}

/** Reversing swaps the names; the tools want `a/` first again. */
function renamed(patch: Buffer, index: number): Buffer {
  const text = patch.toString('latin1');
  return Buffer.from(
    text.replace(`--- b/${index}\n+++ a/${index}\n`, `--- a/${index}\n+++ b/${index}\n`),
    'latin1',
  );
}

function strings(cases: number, seed: number): [old: string, new_: string][] {
  return generatePairs(cases, seed, 'utf8').map((pair) => [pair.old.toString(), pair.new.toString()]);
}

/** Pairs that differ: equal texts have no patch. */
function changedPairs(cases: number, seed: number, alphabet: Alphabet): Pair[] {
  return generatePairs(cases * 2, seed, alphabet)
    .filter((pair) => !pair.old.equals(pair.new))
    .slice(0, cases);
}
