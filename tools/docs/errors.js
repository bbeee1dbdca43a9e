'use strict';

/**
 * Writes docs/errors.md from the tables of codes of the built libraries.
 *
 *     node tools/docs/errors.js           writes it
 *     node tools/docs/errors.js --check   exit code 1 where it is not what the tables give
 */

const { existsSync, readdirSync, readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');

const ROOT = join(__dirname, '..', '..');
const FILE = join(ROOT, 'docs', 'errors.md');

const INTRODUCTION = `# Error codes

Generated from the tables in the code by \`npm run docs\`; do not edit.

Malformed input, limits and faults throw a \`FishplateError\` with \`code\`, \`track\`, \`message\` (what was wrong, and where),
\`hint\` (what to do) and, where there is one, \`cause\` and \`details\`. Expected outcomes are no errors: they are returned, with
a code of their own. At the MCP door both become a result with \`isError: true\`.
`;

/** The libraries, the engine first: every folder of libs with a TypeScript floor that is published. */
function libraries() {
  const names = readdirSync(join(ROOT, 'libs')).filter((name) => {
    const manifest = join(ROOT, 'libs', name, 'ts', 'package.json');
    return existsSync(manifest) && !require(manifest).private;
  });
  return ['engine', ...names.filter((name) => name !== 'engine').sort()];
}

/** The sections of the page: a title and a table of codes. What a library exports as ..._CODES and ..._OUTCOMES is one. */
async function sections() {
  const runtime = await import(pathToFileURL(join(ROOT, 'apps/runtime/dist/codes.js')).href);
  return [
    ...libraries().flatMap((name) => tablesOf(name, require(join(ROOT, 'libs', name, 'ts')))),
    ...tablesOf('runtime', runtime),
  ];
}

/**
 * @param {string} track
 * @param {Record<string, any>} exported
 * @returns {[string, Record<string, { summary: string, hint: string }>][]}
 */
function tablesOf(track, exported) {
  const ending = (/** @type {string} */ end) => Object.keys(exported).filter((name) => name.endsWith(end));
  const thrown = ending('_CODES').map(
    (name) => /** @type {const} */ ([`${track}: thrown`, exported[name].entries]),
  );
  const returned = ending('_OUTCOMES').map(
    (name) => /** @type {const} */ ([`${track}: returned`, exported[name]]),
  );
  if (thrown.length === 0) throw new Error(`${track} exports no table of codes`);
  return [...thrown, ...returned].map(([title, entries]) => [title, entries]);
}

/**
 * @param {string} title
 * @param {Record<string, { summary: string, hint: string }>} entries
 */
function render(title, entries) {
  const rows = Object.entries(entries).map(
    ([code, { summary, hint }]) => `| \`${code}\` | ${summary} | ${hint} |`,
  );
  return [
    '',
    `## ${title}`,
    '',
    '| code | what happened | what to do |',
    '| --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

async function main() {
  const page = INTRODUCTION + (await sections()).map(([title, entries]) => render(title, entries)).join('');
  if (!process.argv.includes('--check')) return writeFileSync(FILE, page);
  if (readFileSync(FILE, 'utf8') === page) return undefined;
  process.stderr.write('docs/errors.md is stale: run `npm run docs`\n');
  process.exitCode = 1;
  return undefined;
}

void main();
