'use strict';

/**
 * Bytes that 100,000 symbols take in this process, as a Map of objects or in an index; a process of its own for each.
 *
 *     node --expose-gc memory.js map|index FILE
 *
 * FILE is a saved index of the same symbols.
 */

const { createSymbolIndex, loadSymbolIndex } = require('@fishplate/symbols');

const { readCorpus } = require('./quality/corpus');

/** The corpus with ends, which its symbols do not have and those of a language server do. */
function filesWithEnds() {
  return readCorpus().files.map(({ path, symbols }) => ({
    path,
    symbols: symbols.map((symbol, at) => ({
      ...symbol,
      endLine: symbol.line + ((at * 7) % 40),
      endColumn: (at * 13) % 80,
    })),
  }));
}

function settled() {
  for (let round = 0; round < 4; round++) global.gc();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss, heap: heapUsed + external };
}

/** The corpus as one text; its objects are gone when this returns. */
function corpusJson() {
  return JSON.stringify(filesWithEnds());
}

async function main([kind, file]) {
  // Loads what any use needs.
  createSymbolIndex({ engine: 'native' }).close();
  if (kind === 'index') {
    const before = settled();
    const index = await loadSymbolIndex(file, { engine: 'native' });
    const after = settled();
    const { memoryBytes } = index.stats();
    process.stdout.write(JSON.stringify({ bytes: after.rss - before.rss, told: memoryBytes }));
    return;
  }
  const json = corpusJson();
  // A turn later no register of this function holds what the text was made of.
  await new Promise((resolve) => setImmediate(resolve));
  const before = settled();
  // Objects of their own strings, not pieces of one long text; each tells its file, as a hit does.
  const map = new Map();
  for (const { path, symbols } of JSON.parse(json)) {
    map.set(
      path,
      symbols.map((symbol) => ({
        name: symbol.name,
        kind: symbol.kind,
        line: symbol.line,
        column: symbol.column,
        endLine: symbol.endLine,
        endColumn: symbol.endColumn,
        container: symbol.container,
        signature: symbol.signature,
        exported: symbol.exported,
        path,
      })),
    );
  }
  await new Promise((resolve) => setImmediate(resolve));
  const after = settled();
  // The text is looked at again, so that it is there at both times.
  process.stdout.write(
    JSON.stringify({ bytes: after.heap - before.heap, files: map.size, text: json.length }),
  );
}

if (require.main === module) void main(process.argv.slice(2));

module.exports = { filesWithEnds };
