/** Packs every publishable package of the workspace, bindings as a release would: one package a platform. */

import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * @typedef {object} Packed
 * @property {string} name
 * @property {string} tarball path
 * @property {number} bytes of the tarball
 * @property {number} unpackedBytes of what is in it
 */

/**
 * Packs into `destination`.
 *
 * @param {string} destination an existing directory outside the workspace
 * @param {{ built?: string | undefined }} [options] `built`: a directory with one for each target, as the release workflow
 *   leaves them, in place of what was built here
 * @returns {Packed[]}
 */
export function packWorkspace(destination, { built } = {}) {
  const staged = join(destination, 'staged');
  const folders = publishable().flatMap(({ folder, manifest }) =>
    manifest.napi === undefined
      ? [checked(folder, manifest)]
      : stageBinding(folder, manifest, staged, placesOf(folder, built)),
  );
  const output = execFileSync('npm', ['pack', '--json', '--pack-destination', destination, ...folders], {
    cwd: destination,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32',
  });
  return Object.values(JSON.parse(output)).map(({ name, filename, size, unpackedSize }) => ({
    name,
    tarball: join(destination, filename),
    bytes: size,
    unpackedBytes: unpackedSize,
  }));
}

/**
 * Folders with binaries of a binding. Artifacts of the workflow begin below `libs`, which all of their files share.
 *
 * @param {string} folder of the binding
 * @param {string | undefined} built
 */
function placesOf(folder, built) {
  if (built === undefined) return [folder];
  return readdirSync(built)
    .map((target) => join(built, target, relative(join(ROOT, 'libs'), folder)))
    .filter((place) => existsSync(place));
}

/** Workspace packages that are not private. */
function publishable() {
  const { workspaces } = readJson(join(ROOT, 'package.json'));
  return workspaces
    .flatMap(expand)
    .filter((folder) => existsSync(join(folder, 'package.json')))
    .map((folder) => ({ folder, manifest: readJson(join(folder, 'package.json')) }))
    .filter(({ manifest }) => manifest.private !== true);
}

/**
 * Folders of a pattern, in which `*` stands for any one name.
 *
 * @param {string} pattern
 * @returns {string[]}
 */
function expand(pattern) {
  return pattern
    .split('/')
    .reduce(
      (folders, part) =>
        folders
          .flatMap((folder) =>
            part === '*' ? readdirSync(folder).map((name) => join(folder, name)) : [join(folder, part)],
          )
          .filter((folder) => existsSync(folder)),
      [ROOT],
    );
}

/**
 * @param {string} folder
 * @param {{ name: string, files: string[] }} manifest
 */
function checked(folder, manifest) {
  // Tables are published as they are.
  if (!manifest.files.includes('dist') || existsSync(join(folder, 'dist'))) return folder;
  throw new Error(
    `${manifest.name} is not built: run \`npx nx test @fishplate/integration\`, which builds it first`,
  );
}

/**
 * The binding's package without binaries, and one package for each binary.
 *
 * @param {string} folder
 * @param {{ name: string, version: string, license: string, napi: { binaryName: string } }} manifest
 * @param {string} staged
 * @param {string[]} places where binaries are: one for each platform, or all in one
 * @returns {string[]} folders to pack
 */
function stageBinding(folder, { napi, ...manifest }, staged, places) {
  const found = places.flatMap((place) => binariesIn(place, places.length > 1));
  if (found.length === 0)
    throw new Error(`${manifest.name} is not built: run \`npx nx test @fishplate/integration\``);
  const platforms = found.map(({ place, binary, executables }) => {
    const platform = binary.slice(napi.binaryName.length + 1, -'.node'.length);
    // The names of executables say no platform: beside several binaries they are of the one that built them.
    const isOwn = executables.isOwn || platform.startsWith(`${process.platform}-${process.arch}`);
    const files = [binary, ...(isOwn ? executables.names : [])];
    const [os, cpu, libc] = platform.split('-');
    const name = `${manifest.name}-${platform}`;
    const target = join(staged, name);
    mkdirSync(target, { recursive: true });
    for (const file of files) copyFileSync(join(place, file), join(target, file));
    const { version, license, repository } = manifest;
    const only = {
      os: [os],
      cpu: [cpu],
      ...(os === 'linux' ? { libc: [libc === 'musl' ? 'musl' : 'glibc'] } : {}),
    };
    writeJson(join(target, 'package.json'), {
      name,
      version,
      license,
      ...(repository === undefined ? {} : { repository }),
      main: binary,
      files,
      ...only,
    });
    return { name, target };
  });
  const target = join(staged, manifest.name);
  mkdirSync(target, { recursive: true });
  copyFileSync(join(folder, 'index.d.ts'), join(target, 'index.d.ts'));
  const optionalDependencies = Object.fromEntries(platforms.map(({ name }) => [name, manifest.version]));
  writeJson(join(target, 'package.json'), { ...manifest, files: ['index.d.ts'], optionalDependencies });
  return [target, ...platforms.map((platform) => platform.target)];
}

/**
 * @param {string} place
 * @param {boolean} isOwn whether its executables are of its one binary
 */
function binariesIn(place, isOwn) {
  const names = readdirSync(place);
  const executables = { names: names.filter((name) => name.startsWith('fishplate-')), isOwn };
  return names.filter((name) => name.endsWith('.node')).map((binary) => ({ place, binary, executables }));
}

/** @param {string} path */
function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}

/**
 * @param {string} path
 * @param {object} value
 */
function writeJson(path, value) {
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);
}
