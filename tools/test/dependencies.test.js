'use strict';

const assert = require('node:assert/strict');
const { existsSync, readFileSync, readdirSync } = require('node:fs');
const { join } = require('node:path');
const { describe, it } = require('node:test');

const ROOT = join(__dirname, '..', '..');

/** As `deny.toml` has them for crates. */
const LICENCES = new Set([
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'ISC',
  'MIT',
  'MIT OR Apache-2.0',
  'Zlib',
]);

/** @param {string} path */
function json(path) {
  return JSON.parse(readFileSync(join(ROOT, path), 'utf8'));
}

/** Folders of packages that ship. */
const SHIPPED = ['apps/runtime', ...readdirSync(join(ROOT, 'libs')).map((name) => `libs/${name}/ts`)].filter(
  (path) => existsSync(join(ROOT, path, 'package.json')),
);

/**
 * @param {string} folder
 * @returns {string[]} every source below it
 */
function sources(folder) {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return sources(path);
    return /\.(?:ts|js|mjs|cjs)$/.test(entry.name) ? [readFileSync(join(ROOT, path), 'utf8')] : [];
  });
}

describe('npm packages that ship', () => {
  it('have licences that the project accepts', () => {
    for (const [path, { link, dev, license }] of Object.entries(json('package-lock.json').packages)) {
      if (!path.startsWith('node_modules/') || link || dev) continue;
      assert.ok(LICENCES.has(license), `${path}: ${license}`);
    }
  });

  for (const folder of SHIPPED) {
    const { dependencies = {}, peerDependencies = {} } = json(`${folder}/package.json`);
    const names = Object.keys(dependencies);

    it(`${folder} uses each of its dependencies, and names each in docs/dependencies.md`, () => {
      const text = sources(`${folder}/src`).join('\n');
      const page = readFileSync(join(ROOT, 'docs', 'dependencies.md'), 'utf8');
      for (const name of names) {
        const used = new RegExp(`['"]${name.replace(/[/.]/g, '\\$&')}(?:/[^'"]*)?['"]`);
        assert.match(text, used, `${name} is used nowhere`);
        if (!name.startsWith('@fishplate/')) assert.ok(page.includes(`\`${name}\``), `${name} has no reason`);
      }
    });

    it(`${folder} pins them exactly`, () => {
      for (const [name, version] of Object.entries(dependencies))
        assert.match(version, /^\d+\.\d+\.\d+(?:-[\w.]+)?$/, name);
      for (const name of Object.keys(peerDependencies)) assert.ok(!(name in dependencies), name);
    });
  }
});

describe('crates', () => {
  it('are pinned exactly', () => {
    const [, after = ''] = readFileSync(join(ROOT, 'Cargo.toml'), 'utf8').split('[workspace.dependencies]\n');
    const [section = ''] = after.split('\n\n');
    for (const line of section.split('\n')) assert.match(line, /(?:"=\d|path = )/, line);
  });
});
