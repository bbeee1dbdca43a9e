'use strict';

const { existsSync, readdirSync, readFileSync } = require('node:fs');
const { join } = require('node:path');

const { ROOT } = require('./workspace');

/** @returns {Map<string, string>} the committed types of each binding, by file */
function bindingTypes() {
  const files = readdirSync(join(ROOT, 'libs')).map((track) => `libs/${track}/napi/index.d.ts`);
  const present = files.filter((file) => existsSync(join(ROOT, file)));
  return new Map(
    present.map((file) => [file, readFileSync(join(ROOT, file), 'utf8').replaceAll('\r\n', '\n')]),
  );
}

/**
 * The build writes a binding's types anew; where that changed them, they were not those of its sources.
 *
 * @param {Map<string, string>} before
 * @returns {string[]} one sentence for each file; none outside CI, where the new text is the next commit
 */
function staleTypes(before) {
  if (process.platform !== 'linux' || !process.env['CI']) return [];
  return [...bindingTypes()]
    .filter(([file, text]) => before.get(file) !== text)
    .map(([file]) => `${file} was stale: build the binding and commit the file`);
}

module.exports = { bindingTypes, staleTypes };
