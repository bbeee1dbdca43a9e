'use strict';

const { execFileSync, spawnSync } = require('node:child_process');
const {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
} = require('node:fs');
const { dirname, join } = require('node:path');

const ROOT = join(__dirname, '..', '..');

/**
 * A copy of the workspace as it stands, uncommitted changes included, with a repository, a cache and a graph of its own.
 *
 * It lies in target/, always at the same place, so that cargo finds its own crates built the next time.
 */
class WorkspaceCopy {
  /** @param {string} name */
  constructor(name) {
    /** @type {string} */
    this.root = join(ROOT, 'target', 'workspace-copies', name);
    rmSync(this.root, { recursive: true, force: true });
    for (const file of sources()) {
      mkdirSync(dirname(join(this.root, file)), { recursive: true });
      cpSync(join(ROOT, file), join(this.root, file));
    }
    this.linkPackages();
    this.git('init', '--quiet', '--initial-branch', 'main');
    this.commit('everything');
  }

  /** Links each installed package, and the packages of the workspace to the copy's own folders. */
  linkPackages() {
    linkEntries(join(ROOT, 'node_modules'), join(this.root, 'node_modules'));
    for (const folder of packageFolders(this.root)) {
      const { name } = JSON.parse(readFileSync(join(this.root, folder, 'package.json'), 'utf8'));
      link(join(this.root, folder), join(this.root, 'node_modules', name));
      const own = join(ROOT, folder, 'node_modules');
      if (existsSync(own)) linkEntries(own, join(this.root, folder, 'node_modules'));
    }
  }

  /** @param {string[]} args */
  git(...args) {
    const identity = [
      '-c',
      'user.name=test',
      '-c',
      'user.email=test@example.invalid',
      '-c',
      'commit.gpgsign=false',
    ];
    return execFileSync('git', [...identity, ...args], {
      cwd: this.root,
      encoding: 'utf8',
      env: environment(),
    });
  }

  /** @param {string} message */
  commit(message) {
    this.git('add', '--all');
    this.git('commit', '--quiet', '--message', message);
  }

  /**
   * Runs the workspace's Nx.
   *
   * @param {readonly string[]} args
   */
  nx(args) {
    return this.installed('nx', args);
  }

  /**
   * Runs an installed program.
   *
   * @param {string} name
   * @param {readonly string[]} args
   * @returns {{ code: number | null, output: string }}
   */
  installed(name, args) {
    // In the copy's own node_modules, so that Nx finds the workspace it belongs to.
    const { status, stdout, stderr, error } = spawnSync(join(this.root, 'node_modules', '.bin', name), args, {
      cwd: this.root,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      env: environment(),
      shell: process.platform === 'win32',
    });
    if (error) throw error;
    return { code: status, output: stdout + stderr };
  }

  /**
   * The projects that a change since `base` marks.
   *
   * @param {string[]} args
   * @returns {string[]} sorted
   */
  affected(...args) {
    const { code, output } = this.nx(['show', 'projects', '--affected', '--json', ...args]);
    if (code !== 0) throw new Error(output);
    return JSON.parse(output.slice(output.indexOf('['))).sort();
  }

  remove() {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** @returns {string[]} what git would commit, without what has been deleted */
function sources() {
  const listing = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const files = execFileSync('git', listing, { cwd: ROOT, encoding: 'utf8', maxBuffer: 1 << 28 }).split('\0');
  return files.filter((file) => file !== '' && existsSync(join(ROOT, file)));
}

/** @param {string} root */
function packageFolders(root) {
  const { workspaces } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return workspaces.flatMap((/** @type {string} */ pattern) => {
    const [before = '', after = ''] = pattern.split('*');
    const folders = readdirSync(join(root, before)).map((name) => `${before}${name}${after}`);
    return folders.filter((folder) => existsSync(join(root, folder, 'package.json')));
  });
}

/**
 * @param {string} from a node_modules folder
 * @param {string} to
 */
function linkEntries(from, to) {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) {
    const path = join(from, name);
    if (name === '.cache' || !statSync(path).isDirectory()) continue;
    if (name.startsWith('@')) linkEntries(path, join(to, name));
    else link(realpathSync(path), join(to, name));
  }
}

/**
 * @param {string} target
 * @param {string} path
 */
function link(target, path) {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(dirname(path), { recursive: true });
  // On Windows a junction needs no rights; elsewhere the type is not looked at.
  symlinkSync(target, path, 'junction');
}

/** The environment of a person's shell: nothing of the Nx and the test runner that run this test. */
function environment() {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(?:NX_|npm_|NODE_TEST_CONTEXT|NODE_OPTIONS|FORCE_COLOR|FISHPLATE_)/.test(name),
  );
  return {
    ...Object.fromEntries(own),
    NX_DAEMON: 'false',
    NX_TUI: 'false',
    NX_ISOLATE_PLUGINS: 'false',
    // What is below the workspace's own crates is built once, for all copies.
    CARGO_TARGET_DIR: process.env['CARGO_TARGET_DIR'] ?? join(ROOT, 'target'),
  };
}

module.exports = { ROOT, WorkspaceCopy };
