/** Packs every publishable package of the workspace, bindings as a release would: one package a platform. */

import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/**
 * Packs into `destination`.
 *
 * @param {string} destination an existing directory outside the workspace
 * @returns {{ names: string[], tarballs: string[] }} package names, and paths of their tarballs
 */
export function packWorkspace(destination) {
  const staged = join(destination, 'staged');
  const folders = publishable().flatMap(({ folder, manifest }) =>
    manifest.napi === undefined ? [checked(folder, manifest)] : stageBinding(folder, manifest, staged),
  );
  const output = execFileSync('npm', ['pack', '--json', '--pack-destination', destination, ...folders], {
    cwd: destination,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32',
  });
  const packed = Object.values(JSON.parse(output));
  return {
    names: packed.map(({ name }) => name),
    tarballs: packed.map(({ filename }) => join(destination, filename)),
  };
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
 * The binding's package without binaries, and one package for each binary that has been built here.
 *
 * @param {string} folder
 * @param {{ name: string, version: string, license: string, napi: { binaryName: string } }} manifest
 * @param {string} staged
 * @returns {string[]} folders to pack
 */
function stageBinding(folder, { napi, ...manifest }, staged) {
  const binaries = readdirSync(folder).filter((name) => name.endsWith('.node'));
  if (binaries.length === 0)
    throw new Error(`${manifest.name} is not built: run \`npx nx test @fishplate/integration\``);
  const executables = readdirSync(folder).filter((name) => name.startsWith('fishplate-'));
  const platforms = binaries.map((binary) => {
    const platform = binary.slice(napi.binaryName.length + 1, -'.node'.length);
    // Their names say no platform: they are of the one that built them.
    const isOwn = platform.startsWith(`${process.platform}-${process.arch}`);
    const files = [binary, ...(isOwn ? executables : [])];
    const [os, cpu, libc] = platform.split('-');
    const name = `${manifest.name}-${platform}`;
    const target = join(staged, name);
    mkdirSync(target, { recursive: true });
    for (const file of files) copyFileSync(join(folder, file), join(target, file));
    const { version, license } = manifest;
    const only = {
      os: [os],
      cpu: [cpu],
      ...(os === 'linux' ? { libc: [libc === 'musl' ? 'musl' : 'glibc'] } : {}),
    };
    writeJson(join(target, 'package.json'), {
      name,
      version,
      license,
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
