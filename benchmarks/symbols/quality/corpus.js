'use strict';

/** The quality set of the repository: symbols, and queries for them. */

const { createHash } = require('node:crypto');
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { brotliDecompressSync } = require('node:zlib');

const FOLDER = join(__dirname, 'data');

/** @returns {{ files: { path: string, symbols: object[] }[], tuning: object[], reported: object[] }} */
function readCorpus() {
  const text = brotliDecompressSync(readFileSync(join(FOLDER, 'corpus.br'))).toString('utf8');
  const { sha256, tuning, reported } = JSON.parse(readFileSync(join(FOLDER, 'queries.json'), 'utf8'));
  if (createHash('sha256').update(text).digest('hex') !== sha256) {
    throw new Error('the corpus is not the one that the queries are for: run quality/make.js');
  }
  const files = [];
  let before = 0;
  for (const row of text.split('\n').slice(0, -1)) {
    if (row.startsWith('=')) {
      files.push({ path: row.slice(1), symbols: [] });
      before = 0;
      continue;
    }
    const [name, kind, step, column, container, exported, ...signature] = row.split('\t');
    before += Number(step);
    files.at(-1).symbols.push({
      name,
      kind,
      line: before,
      column: Number(column),
      ...(container === '' ? {} : { container }),
      signature: signature.join('\t'),
      exported: exported === '1',
    });
  }
  return { files, tuning, reported };
}

module.exports = { readCorpus };
