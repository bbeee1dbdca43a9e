'use strict';

/**
 * The workspace's own Nx plugin: every target comes from the shape of the folders, so that a new project is a new folder.
 *
 * CommonJS, since Nx on Node 20 loads it before anything is built.
 */

const { writeFileSync } = require('node:fs');
const { dirname } = require('node:path');

const { packagesBelow, projectName, readJson, readPackages } = require('./packages');
const { roomOf, tagsOf } = require('./rooms');
const { TARGETS } = require('./targets');

/** @type {import('@nx/devkit').CreateNodes} */
const createNodesV2 = [
  '{libs,apps,benchmarks}/**/{package.json,Cargo.toml}',
  (files, _options, { workspaceRoot }) => {
    const packages = readPackages(workspaceRoot, files);
    return files.flatMap((file) => {
      const folder = dirname(file).replaceAll('\\', '/');
      const room = roomOf(folder);
      if (room === undefined) return [];
      const name = file.endsWith('package.json') ? readJson(`${workspaceRoot}/${file}`).name : undefined;
      // A binding has both manifests and is one project: its package.json brings it.
      const project = projectName(workspaceRoot, folder) ?? name;
      if (project === undefined) return [];
      const below = name === undefined ? [] : packagesBelow(packages, name);
      const targets = TARGETS[room.kind]({ folder, project, below, track: room.track });
      return [[file, { projects: { [folder]: { root: folder, tags: tagsOf(room), targets } } }]];
    });
  },
];

/**
 * A bench links its rivals through a crate in its own folder: no manifest can say that a package needs a crate.
 *
 * @type {import('@nx/devkit').CreateDependencies}
 */
function createDependencies(_options, { projects }) {
  const byFolder = new Map(Object.entries(projects).map(([name, { root }]) => [root, name]));
  return [...byFolder].flatMap(([root, target]) => {
    const source = byFolder.get(dirname(root));
    if (roomOf(root)?.kind !== 'rivals' || source === undefined) return [];
    const type = /** @type {import('@nx/devkit').DependencyType.static} */ ('static');
    return [{ source, target, type, sourceFile: `${dirname(root)}/package.json` }];
  });
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
