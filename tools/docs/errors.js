'use strict';

/**
 * Writes docs/errors.md from the tables of codes of the built libraries.
 *
 *     node tools/docs/errors.js           writes it
 *     node tools/docs/errors.js --check   exit code 1 where it is not what the tables give
 */

const { readFileSync, writeFileSync } = require('node:fs');
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

/** The sections of the page: a title and a table of codes. */
async function sections() {
  const { ENGINE_CODES } = require(join(ROOT, 'libs/engine/ts'));
  const { DIFF_CODES, DIFF_OUTCOMES } = require(join(ROOT, 'libs/diff/ts'));
  const { STORAGE_CODES } = require(join(ROOT, 'libs/storage/ts'));
  const { RUNTIME_CODES, RUNTIME_OUTCOMES } = await import(
    pathToFileURL(join(ROOT, 'apps/runtime/dist/codes.js')).href
  );
  return [
    ['engine: thrown', ENGINE_CODES.entries],
    ['diff: thrown', DIFF_CODES.entries],
    ['diff: returned', DIFF_OUTCOMES],
    ['storage: thrown', STORAGE_CODES.entries],
    ['runtime: thrown', RUNTIME_CODES.entries],
    ['runtime: returned', RUNTIME_OUTCOMES],
  ];
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
