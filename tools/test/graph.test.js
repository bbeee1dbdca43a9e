'use strict';

const assert = require('node:assert/strict');
const { appendFileSync, readFileSync, rmSync } = require('node:fs');
const { join } = require('node:path');
const { after, before, beforeEach, describe, test } = require('node:test');
const { pathToFileURL } = require('node:url');

const { WorkspaceCopy } = require('./workspace-copy');

/** What stands on the diff track: its crate, the bench addon that links it, and upwards to what drives the runtime. */
const ABOVE_DIFF_CORE = [
  '@fishplate/diff',
  '@fishplate/diff-bench',
  '@fishplate/diff-validation',
  '@fishplate/integration',
  '@fishplate/runtime-bench',
  'fishplate',
  'fishplate-diff',
  'fishplate-diff-napi',
  'fishplate-diff-rivals',
];

/** What stands on the helper of the sandbox track. */
const ABOVE_HELPER = [
  '@fishplate/sandbox',
  '@fishplate/sandbox-validation',
  'fishplate-sandbox',
  'fishplate-sandbox-helper',
  'fishplate-sandbox-napi',
  'fishplate-sandboxd',
];

describe('the graph', () => {
  /** @type {WorkspaceCopy} */
  let copy;

  before(() => {
    copy = new WorkspaceCopy('graph');
  });

  after(() => copy.remove());

  beforeEach(() => copy.git('checkout', '--quiet', '--', '.'));

  /** @param {string} file */
  function touch(file) {
    appendFileSync(join(copy.root, file), '\n');
  }

  test('touching a core marks all that stands on it, and nothing else', () => {
    touch('libs/diff/core/src/lib.rs');
    assert.deepEqual(copy.affected('--base', 'HEAD'), ABOVE_DIFF_CORE);
  });

  test('touching a binding leaves its core alone', () => {
    touch('libs/diff/napi/src/lib.rs');
    const expected = ABOVE_DIFF_CORE.filter(
      (name) => name !== 'fishplate-diff' && name !== 'fishplate-diff-rivals',
    );
    assert.deepEqual(copy.affected('--base', 'HEAD'), expected);
  });

  test('touching a foundation marks the tracks that stand on it, and not their cores', () => {
    touch('libs/syntax/core/src/lib.rs');
    const expected = [
      ...ABOVE_DIFF_CORE.filter((name) => name.startsWith('@') || name === 'fishplate'),
      ...['@fishplate/symbols', '@fishplate/symbols-bench', '@fishplate/symbols-validation'],
      // Its core parses by it.
      ...['fishplate-symbols', 'fishplate-symbols-napi'],
      ...['fishplate-syntax', 'fishplate-syntax-napi'],
    ];
    assert.deepEqual(copy.affected('--base', 'HEAD'), expected.sort());
  });

  test('touching a helper marks its core and all that stands on that', () => {
    touch('libs/sandbox/helper/src/main.rs');
    const marked = copy.affected('--base', 'HEAD');
    assert.deepEqual(
      ABOVE_HELPER.filter((name) => !marked.includes(name)),
      [],
    );
    assert.deepEqual(
      marked.filter((name) => /diff|gitignore|syntax|engine/.test(name)),
      [],
    );
  });

  test('touching a daemon marks the library that starts it, and leaves core, helper and binding alone', () => {
    touch('libs/sandbox/daemon/src/main.rs');
    const marked = copy.affected('--base', 'HEAD');
    assert.ok(marked.includes('@fishplate/sandbox') && marked.includes('fishplate-sandboxd'), String(marked));
    assert.deepEqual(
      marked.filter((name) => /^fishplate-/.test(name)),
      ['fishplate-sandboxd'],
    );
  });

  test('a binding is built with the executables of its track, and none of another', () => {
    const { nodes } = readGraph(copy);
    const before = (/** @type {string} */ name) => nodes[name]?.data.targets?.['build']?.dependsOn ?? [];
    assert.deepEqual(before('fishplate-sandbox-napi'), [
      { target: 'build', projects: ['fishplate-sandboxd', 'fishplate-sandbox-helper'] },
    ]);
    assert.deepEqual(before('fishplate-diff-napi'), []);
  });

  test('touching a TypeScript library marks no crate', () => {
    touch('libs/diff/ts/src/index.ts');
    const crates = copy.affected('--base', 'HEAD').filter((name) => name.startsWith('fishplate-'));
    assert.deepEqual(crates, []);
  });

  test('touching the README marks nothing', () => {
    touch('README.md');
    assert.deepEqual(copy.affected('--base', 'HEAD'), []);
  });

  test('touching the Cargo workspace marks every crate', () => {
    touch('Cargo.toml');
    const marked = copy.affected('--base', 'HEAD');
    assert.ok(
      ['fishplate-diff', 'fishplate-diff-napi'].every((name) => marked.includes(name)),
      String(marked),
    );
  });

  test('after touching a track, affected benches are those of the track and of the runtime', () => {
    touch('libs/diff/core/src/lib.rs');
    assert.deepEqual(copy.affected('--base', 'HEAD', '--with-target', 'bench'), [
      '@fishplate/diff-bench',
      '@fishplate/runtime-bench',
    ]);
  });

  test('no edge runs up, nor from one track to another', () => {
    const { nodes, dependencies } = readGraph(copy);
    const place = (/** @type {string} */ name) => placeOf(nodes[name]?.data.tags ?? []);
    const wrong = Object.values(dependencies)
      .flat()
      .filter(({ source, target }) => target in nodes && !mayStandOn(place(source), place(target)))
      .map(({ source, target }) => `${source} -> ${target}`);
    assert.deepEqual(wrong, []);
  });

  test('without a base, everything is affected: on main, main is no base', () => {
    assert.deepEqual(copy.affected(), allProjects(copy));
  });

  test('in a clone of one commit, everything is affected', () => {
    const clone = join(copy.root, '..', 'graph-depth-1');
    copy.git('clone', '--quiet', '--depth', '1', pathToFileURL(copy.root).href, clone);
    const shallow = Object.create(copy, { root: { value: clone } });
    try {
      shallow.linkPackages();
      assert.deepEqual(shallow.affected(), allProjects(copy));
    } finally {
      shallow.remove();
    }
  });
});

const FLOORS = ['helper', 'core', 'daemon', 'napi', 'ts', 'bench', 'validation', 'app'];

/** Tracks stand on these, as on a floor of their own. */
const FOUNDATIONS = new Set(['engine', 'syntax', 'validation']);

/**
 * @typedef {{ floor: number, track: string | undefined }} Place
 *
 * @param {readonly string[]} tags
 * @returns {Place}
 */
function placeOf(tags) {
  const word = (/** @type {string} */ key) => tags.find((tag) => tag.startsWith(key))?.slice(key.length);
  return { floor: FLOORS.indexOf(word('kind:') ?? ''), track: word('track:') };
}

/**
 * @param {Place} upper
 * @param {Place} lower
 */
function mayStandOn(upper, lower) {
  if (upper.floor < lower.floor && lower.track !== undefined) return false;
  return (
    upper.track === undefined ||
    lower.track === undefined ||
    upper.track === lower.track ||
    FOUNDATIONS.has(lower.track)
  );
}

/**
 * @param {WorkspaceCopy} copy
 * @returns {import('@nx/devkit').ProjectGraph}
 */
function readGraph(copy) {
  const { code, output } = copy.nx(['graph', '--file', 'graph.json']);
  assert.equal(code, 0, output);
  const { graph } = JSON.parse(readFileSync(join(copy.root, 'graph.json'), 'utf8'));
  rmSync(join(copy.root, 'graph.json'));
  return graph;
}

/** @param {WorkspaceCopy} copy */
function allProjects(copy) {
  const { output } = copy.nx(['show', 'projects', '--json']);
  return JSON.parse(output.slice(output.indexOf('['))).sort();
}
