'use strict';

/** Sources of which the lock files say the bytes: npm packages of package-lock.json, crates of Cargo.lock. */

const { existsSync, readdirSync, readFileSync, statSync } = require('node:fs');
const { homedir } = require('node:os');
const { join } = require('node:path');

const { languageOf } = require('./declarations');

const ROOT = join(__dirname, '..', '..', '..');

/** Packages and crates that are read, and the most symbols taken of each, so that no one fills the set. */
const PACKAGES = [
  'typescript',
  '@types/node',
  'zod',
  'eslint',
  'playwright-core',
  'axios',
  'fast-check',
  'jest-runtime',
  'nx',
];
const CRATES = [
  'regex-automata',
  'regex-syntax',
  'tokio',
  'serde_json',
  'syn',
  'rustix',
  'proptest',
  'gix-index',
  'gix-config',
  'hashbrown',
  'memchr',
  'nom',
  'uuid',
  'tiktoken-rs',
  'zstd-sys',
  'tree-sitter',
  'wide',
  'similar',
  'ignore',
  'napi',
];

/** Largest file that is read: larger ones are bundles. */
const LARGEST = 700_000;

/**
 * Files of all sources, in order.
 *
 * @returns {Generator<{ source: string, path: string, text: string }>} paths start with the name of the source
 */
function* files() {
  for (const name of PACKAGES) yield* filesBelow(join(ROOT, 'node_modules', name), name, `npm:${name}`);
  for (const name of CRATES) {
    const folder = crateFolder(name);
    if (folder === undefined)
      throw new Error(`the sources of crate ${name} are missing: run \`cargo fetch\``);
    yield* filesBelow(folder, name, `crate:${name}`);
  }
}

function* filesBelow(folder, path, source) {
  if (!existsSync(folder)) throw new Error(`${path} is not installed: run \`npm ci\``);
  const names = readdirSync(folder).sort((a, b) => (a < b ? -1 : 1));
  for (const name of names) {
    if (name === 'node_modules' || name.startsWith('.') || /\.min\.|\.map$/.test(name)) continue;
    const [inside, below] = [join(folder, name), `${path}/${name}`];
    const stats = statSync(inside);
    if (stats.isDirectory()) yield* filesBelow(inside, below, source);
    else if (stats.size <= LARGEST && languageOf(name) !== undefined) {
      yield { source, path: below, text: readFileSync(inside, 'utf8') };
    }
  }
}

/** Where Cargo keeps the sources of the version that Cargo.lock names; of two versions, the newest. */
function crateFolder(name) {
  const lock = readFileSync(join(ROOT, 'Cargo.lock'), 'utf8');
  const versions = [...lock.matchAll(new RegExp(`name = "${name}"\nversion = "([^"]+)"`, 'g'))];
  const version = versions.at(-1)?.[1];
  const registry = join(process.env.CARGO_HOME ?? join(homedir(), '.cargo'), 'registry', 'src');
  const folders = readdirSync(registry).map((index) => join(registry, index, `${name}-${version}`));
  return folders.find((folder) => existsSync(folder));
}

module.exports = { files };
