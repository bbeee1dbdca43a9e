'use strict';

/**
 * Makes the quality set anew: 100,000 symbols of pinned sources, and queries for them.
 *
 *     node benchmarks/symbols/quality/make.js [--check]
 *
 * `--check` writes nothing, and fails where the set in the repository is not the one that these sources give.
 */

const { createHash } = require('node:crypto');
const { mkdirSync, readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { brotliCompressSync, constants } = require('node:zlib');

const { seeded } = require('@fishplate/bench-harness');

const { declarationsOf } = require('./declarations');
const { makeQueries } = require('./queries');
const { files } = require('./sources');

const SYMBOLS = 100_000;
const EACH = 100;
const FOLDER = join(__dirname, 'data');

/** Files in a shuffled order until there are enough symbols, then by path. */
function makeCorpus() {
  const all = [];
  for (const { path, text } of files()) {
    const symbols = declarationsOf(path, text);
    if (symbols.length > 0) all.push({ path, symbols });
  }
  const random = seeded(10);
  for (let at = all.length - 1; at > 0; at--) {
    const other = random(at + 1);
    [all[at], all[other]] = [all[other], all[at]];
  }
  const taken = [];
  let left = SYMBOLS;
  for (const { path, symbols } of all) {
    if (left === 0) break;
    taken.push({ path, symbols: symbols.slice(0, left) });
    left -= Math.min(left, symbols.length);
  }
  return taken.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** A line a file, a line a symbol: what repeats is left out. */
function packed(corpus) {
  const lines = [];
  for (const { path, symbols } of corpus) {
    lines.push(`=${path}`);
    let before = 0;
    for (const { name, kind, line, column, container = '', signature, exported } of symbols) {
      lines.push([name, kind, line - before, column, container, exported ? 1 : 0, signature].join('\t'));
      before = line;
    }
  }
  return `${lines.join('\n')}\n`;
}

function main() {
  const corpus = makeCorpus();
  const count = corpus.reduce((sum, { symbols }) => sum + symbols.length, 0);
  if (count !== SYMBOLS) throw new Error(`the sources have ${count} symbols, and ${SYMBOLS} are needed`);
  const text = packed(corpus);
  // Weights are tuned on the first half, and the second half is reported.
  const halves = {
    tuning: makeQueries(corpus, seeded(1), EACH),
    reported: makeQueries(corpus, seeded(2), EACH),
  };
  const sha256 = createHash('sha256').update(text).digest('hex');
  const queries = `${JSON.stringify({ sha256, ...halves }, null, 1)}\n`;
  if (process.argv.includes('--check')) {
    if (readFileSync(join(FOLDER, 'queries.json'), 'utf8') !== queries)
      throw new Error('the set is not the same');
    process.stdout.write('the set is the same\n');
    return;
  }
  mkdirSync(FOLDER, { recursive: true });
  const quality = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 };
  const bytes = brotliCompressSync(text, { params: quality });
  writeFileSync(join(FOLDER, 'corpus.br'), bytes);
  writeFileSync(join(FOLDER, 'queries.json'), queries);
  process.stdout.write(
    `${count} symbols of ${corpus.length} files, ${bytes.length} bytes, sha256 ${sha256}\n`,
  );
}

main();
