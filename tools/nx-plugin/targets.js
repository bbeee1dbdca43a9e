'use strict';

/**
 * The targets of each kind of project.
 *
 * @typedef {import('@nx/devkit').TargetConfiguration} Target
 * @typedef {import('./packages').Package} Package
 *
 * @typedef {object} Context
 * @property {string} folder
 * @property {string} project its name in the graph; of a crate, the crate's name
 * @property {Package[]} below workspace packages that it stands on
 * @property {string | undefined} track
 * @property {import('./packages').Executable[]} shipped executables of its track
 */

const ESM_JEST = { NODE_OPTIONS: '--experimental-vm-modules' };

/** @type {Record<import('./rooms').Kind, (context: Context) => Record<string, Target>>} */
const TARGETS = {
  helper: (context) => ({ ...crate(context), build: buildExecutable(context, '--static') }),
  core: crate,
  daemon: (context) => ({ ...crate(context), build: buildExecutable(context) }),
  napi: (context) => ({ lint: lintCrate(context, '--lib'), build: buildBinding(context) }),
  rivals: (context) => ({ lint: lintCrate(context, '--lib') }),
  ts: (context) => ({ ...typescript(context), test: jest(context, bindingsBelow(context)) }),
  runtime: (context) => ({ ...typescript(context), test: jest(context, everythingBelow(context), ESM_JEST) }),
  // Its types are those of the built runtime: nothing here may see a source.
  integration: (context) => ({
    lint: { ...eslint(), dependsOn: compiledBelow(context) },
    typecheck: { ...typecheck(), dependsOn: compiledBelow(context) },
    test: jest(context, everythingBelow(context), ESM_JEST),
  }),
  validation: (context) => ({ ...typescript(context), validate: validate(context) }),
  bench: (context) => ({ lint: eslint(), bench: bench(context) }),
  harness: () => ({ lint: eslint() }),
};

/** @param {Context} context */
function crate(context) {
  return { lint: lintCrate(context), test: testCrate(context) };
}

/** @param {Context} context */
function typescript(context) {
  return { build: compile(context), typecheck: typecheck(), lint: eslint() };
}

/** @returns {Target} */
function eslint() {
  return inFolder('eslint .', {
    inputs: ['default', '^production', 'node', '{workspaceRoot}/eslint.config.mjs'],
  });
}

/** @returns {Target} */
function typecheck() {
  return inFolder('tsc -p tsconfig.json --noEmit', { inputs: ['default', '^production', 'node'] });
}

/**
 * @param {Context} context
 * @returns {Target}
 */
function compile(context) {
  // Types of a binding are committed, so that compiling TypeScript needs no native build.
  return inFolder('tsc -p tsconfig.build.json', {
    dependsOn: compiledBelow(context),
    inputs: ['production', '^production', 'node'],
    outputs: ['{projectRoot}/dist'],
  });
}

/**
 * @param {Context} context
 * @param {Target['dependsOn']} dependsOn
 * @param {Record<string, string>} [env]
 * @returns {Target}
 */
function jest(context, dependsOn, env) {
  return inFolder('jest', {
    dependsOn,
    inputs: [
      'default',
      '^production',
      'node',
      ...nativeInputs(context),
      '{workspaceRoot}/jest.preset.cjs',
      ...REPORTING,
    ],
    outputs: ['{projectRoot}/reports/test.json'],
    ...(env === undefined ? {} : { options: { env } }),
  });
}

/**
 * @param {Context} context
 * @returns {Target}
 */
function validate(context) {
  return inFolder('node dist/main.js --json reports/validate.json', {
    dependsOn: ['build', ...everythingBelow(context)],
    inputs: ['production', '^production', 'node', ...nativeInputs(context)],
    outputs: ['{projectRoot}/reports/validate.json'],
  });
}

/**
 * @param {Context} context
 * @returns {Target}
 */
function bench(context) {
  return inFolder('node bench.js', { dependsOn: everythingBelow(context) });
}

/**
 * @param {Context} context
 * @param {'--all-targets' | '--lib'} scope of a binding the library alone: compiled for tests it exports nothing, so that all
 *   of it would look unused
 * @returns {Target}
 */
function lintCrate({ project }, scope = '--all-targets') {
  return atRoot(`node tools/cargo/lint.js ${project} ${scope}`, {
    inputs: [
      'crate',
      '^crate',
      'rust',
      '{workspaceRoot}/rustfmt.toml',
      '{workspaceRoot}/clippy.toml',
      '{workspaceRoot}/tools/cargo/*.js',
      NO_NPM,
    ],
  });
}

/**
 * @param {Context} context
 * @returns {Target}
 */
function testCrate({ project, folder }) {
  return atRoot(`node tools/cargo/test.js ${project} ${folder}/reports/test.json`, {
    inputs: ['crate', '^crate', 'rust', '{workspaceRoot}/tools/cargo/*.js', ...REPORTING, NO_NPM],
    // Never target/: it is shared by all crates, and gigabytes.
    outputs: ['{projectRoot}/reports/test.json'],
  });
}

/**
 * Copies an executable to the binding of its track, with which it is published.
 *
 * @param {Context} context
 * @param {'' | '--static'} linking
 * @returns {Target}
 */
function buildExecutable({ project, track }, linking = '') {
  const folder = `libs/${track}/napi`;
  return atRoot(`node tools/cargo/executable.js ${project} ${folder} ${linking}`.trim(), {
    inputs: ['crate', '^crate', 'rust', '{workspaceRoot}/tools/cargo/*.js', NO_NPM],
    outputs: [`{workspaceRoot}/${folder}/${project}`, `{workspaceRoot}/${folder}/${project}.exe`],
  });
}

/**
 * @param {Context} context
 * @returns {Target}
 */
function buildBinding({ shipped }) {
  return inFolder('napi build --platform --release --no-js --no-dts-cache --output-dir .', {
    // Whoever loads the binding finds the executables there.
    dependsOn: builds(shipped),
    inputs: [
      'crate',
      '^crate',
      '{projectRoot}/package.json',
      'rust',
      { externalDependencies: ['@napi-rs/cli'] },
    ],
    outputs: ['{projectRoot}/*.node', '{projectRoot}/index.d.ts'],
  });
}

const COMPILED = new Set(['ts', 'runtime']);
const BUILT = new Set(['ts', 'runtime', 'napi']);
const REPORTING = ['{workspaceRoot}/tools/reporting/*.js'];
const NO_NPM = { externalDependencies: [] };

/** @param {Context} context */
function bindingsBelow({ below }) {
  return builds(below.filter(({ room }) => room.kind === 'napi'));
}

/** @param {Context} context */
function compiledBelow({ below }) {
  return builds(below.filter(({ room }) => COMPILED.has(room.kind)));
}

/** @param {Context} context */
function everythingBelow({ below }) {
  return builds(below.filter(({ room }) => BUILT.has(room.kind)));
}

/** @param {readonly { project: string }[]} projects */
function builds(projects) {
  return projects.length === 0 ? [] : [{ target: 'build', projects: projects.map(({ project }) => project) }];
}

/**
 * What a test's outcome hangs on beyond sources: the engine asked for, and the compiler of the bindings it loads.
 *
 * @param {Context} context
 */
function nativeInputs({ below, track }) {
  const bindings = below.filter(({ room }) => room.kind === 'napi');
  const tracks = new Set(
    [track, ...bindings.map(({ room }) => room.track)].filter((name) => name !== undefined),
  );
  const engines = [...tracks].map((name) => ({ env: `FISHPLATE_${name.toUpperCase()}_ENGINE` }));
  return bindings.length === 0 ? engines : ['rust', ...engines];
}

/**
 * @param {string} command
 * @param {Target} target
 * @returns {Target}
 */
function inFolder(command, target) {
  return shell(command, '{projectRoot}', target);
}

/**
 * @param {string} command
 * @param {Target} target
 * @returns {Target}
 */
function atRoot(command, target) {
  return shell(command, '{workspaceRoot}', target);
}

/**
 * @param {string} command
 * @param {string} cwd
 * @param {Target} target
 * @returns {Target}
 */
function shell(command, cwd, { options, ...target }) {
  return { executor: 'nx:run-commands', options: { command, cwd, ...options }, ...target };
}

module.exports = { TARGETS };
