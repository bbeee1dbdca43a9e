'use strict';

const { execFileSync } = require('node:child_process');
const { join } = require('node:path');

const { generateFiles, readJson } = require('@nx/devkit');

/**
 * Makes a track that builds, tests, validates and benches at once, with one real function through all floors.
 *
 *     npx nx g ./tools/nx-plugin:track <name>
 *
 * @param {import('@nx/devkit').Tree} tree
 * @param {{ name: string, skipInstall?: boolean }} options
 */
async function track(tree, { name, skipInstall = false }) {
  if (tree.exists(`libs/${name}`)) throw new Error(`libs/${name} is there already`);
  const { version, engines } = readJson(tree, 'package.json');
  const pascal = `${name[0]?.toUpperCase()}${name.slice(1)}`;
  const words = { name, version, node: engines.node, pascal, upper: name.toUpperCase() };
  generateFiles(tree, join(__dirname, 'files'), '.', words);
  edit(tree, 'Cargo.toml', (text) => addCrate(text, name, version));
  edit(tree, '.github/CODEOWNERS', (text) => addOwner(text, name));
  return () => {
    if (skipInstall) return;
    const shell = process.platform === 'win32';
    execFileSync('npm', ['install', '--no-audit', '--no-fund'], { cwd: tree.root, stdio: 'inherit', shell });
  };
}

/**
 * @param {string} text the workspace's Cargo.toml
 * @param {string} name
 * @param {string} version
 * @returns {string} with the crate among those that others may depend on, in order
 */
function addCrate(text, name, version) {
  const entry = `fishplate-${name} = { path = "libs/${name}/core", version = "${version}" }`;
  const [head = '', rest = ''] = text.split(/(?<=\[workspace\.dependencies\]\n)/);
  const lines = rest.split('\n');
  const end = lines.indexOf('');
  return head + [...[...lines.slice(0, end), entry].sort(), ...lines.slice(end)].join('\n');
}

/**
 * @param {string} text
 * @param {string} name
 * @returns {string}
 */
function addOwner(text, name) {
  const paths = [
    `/libs/${name}/`,
    `/apps/${name}-validation/`,
    `/benchmarks/${name}/`,
    `/docs/tracks/${name}.md`,
  ];
  return `${text.trimEnd()}\n\n${paths.map((path) => `${path.padEnd(29)} @fishplate/${name}`).join('\n')}\n`;
}

/**
 * @param {import('@nx/devkit').Tree} tree
 * @param {string} file
 * @param {(text: string) => string} change
 */
function edit(tree, file, change) {
  tree.write(file, change(tree.read(file, 'utf8') ?? ''));
}

module.exports = { addCrate, default: track };
