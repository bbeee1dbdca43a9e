'use strict';

/**
 * The workspace's own Nx plugin: every target comes from the shape of the folders, so that a new project is a new folder.
 *
 * CommonJS, since Nx on Node 20 loads it before anything is built.
 */

const { writeFileSync } = require('node:fs');
const { dirname } = require('node:path');

const { packagesBelow, projectName, readExecutables, readJson, readPackages } = require('./packages');
const { EXECUTABLES, roomOf, tagsOf } = require('./rooms');
const { TARGETS } = require('./targets');

/** @type {import('@nx/devkit').CreateNodes} */
const createNodesV2 = [
  '{libs,apps,benchmarks}/**/{package.json,Cargo.toml}',
  (files, _options, { workspaceRoot }) => {
    const packages = readPackages(workspaceRoot, files);
    const executables = readExecutables(workspaceRoot, files);
    return files.flatMap((file) => {
      const folder = dirname(file).replaceAll('\\', '/');
      const room = roomOf(folder);
      if (room === undefined) return [];
      const name = file.endsWith('package.json') ? readJson(`${workspaceRoot}/${file}`).name : undefined;
      // A binding has both manifests and is one project: its package.json brings it.
      const project = projectName(workspaceRoot, folder) ?? name;
      if (project === undefined) return [];
      const below = name === undefined ? [] : packagesBelow(packages, name);
      const { track } = room;
      const shipped = executables.filter((executable) => executable.track === track);
      const targets = TARGETS[room.kind]({ folder, project, below, track, shipped });
      return [[file, { projects: { [folder]: { root: folder, tags: tagsOf(room), targets } } }]];
    });
  },
];

/**
 * What no manifest can say, for it is a package that needs a crate: a bench links its rivals through a crate in its own
 * folder, and a library starts the executables of its track.
 *
 * @type {import('@nx/devkit').CreateDependencies}
 */
function createDependencies(_options, { projects }) {
  const byFolder = new Map(Object.entries(projects).map(([name, { root }]) => [root, name]));
  return [...byFolder].flatMap(([root, target]) => {
    const folder = dependentOf(root);
    const source = folder === undefined ? undefined : byFolder.get(folder);
    if (source === undefined) return [];
    const type = /** @type {import('@nx/devkit').DependencyType.static} */ ('static');
    return [{ source, target, type, sourceFile: `${folder}/package.json` }];
  });
}

/**
 * @param {string} root folder of a crate
 * @returns {string | undefined} folder of the package that needs it without saying so
 */
function dependentOf(root) {
  const kind = roomOf(root)?.kind ?? '';
  if (kind === 'rivals') return dirname(root);
  return EXECUTABLES.has(kind) ? `${dirname(root)}/ts` : undefined;
}

/**
 * Leaves the outcome of each task where `npm test` asks for it, which is more than Nx's exit code tells.
 *
 * @type {import('@nx/devkit').PostTasksExecution}
 */
function postTasksExecution(_options, { taskResults }) {
  const file = process.env['FISHPLATE_TASK_RESULTS'];
  if (file === undefined) return;
  const tasks = Object.values(taskResults).map(({ task, status }) => ({
    project: task.target.project,
    target: task.target.target,
    folder: task.projectRoot,
    status,
  }));
  writeFileSync(file, JSON.stringify(tasks));
}

module.exports = { name: '@fishplate/nx-plugin', createNodesV2, createDependencies, postTasksExecution };
