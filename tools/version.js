'use strict';

// Sets the version of everything in the workspace: node tools/version.js <x.y.z>
// Exact and together, since a package.json that names another version loses its edge in the graph without a word.

const { execFileSync } = require('node:child_process');
const { existsSync, readdirSync, readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

const VERSION = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/;
const DEPENDENCIES = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'];

/**
 * @param {string} root
 * @param {string} version
 * @returns {string[]} the files that changed
 */
function setVersion(root, version) {
  if (!VERSION.test(version)) throw new Error(`${version} is no version: give x.y.z or x.y.z-name`);
  const manifests = manifestFiles(root).map((file) => ({ file, manifest: readJson(join(root, file)) }));
  const names = new Set(manifests.map(({ manifest }) => manifest.name));
  const changed = manifests.filter(({ file, manifest }) => {
    manifest.version = version;
    for (const kind of DEPENDENCIES) {
      for (const name of Object.keys(manifest[kind] ?? {}))
        if (names.has(name)) manifest[kind][name] = version;
    }
    return replace(join(root, file), `${JSON.stringify(manifest, null, 2)}\n`);
  });
  const files = changed.map(({ file }) => file);
  if (
    replace(join(root, 'Cargo.toml'), cargoManifest(readFileSync(join(root, 'Cargo.toml'), 'utf8'), version))
  ) {
    files.push('Cargo.toml');
  }
  return files;
}

/**
 * @param {string} text the workspace's Cargo.toml
 * @param {string} version
 * @returns {string}
 */
function cargoManifest(text, version) {
  return text
    .replace(/(\[workspace\.package\]\s+version = ")[^"]+/, `$1${version}`)
    .replace(/^(fishplate-[\w-]+ = \{[^}]*\bversion = ")[^"]+/gm, `$1${version}`);
}

/** @param {string} root */
function manifestFiles(root) {
  const { workspaces } = readJson(join(root, 'package.json'));
  const folders = workspaces.flatMap((/** @type {string} */ pattern) => {
    const [before = '', after = ''] = pattern.split('*');
    return readdirSync(join(root, before)).map((name) => `${before}${name}${after}`);
  });
  const files = ['package.json', 'tools/nx-plugin/package.json'];
  files.push(...folders.map((/** @type {string} */ folder) => `${folder}/package.json`));
  return files.filter((file) => existsSync(join(root, file)));
}

/** @param {string} file */
function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

/**
 * @param {string} file
 * @param {string} text
 * @returns {boolean} whether that changed it
 */
function replace(file, text) {
  if (readFileSync(file, 'utf8') === text) return false;
  writeFileSync(file, text);
  return true;
}

/** @param {string} root */
function updateLocks(root) {
  const shell = process.platform === 'win32';
  execFileSync('npm', ['install', '--package-lock-only', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: root,
    stdio: 'inherit',
    shell,
  });
  execFileSync('cargo', ['update', '--workspace', '--offline'], { cwd: root, stdio: 'inherit' });
}

if (require.main === module) {
  const root = join(__dirname, '..');
  const version = process.argv[2] ?? '';
  process.stdout.write(`${setVersion(root, version).join('\n')}\n`);
  updateLocks(root);
}

module.exports = { setVersion };
