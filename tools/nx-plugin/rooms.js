'use strict';

/**
 * What a folder is, from where it stands. The layout is the only place that says it, so that no project.json has to.
 *
 * @typedef {'helper' | 'core' | 'daemon' | 'napi' | 'ts' | 'validation' | 'bench' | 'rivals' | 'harness' | 'runtime' | 'integration'} Kind
 *
 * @typedef {object} Room
 * @property {Kind} kind
 * @property {string | undefined} track
 */

/** @type {readonly [pattern: RegExp, kind: Kind][]} the first that matches decides */
const SHAPES = [
  [/^libs\/([^/]+)\/core$/, 'core'],
  [/^libs\/([^/]+)\/helper$/, 'helper'],
  [/^libs\/([^/]+)\/daemon$/, 'daemon'],
  [/^libs\/([^/]+)\/napi$/, 'napi'],
  [/^libs\/([^/]+)\/ts$/, 'ts'],
  [/^apps\/(.+)-validation$/, 'validation'],
  [/^apps\/runtime$/, 'runtime'],
  [/^apps\/integration$/, 'integration'],
  [/^benchmarks\/harness$/, 'harness'],
  // That of the app: of no track.
  [/^benchmarks\/runtime$/, 'bench'],
  [/^benchmarks\/([^/]+)\/addon$/, 'rivals'],
  [/^benchmarks\/([^/]+)$/, 'bench'],
];

/** Kinds of crates whose executable a track ships beside its binding. */
const EXECUTABLES = new Set(['helper', 'daemon']);

/** Tags say what a person selects by: `nx run-many -t test -p tag:kind:core`. */
const TAGGED_KINDS = new Map([
  ['rivals', 'bench'],
  ['harness', 'bench'],
  ['runtime', 'app'],
  ['integration', 'app'],
]);

/**
 * @param {string} folder relative to the workspace, with forward slashes
 * @returns {Room | undefined} undefined for a folder that is no project of this workspace's shape
 */
function roomOf(folder) {
  for (const [pattern, kind] of SHAPES) {
    const match = pattern.exec(folder);
    if (match) return { kind, track: match[1] };
  }
  return undefined;
}

/** @param {Room} room */
function tagsOf({ kind, track }) {
  const tags = [`kind:${TAGGED_KINDS.get(kind) ?? kind}`];
  return track === undefined ? tags : [`track:${track}`, ...tags];
}

module.exports = { EXECUTABLES, roomOf, tagsOf };
