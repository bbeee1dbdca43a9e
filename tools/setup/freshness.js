'use strict';

const { spawnSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } = require('node:fs');
const { dirname, join } = require('node:path');

const { ROOT } = require('./workspace');

const STAMP = join(ROOT, 'node_modules', '.cache', 'fishplate', 'built');
const SOURCES = [
  'apps/runtime',
  'libs',
  'tools',
  'Cargo.toml',
  'Cargo.lock',
  'nx.json',
  'package-lock.json',
  'tsconfig.base.json',
];

/**
 * Whether the last build that `npm start` made is of the sources as they are. Asking Nx takes over a second.
 *
 * @param {boolean} withNative
 */
function isBuilt(withNative) {
  try {
    return readFileSync(STAMP, 'utf8') === fingerprint(withNative);
  } catch {
    return false;
  }
}

/** @param {boolean} withNative */
function markBuilt(withNative) {
  mkdirSync(dirname(STAMP), { recursive: true });
  writeFileSync(STAMP, fingerprint(withNative));
}

/**
 * Names, sizes and times of all sources, and which outputs are there.
 *
 * @param {boolean} withNative
 */
function fingerprint(withNative) {
  const listing = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', ...SOURCES];
  const { stdout } = spawnSync('git', listing, { cwd: ROOT, encoding: 'utf8', maxBuffer: 1 << 28 });
  const hash = createHash('sha256').update(`${withNative} ${process.version}\n${outputs().join('\n')}\n`);
  for (const file of stdout.split('\0').filter(Boolean).sort()) {
    const found = statSync(join(ROOT, file), { throwIfNoEntry: false });
    // A binding's types are an output too, rewritten by each build.
    if (!file.endsWith('napi/index.d.ts')) hash.update(`${file} ${found?.size} ${found?.mtimeMs}\n`);
  }
  return hash.digest('hex');
}

/** Bindings with their executables, and compiled JavaScript: a cleaned tree must not look built. */
function outputs() {
  const tracks = readdirSync(join(ROOT, 'libs'));
  return tracks.flatMap((track) =>
    [`libs/${track}/ts/dist`, `libs/${track}/napi`].flatMap((folder) => {
      const names = entries(join(ROOT, folder)).filter((name) => /\.(?:js|node)$|^fishplate-/.test(name));
      return names.map((name) => `${folder}/${name}`);
    }),
  );
}

/** @param {string} folder */
function entries(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

module.exports = { isBuilt, markBuilt };
