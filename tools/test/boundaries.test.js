'use strict';

const assert = require('node:assert/strict');
const { join } = require('node:path');
const { before, describe, test } = require('node:test');

const { ESLint } = require('eslint');

const { ROOT } = require('./workspace-copy');

/** Rules that a snippet breaks by being one. */
const IRRELEVANT = new Set(['no-unused-vars']);

/** @type {readonly [file: string, imported: string, allowed: boolean][]} */
const IMPORTS = [
  ['libs/engine/ts/src/x', '@fishplate/diff', false],
  ['libs/engine/ts/src/x', 'fishplate', false],
  ['libs/diff/ts/src/x', '@fishplate/engine', true],
  ['libs/diff/ts/src/x', '@fishplate/diff-native', true],
  ['libs/diff/ts/src/x', '@fishplate/syntax-native', true],
  ['libs/diff/ts/src/x', 'diff', true],
  ['libs/diff/ts/src/x', '@fishplate/storage', false],
  ['libs/diff/ts/src/x', '@fishplate/bench-harness', false],
  ['libs/diff/ts/src/x', 'fishplate', false],
  ['libs/diff/ts/src/x', '@fishplate/validation', false],
  ['libs/validation/ts/src/x', '@fishplate/engine', true],
  ['libs/validation/ts/src/x', '@fishplate/diff', false],
  ['apps/diff-validation/src/x', '@fishplate/diff', true],
  ['apps/diff-validation/src/x', '@fishplate/validation', true],
  ['apps/diff-validation/src/x', '@fishplate/diff-native', false],
  ['apps/diff-validation/src/x', 'fishplate', false],
  ['benchmarks/diff/x', '@fishplate/bench-harness', true],
  ['benchmarks/diff/x', '@fishplate/storage', false],
  ['apps/runtime/src/x', '@fishplate/diff', true],
  ['apps/runtime/src/x', '@fishplate/diff-native', false],
];

describe('arrows never run up, nor sideways', () => {
  /** @type {ESLint} */
  let eslint;

  before(() => {
    eslint = new ESLint({ cwd: ROOT });
  });

  for (const [file, imported, allowed] of IMPORTS) {
    test(`${file} ${allowed ? 'may' : 'may not'} import ${imported}`, async () => {
      const forms = [
        { extension: 'mjs', text: `import '${imported}';\n` },
        { extension: 'cjs', text: `require('${imported}');\n` },
      ];
      for (const { extension, text } of forms) {
        const [result] = await eslint.lintText(text, { filePath: join(ROOT, `${file}.${extension}`) });
        const messages = (result?.messages ?? []).filter(({ ruleId }) => !IRRELEVANT.has(ruleId ?? ''));
        assert.equal(messages.length === 0, allowed, `${text}${JSON.stringify(messages)}`);
      }
    });
  }
});
