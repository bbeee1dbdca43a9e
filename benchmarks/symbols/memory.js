'use strict';

/**
 * Bytes that 100,000 symbols take in this process, as a Map of objects or in an index; a process of its own for each.
 *
 *     node --expose-gc memory.js map|index FILE
 *
 * FILE is a saved index.
 */

const { createSymbolIndex, loadSymbolIndex } = require('@fishplate/symbols');

const { readCorpus } = require('./quality/corpus');

function settled() {
  for (let round = 0; round < 4; round++) global.gc();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss, heap: heapUsed + external };
}

/** The corpus as one text; its objects are gone when this returns. */
function corpusJson() {
  return JSON.stringify(readCorpus().files);
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
  // Objects of their own strings, not pieces of one long text.
  const map = new Map(JSON.parse(json).map(({ path, symbols }) => [path, symbols]));
  const after = settled();
  // The text is looked at again, so that it is there at both times.
  process.stdout.write(
    JSON.stringify({ bytes: after.heap - before.heap, files: map.size, text: json.length }),
  );
}

void main(process.argv.slice(2));
