'use strict';

const { existsSync, readFileSync } = require('node:fs');
const { dirname, join } = require('node:path');

const { EXECUTABLES, roomOf } = require('./rooms');

/**
 * A package of the workspace and what stands below it.
 *
 * @typedef {object} Package
 * @property {string} folder
 * @property {string} project its name in the graph
 * @property {import('./rooms').Room} room
 * @property {string[]} dependencies names of the workspace packages that its package.json lists
 */

/**
 * Reads the package.json files of the workspace.
 *
 * @param {string} root
 * @param {readonly string[]} files relative paths, any files among them
 * @returns {Map<string, Package>} by npm name
 */
function readPackages(root, files) {
  /** @type {Map<string, Package & { listed: string[] }>} */
  const packages = new Map();
  for (const file of files) {
    const folder = dirname(file).replaceAll('\\', '/');
    const room = roomOf(folder);
    if (!file.endsWith('package.json') || room === undefined) continue;
    const manifest = readJson(join(root, file));
    const { dependencies, devDependencies, optionalDependencies } = manifest;
    const listed = Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies });
    const project = projectName(root, folder) ?? manifest.name;
    packages.set(manifest.name, { folder, project, room, dependencies: [], listed });
  }
  for (const entry of packages.values())
    entry.dependencies = entry.listed.filter((name) => packages.has(name));
  return packages;
}

/**
 * All packages below one, nearest first.
 *
 * @param {Map<string, Package>} packages
 * @param {string} name
 * @returns {Package[]}
 */
function packagesBelow(packages, name) {
  const found = new Set([name]);
  for (const next of found)
    for (const dependency of packages.get(next)?.dependencies ?? []) found.add(dependency);
  found.delete(name);
  return [...found].map((below) => /** @type {Package} */ (packages.get(below)));
}

/**
 * A crate whose executable its track ships.
 *
 * @typedef {object} Executable
 * @property {string} project its name in the graph, which is the crate's and the executable's
 * @property {string | undefined} track
 */

/**
 * @param {string} root
 * @param {readonly string[]} files relative paths, any files among them
 * @returns {Executable[]}
 */
function readExecutables(root, files) {
  return files.flatMap((file) => {
    const folder = dirname(file).replaceAll('\\', '/');
    const room = roomOf(folder);
    if (!file.endsWith('Cargo.toml') || room === undefined || !EXECUTABLES.has(room.kind)) return [];
    const project = projectName(root, folder);
    return project === undefined ? [] : [{ project, track: room.track }];
  });
}

/**
 * @param {string} root
 * @param {string} folder
 * @returns {string | undefined} the name in its project.json
 */
function projectName(root, folder) {
  const file = join(root, folder, 'project.json');
  return existsSync(file) ? readJson(file).name : undefined;
}

/** @param {string} file */
function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

module.exports = { packagesBelow, projectName, readExecutables, readJson, readPackages };
